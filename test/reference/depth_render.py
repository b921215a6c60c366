"""Writes test/fixtures/render/: depth maps, what each mode makes of them, and the .npy bytes that NumPy saves.

The modes are written here from their formulas, with NumPy's own sorting, and independently of the program under test.
"""

import base64
import io
import json
from pathlib import Path

import matplotlib
import numpy as np

OUT = Path(__file__).parents[1] / "fixtures/render"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)


def b64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def scene(height: int, width: int) -> np.ndarray:
    """A floor that recedes, a wall, noise: depths from about 1 to 60."""
    yy, xx = np.mgrid[0:height, 0:width]
    floor = 40 / (1 + yy) + 1
    wall = 3 + 0.2 * xx
    return (np.minimum(floor, wall) + rng.random((height, width))).astype(np.float32)


def standard(depth, kind):
    shown = 1 / depth if kind == "reciprocal" else depth
    n = (shown - shown.min()) / (shown.max() - shown.min() + 1e-8)
    return 1 - n if kind == "depth" else n


def v2_style(depth, kind, sky):
    height, width = depth.shape
    hard = soft = np.ones_like(depth)
    if sky is not None and sky.max() > 0.1:
        hard = (sky < 0.3).astype(np.float64)
        padded = np.pad(hard, 1)
        windows = np.stack([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)])
        inside = np.pad(np.ones_like(hard), 1)
        valid = np.stack([inside[i : i + height, j : j + width] for i in range(3) for j in range(3)]) > 0
        edge = np.where(valid, windows, -1).max(0) != np.where(valid, windows, 2).min(0)
        soft = np.where(edge, windows.mean(0), hard)
    q = depth if kind == "inverse" else 1 / (depth + 1e-6)
    content = np.sort(q[hard == 1])
    n = len(content)
    if n > 1000:
        lo, hi = content[int(0.01 * n)], content[int(0.99 * n)]
    elif n > 100:
        lo, hi = content[0], content[-1]
    else:
        lo, hi = q.min(), q.max()
    return np.sqrt(np.clip((q - lo) / (hi - lo + 1e-6), 0, 1)) * soft


cases = []
for name, shape, with_sky in [
    ("large", (48, 40), False),
    ("large-sky", (48, 40), True),
    ("small", (15, 12), True),
    ("tiny", (5, 8), False),
]:
    depth = scene(*shape)
    sky = None
    if with_sky:
        sky = np.zeros(shape, np.float32)
        sky[: shape[0] // 3, shape[1] // 4 :] = 0.9
        sky[shape[0] // 3, :] = 0.25
    case = {
        "name": name,
        "width": shape[1],
        "height": shape[0],
        "depth": b64(depth),
        "sky": None if sky is None else b64(sky),
        "shades": {},
    }
    for kind in ("inverse", "depth", "reciprocal"):
        wide = depth.astype(np.float64)
        case["shades"][f"minmax/{kind}"] = b64(standard(wide, kind).astype(np.float32))
        case["shades"][f"v2-style/{kind}"] = b64(v2_style(wide, kind, sky).astype(np.float32))
    cases.append(case)

colormaps = {
    ours: b64((matplotlib.colormaps[theirs](np.arange(256))[:, :3] * 255).round().astype(np.uint8))
    for ours, theirs in {"turbo": "turbo", "inferno": "inferno", "viridis": "viridis", "spectral": "Spectral_r"}.items()
}


def npy(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return base64.b64encode(buffer.getvalue()).decode()


depth = scene(7, 5)
arrays = {
    "depth": {"values": b64(depth), "shape": [7, 5], "npy": npy(depth)},
    "vector": {"values": b64(depth[0]), "shape": [5], "npy": npy(depth[0])},
    "min_depth": {"values": b64(np.float64(depth.min())), "shape": [], "npy": npy(np.float64(depth.min()))},
}
(OUT / "expected.json").write_text(json.dumps({"cases": cases, "colormaps": colormaps, "npy": arrays}, indent=1) + "\n")
