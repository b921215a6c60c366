"""The network and its input as PyTorch has them, for the benches that run it beside ours."""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import DepthAnythingForDepthEstimation, DepthProForDepthEstimation

torch.set_grad_enabled(False)


def is_pro(folder: Path) -> bool:
    return "depth_pro" in (folder / "config.json").read_text()


def network(folder: Path) -> torch.nn.Module:
    kind = DepthProForDepthEstimation if is_pro(folder) else DepthAnythingForDepthEstimation
    return kind.from_pretrained(folder, dtype=torch.float32).eval()


def pixels(folder: Path, side: int) -> torch.Tensor:
    """The picture at the size that the authors' rule gives it, normalized."""
    rgb = np.frombuffer((folder / "picture.rgb").read_bytes(), np.uint8).reshape(768, 1024, 3).copy()
    x = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
    if is_pro(folder):
        return (F.interpolate(x, (1536, 1536), mode="bilinear", align_corners=False) - 0.5) / 0.5
    mean, std = (torch.tensor(values)[:, None, None] for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    size = (side, round(side * 1024 / 768 / 14) * 14)
    return (F.interpolate(x, size, mode="bicubic", align_corners=False) - mean) / std
