"""The peer of our_side.ts: the same files by NumPy, SciPy, trimesh, OpenEXR and Pillow, each step as one would write it with them."""

import io
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import OpenEXR
import trimesh
from PIL import Image
from scipy import ndimage

folder, width, height, out = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
picture = np.fromfile(folder / "picture.rgb", np.uint8).reshape(height, width, 3)
depth = np.fromfile(folder / "depth.f32", np.float32).reshape(height, width)
out.mkdir(parents=True, exist_ok=True)


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


before, cpu, start = resident(), used(), time.perf_counter()
files = {}


def encoded(array, kind, **options):
    data = io.BytesIO()
    Image.fromarray(array).save(data, kind, **options)
    return data.getvalue()


low, high = depth.min(), depth.max()
inverse = (1 / 2.2 + (1 - 1 / 2.2) * (depth - low) / (high - low)).astype(np.float32)
far, near = np.percentile(inverse[::16, ::16], [2, 98])
focal = max(width, height) / 2 / np.tan(np.radians(55) / 2)


def unproject(inv, u, v):
    z = 1 / inv
    return np.stack([(u - width / 2) / focal * z, (height / 2 - v) / focal * z, -z], -1).astype(np.float32)


# Points, at most two million.
step = int(np.ceil(np.sqrt(width * height / 2_000_000)))
v, u = np.mgrid[step // 2 : height : step, step // 2 : width : step]
cloud = trimesh.PointCloud(unproject(inverse[v, u], u + 0.5, v + 0.5).reshape(-1, 3), picture[v, u].reshape(-1, 3))
files["depth.ply"] = cloud.export(file_type="ply")

# The mesh: a grid of 512 columns, soft edges made steps, cut, and filled behind from the nearest far side.
columns, rows = 512, round(512 * height / width)
gv, gu = np.mgrid[0 : rows + 1, 0 : columns + 1]
grid = inverse[np.minimum(gv * height // rows, height - 1), np.minimum(gu * width // columns, width - 1)]
scale = max(near - far, near / 4)
for radius, share in ((4, 0.09), (2, 0.06)):
    least = ndimage.minimum_filter(grid, 2 * radius + 1)
    most = ndimage.maximum_filter(grid, 2 * radius + 1)
    grid = np.where(most - least > share * scale, np.where(grid - least < most - grid, least, most), grid)
jump = 0.05 * scale


def layer(values, mask, texture):
    corners = np.arange(values.size).reshape(values.shape)
    a, b, c, d = corners[:-1, :-1], corners[:-1, 1:], corners[1:, :-1], corners[1:, 1:]
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    z = values.reshape(-1)[faces]
    faces = faces[(np.ptp(z, axis=1) <= jump) & mask.reshape(-1)[faces].all(1)]
    uv = np.stack([gu / columns, 1 - gv / rows], -1).reshape(-1, 2)
    vertices = unproject(values, gu * width / columns, gv * height / rows).reshape(-1, 3)
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=texture, doubleSided=True)
    mesh = trimesh.Trimesh(vertices, faces, process=False, visual=trimesh.visual.TextureVisuals(uv, material=material))
    mesh.remove_unreferenced_vertices()
    return mesh


edge = np.zeros(grid.shape, bool)
for axis in (0, 1):
    for shift in (1, -1):
        edge |= np.roll(grid, shift, axis) - grid > jump
distance, place = ndimage.distance_transform_edt(~edge, return_indices=True)
behind = grid[tuple(place)]
hidden = (distance < 42) & (grid - behind > jump / 2) | ndimage.binary_dilation(edge)
small = np.asarray(Image.fromarray(picture).resize((columns + 1, rows + 1), Image.BILINEAR))
filled = ndimage.uniform_filter(small[tuple(place)].astype(np.float32), (9, 9, 1)).astype(np.uint8)
scene = trimesh.Scene(
    {
        "picture": layer(grid, np.ones(grid.shape, bool), Image.open(io.BytesIO(encoded(picture, "JPEG", quality=90)))),
        "behind": layer(np.minimum(behind, grid) * 0.995, hidden, Image.fromarray(filled)),
    }
)
files["depth.glb"] = scene.export(file_type="glb")

# Normals.
along, across = np.gradient(inverse)
x = np.arange(width, dtype=np.float32) + 0.5 - width / 2
y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2)[:, None]
normal = np.stack([-focal * across, focal * along, inverse - x * across - y * along], -1)
normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
files["depth-normals.png"] = encoded((normal * 127.5 + 128).clip(0, 255).astype(np.uint8), "PNG")

# EXR.
header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
with OpenEXR.File(header, {"Y": depth}) as file:
    file.write(str(out / "depth.exr"))

# Two views: pixels from far to near, each where the eye sees it; gaps take the last pixel before them.
baseline = width / 30 / (focal * (near - far))
screen = far + 0.7 * (near - far)
order = np.argsort(inverse, axis=1, kind="stable")
rank = np.take_along_axis(inverse, order, 1)
row = np.arange(height)[:, None]
views = []
for side in (1, -1):
    target = np.rint(order + side * focal * baseline / 2 * (rank - screen)).astype(np.int32)
    inside = (target >= 0) & (target < width)
    origin = np.full((height, width), -1, np.int32)
    origin[np.broadcast_to(row, target.shape)[inside], target[inside]] = order[inside]
    last = np.maximum.accumulate(np.where(origin >= 0, np.arange(width, dtype=np.int32), 0), 1)
    origin = np.maximum(np.take_along_axis(origin, last, 1), 0)
    views.append(np.take_along_axis(picture, origin[..., None], 1))
files["depth-stereo.jpg"] = encoded(np.concatenate(views, 1), "JPEG", quality=92)
left = (views[0] @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.uint8)
files["depth-anaglyph.jpg"] = encoded(np.dstack([left, views[1][..., 1], views[1][..., 2]]), "JPEG", quality=92)

seconds, spent = time.perf_counter() - start, used() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
for name, data in files.items():
    (out / name).write_bytes(data)
print(json.dumps({"seconds": seconds, "cpu": spent, "peak": peak}))
