"""Still more small things, as in `wares`: toys, instruments, devices, ornaments."""

import math

import numpy as np

from meshed.mesh import ball, lathe, prism, sheet, smoothed_path, sweep
from meshed.objects import wares
from meshed.objects.basics import (
    LYING,
    block,
    chrome,
    covered,
    curve,
    hue,
    lying,
    plain,
    print_of,
    rods,
    rounded,
    shifted,
    soft,
    wooden,
)
from world import DARK, METAL, WHITE, material, pick, spread, turned

TO_FRONT = turned(0, -math.pi / 2)
"""Turns what a lathe made so that its top looks along -z."""


def camera_body(rng):
    half = np.array([rng.uniform(0.05, 0.075), rng.uniform(0.032, 0.048), rng.uniform(0.015, 0.03)])
    m, metal = plain(rng, pick(rng, DARK, METAL, None)), chrome(rng)
    r, long = half[1] * rng.uniform(0.7, 0.9), rng.uniform(0.02, 0.08)
    lens = lathe(
        [
            (r, 0),
            (r, long * 0.4),
            (r * 0.93, long * 0.42),
            (r * 0.93, long),
            (r * 0.8, long),
            (r * 0.7, long * 0.85),
            (1e-4, long * 0.8),
        ],
        plain(rng, DARK),
        32,
    )
    parts = [soft(m, half, (0, half[1], 0), square=0.12), lens.moved((half[0] * 0.1, half[1], -half[2]), TO_FRONT)]
    parts += [
        block(metal, (half[0] * 0.35, 0.008, half[2] * 0.8), (0, 2 * half[1] + 0.006, 0)),
        lathe([(1e-4, 0), (0.008, 0), (0.008, 0.008), (1e-4, 0.008)], metal, 16).moved((half[0] * 0.7, 2 * half[1], 0)),
    ]
    return parts


def headphones(rng):
    r, m, u = rng.uniform(0.07, 0.09), plain(rng), np.linspace(-0.15, math.pi + 0.15, 26)
    band = sweep(np.column_stack([r * np.cos(u), r + r * np.sin(u), 0 * u]), 0.009, m, 8, flat=0.5)
    cups = [
        soft(plain(rng, pick(rng, DARK, WHITE, None)), (0.02, 0.04, 0.036), (s * r * 0.95, r, 0), square=0.6)
        for s in (-1, 1)
    ]
    parts = shifted([band, *cups], (0, -r + 0.04, 0))
    return parts if rng.random() < 0.4 else shifted(parts, (0, 0.03, 0), turned(rng.uniform(0, 6.3), math.pi / 2))


def drum(rng):
    r, tall, metal = rng.uniform(0.08, 0.2), rng.uniform(0.08, 0.3), chrome(rng)
    parts = [
        lathe([(r, 0), (r, tall)], covered(rng, 0.2, 0.4), 40),
        lathe([(r, tall), (1e-4, tall)], plain(rng, WHITE), 40),
    ]
    parts += [
        lathe([(r * 1.03, y), (r * 1.05, y + 0.012), (r * 1.0, y + 0.02)], metal, 40) for y in (0.0, tall - 0.015)
    ]
    u = np.arange(8) * math.pi / 4
    low, high = (np.column_stack([r * 1.03 * np.cos(u), 0 * u + y, r * 1.03 * np.sin(u)]) for y in (0.01, tall - 0.01))
    stick = wooden(rng, 0.1)
    sticks = rods(
        [(-r * 0.7, tall + 0.008, -r * 0.4), (-r * 0.2, tall + 0.008, -r * 0.7)],
        [(r * 0.9, tall + 0.008, r * 0.4), (r * 0.5, tall + 0.008, r * 0.9)],
        0.007,
        stick,
        8,
    )
    return [*parts, rods(low, high, 0.005, metal), sticks]


def trumpet(rng):
    brass = plain(rng, pick(rng, (0.75, 0.55, 0.2), (0.7, 0.7, 0.72)), 0.8)
    brass.mirror = rng.uniform(0.2, 0.6)
    u = np.linspace(0, 1, 50)
    path = smoothed_path(
        [
            (0, 0, -0.25),
            (0, 0, 0.16),
            (0, 0.05, 0.22),
            (0, 0.1, 0.16),
            (0, 0.1, -0.12),
            (0.01, 0.06, -0.17),
            (0.02, 0.03, -0.1),
            (0.02, 0.03, 0.3),
        ],
        50,
    )
    horn = sweep(path, 0.007 + 0.06 * np.clip((u - 0.8) / 0.2, 0, 1) ** 3, brass, 16, capped=False)
    valves = [
        rods([(0, -0.03, z) for z in (-0.03, 0, 0.03)], [(0, 0.14, z) for z in (-0.03, 0, 0.03)], 0.011, brass, 10)
    ]
    return shifted([horn, *valves], (0, 0.07, 0), turned(rng.uniform(0, 6.3), 0, 1.45))


def umbrella(rng):
    """Open, standing on its edge and stick, or closed and lying."""
    m, r = covered(rng, 0.3, 0.6), rng.uniform(0.2, 0.5)
    n = int(rng.integers(6, 9))
    v, u = np.meshgrid(np.linspace(0.0, 1, 10), np.linspace(0, 2 * math.pi, n * 6 + 1), indexing="ij")
    pull = 1 - 0.09 * v * np.abs(np.sin(n * u / 2))
    roof = sheet(np.stack([r * v * pull * np.cos(u), 0.45 * r * (1 - v**2), r * v * pull * np.sin(u)], -1), m)
    stick = rods([(0, -r * 1.1, 0)], [(0, r * 0.55, 0)], 0.008, chrome(rng), 8)
    if rng.random() < 0.6:
        lean = turned(rng.uniform(0, 6.3)) @ turned(0, rng.uniform(1.0, 1.3))
        parts = shifted([roof, stick], (0, 0, 0), lean)
        return shifted(parts, (0, -min(part.points[:, 1].min() for part in parts), 0))
    folded = lathe(curve([(0.01, 0), (0.03, 0.1), (0.035, 0.3), (0.012, 0.55), (0.006, 0.7)], 20), m, 12, False)
    return lying([folded, rods([(0, -0.1, 0)], [(0, 0.75, 0)], 0.006, chrome(rng), 8)], 0.035, rng.uniform(0, 6.3))


def bear(rng):
    """A stuffed animal that sits."""
    fur, size = covered(rng, 0.1, 0.25), rng.uniform(0.06, 0.14)
    pale = plain(rng, None, 0.1)
    spots = [((0, 0.75, 0), (0.55, 0.65, 0.5)), ((0, 1.7, -0.05), (0.5, 0.45, 0.45))]
    for s in (-1, 1):
        long = pick(rng, 0.18, 0.18, 0.5)
        spots += [
            ((s * 0.38, 2.05 + long * 0.5, 0), (0.17, long, 0.1)),
            ((s * 0.65, 0.95, -0.2), (0.2, 0.45, 0.2)),
            ((s * 0.4, 0.25, -0.6), (0.24, 0.24, 0.5)),
        ]
    parts = [
        ball(fur, 14, 20).moved(at, turned(0, 0, 0.5 * np.sign(at[0]) * (abs(at[0]) > 0.6)), half) for at, half in spots
    ]
    parts += [
        ball(pale, 10, 14).moved((0, 1.58, -0.42), None, (0.22, 0.17, 0.16)),
        ball(pale, 12, 16).moved((0, 0.75, -0.2), None, (0.38, 0.45, 0.36)),
    ]
    black = plain(rng, (0.03, 0.03, 0.03), 0.7, 0)
    parts += [
        ball(black, 8, 10, 0.06).moved(at) for at in ((-0.18, 1.82, -0.43), (0.18, 1.82, -0.43), (0, 1.64, -0.57))
    ]
    return shifted(parts, (0, -0.0, 0), turned(rng.uniform(0, 6.3)), size)


def candle(rng):
    r, tall, wax = rng.uniform(0.01, 0.035), rng.uniform(0.06, 0.25), plain(rng)
    flame = plain(rng, (0.95, 0.75, 0.3), 0, 0)
    flame.glow = 1.5
    foot = rng.uniform(1.5, 3.5) * r
    holder = lathe(
        curve(
            [
                (1e-4, 0),
                (foot, 0.002),
                (foot * 0.9, 0.01),
                (r * 0.8, 0.02),
                (r * 0.7, tall * 0.3),
                (r * 1.3, tall * 0.4),
                (1e-4, tall * 0.41),
            ],
            22,
        ),
        chrome(rng),
        24,
    )
    stick = lathe([(r, 0), (r, tall), (r * 0.8, tall * 0.99), (1e-4, tall * 0.98)], wax, 20).moved((0, tall * 0.4, 0))
    lit = (
        [ball(flame, 8, 10).moved((0, tall * 1.4 + 0.016, 0), None, (0.006, 0.016, 0.006))]
        if rng.random() < 0.5
        else []
    )
    return [holder, stick, *lit]


def globe(rng):
    r, m = rng.uniform(0.06, 0.15), print_of(rng, 0.3, (0.15, 0.3, 0.5))
    u = np.linspace(-1.3, 1.9, 26)
    arc = sweep(np.column_stack([r * 1.12 * np.cos(u), r * 1.12 * np.sin(u), 0 * u]), r * 0.05, chrome(rng), 8)
    foot = lathe(
        curve([(1e-4, 0), (r * 0.7, 0.004), (r * 0.6, r * 0.1), (r * 0.1, r * 0.2), (r * 0.08, r * 0.5)], 16),
        wooden(rng, 0.2),
        24,
    )
    return [*shifted([ball(m, 22, 34, r).moved(turn=turned(rng.uniform(0, 6.3), 0, 0.4)), arc], (0, r * 1.55, 0)), foot]


def fan(rng):
    """A table fan that looks along -z."""
    r, m, blade = rng.uniform(0.1, 0.18), plain(rng), plain(rng)
    u, parts = np.linspace(0, 2 * math.pi, 30), []
    for z, k in ((-0.05, 1.0), (0.03, 1.0), (-0.055, 0.6)):
        parts.append(
            sweep(np.column_stack([r * k * np.cos(u), r * k * np.sin(u), 0 * u + z]), 0.0035, m, 6, capped=False)
        )
    t = np.arange(28) * 2 * math.pi / 28
    parts.append(
        rods(
            np.column_stack([0.02 * np.cos(t), 0.02 * np.sin(t), 0 * t - 0.06]),
            np.column_stack([r * np.cos(t), r * np.sin(t), 0 * t - 0.05]),
            0.0014,
            m,
            4,
        )
    )
    for k in range(int(rng.integers(3, 6))):
        leaf = wares.leaf(blade, r * 0.9, 0.4, 0.0).moved((0, 0, 0), turned(0, -math.pi / 2) @ turned(0, 0, 0.4))
        parts.append(leaf.moved((0, 0, -0.01), turned(0, 0, 2 * math.pi * k / 4)))
    parts.append(soft(m, (0.03, 0.03, 0.05), (0, 0, 0.04), square=0.6))
    foot = lathe(curve([(1e-4, 0), (r * 0.8, 0.004), (r * 0.7, 0.02), (0.02, 0.04), (0.015, r * 0.5)], 16), m, 24)
    return [*shifted(parts, (0, r * 1.5, 0)), foot]


def watch(rng):
    r, m, u = rng.uniform(0.014, 0.022), covered(rng, 0.03, 0.3), np.linspace(0, 2 * math.pi, 30)
    band = sweep(
        np.column_stack([1.7 * r * np.cos(u), 0 * u, 1.9 * r * np.sin(u)]), 0.009, m, 8, flat=0.2, capped=False
    )
    case = lathe([(1e-4, 0), (r, 0), (r, 0.006), (r * 0.9, 0.008), (1e-4, 0.0075)], chrome(rng), 28).moved(
        (0, 0, -1.9 * r), TO_FRONT
    )
    return shifted([band, case], (0, r, 0), turned(rng.uniform(0, 6.3)))


def figure(rng):
    """A statuette, chess man or bust: a lathe with a head."""
    tall, m = rng.uniform(0.06, 0.3), pick(rng, wooden, plain, chrome)(rng)
    r = tall * rng.uniform(0.16, 0.25)
    radii = r * np.array(
        [1, 0.95, rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.8), rng.uniform(0.25, 0.4)]
    )
    body = lathe(curve([(1e-4, 0), *zip(radii, np.linspace(0.01, 0.72, 6) * tall, strict=True)], 40), m, 28)
    top = pick(
        rng,
        ball(m, 14, 18),
        prism(rounded(1, 1, 0.3), 1.5, m, 0.1),
        lathe([(1e-4, -1), (1, -0.6), (0.7, 0.4), (1.1, 1), (1e-4, 0.9)], m, 20),
    )
    return [body, top.moved((0, tall * 0.82, 0), turned(rng.uniform(0, 6.3)), tall * 0.11)]


def plug(rng):
    """A cable in loops with a plug, a rope, a string of beads."""
    u = np.linspace(0, rng.uniform(6, 25), 90)
    r = rng.uniform(0.04, 0.12)
    wobble = 1 + 0.25 * np.sin(u * 0.37 + rng.uniform(0, 6)) + 0.1 * np.sin(u * 1.7)
    thick = rng.uniform(0.002, 0.008)
    path = np.column_stack([r * wobble * np.cos(u), thick * (1 + 0.35 * u / 3), r * wobble * np.sin(u * 1.03)])
    m = covered(rng, 0.03, 0.3)
    end = soft(plain(rng), (0.012, 0.01, 0.022), path[-1] + [0, 0.006, 0], turned(rng.uniform(0, 6.3)), square=0.4)
    return [sweep(path, thick, m, 7), end]


def toy(rng):
    """A toy car, a robot, stacked rings or a train of blocks."""
    k, size = rng.random(), rng.uniform(0.03, 0.07)
    if k < 0.4:
        parts = [
            soft(plain(rng), (size, size * 0.3, size * 0.45), (0, size * 0.5, 0), square=0.3),
            soft(plain(rng), (size * 0.5, size * 0.3, size * 0.4), (-size * 0.1, size * 0.9, 0), square=0.4),
        ]
        for x in (-0.6, 0.6):
            for z in (-0.45, 0.45):
                parts.append(
                    lathe([(1e-4, -0.1), (0.25, -0.1), (0.25, 0.1), (1e-4, 0.1)], plain(rng, DARK), 20).moved(
                        (x * size, 0.25 * size, z * size), LYING, size
                    )
                )
        return shifted(parts, turn=turned(rng.uniform(0, 6.3)))
    if k < 0.7:
        y, parts = 0.0, []
        for i in range(rng.integers(3, 7)):
            r = size * (1.1 - 0.13 * i)
            u = np.linspace(0, 2 * math.pi, 30)
            parts.append(
                sweep(
                    np.column_stack([r * 0.65 * np.cos(u), 0 * u + y + r * 0.3, r * 0.65 * np.sin(u)]),
                    r * 0.32,
                    plain(rng),
                    12,
                    capped=False,
                )
            )
            y += r * 0.58
        return [*parts, rods([[0, 0, 0]], [[0, y + size * 0.2, 0]], size * 0.15, wooden(rng, 0.1), 10)]
    m, limb = plain(rng), plain(rng)
    parts = [
        soft(m, (size * 0.5, size * 0.6, size * 0.3), (0, size * 1.4, 0), square=0.2),
        soft(limb, (size * 0.4, size * 0.35, size * 0.35), (0, size * 2.4, 0), square=0.3),
    ]
    for side in (-1, 1):
        parts.append(
            soft(limb, (size * 0.17, size * 0.45, size * 0.2), (side * size * 0.25, size * 0.45, 0), square=0.2)
        )
        parts.append(
            soft(
                limb,
                (size * 0.13, size * 0.5, size * 0.15),
                (side * size * 0.68, size * 1.4, 0),
                turned(0, 0, side * rng.uniform(0, 0.6)),
                square=0.2,
            )
        )
        parts.append(ball(plain(rng, WHITE), 8, 12, size * 0.09).moved((side * size * 0.15, size * 2.45, -size * 0.33)))
    return parts


def guitar(rng):
    """A guitar or violin, lying on its back along z."""
    long = rng.uniform(0.2, 0.5)
    t = np.linspace(0, 1, 40)
    wide = np.interp(t, [0, 0.03, 0.2, 0.5, 0.75, 0.95, 1], [0.05, 0.5, 0.85, 0.55, 0.68, 0.45, 0.05]) * long * 0.45
    outline = np.concatenate([np.column_stack([wide, t * long * 0.9]), np.column_stack([-wide, t * long * 0.9])[::-1]])
    body, neck, thick = wooden(rng, 0.3), wooden(rng, 0.2, (0.12, 0.07, 0.05)), long * 0.18
    parts = [
        prism(outline, thick, body, 0.03),
        block(neck, (long * 0.05, long * 0.55, long * 0.03), (0, long * 1.3, thick * 0.5)),
        block(neck, (long * 0.075, long * 0.14, long * 0.025), (0, long * 1.95, thick * 0.45)),
    ]
    parts.append(
        lathe([(1e-4, 0), (long * 0.12, 0)], plain(rng, (0.02, 0.02, 0.02), 0, 0), 24).moved(
            (0, long * 0.6, thick * 0.51), turned(0, math.pi / 2)
        )
    )
    x = np.linspace(-0.035, 0.035, 6) * long
    ends = (
        np.column_stack([x, np.full(6, long * 0.25), np.full(6, thick * 0.56)]),
        np.column_stack([x, np.full(6, long * 1.9), np.full(6, thick * 0.72)]),
    )
    parts += [
        rods(*ends, 0.0012, plain(rng, METAL)),
        block(neck, (long * 0.12, long * 0.02, thick * 0.05), (0, long * 0.25, thick * 0.52)),
    ]
    return shifted(parts, (0, thick / 2, 0), turned(0, -math.pi / 2) @ turned(0, 0, math.pi))


def basket(rng):
    """A woven basket or a bin, with balls of wool, fruit or rolls in it."""
    r, tall, m = rng.uniform(0.08, 0.2), rng.uniform(0.08, 0.25), print_of(rng, 0.06, (0.5, 0.36, 0.2))
    parts = [
        lathe([(1e-4, 0), (r * 0.8, 0), (r, tall), (r * 0.95, tall), (r * 0.8, tall * 0.4), (1e-4, tall * 0.4)], m, 36)
    ]
    for _ in range(rng.integers(0, 7)):
        b, turn = r * rng.uniform(0.25, 0.4), rng.uniform(0, 6.3)
        parts.append(
            ball(covered(rng, 0.05), 14, 20, b).moved(
                (r * 0.5 * math.cos(turn), tall * rng.uniform(0.6, 1), r * 0.5 * math.sin(turn)), turned(turn)
            )
        )
    return parts


def glasses(rng):
    r, m, u = 0.024, plain(rng), np.linspace(0, 2 * math.pi, 24)
    parts = [
        sweep(
            np.column_stack([r * 1.15 * np.cos(u) + side * 0.032, r * np.sin(u) + r, 0 * u]), 0.0022, m, 6, capped=False
        )
        for side in (-1, 1)
    ]
    ends = [[-0.06, r * 1.2, 0], [0.06, r * 1.2, 0], [-0.008, r, 0]], [[-0.06, r, 0.13], [0.06, r, 0.13], [0.008, r, 0]]
    return shifted([*parts, rods(*ends, 0.002, m)], turn=turned(rng.uniform(0, 6.3)))


def torch(rng):
    """A tube on its side: a torch, a roll of tape or paper, a candle, a battery."""
    r, long = spread(rng, 0.006, 0.04), rng.uniform(0.05, 0.25)
    m = covered(rng, 0.05, 0.4)
    parts = [lathe([(1e-4, 0), (r, 0), (r, long), (r * 0.5, long), (r * 0.45, long * 0.9), (1e-4, long * 0.9)], m, 24)]
    return lying(parts, r, rng.uniform(0, 6.3)) if rng.random() < 0.6 else parts


def radio(rng):
    half = np.array([rng.uniform(0.06, 0.16), rng.uniform(0.04, 0.1), rng.uniform(0.02, 0.06)])
    parts = [soft(covered(rng, 0.2, 0.2), half, (0, half[1], 0), square=0.12)]
    knob = lathe([(1e-4, 0), (0.2, 0), (0.18, 0.2), (1e-4, 0.22)], plain(rng), 20).moved(
        (0, 0, 0), turned(0, -math.pi / 2), half[1]
    )
    parts += [knob.moved((half[0] * x, half[1] * y, -half[2])) for x, y in ((0.7, 0.6), (0.7, 1.3))]
    parts.append(
        lathe([(1e-4, 0), (0.75, 0), (0.7, 0.06), (1e-4, -0.0)], plain(rng, hue(rng)), 30).moved(
            (-half[0] * 0.3, half[1], -half[2]), turned(0, -math.pi / 2), half[1]
        )
    )
    return parts


def paper(rng):
    """Sheets, letters, photographs, cards on a table, with a slight bend."""
    parts = []
    for k in range(rng.integers(1, 6)):
        wide, long = rng.uniform(0.03, 0.11), rng.uniform(0.04, 0.15)
        x, z = np.meshgrid(np.linspace(-wide, wide, 9), np.linspace(-long, long, 9))
        bend = 0.001 + 0.002 * k + rng.uniform(0, 0.012) * np.abs(x / wide) ** 2
        m = print_of(rng, 0.1, WHITE) if rng.random() < 0.6 else material(rng, WHITE, 2, 0.1)
        parts.append(
            sheet(np.stack([x, bend, z], -1), m).moved(
                (rng.normal() * 0.06 * (k > 0), 0, rng.normal() * 0.06 * (k > 0)), turned(rng.uniform(0, 6.3))
            )
        )
    return parts


TRINKETS = {
    toy: 4,
    guitar: 2,
    basket: 3,
    glasses: 2,
    torch: 4,
    radio: 2,
    paper: 5,
    camera_body: 3,
    headphones: 3,
    drum: 2,
    trumpet: 1,
    umbrella: 2,
    bear: 4,
    candle: 2,
    globe: 2,
    fan: 2,
    watch: 2,
    figure: 4,
    plug: 3,
}
