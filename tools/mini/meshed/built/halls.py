"""Kinds of scenes of plain structures indoors: attics, halls with machines, walls of pipes; and simple solids."""

import math

import numpy as np

from meshed.built.structures import light, shell
from meshed.land.plants import clear, unit
from meshed.mesh import Mesh, ball, lathe, sheet, smoothed_path, sweep
from meshed.shared.pile import Pile, finish, looking, palette, wood
from world import DARK, METAL, WHITE, WOOD, material, pick, spread, turned


def attic(rng):
    """Under a slanting roof: rafters, beams, windows in the slope, boxes and chests."""
    wide, tall, long = rng.uniform(1.8, 4.5), rng.uniform(2.2, 4), rng.uniform(4, 10)
    knee = rng.uniform(0, 1)
    eye = np.array([rng.uniform(-0.4, 0.4) * wide, rng.uniform(0.8, 1.5), -long * rng.uniform(0.1, 0.45)])
    shot = looking(
        rng, eye, [rng.normal() * wide * 0.4, 1 + rng.normal() * 0.5, long * 0.4], rng.uniform(0.7, 1.5), 0.06
    )
    scene = light(rng, shot, 3, inside=True)
    pile, cover, beam = Pile(eye), finish(rng, pick(rng, WOOD, WHITE, None)), finish(rng, WOOD)
    slope, run = math.atan2(tall - knee, wide), math.hypot(tall - knee, wide) / 2
    gap = rng.uniform(0.5, 1.3)
    z = np.arange(-long / 2, long / 2, gap)
    for side in (-1, 1):
        turn = turned(0, 0, -side * slope)
        c = np.array([side * wide / 2, (tall + knee) / 2, 0])
        normal = turn @ [0, 1, 0]
        pile.boxes(cover, c + normal * 0.1, (run + 0.1, 0.1, long / 2), turn)
        pile.boxes(beam, np.column_stack([np.full(len(z), c[0]), np.full(len(z), c[1]), z]), (run, 0.09, 0.05), turn)
        pile.boxes(cover, (side * (wide + 0.1), knee / 2, 0), (0.1, knee / 2 + 0.1, long / 2))
        for q in rng.choice(z, min(len(z), int(rng.integers(0, 3))), replace=False):
            m = material(rng, (0.8, 0.85, 0.9))
            m.glow = rng.uniform(0.5, 1.2)
            pile.boxes(m, c + [0, 0, q + gap / 2], (0.45, 0.02, gap * 0.4), turn)
    if rng.random() < 0.7:
        at = tall - rng.uniform(0.5, 1)
        half = wide * (tall - at) / (tall - knee)
        pile.boxes(beam, np.column_stack([np.zeros(len(z)), np.full(len(z), at), z]), (half, 0.08, 0.05))
    pile.boxes(finish(rng, pick(rng, WOOD, None)), (0, -0.05, 0), (wide, 0.05, long / 2))
    for side in (-1, 1):
        pile.boxes(
            finish(rng, pick(rng, WOOD, WHITE, None)), (0, tall / 2, side * (long / 2 + 0.1)), (wide, tall / 2, 0.1)
        )
    for _ in range(rng.integers(3, 16)):
        half = rng.uniform(0.12, 0.4, 3)
        p = np.array([rng.uniform(-0.8, 0.8) * wide, half[1], rng.uniform(-0.1, 0.48) * long])
        if np.hypot(*(p - eye)[[0, 2]]) > 1:
            pile.boxes(pick(rng, wood(rng), finish(rng)), p, half, turned(rng.uniform(0, 6.3)))
            if rng.random() < 0.3:
                pile.boxes(finish(rng), p + [0, half[1] * 1.6, 0], half * 0.6, turned(rng.uniform(0, 6.3)))
    scene.lamp(rng, (0, tall * 0.8, rng.normal()), 2)
    pile.pour(scene)
    return scene


def pipework(rng, pile, low, high, count, thick):
    """Pipes that run along the axes and bend at corners, with flanges, within a box of space."""
    for _ in range(count):
        p, corners, r = rng.uniform(low, high), [], spread(rng, 0.2, 1) * thick
        for _ in range(rng.integers(2, 6)):
            corners.append(p.copy())
            axis = rng.integers(3)
            p[axis] = rng.uniform(low[axis], high[axis])
        corners.append(p)
        m, path = finish(rng, pick(rng, METAL, (0.6, 0.3, 0.2), WHITE, None)), np.array(corners)
        for a, b in zip(path[:-1], path[1:], strict=True):
            if np.linalg.norm(b - a) > 1e-3:
                pile.bars(m, a, b, r, 12)
                way = unit(b - a)
                for t in rng.uniform(0, 1, 2):
                    pile.bars(m, a + (b - a) * t - way * r * 0.2, a + (b - a) * t + way * r * 0.2, r * 1.35, 12)
        for p in path:
            pile.add(ball(rows=8, columns=12), m, p, scale=r * 1.02)


def machine_hall(rng):
    """A hall of tanks, pipes, gantries and engines of blocks and wheels."""
    w, h, l = rng.uniform(5, 12), rng.uniform(4, 10), rng.uniform(10, 25)
    eye = np.array([rng.uniform(-0.5, 0.5) * w, rng.uniform(0.8, h * 0.6), -l * 0.3])
    shot = looking(rng, eye, [rng.normal() * 2, rng.uniform(0.5, h * 0.4), l * 0.3], rng.uniform(0.6, 1.4))
    scene = light(rng, shot, 6, inside=True)
    pile = Pile(eye)
    shell(rng, pile, (-w, 0, -l / 2), (w, h, l))
    for _ in range(rng.integers(6, 20)):
        x, z, r = rng.uniform(-0.9, 0.9) * w, rng.uniform(-0.2, 0.9) * l, spread(rng, 0.3, 1.9)
        m, k = finish(rng, pick(rng, METAL, None)), rng.random()
        if np.hypot(x - eye[0], z - eye[2]) < r + 1.2:
            continue
        if k < 0.4:
            t = rng.uniform(1.5, 4) * r
            pile.add(
                lathe([[r * 0.3, 0], [r, 0.5 * r], [r, t], [r * 0.8, t + 0.3 * r], [0.01, t + 0.5 * r]], columns=24),
                m,
                (x, 0.1, z),
            )
        elif k < 0.75:
            pile.boxes(m, (x, r, z), (r, r, r * 1.4))
            for _ in range(rng.integers(2, 8)):
                pile.boxes(finish(rng), np.array([x, r, z]) + rng.uniform(-1, 1, 3) * r, rng.uniform(0.1, 0.5, 3) * r)
            c = np.array([x, r, z - r * 1.4])
            pile.bars(finish(rng, METAL), c, c - [0, 0, 0.2], r * 0.7, 20)
        else:
            pile.bars(m, (x - r * 2, r * 1.2, z), (x + r * 2, r * 1.2, z), r, 20)
            pile.boxes(m, [[x + s * r, r * 0.3, z] for s in (-1, 1)], (0.15, r * 0.4, r * 0.8))
    pipework(rng, pile, np.array([-w, h * 0.3, 0]), np.array([w, h, l]) * 0.95, int(rng.integers(2, 9)), 0.35)
    for y in rng.uniform(0.4, 0.8, rng.integers(0, 3)) * h:
        z, m = rng.uniform(0.2, 0.8) * l, finish(rng, METAL)
        pile.boxes(m, (0, y, z), (w, 0.06, 0.6))
        x = np.arange(-w, w, 1.2)
        post = np.column_stack([x, np.full(len(x), y), np.full(len(x), z - 0.6)])
        pile.bars(m, post, post + [0, 1, 0], 0.03)
        pile.bars(m, (-w, y + 1, z - 0.6), (w, y + 1, z - 0.6), 0.03)
    pile.pour(scene)
    return scene


def pipe_wall(rng):
    """A wall close by with pipes, cables, boxes, vents and dials on it."""
    away = spread(rng, 0.6, 4)
    a = rng.uniform(-1.2, 1.2)
    eye = np.array([math.sin(a) * away, 1.5, -math.cos(a) * away])
    shot = looking(
        rng, eye, [rng.normal() * 0.2 * away, 1.5 + rng.normal() * 0.4 * away, 0], rng.uniform(0.5, 1.3), 0.1
    )
    scene = light(rng, shot, 2)
    pile, reach = Pile(eye), away * 2.5
    pile.boxes(finish(rng), (0, 0, 0.1), (reach * 6, reach * 6, 0.1))
    for _ in range(rng.integers(2, 16)):
        r, m = away * spread(rng, 0.01, 0.08), finish(rng, pick(rng, METAL, WHITE, DARK, None))
        t, way = rng.uniform(-0.5, 0.5) * reach, rng.random() < 0.5
        p, q = (
            (np.array([t, 1.5 - reach, -r * 1.3]), np.array([t, 1.5 + reach, -r * 1.3]))
            if way
            else (np.array([-reach, 1.5 + t, -r * 1.3]), np.array([reach, 1.5 + t, -r * 1.3]))
        )
        pile.bars(m, p, q, r, 10)
        for s in np.arange(0.05, 1, rng.uniform(0.08, 0.3)):
            c = p + (q - p) * s
            pile.bars(m, c - (q - p) * 0.3 * r / reach, c + (q - p) * 0.3 * r / reach, r * 1.3, 10)
    for _ in range(rng.integers(0, 6)):
        corners = np.column_stack(
            [
                np.linspace(-0.8, 0.8, 7) * reach,
                1.5 + rng.normal(size=7) * away * 0.25,
                np.full(7, -0.02 - 0.08 * away * rng.random()),
            ]
        )
        pile.add(
            sweep(smoothed_path(corners, 50), away * rng.uniform(0.004, 0.02), columns=7),
            finish(rng, pick(rng, DARK, None)),
        )
    for _ in range(rng.integers(0, 12)):
        half = away * rng.uniform(0.03, 0.2, 3) * [1, 1, 0.5]
        c = np.array([rng.uniform(-0.5, 0.5) * reach, 1.5 + rng.uniform(-0.5, 0.5) * reach, -half[2]])
        pile.boxes(finish(rng), c, half)
        for y in np.linspace(-0.8, 0.8, rng.integers(0, 7)):
            pile.boxes(
                finish(rng, DARK, mode=0.1),
                c + [0, y * half[1], -half[2]],
                (half[0] * 0.8, half[1] * 0.05, half[2] * 0.15),
            )
    pile.pour(scene)
    return scene


def plate(rng, size):
    """A bent or twisted plate, thin but with two sides."""
    n = 24
    u, v = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n) * rng.uniform(0.1, 1), indexing="ij")
    bend, twist, wave = rng.uniform(0, 3), rng.normal() * 1.5, rng.uniform(0, 0.3) * (rng.random() < 0.4)
    x, y = (np.sin(u * bend) / max(bend, 0.1), (1 - np.cos(u * bend)) / max(bend, 0.1))
    y = y + wave * np.sin(u * rng.uniform(3, 14))
    c, s = np.cos(twist * u), np.sin(twist * u)
    front_ = np.stack([x, y * c + v * s, v * c - y * s], -1) * size
    made = sheet(front_)
    normal = np.zeros_like(made.points)
    from_faces = np.cross(
        made.points[made.faces[:, 1]] - made.points[made.faces[:, 0]],
        made.points[made.faces[:, 2]] - made.points[made.faces[:, 0]],
    )
    for k in range(3):
        np.add.at(normal, made.faces[:, k], from_faces)
    back = front_ - unit(normal).reshape(front_.shape) * 0.03 * size
    ring = [np.concatenate([a[0], a[1:, -1], a[-1, -2::-1], a[-2::-1, 0]]) for a in (front_, back)]
    return [made, sheet(back), sheet(np.stack(ring), smooth=False)]


def solid(rng, size):
    """A convex body with flat faces: a ball cut by planes."""
    made, n = ball(rows=36, columns=48), int(rng.integers(5, 20))
    ways = unit(rng.normal(size=(n, 3)))
    cut = (ways @ made.points.T.astype(float)) / rng.uniform(0.35, 1, (n, 1))
    return Mesh(
        made.points / np.maximum(cut.max(0), 0.8)[:, None] * size * rng.uniform(0.5, 1.2, 3), made.faces, smooth=False
    )


def solids(rng):
    """Cut bodies, bent plates, ribbons and rings that stand, lean and float, before walls or the sky."""
    shot = looking(
        rng, np.array([0, rng.uniform(0.6, 2), 0]), [0, 1 + rng.normal() * 0.4, 3], rng.uniform(0.5, 1.4), 0.3
    )
    scene = light(rng, shot, 4)
    pile = Pile(shot.position)
    shared = palette(rng, 3) if rng.random() < 0.4 else None
    for _ in range(rng.integers(6, 28)):
        z = spread(rng, 0.8, 8)
        size = z * spread(rng, 0.06, 0.3)
        p = np.array(
            [
                rng.uniform(-0.6, 0.6) * z,
                rng.uniform(0, 0.8) * size if rng.random() < 0.5 else 1 + rng.normal() * 0.4 * z,
                z + size,
            ]
        )
        m, turn, k = (
            pick(rng, *shared) if shared else finish(rng, scale=spread(rng, 0.3, 4) / size),
            turned(*rng.uniform(-3, 3, 3)),
            rng.random(),
        )
        if k < 0.4:
            pile.add(solid(rng, size), m, p, turn)
        elif k < 0.7:
            for part in plate(rng, size):
                pile.add(part, m, p, turn)
        elif k < 0.9:
            path = smoothed_path(rng.normal(size=(6, 3)) * size * 0.5, 50)
            pile.add(sweep(path, size * rng.uniform(0.03, 0.2), columns=12, flat=rng.uniform(0.1, 1)), m, p)
        else:
            t, r = np.linspace(0, 2 * np.pi, 20), rng.uniform(0.1, 0.4)
            pile.add(lathe(np.column_stack([1 - r + r * np.cos(t), r * np.sin(t)]) * size, columns=36), m, p, turn)
    if rng.random() < 0.8:
        pile.boxes(finish(rng), (0, -0.1, 0), (60, 0.1, 60))
    if rng.random() < 0.6:
        pile.boxes(finish(rng), (0, 4, spread(rng, 4, 18)), (40, 8, 0.1), turned(rng.normal() * 0.4))
    pile.pour(scene)
    return clear(scene)


KINDS = {
    "attic": (attic, 3),
    "machine_hall": (machine_hall, 4),
    "pipe_wall": (pipe_wall, 3),
    "solids": (solids, 4),
}
