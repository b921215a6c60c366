"""A scene's meshes, shapes and land as triangles in one table, for `render.py`. Cut-outs are left out."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from meshed.mesh import ball, box, grid_faces
from raycast import BOX, CYLINDER, ELLIPSOID, FAR, PLANE, ROOM, sample
from world import Material

# For round shapes: up to which radius in pixels, and then how many rows and columns of points.
FINENESS = ((2, 5, 8), (6, 9, 14), (20, 14, 22), (70, 24, 40), (np.inf, 40, 72))
LAND = 150
"""Points of the land's grid along each side."""


@dataclass
class Triangles:
    """Points [n, 3], faces [m, 3], and a number for each face."""

    points: np.ndarray
    local: np.ndarray
    faces: np.ndarray
    material: np.ndarray
    """Number of the material of each face."""
    smooth: np.ndarray
    body: np.ndarray
    """Number of the mesh or shape that each face is of."""


def placed(shapes, points, faces, smooth, materials, bodies):
    """Triangles of shapes that are alike; `points` are those of each in its own cube of half size 1, [shapes, n, 3]."""
    half, turn, centre = (np.array([getattr(s, name) for s in shapes]) for name in ("half", "turn", "centre"))
    local = points * half[:, None]
    world = local @ turn.transpose(0, 2, 1) + centre[:, None]
    count, n = len(shapes), points.shape[1]
    m = len(faces)
    return Triangles(
        world.reshape(-1, 3),
        local.reshape(-1, 3),
        (faces[None] + n * np.arange(count)[:, None, None]).reshape(-1, 3),
        np.repeat(materials, m),
        np.tile(np.broadcast_to(smooth, (m,)), count),
        np.repeat(bodies, m),
    )


def tubes(shapes, columns):
    """Points [shapes, n, 3], faces and their smoothness of tapered cylinders with lids."""
    u = np.arange(columns) * 2 * np.pi / columns
    ring = np.stack([np.cos(u), np.zeros(columns), np.sin(u)], -1)
    top = 1 - np.array([s.taper for s in shapes])[:, None, None]
    low, high = ring - [0, 1, 0], ring * top + [0, 1, 0]
    low = np.broadcast_to(low, high.shape)
    middles = np.broadcast_to([[0.0, -1, 0], [0, 1, 0]], (len(shapes), 2, 3))
    i, j = np.arange(columns), (np.arange(columns) + 1) % columns
    lids = [np.stack([np.full(columns, 2 * columns + k), i + k * columns, j + k * columns], -1) for k in (0, 1)]
    faces = np.concatenate([grid_faces(2, columns, True), *lids])
    return np.concatenate([low, high, middles], 1), faces, np.arange(len(faces)) < 2 * columns


def plane(shape, eye):
    """A plane as a square around the point that is nearest to the camera."""
    x, _, z = shape.turn.T @ (eye - shape.centre)
    corners = np.array([[x + a * FAR, 0, z + b * FAR] for a in (-1, 1) for b in (-1, 1)])
    return corners, np.array([[0, 1, 3], [0, 3, 2]])


def land(scene):
    """The land 250 m around the camera, finer near it."""
    grid, cell, tall = scene.terrain
    eye, n = scene.camera.position, len(grid)
    steps = np.sinh(np.linspace(-5.2, 5.2, LAND)) / np.sinh(5.2) * 250
    x, z = np.meshgrid(eye[0] + steps, eye[2] + steps, indexing="ij")
    u, v = x / cell, z / cell
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    a, b = u - i, v - j
    at = lambda di, dj: grid[(i + di) % n, (j + dj) % n]  # noqa: E731
    low, high = at(0, 0) * (1 - a) + at(1, 0) * a, at(0, 1) * (1 - a) + at(1, 1) * a
    return np.stack([x, tall * (low * (1 - b) + high * b), z], -1).reshape(-1, 3), grid_faces(LAND, LAND)


@njit(cache=True)
def whole(middles, scale, hole, pattern, patterns):
    """Whether a leafy shape has no hole at each of some places."""
    found = np.ones(len(middles), np.bool_)
    for i in range(len(middles)):
        s = scale[i] * 0.25
        x, y, z = middles[i, 0] * s, middles[i, 1] * s, middles[i, 2] * s
        found[i] = sample(patterns, pattern[i], x + z * 0.7, y + z * 0.3, 0.001) >= hole[i]
    return found


def holed(found, materials, patterns):
    """Leafy shapes without the faces where their holes are."""
    numbers = np.array([(m.hole, m.scale, m.patterns[1]) for m in materials])[found.material]
    middles = found.local[found.faces].mean(1)
    keep = whole(middles, numbers[:, 1], numbers[:, 0], numbers[:, 2].astype(np.int64), patterns)
    keep |= numbers[:, 0] <= 0
    for name in ("faces", "material", "smooth", "body"):
        setattr(found, name, getattr(found, name)[keep])
    return found


def round_ones(scene, side, number_of, patterns, materials):
    """Triangles of all ellipsoids and cylinders."""
    groups, pixels = {}, side / (2 * scene.camera.tangent)
    for body, shape in enumerate(scene.shapes):
        if shape.kind in (ELLIPSOID, CYLINDER):
            away = max(np.linalg.norm(shape.centre - scene.camera.position), 0.05)
            size = shape.half.max() / away * pixels
            level = next(k for k, (most, _, _) in enumerate(FINENESS) if size <= most)
            leafy = shape.material.hole > 0
            groups.setdefault((shape.kind, max(level, 3) if leafy else level, leafy), []).append((body, shape))
    for (kind, level, leafy), group in groups.items():
        bodies, shapes = zip(*group, strict=True)
        _, rows, columns = FINENESS[level]
        if kind == ELLIPSOID:
            one = ball(rows=rows, columns=columns)
            points, faces, smooth = np.broadcast_to(one.points, (len(shapes), *one.points.shape)), one.faces, True
        else:
            points, faces, smooth = tubes(shapes, columns)
        found = placed(shapes, points, faces, smooth, [number_of(s.material) for s in shapes], bodies)
        yield holed(found, materials, patterns) if leafy else found


def triangles_of(scene, side, patterns):
    """All triangles of a scene, and the list of their materials."""
    numbers, materials = {}, []

    def number_of(material):
        if id(material) not in numbers:
            numbers[id(material)] = len(materials)
            default = Material(np.full((3, 3), 0.5), (0, 0, 0), 0.0, 1.0, False)
            materials.append(default if material is None else material)
        return numbers[id(material)]

    def simple(points, local, faces, material, smooth, body):
        m = len(faces)
        which = np.full(m, number_of(material))
        parts.append(Triangles(points, local, np.asarray(faces), which, np.full(m, smooth), np.full(m, body)))

    parts = []
    for body, shape in enumerate(scene.shapes):
        if shape.kind == PLANE:
            local, faces = plane(shape, scene.camera.position)
            simple(local @ shape.turn.T + shape.centre, local, faces, shape.material, False, body)
    cornered = [(body, shape) for body, shape in enumerate(scene.shapes) if shape.kind in (BOX, ROOM)]
    if cornered:
        bodies, shapes = zip(*cornered, strict=True)
        one = box()
        points = np.broadcast_to(one.points, (len(shapes), *one.points.shape))
        parts.append(placed(shapes, points, one.faces, False, [number_of(s.material) for s in shapes], bodies))
    parts.extend(round_ones(scene, side, number_of, patterns, materials))
    body = len(scene.shapes)
    for mesh in scene.meshes:
        simple(mesh.points, mesh.local, mesh.faces, mesh.material, mesh.smooth, body)
        body += 1
    if scene.terrain:
        points, faces = land(scene)
        simple(points, points, faces, scene.ground, True, body)
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    for part, start in zip(parts, starts, strict=False):
        part.faces = part.faces + start
    return Triangles(
        *(
            np.ascontiguousarray(np.concatenate([getattr(part, name) for part in parts]), kind)
            for name, kind in (
                ("points", float),
                ("local", float),
                ("faces", np.int32),
                ("material", np.int32),
                ("smooth", bool),
                ("body", np.int32),
            )
        )
    ), materials
