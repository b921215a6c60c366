"""Small things people make, as lists of meshes in metres that stand on y = 0 around the origin."""

import math

import numpy as np

from meshed.mesh import Mesh, ball, grid_faces, lathe, prism, sheet, smoothed_path, sweep
from meshed.objects.basics import (
    block,
    chrome,
    covered,
    curve,
    handle,
    hue,
    plain,
    print_of,
    rods,
    shifted,
    soft,
    waves,
    wooden,
)
from world import LEAF, WHITE, material, pick, spread, turned


def cup(rng):
    """A cup or mug, with its saucer and spoon or without, and what is in it."""
    r, tall = rng.uniform(0.03, 0.05), rng.uniform(0.05, 0.11)
    m = covered(rng, 0.1, 0.25) if rng.random() < 0.5 else plain(rng, WHITE, 0.5, 0.05)
    foot, lift = r * rng.uniform(0.5, 1), rng.uniform(0, 0.012)
    if rng.random() < 0.4:
        outer = [(1e-4, 0), (r, 0), (r, tall)]
    else:
        outer = curve([(1e-4, 0), (foot, 0.001), (r * rng.uniform(0.8, 1), tall * 0.35), (r, tall)], 14)
    inner = [(r * 0.92, tall), (r * 0.9, tall * 0.6), (foot * 0.8, tall * 0.1), (1e-4, tall * 0.08)]
    parts = [lathe(np.concatenate([outer, inner]), m, 36)]
    if rng.random() < 0.85:
        parts.append(handle(m, r * 0.95, tall * 0.25, tall * 0.8, r * rng.uniform(0.5, 0.9), r * 0.1))
    if rng.random() < 0.7:
        fill = tall * rng.uniform(0.5, 0.9)
        drink = plain(rng, pick(rng, (0.1, 0.05, 0.02), (0.45, 0.28, 0.15), (0.5, 0.2, 0.05), (0.7, 0.6, 0.5)), 0.5)
        parts.append(lathe([(1e-4, fill), (r * 0.9, fill)], drink, 30))
    parts = shifted(parts, (0, lift, 0))
    if rng.random() < 0.5:
        wide = r * rng.uniform(1.6, 2.1)
        parts = shifted(parts, (0, 0.006, 0))
        parts.append(dish(m, wide, 0.016))
        if rng.random() < 0.6:
            parts += shifted(
                cutlery(rng, "spoon", 0.12), (0, 0.013, r * 1.25), turned(rng.normal() * 0.3 + math.pi / 2)
            )
    return shifted(parts, turn=turned(rng.uniform(0, 6.3)))


def dish(m, wide, tall, flat=0.6):
    """A plate, saucer, tray or bowl from a radius and a height."""
    profile = [
        (1e-4, 0),
        (wide * flat * 0.9, 0),
        (wide * flat, tall * 0.12),
        (wide, tall),
        (wide * 0.985, tall * 1.02),
        (wide * flat * 0.96, tall * 0.3),
        (1e-4, tall * 0.25),
    ]
    return lathe(profile, m, 48)


def food(rng, wide, y):
    """Lumps, slices, fruit within a radius."""
    parts, m = [], plain(rng)
    kind = rng.integers(4)
    for _ in range(rng.integers(1, 9)):
        r, turn, away = wide * rng.uniform(0.1, 0.35), rng.uniform(0, 6.3), wide * 0.6 * math.sqrt(rng.random())
        at = (away * math.cos(turn), y, away * math.sin(turn))
        m = (
            plain(
                rng,
                pick(
                    rng, None, (0.7, 0.3, 0.08), (0.8, 0.65, 0.3), (0.3, 0.5, 0.1), (0.55, 0.1, 0.06), (0.4, 0.22, 0.1)
                ),
            )
            if rng.random() < 0.5
            else m
        )
        if kind == 0:
            parts.append(
                lathe(curve([(1e-4, 0), (r, r * 0.1), (r, r * 0.3), (1e-4, r * 0.4)], 10), m, 20).moved(
                    at, turned(turn, rng.normal() * 0.2)
                )
            )
        else:
            lump = ball(m, 12, 18)
            lump.points *= 1 + rng.uniform(0, 0.12) * waves(rng, lump.points, 0.8)[:, None]
            half = r * rng.uniform(0.6, 1.1, 3)
            parts.append(lump.moved((at[0], y + half[1] * 0.9, at[2]), turned(turn), half))
    return parts


def plate(rng):
    wide, tall = rng.uniform(0.07, 0.16), rng.uniform(0.01, 0.025)
    m = plain(rng, WHITE, 0.5, 0.05) if rng.random() < 0.5 else covered(rng, 0.15)
    return [dish(m, wide, tall, rng.uniform(0.5, 0.8))] + (
        food(rng, wide * 0.75, tall * 0.3) if rng.random() < 0.7 else []
    )


def bowl(rng):
    wide, tall = rng.uniform(0.05, 0.16), rng.uniform(0.04, 0.11)
    m, foot = covered(rng, 0.15, 0.35), wide * rng.uniform(0.3, 0.6)
    outer = curve([(1e-4, 0), (foot, 0.002), (wide * 0.85, tall * 0.5), (wide, tall)], 14)
    inner = curve([(wide * 0.97, tall), (wide * 0.81, tall * 0.52), (foot * 0.9, tall * 0.1), (1e-4, tall * 0.08)], 12)
    return [lathe(np.concatenate([outer, inner]), m, 40)] + (
        food(rng, wide * 0.7, tall * 0.45) if rng.random() < 0.6 else []
    )


def vase(rng):
    """A vase, jug, urn or jar, sometimes with handles, a lid, twigs or flowers."""
    tall, wide = rng.uniform(0.1, 0.4), rng.uniform(0.03, 0.12)
    heights = np.linspace(0, 1, rng.integers(4, 7))
    radii = wide * rng.uniform(0.45, 1.1, len(heights))
    outer = curve([(1e-4, 0), *zip(radii, heights * tall, strict=True)], 34)
    outer[0] = (1e-4, 0)
    outer[:, 1] = np.clip(outer[:, 1], 0, tall)
    neck = outer[-1, 0]
    m = covered(rng, 0.15, 0.4)
    parts = [
        lathe(np.concatenate([outer, [(neck * 0.88, tall), (neck * 0.85, tall * 0.8), (1e-4, tall * 0.75)]]), m, 40)
    ]
    k = rng.random()
    if k < 0.35:
        for side in (0, math.pi)[: rng.integers(1, 3)]:
            parts += shifted(
                [handle(m, neck * 0.95, tall * 0.55, tall * 0.93, wide * rng.uniform(0.5, 1), wide * 0.1)],
                turn=turned(side),
            )
    if k > 0.6:
        parts += flowers(rng, tall * 0.8, neck * 0.5, tall * rng.uniform(0.5, 1.3))
    return parts


def flowers(rng, y, wide, tall):
    """A bunch of stalks with leaves and heads."""
    count, green, petal = int(rng.integers(3, 12)), plain(rng, LEAF), plain(rng)
    parts, tips = [], rng.normal(0, 0.3, (count, 3)) * tall + [0, tall + y, 0]
    tips[:, 1] = np.maximum(tips[:, 1], y + tall * 0.5)
    foot = np.array([0, y - 0.03, 0]) + rng.normal(0, 0.3, (count, 3)) * [wide, 0, wide]
    parts.append(rods(foot, tips, 0.003, green))
    bunch = rng.random() < 0.7
    for tip in tips:
        size = tall * rng.uniform(0.07, 0.16)
        if bunch:
            n = int(rng.integers(4, 10))
            v, u = np.meshgrid(np.linspace(0, 1, 4), np.linspace(0, 2 * np.pi, n * 6), indexing="ij")
            r = size * v * (0.65 + 0.35 * np.abs(np.cos(n * u / 2)))
            head = sheet(
                np.stack([r * np.cos(u), size * (0.4 * v**2 + 0.05 * np.cos(n * u) * v), r * np.sin(u)], -1), petal
            )
            turn = turned(rng.uniform(0, 6.3), rng.normal() * 0.7)
            parts += shifted([head, ball(plain(rng, (0.7, 0.5, 0.1)), 6, 8, size * 0.22)], tip, turn)
        blade = leaf(green, size * 2)
        parts.append(
            blade.moved(
                y * np.array([0, 0.4, 0]) + tip * [0.5, 0.6, 0.5], turned(rng.uniform(0, 6.3), rng.uniform(-0.9, 0.3))
            )
        )
    return parts


def leaf(m, long, wide=0.25, droop=0.3, rows=8):
    """A blade that starts at the origin and goes along z."""
    t, s = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, 5), indexing="ij")
    x = s * wide * long * np.sin(np.pi * np.clip(t * 0.97 + 0.02, 0, 1)) ** 0.8
    return sheet(np.stack([x, long * (0.12 * np.abs(s) * np.sin(np.pi * t) - droop * t**2), t * long], -1), m)


def bottle(rng):
    tall, wide = rng.uniform(0.15, 0.34), rng.uniform(0.025, 0.05)
    neck, shoulder = wide * rng.uniform(0.25, 0.5), rng.uniform(0.5, 0.75)
    m = plain(rng, pick(rng, (0.06, 0.15, 0.05), (0.15, 0.06, 0.02), (0.5, 0.6, 0.6), None), 0.7, 0.05)
    profile = [
        (1e-4, 0),
        (wide * 0.95, 0),
        (wide, 0.006),
        (wide, tall * shoulder),
        *(
            (neck + (wide - neck) * (0.5 + 0.5 * math.cos(t * math.pi)), tall * (shoulder + 0.16 * t))
            for t in np.linspace(0.1, 1, 8)
        ),
        (neck, tall),
        (1e-4, tall),
    ]
    parts = [
        lathe(profile, m, 32),
        lathe([(neck * 1.12, tall * 0.93), (neck * 1.15, tall * 1.01), (1e-4, tall * 1.012)], plain(rng), 20),
    ]
    if rng.random() < 0.75:
        low, high = tall * rng.uniform(0.05, 0.2), tall * (shoulder - rng.uniform(0.03, 0.15))
        parts.append(
            lathe([(wide, low), (wide * 1.012, low), (wide * 1.012, high), (wide, high)], print_of(rng, 0.08), 32)
        )
    return parts


def can(rng):
    r, tall = rng.uniform(0.025, 0.05), rng.uniform(0.06, 0.15)
    rim, m = chrome(rng), covered(rng, 0.1, 0.8)
    side = [(r * 0.9, 0), (r, tall * 0.04), (r, tall * 0.93), (r * 0.88, tall)]
    top = [(r * 0.88, tall), (r * 0.84, tall), (r * 0.82, tall * 0.97), (1e-4, tall * 0.97)]
    return [lathe(side, m, 32), lathe(top, rim, 32), lathe([(1e-4, 0.001), (r * 0.9, 0.001)], rim, 20)]


def teapot(rng):
    r = rng.uniform(0.06, 0.1)
    m, tall = covered(rng, 0.12, 0.3), r * rng.uniform(1.2, 1.9)
    body = lathe(
        curve([(1e-4, 0), (r * 0.6, 0.002), (r, tall * 0.45), (r * 0.5, tall * 0.93), (1e-4, tall)], 26), m, 40
    )
    knob = ball(m, 10, 16, r * 0.16).moved((0, tall + r * 0.12, 0))
    spout = sweep(
        smoothed_path([(-r * 0.75, tall * 0.3, 0), (-r * 1.3, tall * 0.5, 0), (-r * 1.7, tall * 0.95, 0)], 14),
        np.linspace(r * 0.26, r * 0.1, 14),
        m,
        12,
    )
    return shifted(
        [body, knob, spout, handle(m, r * 0.85, tall * 0.2, tall * 0.8, r * 0.8, r * 0.09)],
        turn=turned(rng.uniform(0, 6.3)),
    )


def book(rng):
    wide, long, thick = rng.uniform(0.05, 0.12), rng.uniform(0.08, 0.16), rng.uniform(0.004, 0.03)
    cover, paper = covered(rng, 0.2, 0.7), material(rng, WHITE, 200, 0.6)
    if rng.random() < 0.2:
        s, t = np.meshgrid(np.linspace(-1, 1, 30), np.linspace(-1, 1, 4), indexing="ij")
        arch = thick * (0.6 + 0.9 * np.abs(np.sin(np.pi * np.abs(s) ** 0.7)) - 0.5 * (np.abs(s) < 0.05))
        page = print_of(rng, 0.12, WHITE)
        page.colours[1] = page.colours[0] * rng.uniform(0.05, 0.6)
        return [
            sheet(np.stack([s * wide * 1.9, arch, t * long], -1), page),
            block(cover, (wide * 1.95, thick * 0.25, long * 1.03), (0, thick * 0.25, 0)),
        ]
    board = thick * 0.12
    return [
        block(paper, (wide * 0.96, thick * 0.88, long * 0.97), (0, thick, 0)),
        block(cover, (wide, board, long), (0, board, 0)),
        block(cover, (wide, board, long), (0, 2 * thick - board, 0)),
        block(cover, (board * 2, thick, long), (-wide, thick, 0)),
    ]


def books(rng):
    """A pile."""
    parts, y = [], 0.0
    for _ in range(rng.integers(2, 7)):
        one = book(rng)
        parts += shifted(one, (rng.normal() * 0.01, y, rng.normal() * 0.01), turned(rng.normal() * 0.25))
        y += max(part.points[:, 1].max() for part in one)
    return parts


def carton(rng, size=None):
    """A box with printed sides: cereal, a parcel, tea, medicine, a present."""
    size = size or spread(rng, 0.04, 0.25)
    half = size * rng.uniform(0.35, 1, 3)
    half[rng.integers(3)] *= rng.uniform(0.3, 1)
    card = (0.55, 0.4, 0.25)
    m = (
        print_of(rng, size * 1.5)
        if rng.random() < 0.65
        else material(rng, pick(rng, card, card, WHITE, hue(rng)), 2, 0.2)
    )
    parts = [block(m, half, (0, half[1], 0))]
    if rng.random() < 0.35:
        tape, thin = plain(rng), 0.001 + size * 0.004
        parts.append(block(tape, (half[0] * 0.12, half[1] + thin, half[2] + thin), (0, half[1], 0)))
    elif rng.random() < 0.7:
        thin = 0.0008 + size * 0.002
        parts.append(
            block(
                covered(rng, size),
                (half[0] * rng.uniform(0.3, 0.8), half[1] * rng.uniform(0.3, 0.7), half[2] + thin),
                (0, half[1], 0),
            )
        )
        parts.append(
            block(
                covered(rng, size),
                (half[0] * 0.6, half[1] + thin, half[2] * rng.uniform(0.3, 0.8)),
                (0, half[1] - 0.5 * thin, 0),
            )
        )
    return parts


def cutlery(rng, kind=None, long=None):
    """A spoon, fork or knife that lies along z."""
    kind, long, m = kind or pick(rng, "spoon", "fork", "knife"), long or rng.uniform(0.13, 0.22), chrome(rng, 0.6)
    z = np.linspace(0, 1, 20)
    wide = 0.03 + 0.025 * np.abs(z - 0.4) * 2
    if kind == "spoon":
        wide = np.where(z > 0.72, 0.105 * np.sqrt(np.clip(1 - ((z - 0.86) / 0.145) ** 2, 0.01, 1)), wide)
    if kind == "knife":
        wide = np.where(z > 0.45, 0.05 * np.clip((1.02 - z) * 5, 0, 1), 0.045)
    if kind == "fork":
        wide = np.where(z > 0.7, 0.065, wide)
    s = np.linspace(-1, 1, 9)
    hollow = np.where(z > 0.72, 1.0, 0) * (kind == "spoon")
    y = 0.03 + 0.03 * np.cos(z * 5)[:, None] + hollow[:, None] * 0.06 * (s**2 - 1)
    y = y if kind != "knife" else np.full((20, 9), 0.01)
    points = np.stack(
        [wide[:, None] * s * 0.9, np.broadcast_to(y, (20, 9)) + 0.04, np.broadcast_to(z[:, None] - 0.5, (20, 9))], -1
    )
    under = points - [0, 0.018, 0]
    parts = [sheet(points * long, m), sheet(under * long, m)]
    if kind == "fork":
        x = np.linspace(-0.05, 0.05, 4)
        a, b = (
            np.column_stack([x, np.full(4, 0.025), np.full(4, 0.49)]),
            np.column_stack([x, np.full(4, 0.07), np.full(4, 0.72)]),
        )
        parts.append(rods(a * long, b * long, 0.009 * long, m))
    return shifted(parts, (0, -min(p.points[:, 1].min() for p in parts) + 0.001, 0))


def tin_ball(rng):
    """A ball to play with, fruit, a Christmas bauble."""
    r = spread(rng, 0.02, 0.12)
    m = (
        print_of(rng, r * 2)
        if rng.random() < 0.5
        else plain(rng, pick(rng, (0.8, 0.4, 0.05), (0.6, 0.08, 0.06), (0.5, 0.6, 0.12), None))
    )
    return [ball(m, 20, 30, r).moved((0, r, 0), turned(rng.uniform(0, 6), rng.uniform(0, 6)))]


def wood_block(rng):
    """A prism of 3 to 8 sides, a wedge, an arch, a cone, a cube: a toy brick or a test body."""
    size = spread(rng, 0.02, 0.09)
    m = wooden(rng, 0.15) if rng.random() < 0.5 else plain(rng)
    k, long = rng.random(), size * rng.uniform(0.4, 3)
    if k < 0.45:
        n = int(rng.integers(3, 9))
        u = (np.arange(n) + 0.5) * 2 * math.pi / n
        low = -np.sin(u).min() if n % 2 == 0 or rng.random() < 0.5 else 1.0
        outline = size * np.column_stack([np.cos(u), np.sin(u)])
        upright = rng.random() < 0.5
        body = prism(outline, long, m, rng.uniform(0, 0.06))
        if upright:
            return [body.moved((0, long / 2, 0), turned(0, math.pi / 2))]
        return [body.moved((0, -body.points[:, 1].min() + 0 * low, 0))]
    if k < 0.65:
        outline = np.array([(-1, 0), (1, 0), (pick(rng, 1, -1, 0, 0.4), rng.uniform(0.4, 1.6))]) * size
        return [prism(outline, long, m, 0.02)]
    if k < 0.85:
        half = size * rng.uniform(0.3, 1.2, 3)
        return (
            [soft(m, half, (0, half[1], 0), square=0.08, rows=16, columns=32)]
            if rng.random() < 0.4
            else [block(m, half, (0, half[1], 0))]
        )
    if k < 0.93:
        return [lathe([(1e-4, 0), (size, 0), (size * rng.uniform(0, 1), long), (1e-4, long)], m, 36, smooth=False)]
    u = np.linspace(0, math.pi, 14)
    arch = (
        np.concatenate(
            [[(2.2, 0)], [(2.2, 2.4)], [(-2.2, 2.4)], [(-2.2, 0)], np.column_stack([-np.cos(u), np.sin(u)]) * 1.2]
        )
        * size
        * 0.6
    )
    rows = np.stack([np.column_stack([arch, np.full(len(arch), z)]) for z in (-long / 2, long / 2)])
    return [Mesh(rows.reshape(-1, 3), grid_faces(2, len(arch), True), m, smooth=False), *arch_faces(arch, long, m)]


def arch_faces(arch, long, m):
    """The two flat faces of an arch: strips between its inner and outer outline."""
    inner = arch[4:]
    outer = np.column_stack(
        [np.interp(np.arange(len(inner)), [0, 4, 9, len(inner) - 1], arch[[3, 2, 1, 0], k]) for k in (0, 1)]
    )
    return [
        sheet(
            np.stack(
                [np.column_stack([inner, np.full(len(inner), z)]), np.column_stack([outer, np.full(len(inner), z)])]
            ),
            m,
            False,
        )
        for z in (-long / 2, long / 2)
    ]
