"""Fixture of the sharpened depth maps: a small map, its picture at both sizes, and what tools/mini/edges.py makes of them.

Run from anywhere; needs what tools/mini/requirements.txt names.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "mini"))

from edges import enlarge, sharpen  # noqa: E402

OUT = Path(__file__).parent.parent / "fixtures" / "mini" / "edges.safetensors"
SMALL, LARGE = (32, 44), (101, 137)


def main():
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0 : LARGE[0], 0 : LARGE[1]]
    ball = np.hypot(y - 45, x - 60) < 28
    post = (x > 110) & (x < 118)
    depth = np.where(ball, 0.9, np.where(post, 0.6, 0.1 + 0.3 * y / LARGE[0]))
    colours = np.where(ball[..., None], (200, 60, 40), np.where(post[..., None], (30, 30, 120), (90, 160, 90)))
    picture = np.clip(colours + rng.normal(0, 12, colours.shape), 0, 255).astype(np.uint8)
    # The network's map: blurred by its own size, and a little beside the truth.
    soft = enlarge(enlarge(depth[None], 12, 16), *SMALL)[0]
    whole = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    seen = torch.nn.functional.interpolate(whole, size=SMALL, mode="bilinear", antialias=True, align_corners=False)
    seen = seen[0].permute(1, 2, 0).contiguous()
    sharp = sharpen(soft, seen.numpy(), picture.astype(np.float32) / 255)
    found = {"map": soft, "picture": picture, "sharp": sharp, "truth": depth.astype(np.float32)}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in found.items()}
    save_file({**tensors, "seen": seen}, OUT)
    for name, values in (("enlarged", enlarge(soft[None], *LARGE)[0]), ("sharp", sharp)):
        print(name, np.abs(values - depth).mean())


if __name__ == "__main__":
    main()
