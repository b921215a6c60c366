"""Leaves, grass, bumpy ground, stones and branches for pictures from close by."""

import numpy as np

from meshed.flesh import wobble
from meshed.mesh import Mesh, ball, displaced, grid_faces, sheet, smoothed_path, sweep
from world import GRASS, LEAF, material, pick, spread, turned

GREENS = (LEAF, GRASS, (0.1, 0.2, 0.06), (0.45, 0.5, 0.15), (0.3, 0.4, 0.25), (0.55, 0.45, 0.15), (0.06, 0.1, 0.05))


def scattered(rng, points, faces, places, sizes, m, turns=None, local=1.0):
    """Copies of one small shape as one mesh: turned about the upright at random, or by turns [n, 3, 3]."""
    count = len(places)
    if turns is None:
        a = rng.uniform(0, 6.3, count)
        turns = np.zeros((count, 3, 3))
        turns[:, 0, 0], turns[:, 0, 2], turns[:, 2, 0], turns[:, 2, 2], turns[:, 1, 1] = (
            np.cos(a),
            np.sin(a),
            -np.sin(a),
            np.cos(a),
            1,
        )
    sizes = np.asarray(sizes, float).reshape(count, 1, -1)
    moved = np.einsum("nij,nkj->nki", turns, points[None] * sizes) + np.asarray(places)[:, None]
    made = np.asarray(points)[None] * sizes + rng.uniform(-5, 5, (count, 1, 3)) * local
    starts = (np.arange(count) * len(points))[:, None, None]
    return Mesh(moved.reshape(-1, 3), (np.asarray(faces)[None] + starts).reshape(-1, 3), m, made.reshape(-1, 3))


def turns_of(rng, count, loose=1.5):
    """Random rotations about the upright, then tilted by angles of standard deviation `loose`."""
    return np.array([turned(*a) for a in np.stack([rng.uniform(0, 6.3, count), *rng.normal(0, loose, (2, count))], 1)])


def leaf_shape(rng, wide=None, fold=0.25):
    """A leaf from the origin along +z, one unit long, folded along its middle and bent."""
    wide, rows = wide or rng.uniform(0.15, 0.4), 6
    v = np.linspace(0, 1, rows)
    w = wide * np.sin(np.pi * np.clip(v, 0.02, 0.98) ** rng.uniform(0.6, 1.1))
    bend, x = rng.uniform(-0.5, 0.2), np.array([-1, 0, 1])
    points = np.stack(
        [
            w[:, None] * x,
            bend * v[:, None] ** 2 + fold * np.abs(x) * w[:, None],
            np.broadcast_to(v[:, None], (rows, 3)),
        ],
        -1,
    )
    return points.reshape(-1, 3), grid_faces(rows, 3)


def foliage(rng, scene, low, high, count, size, colours=GREENS, kinds=3):
    """Leaves of some kinds anywhere in a box."""
    for _ in range(kinds):
        n = max(count // kinds, 1)
        points, faces = leaf_shape(rng)
        m = material(rng, pick(rng, *colours), spread(rng, 0.5, 3) / size)
        places = rng.uniform(low, high, (n, 3))
        scene.mesh(
            scattered(rng, points, faces, places, size * rng.uniform(0.5, 1.4, n), m, turns_of(rng, n, 0.8), size)
        )


def grass(rng, scene, places, tall, m=None, wide=0.06):
    """Blades at places [n, 3]."""
    count = len(places)
    m = m or material(rng, pick(rng, GRASS, LEAF, (0.5, 0.55, 0.2), (0.6, 0.5, 0.25)), 4 / tall)
    v = np.array([0, 0.4, 0.75, 1.0])
    curve = np.stack([np.zeros(4), v, 0.45 * v**2], 1)
    side = np.array([1, 0.85, 0.5, 0.02]) * wide * 0.5
    points = np.stack([curve - np.outer(side, [1, 0, 0]), curve + np.outer(side, [1, 0, 0])], 1).reshape(-1, 3)
    scene.mesh(
        scattered(
            rng,
            points,
            grid_faces(4, 2),
            places,
            tall * rng.uniform(0.4, 1.3, count),
            m,
            turns_of(rng, count, 0.2),
            tall,
        )
    )


def bumpy(rng, scene, m, reach, tall, rough=0.02, flat=0.0, n=90):
    """Uneven ground that has height 0 at the origin, finer near it."""
    u = np.linspace(-1, 1, n)
    u = np.sign(u) * np.abs(u) ** 2.2 * reach
    x, z = np.meshgrid(u, u)
    p = np.stack([x.ravel(), np.zeros(x.size), z.ravel()], 1)
    zero = np.zeros((1, 3))
    far = np.hypot(x, z).ravel()
    state = rng.integers(1 << 30)
    y = np.zeros(len(p))
    for k, (size, amount) in enumerate(((reach * 0.4, tall), (reach * 0.1, tall * 0.3), (reach * 0.02, rough))):
        noise = wobble(np.random.default_rng([state, k]), p, size) - wobble(
            np.random.default_rng([state, k]), zero, size
        )
        y += amount * noise * np.clip((far - flat) / (0.15 * reach), 0 if k < 2 else 0.3, 1)
    # Towards the camera it does not rise.
    y -= np.maximum(y, 0) * np.clip(-p[:, 2] / (0.03 * reach), 0, 1)
    scene.mesh(sheet(np.stack([x, y.reshape(x.shape), z], -1), m))


def rock(rng, size, m):
    """A stone around the origin."""
    raw = ball(m, 18, 26)
    rough = 0.22 * wobble(rng, raw.points, 0.9) + 0.07 * wobble(rng, raw.points, 0.3)
    made = displaced(raw, rough)
    for _ in range(rng.integers(0, 5)):
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        over = np.maximum(made.points @ way - rng.uniform(0.5, 0.85), 0)
        made.points = (made.points - over[:, None] * way * 0.9).astype(np.float32)
    made = made.moved(turn=turned(*rng.uniform(0, 6, 3)), scale=1)
    points = made.points * size * rng.uniform(0.6, 1.1, 3)
    return Mesh(points, made.faces, m, points)


def branch(rng, scene, long, r, m, sag=0.1, leaves=True, aslant=None, at=(0, 0, 0)):
    """A branch through a place along x with smaller ones and leaves; returns the path."""
    slope = rng.normal() * 0.25 if aslant is None else aslant
    knots = np.array(
        [
            [
                t * long,
                slope * t * long + sag * long * rng.normal() * 0.3 * (k != 2),
                rng.normal() * 0.1 * long * (k != 2),
            ]
            for k, t in enumerate((-1, -0.5, 0, 0.5, 1))
        ]
    )
    path = smoothed_path(knots, 28) + np.asarray(at, float)
    scene.mesh(sweep(path, np.linspace(1.25, 0.75, 28) * r * (1 + 0.12 * np.sin(np.arange(28) * 2.1)), m))
    for _ in range(rng.integers(0, 7)):
        i = int(rng.integers(2, 26))
        if abs(path[i, 0] - at[0]) < 0.12 * long:
            continue
        tip = path[i] + rng.normal(size=3) * [0.35, 0.4, 0.3] * long
        twig = smoothed_path([path[i], (path[i] + tip) / 2 + rng.normal(size=3) * 0.06 * long, tip], 10)
        scene.mesh(sweep(twig, np.linspace(0.5, 0.15, 10) * r, m, 7))
        if leaves:
            n = int(rng.integers(4, 18))
            points, faces = leaf_shape(rng)
            green = material(rng, pick(rng, *GREENS, (0.7, 0.3, 0.1)), 6 / long)
            places = twig[rng.integers(3, 10, n)] + rng.normal(size=(n, 3)) * 0.01 * long
            size = long * spread(rng, 0.06, 0.25)
            scene.mesh(
                scattered(
                    rng, points, faces, places, size * rng.uniform(0.5, 1.2, n), green, turns_of(rng, n, 0.9), size
                )
            )
    return path
