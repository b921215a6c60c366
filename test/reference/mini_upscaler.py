"""Fixtures of the built-in upscaler: a small network of its form with random weights, and what PyTorch makes of a picture.

Run from anywhere; needs what tools/mini/requirements.txt names.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "mini-upscaler"))

from enlarge import enlarged  # noqa: E402
from net import FACTORS, MiniUpscaler  # noqa: E402
from weights import load_net, save_net  # noqa: E402

CONFIG = {"model_type": "mini_upscaler", "channels": 8, "blocks": 4, "factors": list(FACTORS)}
OUT = Path(__file__).parent.parent / "fixtures" / "mini-upscaler"


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(3)
    net = MiniUpscaler(CONFIG)
    with torch.no_grad():
        for head in net.heads.values():
            head.weight.normal_(0, 0.05)
            head.bias.normal_(0, 0.02)
    save_net(net, CONFIG, OUT / "tiny.safetensors")
    net = load_net(OUT / "tiny.safetensors")
    generator = torch.Generator().manual_seed(4)
    coarse = torch.rand((1, 3, 9, 13), generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(37, 53), mode="bicubic", align_corners=False)
    picture = (smooth[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()
    found = {"picture": picture}
    for factor in FACTORS:
        found[f"{factor}x"] = torch.from_numpy(enlarged(net, picture.numpy(), factor)).contiguous()
    save_file(found, OUT / "expected.safetensors")


if __name__ == "__main__":
    main()
