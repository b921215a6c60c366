"""A pile of boxes, bars and meshes that becomes few meshes; materials of buildings; cameras that look at them."""

import math

import numpy as np

from loud import loudened
from meshed.mesh import Mesh, grid_faces
from world import WOOD, Camera, material, spread, turned

CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
SIDES = np.array(
    [
        f
        for a, b, c, d in ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
        for f in ((a, b, c), (a, c, d))
    ]
)


def finish(rng, colour=None, scale=None, mode=None):
    """A surface without any pattern, with a usual one or with a loud one."""
    k = rng.random() if mode is None else mode
    m = material(rng, colour, scale)
    if k < 0.28:
        m.amount, m.mottle, m.grain, m.relief = rng.uniform(0, 0.25), m.mottle * 0.3, m.grain * 0.3, m.relief * 0.3
    elif k > 0.82:
        loudened(rng, m)
    return m


def palette(rng, count, colour=None, scale=None):
    """Materials for the parts of one scene: all of one sort of `finish`, or of any."""
    mode = None if rng.random() < 0.5 else rng.random()
    return [finish(rng, colour, scale, mode) for _ in range(count)]


def looking(rng, eye, target, view, roll=0.04):
    """A camera at `eye` that has `target` somewhere about its middle."""
    d = np.asarray(target, float) - eye
    yaw, pitch = math.atan2(d[0], d[2]), math.atan2(d[1], math.hypot(d[0], d[2]))
    yaw, pitch = yaw + rng.normal() * 0.12 * view, pitch + rng.normal() * 0.12 * view
    return Camera(np.asarray(eye, float), turned(yaw, -pitch, rng.normal() * roll), view)


class Pile:
    """Boxes, bars and meshes, gathered by their material. `at` and `turn` say where what is added next is put."""

    def __init__(self, eye=None):
        self.parts, self.at, self.turn, self.eye = {}, np.zeros(3), np.eye(3), eye

    def put(self, at=(0, 0, 0), turn=None):
        self.at, self.turn = np.asarray(at, float), np.eye(3) if turn is None else turn
        return self

    def add(self, mesh, m=None, at=(0, 0, 0), turn=None, scale=1.0):
        """Another mesh, turned and shifted inside the pile's own place."""
        mesh = mesh.moved(at, turn, scale)
        m = mesh.material if m is None else m
        points = mesh.points @ self.turn.T.astype(np.float32) + self.at.astype(np.float32)
        self.parts.setdefault((id(m), mesh.smooth), (m, []))[1].append((points, mesh.faces, mesh.local))

    def boxes(self, m, centre, half, turn=None, top=(1, 1)):
        """Boxes at `centre` [n, 3]; `top` is the share of width and depth left above. Boxes that enclose the eye are left out."""
        centre = np.atleast_2d(np.asarray(centre, float))
        half = np.broadcast_to(np.asarray(half, float), centre.shape)
        shape = CORNERS[None] * half[:, None]
        shape[:, 2::4, 0::2], shape[:, 3::4, 0::2] = shape[:, 2::4, 0::2] * top, shape[:, 3::4, 0::2] * top
        local = shape + centre[:, None]
        placed = local if turn is None else np.einsum("nij,nkj->nki", np.broadcast_to(turn, (len(centre), 3, 3)), shape)
        placed = placed if turn is None else placed + centre[:, None]
        points = placed @ self.turn.T + self.at
        if self.eye is not None:
            seen = (self.eye - self.at) @ self.turn - centre
            seen = seen if turn is None else np.einsum("ni,nij->nj", seen, np.broadcast_to(turn, (len(centre), 3, 3)))
            keep = (np.abs(seen) > half + 0.15).any(1)
            points, local = points[keep], local[keep]
        if len(points):
            faces = (SIDES[None] + 8 * np.arange(len(points))[:, None, None]).reshape(-1, 3)
            self.parts.setdefault((id(m), False), (m, []))[1].append(
                (points.reshape(-1, 3), faces, local.reshape(-1, 3))
            )

    def bars(self, m, a, b, radius, sides=5, end=None):
        """Round bars from `a` to `b` [n, 3]; `end` is the radius at b."""
        a, b = np.broadcast_arrays(np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float)))
        if self.eye is not None:
            seen = (self.eye - self.at) @ self.turn - a
            t = np.clip((seen * (b - a)).sum(1) / (((b - a) ** 2).sum(1) + 1e-9), 0, 1)[:, None]
            keep = np.linalg.norm(seen - t * (b - a), axis=1) > np.maximum(radius, 0 if end is None else end) + 0.15
            if not keep.any():
                return
            a, b = a[keep], b[keep]
            radius, end = (r[keep] if isinstance(r, np.ndarray) and r.shape == keep.shape else r for r in (radius, end))
        self.add(rods(a, b, radius, m, sides, end), m)

    def pour(self, scene):
        """Gives the scene one mesh of each material."""
        for (_, smooth), (m, pieces) in self.parts.items():
            starts = np.cumsum([0, *(len(p) for p, _, _ in pieces)])
            faces = np.concatenate([f + s for (_, f, _), s in zip(pieces, starts, strict=False)])
            points, local = (np.concatenate([piece[k] for piece in pieces]) for k in (0, 2))
            scene.meshes.append(Mesh(points, faces, m, np.asarray(local, np.float32), smooth))
        self.parts = {}


def rods(a, b, radius, m=None, sides=5, end=None, closed=True):
    """Tubes from a to b [n, 3], all in one mesh."""
    n = len(a)
    along = b - a
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    first = np.where(np.abs(along[:, 1:2]) < 0.9, [[0.0, 1, 0]], [[1.0, 0, 0]])
    across = np.cross(along, first)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    up = np.cross(along, across)
    u = np.arange(sides) * 2 * np.pi / sides
    ring = np.cos(u)[None, :, None] * across[:, None] + np.sin(u)[None, :, None] * up[:, None]
    r = np.broadcast_to(np.asarray(radius, float), (n,))[:, None, None]
    q = r if end is None else np.broadcast_to(np.asarray(end, float), (n,))[:, None, None]
    rings = np.stack(
        [a[:, None] + ring * 1e-4, a[:, None] + ring * r, b[:, None] + ring * q, b[:, None] + ring * 1e-4], 1
    )
    rings = rings if closed else rings[:, 1:3]
    faces = grid_faces(rings.shape[1], sides, True)
    faces = (faces[None] + rings.shape[1] * sides * np.arange(n)[:, None, None]).reshape(-1, 3)
    return Mesh(rings.reshape(-1, 3), faces, m, smooth=sides > 6)


def vault(low, high, z0, z1, m=None):
    """A solid between two curves [n, 2] of x and y, from z0 to z1."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    rings = [
        np.column_stack([c, np.full(len(c), z)]) for c, z in ((low, z0), (high, z0), (high, z1), (low, z1), (low, z0))
    ]
    n = len(low)
    faces = [grid_faces(5, n)]
    for i, flip in ((0, False), (n - 1, True)):
        a, b, c, d = i, n + i, 2 * n + i, 3 * n + i
        faces.append(np.array([[a, b, c], [a, c, d]] if flip else [[a, c, b], [a, d, c]]))
    return Mesh(np.concatenate(rings), np.concatenate(faces), m, smooth=False)


def lattice_grid(xs, ys, z=0.0):
    """Points [n, 3] at all pairs of xs and ys."""
    x, y = np.meshgrid(xs, ys, indexing="ij")
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z)])


def wood(rng):
    """A wooden surface."""
    return material(rng, WOOD, spread(rng, 1, 6))
