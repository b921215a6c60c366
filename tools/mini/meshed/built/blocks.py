"""Kinds of scenes of geometry rather than of objects: blocks, walls with niches, frames, heaps."""

import math

import numpy as np

from meshed.built.structures import GREY, light
from meshed.mesh import ball, lathe
from meshed.shared.houses import car_body, front, house, style
from meshed.shared.pile import Pile, finish, looking, palette, wood
from world import DARK, GRASS, METAL, SAND, SNOW, STONE, WHITE, WOOD, pick, spread, turned


def cut_up(rng, rectangle, count, least=0.0):
    """A rectangle (x0, z0, x1, z1) cut again and again along lines: [n, 4]."""
    parts, tries, t = [rectangle], rng.random((count, 4)), rng.uniform(0.25, 0.75, count)
    skew = rng.uniform(0.6, 1.6, count)
    for k in range(count):
        several = [int(r * len(parts)) for r in tries[k]]
        i = (
            max(several, key=lambda i: (parts[i][2] - parts[i][0]) * (parts[i][3] - parts[i][1]))
            if k % 4
            else several[0]
        )
        x0, z0, x1, z1 = parts[i]
        if max(x1 - x0, z1 - z0) < 2 * least:
            continue
        if (x1 - x0) * skew[k] > z1 - z0:
            x = x0 + t[k] * (x1 - x0)
            parts[i] = (x0, z0, x, z1)
            parts.append((x, z0, x1, z1))
        else:
            z = z0 + t[k] * (z1 - z0)
            parts[i] = (x0, z0, x1, z)
            parts.append((x0, z, x1, z1))
    return np.array(parts)


def heights(rng, at, size, tall):
    """Heights for cells at `at` [n, 2]: random, rare, along a slope, in waves or in four levels."""
    k, n = rng.integers(6), len(at)
    if k == 0:
        h = rng.random(n)
    elif k == 1:
        h = rng.exponential(0.3, n)
    elif k == 2:
        h = (rng.random(n) < rng.uniform(0.2, 0.6)) * rng.random(n)
    elif k == 3:
        h = np.abs(at @ rng.normal(size=2)) / size + 0.2 * rng.random(n)
    elif k == 4:
        way = rng.normal(size=(2, 4)) * 3 / size
        h = 0.5 + 0.4 * np.sin(at @ way + rng.uniform(0, 6, 4)).mean(1) + 0.1 * rng.random(n)
    else:
        h = np.floor(rng.random(n) * 4) / 4
    return np.clip(h, 0.02, 1.3) * tall


def blocks_on(rng, pile, cells, h, ms, gap=0.0, stack=0.4):
    """A block on each cell, and smaller ones on some of them."""
    middle, half = (cells[:, :2] + cells[:, 2:]) / 2, (cells[:, 2:] - cells[:, :2]) / 2
    half = np.maximum(half - gap, half * 0.3)
    which, k = rng.integers(len(ms), size=len(cells)), rng.random(len(cells))
    for i, m in enumerate(ms):
        mine = which == i
        c = np.column_stack([middle[mine, 0], h[mine] / 2, middle[mine, 1]])
        pile.boxes(m, c, np.column_stack([half[mine, 0], h[mine] / 2, half[mine, 1]]))
        up = mine & (k < stack)
        if up.any():
            more, slim = rng.uniform(0.1, 0.6, up.sum()) * half[up].max(1), rng.uniform(0.3, 0.8, (up.sum(), 2))
            c = np.column_stack([middle[up, 0], h[up] + more, middle[up, 1]])
            pile.boxes(pick(rng, *ms), c, np.column_stack([half[up, 0] * slim[:, 0], more, half[up, 1] * slim[:, 1]]))


def blocks_yard(rng):
    """A yard or a room cut into blocks of all heights, with the camera on one of them."""
    size, tall = spread(rng, 4, 40), 1.0
    tall = size * rng.uniform(0.08, 0.5)
    eye = np.array([0, tall * spread(rng, 0.25, 2) + 0.3, -size * rng.uniform(0.1, 0.9)])
    target = [rng.normal() * size * 0.3, rng.uniform(0, 0.5) * tall, eye[2] + size * rng.uniform(0.2, 0.9)]
    shot = looking(rng, eye, target, rng.uniform(0.5, 1.5), 0.1)
    scene = light(rng, shot, size)
    cells = cut_up(rng, (-size, -size, size, size), int(spread(rng, 40, 500)))
    h = heights(rng, (cells[:, :2] + cells[:, 2:]) / 2, size, tall)
    away = np.maximum(
        np.maximum(cells[:, 0] - eye[0], eye[0] - cells[:, 2]), np.maximum(cells[:, 1] - eye[2], eye[2] - cells[:, 3])
    )
    h = np.minimum(h, np.where(away < 0.12 * size, eye[1] - 0.3, 99))
    pile, ms = (
        Pile(eye),
        palette(rng, int(rng.integers(1, 7)), None if rng.random() < 0.7 else GREY, spread(rng, 0.3, 4)),
    )
    blocks_on(
        rng, pile, cells, np.maximum(h, 0.05), ms, pick(rng, 0, 0.02, 0.08) * size * rng.random(), rng.uniform(0, 0.6)
    )
    if rng.random() < 0.5:
        wall, up = finish(rng), rng.uniform(0.8, 4) * tall + eye[1]
        for x, z, hx, hz in ((0, size, size, 0.1), (-size, 0, 0.1, size), (size, 0, 0.1, size), (0, -size, size, 0.1)):
            pile.boxes(wall, (x, up / 2, z), (hx, up / 2, hz))
        if rng.random() < 0.5:
            pile.boxes(finish(rng), (0, up + 0.1, 0), (size, 0.1, size))
    pile.boxes(finish(rng), (0, -0.1, 0), (size * 4, 0.1, size * 4))
    pile.pour(scene)
    return scene


def block_field(rng):
    """A field of blocks that is a floor, a wall, a ceiling or leans, seen from any side."""
    n, m = rng.integers(4, 26, 2)
    turn = turned(rng.uniform(0, 6.3), pick(rng, 0, 0, -math.pi / 2, math.pi, rng.uniform(-3, 3)), rng.normal() * 0.2)
    up = turn @ [0, 1, 0]
    tilt, around = rng.uniform(0.1, 1.5), rng.uniform(0, 6.3)
    side = turn @ [math.cos(around), 0, math.sin(around)]
    away = spread(rng, 0.5, 1.6)
    eye = away * (math.sin(tilt) * up + math.cos(tilt) * side)
    tall = min(spread(rng, 0.1, 0.7), max(0.8 * away * math.sin(tilt), 0.05))
    scale = spread(rng, 0.6, 12)
    shot = looking(
        rng, eye * scale, turn @ [rng.normal() * 0.2, 0, rng.normal() * 0.2] * scale, rng.uniform(0.4, 1.3), 0.5
    )
    scene = light(rng, shot, scale)
    x, z = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
    low = np.column_stack([x.ravel() / n, z.ravel() / m]) * 2 - 1
    cells = np.column_stack([low, low + [2 / n, 2 / m]])
    h = heights(rng, low, 1, tall)
    pile = Pile(shot.position).put((0, 0, 0), turn)
    ms = palette(rng, int(rng.integers(1, 6)), scale=spread(rng, 0.3, 5))
    if rng.random() < 0.25:
        middle = low + [1 / n, 1 / m]
        c, r = np.column_stack([middle[:, 0], h, middle[:, 1]]) * scale, scale / max(n, m) * rng.uniform(0.4, 0.95)
        pile.bars(ms[0], c * [1, 0, 1], c, r, int(pick(rng, 3, 6, 12)), r * pick(rng, 1, 0.5, 0.1))
    else:
        blocks_on(rng, pile, cells * scale, h * scale, ms, pick(rng, 0, 0.15 / n, 0.4 / n) * scale, rng.uniform(0, 0.4))
    pile.boxes(finish(rng), (0, -0.05 * scale, 0), (scale * 3, 0.05 * scale, scale * 3))
    pile.pour(scene)
    return scene


def before_wall(rng, low=0.5, high=7.0):
    """A camera near the wall z = 0 (it looks to -z), from the front or at a slant, with the reach of what it sees."""
    away = spread(rng, low, high)
    slant, up = rng.uniform(-1.35, 1.35), rng.normal() * 0.5
    height = rng.uniform(0.5, 2.5) if rng.random() < 0.7 else spread(rng, 2, 12)
    eye = np.array([0, height, -away])
    target = [away * math.tan(slant), max(height + away * math.tan(np.clip(up, -1.2, 1.2)), 0.3), 0]
    return looking(rng, eye, target, rng.uniform(0.4, 1.4), 0.1), away, height


def niches(rng):
    """A wall cut into panels: some flat, some deep, some that stick out, with frames, bars, ledges and openings."""
    shot, away, _ = before_wall(rng)
    scene = light(rng, shot, away)
    wide, tall = max(4, away * 3), max(4, away * 2.4)
    cells = cut_up(rng, (-wide, 0, wide, tall), int(spread(rng, 40, 350)), least=0.03 * away)
    pile, unit = Pile(shot.position), min(spread(rng, 0.04, 0.6), away * 0.5)
    middle, half = (cells[:, :2] + cells[:, 2:]) / 2, (cells[:, 2:] - cells[:, :2]) / 2
    ms, k = palette(rng, int(rng.integers(1, 6)), scale=spread(rng, 0.3, 5)), rng.random(len(cells))
    out = np.where(k < 0.35, 0, np.where(k < 0.6, -rng.random(len(cells)) * unit * 2, rng.random(len(cells)) * unit))
    out = np.where(k > 0.93, -3, out)
    which = rng.integers(len(ms), size=len(cells)) if rng.random() < 0.5 else np.zeros(len(cells), int)
    for i, m in enumerate(ms):
        mine = which == i
        d = (4 + out[mine]) / 2
        pile.boxes(m, np.column_stack([middle[mine], 4 - d]), np.column_stack([half[mine], d]))
    deep = np.flatnonzero((out < 0) & (half.min(1) > 0.1))[:50]
    trim, rim = finish(rng, pick(rng, WHITE, METAL, DARK, None)), rng.uniform(0.02, 0.08)
    for i in deep[rng.random(len(deep)) < 0.7]:
        (x, y), (a, b) = middle[i], half[i]
        for px, py, hx, hy in ((0, b, a, rim), (0, -b, a, rim), (a, 0, rim, b), (-a, 0, rim, b)):
            pile.boxes(trim, (x + px, y + py, -rim), (hx, hy, rim * 1.5))
        for t in np.linspace(-a, a, rng.integers(2, 6))[1:-1]:
            pile.boxes(trim, (x + t, y, min(-out[i], 0.2) * 0.5), (rim * 0.5, b, rim * 0.5))
        if rng.random() < 0.3:
            pile.boxes(pick(rng, *ms), (x, y - b, -unit * 0.4), (a * 1.1, rim, unit * 0.4 + rim))
    pile.boxes(finish(rng, pick(rng, GREY, SAND, GRASS, None)), (0, -0.1, 0), (60, 0.1, 60))
    pile.pour(scene)
    return scene


def facade_slant(rng):
    """The front of a house from close by and at a slant, up or along it."""
    shot, away, _ = before_wall(rng, 1.5, 14)
    scene = light(rng, shot, away, inside=rng.random() < 0.1)
    pile, s = Pile(shot.position), style(rng)
    s["bay"], s["floor"] = s["bay"] * rng.uniform(0.5, 1), s["floor"] * rng.uniform(0.6, 1)
    s["balcony"], s["night"] = s["balcony"] * 0.7, rng.random() * 0.3
    front(rng, pile, rng.uniform(14, 50), rng.uniform(5, 28), s, 8)
    for _ in range(rng.integers(0, 4)):
        x, r = rng.uniform(-8, 8), rng.uniform(0.03, 0.12)
        pile.bars(finish(rng, METAL), (x, 0, -r * 1.3), (x, 20, -r * 1.3), r, 8)
    pile.boxes(finish(rng, GREY), (0, -0.1, 0), (80, 0.1, 60))
    pile.boxes(finish(rng, GREY), (0, 0.05, -1.2), (80, 0.08, 1.2))
    for _ in range(rng.integers(0, 3)):
        car_body(rng, pile, rng.uniform(-12, 12), -away * 0.5 - 1.2, pick(rng, 0, math.pi)) if away > 5 else None
    pile.pour(scene)
    return scene


def cage(rng, pile, m, counts, cell, r, at=(0, 0, 0), plank=None, brace=0.3):
    """A frame of bars in three directions, with planks and braces."""
    axes = [
        (np.arange(c + 1) - (c / 2 if i != 1 else 0)) * s for i, (c, s) in enumerate(zip(counts, cell, strict=True))
    ]
    p = np.stack(np.meshgrid(*axes, indexing="ij"), -1) + at
    for axis in range(3):
        q = np.moveaxis(p, axis, 0)
        first, last = q[0].reshape(-1, 3), q[-1].reshape(-1, 3)
        pile.bars(m, first, last, r, 7)
    a, b = p[:-1, :-1].reshape(-1, 3), p[1:, 1:].reshape(-1, 3)
    keep = rng.random(len(a)) < brace
    if keep.any():
        pile.bars(m, a[keep], b[keep], r * 0.7, 6)
    if plank:
        for y in axes[1][1:]:
            if rng.random() < 0.8:
                pile.boxes(plank, np.array(at) + [0, y + r * 2, 0], (axes[0][-1], r * 0.8, axes[2][-1] * 0.9))


def scaffold(rng):
    """Frames of bars before a wall, the sky or blocks; the camera outside or within."""
    r, cell = spread(rng, 0.015, 0.1), rng.uniform(0.6, 2.6, 3)
    counts = rng.integers(1, 7, 3)
    counts[2] = min(counts[2], 3)
    reach = counts * cell
    eye = np.array(
        [rng.normal() * reach[0] * 0.4, rng.uniform(0.4, max(reach[1], 1)), -reach[2] / 2 - spread(rng, 0.7, 10)]
    )
    if rng.random() < 0.25:
        eye[2] = 0.37 * cell[2]
    shot = looking(
        rng, eye, [rng.normal() * reach[0] * 0.2, rng.uniform(0.2, 1.1) * reach[1], 0.5], rng.uniform(0.5, 1.4), 0.08
    )
    scene = light(rng, shot, 5, inside=rng.random() < 0.3)
    pile = Pile(eye)
    turn = turned(rng.normal() * 0.7)
    pile.put((0, 0, 0), turn if eye[2] < -2 else None)
    cage(
        rng,
        pile,
        finish(rng, pick(rng, METAL, WOOD, DARK, None)),
        counts,
        cell,
        r,
        plank=pick(rng, None, wood(rng)),
        brace=rng.uniform(0, 0.5),
    )
    back, k = reach[2] / 2 + spread(rng, 0.1, 4), rng.random()
    if k < 0.35:
        pile.put((0, 0, back), turn if eye[2] < -2 else None)
        front(rng, pile, reach[0] + rng.uniform(4, 20), max(reach[1] * rng.uniform(0.8, 1.6), 4), style(rng))
    elif k < 0.75:
        pile.put()
        cells = cut_up(rng, (-20, back, 20, back + 30), 40)
        blocks_on(rng, pile, cells, heights(rng, cells[:, :2], 20, rng.uniform(1, 10)), palette(rng, 4))
    pile.put().boxes(finish(rng, pick(rng, GREY, GRASS, SAND, None)), (0, -0.1, 0), (90, 0.1, 90))
    pile.pour(scene)
    return scene


def fence(rng):
    """A fence, a railing, a grille or a net close by, and blocks, crates or cars behind it."""
    away, view = spread(rng, 0.4, 4), rng.uniform(0.5, 1.3)
    tall, yaw = rng.uniform(0.8, 2.6), rng.normal() * 0.6
    eye = np.array([0, rng.uniform(0.4, 2.2), -away])
    shot = looking(rng, eye, [0, eye[1] + rng.normal() * 0.15 - 0.15, 3], view)
    scene = light(rng, shot, 5, inside=rng.random() < 0.2)
    scene.defocus = 0.4
    pile, m, gap = Pile(eye), finish(rng, pick(rng, METAL, WOOD, WHITE, DARK, None)), spread(rng, 0.06, 0.3)
    pile.put((0, 0, 0), turned(yaw))
    x, k, r = np.arange(-8, 8, gap), rng.integers(5), gap * rng.uniform(0.05, 0.3)
    low = np.column_stack([x, np.zeros_like(x), np.zeros_like(x)])
    if k == 0:
        pile.boxes(m, low + [0, tall / 2, 0], (r, tall / 2, 0.01), top=(pick(rng, 1, 0.1), 1))
    elif k == 4:
        for way in (-1, 1):
            pile.bars(m, low - [way * tall / 2, 0, 0], low + [way * tall / 2, tall, 0], min(r * 0.3, 0.01), 4)
    elif k == 1:
        for y in np.arange(0.2, tall, gap * 1.5):
            pile.boxes(m, (0, y, 0), (8, r * 1.5, 0.012))
    else:
        pile.bars(m, low, low + [0, tall, 0], r * 0.6, 8)
        if rng.random() < 0.4:
            for x_, y, _ in low[np.abs(low[:, 0]) < 4] + [0, tall, 0]:
                pile.add(ball(rows=5, columns=6), m, (x_, y, 0), scale=(r * 1.2, r * 2, r * 1.2))
    for y in (tall * 0.15, tall * 0.9):
        pile.boxes(m, (0, y, 0.02), (8, 0.03, 0.02))
    posts = np.arange(-8, 8, rng.uniform(1.5, 3))
    pile.boxes(
        m,
        np.column_stack([posts, np.full(len(posts), tall * 0.52), np.full(len(posts), 0.03)]),
        (0.05, tall * 0.52, 0.05),
    )
    pile.put()
    behind(rng, pile, 2.5 + abs(math.tan(yaw)) * 3)
    pile.boxes(finish(rng, pick(rng, GREY, GRASS, SAND, SNOW, None)), (0, -0.1, 0), (90, 0.1, 90))
    pile.pour(scene)
    return scene


def behind(rng, pile, z):
    """Fills the view from z on with blocks, crates, cars, houses or balls."""
    k = rng.random()
    if k < 0.3:
        cells = cut_up(rng, (-15, z, 15, z + 25), 60)
        blocks_on(rng, pile, cells, heights(rng, cells[:, :2], 15, rng.uniform(0.5, 6)), palette(rng, 4))
    elif k < 0.5:
        crates(rng, pile, 0, z + 1, int(rng.integers(4, 20)), rng.uniform(0.3, 1.2))
    elif k < 0.7:
        for i in range(rng.integers(1, 5)):
            car_body(rng, pile, rng.normal() * 3, z + 2 + 3 * i, rng.uniform(0, 6.3))
    elif k < 0.85:
        for i in range(rng.integers(1, 4)):
            house(
                rng,
                pile,
                rng.normal() * 9,
                z + 3 + 10 * i,
                rng.uniform(5, 14),
                rng.uniform(3, 9),
                8,
                rng.normal() * 0.4,
            )
    else:
        for _ in range(rng.integers(3, 12)):
            r = spread(rng, 0.15, 1.2)
            pile.add(ball(), finish(rng), (rng.normal() * 4, r, z + 1 + rng.exponential(3)), scale=r)


def crates(rng, pile, x, z, count, size):
    """Stacks of boxes, closed or of laths, somewhat turned."""
    for _ in range(count):
        cx, cz, y = x + rng.normal() * size * 4, z + rng.exponential(size * 3), 0.0
        m, half = pick(rng, wood(rng), finish(rng)), size * rng.uniform(0.3, 0.8, 3)
        for _ in range(rng.integers(1, 5)):
            turn = turned(rng.normal() * 0.4)
            if rng.random() < 0.4:
                count_ = int(rng.integers(3, 6))
                for v in np.linspace(-0.9, 0.9, count_):
                    c, up = np.array([cx, y + half[1], cz]), v * half[1]
                    for face in (-1, 1):
                        pile.boxes(
                            m, c + turn @ [0, up, face * half[2]], (half[0], half[1] / count_ * 0.7, 0.02 * size), turn
                        )
                        pile.boxes(
                            m, c + turn @ [face * half[0], up, 0], (0.02 * size, half[1] / count_ * 0.7, half[2]), turn
                        )
                pile.boxes(m, (cx, y + half[1] * 0.6, cz), half * [0.94, 0.58, 0.94], turn)
            else:
                pile.boxes(m, (cx, y + half[1], cz), half, turn)
                if rng.random() < 0.3:
                    pile.boxes(finish(rng), (cx, y + half[1], cz), half * [0.25, 1.01, 1.01], turn)
            y += 2 * half[1]
            half = half * rng.uniform(0.6, 1)


def logs(rng, pile, x, z, r, count, long, yaw, kind):
    """Round or square beams or hollow pipes, heaped in layers."""
    turn, m = turned(yaw), finish(rng, pick(rng, WOOD, METAL, STONE, None))
    way, across, ends = turn @ [0, 0, long], turn @ [1, 0, 0], finish(rng, WOOD)
    for layer in range(count):
        for i in range(count - layer):
            c = np.array([x, r + layer * r * 1.74, z]) + across * (2 * i - (count - layer - 1)) * r * 1.01
            shift = way * rng.normal() * 0.04
            if kind == 2:
                ring = np.array([[r * 0.8, -long], [r, -long], [r, long], [r * 0.8, long], [r * 0.8, -long]])
                pile.add(lathe(ring, columns=14, smooth=False), m, c + shift, turn @ turned(0, math.pi / 2))
            elif kind == 1:
                pile.boxes(m, c + shift, (r * 0.95, r * 0.85, long), turn)
            else:
                pile.bars(m, c - way + shift, c + way + shift, r * rng.uniform(0.85, 1), 12)
                pile.bars(ends, c - way * 1.002 + shift, c - way * 0.99 + shift, r * 0.8, 12)


def yard_of_things(rng):
    """Crates, stacks, piles of beams and pipes, barrels and containers near the camera."""
    eye = np.array([0, spread(rng, 0.4, 3), 0])
    near = spread(rng, 0.7, 4) * max(eye[1] * 0.7, 0.8)
    shot = looking(rng, eye, [0, rng.uniform(0, 1.2), near * 1.8], rng.uniform(0.5, 1.3), 0.08)
    scene = light(rng, shot, 5)
    pile, size = Pile(eye), near * rng.uniform(0.15, 0.4)
    crates(rng, pile, rng.normal() * near * 0.6, near * 1.4, int(rng.integers(4, 18)), size)
    for _ in range(rng.integers(0, 4)):
        logs(
            rng,
            pile,
            rng.normal() * near,
            near * rng.uniform(1.6, 3),
            size * rng.uniform(0.15, 0.5),
            int(rng.integers(2, 7)),
            size * rng.uniform(1, 2),
            rng.uniform(0, 6.3),
            int(rng.integers(3)),
        )
    for _ in range(rng.integers(0, 8)):
        r, m = size * rng.uniform(0.25, 0.5), finish(rng)
        x, z, h = rng.normal() * near, near * rng.uniform(1.2, 3), r * rng.uniform(2, 3)
        rings = [
            [r, 0],
            [r, 0.3 * h],
            [r * 1.04, 0.33 * h],
            [r, 0.36 * h],
            [r, 0.64 * h],
            [r * 1.04, 0.67 * h],
            [r, 0.7 * h],
            [r, h],
            [0.01, h],
        ]
        pile.add(lathe(rings, columns=20), m, (x, 0, z))
    if rng.random() < 0.6:
        back = near * 3 + spread(rng, 0.5, 15)
        pile.put((0, 0, back), turned(rng.normal() * 0.3))
        front(rng, pile, 60, rng.uniform(3, 14), style(rng))
    pile.put().boxes(finish(rng, pick(rng, GREY, SAND, None)), (0, -0.1, 0), (90, 0.1, 90))
    pile.pour(scene)
    return scene


KINDS = {
    "blocks_yard": (blocks_yard, 6),
    "block_field": (block_field, 6),
    "niches": (niches, 6),
    "facade_slant": (facade_slant, 6),
    "scaffold": (scaffold, 4),
    "fence": (fence, 4),
    "yard_of_things": (yard_of_things, 4),
}
