"""Makes the resampling fixture with torch, OpenCV and Pillow: one input, many forms and sizes."""

import cv2
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from depth_common import picture, save_expected

torch.set_num_threads(1)
cv2.setNumThreads(1)

HEIGHT, WIDTH = 23, 37
# height, width: up, down, mixed, one side unchanged, a strip, one pixel; Pillow orders its two passes by the sizes
SIZES = [(46, 74), (51, 40), (9, 13), (31, 12), (23, 20), (14, 37), (1, 50), (1, 1), (5, 32), (11, 44)]

rgb = picture(5, HEIGHT, WIDTH)
values = np.random.default_rng(6).normal(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
out = {"rgb": torch.from_numpy(rgb), "values": torch.from_numpy(values)}


def torch_form(name, height, width, **options):
    x = torch.from_numpy(values).double().permute(2, 0, 1)[None]
    y = F.interpolate(x, size=(height, width), **options)[0].permute(1, 2, 0)
    out[f"{name}/{height}x{width}"] = y.float()


for height, width in SIZES:
    torch_form("torch-bilinear", height, width, mode="bilinear", align_corners=False)
    torch_form("torch-bilinear-corners", height, width, mode="bilinear", align_corners=True)
    torch_form("torch-bicubic", height, width, mode="bicubic", align_corners=False)
    torch_form("torch-bicubic-corners", height, width, mode="bicubic", align_corners=True)
    torch_form("torch-bilinear-antialias", height, width, mode="bilinear", antialias=True)
    torch_form("torch-bicubic-antialias", height, width, mode="bicubic", antialias=True)
    size = (width, height)
    out[f"opencv-cubic/{height}x{width}"] = torch.from_numpy(
        cv2.resize(values.astype(np.float64), size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    )
    out[f"opencv-cubic-bytes/{height}x{width}"] = torch.from_numpy(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC))
    if height <= HEIGHT and width <= WIDTH:
        out[f"opencv-area-bytes/{height}x{width}"] = torch.from_numpy(
            cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        )
    for name in ("NEAREST", "BILINEAR", "BICUBIC", "LANCZOS"):
        resized = Image.fromarray(rgb).resize(size, Image.Resampling[name])
        out[f"pillow-{name.lower()}/{height}x{width}"] = torch.from_numpy(np.array(resized))

table = torch.from_numpy(np.random.default_rng(7).normal(0, 1, (5, 5, 4)).astype(np.float32))
out["table"] = table
for height, width in [(5, 7), (3, 8), (4, 4), (11, 6)]:
    x = table.double().permute(2, 0, 1)[None]
    scale = ((height + 0.1) / 5, (width + 0.1) / 5)
    y = F.interpolate(x, scale_factor=scale, mode="bicubic")[0].permute(1, 2, 0)
    assert y.shape[:2] == (height, width)
    out[f"torch-bicubic-offset/{height}x{width}"] = y.float()

save_expected("resampling", out)
