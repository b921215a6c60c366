"""Kinds of scenes of one large building: towers of bars, rockets, castles, pagodas; and what scenes of towns share."""

import math

import numpy as np

from meshed.built.structures import GREY
from meshed.land.landscape import water, wood
from meshed.land.plants import Relief, clear, land
from meshed.mesh import ball, lathe, sweep
from meshed.shared.houses import BRICK, house, lattice, pagoda, rocket, style, tower
from meshed.shared.pile import Pile, finish, looking, vault
from world import DARK, GRASS, METAL, SAND, STONE, WHITE, material, night, outdoors, pick, spread, turned


def open_air(rng, shot):
    """An outdoor scene, most often with everything in focus."""
    scene = outdoors(rng, shot)
    scene.defocus = 0.06
    return scene


def dark(rng, scene):
    """Makes a scene dark: night, without sun, clouds and fog. Lit windows are made elsewhere."""
    night(rng, scene)
    scene.fog, scene.clouds, gloom = 0.0, (), spread(rng, 0.03, 1)
    scene.zenith, scene.horizon, scene.stars = (
        scene.zenith * gloom,
        scene.horizon * gloom,
        scene.stars * (rng.random() < 0.4),
    )
    scene.lights = [light for light in scene.lights if light[0] == 1]
    scene.above, scene.below = scene.above * 0.4 + 0.01, scene.below * 0.4 + 0.01


def flat(rng, pile, colour=None, y=0.0):
    """The ground, large enough for any view."""
    m = finish(rng, colour or pick(rng, GREY, STONE, SAND, GRASS, (0.35, 0.33, 0.3)), spread(rng, 0.3, 2))
    pile.boxes(m, (0, y - 0.1, 100), (600, 0.1, 600))


def lamp_post(rng, scene, pile, x, z, lit=False):
    """A post with a lamp or two."""
    m, h = finish(rng, pick(rng, DARK, METAL), mode=0.1), rng.uniform(2.8, 5)
    pile.bars(m, (x, 0, z), (x, h, z), 0.07, 8, 0.04)
    glass = material(rng, (1.0, 0.9, 0.7), amount=0.1)
    glass.glow = rng.uniform(0.8, 1.6) if lit else 0.0
    if rng.random() < 0.5:
        pile.add(ball(rows=9, columns=12), glass, (x, h + 0.2, z), scale=rng.uniform(0.14, 0.3))
    else:
        way = pick(rng, -1, 1)
        pile.bars(m, (x, h, z), (x + way * 0.9, h + 0.25, z), 0.04, 6)
        pile.boxes(glass, (x + way * 0.9, h + 0.12, z), (0.25, 0.07, 0.12))
    if lit and len(scene.lights) < 8:
        scene.lamp(rng, (x, h - 0.1, z - 0.4), rng.uniform(4, 9))


def strollers(rng, pile, count, near, far, wide=0.4):
    """Small plain figures of people at some distance, which show the scale."""
    for _ in range(count):
        z = spread(rng, near, far)
        x, h, m = rng.uniform(-wide, wide) * z, rng.uniform(1.5, 1.9), finish(rng)
        legs = np.array([[x - 0.09, 0, z + rng.normal() * 0.15], [x + 0.09, 0, z + rng.normal() * 0.15]])
        pile.bars(finish(rng), legs, [x, h * 0.5, z], 0.06, 6, 0.09)
        pile.add(ball(rows=9, columns=10), m, (x, h * 0.66, z), scale=(0.22, h * 0.2, 0.14))
        hands = np.array([[x - 0.28, h * 0.5, z], [x + 0.28, h * 0.5, z + rng.normal() * 0.2]])
        pile.bars(m, hands, hands * [1, 0, 1] + [[0.06, h * 0.8, 0], [-0.06, h * 0.8, 0]], 0.045, 6)
        pile.add(
            ball(rows=8, columns=10),
            material(rng, pick(rng, (0.7, 0.5, 0.4), (0.1, 0.07, 0.05))),
            (x, h * 0.93, z),
            scale=(0.09, 0.12, 0.1),
        )


def lattice_tower(rng):
    """An iron tower, a pylon, a crane or a mast of bars, whole or from below, by day or lit at night."""
    tall = spread(rng, 12, 120)
    away = tall * spread(rng, 0.15, 1.6)
    eye = np.array([0, spread(rng, 0.6, 3), 0])
    shot = looking(
        rng,
        eye,
        [rng.normal() * 0.05 * away, tall * rng.uniform(0.25, 0.65), away],
        np.clip(tall / away * spread(rng, 0.4, 1.8), 0.25, 1.4),
        0.06,
    )
    scene, pile = open_air(rng, shot), Pile(eye)
    if rng.random() < 0.2:
        dark(rng, scene)
        scene.lamp(rng, (0, tall * 0.2, away * 0.7), tall)
        scene.lamp(rng, (0, tall * 0.6, away * 0.8), tall)
    m, wide, k = (
        finish(rng, pick(rng, METAL, DARK, (0.45, 0.3, 0.2), (0.7, 0.2, 0.1), WHITE)),
        tall * rng.uniform(0.06, 0.2),
        rng.random(),
    )
    pile.put((rng.normal() * 0.1 * away, 0, away + wide), turned(rng.uniform(0, 1.6)))
    if k < 0.5:
        lattice(rng, pile, 0, 0, wide, tall, m, int(rng.integers(7, 20)))
        if rng.random() < 0.4:
            t = np.linspace(0, math.pi, 14)
            arc = np.column_stack([np.cos(t) * wide * 0.8, np.sin(t) * tall * 0.12 + tall * 0.02])
            for z in (-wide * 0.95, wide * 0.95):
                pile.add(vault(arc * 0.93, arc, z - 0.02 * wide, z + 0.02 * wide), m)
    elif k < 0.75:
        half = lattice(rng, pile, 0, 0, wide * 0.6, tall, m, narrow=0.15)
        for y in (0.72, 0.82, 0.92)[: rng.integers(1, 4)]:
            reach, r = tall * rng.uniform(0.1, 0.22), half[-1] * 0.3
            for side in (-1, 1):
                for sz in (-1, 1):
                    pile.bars(m, (0, y * tall, sz * half[-1]), (side * reach, y * tall, 0), r, 5)
                    pile.bars(m, (0, (y + 0.04) * tall, sz * half[-1]), (side * reach, y * tall, 0), r, 5)
                sag = np.linspace(0, 1, 20)
                for way in (-1, 1):
                    wire = np.column_stack(
                        [
                            np.full(20, side * reach),
                            y * tall - 0.02 * tall + 0.25 * tall * sag * (sag - 1),
                            way * sag * tall * 2,
                        ]
                    )
                    pile.add(sweep(wire, 0.0012 * tall, columns=4), m)
    else:
        lattice(rng, pile, 0, 0, tall * 0.03, tall, m, 16, narrow=1.0)
        long, y = tall * rng.uniform(0.4, 0.8), tall * 0.93
        x = np.linspace(-long * 0.3, long, 24)
        a, b = (
            np.column_stack([x, np.full(24, y), np.full(24, -0.02 * tall)]),
            np.column_stack([x, np.full(24, y + 0.04 * tall), np.zeros(24)]),
        )
        c = a * [1, 1, -1]
        for p, q in ((a[:-1], a[1:]), (b[:-1], b[1:]), (c[:-1], c[1:]), (a[:-1], b[1:]), (c[:-1], b[1:]), (a, c)):
            pile.bars(m, p, q, 0.004 * tall, 4)
        pile.bars(m, [(long * 0.7, y, 0), (-long * 0.28, y, 0)], (0, tall * 1.12, 0), 0.004 * tall, 4)
        pile.boxes(finish(rng, GREY), (-long * 0.27, y - 0.03 * tall, 0), (0.04 * tall, 0.04 * tall, 0.03 * tall))
        hook = long * rng.uniform(0.2, 0.9)
        pile.bars(m, (hook, y, 0), (hook, y * rng.uniform(0.3, 0.8), 0), 0.003 * tall, 4)
    pile.put()
    flat(rng, pile)
    strollers(rng, pile, int(rng.integers(0, 5)), 3, max(away * 0.7, 4))
    for _ in range(rng.integers(0, 5)):
        x, z = rng.normal() * away * 0.6, away * rng.uniform(0.9, 2.5) + wide * 2
        house(
            rng,
            pile,
            x,
            z,
            rng.uniform(8, 20),
            rng.uniform(4, 16),
            10,
            rng.normal() * 0.5,
            s=style(rng) | {"fine": 0.0},
        )
    pile.pour(scene)
    ground = lambda x, z: np.zeros_like(x)  # noqa: E731
    scene.meshes += wood(rng, ground, max(away * 0.6, 5), away * 2 + 30, int(rng.integers(0, 16)), least=away * 0.2)
    return scene


def night_launch(rng):
    """A rocket on its pad or on a flame, by its tower of bars, most often at night; also tall chimneys with smoke."""
    tall = rng.uniform(25, 80)
    away, r = tall * spread(rng, 0.6, 3), tall * rng.uniform(0.03, 0.08)
    eye = np.array([0, rng.uniform(0.5, 3), 0])
    up = rng.random() < 0.5
    y = tall * rng.uniform(0.1, 1.5) if up else tall * 0.05
    shot = looking(
        rng,
        eye,
        [rng.normal() * 0.05 * away, y + tall * rng.uniform(0.2, 0.6), away],
        np.clip(tall / away * spread(rng, 0.5, 2), 0.25, 1.3),
        0.04,
    )
    scene, pile = open_air(rng, shot), Pile(eye)
    black = rng.random() < 0.75
    if black:
        dark(rng, scene)
        for side in (-1, 1):
            scene.lamp(rng, (side * tall * 0.4, tall * 0.1, away - tall * 0.4), tall * spread(rng, 0.15, 0.7))
            scene.lamp(rng, (side * tall * 0.3, y + tall * 0.6, away - tall * 0.5), tall * spread(rng, 0.15, 0.7))
    x = rng.normal() * 0.08 * away
    if rng.random() < 0.75:
        rocket(rng, pile, x, away, r, tall, y)
    else:
        for i in range(rng.integers(1, 4)):
            m, bands = finish(rng, pick(rng, BRICK, WHITE, GREY)), finish(rng, (0.7, 0.15, 0.1))
            pile.add(
                lathe([[r * 1.2, 0], [r * 0.7, tall], [r * 0.6, tall]], columns=20), m, (x + i * r * 5, 0, away + i * 3)
            )
            for t in (0.95, 0.85):
                q = r * (1.2 - 0.5 * t) + 0.05
                pile.add(
                    lathe([[q * 1.02, (t - 0.04) * tall], [q, t * tall]], columns=20),
                    bands,
                    (x + i * r * 5, 0, away + i * 3),
                )
    if rng.random() < 0.7:
        pile.put((x + pick(rng, -1, 1) * r * rng.uniform(3, 6), 0, away), turned(rng.uniform(0, 1.5)))
        m = finish(rng, pick(rng, METAL, (0.6, 0.25, 0.15)))
        lattice(
            rng, pile, 0, 0, r * rng.uniform(0.8, 1.8), tall * rng.uniform(0.8, 1.3), m, 18, narrow=rng.uniform(0.5, 1)
        )
        pile.put()
        for h in rng.uniform(0.3, 0.9, rng.integers(0, 4)):
            pile.boxes(m, (x, tall * h + 2, away + r * 1.3), (r * 4, r * 0.2, r * 0.2))
    if up:
        flame = material(rng, (1.0, 0.75, 0.35), amount=0.3)
        flame.colours = np.clip(np.array([[1.0, 0.85, 0.5], [1.0, 0.7, 0.3], [1.0, 0.9, 0.7]]), 0, 1)
        flame.glow = rng.uniform(1.0, 2.5)
        long = y * rng.uniform(0.5, 0.98)
        profile = [[0.01, -long], [r * 0.9, -long * 0.6], [r * 1.3, -long * 0.25], [r * 0.7, 0]]
        pile.add(lathe(profile, columns=20), flame, (x, y, away))
        scene.lamp(rng, (x, y * 0.5, away - r * 3), tall * spread(rng, 0.2, 0.8))
    if up or rng.random() < 0.3:
        smoke = material(rng, pick(rng, WHITE, GREY, (0.8, 0.6, 0.4)), 0.2)
        for _ in range(rng.integers(5, 40)):
            q, d = r * rng.uniform(0.8, 4), rng.normal() * tall * 0.4
            pile.add(
                ball(rows=10, columns=14),
                smoke,
                (x + d, q * 0.5 + rng.exponential(0.06) * tall, away + rng.normal() * tall * 0.15 + r * 2),
                scale=q * rng.uniform(0.6, 1, 3),
            )
    pile.boxes(finish(rng, GREY), (x, tall * 0.02, away), (r * 6, tall * 0.02, r * 6))
    flat(rng, pile)
    lit = style(rng) | {"night": rng.uniform(0.3, 1), "fine": 0.0}
    for _ in range(rng.integers(0, 5)):
        house(
            rng,
            pile,
            rng.normal() * away * 0.5,
            away * rng.uniform(0.8, 1.4) + r * 8,
            rng.uniform(8, 25),
            rng.uniform(4, 14),
            10,
            rng.normal() * 0.4,
            s=lit,
        )
    for _ in range(rng.integers(0, 5)):
        lamp_post(rng, scene, pile, rng.normal() * away * 0.2, away * rng.uniform(0.15, 0.7), black)
    strollers(rng, pile, int(rng.integers(0, 5)), 3, away * 0.4, 0.3)
    pile.pour(scene)
    return clear(scene)


def castle(rng):
    """Towers and walls with battlements on a hill, from below or across a valley."""
    size = rng.uniform(12, 40)
    hill, tall = Relief(rng, size * 2, size * 0.3), size * rng.uniform(0, 1.2)
    away = size * spread(rng, 1.3, 4)

    def height(x, z):
        return tall * np.exp(-((np.hypot(x, z - away) / (size * 1.3)) ** 4)) + hill(x, z)

    base = float(height(0.0, away))
    eye = np.array([0, float(height(0.0, 0.0)) + rng.uniform(1, 5), 0])
    shot = looking(rng, eye, [rng.normal() * size * 0.3, base + size * 0.2, away], rng.uniform(0.4, 1.2))
    scene, s, pile = open_air(rng, shot), style(rng), Pile(eye)
    s["wall"] = finish(rng, pick(rng, STONE, SAND, (0.6, 0.5, 0.4), WHITE), 0.5)
    count, low = int(rng.integers(3, 7)), base - size * 0.25
    a = np.sort(rng.uniform(0, 2 * math.pi, count))
    at = np.column_stack([np.cos(a), np.sin(a)]) * size * rng.uniform(0.5, 0.9, (count, 1)) + [0, away]
    h = size * rng.uniform(0.45, 0.6)
    round_ = rng.random() < 0.5
    for (x, z), (x2, z2) in zip(at, np.roll(at, -1, 0), strict=True):
        tower(rng, pile, x, z, size * rng.uniform(0.06, 0.12), h * rng.uniform(1.1, 2), s, low, not round_)
        long, yaw = math.hypot(x2 - x, z2 - z), math.atan2(z2 - z, x2 - x)
        pile.put(((x + x2) / 2, low, (z + z2) / 2), turned(-yaw))
        pile.boxes(s["wall"], (0, h / 2, 0), (long / 2, h / 2, 0.8))
        teeth = np.arange(-long / 2, long / 2, 1.6)
        pile.boxes(
            s["wall"], np.column_stack([teeth, np.full(len(teeth), h + 0.4), np.zeros(len(teeth))]), (0.5, 0.5, 0.8)
        )
        pile.put()
    house(
        rng,
        pile,
        rng.normal() * size * 0.1,
        away - size * 0.1,
        size * 0.6,
        h * 1.3,
        size * 0.4,
        rng.normal() * 0.3,
        low,
        s=s,
    )
    tower(rng, pile, rng.normal() * size * 0.2, away, size * 0.12, h * rng.uniform(1.6, 3), s, low)
    pile.pour(scene)
    m = material(rng, pick(rng, GRASS, (0.4, 0.35, 0.25), STONE), 0.4)
    scene.meshes.append(land(height, m, eye, far=away * 6, wide=1.3))
    scene.meshes += wood(rng, height, 4, away * 0.7, int(rng.integers(0, 40)), tall=rng.uniform(2, 6))
    if rng.random() < 0.3:
        water(rng, scene, min(eye[1] - 1, base - tall * 0.8))
    return clear(scene, 0.3)


def pagoda_view(rng):
    """Pagodas, temple halls and pavilions with bent roofs, among trees, from below or across a court."""
    r, tall = rng.uniform(2, 7), rng.uniform(6, 30)
    levels = None if rng.random() < 0.6 else int(rng.integers(1, 3))
    tall = min(tall, r * 2.5) if levels else tall
    away = max(tall * spread(rng, 0.6, 2.5), r * 3)
    eye = np.array([0, rng.uniform(0.8, 2.2), 0])
    shot = looking(rng, eye, [rng.normal() * r * 0.5, tall * rng.uniform(0.3, 0.8), away], rng.uniform(0.5, 1.3))
    scene, s, pile = open_air(rng, shot), style(rng), Pile(eye)
    s["wall"], s["trim"] = (
        finish(rng, pick(rng, (0.6, 0.15, 0.1), WHITE, (0.4, 0.25, 0.15), None)),
        finish(rng, pick(rng, (0.5, 0.12, 0.08), DARK, None)),
    )
    s["roof"] = finish(rng, pick(rng, DARK, (0.2, 0.35, 0.3), (0.75, 0.55, 0.15), (0.3, 0.3, 0.35)), 2)
    pile.put((rng.normal() * away * 0.1, 0, away), turned(rng.uniform(-0.8, 0.8)))
    pagoda(rng, pile, 0, 0, r, tall, s, levels=levels)
    for _ in range(rng.integers(0, 3)):
        pile.put((rng.normal() * away * 0.7, 0, away * rng.uniform(1.1, 2) + r * 2), turned(rng.normal() * 0.4))
        pagoda(rng, pile, 0, 0, r * rng.uniform(0.5, 1), tall * rng.uniform(0.3, 1), s)
    pile.put()
    flat(rng, pile)
    for _ in range(rng.integers(0, 4)):
        lamp_post(rng, scene, pile, rng.normal() * away * 0.3, away * rng.uniform(0.3, 0.8))
    strollers(rng, pile, int(rng.integers(0, 5)), away * 0.3, away * 0.8)
    pile.pour(scene)
    ground = lambda x, z: np.zeros_like(x)  # noqa: E731
    scene.meshes += wood(
        rng, ground, max(away * 0.5, 4), away * 2.5, int(rng.integers(2, 18)), least=r * 1.8, tall=rng.uniform(3, 10)
    )
    return clear(scene, 0.3)


KINDS = {
    "lattice_tower": (lattice_tower, 5),
    "night_launch": (night_launch, 5),
    "castle": (castle, 3),
    "pagoda_view": (pagoda_view, 5),
}
