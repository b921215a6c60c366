"""Makes the Depth Anything V2 fixtures with transformers: -hf layout, the authors' layout, SwiGLU, and metric."""

import math
import re

import cv2
import numpy as np
import torch
from torch.nn import functional as F
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config
from transformers.models.dinov2.modeling_dinov2 import Dinov2Embeddings

from depth_common import MEAN, STD, Taps, fresh, nhwc, picture, randomize, save_expected, save_half

torch.set_grad_enabled(False)
torch.set_num_threads(1)


def network(seed, hidden, heads, mlp=2, swiglu=False, grid=4, neck=(8, 16, 24, 32), features=16, head=8, **more):
    backbone = Dinov2Config(
        hidden_size=hidden,
        num_hidden_layers=4,
        num_attention_heads=heads,
        mlp_ratio=mlp,
        image_size=14 * grid,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
        apply_layernorm=True,
        use_swiglu_ffn=swiglu,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=hidden,
        neck_hidden_sizes=list(neck),
        fusion_hidden_size=features,
        head_hidden_size=head,
        patch_size=14,
        **more,
    )
    model = randomize(DepthAnythingForDepthEstimation(config), seed)
    model.head.conv3.bias.fill_(0.75)
    return model


def offset_positions(self, embeddings, height, width):
    """The authors' position table: resampled by the factor (n + 0.1) / grid, not to a size."""
    table = self.position_embeddings
    count = table.shape[1] - 1
    if embeddings.shape[1] - 1 == count and height == width:
        return table
    grid = int(math.sqrt(count))
    patches = table[:, 1:].reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    factors = ((height // 14 + 0.1) / grid, (width // 14 + 0.1) / grid)
    patches = F.interpolate(patches, scale_factor=factors, mode="bicubic")
    return torch.cat((table[:, :1], patches.permute(0, 2, 3, 1).flatten(1, 2)), 1)


RENAMES = [
    (r"backbone\.embeddings\.position_embeddings", "pretrained.pos_embed"),
    (r"backbone\.embeddings\.patch_embeddings\.projection", "pretrained.patch_embed.proj"),
    (r"backbone\.embeddings\.", "pretrained."),
    (r"backbone\.encoder\.layer\.", "pretrained.blocks."),
    (r"backbone\.layernorm", "pretrained.norm"),
    (r"attention\.output\.dense", "attn.proj"),
    (r"layer_scale(\d)\.lambda1", r"ls\1.gamma"),
    (r"mlp\.weights_in", "mlp.w12"),
    (r"mlp\.weights_out", "mlp.w3"),
    (r"neck\.reassemble_stage\.layers\.(\d)\.projection", r"depth_head.projects.\1"),
    (r"neck\.reassemble_stage\.layers\.(\d)\.resize", r"depth_head.resize_layers.\1"),
    (r"neck\.convs\.(\d)", lambda m: f"depth_head.scratch.layer{int(m[1]) + 1}_rn"),
    (r"neck\.fusion_stage\.layers\.(\d)", lambda m: f"depth_head.scratch.refinenet{4 - int(m[1])}"),
    (r"residual_layer(\d)\.convolution(\d)", r"resConfUnit\1.conv\2"),
    (r"(refinenet\d)\.projection", r"\1.out_conv"),
    (r"head\.conv1", "depth_head.scratch.output_conv1"),
    (r"head\.conv2", "depth_head.scratch.output_conv2.0"),
    (r"head\.conv3", "depth_head.scratch.output_conv2.2"),
]


def original_names(state):
    """The same weights under the names of the authors' files."""
    out, thirds = {}, {}
    for name, tensor in state.items():
        for pattern, new in RENAMES:
            name = re.sub(rf"(?<![\w]){pattern}" if not pattern.startswith("(") else pattern, new, name)
        split = re.match(r"(.*)attention\.attention\.(query|key|value)\.(\w+)", name)
        if split:
            thirds.setdefault(f"{split[1]}attn.qkv.{split[3]}", {})[split[2]] = tensor
        else:
            out[name] = tensor
    for name, parts in thirds.items():
        out[name] = torch.cat([parts[k] for k in ("query", "key", "value")])
    return out


def lower_bound(height, width, target):
    scale = max(target / height, target / width)
    sides = []
    for side in (height, width):
        size = int(np.round(scale * side / 14) * 14)
        sides.append(size if size >= target else int(np.ceil(scale * side / 14) * 14))
    return sides


def run(model, sizes, pictures, seed):
    taps, out = Taps(), {}
    taps.watch(model.backbone.embeddings, "embeddings", lambda o: o[0])
    for i, layer in enumerate(model.backbone.encoder.layer):
        taps.watch(layer, f"blocks.{i}", lambda o: (o[0] if isinstance(o, tuple) else o)[0])
    for i, layer in enumerate(model.neck.reassemble_stage.layers):
        taps.watch(layer, f"resize_layers.{i}", nhwc)
    for i, layer in enumerate(model.neck.convs):
        taps.watch(layer, f"layer{i + 1}_rn", nhwc)
    for i, layer in enumerate(model.neck.fusion_stage.layers):
        taps.watch(layer, f"refinenet{4 - i}", nhwc)
    taps.watch(model.head.conv1, "output_conv1", nhwc)
    generator = torch.Generator().manual_seed(seed)
    for height, width in sizes:
        pixels = torch.randn(1, 3, height, width, generator=generator)
        depth = model(pixels).predicted_depth[0]
        assert (depth > 0).float().mean() > 0.3 and depth.std() > 1e-3, depth
        key = f"{height}x{width}"
        out[f"{key}/pixels"] = nhwc(pixels)
        out[f"{key}/depth"] = depth
        out |= {f"{key}/{name}": value for name, value in taps.items()}
    for height, width, target in pictures:
        image = picture(height * width, height, width)
        h, w = lower_bound(height, width, target)
        x = cv2.resize(image / 255.0, (w, h), interpolation=cv2.INTER_CUBIC)
        x = torch.from_numpy((x - MEAN) / STD).permute(2, 0, 1)[None].float()
        depth = model(x).predicted_depth[:, None]
        depth = F.interpolate(depth, (height, width), mode="bilinear", align_corners=True)[0, 0]
        key = f"picture-{height}x{width}-{target}"
        out[f"{key}/picture"] = torch.from_numpy(image)
        out[f"{key}/depth"] = depth
    return out


SIZES = [(56, 56), (70, 98), (42, 112)]
PICTURES = [(61, 83, 56), (90, 47, 70)]


def hf(name, model, **more):
    folder = fresh(name)
    model.save_pretrained(folder, safe_serialization=True)
    state = model.state_dict()
    save_half(state, folder / "model.safetensors")
    save_expected(name, run(model, more.get("sizes", SIZES), more.get("pictures", PICTURES), 7))


hf("v2-hf", network(1, 32, 2))
hf(
    "v2-metric-hf",
    network(2, 32, 2, depth_estimation_type="metric", max_depth=20),
    sizes=SIZES[1:2],
    pictures=PICTURES[:1],
)

Dinov2Embeddings.interpolate_pos_encoding = offset_positions
model = network(3, 128, 2, mlp=1)
folder = fresh("v2-original")
torch.save({k: v.half() for k, v in original_names(model.state_dict()).items()}, folder / "depth_anything_v2_vits.pth")
save_expected("v2-original", run(model, SIZES, PICTURES, 8))

model = network(4, 64, 1, mlp=2, swiglu=True)
folder = fresh("v2-giant")
save_half(original_names(model.state_dict()), folder / "depth_anything_v2_vitg.safetensors")
save_expected("v2-giant", run(model, SIZES[1:], PICTURES[:1], 9))
