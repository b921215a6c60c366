"""More small things people make: devices, tools, clothes, bags, toys, instruments, cloth and paper. As in `wares`."""

import math

import numpy as np

from meshed.mesh import Mesh, ball, lathe, prism, sheet, smoothed_path, sweep
from meshed.objects import trinkets, wares
from meshed.objects.basics import (
    LYING,
    block,
    chrome,
    covered,
    curve,
    lying,
    plain,
    print_of,
    rods,
    rounded,
    shifted,
    slab,
    soft,
    waves,
    wooden,
)
from world import DARK, METAL, WHITE, pick, spread, turned


def screen(rng, size):
    """The material of a screen with a picture, most often lit."""
    m = print_of(rng, size)
    m.glow = rng.uniform(0.2, 0.9) * (rng.random() < 0.7)
    return m


def phone(rng):
    wide, long = rng.uniform(0.03, 0.042), rng.uniform(0.055, 0.085)
    case, thick = plain(rng, pick(rng, DARK, WHITE, METAL, None)), rng.uniform(0.007, 0.014)
    face = screen(rng, 0.07) if rng.random() < 0.6 else plain(rng, (0.02, 0.02, 0.025), 0.9, 0)
    parts = [
        slab(case, wide, long, thick, 0.01, 0.03),
        slab(face, wide * 0.92, long * 0.9, 0.001, 0.006, 0).moved((0, thick, 0)),
    ]
    if rng.random() < 0.3:
        return shifted(shifted(parts, turn=turned(0, -rng.uniform(0.9, 1.3))), (0, long * 0.9, 0))
    return parts


def keys_of(m, columns, rows, wide, long, y, gap=0.15):
    """The keys of a keyboard, in rows and columns, as one mesh."""
    x, z = np.meshgrid((np.arange(columns) + 0.5) / columns * 2 - 1, (np.arange(rows) + 0.5) / rows * 2 - 1)
    a, b = wide / columns * (1 - gap), long / rows * (1 - gap)
    tall = 0.3 * min(a, b)
    corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    low = np.stack([corner[:, 0] * a, np.zeros(4), corner[:, 1] * b], -1)
    top = np.stack([corner[:, 0] * a * 0.85, np.full(4, tall), corner[:, 1] * b * 0.85], -1)
    one = np.concatenate([low, top])
    faces = np.array(
        [f for i in range(4) for f in ((i, (i + 1) % 4, 4 + i), ((i + 1) % 4, 4 + (i + 1) % 4, 4 + i))]
        + [(4, 5, 6), (4, 6, 7)]
    )
    places = np.stack([x.ravel() * wide, np.full(x.size, y), z.ravel() * long], -1)
    points = (places[:, None] + one[None]).reshape(-1, 3)
    return Mesh(points, (faces[None] + (np.arange(x.size) * 8)[:, None, None]).reshape(-1, 3), m, smooth=False)


def laptop(rng):
    wide, long = rng.uniform(0.14, 0.19), rng.uniform(0.1, 0.13)
    case, thick = plain(rng, pick(rng, DARK, METAL, WHITE)), rng.uniform(0.012, 0.022)
    parts = [
        slab(case, wide, long, thick, 0.012),
        keys_of(plain(rng, pick(rng, DARK, WHITE)), 14, 5, wide * 0.9, long * 0.5, thick).moved((0, 0, 0.25 * long)),
    ]
    lid = [
        slab(case, wide, long, 0.007, 0.012),
        slab(screen(rng, 0.2), wide * 0.95, long * 0.9, 0.0015, 0.004, 0).moved((0, -0.0015, 0)),
    ]
    return parts + shifted(shifted(lid, (0, 0, -long)), (0, thick, long), turned(0, rng.uniform(1.4, 2.1)))


def keyboard(rng):
    wide, long = rng.uniform(0.15, 0.23), rng.uniform(0.055, 0.08)
    case, caps = plain(rng, pick(rng, DARK, WHITE, METAL, None)), plain(rng, pick(rng, DARK, WHITE, None))
    parts = [slab(case, wide, long, 0.015, 0.008), keys_of(caps, 15, 5, wide * 0.95, long * 0.85, 0.015)]
    if rng.random() < 0.5:
        parts.append(soft(plain(rng), (0.032, 0.018, 0.055), (wide + 0.08, 0.016, 0), square=0.8))
    return parts


def pen(rng):
    r, long, m = rng.uniform(0.003, 0.007), rng.uniform(0.12, 0.18), plain(rng)
    n = int(pick(rng, 6, 16))
    parts = [
        lathe([(1e-4, 0), (r, 0), (r, long * 0.85)], m, n, n > 6),
        lathe([(r, long * 0.85), (r * 0.2, long), (1e-4, long)], wooden(rng), 12),
    ]
    return lying(parts, r, rng.uniform(0, 6.3))


def lighter(rng):
    wide, tall = rng.uniform(0.011, 0.02), rng.uniform(0.04, 0.06)
    parts = [prism(rounded(wide, tall / 2, 0.005), 0.013, plain(rng), 0.1).moved((0, tall / 2, 0))]
    parts += [block(chrome(rng), (wide * 0.9, 0.006, 0.006), (0, tall + 0.006, 0))]
    parts += [
        lathe([(1e-4, -0.004), (0.005, -0.004), (0.005, 0.004), (1e-4, 0.004)], chrome(rng), 16).moved(
            (wide * 0.3, tall + 0.014, 0), LYING
        )
    ]
    return parts if rng.random() < 0.5 else lying(parts, 0.0065, rng.uniform(0, 6.3))


def coins(rng):
    parts = []
    for _ in range(rng.integers(1, 9)):
        r, thick = rng.uniform(0.009, 0.014), 0.002
        m = chrome(rng)
        x, z, high = rng.normal() * 0.035, rng.normal() * 0.035, int(rng.integers(1, 6)) if rng.random() < 0.3 else 1
        for k in range(high):
            parts.append(
                lathe(
                    [(1e-4, 0), (r, 0), (r, thick), (r * 0.86, thick), (r * 0.84, thick * 0.8), (1e-4, thick * 0.8)],
                    m,
                    24,
                ).moved((x, k * thick, z))
            )
    return parts


def scissors(rng):
    blade, grip = chrome(rng), plain(rng)
    long, angle, parts = rng.uniform(0.08, 0.12), rng.uniform(0.05, 0.4), []
    for side in (-1, 1):
        outline = np.array([(-0.09, 0), (0.07, -0.02), (0.09, 0.2), (0.0, 1.0), (-0.07, 0.5)]) * long * [side, 1]
        outline = outline if side > 0 else outline[::-1]
        u = np.linspace(0, 2 * math.pi, 26)
        ring = np.column_stack([0.19 * np.cos(u) + side * -0.2, 0.26 * np.sin(u) - 0.62, 0 * u]) * long
        stem = rods([[0, 0, 0]], [[-side * 0.1 * long, -0.4 * long, 0]], 0.05 * long, grip)
        half = [prism(outline, 0.003, blade), sweep(ring, 0.05 * long, grip, 8, capped=False), stem]
        parts += shifted(half, (0, 0, 0.002 * side), turned(0, 0, angle * -side))
    return shifted(parts, (0, 0.05 * long + 0.002, 0), turned(rng.uniform(0, 6.3)) @ turned(0, math.pi / 2))


def tool(rng):
    """A hammer, screwdriver, spanner, brush or pair of pliers that lies there."""
    k, long, grip, metal = rng.random(), rng.uniform(0.15, 0.32), covered(rng, 0.1, 0.2), chrome(rng)
    r = long * rng.uniform(0.04, 0.07)
    if k < 0.3:
        stick = lathe(curve([(1e-4, 0), (r, 0.01), (r * 0.75, long * 0.5), (r * 0.6, long)], 14), wooden(rng, 0.1), 12)
        head = lathe(
            [(1e-4, -1), (0.35, -1), (0.35, -0.6), (0.25, -0.5), (0.25, 0.2), (0.15, 0.8), (1e-4, 1)], metal, 14
        ).moved((0, long * 0.97, 0), turned(0, 0, math.pi / 2), long * 0.2)
        parts, high = [stick, head], r * 1.5
    elif k < 0.6:
        stick = lathe(
            curve(
                [
                    (1e-4, 0),
                    (r, 0.01),
                    (r * 0.8, long * 0.2),
                    (r, long * 0.38),
                    (r * 0.5, long * 0.42),
                    (1e-4, long * 0.43),
                ],
                18,
            ),
            grip,
            12,
        )
        parts, high = [stick, rods([[0, long * 0.4, 0]], [[0, long, 0]], r * 0.25, metal, 8)], r
    elif k < 0.8:
        outline = np.array(
            [
                (-0.05, -0.4),
                (0.05, -0.4),
                (0.05, 0.35),
                (0.12, 0.4),
                (0.13, 0.5),
                (0.05, 0.45),
                (0, 0.4),
                (-0.05, 0.45),
                (-0.13, 0.5),
                (-0.12, 0.4),
                (-0.05, 0.35),
            ]
        )
        parts, high = [prism(outline * long, long * 0.03, metal, 0.02)], long * 0.015
        ring = np.linspace(0, 2 * math.pi, 20)
        parts.append(
            sweep(
                np.column_stack([0.07 * np.cos(ring), 0.07 * np.sin(ring) - 0.46, 0 * ring]) * long,
                long * 0.022,
                metal,
                6,
                capped=False,
            )
        )
    else:
        parts, high = (
            [
                block(grip, (r * 0.5, long * 0.3, r * 0.3)),
                block(metal, (r * 1.3, long * 0.06, r * 0.35), (0, long * 0.34, 0)),
            ],
            r * 0.35,
        )
        parts.append(block(plain(rng), (r * 1.25, long * 0.09, r * 0.3), (0, long * 0.48, 0)))
    return shifted(shifted(parts, (0, high, 0), LYING), turn=turned(rng.uniform(0, 6.3)))


def bunch_of_keys(rng):
    parts, ring = [], np.linspace(0, 2 * math.pi, 22)
    parts.append(
        sweep(
            np.column_stack([0.014 * np.cos(ring), 0 * ring + 0.003, 0.014 * np.sin(ring)]),
            0.0012,
            chrome(rng),
            6,
            capped=False,
        )
    )
    for _ in range(rng.integers(1, 5)):
        m, turn = chrome(rng), turned(rng.uniform(0, 6.3), rng.normal() * 0.05)
        head = lathe([(1e-4, 0), (0.012, 0), (0.012, 0.002), (1e-4, 0.002)], m, 18).moved((0, 0, 0.024))
        stem = block(m, (0.004, 0.001, 0.018), (0, 0.001, 0.05))
        parts += shifted(
            [head, stem, block(m, (0.003, 0.001, 0.003), (0.005, 0.001, 0.055))], (0, rng.uniform(0, 0.006), 0), turn
        )
    return parts


def shoe(rng):
    """One shoe along z, its toe at +z."""
    long, wide, tall = rng.uniform(0.11, 0.145), rng.uniform(0.038, 0.05), rng.uniform(0.06, 0.14)
    t = np.linspace(0, 1, 22)
    w = wide * np.interp(t, [0, 0.04, 0.15, 0.4, 0.75, 0.93, 1], [0.1, 0.55, 0.75, 0.72, 1, 0.75, 0.1])
    top = np.interp(
        t, [0, 0.05, 0.3, 0.42, 0.6, 0.85, 0.96, 1], [0.75 * tall, tall, tall, 0.9 * tall, 0.085, 0.05, 0.035, 0.01]
    )
    u = np.linspace(0, math.pi, 15)
    x, y = np.cos(u)[None] * w[:, None], 0.012 + np.sin(u)[None] ** 0.6 * top[:, None]
    z = np.broadcast_to((t * 2 - 1)[:, None] * long, x.shape)
    upper, sole = covered(rng, 0.1, 0.3), plain(rng, pick(rng, WHITE, DARK, None))
    outline = (
        np.concatenate([np.column_stack([w, (t * 2 - 1) * long]), np.column_stack([-w, (t * 2 - 1) * long])[::-1]])
        * 1.06
    )
    base = prism(outline, 0.024, sole).moved((0, 0.012, 0), turned(0, math.pi / 2))
    parts = [sheet(np.stack([x, y, z], -1), upper), base]
    hole = ball(plain(rng, (0.03, 0.03, 0.03), 0), 10, 16).moved(
        (0, tall + 0.008, -long * 0.55), None, (wide * 0.55, 0.012, long * 0.36)
    )
    laces = [
        block(plain(rng, WHITE, 0), (wide * 0.45, 0.003, 0.004), (0, np.interp(f, t, top) + 0.017, (f * 2 - 1) * long))
        for f in (0.5, 0.56, 0.62, 0.68)
    ]
    return parts + [hole] + laces * (rng.random() < 0.6)


def shoes(rng):
    one = shoe(rng)
    return shifted(one, (0.07, 0, 0), turned(rng.normal() * 0.3)) + shifted(
        one, (-0.07, 0, rng.normal() * 0.04), turned(rng.normal() * 0.3)
    )


def hat(rng):
    r, tall, brim = 0.1, rng.uniform(0.08, 0.14), rng.uniform(0.14, 0.22)
    m = covered(rng, 0.1, 0.3)
    crown = curve(
        [
            (brim, rng.uniform(0.005, 0.03)),
            (r * 1.05, 0.008),
            (r, tall * 0.6),
            (r * 0.8, tall),
            (1e-4, tall * rng.uniform(0.85, 1.05)),
        ],
        24,
    )
    band = lathe([(r * 1.06, 0.01), (r * 1.04, 0.035)], plain(rng), 30)
    return [lathe(crown, m, 40), band]


def bag(rng):
    """A bag with handles, a rucksack or a suitcase."""
    half, m = (
        np.array([rng.uniform(0.1, 0.24), rng.uniform(0.1, 0.24), rng.uniform(0.04, 0.1)]),
        covered(rng, 0.25, 0.5),
    )
    body = soft(m, half, (0, half[1], 0), square=rng.uniform(0.15, 0.5), rows=20, columns=36)
    body.points += 0.01 * waves(rng, body.points, 0.08)[:, None] * [0.3, 0.1, 1]
    parts, strap = [body], plain(rng)
    for z in (-0.5, 0.5):
        path = [
            (-half[0] * 0.5, half[1] * 1.85, z * half[2]),
            (-half[0] * 0.3, half[1] * 2.4, z * half[2] * 1.5),
            (half[0] * 0.3, half[1] * 2.4, z * half[2] * 1.5),
            (half[0] * 0.5, half[1] * 1.85, z * half[2]),
        ]
        parts.append(sweep(smoothed_path(path, 18), 0.008, strap, 8, flat=0.5))
    if rng.random() < 0.6:
        parts.append(
            soft(
                covered(rng, 0.2, 0.4),
                (half[0] * 0.7, half[1] * 0.45, half[2] * 0.35),
                (0, half[1] * 0.7, -half[2] * 0.95),
            )
        )
    return parts


def clock(rng):
    """A round clock that stands, its face towards -z."""
    r, m = rng.uniform(0.04, 0.15), plain(rng)
    face, hand = plain(rng, pick(rng, WHITE, DARK, None), 0.2, 0), plain(rng, pick(rng, DARK, WHITE), 0, 0)
    case = lathe(
        [(1e-4, 0), (r, 0), (r * 1.04, r * 0.2), (r, r * 0.35), (r * 0.93, r * 0.35), (r * 0.92, r * 0.28)], m, 40
    )
    dial = lathe([(1e-4, r * 0.28), (r * 0.92, r * 0.28)], face, 40)
    u = np.arange(12) * math.pi / 6
    a, b = (np.column_stack([k * r * np.cos(u), np.full(12, r * 0.285), k * r * np.sin(u)]) for k in (0.76, 0.87))
    parts = [case, dial, rods(a, b, r * 0.018, hand)]
    for long in (0.45, 0.7):
        turn = rng.uniform(0, 6.3)
        parts.append(
            rods([[0, r * 0.3, 0]], [[long * r * math.cos(turn), r * 0.3, long * r * math.sin(turn)]], r * 0.022, hand)
        )
    return shifted(parts, (0, r * 1.04, 0), turned(0, -math.pi / 2))


def table_lamp(rng):
    tall, r = rng.uniform(0.25, 0.6), rng.uniform(0.08, 0.2)
    shade, foot = covered(rng, 0.2, 0.3), covered(rng, 0.1, 0.2)
    shade.glow = rng.uniform(0, 0.9) * (rng.random() < 0.5)
    stem = lathe(
        curve(
            [
                (1e-4, 0),
                (r * 0.6, 0.004),
                (r * rng.uniform(0.1, 0.5), tall * 0.25),
                (r * 0.08, tall * 0.6),
                (0.008, tall * 0.8),
            ],
            22,
        ),
        foot,
        24,
    )
    top = r * rng.uniform(0.4, 1)
    return [stem, lathe([(r, tall * 0.62), (top, tall), (top * 0.97, tall), (r * 0.97, tall * 0.62)], shade, 32)]


def crumpled(rng):
    """Crumpled paper, foil or a plastic bag."""
    r = spread(rng, 0.03, 0.15)
    mesh = ball(None, 34, 52)
    folds = np.abs(waves(rng, mesh.points, 0.55)) * 0.22 + np.abs(waves(rng, mesh.points, 0.25)) * 0.1
    mesh.points *= (0.75 + folds + 0.15 * waves(rng, mesh.points, 1.5))[:, None]
    mesh.points *= r * rng.uniform(0.6, 1.1, 3)
    mesh.points[:, 1] -= mesh.points[:, 1].min() * 0.85
    mesh.points[:, 1] = np.maximum(mesh.points[:, 1], 0.001)
    return [
        Mesh(
            mesh.points,
            mesh.faces,
            covered(rng, 0.15, 0.3) if rng.random() < 0.6 else plain(rng, WHITE),
            smooth=rng.random() < 0.4,
        )
    ]


def cloth(rng, wide=None, m=None):
    """A folded or thrown cloth that lies."""
    wide = wide or rng.uniform(0.08, 0.3)
    x, z = np.meshgrid(np.linspace(-1, 1, 46), np.linspace(-1, 1, 46))
    flat = np.stack([x, np.zeros_like(x), z], -1).reshape(-1, 3)
    fold = np.abs(waves(rng, flat, rng.uniform(0.25, 0.7))) * rng.uniform(0.02, 0.18) + 0.02 * waves(rng, flat, 0.15)
    flat[:, 1] = np.maximum(fold - fold.min(), 0.004)
    flat[:, [0, 2]] += 0.08 * np.column_stack([waves(rng, flat, 0.7), waves(rng, flat, 0.7)])
    return [sheet((flat * wide * [1, 1, rng.uniform(0.5, 1)]).reshape(46, 46, 3), m or covered(rng, 0.15, 0.7))]


def towels(rng):
    """Folded cloths in a pile."""
    parts, y, half = [], 0.0, rng.uniform(0.08, 0.2, 2)
    for _ in range(rng.integers(1, 6)):
        thick = rng.uniform(0.012, 0.03)
        parts.append(
            soft(covered(rng, 0.15, 0.6), (half[0], thick, half[1]), (rng.normal() * 0.01, y + thick, 0), square=0.25)
        )
        y += thick * 1.9
    return parts


def cushion(rng):
    r = rng.uniform(0.16, 0.28)
    mesh = soft(covered(rng, 0.25, 0.65), (r, r * 0.4, r * rng.uniform(0.6, 1)), square=0.45, rows=20, columns=40)
    corner = (np.abs(mesh.points[:, 0] / r) * np.abs(mesh.points[:, 2] / r))[:, None]
    mesh.points *= [1, 1, 1] + corner * [0.1, -0.5, 0.1]
    return [mesh.moved((0, r * 0.38, 0))]


# Each thing with how often it is drawn.
SMALL = {
    wares.cup: 9,
    wares.plate: 6,
    wares.bowl: 5,
    wares.vase: 5,
    wares.bottle: 5,
    wares.can: 4,
    wares.teapot: 3,
    wares.book: 6,
    wares.books: 3,
    wares.carton: 9,
    wares.cutlery: 5,
    wares.tin_ball: 4,
    wares.wood_block: 5,
    phone: 4,
    laptop: 2,
    keyboard: 2,
    pen: 5,
    lighter: 2,
    coins: 3,
    scissors: 3,
    tool: 6,
    bunch_of_keys: 2,
    shoes: 3,
    hat: 2,
    bag: 3,
    clock: 3,
    table_lamp: 3,
    crumpled: 4,
    cloth: 4,
    towels: 2,
    cushion: 1,
    **trinkets.TRINKETS,
}
NAMES, ODDS = list(SMALL), np.array(list(SMALL.values())) / sum(SMALL.values())


def ware(rng):
    """Any small thing."""
    return NAMES[rng.choice(len(NAMES), p=ODDS)](rng)
