"""What small things, furniture and vehicles are made of: surfaces, and blocks, rods, cushions and curves as meshes."""

import math

import numpy as np

from loud import loudened
from meshed.mesh import Mesh, ball, box, grid_faces, prism, smoothed_path, sweep
from world import METAL, WOOD, material, pick, spread, turned

LYING = turned(0, math.pi / 2)
"""Turns what stands along y so that it lies along z."""


def shifted(parts, centre=(0, 0, 0), turn=None, scale=1.0):
    """Meshes moved and turned."""
    return [part.moved(centre, turn, scale) for part in parts]


def put(scene, parts, centre=(0, 0, 0), turn=None, scale=1.0):
    """Adds meshes to a scene, moved and turned."""
    for part in parts:
        scene.mesh(part.moved(centre, turn, scale))


def hue(rng):
    """A colour of paint, cloth or plastic: often grey, dark or white, often strong."""
    if rng.random() < 0.4:
        return np.full(3, pick(rng, 0.04, 0.08, 0.2, 0.45, 0.8)) + rng.uniform(-0.03, 0.03, 3)
    colour = rng.random(3) ** rng.uniform(0.5, 3)
    return colour * rng.uniform(0.15, 0.95) / (colour.max() + 0.05)


def plain(rng, colour=None, gloss=0.4, amount=0.15):
    """Paint, plastic, china, enamel: about one colour."""
    m = material(rng, hue(rng) if colour is None else colour, spread(rng, 3, 30), rng.random() * amount)
    m.gloss = rng.random() * gloss * 1.6
    m.mottle *= 0.2
    m.relief = 0.0
    m.grain *= 0.4
    return m


def print_of(rng, size, colour=None):
    """A loud print that repeats about every `size` metres."""
    m = material(rng, hue(rng) if colour is None else colour, 5)
    return loudened(rng, m, 2 / (size * spread(rng, 0.5, 2)))


def covered(rng, size, share=0.5):
    """A loud print in a share of cases, else a plain surface."""
    return print_of(rng, size) if rng.random() < share else plain(rng)


def chrome(rng, mirror=0.5):
    """Shining metal, which mirrors up to this share of what is before it."""
    m = plain(rng, pick(rng, METAL, (0.7, 0.7, 0.72), (0.6, 0.5, 0.3)), 0.6, 0.05)
    m.mirror = rng.uniform(0, mirror)
    return m


def wooden(rng, size=0.5, colour=None):
    """A wooden surface."""
    return material(
        rng,
        colour or pick(rng, WOOD, (0.6, 0.42, 0.24), (0.25, 0.15, 0.09), (0.75, 0.6, 0.4)),
        2 / size,
        rng.uniform(0.2, 0.9),
    )


def block(m, half, centre=(0, 0, 0), turn=None):
    """A box as a mesh."""
    return box(m, half).moved(centre, turn)


def soft(m, half, centre=(0, 0, 0), turn=None, square=0.35, rows=14, columns=28):
    """A box with round edges and cheeks; `square` from 0.1, nearly a box, to 1, a ball."""
    mesh = ball(m, rows, columns)
    v, u = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    sv, cv, cu, su = (np.sign(a) * np.abs(a) ** square for a in (np.sin(v), np.cos(v), np.cos(u), np.sin(u)))
    points = np.stack([sv * cu, cv, sv * su], -1).reshape(-1, 3) * half
    return Mesh(points, mesh.faces, m).moved(centre, turn)


def rods(starts, ends, radius, m, columns=6):
    """Many straight bars as one mesh."""
    a, b = np.atleast_2d(np.asarray(starts, float)), np.atleast_2d(np.asarray(ends, float))
    along = (b - a) / (np.linalg.norm(b - a, axis=1, keepdims=True) + 1e-9)
    across = np.cross(along, np.where(np.abs(along[:, :1]) < 0.8, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(along, across)
    u = np.arange(columns) * 2 * np.pi / columns
    r = np.broadcast_to(np.asarray(radius, float), (len(a),))[:, None, None]
    ring = r * (np.cos(u)[None, :, None] * across[:, None] + np.sin(u)[None, :, None] * up[:, None])
    points = np.stack([a[:, None] + ring * 1e-3, a[:, None] + ring, b[:, None] + ring, b[:, None] + ring * 1e-3], 1)
    faces = grid_faces(4, columns, True)
    faces = (faces[None] + (np.arange(len(a)) * 4 * columns)[:, None, None]).reshape(-1, 3)
    return Mesh(points.reshape(-1, 3), faces, m, smooth=columns > 6)


def waves(rng, points, size, count=5):
    """Smooth noise at points, of about one, with bumps of about `size`."""
    ways = rng.normal(0, 2.2 / size, (count, 3))
    return np.sin(points @ ways.T + rng.uniform(0, 6.3, count)).sum(1) / math.sqrt(count)


def lying(parts, radius, yaw=0.0):
    """Parts that stood, now lying on their side."""
    return shifted(shifted(parts, (0, radius, 0), LYING), (0, 0, 0), turned(yaw))


def curve(corners, count=20):
    """A profile through corners for `lathe`."""
    corners = np.asarray(corners, float)
    path = smoothed_path(np.column_stack([corners, np.zeros(len(corners))]), count)[:, :2]
    return np.column_stack([np.maximum(path[:, 0], 1e-4), path[:, 1]])


def rounded(wide, tall, r, n=6):
    """The outline of a rectangle with round corners, half sizes."""
    r = min(r, wide * 0.99, tall * 0.99)
    turns = np.linspace(0, math.pi / 2, n)
    corners = ((1, 1, 0), (-1, 1, 1), (-1, -1, 2), (1, -1, 3))
    return np.concatenate(
        [
            np.column_stack(
                [
                    sx * (wide - r) + r * np.cos(turns + q * math.pi / 2),
                    sy * (tall - r) + r * np.sin(turns + q * math.pi / 2),
                ]
            )
            for sx, sy, q in corners
        ]
    )


def slab(m, wide, long, thick, r=0.01, bevel=0.02):
    """A flat plate that lies, with round corners: phones, trays, boards."""
    return prism(rounded(wide, long, r), thick, m, bevel).moved((0, thick / 2, 0), turned(0, math.pi / 2))


def handle(m, x, low, high, out, thick):
    """A handle at the side +x between two heights."""
    path = [
        (x - thick * 0.3, high, 0),
        (x + out * 0.8, high + 0.1 * (high - low), 0),
        (x + out, (low + high) / 2, 0),
        (x - thick * 0.3, low, 0),
    ]
    return sweep(smoothed_path(path, 16), thick, m, 8, flat=1.4)
