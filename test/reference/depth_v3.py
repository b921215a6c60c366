"""Makes the Depth Anything 3 fixtures with the authors' package: any-view, SwiGLU with an odd start, mono and nested.

The package's imports beyond torch are small (addict, einops, omegaconf); it is installed without its dependencies.
"""

import cv2
import torch
from torch import nn

import isolated

isolated.use(isolated.DEPTH_ANYTHING_3)

from depth_anything_3.model.cam_dec import CameraDec
from depth_anything_3.model.cam_enc import CameraEnc
from depth_anything_3.model.da3 import DepthAnything3Net, NestedDepthAnything3Net
from depth_anything_3.model.dinov2.vision_transformer import DinoVisionTransformer
from depth_anything_3.model.dpt import DPT
from depth_anything_3.model.dualdpt import DualDPT

from depth_common import MEAN, STD, Taps, fresh, nhwc, picture, randomize, save_expected, save_half, save_json

torch.set_grad_enabled(False)
torch.set_num_threads(1)

FEATURES, CHANNELS = 16, (8, 16, 24, 32)


class Backbone(nn.Module):
    """The package's wrapper with sizes of our own."""

    def __init__(self, out_layers, **sizes):
        super().__init__()
        self.pretrained = DinoVisionTransformer(img_size=56, patch_size=14, **sizes)
        self.out_layers = out_layers

    def forward(self, x, **kwargs):
        return self.pretrained.get_intermediate_layers(x, self.out_layers, **kwargs)


def any_view(dim, heads, start, layers, taps, ffn, ratio):
    net = Backbone(
        taps,
        embed_dim=dim,
        depth=layers,
        num_heads=heads,
        mlp_ratio=ratio,
        ffn_layer=ffn,
        alt_start=start,
        qknorm_start=start,
        rope_start=start,
        cat_token=True,
    )
    head = DualDPT(2 * dim, output_dim=2, features=FEATURES, out_channels=CHANNELS)
    return DepthAnything3Net(net, head, CameraDec(2 * dim), CameraEnc(dim_out=dim, num_heads=heads))


def mono(dim, heads, layers, taps):
    net = Backbone(taps, embed_dim=dim, depth=layers, num_heads=heads, mlp_ratio=1, ffn_layer="mlp", cat_token=False)
    return DepthAnything3Net(net, DPT(dim, output_dim=1, features=FEATURES, out_channels=CHANNELS))


def calm(model):
    """Keeps the exponentials of the outputs small, the fields of view real, and some of the picture sky."""
    for name, p in model.named_parameters():
        if "output_conv2.2" in name and "sky" not in name and "aux" not in name:
            p.mul_(0.5)
        if "fc_fov.0.weight" in name:
            p.mul_(0.05)
        if "fc_fov.0.bias" in name:
            p.copy_(torch.tensor([0.9, 1.1]).half().float())
    return model


def some_sky(model, net):
    """Moves the sky's bias so that about a third of a picture lies above the threshold of 0.3, and none too near it."""
    bias = dict(net.named_parameters())["head.scratch.sky_output_conv2.2.bias"]
    bias.fill_(100)
    x = normalized(picture(99, 70, 98))
    values = net.head([(f[0], f[1]) for f in net.backbone(x)[0]], 70, 98, patch_start_idx=0).sky
    bias.copy_((100 + 0.3 - values.quantile(0.65)).half().float())
    return model


def watch(taps, net, prefix):
    vit, head = net.backbone.pretrained, net.head
    for i, block in enumerate(vit.blocks):
        taps.watch(block, f"{prefix}blocks.{i}", lambda o: o[0])
    for i, layer in enumerate(head.projects):
        taps.watch(layer, f"{prefix}projects.{i}", nhwc)
    for k in range(4, 0, -1):
        taps.watch(getattr(head.scratch, f"refinenet{k}"), f"{prefix}refinenet{k}", nhwc)
    taps.watch(head.scratch.output_conv1, f"{prefix}output_conv1", nhwc)


def upper_bound(image, target):
    """The package's default: longest side to the target, then each side to the nearest multiple of 14."""
    height, width = image.shape[:2]
    scale = target / max(height, width)
    if scale != 1:
        size = (max(1, int(round(width * scale))), max(1, int(round(height * scale))))
        image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    height, width = image.shape[:2]
    h, w = (max(1, side // 14 * 14 + (14 if side % 14 >= 7 else 0)) for side in (height, width))
    if (h, w) != (height, width):
        grows = h > height or w > width
        image = cv2.resize(image, (w, h), interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA)
    return image


def normalized(image):
    return torch.from_numpy((image / 255.0 - MEAN) / STD).permute(2, 0, 1)[None, None].float()


def run(model, parts, sizes, pictures, seed):
    taps, out = Taps(), {}
    for prefix, net in parts.items():
        watch(taps, net, prefix)
    for height, width in sizes:
        key = f"{height}x{width}"
        x = normalized(picture(seed + height, height, width))
        result = model(x)
        out[f"{key}/pixels"] = x[0, 0].permute(1, 2, 0)
        out[f"{key}/depth"] = result.depth[0, 0]
        if "depth_conf" in result:
            out[f"{key}/confidence"] = result.depth_conf[0, 0]
            out[f"{key}/focal"] = torch.stack([result.intrinsics[0, 0, 0, 0], result.intrinsics[0, 0, 1, 1]])
        if "sky" in result:
            out[f"{key}/sky"] = result.sky[0, 0]
            assert (result.sky - 0.3).abs().min() > 2e-6
            print("sky", key, (result.sky >= 0.3).float().mean())
        out |= {f"{key}/{name}": value for name, value in taps.items()}
        print(key, result.depth.min(), result.depth.max())
    for height, width, target in pictures:
        image = picture(height * width, height, width)
        small = upper_bound(image, target)
        depth = model(normalized(small)).depth[0]
        key = f"picture-{height}x{width}-{target}"
        out[f"{key}/picture"] = torch.from_numpy(image)
        out[f"{key}/resized"] = torch.from_numpy(small)
        out[f"{key}/depth"] = nn.functional.interpolate(
            depth[None], (height, width), mode="bilinear", align_corners=False
        )[0, 0]
    return out


def published(name, model, config, model_name):
    folder = fresh(name)
    state = {f"model.{k}": v for k, v in model.state_dict().items()}
    shared = [k for k in state if "output_conv2_aux" in k and ".2." in k and "aux.0.2" not in k]
    for key in shared:
        del state[key]
    save_half(state, folder / "model.safetensors")
    save_json({"model_name": model_name, "config": config}, folder / "config.json")


def net_config(start, taps, cat=True):
    return {
        "net": {
            "out_layers": list(taps),
            "alt_start": start,
            "qknorm_start": start,
            "rope_start": start,
            "cat_token": cat,
        }
    }


SIZES = [(56, 56), (70, 98), (42, 112)]
PICTURES = [(61, 83, 70), (150, 120, 84)]

model = calm(randomize(any_view(32, 2, 2, 10, [3, 5, 7, 9], "mlp", 2), 11))
published("v3-small", model, net_config(2, [3, 5, 7, 9]), "da3-small")
save_expected("v3-small", run(model, {"": model}, SIZES, PICTURES, 1))

model = calm(randomize(any_view(32, 2, 3, 10, [3, 5, 7, 9], "swiglufused", 4), 12))
published("v3-giant", model, net_config(3, [3, 5, 7, 9]), "da3-giant")
save_expected("v3-giant", run(model, {"": model}, SIZES[1:2], [], 2))

model = calm(randomize(mono(64, 1, 4, [0, 1, 2, 3]), 13))
some_sky(model, model)
published("v3-mono", model, net_config(-1, [0, 1, 2, 3], False), "da3mono-large")
save_expected("v3-mono", run(model, {"": model}, SIZES[1:], PICTURES[:1], 3))

model = NestedDepthAnything3Net.__new__(NestedDepthAnything3Net)
nn.Module.__init__(model)
model.da3 = any_view(32, 2, 3, 10, [3, 5, 7, 9], "swiglufused", 4)
model.da3_metric = mono(64, 1, 4, [0, 1, 2, 3])
calm(randomize(model, 14))
some_sky(model, model.da3_metric)
config = {"anyview": net_config(3, [3, 5, 7, 9]), "metric": net_config(-1, [0, 1, 2, 3], False)}
published("v3-nested", model, config, "da3nested-giant-large")
save_expected("v3-nested", run(model, {"da3.": model.da3, "da3_metric.": model.da3_metric}, SIZES[1:], PICTURES[1:], 4))
