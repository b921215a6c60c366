"""The network of depthanything/mini: an encoder and decoder of convolutions, with attention where pictures are small.

A picture's squares of 4×4 pixels become places of 48 numbers; they are halved three more times; mixing blocks at 1/16 and 1/32 look
far around, and attention between them sees every place from every other; the decoder goes back to 1/4 and unfolds to half size. The answer is relative inverse depth: larger is nearer, scale and
shift are free.
"""

import torch
import torch.nn.functional as functional
from torch import nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
STRIDE = 32
FOLD = 4
HEADS = 4

CONFIG = {
    "model_type": "mini_depth",
    "channels": [32, 64, 112, 144],
    "blocks": [1, 1, 3, 3],
    "looks": [0, 0, 0, 0],
    "decoder": [32, 48, 64],
    "kernel": 5,
    "image_mean": list(MEAN),
    "image_std": list(STD),
}


class Conv(nn.Sequential):
    """Convolution and batch norm; `fold` makes one convolution of the two."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, groups=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)
        )

    def fold(self):
        conv, norm = self
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        return conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


class Residual(nn.Module):
    """Two 3×3 convolutions around which the input goes."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = Conv(channels, channels)
        self.conv2 = Conv(channels, channels)
        nn.init.zeros_(self.conv2[1].weight)

    def forward(self, x):
        return functional.relu(x + self.conv2(functional.relu(self.conv1(x))))


class Mix(nn.Module):
    """A wide depthwise convolution, what the whole picture has on average, and a two-layer network at each place."""

    def __init__(self, channels, kernel, wide=2):
        super().__init__()
        self.depthwise = Conv(channels, channels, kernel, groups=channels)
        self.context = nn.Linear(channels, channels)
        self.expand = Conv(channels, wide * channels, 1)
        self.project = Conv(wide * channels, channels, 1)
        nn.init.zeros_(self.project[1].weight)
        nn.init.zeros_(self.context.weight)
        nn.init.zeros_(self.context.bias)

    def forward(self, x):
        # oneDNN is many times slower at depthwise convolutions in bfloat16 than in float32.
        with torch.autocast("cpu", enabled=False):
            y = self.depthwise(x.float())
            y = y + self.context(x.float().mean((2, 3)))[:, :, None, None]
        return x + self.project(functional.relu(self.expand(y)))


class Look(nn.Module):
    """Attention: each place takes from all others what its question asks for."""

    def __init__(self, channels):
        super().__init__()
        self.ask = Conv(channels, 3 * channels, 1)
        self.project = Conv(channels, channels, 1)
        nn.init.zeros_(self.project[1].weight)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.ask(x).reshape(n, 3, HEADS, c // HEADS, h * w).unbind(1)
        # torch's own attention is many times slower at learning on a processor, for heads as narrow as these.
        weight = torch.softmax((q.transpose(2, 3) * (c // HEADS) ** -0.5) @ k, 3)
        seen = v @ weight.transpose(2, 3)
        return x + self.project(seen.reshape(n, c, h, w).contiguous(memory_format=torch.channels_last))


class Encoder(nn.Module):
    def __init__(self, channels, blocks, looks, kernel):
        super().__init__()
        widths = [3 * FOLD * FOLD, *channels]
        self.down = nn.ModuleList(
            Conv(a, b, 3, 1 if i == 0 else 2) for i, (a, b) in enumerate(zip(widths, channels, strict=False))
        )
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(Residual(c) if i < 2 else Mix(c, kernel) for _ in range(n)),
                *(block for _ in range(pairs) for block in (Look(c), Mix(c, kernel, wide=4))),
            )
            for i, (c, n, pairs) in enumerate(zip(channels, blocks, looks, strict=True))
        )

    def forward(self, x):
        taps = []
        x = functional.pixel_unshuffle(x, FOLD)
        for down, stage in zip(self.down, self.stages, strict=True):
            x = stage(functional.relu(down(x)))
            taps.append(x)
        return taps


class Decoder(nn.Module):
    def __init__(self, channels, decoder):
        super().__init__()
        outer = [*decoder, decoder[-1]]
        self.lateral = nn.ModuleList(Conv(c, o, 1) for c, o in zip(channels, outer, strict=True))
        self.reduce = nn.ModuleList(Conv(a, b, 1) for a, b in zip(outer[1:], decoder, strict=True))
        self.fuse = nn.ModuleList(Residual(o) if i == 2 else Conv(o, o) for i, o in enumerate(decoder))
        self.head = nn.Conv2d(decoder[0], 4, 3, padding=1)
        # An answer that is nearly one number can be turned towards the truth; loud noise gives the aligned loss nothing to hold.
        nn.init.normal_(self.head.weight, std=1e-3)
        nn.init.constant_(self.head.bias, 0.4)

    def forward(self, taps):
        x = self.lateral[-1](taps[-1])
        for i in reversed(range(len(self.fuse))):
            x = functional.interpolate(self.reduce[i](x), scale_factor=2, mode="bilinear", align_corners=False)
            x = functional.relu(self.fuse[i](functional.relu(x + self.lateral[i](taps[i]))))
        return functional.pixel_shuffle(self.head(x), 2)


class MiniDepth(nn.Module):
    """`forward` takes [n, 3, h, w] normalised by MEAN and STD, sides multiples of 32, and gives [n, h / 2, w / 2]."""

    def __init__(self, config=CONFIG):
        super().__init__()
        self.encoder = Encoder(
            config["channels"], config["blocks"], config.get("looks", CONFIG["looks"]), config["kernel"]
        )
        self.decoder = Decoder(config["channels"], config["decoder"])

    def forward(self, x):
        return self.decoder(self.encoder(x))[:, 0]


def normalise(x):
    """[n, 3, h, w] in 0…1 to what the network reads."""
    return (x - x.new_tensor(MEAN)[:, None, None]) / x.new_tensor(STD)[:, None, None]
