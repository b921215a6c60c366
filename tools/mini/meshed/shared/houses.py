"""Buildings and vehicles: fronts, roofs, houses, domes, towers, pagodas, lattices, rockets, cars."""

import math

import numpy as np

from loud import loudened
from meshed.mesh import Mesh, ball, grid_faces, lathe, sheet
from meshed.shared.pile import finish, lattice_grid, vault
from world import DARK, METAL, STONE, WHITE, material, pick, spread, turned

BRICK, PLASTER, ROOF = (0.5, 0.25, 0.18), (0.75, 0.68, 0.55), (0.45, 0.2, 0.14)
WALLS = (BRICK, PLASTER, STONE, WHITE, (0.8, 0.6, 0.35), (0.6, 0.45, 0.4), (0.35, 0.4, 0.45), None)


def style(rng):
    """Materials and measures that the fronts of one house share."""
    wall = finish(rng, pick(rng, *WALLS), spread(rng, 0.2, 2))
    trim = finish(rng, pick(rng, WHITE, STONE, DARK, PLASTER, None), mode=0.2) if rng.random() < 0.8 else wall
    glass = material(
        rng, pick(rng, DARK, (0.15, 0.2, 0.28), (0.5, 0.6, 0.7), (0.05, 0.05, 0.05)), amount=rng.random() * 0.5
    )
    glass.gloss = rng.random() * 0.9
    lit = material(rng, (0.95, 0.8, 0.5))
    lit.glow = rng.uniform(0.3, 1)
    s = {
        "wall": wall,
        "trim": trim,
        "glass": glass,
        "lit": lit,
        "roof": finish(rng, pick(rng, ROOF, DARK, (0.3, 0.4, 0.38), STONE)),
    }
    s |= {
        name: rng.random() for name in ("cornice", "frame", "bars", "balcony", "ornament", "shop", "pilaster", "arch")
    }
    s |= {
        "bay": rng.uniform(1.4, 4),
        "floor": rng.uniform(2.6, 4.2),
        "wide": rng.uniform(0.35, 0.75),
        "high": rng.uniform(0.45, 0.75),
    }
    return s | {"deep": spread(rng, 0.06, 0.5), "night": 0.0, "fine": 1.0}


def front(rng, pile, w, h, s, deep=6.0):
    """A house front from x = -w/2 to w/2 and y = 0 to h that faces -z, and the block behind it."""
    nx, ny = max(int(round(w / s["bay"])), 1), max(int(round(h / s["floor"])), 1)
    bx, by = w / nx, h / ny
    a, b, d = bx * s["wide"] / 2, by * s["high"] / 2, s["deep"]
    xs, ys = (np.arange(nx) + 0.5) * bx - w / 2, (np.arange(ny) + 0.55) * by
    pile.boxes(s["wall"], (0, h / 2, d + deep / 2), (w / 2, h / 2, deep / 2))
    piers = np.arange(nx + 1) * bx - w / 2
    thick = np.where((np.arange(nx + 1) % nx) == 0, bx / 4 - a / 2, bx / 2 - a)
    middle = np.clip(piers, -w / 2 + thick, w / 2 - thick)
    pile.boxes(
        s["wall"],
        np.column_stack([middle, np.full(nx + 1, h / 2), np.full(nx + 1, d / 2)]),
        np.column_stack([thick, np.full(nx + 1, h / 2), np.full(nx + 1, d / 2)]),
    )
    edges = np.concatenate([[0], np.stack([ys - b, ys + b], 1).ravel(), [h]])
    bands = np.column_stack([np.zeros(ny + 1), (edges[0::2] + edges[1::2]) / 2, np.full(ny + 1, d / 2)])
    tall = (edges[1::2] - edges[0::2]) / 2
    pile.boxes(
        s["wall"],
        bands,
        np.column_stack([np.full(ny + 1, w / 2), np.maximum(tall, 0.01), np.full(ny + 1, d / 2 - 0.002)]),
    )
    at = lattice_grid(xs, ys)
    n = len(at)
    lit = rng.random(n) < s["night"]
    for m, those in ((s["glass"], at[~lit]), (s["lit"], at[lit])):
        if len(those):
            pile.boxes(m, those + [0, 0, d * 0.93], (a, b, d * 0.06))
    if s["fine"] < 0.3:
        return at, a, b
    if s["frame"] < 0.6:
        r = 0.04 + 0.06 * s["frame"]
        for x, y, hx, hy in ((0, -b, a + 2 * r, r), (0, b, a + 2 * r, r * 1.4), (-a - r, 0, r, b), (a + r, 0, r, b)):
            pile.boxes(s["trim"], at + [x, y, -0.02], (hx, hy, 0.02 + 1.2 * r * (y != 0)))
    if s["bars"] < 0.7:
        for x in np.linspace(-a, a, 3 + int(s["bars"] * 4))[1:-1]:
            pile.boxes(s["trim"], at + [x, 0, d * 0.8], (0.03, b, 0.03))
        pile.boxes(s["trim"], at + [0, b * (0.4 - s["bars"] * 0.5), d * 0.8], (a, 0.03, 0.03))
    if s["cornice"] < 0.6:
        deep = 0.08 + 0.5 * s["cornice"] * rng.random()
        for y in [h] if s["cornice"] < 0.2 else [h, *((np.arange(ny) + 1) * by - 0.02)]:
            pile.boxes(s["trim"], (0, y, -deep / 2), (w / 2 + deep, 0.1, deep / 2 + 0.05))
        for k in range(3):
            pile.boxes(s["trim"], (0, h + 0.1 + 0.15 * k, 0), (w / 2 + deep + 0.1 * k, 0.08, deep + 0.12 * k))
        if s["cornice"] < 0.3:
            teeth = np.arange(-w / 2, w / 2, 0.5)
            pile.boxes(
                s["trim"],
                np.column_stack([teeth, np.full(len(teeth), h - 0.25), np.full(len(teeth), -0.1)]),
                (0.12, 0.14, 0.14),
            )
    if s["pilaster"] < 0.25:
        pile.boxes(
            s["trim"],
            np.column_stack([middle, np.full(nx + 1, h / 2), np.full(nx + 1, -0.06)]),
            np.column_stack([thick * 0.5, np.full(nx + 1, h / 2), np.full(nx + 1, 0.08)]),
        )
    if s["ornament"] < 0.4:
        kind = int(s["ornament"] * 12.5)
        if kind < 2:
            pile.boxes(s["trim"], at + [0, b + 0.3, -0.08], (a + 0.2, 0.16, 0.12), top=(0.02, 1))
        elif kind < 4:
            t = np.linspace(0, np.pi, 9)
            arc = [np.column_stack([np.cos(t) * r, np.sin(t) * r]) for r in (a, a + 0.18)]
            for x, y, _ in at:
                pile.add(vault(arc[0] + [x, y + b], arc[1] + [x, y + b], -0.12, 0.05), s["trim"])
        else:
            knob = ball(rows=6, columns=8)
            for x, y, _ in at[:60]:
                pile.add(knob, s["trim"], (x, y + b + 0.25, -0.05), scale=(0.16, 0.2, 0.14))
    if s["balcony"] < 0.35:
        balconies(rng, pile, at[rng.random(n) < rng.uniform(0.2, 1)], a, b, s)
    if s["shop"] < 0.3:
        awnings(rng, pile, xs, bx, by)
    return at, a, b


def balconies(rng, pile, at, a, b, s):
    """Slabs with railings before windows."""
    at = at[at[:, 1] > s["floor"]]
    if not len(at):
        return
    deep, wide, rail = rng.uniform(0.5, 1.4), a + rng.uniform(0.1, 0.4), rng.uniform(0.7, 1.1)
    low = at + [0, -b - 0.1, -deep / 2]
    pile.boxes(s["trim"], low, (wide, 0.08, deep / 2))
    m = finish(rng, pick(rng, DARK, METAL, WHITE, None), mode=0.2)
    if rng.random() < 0.3:
        pile.boxes(m, low + [0, rail / 2, -deep / 2], (wide, rail / 2, 0.03))
    else:
        for x in np.linspace(-wide, wide, rng.integers(4, 12)):
            pile.boxes(m, low + [x, rail / 2, -deep / 2], (0.02, rail / 2, 0.02))
    pile.boxes(m, low + [0, rail, -deep / 2], (wide, 0.04, 0.04))
    for x in (-wide, wide):
        pile.boxes(m, low + [x, rail, 0], (0.03, 0.04, deep / 2))
        pile.boxes(m, low + [x, rail / 2, 0], (0.02, 0.03, deep / 2))


def awnings(rng, pile, xs, bx, by):
    """Slanting cloths over the windows of the ground floor."""
    m, deep, drop = loudened(rng, material(rng)), rng.uniform(0.6, 1.6), rng.uniform(0.2, 0.7)
    for x in xs:
        if rng.random() < 0.7:
            v, u = np.meshgrid(np.linspace(0, 1, 2), np.linspace(-0.45, 0.45, 4) * bx, indexing="ij")
            for y in (0, -0.03):
                pile.add(sheet(np.stack([x + u, by - drop * v + y, -deep * v], -1), smooth=False), m)


def gable(pile, w, h, d, rise, m, wall, over=0.4, hip=1.0):
    """A roof over a block w wide and d deep whose front is at z = 0; its ridge runs along x."""
    pile.boxes(wall, (0, h + rise / 2, d / 2), (w / 2, rise / 2, d / 2 - 0.02), top=(hip, 0.0))
    slope = math.atan2(rise, d / 2)
    if hip == 1.0:
        for side in (-1, 1):
            long = math.hypot(rise, d / 2) + over
            turn = turned(0, side * slope)
            low = np.array([0, h + rise / 2, d / 2]) + [
                0,
                -math.sin(slope) * over / 2 + 0.06,
                side * (d / 4 + math.cos(slope) * over / 2),
            ]
            pile.boxes(m, low, (w / 2 + over * 0.7, 0.07, long / 2), turn)
    else:
        pile.boxes(m, (0, h + rise / 2 + 0.05, d / 2), (w / 2 + over, rise / 2, d / 2 + over), top=(hip, 0.0))


def roof(rng, pile, w, h, d, s):
    """A roof of some kind with what stands on it."""
    k, m, rise = rng.random(), s["roof"], rng.uniform(0.3, 0.9) * min(w, d) / 2
    if k < 0.35:
        gable(pile, w, h, d, rise, m, s["wall"])
    elif k < 0.5:
        gable(pile, w, h, d, rise, m, m, hip=rng.uniform(0, 0.7))
    elif k < 0.65:
        pile.boxes(m, (0, h + rise / 2, d / 2), (w / 2 + 0.2, rise / 2, d / 2 + 0.2), top=(0.85, 0.7))
        x = np.arange(-w / 2 + 1.5, w / 2 - 1, 3.0)
        dormer = np.column_stack([x, np.full(len(x), h + 0.7), np.full(len(x), 0.6)])
        pile.boxes(s["wall"], dormer, (0.6, 0.6, 0.7))
        pile.boxes(m, dormer + [0, 0.8, 0], (0.75, 0.25, 0.8), top=(0.05, 1))
        pile.boxes(s["glass"], dormer + [0, 0, -0.69], (0.4, 0.4, 0.03))
    else:
        for x, hx, z, hz in (
            (0, w / 2, 0.1, 0.1),
            (0, w / 2, d - 0.1, 0.1),
            (-w / 2 + 0.1, 0.1, d / 2, d / 2),
            (w / 2 - 0.1, 0.1, d / 2, d / 2),
        ):
            pile.boxes(s["wall"], (x, h + 0.4, z), (hx, 0.4, hz))
        count = int(rng.integers(0, 6))
        if count:
            half = rng.uniform(0.4, 1.5, (count, 3))
            at = np.column_stack([rng.uniform(-0.4, 0.4, count) * w, h + half[:, 1], rng.uniform(0.2, 0.8, count) * d])
            pile.boxes(finish(rng), at, half)
    count = int(rng.integers(0, 5))
    if count and k < 0.65:
        at = np.column_stack(
            [
                rng.uniform(-0.45, 0.45, count) * w,
                np.full(count, h + rise * 0.8),
                d / 2 + rng.normal(size=count) * 0.1 * d,
            ]
        )
        pile.boxes(finish(rng, BRICK), at, (0.35, rise * 0.5 + 0.4, 0.35))


def house(rng, pile, x, z, w, h, d, yaw=0.0, y=0.0, s=None, sides=2):
    """A house with windows at its front, perhaps at its sides and back, and a roof; x, z is the middle of its front."""
    s, turn, at, was = s or style(rng), turned(yaw), pile.at, pile.turn
    base = at + was @ np.array([x, y, z])
    pile.put(base, was @ turn)
    front(rng, pile, w, h, s, d - s["deep"])
    roof(rng, pile, w, h, d, s)
    if sides > 0:
        for side in (-1, 1):
            pile.put(base + was @ turn @ np.array([side * w / 2, 0, d / 2]), was @ turn @ turned(-side * math.pi / 2))
            front(rng, pile, d, h, s | {"shop": 1.0, "balcony": s["balcony"] + 0.15}, 0.3)
    pile.put(at, was)
    return s


def dome(rng, r, tall, kind=None):
    """The profile of a dome, an onion or a spire."""
    k = rng.random() if kind is None else kind
    t = np.linspace(0, 1, 14)
    if k < 0.45:
        return np.column_stack([r * np.sqrt(1 - t**2), tall * t])
    if k < 0.7:
        wide = np.interp(t, [0, 0.1, 0.3, 0.5, 0.7, 0.85, 1], [0.75, 0.95, 1.12, 0.9, 0.4, 0.12, 0.01])
        return np.column_stack([r * wide, tall * 1.3 * t])
    return np.column_stack([r * (1 - t) ** rng.uniform(0.8, 1.5), tall * rng.uniform(1.5, 3.5) * t])


def tower(rng, pile, x, z, r, h, s, y=0.0, square=None):
    """A tower with windows and ledges, with a dome, a spire or battlements above."""
    square = rng.random() < 0.5 if square is None else square
    wall, trim = s["wall"], s["trim"]
    top = y + h
    if square:
        pile.boxes(wall, (x, y + h / 2, z), (r, h / 2, r))
    else:
        pile.add(lathe([[r * 1.1, 0], [r, h * 0.1], [r, h]], smooth=True, columns=24), wall, (x, y, z))
    for t in np.linspace(0.3, 1, rng.integers(1, 6)):
        if square:
            pile.boxes(trim, (x, y + h * t, z), (r * 1.1, 0.04 * r + 0.05, r * 1.1))
        else:
            pile.add(
                lathe([[r, -0.1], [r * 1.12, -0.05], [r * 1.12, 0.1 + 0.05 * r], [r, 0.15 + 0.05 * r]], columns=24),
                trim,
                (x, y + h * t, z),
            )
    turns = np.arange(4 if square else 8) * 2 * math.pi / (4 if square else 8)
    for level in np.linspace(0.2, 0.9, rng.integers(2, 5)):
        for a in turns:
            at = (x + math.sin(a) * r * 0.99, y + h * level, z + math.cos(a) * r * 0.99)
            pile.boxes(s["glass"], at, (r * 0.16, r * 0.4, 0.06 * r), turned(a))
    k = rng.random()
    if k < 0.25:
        a = np.arange(12) * 2 * math.pi / 12
        ring = np.column_stack([x + np.cos(a) * r, np.full(12, top + r * 0.15), z + np.sin(a) * r])
        pile.boxes(wall, ring, (r * 0.16, r * 0.18, r * 0.12), np.array([turned(-b + math.pi / 2) for b in a]))
    elif k < 0.5 and square:
        rise = r * rng.uniform(0.8, 4)
        pile.boxes(s["roof"], (x, top + rise / 2, z), (r * 1.2, rise / 2, r * 1.2), top=(0, 0))
    else:
        if rng.random() < 0.5:
            pile.add(
                lathe([[r * 0.8, 0], [r * 0.8, r * 0.7], [r * 0.95, r * 0.8]], columns=24, smooth=False),
                wall,
                (x, top, z),
            )
            top += r * 0.7
        profile = dome(rng, r * rng.uniform(0.9, 1.15), r * rng.uniform(0.8, 1.3))
        pile.add(lathe(profile, columns=int(pick(rng, 8, 24)), smooth=rng.random() < 0.8), s["roof"], (x, top, z))
        top += profile[-1, 1]
        pile.bars(trim, (x, top - 0.05 * r, z), (x, top + r * rng.uniform(0.3, 1), z), 0.04 * r)
        pile.add(ball(rows=7, columns=10), trim, (x, top + 0.1 * r, z), scale=0.1 * r)


def curved_roof(r, inner, rise, lift, depth=None):
    """A roof of East Asia: square, hollow towards its top, with corners that bend up."""
    depth, n = depth or r, 12
    u = np.linspace(-1, 1, n, endpoint=False)
    ring = np.concatenate(
        [
            np.column_stack([u, -np.ones(n)]),
            np.column_stack([np.ones(n), u]),
            np.column_stack([-u, np.ones(n)]),
            np.column_stack([-np.ones(n), -u]),
        ]
    )
    t = np.linspace(0, 1, 9)[:, None]
    corner = np.minimum(np.abs(ring).min(1), 1) ** 3
    size = 1 + (inner - 1) * t
    y = rise * t**1.6 + lift * corner[None] * (1 - t) ** 2
    out = 1 + 0.08 * corner[None] * (1 - t)
    over = np.stack([ring[None, :, 0] * size * out * r, y, ring[None, :, 1] * size * out * depth], -1)
    under = over[0][None] * np.linspace(1, 0.3, 4)[:, None, None] * [1, 1, 1]
    under[..., 1] = over[0][None, :, 1] * np.linspace(1, 0, 4)[:, None] - 0.05 * rise
    points = np.concatenate([under[::-1], over])
    return Mesh(points.reshape(-1, 3), grid_faces(len(points), 4 * n, True), smooth=False)


def pagoda(rng, pile, x, z, r, tall, s, y=0.0, levels=None):
    """Storeys that grow smaller, each with its curved roof; a long hall if there is but one."""
    levels = levels or int(rng.integers(1, 8))
    long = rng.uniform(1, 2.2) if levels < 3 else 1.0
    h, shrink, round_ = tall / levels, rng.uniform(0.4, 0.9), r
    pile.boxes(finish(rng, STONE), (x, y - 0.2, z), (r * 1.5 * long, 0.6, r * 1.5))
    for i in range(levels):
        r = round_ * (1 - (1 - shrink) * i / max(levels, 2))
        base = y + i * h + 0.4
        pile.boxes(s["wall"], (x, base + h * 0.3, z), (r * long, h * 0.3, r))
        side = np.array([-0.62, 0, 0.62]) * r * long
        for face in (-1, 1):
            at = np.column_stack([x + side, np.full(3, base + h * 0.28), np.full(3, z + face * r)])
            pile.boxes(s["trim"], at, (0.19 * r * long, h * 0.22, 0.03 * r))
            pile.boxes(s["glass"], at, (0.16 * r * long, h * 0.19, 0.04 * r))
            for t in (-0.08, 0, 0.08):
                pile.boxes(s["trim"], at + [t * r * long, 0, 0], (0.008 * r * long, h * 0.19, 0.05 * r))
            pile.boxes(s["trim"], (x, base + h * 0.1, z + face * r * 1.25), (r * 1.25 * long, 0.03 * r, 0.03 * r))
        wide, last = r * rng.uniform(1.45, 1.8), i == levels - 1
        m = curved_roof(
            wide * long, 0.08 if last else 0.55, h * (0.75 if last else 0.45), h * rng.uniform(0.1, 0.3), wide
        )
        pile.add(m, s["roof"], (x, base + h * 0.56, z))
    top = y + levels * h + 0.2 * h
    pile.add(
        lathe([[0.12 * r, 0], [0.06 * r, 0.3 * h], [0.12 * r, 0.4 * h], [0.03 * r, 0.5 * h], [0.01, h]], columns=12),
        s["trim"],
        (x, top, z),
    )


def lattice(rng, pile, x, z, wide, tall, m, levels=None, y=0.0, narrow=None, thick=None):
    """Four legs that lean together, with rings and crossings, each side in smaller fields below."""
    levels, narrow = levels or int(rng.integers(5, 16)), rng.uniform(0.03, 0.4) if narrow is None else narrow
    t = np.linspace(0, 1, levels + 1) ** rng.uniform(0.8, 1.1)
    half = wide * (narrow + (1 - narrow) * (1 - t) ** rng.uniform(1, 2.2))
    thick = wide * rng.uniform(0.015, 0.05) if thick is None else thick
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    at = np.stack([np.column_stack([x + sx * half, y + t * tall, z + sz * half]) for sx, sz in signs], 1)
    after = np.roll(at, -1, 1)
    fat = np.repeat(thick * (0.4 + 0.6 * half / wide), 4)
    pile.bars(m, at[:-1].reshape(-1, 3), at[1:].reshape(-1, 3), fat[:-4], 4)
    pile.bars(m, at.reshape(-1, 3), after.reshape(-1, 3), fat * 0.7, 4)
    pile.bars(m, at[:-1].reshape(-1, 3), after[1:].reshape(-1, 3), fat[:-4] * 0.5, 4)
    pile.bars(m, after[:-1].reshape(-1, 3), at[1:].reshape(-1, 3), fat[:-4] * 0.5, 4)
    middle, low = (at[:-1] + after[1:]) / 2, (at[:-1] + after[:-1]) / 2
    pile.bars(m, middle.reshape(-1, 3), low.reshape(-1, 3), fat[:-4] * 0.35, 4)
    for level in np.flatnonzero(rng.random(levels + 1) < 0.2):
        pile.boxes(m, (x, y + t[level] * tall, z), (half[level] * 1.15, wide * 0.03, half[level] * 1.15))
    return half


def rocket(rng, pile, x, z, r, tall, y=0.0):
    """A rocket on its engines, with fins or boosters; the height where its flame begins is returned."""
    body = [finish(rng, pick(rng, WHITE, METAL, DARK, (0.7, 0.35, 0.15)), mode=rng.uniform(0, 0.8)) for _ in range(3)]
    cut = np.sort(rng.uniform(0.2, 0.75, 2))
    for m, (a, b) in zip(body, ((0.04, cut[0]), (cut[0], cut[1]), (cut[1], 0.82)), strict=False):
        pile.add(lathe([[0.01, a * tall], [r, a * tall], [r, b * tall], [0.01, b * tall]], columns=24), m, (x, y, z))
    fat = rng.uniform(1, 1.5)
    nose = np.column_stack([r * fat * np.sqrt(np.linspace(1, 0.0001, 12)), tall * np.linspace(0.86, 1, 12)])
    pile.add(lathe(np.vstack([[[r, 0.8 * tall]], nose]), columns=24), pick(rng, *body), (x, y, z))
    pile.add(lathe([[r * 0.7, 0], [r * 0.4, 0.05 * tall]], columns=16), material(rng, DARK), (x, y, z))
    k, count = rng.random(), int(rng.integers(2, 5))
    for i in range(count):
        a = i * 2 * math.pi / count + 0.3
        way = np.array([math.cos(a), 0, math.sin(a)])
        if k < 0.5:
            top, q = tall * rng.uniform(0.35, 0.6), r * rng.uniform(0.45, 0.8)
            profile = [[q * 0.7, 0], [q, 0.03 * tall], [q, top], [q * 0.5, top + 2 * q], [0.01, top + 3 * q]]
            pile.add(lathe(profile, columns=16), body[0] if i else body[1], np.array([x, y, z]) + way * (r + q))
        else:
            pile.boxes(
                body[2],
                np.array([x, y + tall * 0.1, z]) + way * r * 1.3,
                (r * 0.9, tall * 0.08, 0.06 * r),
                turned(-a),
                top=(0.3, 1),
            )
    return y


def car_body(rng, pile, x, z, yaw=0.0, y=0.0):
    """A car, its side a bent line, with windows and wheels."""
    m, glass, tyre = finish(rng, mode=rng.uniform(0, 0.6)), material(rng, DARK, amount=0.2), material(rng, DARK)
    m.gloss = glass.gloss = 0.7
    long, at, was = rng.uniform(1.8, 2.6), pile.at, pile.turn
    pile.put(at + was @ np.array([x, y, z]), was @ turned(yaw))
    hood, cab, roof_at = rng.uniform(0.75, 1.0), rng.uniform(0.4, 0.8), rng.uniform(1.35, 1.9)
    low = np.array([[-long, 0.3], [-long * cab, 0.28], [long * 0.3, 0.28], [long * 0.6, 0.28], [long, 0.35]])
    pile.add(
        vault(
            low,
            [
                [-long * 0.98, hood * 0.95],
                [-long * cab, hood + 0.05],
                [long * 0.3, hood + 0.05],
                [long * 0.6, hood],
                [long * 0.97, hood * 0.75],
            ],
            -0.88,
            0.88,
        ),
        m,
    )
    up = [
        [-long * cab * 0.8, roof_at - 0.06],
        [-long * cab * 0.4, roof_at],
        [long * 0.1, roof_at],
        [long * 0.2, roof_at - 0.04],
    ]
    sill = [[-long * cab, hood], [-long * cab * 0.5, hood], [long * 0.2, hood], [long * 0.5, hood]]
    pile.add(vault(sill, up, -0.76, 0.76), glass)
    pile.boxes(m, (-long * cab * 0.15, roof_at, 0), (long * 0.3, 0.04, 0.74))
    pile.boxes(
        m,
        [[-long * cab * 0.3, (hood + roof_at) / 2, side] for side in (-0.76, 0.76)],
        (0.06, (roof_at - hood) / 2, 0.02),
    )
    wheels = np.array([[fx * long * 0.62, 0.33, side] for fx in (-1, 1) for side in (-0.8, 0.8)])
    pile.bars(tyre, wheels - [0, 0, 0.12], wheels + [0, 0, 0.12], 0.33, 14)
    pile.bars(material(rng, METAL), wheels - [0, 0, 0.13], wheels + [0, 0, 0.13], 0.18, 10)
    pile.put(at, was)
