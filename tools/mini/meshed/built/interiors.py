"""More kinds of scenes of plain structures: rooms of cells, beams, roofs, playgrounds, things from above."""

import math

import numpy as np

from meshed.built.halls import plate, solid
from meshed.built.structures import GREY, light, shell
from meshed.land.plants import clear
from meshed.mesh import ball, lathe, sheet, smoothed_path, sweep
from meshed.shared.houses import front, house, lattice, style
from meshed.shared.pile import Pile, finish, looking, palette
from world import DARK, GRASS, METAL, SAND, STONE, WHITE, WOOD, outdoors, pick, spread, turned


def room_cells(rng):
    """Rooms behind rooms: walls with openings of all sorts, blocks, boards and balls in them."""
    w, h, l = rng.uniform(2, 7), rng.uniform(2.3, 4.5), rng.uniform(4, 12)
    eye = np.array([rng.uniform(-0.6, 0.6) * w, rng.uniform(0.5, h - 0.5), -l * 0.45])
    shot = looking(rng, eye, [rng.normal() * w * 0.4, h * rng.uniform(0.2, 0.6), 0], rng.uniform(0.6, 1.5), 0.08)
    scene = light(rng, shot, 3, inside=True)
    pile, ms = Pile(eye), palette(rng, 5, scale=spread(rng, 0.3, 3))
    shell(rng, pile, (-w, 0, -l / 2), (w, h, l), ms[0])
    for _ in range(rng.integers(1, 4)):
        z, x, a, thick = (
            rng.uniform(-0.2, 0.9) * l,
            rng.uniform(-0.6, 0.6) * w,
            rng.uniform(0.4, 1.2),
            rng.uniform(0.04, 0.3),
        )
        low, top, m = pick(rng, 0.0, rng.uniform(0.3, 1)), rng.uniform(0.6, 1) * h, pick(rng, *ms)
        pile.boxes(m, ((-w + x - a) / 2, h / 2, z), ((x - a + w) / 2, h / 2, thick))
        pile.boxes(m, ((w + x + a) / 2, h / 2, z), ((w - x - a) / 2, h / 2, thick))
        pile.boxes(m, (x, (top + h) / 2, z), (a, max((h - top) / 2, 0.01), thick))
        if low:
            pile.boxes(m, (x, low / 2, z), (a, low / 2, thick))
        if rng.random() < 0.5:
            trim = finish(rng, pick(rng, WHITE, WOOD, None), mode=0.2)
            for s in (-1, 1):
                pile.boxes(trim, (x + s * a, (low + top) / 2, z - thick), (0.05, (top - low) / 2, 0.03))
            pile.boxes(trim, (x, top, z - thick), (a + 0.05, 0.05, 0.03))
        scene.lamp(rng, (x, h * 0.85, z + 1), 3)
    for side in (-1, 1):
        for _ in range(rng.integers(1, 9)):
            half, z = (
                np.array([rng.uniform(0.05, 0.6), rng.uniform(0.1, 0.5) * h, rng.uniform(0.1, 0.8)]),
                rng.uniform(-0.3, 0.95) * l,
            )
            y = half[1] if rng.random() < 0.6 else rng.uniform(half[1], max(h - half[1], half[1] + 0.01))
            pile.boxes(pick(rng, *ms, finish(rng)), (side * (w - half[0]), y, z), half)
    for _ in range(rng.integers(2, 16)):
        half = rng.uniform(0.06, 0.45, 3)
        p = np.array([rng.uniform(-0.8, 0.8) * w, half[1], rng.uniform(-0.2, 0.9) * l])
        k = rng.random()
        if math.hypot(p[0] - eye[0], p[2] - eye[2]) < 0.9:
            continue
        if k < 0.6:
            pile.boxes(finish(rng), p, half, turned(rng.uniform(0, 6.3)), top=pick(rng, (1, 1), (0.7, 0.7), (1, 0.4)))
        elif k < 0.75:
            pile.add(ball(), finish(rng), p, scale=half)
        elif k < 0.9:
            pile.add(solid(rng, half[1]), finish(rng), p + [0, half[1] * 0.1, 0])
        else:
            for part in plate(rng, half[1] * 1.5):
                pile.add(part, pick(rng, *ms), p + [0, half[1], 0], turned(rng.uniform(0, 6.3), rng.normal() * 0.5))
    for _ in range(rng.integers(0, 5)):
        y, z, m = rng.uniform(0.7, 1) * h, rng.uniform(0, 0.9) * l, pick(rng, *ms)
        pile.boxes(m, (0, y, z), (w, rng.uniform(0.04, 0.15), rng.uniform(0.04, 0.15)))
    pile.pour(scene)
    return clear(scene, 0.25)


def beams(rng):
    """Beams, boards and bars across each other at all angles, like trusses, fallen wood or games of sticks."""
    shot = looking(
        rng, np.array([0, rng.uniform(0.6, 2), 0]), [0, 1 + rng.normal() * 0.5, 3], rng.uniform(0.5, 1.4), 0.3
    )
    scene = light(rng, shot, 4)
    pile, ms, n = Pile(shot.position), palette(rng, 3, pick(rng, WOOD, METAL, None)), int(spread(rng, 8, 90))
    z = np.exp(rng.uniform(0.1, 2.3, n))
    middle = np.column_stack([rng.uniform(-0.6, 0.6, n) * z, 1 + rng.uniform(-0.5, 0.6, n) * z, z + 0.5])
    ways = rng.normal(size=(n, 3)) * pick(rng, (1, 1, 1), (1, 0.1, 1), (1, 1, 0.1))
    if rng.random() < 0.4:
        ways = np.eye(3)[rng.integers(3, size=n)]
    ways /= np.linalg.norm(ways, axis=1, keepdims=True) + 1e-9
    long, r = spread(rng, 0.5, 6), spread(rng, 0.01, 0.12)
    thick = r * rng.uniform(0.4, 1.5, n)
    for i, m in enumerate(ms):
        mine = np.arange(n) % 3 == i
        a, b = middle[mine] - ways[mine] * long, middle[mine] + ways[mine] * long
        if i and rng.random() < 0.6:
            yaw, pitch = np.arctan2(ways[mine, 0], ways[mine, 2]), np.arcsin(np.clip(ways[mine, 1], -1, 1))
            turns = np.array([turned(y, -p, rng.normal()) for y, p in zip(yaw, pitch, strict=True)])
            pile.boxes(
                m,
                middle[mine],
                np.column_stack([thick[mine] * rng.uniform(1, 4), thick[mine], np.full(mine.sum(), long)]),
                turns,
            )
        else:
            pile.bars(m, a, b, thick[mine], int(pick(rng, 4, 6, 12)))
    pile.boxes(finish(rng), (0, -1.5 * (rng.random() < 0.5) - 0.1, 0), (60, 0.1, 60))
    if rng.random() < 0.7:
        pile.boxes(finish(rng), (0, 4, spread(rng, 3, 20)), (40, 9, 0.1), turned(rng.normal() * 0.4))
    pile.pour(scene)
    return clear(scene)


def roofs(rng):
    """Over the roofs of a town: gables, chimneys, dormers, walls and aerials, from a window or from high up."""
    eye = np.array([0, spread(rng, 9, 45), 0])
    shot = looking(
        rng,
        eye,
        [rng.normal() * 5, eye[1] * rng.uniform(-0.2, 0.8), eye[1] * rng.uniform(0.6, 3)],
        rng.uniform(0.5, 1.3),
    )
    scene, pile = outdoors(rng, shot), Pile(eye)
    scene.defocus = 0.06
    shared = [style(rng) for _ in range(3)]
    tall, yaw = eye[1] * rng.uniform(0.3, 0.75), rng.uniform(0, 1.6)
    gap = rng.uniform(11, 18)
    for i in range(-2, 3):
        for j in range(0, 6):
            x, z = turned(yaw * 0.3)[0, 0] * i * gap + rng.normal(), 3 + j * gap * 0.9 + rng.normal()
            if abs(x) > 0.8 * z + 9 or rng.random() < 0.2:
                continue
            s, h = dict(pick(rng, *shared)), tall * rng.uniform(0.6, 1.1)
            s["fine"], s["floor"], s["bay"] = (0.4 if z < 25 else 0.0), max(s["floor"], h / 6), max(s["bay"], 2.5)
            house(
                rng,
                pile,
                x,
                z,
                rng.uniform(7, gap),
                h,
                rng.uniform(7, gap * 0.9),
                rng.choice(4) * math.pi / 2 + rng.normal() * 0.08,
                s=s,
                sides=int(z < 30),
            )
    for _ in range(rng.integers(0, 8)):
        z = spread(rng, 6, 40)
        x, m = rng.normal() * z * 0.3, finish(rng, METAL, mode=0.1)
        pile.bars(m, (x, tall * 0.8, z), (x, tall + rng.uniform(2, 5), z), 0.05, 5)
        for k in range(4):
            pile.bars(m, (x - 0.6, tall + 1.5 + k * 0.3, z), (x + 0.6, tall + 1.5 + k * 0.3, z), 0.03, 4)
    if rng.random() < 0.3:
        m, low = finish(rng, pick(rng, DARK, METAL, STONE)), eye[1] - 1.4
        x = np.arange(-6, 6, rng.uniform(0.15, 0.6))
        post = np.column_stack([x, np.full(len(x), low), np.full(len(x), 1.6)])
        pile.bars(m, post, post + [0, 1, 0], 0.02, 6)
        pile.boxes(m, (0, low + 1, 1.6), (6, 0.04, 0.04))
        pile.boxes(finish(rng, GREY), (0, low - 0.1, 0.6), (6, 0.1, 1.1))
    pile.boxes(finish(rng, GREY), (0, -0.1, 0), (500, 0.1, 500))
    pile.pour(scene)
    return clear(scene, 0.4)


def playground(rng):
    """Climbing frames, slides, swings, balls and benches on sand or grass."""
    eye = np.array([0, rng.uniform(0.5, 2.2), 0])
    shot = looking(rng, eye, [rng.normal(), rng.uniform(0.5, 1.6), 6], rng.uniform(0.5, 1.3))
    scene, pile = outdoors(rng, shot), Pile(eye)
    for _ in range(rng.integers(2, 7)):
        z = spread(rng, 2.5, 14)
        pile.put((rng.uniform(-0.4, 0.4) * z, 0, z), turned(rng.uniform(0, 6.3)))
        m, k, h = finish(rng, mode=0.2), rng.integers(5), rng.uniform(1.4, 2.6)
        if k == 0:
            for x in (-1.5, 1.5):
                pile.bars(m, [(x, 0, -0.8), (x, 0, 0.8)], (x, h, 0), 0.05, 8)
            pile.bars(m, (-1.5, h, 0), (1.5, h, 0), 0.05, 8)
            for x in (-0.6, 0.6):
                swing = rng.normal() * 0.3
                pile.bars(
                    finish(rng, METAL),
                    [(x - 0.2, h, 0), (x + 0.2, h, 0)],
                    [(x - 0.2, 0.5, swing), (x + 0.2, 0.5, swing)],
                    0.012,
                    5,
                )
                pile.boxes(finish(rng), (x, 0.5, swing), (0.25, 0.03, 0.12))
        elif k == 1:
            path = smoothed_path([[0, h, 0], [0, h * 0.95, 0.5], [0, h * 0.4, 1.6], [0, 0.2, 2.4], [0, 0.2, 2.9]], 24)
            slide = finish(rng, mode=0.2)
            for side, y in ((-0.28, 0.1), (0.28, 0.1)):
                pile.add(sweep(path + [side, y, 0], 0.04, columns=6), slide)
            for a, b in zip(path[:-1], path[1:], strict=True):
                c, d = (a + b) / 2, b - a
                pile.boxes(
                    slide,
                    c,
                    (0.27, 0.02, np.linalg.norm(d) / 2 + 0.01),
                    turned(0, -math.asin(d[1] / np.linalg.norm(d))),
                )
            pile.bars(m, [(s, 0, -0.3) for s in (-0.3, 0.3)], [(s, h + 0.6, -0.1) for s in (-0.3, 0.3)], 0.04, 8)
            for y in np.arange(0.3, h, 0.3):
                pile.bars(m, (-0.3, y, -0.28 + 0.15 * y / h), (0.3, y, -0.28 + 0.15 * y / h), 0.025, 6)
        elif k == 2:
            t = np.linspace(0, math.pi, 12)
            for a in np.arange(6) * math.pi / 6:
                arc = np.column_stack([np.cos(t) * math.cos(a), np.sin(t), np.cos(t) * math.sin(a)]) * h * 0.7
                pile.bars(m, arc[:-1], arc[1:], 0.03, 6)
            for y in (0.35, 0.7):
                u, r = np.linspace(0, 2 * math.pi, 25), h * 0.7 * math.sqrt(1 - y * y)
                ring = np.column_stack([np.cos(u) * r, np.full(25, y * h * 0.7), np.sin(u) * r])
                pile.bars(m, ring[:-1], ring[1:], 0.03, 6)
        elif k == 3:
            pile.boxes(m, (0, 0.45, 0), (0.8, 0.03, 0.2))
            pile.boxes(m, (0, 0.75, 0.22), (0.8, 0.15, 0.03))
            pile.boxes(finish(rng, METAL), [(-0.6, 0.22, 0), (0.6, 0.22, 0)], (0.04, 0.22, 0.18))
        else:
            lattice(rng, pile, 0, 0, 0.9, h, m, 4, narrow=0.9, thick=0.04)
            pile.boxes(finish(rng), (0, h + 0.4, 0), (1.1, 0.4, 1.1), top=(0, 0))
            pile.boxes(finish(rng, WOOD), (0, h * 0.5, 0), (0.9, 0.05, 0.9))
    pile.put()
    for _ in range(rng.integers(0, 5)):
        r, z = rng.uniform(0.1, 0.35), spread(rng, 1.5, 9)
        pile.add(ball(), finish(rng), (rng.normal() * z * 0.25, r, z), scale=r)
    if rng.random() < 0.6:
        pile.put((rng.normal() * 4, 0, rng.uniform(16, 30)), turned(rng.normal() * 0.3))
        front(rng, pile, rng.uniform(15, 50), rng.uniform(4, 18), style(rng))
    pile.put().boxes(finish(rng, pick(rng, SAND, GRASS, GREY)), (0, -0.1, 0), (120, 0.1, 120))
    pile.pour(scene)
    return clear(scene)


def from_above(rng):
    """Things of many forms on a ground or a board, seen steeply from above: boxes, plates, rings, pipes."""
    high = spread(rng, 0.5, 6)
    eye = np.array([0, high, -high * rng.uniform(0, 0.8)])
    shot = looking(rng, eye, [0, 0, 0], rng.uniform(0.5, 1.3), 1.0)
    scene = light(rng, shot, high)
    pile, reach = Pile(eye), high * math.tan(shot.view / 2)
    pile.boxes(finish(rng, scale=spread(rng, 0.5, 5) / reach), (0, -0.1, 0), (30 * high, 0.1, 30 * high))
    if rng.random() < 0.5:
        half = reach * rng.uniform(0.5, 1.2, 2)
        pile.boxes(
            finish(rng, scale=spread(rng, 0.5, 5) / reach),
            (0, 0.03 * reach, 0),
            (half[0], 0.03 * reach, half[1]),
            turned(rng.uniform(0, 6.3)),
        )
    for _ in range(int(spread(rng, 5, 36))):
        q = reach * spread(rng, 0.07, 0.4)
        p, m, turn, k = (
            np.array([rng.normal(), 0, rng.normal()]) * reach * 0.5,
            finish(rng, scale=spread(rng, 0.5, 4) / q),
            turned(rng.uniform(0, 6.3)),
            rng.random(),
        )
        y = 0.06 * reach
        if k < 0.35:
            half = q * rng.uniform(0.1, 1, 3) * [1, 1.5, 1]
            pile.boxes(m, p + [0, half[1], 0], half + [0, y / 4, 0], turn, top=pick(rng, (1, 1), (1, 1), (0.6, 0.6)))
        elif k < 0.5:
            t = np.linspace(0, 2 * np.pi, 16)
            r = rng.uniform(0.1, 0.35)
            pile.add(lathe(np.column_stack([1 - r + r * np.cos(t), r + r * np.sin(t)]) * q, columns=32), m, p)
        elif k < 0.65:
            pile.add(
                lathe(
                    np.array([[0.02, 0.05], [0.6, 0.05], [1, 0.3], [0.95, 0.3], [0.55, 0.1], [0.02, 0.1]])
                    * q
                    * [1, rng.uniform(0.5, 4)],
                    columns=32,
                ),
                m,
                p,
            )
        elif k < 0.8:
            path = smoothed_path(np.column_stack([rng.normal(size=5), np.full(5, 0.12), rng.normal(size=5)]) * q, 40)
            pile.add(sweep(path, q * rng.uniform(0.02, 0.12), columns=10), m, p)
        elif k < 0.9:
            pile.add(solid(rng, q * 0.6), m, p + [0, q * 0.4, 0], turned(*rng.uniform(-3, 3, 3)))
        else:
            for part in plate(rng, q):
                pile.add(part, m, p + [0, q * 0.3, 0], turn @ turned(0, 0, rng.normal() * 0.3))
    pile.pour(scene)
    return clear(scene)


def wavy(rng, long, tall, thick):
    """A wall of even thickness along a bent line, as one closed sheet."""
    path = smoothed_path(
        np.column_stack([np.linspace(-1, 1, 6) * long, np.zeros(6), rng.normal(size=6) * long * 0.25]), 70
    )
    along = np.gradient(path, axis=0)
    side = np.column_stack([along[:, 2], np.zeros(70), -along[:, 0]])
    side *= thick / (np.linalg.norm(side, axis=1, keepdims=True) + 1e-9)
    lean, rise = (
        rng.normal() * 0.15 * tall,
        tall * (1 + 0.3 * np.sin(np.linspace(0, rng.uniform(0, 9), 70)) * (rng.random() < 0.5)),
    )
    up = np.column_stack([np.zeros(70), rise, np.full(70, lean)])
    return sheet(np.stack([path - side, path - side + up, path + side + up, path + side]), smooth=False)


def spiral(rng, r, tall):
    """A ramp that winds upwards, with a wall at its edge."""
    a = np.linspace(0, rng.uniform(4, 14), 140)
    rise, inner = tall * a / a[-1], r * rng.uniform(0.3, 0.75)
    outline = ((inner, 0), (r, 0), (r, 0.12), (r * 1.03, 0.12), (r * 1.03, -0.06), (inner, -0.06), (inner, 0))
    edge = [np.column_stack([np.cos(a) * q, rise + y * r, np.sin(a) * q]) for q, y in outline]
    return sheet(np.stack(edge), smooth=False)


def curves(rng):
    """Bent walls, winding ramps, bowls, domes and cones about the camera, in the open or under a dome."""
    size = spread(rng, 2, 12)
    eye = np.array([0, size * rng.uniform(0.1, 0.6) + 0.3, -size * rng.uniform(0.5, 1.2)])
    shot = looking(
        rng, eye, [rng.normal() * size * 0.3, size * rng.uniform(0, 0.5), size * 0.5], rng.uniform(0.5, 1.5), 0.1
    )
    under = rng.random() < 0.4
    scene = light(rng, shot, size, inside=under)
    pile, ms = Pile(eye), palette(rng, 4, scale=spread(rng, 0.5, 4) / math.sqrt(size))
    for _ in range(rng.integers(3, 11)):
        z = rng.uniform(-0.2, 2) * size
        p, m, k = np.array([rng.normal() * size * 0.6, 0, z]), pick(rng, *ms), rng.integers(5)
        r = size * rng.uniform(0.15, 0.6)
        if p[2] - r < eye[2] + 0.35 * size and k != 0:
            p[2] = eye[2] + 0.5 * size + r
        if k == 0:
            pile.add(
                wavy(rng, size * rng.uniform(0.6, 2), size * rng.uniform(0.15, 0.9), size * rng.uniform(0.01, 0.06)),
                m,
                p + [0, 0, size * 0.6],
            )
        elif k == 1:
            pile.add(spiral(rng, r, size * rng.uniform(0.3, 1)), m, p)
        elif k == 2:
            t = np.linspace(0.05, math.pi / 2, 14)
            bowl = np.concatenate(
                [
                    np.column_stack([np.sin(t), 1 - np.cos(t)]),
                    np.column_stack([np.sin(t), 1 - np.cos(t)])[::-1] * [0.93, 1],
                ]
            )
            pile.add(
                lathe(bowl * r, columns=40),
                m,
                p + [0, 0.02, 0],
                turned(rng.uniform(0, 6.3), rng.normal() * 0.4 * (rng.random() < 0.4)),
            )
        elif k == 3:
            t = np.linspace(0, 1, 16)
            wide = np.abs(1 - t * rng.uniform(0, 1) + 0.25 * np.sin(t * rng.uniform(0, 12)))
            pile.add(
                lathe(
                    np.column_stack([np.append(wide, 0.01) * r * 0.7, np.append(t, 1) * r * rng.uniform(1, 3)]),
                    columns=int(pick(rng, 5, 8, 36)),
                    smooth=rng.random() < 0.6,
                ),
                m,
                p,
            )
        else:
            pile.add(ball(rows=18, columns=28), m, p, scale=(r, r * rng.uniform(0.5, 1.2), r))
    if under:
        big, ribs = size * rng.uniform(2.6, 4), int(rng.integers(0, 24))
        t = np.linspace(0, math.pi / 2, 16)
        wall, high = size * rng.uniform(0.2, 0.8), big * rng.uniform(0.4, 1)
        curve = np.column_stack([np.cos(t) * big, wall + np.sin(t) * high])
        pile.add(lathe(np.concatenate([[[big, 0]], curve]), columns=48), finish(rng, pick(rng, GREY, WHITE, None)))
        for a in np.arange(ribs) * 2 * math.pi / max(ribs, 1):
            arc = np.column_stack([curve[:, 0] * math.cos(a), curve[:, 1], curve[:, 0] * math.sin(a)]) * 0.99
            pile.bars(ms[0], arc[:-1], arc[1:], big * 0.015, 5)
    pile.boxes(finish(rng), (0, -0.1, 0), (60 * size, 0.1, 60 * size))
    pile.pour(scene)
    return clear(scene, 0.05 * size + 0.1)


KINDS = {
    "room_cells": (room_cells, 5),
    "beams": (beams, 4),
    "roofs": (roofs, 4),
    "playground": (playground, 3),
    "from_above": (from_above, 5),
    "curves": (curves, 5),
}
