"""Meshes, and the simple ones that others are made of.

Metres; y is up, x to the right, z away from the usual camera.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Mesh:
    """A triangle mesh of one material."""

    points: np.ndarray
    """float [n, 3], where they are in the world."""
    faces: np.ndarray
    """int [m, 3]."""
    material: object = None
    """A `world.Material`."""
    local: np.ndarray | None = None
    """float [n, 3]: where the points were when the mesh was made; patterns stick to these."""
    smooth: bool = True
    """Shaded with the mean direction of the faces at a point, instead of each face's own."""

    def __post_init__(self):
        self.points = np.asarray(self.points, np.float32)
        self.faces = np.asarray(self.faces, np.int32)
        if self.local is None:
            self.local = self.points.copy()

    def moved(self, centre=(0, 0, 0), turn=None, scale=1.0):
        """A copy, scaled, then turned, then shifted; patterns go along."""
        points = self.points * np.asarray(scale, np.float32)
        if turn is not None:
            points = points @ np.asarray(turn, np.float32).T
        return Mesh(points + np.asarray(centre, np.float32), self.faces, self.material, self.local, self.smooth)


def joined(meshes):
    """One mesh of several that have the material and the shading of the first."""
    starts = np.cumsum([0, *(len(m.points) for m in meshes)])
    faces = np.concatenate([m.faces + start for m, start in zip(meshes, starts, strict=False)])
    points, local = (np.concatenate([getattr(m, name) for m in meshes]) for name in ("points", "local"))
    return Mesh(points, faces, meshes[0].material, local, meshes[0].smooth)


def grid_faces(rows, columns, closed=False):
    """Faces between points that stand in rows; `closed` joins the last column with the first."""
    wide = columns if closed else columns - 1
    i, j = np.mgrid[0 : rows - 1, 0:wide]
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + j, (i + 1) * columns + k
    return np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])


def sheet(points, material=None, smooth=True):
    """A surface through points [rows, columns, 3]."""
    rows, columns, _ = points.shape
    return Mesh(points.reshape(-1, 3), grid_faces(rows, columns), material, smooth=smooth)


def ball(material=None, rows=16, columns=24, radius=1.0):
    """A sphere around the origin; `moved` with a scale of three numbers makes an ellipsoid of it."""
    v, u = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    points = radius * np.stack([np.sin(v) * np.cos(u), np.cos(v), np.sin(v) * np.sin(u)], -1)
    return Mesh(points.reshape(-1, 3), grid_faces(rows, columns, True), material)


def box(material=None, half=(1, 1, 1)):
    """A box around the origin, flat shaded."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float) * half
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    return Mesh(corners, [f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))], material, smooth=False)


def lathe(profile, material=None, columns=32, smooth=True):
    """A surface of revolution about the y axis: `profile` is [n, 2] of radius and height, from below to above."""
    profile = np.asarray(profile, float)
    u = np.arange(columns) * 2 * np.pi / columns
    r, y = profile[:, :1], profile[:, 1:]
    points = np.stack([r * np.cos(u), np.broadcast_to(y, (len(profile), columns)), r * np.sin(u)], -1)
    return Mesh(points.reshape(-1, 3), grid_faces(len(profile), columns, True), material, smooth=smooth)


def frames(path):
    """Two directions across a path [n, 3] at each of its points, which twist about it as little as possible."""
    path = np.asarray(path, float)
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-12
    first = np.cross(along[0], [0.0, 0, 1] if abs(along[0, 2]) < 0.9 else [1.0, 0, 0])
    across = [first / (np.linalg.norm(first) + 1e-12)]
    for a in along[1:]:
        v = across[-1] - a * (across[-1] @ a)
        across.append(v / (np.linalg.norm(v) + 1e-12))
    across = np.array(across)
    return across, np.cross(along, across)


def sweep(path, radius, material=None, columns=10, flat=1.0, capped=True, smooth=True):
    """A tube along a path [n, 3]; `radius` is a number or one for each point, `flat` squeezes it across."""
    path = np.asarray(path, float)
    radius = np.broadcast_to(np.asarray(radius, float), (len(path),))
    if capped:
        path = np.concatenate([path[:1], path, path[-1:]])
        radius = np.concatenate([[1e-4], radius, [1e-4]])
        across, up = (np.concatenate([a[:1], a, a[-1:]]) for a in frames(path[1:-1]))
    else:
        across, up = frames(path)
    u = np.arange(columns) * 2 * np.pi / columns
    rings = np.cos(u)[None, :, None] * across[:, None] + flat * np.sin(u)[None, :, None] * up[:, None]
    points = path[:, None] + radius[:, None, None] * rings
    return Mesh(points.reshape(-1, 3), grid_faces(len(path), columns, True), material, smooth=smooth)


def smoothed_path(corners, count=24):
    """A curve through corners [n, 3] (Catmull-Rom), as `count` points."""
    corners = np.asarray(corners, float)
    ends = np.concatenate([[2 * corners[0] - corners[1]], corners, [2 * corners[-1] - corners[-2]]])
    t = np.linspace(0, len(corners) - 1 - 1e-6, count)
    k, f = t.astype(int), (t % 1)[:, None]
    a, b, c, d = ends[k], ends[k + 1], ends[k + 2], ends[k + 3]
    return 0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3)


def prism(outline, depth, material=None, bevel=0.0):
    """A flat outline [n, 2] in x and y, made `depth` thick along z.

    The outline is counter-clockwise, and all of it is visible from its middle.
    """
    outline = np.asarray(outline, float)
    n, middle = len(outline), outline.mean(0)
    inner = middle + (outline - middle) * (1 - bevel)
    rings = [
        (inner, -depth / 2),
        (outline, -depth / 2 + bevel * depth),
        (outline, depth / 2 - bevel * depth),
        (inner, depth / 2),
    ]
    points = [np.column_stack([ring, np.full(n, z)]) for ring, z in rings]
    faces = grid_faces(4, n, True)
    centre = np.array([[*middle, -depth / 2], [*middle, depth / 2]])
    i, j = np.arange(n), (np.arange(n) + 1) % n
    front = np.stack([np.full(n, 4 * n), j, i], 1)
    back = np.stack([np.full(n, 4 * n + 1), 3 * n + i, 3 * n + j], 1)
    return Mesh(np.concatenate([*points, centre]), np.concatenate([faces, front, back]), material, smooth=False)


def displaced(mesh, amount):
    """The mesh with each point moved along its direction by `amount`, one number or one for each."""
    return Mesh(
        mesh.points + directions(mesh) * np.broadcast_to(amount, (len(mesh.points),))[:, None],
        mesh.faces,
        mesh.material,
        mesh.local,
        mesh.smooth,
    )


def directions(mesh):
    """The mean direction of the faces at each point, unit length."""
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    sums = np.zeros((len(mesh.points), 3))
    for k in range(3):
        for axis in range(3):
            sums[:, axis] += np.bincount(mesh.faces[:, k], face[:, axis], len(mesh.points))
    return sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-12)


def sized(parts, scale):
    """Parts that were made in units of `scale` metres, moved onto y = 0 and scaled to metres; and their extent."""
    low, high = np.min([m.points.min(0) for m in parts], 0), np.max([m.points.max(0) for m in parts], 0)
    shift = np.array([-(low[0] + high[0]) / 2, -low[1], -(low[2] + high[2]) / 2], np.float32)
    made = [Mesh((m.points + shift) * scale, m.faces, m.material, m.local * scale, m.smooth) for m in parts]
    return made, (high - low) * scale
