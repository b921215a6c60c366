"""Motorcycles and bicycles, made as the vehicles of `machines`."""

import math

import numpy as np

from meshed.mesh import ball, lathe, prism, sweep
from meshed.objects.basics import block, chrome, curve, plain, print_of, rods, rounded, shifted, soft
from meshed.objects.machines import ACROSS, bar, bulk, bus, car, guard, paint, rubber, wheel
from world import DARK, METAL, WHITE, pick, turned


def cylinder_block(rng, foot, turn, wide, tall, metal):
    """A cylinder with cooling fins that stands at `foot`, turned."""
    fins, parts = int(rng.integers(6, 13)), []
    outline = rounded(wide, wide * rng.uniform(0.8, 1.1), wide * 0.3, 4)
    for k in range(fins):
        grow = 0.85 + 0.2 * (k / fins)
        parts.append(
            prism(outline * grow, tall * 0.35 / fins, metal).moved((0, tall * (0.1 + 0.75 * k / fins), 0), ACROSS)
        )
    parts.append(lathe([(1e-4, 0), (wide * 0.7, 0), (wide * 0.7, tall * 0.85), (1e-4, tall * 0.85)], metal, 16))
    parts.append(
        soft(
            chrome(rng) if rng.random() < 0.6 else metal,
            (wide * 0.85, tall * 0.13, wide * 0.9),
            (0, tall * 0.95, 0),
            square=0.3,
        )
    )
    return shifted(parts, foot, turn)


def engine(rng, metal):
    """A motorcycle's engine around (0, 0.38): its case, covers and cylinders."""
    parts = [
        soft(metal, (0.2, 0.11, 0.11), (-0.02, 0.33, 0), square=0.3),
        soft(metal, (0.1, 0.08, 0.13), (-0.17, 0.36, 0), square=0.4),
    ]
    for x, y, r in ((0.08, 0.33, 0.1), (-0.14, 0.36, 0.08)):
        cover = chrome(rng) if rng.random() < 0.6 else metal
        for side in (-1, 1):
            disc = lathe([(1e-4, 0.05), (r * 0.6, 0.048), (r * 0.95, 0.03), (r, 0)], cover, 26)
            parts.append(disc.moved((x, y, side * 0.1), turned(0, side * math.pi / 2)))
    tall, wide = rng.uniform(0.2, 0.28), rng.uniform(0.07, 0.095)
    k = rng.random()
    if k < 0.4:
        leans = (rng.uniform(0.3, 0.5), -rng.uniform(0.3, 0.5))
        for lean in leans:
            parts += cylinder_block(rng, (-0.02 - lean * 0.15, 0.4, 0), turned(0, 0, lean), wide, tall, metal)
    elif k < 0.8:
        count, lean = int(rng.integers(1, 4)), -rng.uniform(0, 0.4)
        for z in np.linspace(-1, 1, count) * 0.12 if count > 1 else (0.0,):
            parts += cylinder_block(rng, (0.06, 0.4, z), turned(0, 0, lean), wide * 0.85, tall, metal)
    else:
        for side in (-1, 1):
            parts += cylinder_block(rng, (0.04, 0.36, side * 0.1), turned(0, side * 1.45), wide * 0.9, tall, metal)
    parts.append(soft(metal, (0.05, 0.04, 0.06), (-0.12, 0.55, 0), square=0.5))
    return parts


def motorcycle(rng):
    """A motorcycle: cruiser, roadster, racer or cross machine, with its wheels, engine, pipes, tank and seat."""
    style = pick(rng, "road", "road", "cruiser", "racer", "cross")
    r, rear, front = (
        rng.uniform(0.29, 0.34),
        -rng.uniform(0.62, 0.75),
        rng.uniform(0.68, 0.85) + 0.12 * (style == "cruiser"),
    )
    wide = rng.uniform(0.05, 0.085)
    tyre, metal, shiny, colour, frame = (
        rubber(rng),
        plain(rng, pick(rng, METAL, DARK, (0.65, 0.65, 0.66))),
        chrome(rng),
        paint(rng),
        plain(rng, pick(rng, DARK, None)),
    )
    spokes = "wire" if rng.random() < 0.55 else "cast"
    parts = shifted(wheel(rng, r, wide * 1.1, tyre, shiny, spokes, 0.76), (rear, r, 0)) + shifted(
        wheel(rng, r * 1.02, wide * 0.8, tyre, shiny, spokes, 0.8), (front, r * 1.02, 0)
    )
    for x, r_ in ((front, r * 0.5), (rear, r * 0.4)):
        disc = lathe([(r_ * 0.6, -0.004), (r_, -0.004), (r_, 0.004), (r_ * 0.6, 0.004)], metal, 30)
        parts.append(disc.moved((x, r, -wide - 0.012), ACROSS))
    neck = np.array([front - r * rng.uniform(0.75, 1.15), rng.uniform(0.82, 0.95), 0])
    axle = np.array([front, r, 0])
    for side in (-1, 1):
        a, b = axle + [0, 0, side * wide * 1.5], neck + [0.0, 0.0, side * wide * 1.5]
        parts += [rods([a], [a + (b - a) * 0.5], 0.029, metal, 10), rods([a + (b - a) * 0.4], [b], 0.02, shiny, 10)]
    parts += [
        rods([neck - [0, 0.02, 0.11]], [neck + [0, -0.02, 0.11]], 0.03, metal),
        rods([neck - [0.0, 0.15, 0.1]], [neck - [0, 0.15, -0.1]], 0.025, metal),
    ]
    seat = rng.uniform(0.68, 0.8) - 0.1 * (style == "cruiser") + 0.1 * (style == "cross")
    for z in (-0.09, 0.09):
        parts.append(
            bar(
                [
                    (neck[0] - 0.03, neck[1] - 0.12, z * 0.3),
                    (0.3, 0.35, z),
                    (0.1, 0.2, z),
                    (-0.25, 0.22, z),
                    (-0.33, 0.45, z),
                    (-0.4, seat - 0.08, z),
                ],
                0.018,
                frame,
            )
        )
        parts.append(
            bar(
                [
                    (neck[0] - 0.03, neck[1] - 0.08, z * 0.3),
                    (0.1, seat - 0.02, z),
                    (-0.35, seat - 0.1, z),
                    (rear - 0.12, seat - 0.02, z),
                ],
                0.016,
                frame,
            )
        )
        parts.append(rods([(-0.28, 0.32, z * 1.2)], [(rear, r, z * 1.2)], 0.025, frame, 8))
        parts.append(rods([(rear + 0.03, r + 0.02, z * 1.35)], [(rear + 0.14, seat - 0.05, z * 1.35)], 0.014, shiny, 8))
        u = np.linspace(0, 14 * math.pi, 90)
        coil = np.column_stack(
            [
                rear + 0.03 + 0.11 * u / u[-1] * 0.8 + 0.03 * np.cos(u),
                r + 0.1 + (seat - r - 0.2) * u / u[-1],
                z * 1.35 + 0.03 * np.sin(u),
            ]
        )
        parts.append(sweep(coil, 0.006, pick(rng, shiny, frame), 5))
    parts += engine(rng, metal)
    tank_tall, tank_wide = rng.uniform(0.09, 0.14), rng.uniform(0.11, 0.17)
    parts.append(
        bulk(
            [(neck[0] - 0.06, seat + 0.1), (0.2, seat + 0.13), (0.02, seat + 0.09), (-0.12, seat + 0.02)],
            (0.05, tank_wide, tank_wide * 0.85, 0.04),
            (0.05, tank_tall, tank_tall * 0.75, 0.02),
            colour,
        )
    )
    parts.append(
        lathe([(0.035, 0), (0.033, 0.018), (1e-4, 0.02)], shiny, 18).moved((0.16, seat + 0.115 + tank_tall, 0))
    )
    leather = plain(rng, pick(rng, DARK, DARK, (0.3, 0.16, 0.08), None))
    end = rear + rng.uniform(-0.15, 0.1)
    parts.append(
        bulk(
            [(-0.05, seat + 0.02), (-0.25, seat), (-0.45, seat + 0.03), (end, seat + rng.uniform(0.04, 0.16))],
            (0.07, 0.14, 0.13, 0.06),
            (0.03, 0.055, 0.055, 0.02),
            leather,
        )
    )
    parts.append(guard(r * 1.14, wide * 1.5, 0.7, rng.uniform(2.3, 3.1), colour).moved((rear, r, 0)))
    lift = 1.12 if style != "cross" else 1.6
    parts.append(guard(r * lift, wide * 1.4, rng.uniform(0.3, 0.7), rng.uniform(1.9, 3.0), colour).moved((front, r, 0)))
    high, back = (rng.uniform(0.12, 0.35), rng.uniform(0.1, 0.3)) if style != "racer" else (-0.03, 0.02)
    for side in (-1, 1):
        grip = neck + [-back, high, side * rng.uniform(0.33, 0.38)]
        parts.append(bar([neck + [0, 0.03, 0], neck + [-back * 0.1, high * 0.9, side * 0.14], grip], 0.013, shiny, 16))
        parts.append(
            rods([grip - [-0.02, 0, side * 0.1]], [grip + [-0.02, -0.005, side * 0.03]], 0.018, rubber(rng), 8)
        )
        if rng.random() < 0.7:
            glass_ = grip + [0.06, 0.17, side * 0.05]
            parts += [
                rods([grip - [0, 0, side * 0.12]], [glass_], 0.005, shiny),
                soft(shiny, (0.018, 0.045, 0.07), glass_, square=0.6),
            ]
        parts.append(ball(plain(rng, (0.8, 0.35, 0.05)), 8, 12, 0.03).moved(neck + [0.06, -0.03, side * 0.17]))
        parts.append(ball(plain(rng, (0.8, 0.3, 0.05)), 8, 12, 0.03).moved((end - 0.02, seat - 0.02, side * 0.13)))
    lamp = neck + [0.15, -0.04, 0]
    bowl = lathe(curve([(1e-4, -0.13), (0.06, -0.09), (0.09, 0), (0.092, 0.01)], 12), pick(rng, shiny, colour), 26)
    lens = lathe([(0.09, 0), (0.05, 0.02), (1e-4, 0.028)], plain(rng, (0.85, 0.85, 0.8), 0.6), 26)
    parts += [part.moved(lamp, turned(math.pi / 2) @ turned(0, math.pi / 2)) for part in (bowl, lens)]
    if style == "racer" or rng.random() < 0.1:
        parts.append(
            bulk(
                [(lamp[0] + 0.12, 0.78), (0.4, 0.75), (0.2, 0.5), (0.02, 0.32)],
                (0.03, 0.2, 0.19, 0.12),
                (0.08, 0.17, 0.2, 0.12),
                colour,
            )
        )
        parts.append(
            bulk(
                [(-0.3, seat + 0.02), (rear + 0.1, seat + 0.07), (rear - 0.2, seat + 0.15)],
                (0.14, 0.12, 0.03),
                (0.04, 0.08, 0.03),
                colour,
            )
        )
    parts += exhaust(rng, rear, shiny)
    parts += [
        soft(plain(rng, (0.6, 0.03, 0.03), 0.6), (0.03, 0.03, 0.06), (end - 0.12, seat - 0.01, 0), square=0.5),
        block(plain(rng, WHITE), (0.006, 0.07, 0.09), (end - 0.16, seat - 0.13, 0), turned(0, 0, -0.3)),
    ]
    parts.append(soft(pick(rng, colour, metal), (0.09, 0.1, 0.125), (-0.3, 0.52, 0), square=0.4))
    parts += [
        rods([(-0.05, 0.25, -0.22)], [(-0.05, 0.25, 0.22)], 0.014, metal),
        rods([(-0.1, 0.26, -0.1)], [(-0.22, 0.0, -0.3)], 0.012, metal),
    ]
    return shifted(parts, turn=turned(0, -rng.uniform(0.05, 0.16))), r


def exhaust(rng, rear, shiny):
    """The exhaust pipes of a motorcycle."""
    parts, high = [], rng.uniform(0.22, 0.4)
    for side in (-1, 1)[: rng.integers(1, 3)]:
        parts.append(
            bar(
                [
                    (0.13, 0.55, side * 0.07),
                    (0.3, 0.48, side * 0.12),
                    (0.27, 0.25, side * 0.15),
                    (0.0, 0.2, side * 0.17),
                    (-0.3, high * 0.85, side * 0.18),
                ],
                0.021,
                shiny,
                30,
            )
        )
        end = rear - rng.uniform(0, 0.25)
        parts.append(
            bar(
                [
                    (-0.28, high * 0.85, side * 0.18),
                    (-0.45, high, side * 0.185),
                    (end, high + rng.uniform(0, 0.12), side * 0.19),
                ],
                (0.024, 0.05, 0.052, 0.045),
                shiny,
                24,
                16,
            )
        )
    return parts


def bicycle(rng):
    """A bicycle with a diamond or a low frame."""
    r, m, metal, tyre = rng.uniform(0.3, 0.35), plain(rng), chrome(rng), rubber(rng)
    rear, front = -0.5, 0.52
    axis, saddle, head = (
        np.array([-0.07, 0.28, 0]),
        np.array([-0.22, rng.uniform(0.82, 0.95), 0]),
        np.array([0.32, rng.uniform(0.72, 0.85), 0]),
    )
    parts = [
        *shifted(wheel(rng, r, 0.02, tyre, metal, "wire", 0.92), (rear, r, 0)),
        *shifted(wheel(rng, r, 0.02, tyre, metal, "wire", 0.92), (front, r, 0)),
    ]
    tube = axis + (saddle - axis) * 0.8
    low = rng.random() < 0.3
    top = axis + (saddle - axis) * (0.35 if low else 0.75)
    starts, ends = (
        [axis, axis, top, head - [0.02, 0.08, 0]],
        [tube, head - [-0.02, 0.1, 0], head - [0.01, 0.02, 0], head + [-0.03, 0.07, 0]],
    )
    for z in (-0.045, 0.045):
        starts += [axis + [0, 0, z * 0.6], axis + (saddle - axis) * 0.72, head + [0.0, -0.06, z]]
        ends += [np.array([rear, r, z]), np.array([rear, r, z]), np.array([front, r, z])]
    parts += [
        rods(starts, ends, np.array([0.018, 0.02, 0.017, 0.02] + [0.01, 0.009, 0.014] * 2), m, 10),
        rods([tube], [saddle], 0.013, metal),
    ]
    parts.append(
        bulk(
            [(-0.08, saddle[1] + 0.03), (-0.2, saddle[1] + 0.03), (-0.34, saddle[1] + 0.05)],
            (0.015, 0.05, 0.08),
            (0.012, 0.025, 0.03),
            plain(rng, pick(rng, DARK, (0.3, 0.15, 0.07))),
        )
    )
    bars = head + [0.02, 0.18, 0]
    parts.append(rods([head], [bars], 0.013, metal))
    back = rng.uniform(-0.05, 0.15)
    for side in (-1, 1):
        grip = bars + [-back, 0.02, side * 0.29]
        parts += [
            bar([bars, bars + [0.03, 0.01, side * 0.15], grip], 0.012, metal, 12),
            rods([grip], [grip + [-back * 0.4, 0, side * 0.06]], 0.016, rubber(rng), 8),
        ]
        pedal = axis + [side * 0.12, side * -0.12, side * 0.09]
        parts += [
            rods([axis + [0, 0, side * 0.07]], [pedal], 0.009, metal),
            block(plain(rng, DARK), (0.045, 0.012, 0.035), pedal + [0, 0, side * 0.05]),
        ]
    parts.append(
        lathe([(0.06, -0.003), (0.1, -0.003), (0.1, 0.003), (0.06, 0.003)], metal, 30).moved(
            axis + [0, 0, -0.06], ACROSS
        )
    )
    chain = [axis + [0, y, -0.06] for y in (0.09, -0.09)], [np.array([rear, r + y, -0.06]) for y in (0.03, -0.03)]
    parts.append(rods(*chain, 0.005, plain(rng, DARK)))
    if rng.random() < 0.6:
        parts += [guard(r * 1.08, 0.03, a, b, m).moved((x, r, 0)) for x, a, b in ((rear, 0.6, 3.0), (front, 0.3, 2.6))]
    if rng.random() < 0.4:
        basket = lathe(
            [(1e-4, 0), (0.7, 0), (1, 1), (0.95, 1), (0.66, 0.1)], print_of(rng, 0.06, (0.5, 0.35, 0.2)), 4, False
        )
        parts.append(basket.moved(bars + [0.16, -0.14, 0], turned(math.pi / 4), (0.2, 0.24, 0.2)))
    if rng.random() < 0.4:
        parts += [
            rods(
                [(rear - 0.18, r * 2.25, z) for z in (-0.06, 0, 0.06)],
                [(rear + 0.25, r * 2.25, z) for z in (-0.06, 0, 0.06)],
                0.006,
                metal,
            ),
            rods(
                [(rear, r, 0.06), (rear, r, -0.06)],
                [(rear - 0.05, r * 2.25, 0.06), (rear - 0.05, r * 2.25, -0.06)],
                0.006,
                metal,
            ),
        ]
    return shifted(parts, turn=turned(0, -rng.uniform(0, 0.15))), r


def toy_sized(rng):
    """A vehicle as a model on a table."""
    made, scale = pick(rng, (motorcycle, 0.08), (car, 0.04), (bus, 0.02), (bicycle, 0.1))
    return shifted(made(rng)[0], scale=scale * rng.uniform(0.7, 1.5))
