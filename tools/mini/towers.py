"""Scenes with towers: landmarks by day, bright bodies and flames in the dark."""

import math

import numpy as np

from bodies import body, grown, limb
from near import aimed
from scenes import lay_ground
from things import backdrop, house, tree
from world import DARK, GRASS, METAL, SAND, STONE, WATER, WHITE, WOOD, material, outdoors, pick, spread, turned


def lattice(rng, scene, x, z, wide, tall, m, y=0.0, levels=5):
    """Four legs that lean together, with crossings."""
    thick, before = wide * 0.05, None
    narrow = rng.uniform(0.05, 0.5)
    for level in range(levels + 1):
        t = level / levels
        w = wide * (1 - (1 - narrow) * t ** rng.uniform(0.6, 0.8))
        corners = [np.array([x + sx * w, y + t * tall, z + sz * w]) for sx, sz in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        for i in range(4):
            limb(scene, corners[i], corners[(i + 1) % 4], thick * 0.6, thick * 0.6, m, ends=False)
            if before:
                limb(scene, before[i], corners[i], thick, thick, m, ends=False)
                limb(scene, before[i], corners[(i + 1) % 4], thick * 0.5, thick * 0.5, m, ends=False)
        before = corners


def tower(rng, scene, x, z, wide, tall):
    """A lattice, a stack of roofs, a rocket, a spire or a plain block."""
    m, k = material(rng, pick(rng, STONE, WOOD, METAL, DARK, WHITE, (0.6, 0.25, 0.2))), rng.random()
    if k < 0.25:
        lattice(rng, scene, x, z, wide, tall, m)
    elif k < 0.5:
        count, roof, turn = (
            rng.integers(2, 7),
            material(rng, pick(rng, DARK, (0.5, 0.2, 0.15), (0.2, 0.3, 0.3))),
            turned(rng.uniform(0, 6.3)),
        )
        for i in range(count):
            w, h = wide * (1 - 0.6 * i / count), tall / count / 2
            scene.box((x, h * (2 * i + 1), z), (w, h, w), m, turn)
            scene.tube((x, h * (2 * i + 1.8), z), (w * 1.9, h * 0.4, w * 1.9), roof, taper=0.6)
    elif k < 0.7:
        scene.tube((x, tall * 0.4, z), (wide * 0.5, tall * 0.4, wide * 0.5), m)
        scene.tube((x, tall * 0.9, z), (wide * 0.5, tall * 0.1, wide * 0.5), m, taper=0.95)
        for side in (-1, 1):
            scene.tube(
                (x + side * wide * 0.7, tall * 0.25, z), (wide * 0.25, tall * 0.25, wide * 0.25), material(rng, WHITE)
            )
    elif k < 0.85:
        scene.box((x, tall * 0.35, z), (wide, tall * 0.35, wide), m)
        scene.tube((x, tall * 0.85, z), (wide * 1.1, tall * 0.15, wide * 1.1), material(rng), taper=0.98)
    else:
        house(rng, scene, x, z, (wide, tall / 2, wide), rng.uniform(0, 6))


def lights_at_night(rng):
    """Bright bodies, flames and lit fronts in the dark."""
    away, tall = spread(rng, 6, 60), rng.uniform(0.5, 1.5)
    tall *= away * 0.5
    scene = outdoors(rng, aimed(rng, rng.uniform(0.5, 4), tall * rng.uniform(0.2, 0.6), away, rng.uniform(0.4, 1.1)))
    dark = np.array([0.01, 0.012, 0.03]) * rng.uniform(0, 3)
    scene.zenith, scene.horizon, scene.clouds = dark, dark * rng.uniform(1, 4), ()
    scene.above, scene.below, scene.stars = scene.above * 0.1, scene.below * 0.1, rng.random() * (rng.random() < 0.5)
    scene.fog_colour = scene.horizon
    scene.lights = []
    lay_ground(rng, scene, material(rng, pick(rng, WATER, STONE, GRASS, DARK)))
    x = rng.normal() * 0.15 * away
    tower(rng, scene, x, away, tall * rng.uniform(0.06, 0.25), tall)
    scene.lamp(
        rng, (x - rng.uniform(0.1, 0.5) * away, tall * rng.uniform(0.2, 1), away * rng.uniform(0.4, 0.8)), away * 0.5
    )
    flame = material(rng, pick(rng, (1, 0.8, 0.4), (1, 0.9, 0.7), (0.9, 0.95, 1)), amount=0.2)
    flame.glow = 1.0
    if rng.random() < 0.6:
        for _ in range(rng.integers(1, 6)):
            r = tall * rng.uniform(0.03, 0.12)
            scene.ball(
                (x + rng.normal() * r, r + abs(rng.normal()) * r, away + rng.normal() * r),
                r * rng.uniform(0.7, 1.6, 3),
                flame,
            )
        smoke = material(rng, (0.7, 0.68, 0.65), 0.5)
        for _ in range(rng.integers(0, 12)):
            r = tall * rng.uniform(0.05, 0.2)
            scene.ball(
                (x + rng.normal() * tall * 0.4, r * 0.7, away + rng.normal() * tall * 0.2),
                r * rng.uniform(0.8, 1.5, 3),
                smoke,
            )
    for _ in range(rng.integers(0, 14)):
        z = away * spread(rng, 0.3, 3)
        scene.ball((rng.normal() * 0.4 * z, rng.uniform(0.5, 0.4 * tall), z), 0.006 * z, flame)
    for _ in range(rng.integers(0, 5)):
        z = spread(rng, 3, max(away, 4))
        pick(rng, body, grown)(rng, scene, rng.normal() * 0.3 * z, z, tall=rng.uniform(1.5, 1.9))
    for _ in range(rng.integers(0, 5)):
        z = away * rng.uniform(0.8, 1.8)
        house(rng, scene, rng.normal() * 0.6 * z, z + 5, (rng.uniform(3, 9), rng.uniform(2, 7), 5))
    return scene


def landmark(rng):
    """A tower, a front with many windows or a row of old houses, from below or from across a square."""
    away, view = spread(rng, 6, 50), rng.uniform(0.5, 1.2)
    tall = away * rng.uniform(0.4, 1.8)
    scene = outdoors(rng, aimed(rng, rng.uniform(0.8, 3), tall * rng.uniform(0.15, 0.5), away, view))
    lay_ground(rng, scene, material(rng, pick(rng, STONE, GRASS, SAND, (0.35, 0.35, 0.36))))
    for j in range(rng.integers(1, 6)):
        z, x = away * (1 if j == 0 else rng.uniform(0.8, 2.5)), rng.normal() * 0.4 * away * (j > 0)
        if rng.random() < 0.5:
            tower(rng, scene, x, z, tall * rng.uniform(0.08, 0.3), tall)
        else:
            house(
                rng,
                scene,
                x,
                z + 4,
                (tall * rng.uniform(0.2, 1), tall * rng.uniform(0.2, 0.5), 4),
                pick(rng, 0, math.pi / 2, rng.uniform(0, 6)),
            )
    for _ in range(rng.integers(0, 9)):
        z = away * spread(rng, 0.15, 0.95)
        x = rng.normal() * 0.4 * z
        body(rng, scene, x, z) if rng.random() < 0.6 else pick(rng, tree, grown)(rng, scene, x, z, rng.uniform(2, 7))
    if rng.random() < 0.4:
        backdrop(rng, scene, min(away * 1.5, 80), 200)
    return scene
