"""Enlarges a picture by a network."""

import numpy as np
import torch

# More than the network looks around: what lies beyond the picture's edge is the edge itself, never black.
BORDER = 16


def enlarged(net, small, factor):
    """uint8 picture, `factor` times as wide and high."""
    padded = np.pad(small, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), "edge")
    x = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        y = net(x, factor)[0].permute(1, 2, 0)
    cut = BORDER * factor
    return (y[cut:-cut, cut:-cut].clamp(0, 1) * 255).round().to(torch.uint8).numpy()
