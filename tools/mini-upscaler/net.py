"""The network of seedvr2/mini: plain 3×3 convolutions at the size of the input, and one way out for each factor.

Pictures are [n, 3, h, w] in 0…1. The answer of a factor is the sum of two: a single wide convolution that starts as a bicubic
enlargement, and what the deep part adds to it.
"""

import torch
from torch import nn
from torch.nn.functional import pixel_shuffle, relu

FACTORS = (2, 3, 4)
# Pixels around the input that decide a pixel of the answer, at least.
CONFIG = {"model_type": "mini_upscaler", "channels": 32, "blocks": 4, "factors": list(FACTORS)}
SKIP = 5


def bicubic_kernel(factor):
    """[factor², 5, 5]: what each of the pixels in a square takes of its neighbours."""

    def weight(x):
        x, a = abs(x), -0.5
        return (a + 2) * x**3 - (a + 3) * x**2 + 1 if x <= 1 else a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0

    places = [(i + 0.5) / factor - 0.5 for i in range(factor)]
    lines = torch.tensor([[weight(tap - place) for tap in range(-2, 3)] for place in places])
    return torch.einsum("iy,jx->ijyx", lines, lines).reshape(factor * factor, SKIP, SKIP)


class Block(nn.Module):
    """Two convolutions around which the input goes."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.conv1.weight, nonlinearity="relu")
        nn.init.normal_(self.conv2.weight, std=0.02)
        nn.init.zeros_(self.conv1.bias)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x):
        return x + self.conv2(relu(self.conv1(x)))


class MiniUpscaler(nn.Module):
    def __init__(self, config=CONFIG):
        super().__init__()
        channels = config["channels"]
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.ModuleList(Block(channels) for _ in range(config["blocks"]))
        self.heads = nn.ModuleDict({str(f): nn.Conv2d(channels, 3 * f * f, 3, padding=1) for f in config["factors"]})
        self.skips = nn.ModuleDict(
            {str(f): nn.Conv2d(3, 3 * f * f, SKIP, padding=SKIP // 2, bias=False) for f in config["factors"]}
        )
        for factor, skip in self.skips.items():
            kernel = bicubic_kernel(int(factor))
            with torch.no_grad():
                skip.weight.zero_()
                for colour in range(3):
                    skip.weight[colour * len(kernel) : (colour + 1) * len(kernel), colour] = kernel
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=1e-3)
            nn.init.zeros_(head.bias)

    def forward(self, x, factor):
        y = relu(self.first(x))
        for block in self.blocks:
            y = block(y)
        return pixel_shuffle(self.heads[str(factor)](y) + self.skips[str(factor)](x), factor)


def margin(config=CONFIG):
    """Pixels of the input around a place that its answer depends on."""
    return 2 + 2 * config["blocks"]
