"""What makes a small picture of a large one: lenses, shrinking, and what cameras and their files do afterwards."""

import io

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import conv2d, interpolate, pad


def blur(x, sigma):
    radius = max(int(3 * sigma + 0.5), 1)
    line = torch.exp(-(torch.arange(-radius, radius + 1.0) ** 2) / (2 * sigma * sigma))
    kernel = (line / line.sum())[None, None, :, None].expand(3, 1, -1, 1)
    x = conv2d(pad(x, (radius,) * 4, "reflect"), kernel, groups=3)
    return conv2d(x, kernel.transpose(2, 3), groups=3)


def shrink(x, factor, method):
    size = [n // factor for n in x.shape[2:]]
    return interpolate(x, size=size, mode=method, antialias=True, align_corners=False)


def as_jpeg(picture, quality, subsampling):
    """What is left of a uint8 picture once it was a JPEG file."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(stored))


def to_bytes(x):
    return (x.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def camera(x, rng, most):
    """Noise of up to `most` grey levels, sharpening and JPEG as cameras and phones leave them, each picture with its own."""
    out = torch.empty_like(x)
    for i, one in enumerate(x):
        grain = float(np.exp(rng.uniform(np.log(0.3), np.log(most)))) / 255
        seed = torch.Generator().manual_seed(int(rng.integers(2**62)))
        noise = torch.randn(one.shape, generator=seed)
        if rng.random() < 0.3:
            noise = blur(noise[None], 0.6)[0] * 1.5
        one = one + noise * grain * (0.4 + one.clamp(0, 1)).sqrt()
        if rng.random() < 0.25:
            one = one + rng.uniform(0.1, 0.6) * (one - blur(one[None], 0.8)[0])
        if rng.random() < 0.7:
            quality, subsampling = int(rng.integers(50, 98)), int(rng.choice((0, 2)))
            stored = as_jpeg(to_bytes(one).permute(1, 2, 0).numpy(), quality, subsampling)
            one = torch.from_numpy(stored.copy()).permute(2, 0, 1).float() / 255
        out[i] = one
    return out


def degrade(x, factor, rng, share=0.5, noise=8.0):
    """The batch at 1 / factor of its size; `share` of it as a camera leaves it, the rest clean."""
    kind = rng.random()
    if kind < 0.5:
        small = shrink(x, factor, "bicubic")
    elif kind < 0.65:
        small = shrink(x, factor, "bilinear")
    else:
        small = shrink(blur(x, rng.uniform(0.2, 0.55) * factor), factor, "bicubic")
    marred = rng.random(len(x)) < share
    if marred.any():
        small[torch.from_numpy(marred)] = camera(small[torch.from_numpy(marred)], rng, noise)
    return to_bytes(small).float() / 255
