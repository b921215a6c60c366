"""Furniture and what hangs in rooms, as lists of meshes that stand on y = 0, their front towards -z."""

import math

import numpy as np

from meshed.mesh import ball, lathe, sheet
from meshed.objects.basics import block, chrome, covered, curve, plain, print_of, rods, shifted, soft, waves, wooden
from meshed.objects.gear import scissors, screen, tool, ware
from meshed.objects.wares import carton, leaf
from world import BARK, DARK, LEAF, WHITE, WOOD, material, pick, spread, turned


def finish(rng):
    """What a piece of furniture is made of."""
    return pick(rng, wooden, wooden, plain)(rng)


def legs(rng, m, a, b, tall, y=0.0):
    """Four legs, straight, tapered, splayed or turned."""
    corners = np.array([[x * a, 0, z * b] for x in (-1, 1) for z in (-1, 1)])
    k = rng.random()
    if k < 0.45:
        r = rng.uniform(0.012, 0.035)
        return [block(m, (r, tall / 2, r), c * 0.93 + [0, y + tall / 2, 0]) for c in corners]
    if k < 0.75:
        out = rng.uniform(0.7, 1.0)
        return [rods(corners + [0, y, 0], corners * [out, 0, out] + [0, y + tall, 0], rng.uniform(0.01, 0.03), m, 8)]
    heights = np.linspace(0, tall, 6)
    profile = curve(np.column_stack([rng.uniform(0.015, 0.035, 6), heights]), 18)
    leg = lathe(profile, m, 10)
    return [leg.moved(c * 0.9 + [0, y, 0]) for c in corners]


def table(rng, tall=None):
    """A table and the half size of its top."""
    tall, a, b = tall or rng.uniform(0.4, 0.8), rng.uniform(0.35, 0.95), rng.uniform(0.3, 0.6)
    m, thick = finish(rng), rng.uniform(0.012, 0.04)
    if rng.random() < 0.3:
        r = min(a, b) * 1.2
        profile = [(1e-4, tall - 2 * thick), (r * 0.95, tall - 2 * thick), (r, tall - thick), (r, tall), (1e-4, tall)]
        foot = lathe(
            curve([(1e-4, 0), (r * 0.5, 0.01), (0.05, 0.08), (0.04, tall * 0.5), (0.06, tall - 2 * thick)], 16), m, 20
        )
        return [lathe(profile, m, 48), foot], tall, (r * 0.7, r * 0.7)
    parts = [
        block(m, (a, thick, b), (0, tall - thick, 0)),
        *legs(rng, m if rng.random() < 0.7 else chrome(rng), a, b, tall - 2 * thick),
    ]
    if rng.random() < 0.5:
        parts.append(block(m, (a * 0.88, 0.04, b * 0.88), (0, tall - 2 * thick - 0.04, 0)))
    if rng.random() < 0.2:
        parts.append(block(covered(rng, 0.3, 0.8), (a * 1.004, 0.09, b * 1.004), (0, tall - 0.085, 0)))
    return parts, tall, (a, b)


def chair(rng):
    """A chair with slats, bars, a panel or a padded back."""
    m, a, seat, back = (
        finish(rng) if rng.random() < 0.8 else chrome(rng),
        rng.uniform(0.19, 0.24),
        rng.uniform(0.42, 0.48),
        rng.uniform(0.8, 1.05),
    )
    cover = covered(rng, 0.2, 0.5) if rng.random() < 0.5 else m
    parts = legs(rng, m, a, a, seat)
    parts.append(
        soft(cover, (a, 0.025, a), (0, seat, 0), square=0.2)
        if rng.random() < 0.6
        else block(m, (a, 0.015, a), (0, seat, 0))
    )
    lean, k = rng.uniform(0, 0.08), rng.random()
    posts = np.array([[s * a * 0.92, seat, a * 0.93] for s in (-1, 1)])
    tops = posts + [0, back - seat, lean]
    parts.append(rods(posts, tops, 0.016, m, 8))
    at = lambda f: posts + (tops - posts) * f  # noqa: E731
    if k < 0.35:
        for f in np.linspace(0.35, 0.95, rng.integers(2, 5)):
            parts.append(block(m, (a * 0.9, 0.03, 0.008), at(f).mean(0)))
    elif k < 0.65:
        x = np.linspace(-0.8, 0.8, rng.integers(3, 7))[:, None]
        low, high = (at(f).mean(0) + x * [a, 0, 0] for f in (0.1, 0.93))
        parts += [rods(low, high, 0.008, m), block(m, (a * 0.95, 0.03, 0.012), at(0.95).mean(0))]
    else:
        tilt = turned(0, math.atan2(lean, back - seat))
        parts.append(soft(cover, (a * 0.95, (back - seat) * 0.33, 0.025), at(0.62).mean(0), tilt, square=0.25))
    return parts


def armchair(rng, wide=None):
    """A sofa or an armchair with its cushions; `wide` is half the width of what one sits on."""
    m, wide = covered(rng, 0.3, 0.3), wide or rng.uniform(0.28, 1.1)
    deep, seat, back, arm = (
        rng.uniform(0.3, 0.42),
        rng.uniform(0.36, 0.46),
        rng.uniform(0.7, 0.95),
        rng.uniform(0.07, 0.14),
    )
    edge = rng.uniform(0.12, 0.35)
    parts = [soft(m, (wide + arm, seat * 0.36, deep), (0, seat * 0.5, 0), square=0.1)]
    count = max(1, round(wide / 0.33))
    for k in range(count):
        x, w = (2 * k + 1 - count) * wide / count, wide / count
        parts.append(soft(m, (w * 0.98, 0.085, deep * 0.92), (x, seat - 0.02, -0.04), square=edge))
        parts.append(
            soft(
                m,
                (w * 0.97, (back - seat) * 0.55, 0.11),
                (x, seat + (back - seat) * 0.5, deep * 0.72),
                turned(0, 0.14),
                square=edge,
            )
        )
    parts.append(soft(m, (wide + arm, back * 0.44, 0.09), (0, back * 0.5 + 0.03, deep * 0.98), square=0.15))
    for side in (-1, 1):
        parts.append(soft(m, (arm, seat * 0.72, deep * 1.02), (side * (wide + arm * 0.9), seat * 0.78, 0), square=edge))
    parts += legs(rng, finish(rng), wide, deep * 0.9, seat * 0.16)
    for _ in range(rng.integers(0, 4)):
        parts += pillow(
            rng,
            (rng.uniform(-0.85, 0.85) * wide, seat + 0.2, deep * 0.35),
            (rng.normal() * 0.4, 0.35 + rng.normal() * 0.15, rng.normal() * 0.4),
        )
    return parts


def pillow(rng, centre, turns):
    r = rng.uniform(0.17, 0.25)
    mesh = soft(covered(rng, 0.2, 0.7), (r, r, r * 0.4), square=0.45, rows=16, columns=32)
    return [mesh.moved(centre, turned(*turns))]


def bed(rng):
    wide, long, tall, wood = rng.uniform(0.4, 0.95), 1.0, rng.uniform(0.35, 0.6), finish(rng)
    sheet_, cover = covered(rng, 0.3, 0.4), covered(rng, 0.4, 0.6)
    parts = [
        block(wood, (wide + 0.04, tall * 0.3, long), (0, tall * 0.3, 0)),
        block(wood, (wide + 0.05, tall * rng.uniform(0.9, 1.4), 0.03), (0, tall, long)),
    ]
    parts.append(soft(sheet_, (wide, tall * 0.28, long * 0.98), (0, tall * 0.75, 0), square=0.15))
    z, x = np.meshgrid(np.linspace(-1.02, 0.45, 40), np.linspace(-1.06, 1.06, 44), indexing="ij")
    flat = np.stack([x * wide, np.zeros_like(x), z * long], -1)
    lump = 0.03 * np.abs(waves(rng, flat.reshape(-1, 3), rng.uniform(0.15, 0.5))).reshape(x.shape)
    fall = np.clip((np.abs(x) - 1) * 6, 0, 1) + np.clip((-z - 0.98) * 20, 0, 1)
    flat[..., 1] = tall * 1.03 + 0.02 + lump - fall * tall * rng.uniform(0.4, 0.8)
    parts.append(sheet(flat, cover))
    for x in (0,) if wide < 0.6 else (-0.5, 0.5):
        parts.append(
            soft(
                covered(rng, 0.3, 0.4),
                (min(wide * 0.45, 0.36), 0.08, 0.22),
                (x * wide, tall * 1.1, long * 0.72),
                turned(rng.normal() * 0.1, -0.3),
                square=0.45,
            )
        )
    return parts


def cupboard(rng, wide=None, tall=None, deep=None):
    """A cupboard, chest of drawers or kitchen unit: doors and drawers with gaps and handles."""
    wide, tall, deep = wide or rng.uniform(0.25, 0.8), tall or rng.uniform(0.5, 2.1), deep or rng.uniform(0.18, 0.35)
    body = finish(rng)
    front, knob = (finish(rng) if rng.random() < 0.3 else body), chrome(rng)
    parts = [block(body, (wide, tall / 2, deep), (0, tall / 2, 0))]
    columns, rows = int(rng.integers(1, 2 + round(wide * 2.5))), int(rng.integers(1, 2 + round(tall * 2.5)))
    w, h, rest = wide / columns, tall * 0.47 / rows, rng.random() < 0.5
    for i in range(columns):
        for j in range(rows):
            at = np.array([(2 * i + 1 - columns) * w, tall * 0.52 + (2 * j + 1 - rows) * h, -deep - 0.006])
            parts.append(block(front, (w - 0.006, h - 0.006, 0.009), at))
            if rest:
                parts.append(block(front, (w * 0.7, h * 0.7, 0.004), at + [0, 0, -0.009]))
            grip = at + ([0, 0, -0.025] if w > h else [w * 0.8, 0, -0.025])
            parts.append(
                rods(
                    [grip - [0.05 * (w > h), 0.05 * (w <= h), 0]],
                    [grip + [0.05 * (w > h), 0.05 * (w <= h), 0]],
                    0.007,
                    knob,
                )
            )
    return parts


def rack(rng, wide=None, tall=None):
    """An open case against a wall with books, boxes and things in it."""
    wide, tall, deep, m = (
        wide or rng.uniform(0.3, 0.7),
        tall or rng.uniform(0.6, 1.9),
        rng.uniform(0.1, 0.18),
        finish(rng),
    )
    rows = max(2, round(tall / rng.uniform(0.28, 0.4)))
    parts = [block(m, (0.012, tall / 2, deep), (s * wide, tall / 2, 0)) for s in (-1, 1)] + [
        block(m, (wide, tall / 2, 0.006), (0, tall / 2, deep))
    ]
    for j in range(rows + 1):
        y = j * tall / rows
        parts.append(block(m, (wide, 0.012, deep), (0, y, 0)))
        x = -wide + 0.03
        while x < wide - 0.05 and j < rows:
            if rng.random() < 0.6:
                for _ in range(rng.integers(2, 9)):
                    t, h = rng.uniform(0.008, 0.028), tall / rows * rng.uniform(0.55, 0.85)
                    if x + 2 * t > wide - 0.02:
                        break
                    parts.append(
                        block(
                            covered(rng, 0.15, 0.4),
                            (t, h / 2, deep * 0.75),
                            (x + t, y + 0.012 + h / 2, rng.uniform(-0.02, 0.02)),
                        )
                    )
                    x += 2 * t + 0.002
            else:
                r = min(rng.uniform(0.04, 0.12), tall / rows * 0.35)
                parts += shifted(carton(rng, r), (x + r, y + 0.012, 0))
                x += 2.4 * r
            x += rng.uniform(0, 0.15)
    return parts


def curtain(rng, wide=None, tall=None):
    """Cloth in folds that hangs from `tall` to the floor, or a part of it."""
    wide, tall, m = wide or rng.uniform(0.25, 1), tall or rng.uniform(1.5, 2.5), covered(rng, 0.4, 0.6)
    x, y = np.meshgrid(np.linspace(-1, 1, 90), np.linspace(0, 1, 12), indexing="xy")
    count, deep = wide * rng.uniform(4, 12), rng.uniform(0.02, 0.06)
    z = deep * np.sin(x * count * math.pi + 0.7 * np.sin(x * 5 + rng.uniform(0, 6)) + 0.4 * y) * (0.6 + 0.5 * (1 - y))
    tied = rng.random() < 0.3
    pull = 1 - 0.45 * np.exp(-(((y - 0.4) / 0.2) ** 2)) if tied else 1.0
    return [sheet(np.stack([x * wide * pull, y * tall, z], -1), m)]


def picture(rng):
    """A framed picture, mirror or screen around the origin."""
    a, b, m = rng.uniform(0.1, 0.6), rng.uniform(0.1, 0.5), finish(rng)
    inside = print_of(rng, min(a, b)) if rng.random() < 0.75 else plain(rng, (0.5, 0.5, 0.5), 0, 0)
    if rng.random() < 0.2:
        inside.mirror = 0.9
    edge, thick = rng.uniform(0.01, 0.05), rng.uniform(0.008, 0.02)
    parts = [block(inside, (a, b, thick * 0.6))]
    for s in (-1, 1):
        parts.append(block(m, (a + 2 * edge, edge, thick), (0, s * (b + edge), 0)))
        parts.append(block(m, (edge, b, thick), (s * (a + edge), 0, 0)))
    return parts


def window(rng, a=None, b=None):
    """A window around the origin: bright panes, bars, a sill."""
    a, b, m = a or rng.uniform(0.3, 1), b or rng.uniform(0.4, 0.9), plain(rng, pick(rng, WHITE, WHITE, WOOD, DARK))
    pane = material(rng, pick(rng, (0.8, 0.88, 0.95), (0.6, 0.75, 0.9), (0.5, 0.6, 0.45)), 1.5, rng.uniform(0, 1))
    pane.glow, pane.gloss = rng.uniform(0.6, 1.6), 0.0
    parts = [block(pane, (a, b, 0.01))]
    for x in np.linspace(-a, a, rng.integers(2, 5)):
        parts.append(block(m, (0.025, b, 0.03), (x, 0, 0)))
    for y in np.linspace(-b, b, rng.integers(2, 5)):
        parts.append(block(m, (a + 0.025, 0.025, 0.028), (0, y, 0)))
    return [*parts, block(m, (a + 0.08, 0.02, 0.09), (0, -b - 0.03, -0.05))]


def pot_plant(rng):
    """A plant in a pot: blades, broad leaves on stalks, a little tree, a cactus."""
    r, tall = rng.uniform(0.06, 0.18), rng.uniform(0.1, 0.3)
    pot, soil = covered(rng, 0.2, 0.3), material(rng, (0.1, 0.07, 0.05), 20, 0.8)
    parts = [
        lathe(
            [
                (1e-4, 0),
                (r * rng.uniform(0.6, 0.9), 0),
                (r, tall),
                (r * 1.07, tall),
                (r * 1.07, tall * 1.1),
                (r * 0.95, tall * 1.1),
                (r * 0.9, tall * 0.9),
            ],
            pot,
            30,
        )
    ]
    parts.append(lathe([(1e-4, tall * 0.95), (r * 0.93, tall * 0.93)], soil, 20))
    green, k, high = (
        material(rng, pick(rng, LEAF, LEAF, (0.12, 0.25, 0.12), (0.4, 0.45, 0.15), (0.4, 0.15, 0.2)), 10),
        rng.random(),
        spread(rng, 0.25, 1.1),
    )
    count = int(rng.integers(9, 30))
    turns, rises = rng.uniform(0, 6.3, count), rng.uniform(-1.35, -0.3, count)
    if k < 0.4:
        for turn, rise in zip(turns, rises, strict=True):
            blade = leaf(green, high * rng.uniform(0.6, 1.1), rng.uniform(0.04, 0.12), rng.uniform(0.1, 0.7))
            parts.append(blade.moved((0, tall, 0), turned(turn, rise)))
    elif k < 0.9:
        trunk = np.array([0, tall + (high * 0.5 if k > 0.7 else 0.0), 0])
        tips = trunk + np.column_stack(
            [np.cos(turns) * np.cos(rises), -np.sin(rises), np.sin(turns) * np.cos(rises)]
        ) * high * rng.uniform(0.3, 0.8, (count, 1))
        bark = material(rng, BARK, 10)
        parts += [
            rods(np.broadcast_to(trunk, tips.shape), tips, 0.004 + 0.004 * high, green),
            rods([[0, tall * 0.8, 0]], [trunk + [0, 0.02, 0]], 0.012 + 0.02 * (k > 0.7), bark, 8),
        ]
        wide = rng.uniform(0.3, 0.55)
        for turn, tip in zip(turns, tips, strict=True):
            for _ in range(rng.integers(1, 4)):
                blade = leaf(green, high * rng.uniform(0.15, 0.4), wide, 0.2)
                parts.append(blade.moved(tip, turned(math.pi / 2 - turn + rng.normal(), rng.uniform(-0.5, 0.9))))
    else:
        mesh = ball(green, 24, 60)
        turn = np.arctan2(mesh.points[:, 2], mesh.points[:, 0])
        mesh.points *= 1 + 0.1 * np.cos(turn * 12)[:, None] * [1, 0, 1]
        parts.append(mesh.moved((0, tall + high * 0.3, 0), None, (r * 0.8, high * 0.35, r * 0.8)))
    return parts


def floor_lamp(rng):
    tall, r, m = rng.uniform(1.3, 1.8), rng.uniform(0.12, 0.25), plain(rng)
    shade = covered(rng, 0.2, 0.2)
    shade.glow = rng.uniform(0, 1) * (rng.random() < 0.5)
    top = r * rng.uniform(0.5, 1)
    return [
        lathe([(1e-4, 0), (0.15, 0), (0.14, 0.02), (0.012, 0.03), (0.012, tall * 0.85), (1e-4, tall * 0.86)], m, 20),
        lathe([(r, tall * 0.78), (top, tall), (top * 0.97, tall), (r * 0.97, tall * 0.78)], shade, 32),
    ]


def rug(rng, a, b):
    m = print_of(rng, min(a, b) * rng.uniform(0.3, 1.5))
    return (
        [block(m, (a, 0.008, b), (0, 0.008, 0))]
        if rng.random() < 0.7
        else [lathe([(1e-4, 0.012), (a, 0.012), (a, 0)], m, 40)]
    )


def television(rng):
    a, b = rng.uniform(0.3, 0.6), rng.uniform(0.2, 0.35)
    case = plain(rng, DARK)
    return [
        block(case, (a, b, 0.025), (0, b + 0.06, 0)),
        block(screen(rng, 0.6), (a * 0.96, b * 0.94, 0.003), (0, b + 0.06, -0.026)),
        block(case, (a * 0.4, 0.012, 0.1), (0, 0.012, 0)),
        block(case, (0.03, 0.06, 0.02), (0, 0.05, 0.02)),
    ]


def workbench(rng, wide=None):
    """A heavy bench with drawers or crates under it; also how high its top is."""
    wide, tall, deep, m = (
        wide or rng.uniform(0.7, 1.6),
        rng.uniform(0.75, 0.95),
        rng.uniform(0.25, 0.4),
        wooden(rng, 0.6),
    )
    parts = [block(m, (wide, 0.03, deep), (0, tall - 0.03, 0)), block(m, (wide * 0.96, 0.015, deep * 0.8), (0, 0.2, 0))]
    parts += [
        block(m, (0.04, tall / 2, 0.04), (x * wide * 0.95, tall / 2, z * deep * 0.88)) for x in (-1, 1) for z in (-1, 1)
    ]
    x = -wide * 0.85
    while x < wide * 0.8:
        r = rng.uniform(0.1, 0.25)
        parts += shifted(carton(rng, r), (x + r, 0.215, 0))
        x += 2.2 * r
    return parts, tall, (wide, deep)


def crate(rng, size=None):
    """An open box of boards with things in it, or a plastic tub."""
    a, b, h = np.array([rng.uniform(0.8, 1.3), rng.uniform(0.6, 1), rng.uniform(0.4, 0.9)]) * (
        size or rng.uniform(0.12, 0.3)
    )
    m, parts = finish(rng), []
    for s in (-1, 1):
        parts += [block(m, (a, h, 0.008), (0, h, s * b)), block(m, (0.008, h, b), (s * a, h, 0))]
    parts.append(block(m, (a, 0.008, b), (0, 0.01, 0)))
    for _ in range(rng.integers(2, 7)):
        parts += shifted(
            ware(rng),
            (rng.uniform(-0.5, 0.5) * a, h * rng.uniform(0.7, 1.2), rng.uniform(-0.5, 0.5) * b),
            turned(rng.uniform(0, 6.3), rng.normal() * 0.5),
            rng.uniform(0.6, 1),
        )
    return parts


def pegboard(rng, a=None, b=None):
    """Tools that hang on a board, around the origin."""
    a, b = a or rng.uniform(0.4, 1.2), b or rng.uniform(0.25, 0.5)
    parts = [block(material(rng), (a, b, 0.01), (0, 0, 0.02))]
    for x in np.arange(-a + 0.1, a - 0.05, rng.uniform(0.09, 0.2)):
        thing = tool(rng) if rng.random() < 0.8 else scissors(rng)
        parts += shifted(
            thing, (x, rng.normal() * b * 0.3, 0.008), turned(0, -math.pi / 2) @ turned(rng.normal() * 0.2)
        )
    return parts
