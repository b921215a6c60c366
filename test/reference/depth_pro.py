"""Makes the Depth Pro fixtures with transformers: the -hf layout, and the same kind of network as Apple's .pt file."""

import re

import torch
from torch.nn import functional as F
from transformers import DepthProConfig, DepthProForDepthEstimation

from depth_common import Taps, fresh, nhwc, picture, randomize, save_expected, save_half, save_json

torch.set_grad_enabled(False)
torch.set_num_threads(1)


def network(seed, hidden, heads, layers, mlp, hooks, fusion, scaled, image, patch):
    vit = dict(
        model_type="dinov2",
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        mlp_ratio=mlp,
        image_size=image,
        patch_size=patch,
    )
    config = DepthProConfig(
        fusion_hidden_size=fusion,
        patch_size=image,
        intermediate_hook_ids=hooks,
        intermediate_feature_dims=[fusion, fusion],
        scaled_images_feature_dims=scaled,
        merge_padding_value=image // patch // 8,
        use_fov_model=True,
        image_model_config=dict(vit),
        patch_model_config=dict(vit),
        fov_model_config=dict(vit),
    )
    model = randomize(DepthProForDepthEstimation(config), seed)
    model.head.layers[4].bias.fill_(0.5)
    last = model.fov_model.head.layers[-1]
    last.weight.mul_(8)
    last.bias.fill_(55)
    return model


VIT = [
    (r"\.model\.embeddings\.position_embeddings", ".pos_embed"),
    (r"\.model\.embeddings\.patch_embeddings\.projection", ".patch_embed.proj"),
    (r"\.model\.embeddings\.", "."),
    (r"\.model\.encoder\.layer\.", ".blocks."),
    (r"\.model\.layernorm", ".norm"),
    (r"attention\.output\.dense", "attn.proj"),
    (r"layer_scale(\d)\.lambda1", r"ls\1.gamma"),
]
RENAMES = [
    (r"^fov_model\.fov_encoder\.neck", "fov.encoder.1"),
    (r"^fov_model\.fov_encoder\.", "fov.encoder.0."),
    (r"^fov_model\.conv", "fov.downsample.0"),
    (r"^fov_model\.head\.layers", "fov.head"),
    (r"^depth_pro\.encoder\.", "encoder."),
    (r"^depth_pro\.neck\.feature_upsample\.image_block\.layers\.0", "encoder.upsample_lowres"),
    (r"^depth_pro\.neck\.feature_upsample\.scaled_images\.(\d)\.layers", lambda m: f"encoder.upsample{2 - int(m[1])}"),
    (
        r"^depth_pro\.neck\.feature_upsample\.intermediate\.(\d)\.layers",
        lambda m: f"encoder.upsample_latent{1 - int(m[1])}",
    ),
    (r"^depth_pro\.neck\.fuse_image_with_low_res", "encoder.fuse_lowres"),
    (r"^depth_pro\.neck\.feature_projection\.projections\.(\d)", lambda m: f"decoder.convs.{4 - int(m[1])}"),
    (r"^fusion_stage\.intermediate\.(\d)", lambda m: f"decoder.fusions.{4 - int(m[1])}"),
    (r"^fusion_stage\.final", "decoder.fusions.0"),
    (r"residual_layer(\d)\.convolution(\d)", lambda m: f"resnet{m[1]}.residual.{2 * int(m[2]) - 1}"),
    (r"(fusions\.\d)\.projection", r"\1.out_conv"),
    (r"^head\.layers", "head"),
    *VIT,
]


def apple_names(state):
    """The same weights under the names of Apple's file."""
    out, thirds = {}, {}
    for name, tensor in state.items():
        for pattern, new in RENAMES:
            name = re.sub(pattern, new, name)
        split = re.match(r"(.*)attention\.attention\.(query|key|value)\.(\w+)", name)
        if split:
            thirds.setdefault(f"{split[1]}attn.qkv.{split[3]}", {})[split[2]] = tensor
        elif not name.endswith("mask_token"):
            out[name] = tensor
    for name, parts in thirds.items():
        out[name] = torch.cat([parts[k] for k in ("query", "key", "value")])
    return out


def estimate(model, image, size):
    """What Apple's code does around the network: resize, field of view, metres."""
    height, width = image.shape[:2]
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    x = F.interpolate((x - 0.5) / 0.5, (size, size), mode="bilinear", align_corners=False)
    result = model(x)
    focal = 0.5 * width / torch.tan(0.5 * torch.deg2rad(result.field_of_view[0].double()))
    return result, focal


def metres(canonical, width, height, focal):
    inverse = canonical[None, None] * (width / focal)
    inverse = F.interpolate(inverse.float(), (height, width), mode="bilinear", align_corners=False)
    return 1.0 / inverse.clamp(1e-4, 1e4)[0, 0]


def run(model, size, shapes):
    taps, out = Taps(), {}
    patch = model.depth_pro.encoder.patch_encoder.model
    for i, layer in enumerate(patch.encoder.layer):
        taps.watch(layer, f"patch_encoder.blocks.{i}", lambda o: (o[0] if isinstance(o, tuple) else o)[[0, 24, 34]])
    taps.watch(patch, "patch_encoder", lambda o: o[0][[0, 24, 34]])
    taps.watch(model.depth_pro.encoder.image_encoder.model, "image_encoder", lambda o: o[0][0])
    taps.watch(model.depth_pro.neck.fuse_image_with_low_res, "fuse_lowres", nhwc)
    for i, layer in enumerate([*model.fusion_stage.intermediate, model.fusion_stage.final]):
        taps.watch(layer, f"fusions.{4 - i}", lambda o: nhwc(o)[::2, ::2, :4])
    taps.watch(model.fov_model.fov_encoder, "fov.encoder", nhwc)
    for height, width in shapes:
        image = picture(height * width, height, width)
        result, focal = estimate(model, image, size)
        canonical = result.predicted_depth[0]
        print(height, width, "fov", result.field_of_view, "focal", focal, "canonical", canonical.min(), canonical.max())
        key = f"{height}x{width}"
        out[f"{key}/picture"] = torch.from_numpy(image)
        out[f"{key}/canonical.every-third"] = canonical[::3, ::3]
        out[f"{key}/fov"] = result.field_of_view
        out[f"{key}/focal"] = focal[None].float()
        out[f"{key}/depth"] = metres(canonical, width, height, focal)
        out[f"{key}/depth.focal-90"] = metres(canonical, width, height, 90.0)
        if (height, width) == shapes[0]:
            out |= {f"{key}/{name}": value for name, value in taps.items()}
    return out


model = network(21, 32, 2, 6, 2, [3, 1], 16, [24, 24, 20], 64, 8)
folder = fresh("depth-pro-hf")
model.save_pretrained(folder, safe_serialization=True)
save_half(model.state_dict(), folder / "model.safetensors")
save_json(
    {"size": {"height": 256, "width": 256}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    folder / "preprocessor_config.json",
)
save_expected("depth-pro-hf", run(model, 256, [(75, 101), (120, 64)]))

model = network(22, 64, 1, 12, 1, [11, 5], 16, [24, 24, 20], 64, 8)
folder = fresh("depth-pro-apple")
torch.save({k: v.half() for k, v in apple_names(model.state_dict()).items()}, folder / "depth_pro.pt")
save_expected("depth-pro-apple", run(model, 256, [(64, 90)]))
