"""Opens the files that easel makes from a depth map with libraries of other people, and compares them with the NPZ.

    pip install -r test/reference/requirements-geometry.txt
    easel depth street.jpg -o out/ --as npz,exr,glb,ply,normals,stereo,anaglyph
    python3 test/reference/depth_files.py out/street.npz street.jpg

Prints one line a file and fails at the first difference. Of the NPZ it needs `depth` and `focal_length_px`.
"""

import sys
from pathlib import Path

import numpy as np
import OpenEXR
import pygltflib
import trimesh
from PIL import Image, ImageOps
from plyfile import PlyData

npz, photograph = Path(sys.argv[1]), ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("RGB")
stem = str(npz.with_suffix(""))
arrays = np.load(npz)
depth = arrays["depth"]
height, width = depth.shape
picture = np.asarray(photograph.resize((width, height)))


def check(condition, text):
    if not condition:
        sys.exit(f"{stem}: {text}")


def unit_of(text):
    return "metre" if "metre" in text else "relative"


# EXR: every bit of the NPZ.
with OpenEXR.File(f"{stem}.exr") as file:
    channels = dict(file.channels())
    header = dict(file.header())
    check(list(channels) == ["Y"], f"the EXR has the channels {list(channels)}")
    check(channels["Y"].pixels.dtype == np.float32, "the EXR is not float32")
    check(channels["Y"].pixels.tobytes() == depth.tobytes(), "the EXR differs from the NPZ")
    check(header["compression"] == OpenEXR.ZIP_COMPRESSION, "the EXR is not ZIP")
    focal = header["focal_length_px"]
print(f"EXR   {width}×{height}, equal bit for bit, focal length {focal:.2f} px, {header['depth_unit']}")
if "focal_length_px" in arrays:
    check(abs(arrays["focal_length_px"] / focal - 1) < 1e-6, "the focal lengths differ")

# PLY: the points that the definition gives.
ply = PlyData.read(f"{stem}.ply")
vertex = ply["vertex"]
comments = dict(comment.split(" ", 1) for comment in ply.comments if " " in comment)
points = np.stack([vertex[axis] for axis in "xyz"], -1).astype(np.float64)
u = points[:, 0] / -points[:, 2] * focal + width / 2
v = height / 2 - points[:, 1] / -points[:, 2] * focal
columns, rows = np.floor(u).astype(int), np.floor(v).astype(int)
check((np.abs(u - columns - 0.5) < 0.02).all() and (np.abs(v - rows - 0.5) < 0.02).all(), "points lie off their pixels")
if unit_of(comments["unit"]) == "metre":
    worst = np.abs(-points[:, 2] / depth[rows, columns] - 1).max()
    check(worst < 1e-5, f"points are off by {worst}")
else:
    # Inverse distances are the map, or its inverse, up to a scale and a shift.
    known = depth[rows, columns].astype(np.float64)
    known = known if header["depth_unit"] == "relative_inverse" else 1 / known
    fit = np.polyfit(known, -1 / points[:, 2], 1)
    worst = np.abs(np.polyval(fit, known) + 1 / points[:, 2]).max()
    check(worst < 1e-5, f"points are off by {worst}")
colors = np.stack([vertex[name] for name in ("red", "green", "blue")], -1)
check(np.abs(colors.astype(int) - picture[rows, columns]).mean() < 2, "the colours are not the picture's")
print(f"PLY   {len(points)} points in {comments['unit']}, off by {worst:.1e}, colours of the picture")

# GLB, as trimesh and pygltflib read it.
gltf = pygltflib.GLTF2().load(f"{stem}.glb")
check(set(gltf.extensionsUsed) == {"KHR_materials_unlit"}, "the mesh is not unlit")
camera = gltf.cameras[0].perspective
check(abs(camera.yfov - 2 * np.arctan(height / 2 / focal)) < 1e-6, "the camera has another field of view")
scene = trimesh.load(f"{stem}.glb")
seen = scene.geometry["picture"]
x, y, z = seen.vertices.T
projected = np.stack([x / -z * focal / width + 0.5, 0.5 - y / -z * focal / height], -1)
# trimesh turns texture coordinates upside down: glTF's begin at the top.
uv = np.stack([seen.visual.uv[:, 0], 1 - seen.visual.uv[:, 1]], -1)
check(np.abs(projected - uv).max() < 1e-4, "the texture does not lie where the camera saw it")
check(uv[y.argmax(), 1] < 0.5 < uv[y.argmin(), 1], "the mesh stands on its head")
texture = seen.visual.material.baseColorTexture.resize((width, height))
check(np.abs(np.asarray(texture).astype(int) - picture).mean() < 6, "the texture is not the picture")
if unit_of(comments["unit"]) == "metre":
    at = depth[
        np.minimum((uv[:, 1] * height).astype(int), height - 1), np.minimum((uv[:, 0] * width).astype(int), width - 1)
    ]
    off = np.median(np.abs(-z / at - 1))
    check(off < 0.01, f"the mesh is off by {off}")
facing = -(seen.face_normals * seen.triangles_center).sum(1)
check((facing > -1e-9).mean() > 0.999, "triangles show their backs")
faces = sum(len(part.faces) for part in scene.geometry.values())
print(
    f"GLB   {faces} triangles in {list(scene.geometry)}, extents {np.round(scene.extents, 2)}, the camera's {np.degrees(camera.yfov):.1f}° up"
)

# Pictures.
normals = np.asarray(Image.open(f"{stem}-normals.png")).astype(np.float64) / 127.5 - 1
length = np.linalg.norm(normals, axis=-1)
check(abs(length - 1).max() < 0.02, "normals have not the length 1")
pair = Image.open(f"{stem}-stereo.jpg")
anaglyph = Image.open(f"{stem}-anaglyph.jpg")
check(pair.size[0] == 2 * anaglyph.size[0] and pair.size[1] == anaglyph.size[1], "the stereo pictures have other sizes")
print(
    f"PNG   normals of length {length.min():.3f} to {length.max():.3f}; JPEG pair {pair.size}, anaglyph {anaglyph.size}"
)
