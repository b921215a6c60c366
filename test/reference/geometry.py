"""Writes test/fixtures/geometry/: depth maps, the points and normals that follow from them, an EXR of OpenEXR's, alignments of SciPy's.

    pip install -r test/reference/requirements-geometry.txt
    python3 test/reference/geometry.py

Everything is written from its definition in NumPy, in double precision, and independently of the program under test.
"""

import base64
import json
from pathlib import Path

import numpy as np
import OpenEXR
from scipy.optimize import least_squares

OUT = Path(__file__).parents[1] / "fixtures/geometry"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(22)


def b64(array, dtype=np.float32):
    return base64.b64encode(np.ascontiguousarray(array, dtype=dtype).tobytes()).decode()


def surface(depth, unit, reach=2.2):
    """Inverse distances: of a map without scale, from 1 / reach to 1."""
    if unit == "relative_inverse":
        low, high = depth.min(), depth.max()
        return 1 / reach + (1 - 1 / reach) * (depth - low) / (high - low)
    return 1 / depth


def points(distance, focal):
    height, width = distance.shape
    v, u = np.mgrid[0:height, 0:width]
    x = (u + 0.5 - width / 2) / focal * distance
    y = (height / 2 - (v + 0.5)) / focal * distance
    return np.stack([x, y, -distance], -1).reshape(-1, 3)


def normals(distance, focal):
    """Cross products of the differences between a point's neighbours in space, towards the camera."""
    height, width = distance.shape
    cloud = points(distance, focal).reshape(height, width, 3)
    across = cloud[1:-1, 2:] - cloud[1:-1, :-2]
    down = cloud[2:, 1:-1] - cloud[:-2, 1:-1]
    normal = np.cross(down, across)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def room(height, width, focal):
    """Distances of a floor, a back wall that is turned, and a ball before it."""
    v, u = np.mgrid[0:height, 0:width]
    ray = np.stack([(u + 0.5 - width / 2) / focal, (height / 2 - (v + 0.5)) / focal, -np.ones((height, width))], -1)
    wall = -4.0 / (ray @ np.array([0.3, 0.05, 1.0]))
    floor = np.where(ray[..., 1] < 0, -1.2 / np.minimum(ray[..., 1], -1e-9), np.inf)
    centre, radius = np.array([0.3, -0.2, -2.5]), 0.6
    a, b, c = (ray**2).sum(-1), ray @ centre, centre @ centre - radius**2
    inside = b * b - a * c
    ball = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
    return np.minimum(np.minimum(wall, floor), ball)


height, width, focal = 36, 48, 50.0
metres = room(height, width, focal).astype(np.float32)
disparity = (7 - 1.5 * metres + rng.normal(0, 0.01, metres.shape)).astype(np.float32)
cases = []
for unit, depth in [("metre", metres), ("relative_inverse", disparity)]:
    distance = 1 / surface(depth.astype(np.float64), unit)
    cases.append({"unit": unit, "depth": b64(depth), "points": b64(points(distance, focal))})

# Normals of planes alone: there differences between neighbours are exact, whatever way they are taken.
planes = []
for normal, offset in [([0, 0, 1], 3), ([0.5, 0.2, 1], 4), ([0, 1, 0.3], 2), ([-0.8, -0.3, 0.6], 2.5)]:
    normal = np.array(normal) / np.linalg.norm(normal)
    v, u = np.mgrid[0:height, 0:width]
    ray = np.stack([(u + 0.5 - width / 2) / 80, (height / 2 - (v + 0.5)) / 80, -np.ones((height, width))], -1)
    depth = (-offset / (ray @ normal)).astype(np.float32)
    assert (depth > 0).all(), normal
    measured = normals(depth.astype(np.float64), 80.0)
    assert np.abs(measured - normal).max() < 1e-3
    planes.append({"depth": b64(depth), "normals": b64(measured)})

# Alignments: two thirds of the values fit a scale and a shift but for noise, a third moved.
alignments = []
for scale, shift in [(1.3, -0.4), (0.8, 2.0)]:
    current = rng.uniform(1, 9, 3000).astype(np.float32)
    previous = scale * current + shift + rng.normal(0, 0.01, current.shape)
    moved = rng.random(current.shape) < 0.33
    previous = np.where(moved, previous + rng.uniform(0.5, 4, current.shape), previous).astype(np.float32)
    fit = least_squares(lambda p: p[0] * current + p[1] - previous, [1, 0], loss="cauchy", f_scale=0.01).x
    alignments.append({"current": b64(current), "previous": b64(previous), "scale": fit[0], "shift": fit[1]})

(OUT / "expected.json").write_text(
    json.dumps(
        {
            "width": width,
            "height": height,
            "focal": focal,
            "cases": cases,
            "planes": planes,
            "plane_focal": 80.0,
            "alignments": alignments,
        }
    )
)

# Rows that do not fill the last block. The first block does not shrink, the others do.
depth = rng.normal(0, 1, (37, 41)).astype(np.float32) * np.float32(10.0) ** rng.integers(-9, 9, (37, 41)).astype(
    np.float32
)
depth[16:] = np.round(depth[16:]) + np.arange(41)
header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
with OpenEXR.File(header, {"Y": depth}) as file:
    file.write(str(OUT / "depth.exr"))
(OUT / "depth.f32").write_bytes(depth.tobytes())
