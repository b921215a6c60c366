"""Fixtures of the try-out depth model: a small network of its form with random weights, and what PyTorch says of two pictures.

Run from anywhere; needs what tools/mini/requirements.txt names.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "mini"))

from evaluate import answer, predict  # noqa: E402
from net import MiniDepth, normalise  # noqa: E402
from weights import read_folded, save_net  # noqa: E402

CONFIG = {
    "channels": [8, 12, 12, 16],
    "blocks": [1, 1, 2, 1],
    "looks": [0, 0, 1, 2],
    "decoder": [6, 7, 9],
    "kernel": 5,
}
OUT = Path(__file__).parent.parent / "fixtures" / "mini"


def randomized(seed):
    generator = torch.Generator().manual_seed(seed)
    net = MiniDepth(CONFIG)
    with torch.no_grad():
        for name, p in net.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            scale = (2 / p[0].numel()) ** 0.5 if p.ndim > 1 else 0.2
            p.copy_(noise * scale + (1 if p.ndim == 1 and name.endswith("weight") else 0))
        for name, b in net.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(0.3 * torch.randn(b.shape, generator=generator))
            if name.endswith("running_var"):
                b.copy_(torch.rand(b.shape, generator=generator) + 0.5)
        # Enough above zero that the end of the network shows.
        net.decoder.head.bias.add_(1)
    return net.eval()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    save_net(randomized(7), CONFIG, OUT / "tiny.safetensors")
    net = read_folded(OUT / "tiny.safetensors")
    generator = torch.Generator().manual_seed(8)
    found = {}
    for height, width in ((64, 96), (96, 32)):
        x = torch.rand((1, 3, height, width), generator=generator)
        y = answer(net, normalise(x))
        found[f"{height}x{width}/pixels"] = x[0].permute(1, 2, 0).contiguous()
        found[f"{height}x{width}/depth"] = y[0].contiguous()
    picture = torch.randint(0, 256, (75, 110, 3), generator=generator, dtype=torch.uint8)
    found["picture/pixels"] = picture
    found["picture/depth"] = torch.from_numpy(predict(net, picture.numpy(), 96)).contiguous()
    save_file(found, OUT / "expected.safetensors")


if __name__ == "__main__":
    main()
