"""Kinds of scenes of plain structures: tunnels, arches, seats, stalls, containers, parked cars."""

import math

import numpy as np

from meshed.land.plants import Relief
from meshed.mesh import ball, lathe, sheet, sweep
from meshed.shared.houses import car_body, front, style
from meshed.shared.pile import Pile, finish, looking, palette, vault, wood
from world import DARK, GRASS, METAL, SAND, STONE, WHITE, WOOD, indoors, outdoors, pick, spread, turned

GREY = (0.5, 0.5, 0.5)


def light(rng, shot, size=3.0, inside=None):
    """A scene under the sky or within a closed room, with lamps near."""
    inside = rng.random() < 0.5 if inside is None else inside
    scene = indoors(rng, shot) if inside else outdoors(rng, shot)
    if inside:
        for _ in range(rng.integers(1, 4)):
            scene.lamp(rng, shot.position + rng.normal(size=3) * size * 0.4 + [0, size * 0.3, 0], size)
    return scene


def shell(rng, pile, low, high, m=None):
    """The inside of a room: floor, ceiling and four walls as thick boxes."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    c, h, wall = (low + high) / 2, (high - low) / 2, m or finish(rng)
    for axis, surface in ((0, wall), (1, None), (2, wall)):
        for side in (-1, 1):
            at, half = c.copy(), h + 0.1
            at[axis], half[axis] = c[axis] + side * (h[axis] + 0.1), 0.1
            pile.boxes(surface or finish(rng, pick(rng, GREY, WOOD, WHITE, None)), at, half)


def section(rng, wide, tall):
    """The outline of a tunnel from one foot over the top to the other, [n, 2]."""
    k, t = rng.integers(5), np.linspace(0, math.pi, 24)
    if k == 0:
        return np.column_stack([np.cos(t) * wide, tall * 0.4 + np.sin(t) * tall * 0.6]), True
    if k == 1:
        t = np.linspace(-0.5, math.pi + 0.5, 30)
        return np.column_stack([np.cos(t) * wide, tall * 0.4 + np.sin(t) * tall * 0.55]), True
    if k == 2:
        return np.array([[wide, 0], [wide, tall], [-wide, tall], [-wide, 0]]), False
    if k == 3:
        return np.array(
            [
                [wide, 0],
                [wide * 1.05, tall * 0.6],
                [wide * 0.6, tall],
                [-wide * 0.6, tall],
                [-wide * 1.05, tall * 0.6],
                [-wide, 0],
            ]
        ), False
    half = np.column_stack(
        [wide * np.cos(t[:12] / t[11] * 1.4) ** 0.8, tall * (0.35 + 0.65 * np.sin(t[:12] / t[11] * math.pi / 2))]
    )
    return np.concatenate([half, half[::-1] * [-1, 1]]), True


def tunnel(rng):
    """Within a tunnel, a vault or a great pipe that bends, with ribs, cables, lamps and things on the ground."""
    wide, tall = spread(rng, 0.8, 6), spread(rng, 2, 7)
    eye = np.array([rng.uniform(-0.5, 0.5) * wide, min(rng.uniform(0.5, 1.9), tall * 0.7), 0])
    shot = looking(rng, eye, [rng.normal() * wide * 0.3, eye[1] + rng.normal() * 0.3, 6], rng.uniform(0.6, 1.5), 0.08)
    scene = light(rng, shot, 4, inside=rng.random() < 0.7)
    outline, smooth = section(rng, wide, tall)
    long, bend = rng.uniform(15, 60), rng.normal() * 0.012 * (rng.random() < 0.6)
    z, rise = np.linspace(-3, long, 40), rng.normal() * 0.04

    def along(profile, z):
        x = profile[None, :, 0] + (bend * np.maximum(z, 0) ** 2)[:, None]
        y = profile[None, :, 1] + (rise * np.maximum(z, 0))[:, None]
        return np.stack([x, y, np.broadcast_to(z[:, None], x.shape)], -1)

    pile, m = Pile(eye), finish(rng, pick(rng, GREY, STONE, WHITE, None))
    pile.add(sheet(along(outline, z), smooth=smooth), m)
    floor = np.linspace(-1.1, 1.1, 8)[:, None] * [wide, 0] + [0, 0.002]
    pile.add(sheet(along(floor, z)), finish(rng, pick(rng, GREY, SAND, None)))
    step, deep, rib = spread(rng, 0.8, 6), rng.uniform(0.03, 0.25), finish(rng, pick(rng, GREY, METAL, None))
    if rng.random() < 0.6:
        inner = outline * [1 - deep / wide, 1 - deep / tall]
        for q in np.arange(1.0, long, step):
            shift = [bend * q * q, rise * q]
            pile.add(vault(inner + shift, outline + shift, q, q + deep * rng.uniform(0.8, 1.5)), rib)
    for _ in range(rng.integers(0, 7)):
        i, r = rng.integers(len(outline)), rng.uniform(0.01, 0.08)
        path = along(outline[i : i + 1] * (1 - 2 * r / wide), np.linspace(-1, long, 24))[:, 0]
        pile.add(sweep(path, r, columns=8), finish(rng, pick(rng, METAL, DARK, None)))
    for _ in range(rng.integers(0, 6)):
        q = spread(rng, 2, 14)
        pile.boxes(
            finish(rng),
            (bend * q * q + rng.uniform(-0.6, 0.6) * wide, rise * q + 0.25, q),
            rng.uniform(0.1, 0.35, 3),
            turned(rng.uniform(0, 6)),
        )
    for q in np.arange(2, 16, rng.uniform(3, 7)):
        scene.lamp(rng, (bend * q * q, rise * q + tall * 0.8, q), 2.5)
    if rng.random() < 0.5:
        pile.boxes(finish(rng), (bend * long**2, rise * long + tall / 2, long), (wide * 3, tall, 0.2))
    pile.boxes(finish(rng, GRASS), (0, -8, long + 40), (200, 0.2, 80))
    pile.pour(scene)
    return scene


def arch_bridge(rng):
    """One to three great arches over a road or a valley, from below, before or aside."""
    span, rise = spread(rng, 3, 25), rng.uniform(0.25, 1.0)
    count, deep = int(rng.integers(1, 4)), rng.uniform(0.2, 1.2)
    feet = rng.uniform(0, 0.6) * span
    pier, top = span * rng.uniform(0.1, 0.3), feet + span * rise * 0.5 + span * rng.uniform(0.06, 0.25)
    a = rng.uniform(-1, 1)
    away = span * spread(rng, 0.35, 2.2)
    eye = np.array([math.sin(a) * away, spread(rng, 0.5, 2 + feet), -math.cos(a) * away])
    shot = looking(rng, eye, [rng.normal() * span * 0.2, top * rng.uniform(0.3, 0.8), 0], rng.uniform(0.5, 1.4))
    scene = light(rng, shot, span, inside=rng.random() < 0.1)
    pile, m = Pile(eye), finish(rng, pick(rng, STONE, GREY, (0.5, 0.3, 0.2), None), spread(rng, 0.2, 2))
    t, sharp = np.linspace(math.pi, 0, 25), rng.random() < 0.2
    curve = 1 - np.abs(np.cos(t)) ** 1.3 if sharp else np.sin(t)
    for i in range(count):
        x = (i - (count - 1) / 2) * (span + pier)
        low = np.column_stack([x + np.cos(t) * span / 2, feet + curve * span * rise / 2])
        pile.add(vault(low, np.column_stack([low[:, 0], np.full(25, top)]), 0, deep * span), m)
        if rng.random() < 0.5:
            pile.add(vault(low, low + [0, span * 0.05], -0.03 * span, 0), finish(rng, STONE))
    for i in range(count + 1):
        x, half = (i - count / 2) * (span + pier), pier / 2
        if i in (0, count):
            half, x = span * 0.6, x + (span * 0.6 - pier / 2) * (1 if i else -1)
        pile.boxes(m, (x, top / 2 - 1, deep * span / 2), (half, top / 2 + 1, deep * span / 2))
    rail = rng.uniform(0.4, 1.1)
    for z in (0, deep * span):
        pile.boxes(m, (0, top + rail / 2, z), (span * 3, rail / 2, 0.12))
    ground = Relief(rng, span, rng.uniform(0, 1))
    x, z = np.meshgrid(np.linspace(-1, 1, 60) * span * 6, np.linspace(-3, 12, 60) * span, indexing="ij")
    pile.add(
        sheet(np.stack([x, np.minimum(ground(x, z) - 0.4, eye[1] - 0.4), z], -1)),
        finish(rng, pick(rng, GRASS, GREY, SAND)),
    )
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 5)):
            pile.put((rng.normal() * span, 0, deep * span + spread(rng, 0.3, 4) * span), turned(rng.normal() * 0.6))
            front(rng, pile, span * rng.uniform(0.5, 2), top * rng.uniform(0.5, 2), style(rng))
    pile.pour(scene)
    return scene


def seats(rng):
    """Rows of seats on a slope, straight or in a bow, from behind, from the side or from below."""
    pitch, seat, rise = rng.uniform(0.75, 1.1), rng.uniform(0.45, 0.62), rng.uniform(0, 0.3)
    rows, columns, bow = int(rng.integers(3, 11)), int(rng.integers(5, 18)), rng.uniform(0, 0.03) * (rng.random() < 0.5)
    facing = pick(rng, -1, 1)
    eye = np.array([rng.normal() * columns * seat * 0.3, rng.uniform(1.0, 2.4), -spread(rng, 0.8, 5)])
    shot = looking(rng, eye, [rng.normal() * 0.6, rows * rise * 0.4 + 0.5, rows * pitch * 0.4], rng.uniform(0.5, 1.3))
    scene = light(rng, shot, 6, inside=rng.random() < 0.7)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(rows), np.arange(columns) - (columns - 1) / 2, indexing="ij"))
    at = np.column_stack([j * seat, i * pitch * rise, i * pitch + bow * (j * seat) ** 2])
    at = at[rng.random(len(at)) < rng.uniform(0.75, 1)]
    pile, m, leg = Pile(eye), palette(rng, 3), finish(rng, pick(rng, METAL, DARK, WOOD))
    which = rng.integers(3, size=len(at)) if rng.random() < 0.3 else np.zeros(len(at), int)
    tilt, flap = turned(0, facing * rng.uniform(0.05, 0.3)), rng.random(len(at)) < pick(rng, 0, 0.5, 1)
    back, thick = rng.uniform(0.2, 0.38), rng.uniform(0.02, 0.07)
    for k in range(3):
        mine = at[which == k]
        if not len(mine):
            continue
        pile.boxes(m[k], mine + [0, 0.45 + back + 0.08, facing * 0.24], (seat * 0.45, back, thick), tilt)
        up = flap[which == k]
        pile.boxes(m[k], mine[~up] + [0, 0.43, 0], (seat * 0.45, thick, 0.22)) if (~up).any() else None
        pile.boxes(m[k], mine[up] + [0, 0.6, facing * 0.15], (seat * 0.45, 0.2, thick)) if up.any() else None
    for side in (-1, 1):
        pile.boxes(leg, at + [side * seat * 0.47, 0.3, facing * 0.1], (0.02, 0.3, 0.2))
    z, x = np.meshgrid(np.linspace(-6, rows * pitch + 1, 30), np.linspace(-1, 1, 20) * columns * seat, indexing="ij")
    pile.add(sheet(np.stack([x, np.maximum(z, 0) * rise, z], -1)), finish(rng))
    shell(
        rng, pile, (-columns * seat, -0.02, -7), (columns * seat, rows * rise + rng.uniform(3, 8), rows * pitch + 1.5)
    )
    pile.pour(scene)
    return scene


def market(rng):
    """Stalls: cloths on posts over tables with goods, and barrels."""
    eye = np.array([0, rng.uniform(0.9, 2.2), -1.0])
    shot = looking(rng, eye, [rng.normal(), 1.0 + rng.normal() * 0.25, 4], rng.uniform(0.6, 1.3))
    scene = light(rng, shot, 5, inside=rng.random() < 0.2)
    pile, knob = Pile(eye), ball(rows=7, columns=10)
    for _ in range(rng.integers(3, 7)):
        w, d, h = rng.uniform(0.8, 2), rng.uniform(0.6, 1.2), rng.uniform(2, 2.8)
        z = spread(rng, 1.3, 10)
        pile.put((rng.normal() * 0.4 * z + pick(rng, -1, 1) * 0.8, 0, z), turned(rng.normal() * 0.7))
        post = finish(rng, pick(rng, WOOD, METAL))
        feet = np.array([[sx * w, 0, sz * d] for sx in (-1, 1) for sz in (-1, 1)])
        pile.bars(post, feet, feet + [0, h, 0], 0.03, 7)
        u, v = np.meshgrid(np.linspace(-1.1, 1.1, 12), np.linspace(-1.4, 1.1, 8), indexing="ij")
        y = h + 0.3 * (v if rng.random() < 0.6 else 0.8 - np.abs(v) * 1.5) - 0.08 * np.cos(u * 4) * (np.abs(v) < 1)
        pile.add(sheet(np.stack([u * w, y, v * d], -1)), finish(rng, mode=0.9))
        pile.boxes(finish(rng, pick(rng, WOOD, None)), (0, 0.4, 0), (w * 0.95, 0.4, d * 0.6))
        for x in np.arange(-w * 0.85, w * 0.85, 0.35):
            m, r, n = finish(rng), rng.uniform(0.03, 0.09), int(rng.integers(2, 12))
            pile.boxes(wood(rng), (x, 0.86, -d * 0.1), (0.15, 0.06, d * 0.4))
            for _ in range(n):
                p = (x + rng.uniform(-0.1, 0.1), 0.92 + r * 0.6, rng.uniform(-0.5, 0.3) * d)
                pile.add(knob, m, p, scale=r) if r > 0.045 else pile.boxes(
                    m, p, (r, r, r * 1.5), turned(rng.uniform(0, 6))
                )
    pile.put()
    for _ in range(rng.integers(0, 7)):
        r, p = rng.uniform(0.15, 0.35), (rng.normal() * 2, 0, spread(rng, 1.5, 8))
        pile.add(
            lathe([[r * 0.8, 0], [r, r], [r * 0.8, 2 * r], [r * 0.5, 2.1 * r], [0.01, 2 * r]], columns=14),
            finish(rng),
            p,
        )
    if rng.random() < 0.7:
        pile.put((0, 0, rng.uniform(9, 20)), turned(rng.normal() * 0.4))
        front(rng, pile, 50, rng.uniform(4, 15), style(rng))
    pile.put().boxes(finish(rng, pick(rng, GREY, SAND)), (0, -0.1, 0), (80, 0.1, 80))
    pile.pour(scene)
    return scene


def containers(rng):
    """Great ribbed boxes in heaps at angles, from the ground or from above."""
    eye = np.array([0, spread(rng, 0.8, 16), -2.0])
    shot = looking(rng, eye, [rng.normal() * 2, rng.uniform(0, 4), 14], rng.uniform(0.5, 1.3))
    scene = light(rng, shot, 8, inside=False)
    pile, ms, a = Pile(eye), palette(rng, 6), rng.normal() * 0.5
    half = np.array([rng.uniform(2.5, 6), 1.3, 1.2])
    for _ in range(rng.integers(3, 14)):
        x, z, yaw = rng.normal() * 9, spread(rng, 4, 40), a + pick(rng, 0, math.pi / 2, rng.normal() * 0.2)
        for level in range(rng.integers(1, 4)):
            m = ms[rng.integers(6)]
            pile.put((x + rng.normal() * 0.1, 1.3 + level * 2.62, z), turned(yaw + rng.normal() * 0.02))
            pile.boxes(m, (0, 0, 0), half * [1, 0.99, 0.96])
            ribs = np.arange(-half[0], half[0], rng.uniform(0.25, 0.6))
            for side in (-1, 1):
                pile.boxes(
                    m,
                    np.column_stack([ribs, np.zeros(len(ribs)), np.full(len(ribs), side * half[2])]),
                    (0.08, half[1], 0.05),
                )
                pile.boxes(m, (side * half[0], 0, 0), (0.06, half[1], half[2]))
                bars_at = np.array([[side * (half[0] + 0.08), -1.1, t] for t in (-0.7, -0.25, 0.25, 0.7)])
                pile.bars(finish(rng, METAL, mode=0.1), bars_at, bars_at + [0, 2.2, 0], 0.03)
    pile.put()
    for _ in range(rng.integers(0, 3)):
        car_body(rng, pile, rng.normal() * 4, spread(rng, 5, 20), rng.uniform(0, 6.3))
    pile.boxes(finish(rng, GREY), (0, -0.1, 0), (150, 0.1, 150))
    pile.pour(scene)
    return scene


def parking(rng):
    """A low deck with beams and cars, open at its far side."""
    wide, long, tall = rng.uniform(5, 9), rng.uniform(12, 40), rng.uniform(2.3, 3.2)
    eye = np.array([rng.normal() * wide * 0.3, rng.uniform(0.8, 1.9), 0])
    shot = looking(rng, eye, [rng.normal() * 3, 1.0, 12], rng.uniform(0.7, 1.4))
    scene = light(rng, shot, 5, inside=True)
    pile, m = Pile(eye), finish(rng, GREY)
    for y in (-0.1, tall + 0.1):
        pile.boxes(m if y > 0 else finish(rng, GREY), (0, y, long / 2 - 5), (wide, 0.1, long / 2 + 6))
    for z in np.arange(2, long, rng.uniform(2.5, 6)):
        pile.boxes(m, (0, tall - 0.15, z), (wide, 0.2, 0.18))
    for x in (-wide, wide):
        pile.boxes(finish(rng), (x, tall * pick(rng, 0.2, 0.5), long / 2 - 5), (0.15, tall * 0.5, long / 2 + 6))
    if rng.random() < 0.5:
        pile.boxes(finish(rng), (0, tall / 2, long), (wide, tall / 2, 0.1))
    for side in (-1, 1):
        for z in np.arange(1, min(long - 3, 24), 2.7):
            if rng.random() < 0.6 and abs(side * wide * 0.68 - eye[0]) > 3.2:
                car_body(rng, pile, side * wide * 0.68, z, pick(rng, 0, math.pi) + rng.normal() * 0.05)
    for _ in range(rng.integers(0, 5)):
        r = rng.uniform(0.04, 0.2)
        x = rng.uniform(-1, 1) * wide
        pile.bars(finish(rng, METAL), (x, tall - 0.4 - r, -4), (x, tall - 0.4 - r, long), r, 10)
    for z in np.arange(2, 18, 5):
        scene.lamp(rng, (rng.normal() * 2, tall - 0.5, z), 3)
    pile.boxes(finish(rng, GRASS), (0, -5, 0), (200, 0.1, 200))
    pile.pour(scene)
    return scene


KINDS = {
    "tunnel": (tunnel, 4),
    "arch_bridge": (arch_bridge, 3),
    "seats": (seats, 3),
    "market": (market, 4),
    "containers": (containers, 3),
    "parking": (parking, 3),
}
