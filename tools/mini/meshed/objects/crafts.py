"""Boats and aeroplanes, made as the vehicles of `machines`."""

import math

import numpy as np

from meshed.mesh import lathe, sheet, sweep
from meshed.objects.basics import block, chrome, curve, plain, rods, shifted, soft
from meshed.objects.machines import bulk, glass, middles, paint, picked, rubber, wheel
from world import WHITE, material, turned


def boat(rng):
    """A rowing boat, a sailing boat or a motor boat, that floats on y = 0, and its length."""
    long, m, inside = spread_length(rng), paint(rng), plain(rng)
    wide, tall = long * rng.uniform(0.15, 0.2), long * rng.uniform(0.07, 0.13)
    t = np.linspace(0, 1, 40)
    half = (
        wide
        * np.clip(1 - (np.clip(t - 0.45, 0, 1) / 0.55) ** 2.2, 0, 1)
        * (0.75 + 0.25 * np.sin(np.pi * np.clip(t * 1.1, 0, 0.5)))
    )
    top = tall * (1 + 0.7 * np.clip(t - 0.5, 0, 1) ** 2 * 4)
    s = np.linspace(-1, 1, 21)
    y = top[:, None] - (top[:, None] + tall * 0.3) * (1 - np.abs(s) ** 2.4)[None]
    shape = np.stack(
        [
            np.broadcast_to((t[:, None] - 0.5) * long + 0.1 * long * (np.abs(s) ** 2)[None] * t[:, None] ** 4, y.shape),
            y,
            half[:, None] * s * 1.0,
        ],
        -1,
    )
    parts = [sheet(shape, m)]
    back = shape[0]
    parts.append(sheet(np.stack([back, back * [1, 0, 0] + [0, top[0], 0]]), m))
    rim = [shape[:, k] for k in (0, -1)]
    parts += [sweep(edge, 0.012 * long**0.7, inside, 6) for edge in rim]
    k = rng.random()
    deck = shape[:, [0, -1]] * [1, 1, 0.96] - [0, 0.12 * tall if k > 0.35 else tall * 0.7, 0]
    parts.append(sheet(deck, inside))
    if k < 0.35:
        parts += [
            block(inside, (0.03 * long, 0.01 * long, wide * 0.85), (x * long, tall * 0.75, 0)) for x in (-0.25, 0, 0.2)
        ]
    elif k < 0.7:
        mast, boom = long * rng.uniform(1.0, 1.4), long * 0.42
        parts.append(
            rods(
                [(0.08 * long, 0, 0), (0.08 * long, tall * 2.2, 0)],
                [(0.08 * long, mast, 0), (0.08 * long - boom, tall * 2.1, 0.12 * boom)],
                0.008 * long,
                chrome(rng),
                8,
            )
        )
        sail, v = material(rng, WHITE if rng.random() < 0.6 else None), np.linspace(0, 1, 16)
        for foot, to in (((0.08 - 0.01) * long, -boom), (0.09 * long, 0.38 * long)):
            a, b = np.meshgrid(v, v, indexing="ij")
            belly = 0.09 * long * np.sin(np.pi * b) * (1 - a) * np.sin(np.pi * np.clip(a + 0.15, 0, 1))
            parts.append(
                sheet(
                    np.stack(
                        [
                            foot + to * b * (1 - a),
                            tall * 2.3 + a * (mast - tall * 2.6),
                            belly + 0.1 * boom * b * (1 - a),
                        ],
                        -1,
                    ),
                    sail,
                )
            )
        parts.append(soft(m, (0.14 * long, tall * 0.5, wide * 0.5), (-0.02 * long, tall * 1.1, 0), square=0.3))
    else:
        parts += [
            soft(plain(rng, WHITE), (0.16 * long, tall * 0.9, wide * 0.62), (-0.05 * long, tall * 1.6, 0), square=0.25),
            soft(glass(rng), (0.165 * long, tall * 0.3, wide * 0.63), (-0.05 * long, tall * 1.85, 0), square=0.2),
        ]
        parts.append(rods([(-0.05 * long, tall * 2.4, 0)], [(-0.08 * long, tall * 5, 0)], 0.006 * long, chrome(rng)))
    return parts, long


def spread_length(rng):
    """The length of a boat in metres."""
    return math.exp(rng.uniform(math.log(3), math.log(12)))


def aeroplane(rng):
    """An airliner, a light aeroplane or an old one with two pairs of wings, around its middle; and its length."""
    m, second, metal = paint(rng) if rng.random() < 0.5 else plain(rng, WHITE), paint(rng), chrome(rng)
    big = rng.random() < 0.5
    long = rng.uniform(25, 45) if big else rng.uniform(6, 10)
    r = long * (0.055 if big else 0.075)
    body = bulk(
        [(0.5 * long, -0.2 * r), (0.42 * long, 0), (-0.1 * long, 0), (-0.5 * long, r * 0.6)],
        (r * 0.05, r, r, r * 0.1),
        (r * 0.05, r * 1.05, r * 1.05, r * 0.2),
        m,
        60,
        28,
        1.0,
    )
    at = middles(body)
    band = (
        picked(body, (np.abs(at[:, 1] - 0.1 * r) < r * rng.uniform(0.1, 0.35)), second)
        if rng.random() < 0.6
        else [body]
    )
    parts = list(band)
    if big:
        x = np.linspace(-0.3 * long, 0.36 * long, 40)
        for side in (-1, 1):
            dots = [(a, 0.25 * r, side * r * 0.93) for a in x]
            parts.append(rods(dots, [(a, 0.42 * r, side * r * 0.9) for a in x], r * 0.09, glass(rng)))
    parts.append(
        soft(
            glass(rng),
            (0.035 * long, r * 0.4, r * 0.7),
            ((0.42 if big else 0.12) * long, r * (0.35 if big else 0.95), 0),
            square=0.6,
        )
    )
    span, chord, swept = (
        long * (0.48 if big else 0.6),
        long * (0.16 if big else 0.19),
        0.5 if big else rng.uniform(0, 0.1),
    )
    levels = (-0.3 * r,) if big or rng.random() < 0.4 else (-0.6 * r, 1.9 * r)
    for y in levels:
        for side in (-1, 1):
            parts.append(
                wing(
                    (0.12 * long, y, side * r * 0.5),
                    span * side,
                    chord,
                    swept,
                    0.35 if big else 0.75,
                    0.09,
                    m if rng.random() < 0.5 else second,
                )
            )
    if len(levels) == 2:
        ends = [(x * long, y, z * span) for y in levels for z in (-0.75, 0.75) for x in (0.02, 0.09)]
        parts.append(rods([ends[k] for k in (0, 1, 2, 3)], [ends[k] for k in (4, 5, 6, 7)], r * 0.06, metal))
    for side in (-1, 1):
        parts.append(
            wing((-0.38 * long, r * 0.5, side * r * 0.1), span * 0.38 * side, chord * 0.6, swept, 0.5, 0.05, m)
        )
    fin = wing((-0.36 * long, 0, 0), long * (0.15 if big else 0.14), chord * 0.85, 0.7, 0.5, 0.0, second)
    parts.append(fin.moved((0, r * 0.4, 0), np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])))
    if big:
        for side in (-1, 1):
            pod = lathe(curve([(r * 0.45, -r * 1.2), (r * 0.55, 0), (r * 0.5, r)], 12), second, 24)
            inner = lathe([(1e-4, r * 0.8), (r * 0.46, r * 0.85)], plain(rng, (0.05, 0.05, 0.05)), 20)
            parts += [
                p.moved((0.12 * long, -r * 1.05, side * span * 0.35), turned(0, 0, -math.pi / 2)) for p in (pod, inner)
            ]
    else:
        turn = rng.uniform(0, 3.1)
        blade = np.array([0, math.cos(turn), math.sin(turn)]) * long * 0.12
        parts += [
            rods(
                [np.array([0.51 * long, -0.2 * r, 0]) - blade],
                [np.array([0.51 * long, -0.2 * r, 0]) + blade],
                long * 0.008,
                metal,
            )
        ]
        for x, z in ((0.15, 0.12), (0.15, -0.12), (-0.42, 0.0)):
            foot = np.array([x * long, -1.9 * r if z else -0.6 * r, z * long])
            parts += [
                *shifted(wheel(rng, r * (0.45 if z else 0.2), r * 0.15, rubber(rng), metal, "disc", 0.6), foot),
                rods([foot], [(x * long, -0.3 * r, z * long * 0.3)], r * 0.07, metal),
            ]
    return parts, long


def wing(root, span, chord, swept, narrow, rise, m):
    """A wing that starts at `root` and goes `span` along z, of a rounded section."""
    t, u = np.meshgrid(np.linspace(0, 1, 10), np.linspace(0, 2 * np.pi, 21), indexing="ij")
    c = chord * (1 - (1 - narrow) * t) * np.where(t > 0.99, 0.5, 1)
    x = root[0] - swept * abs(span) * t + c * (np.cos(u) * 0.5)
    y = root[1] + rise * abs(span) * t + c * 0.055 * np.sin(u) * (1 + np.cos(u)) ** 0.5
    return sheet(np.stack([x, y, root[2] + span * t], -1), m)
