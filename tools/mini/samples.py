"""The pictures in examples/, arranged by hand and rendered with care, 1024 × 768.

python samples.py --out ../../examples [--only street] [--samples 25]
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
from PIL import Image

import textures
from pathtrace import smooth, trace
from photograph import blur
from render import Stock, prepared
from things import chair, person
from world import Camera, Scene, material, turned

WIDTH, HEIGHT, THUMB = 1024, 768, 240
NOISE, STRIPES, CHECKS, BRICKS, CELLS, PLANKS = 0, 3, 4, 5, 6, 7
MOST_BYTES = 90_000


def matt(rng, colour, pattern=NOISE, scale=2.0, amount=0.25, gloss=0.0, relief=0.0, second=None, grain=0.25):
    """A surface whose colour is exactly this one; the pattern goes towards `second`."""
    m = material(rng, colour, scale, amount)
    m.colours = np.clip(
        np.array([colour, second or [0.7 * c for c in colour], [0.85 * c for c in colour]], float), 0.01, 0.97
    )
    m.patterns = (pattern + 9 * int(rng.integers(textures.PATTERNS // 9)), m.patterns[1], m.patterns[2])
    m.gloss, m.glow, m.mottle, m.grain, m.relief, m.hole, m.swapped = gloss, 0.0, 0.15, grain, relief, 0.0, False
    return m


def lit(colour, strength=1.0):
    m = matt(np.random.default_rng(0), colour, amount=0.0, grain=0.0)
    m.mottle, m.glow = 0.0, strength
    return m


def standing(at, towards, view):
    """A camera at one place that looks at another."""
    at, towards = np.array(at, float), np.array(towards, float)
    way = towards - at
    return Camera(at, turned(math.atan2(way[0], way[2]), -math.atan2(way[1], math.hypot(way[0], way[2]))), view)


def sun(scene, way, colour, extent=0.05):
    way = np.array(way, float) / np.linalg.norm(way)
    scene.lights.append([0, *way, *colour, 1, extent, 0])


def lamp(scene, at, colour, radius, extent):
    scene.lights.append([1, *at, *colour, radius, extent, 0])


def sky(scene, horizon, zenith, below):
    scene.horizon, scene.zenith, scene.below = (np.array(c, float) for c in (horizon, zenith, below))


def room(rng):
    """A living room in the afternoon: light from a window at the left, a lamp at the back."""
    scene = Scene(standing((-0.5, 1.35, -2.6), (0.35, 0.85, 1.5), 1.12))
    sky(scene, (1.6, 1.7, 1.9), (0.9, 1.2, 1.8), (0.35, 0.35, 0.3))
    wall, white = matt(rng, (0.78, 0.74, 0.66), amount=0.05, scale=1), matt(rng, (0.85, 0.85, 0.83), amount=0.05)
    w, h, l = 2.4, 2.6, 3.0
    # Walls with a window in the left one.
    scene.box(
        (0, -0.05, 0),
        (w + 0.2, 0.05, l + 0.2),
        matt(rng, (0.42, 0.27, 0.15), PLANKS, 0.8, 0.8, gloss=0.45, second=(0.3, 0.18, 0.1)),
    )
    scene.box((0, h + 0.05, 0), (w + 0.2, 0.05, l + 0.2), white)
    scene.box((0, h / 2, l + 0.1), (w + 0.2, h / 2, 0.1), wall)
    scene.box((0, h / 2, -l - 0.1), (w + 0.2, h / 2, 0.1), wall)
    scene.box((w + 0.1, h / 2, 0), (0.1, h / 2, l), matt(rng, (0.45, 0.55, 0.52), amount=0.06, scale=1))
    for y, tall, z, deep in ((0.4, 0.4, 0, l), (2.4, 0.2, 0, l), (1.5, 0.7, -2.0, 1.0), (1.5, 0.7, 2.35, 0.65)):
        scene.box((-w - 0.1, y, z), (0.1, tall, deep), wall)
    for z in (-0.95, 0.35, 1.65):
        scene.box((-w - 0.1, 1.5, z), (0.05, 0.7, 0.04), white)
    scene.box((-w - 0.1, 1.5, 0.35), (0.03, 0.03, 1.3), white)
    scene.box((-w + 0.08, 0.82, 0.35), (0.18, 0.025, 1.4), white)
    sun(scene, (-0.8, 0.62, 0.18), (5.5, 4.7, 3.5), 0.06)
    scene.box((0, 0.07, l - 0.01), (w, 0.07, 0.02), white)
    scene.box((w - 0.01, 0.07, 0), (0.02, 0.07, l), white)
    # Sofa, rug, table.
    cloth = matt(rng, (0.2, 0.3, 0.42), NOISE, 9, 0.4)
    scene.box((0.5, 0.24, 2.25), (1.05, 0.14, 0.42), cloth)
    scene.box((0.5, 0.55, 2.62), (1.05, 0.34, 0.12), cloth, turned(0, -0.12))
    for x in (-0.5, 1.5):
        scene.box((x, 0.38, 2.27), (0.1, 0.26, 0.44), cloth)
    for x in (0.03, 0.97):
        scene.box((x, 0.43, 2.2), (0.45, 0.07, 0.36), cloth)
    for x, colour, pattern in (
        (-0.15, (0.8, 0.55, 0.15), STRIPES),
        (1.15, (0.75, 0.72, 0.65), CHECKS),
        (0.85, (0.6, 0.2, 0.15), NOISE),
    ):
        scene.ball(
            (x, 0.68, 2.38),
            (0.22, 0.2, 0.09),
            matt(rng, colour, pattern, 4, 0.6, second=(0.3, 0.15, 0.1)),
            turned(rng.normal() * 0.2, -0.25, rng.normal() * 0.25),
        )
    for x in (-0.4, 1.4):
        for z in (1.95, 2.55):
            scene.tube((x, 0.05, z), (0.03, 0.06, 0.03), matt(rng, (0.3, 0.18, 0.1)))
    scene.box(
        (0.45, 0.006, 1.15),
        (1.25, 0.007, 0.85),
        matt(rng, (0.62, 0.52, 0.42), CELLS, 1.6, 0.75, second=(0.4, 0.16, 0.13)),
    )
    wood = matt(rng, (0.5, 0.33, 0.19), PLANKS, 2, 0.5, gloss=0.5)
    scene.tube((0.45, 0.4, 1.15), (0.52, 0.02, 0.52), wood)
    for turn in (0.5, 2.6, 4.7):
        scene.tube(
            (0.45 + 0.3 * math.cos(turn), 0.2, 1.15 + 0.3 * math.sin(turn)),
            (0.025, 0.21, 0.025),
            wood,
            turned(0, 0.15 * math.sin(turn), -0.15 * math.cos(turn)),
        )
    for k, colour in enumerate(((0.75, 0.2, 0.15), (0.2, 0.35, 0.5), (0.85, 0.8, 0.7))):
        scene.box(
            (0.3, 0.432 + 0.025 * k, 1.1), (0.13 - 0.01 * k, 0.012, 0.09), matt(rng, colour), turned(0.3 + 0.35 * k)
        )
    china = matt(rng, (0.85, 0.83, 0.8), amount=0.0, gloss=0.7)
    scene.tube((0.68, 0.47, 1.05), (0.055, 0.05, 0.055), china, taper=-0.25)
    scene.tube((0.68, 0.515, 1.05), (0.06, 0.004, 0.06), matt(rng, (0.16, 0.08, 0.04), gloss=0.6))
    # A shelf with books at the right wall, a picture, a floor lamp, a plant, a chair.
    shelf = matt(rng, (0.82, 0.8, 0.76), amount=0.08)
    for y in (0.3, 0.72, 1.14, 1.56):
        scene.box((w - 0.16, y, 1.2), (0.15, 0.015, 0.7), shelf)
    for z in (0.5, 1.9):
        scene.box((w - 0.16, 0.93, z), (0.15, 0.65, 0.015), shelf)
    for y in (0.315, 0.735, 1.155):
        z = 0.54
        while z < 1.82:
            thick, tall = rng.uniform(0.012, 0.03), rng.uniform(0.1, 0.17)
            if rng.random() < 0.86:
                scene.box(
                    (w - 0.15, y + tall, z),
                    (0.1, tall, thick),
                    matt(rng, rng.uniform(0.1, 0.75, 3) * rng.uniform(0.5, 1)),
                    turned(0, 0, 0) if rng.random() < 0.85 else turned(0, 0.16),
                )
            z += 2.1 * thick + (0.1 if rng.random() < 0.08 else 0)
    scene.ball((w - 0.17, 1.69, 0.8), (0.09, 0.12, 0.09), matt(rng, (0.2, 0.42, 0.4), gloss=0.8))
    scene.tube((w - 0.17, 1.82, 0.8), (0.035, 0.04, 0.035), matt(rng, (0.2, 0.42, 0.4), gloss=0.8), taper=-0.5)
    scene.box((0.35, 1.72, l - 0.015), (0.62, 0.42, 0.015), matt(rng, (0.12, 0.1, 0.09)))
    scene.box((0.35, 1.72, l - 0.03), (0.58, 0.38, 0.012), matt(rng, (0.85, 0.83, 0.78), amount=0))
    scene.box(
        (0.35, 1.72, l - 0.045),
        (0.44, 0.26, 0.008),
        matt(rng, (0.2, 0.4, 0.6), NOISE, 1.2, 1.0, second=(0.9, 0.6, 0.3)),
    )
    iron = matt(rng, (0.12, 0.12, 0.13), gloss=0.6)
    scene.tube((-1.35, 0.02, 2.45), (0.15, 0.02, 0.15), iron)
    scene.tube((-1.35, 0.8, 2.45), (0.015, 0.8, 0.015), iron)
    scene.tube((-1.35, 1.62, 2.45), (0.24, 0.17, 0.24), lit((1.0, 0.82, 0.55), 0.95), taper=0.35)
    lamp(scene, (-1.35, 1.62, 2.3), (0.9, 0.65, 0.38), 1.3, 0.25)
    pot = (-1.75, 0, 1.55)
    scene.tube((pot[0], 0.17, pot[2]), (0.17, 0.17, 0.17), matt(rng, (0.65, 0.35, 0.22)), taper=-0.2)
    for k in range(16):
        turn, lean = k * 2.4, rng.uniform(0.25, 0.8)
        long = rng.uniform(0.28, 0.5)
        at = (
            np.array(pot)
            + (0, 0.34, 0)
            + long * np.array([math.sin(lean) * math.cos(turn), math.cos(lean), math.sin(lean) * math.sin(turn)])
        )
        scene.ball(
            at,
            (0.075, long, 0.012),
            matt(rng, (0.12, 0.3, 0.1), STRIPES, 3, 0.3, gloss=0.4),
            turned(math.pi / 2 - turn, lean),
        )
    place, before = len(scene.shapes), np.array([-1.15, 0, 0.25])
    chair(rng, scene, *before[[0, 2]], 2.2)
    seat = matt(rng, (0.55, 0.36, 0.2), PLANKS, 3, 0.4, gloss=0.3)
    for shape in scene.shapes[place:]:
        shape.material = seat
    return scene, dict(aperture=0.004, focus=4.0, exposure=1.0, warmth=1.02)


def street(rng):
    """A street of old houses in low sun, with cars, trees and people."""
    scene = Scene(standing((-1.6, 1.7, -4), (0.6, 2.5, 14), 1.02))
    sky(scene, (0.62, 0.74, 0.95), (0.12, 0.28, 0.75), (0.3, 0.28, 0.25))
    sun(scene, (-0.42, 0.62, -0.3), (3.3, 2.75, 2.0), 0.03)
    scene.fog, scene.fog_colour = 700.0, np.array([0.75, 0.8, 0.9])
    scene.floor(0, matt(rng, (0.13, 0.13, 0.135), NOISE, 0.5, 0.4, grain=0.3))
    kerb, pavement = matt(rng, (0.5, 0.49, 0.46), amount=0.1), matt(rng, (0.44, 0.42, 0.39), CHECKS, 0.7, 0.35)
    for side in (-1, 1):
        scene.box((side * 6.55, 0.06, 60), (0.08, 0.075, 80), kerb)
        scene.box((side * 8.3, 0.05, 60), (1.7, 0.07, 80), pavement)
    for z in np.arange(-2, 90, 6.0):
        scene.box((0, 0.003, z), (0.07, 0.004, 1.2), matt(rng, (0.75, 0.74, 0.7), amount=0.4))
    for x in np.arange(-5.6, 6, 0.95):
        scene.box((x, 0.003, 4.2), (0.24, 0.004, 1.3), matt(rng, (0.72, 0.71, 0.68), amount=0.4))
    tones = (
        (0.72, 0.52, 0.34),
        (0.62, 0.3, 0.22),
        (0.75, 0.68, 0.52),
        (0.5, 0.56, 0.58),
        (0.78, 0.6, 0.5),
        (0.66, 0.64, 0.6),
    )
    white, glass, roof = (
        matt(rng, (0.85, 0.84, 0.8), amount=0.05),
        matt(rng, (0.06, 0.08, 0.1), gloss=0.95, amount=0.1),
        matt(rng, (0.35, 0.16, 0.11), STRIPES, 2, 0.6),
    )
    for side in (-1, 1):
        z = -9.0
        while z < 85:
            wide, levels = rng.uniform(5.5, 9), int(rng.integers(3, 5))
            tall = 3.1 * levels + 0.8
            brick = rng.random() < 0.5
            front = matt(
                rng,
                tones[rng.integers(len(tones))],
                BRICKS if brick else NOISE,
                1.2 if brick else 0.5,
                0.55 if brick else 0.2,
                relief=0.25 if brick else 0,
            )
            x = side * (10 + 5)
            scene.box((x, tall / 2, z + wide / 2), (5, tall / 2, wide / 2), front)
            scene.box((x, tall + 0.12, z + wide / 2), (5.25, 0.14, wide / 2), white)
            scene.box((x, tall - 0.1, z + wide / 2), (3.7, 3.7, wide / 2 - 0.05), roof, turned(0, 0, math.pi / 4))
            scene.box(
                (x - side * 1.5, tall + 3.6, z + wide * 0.3),
                (0.4, 1.2, 0.5),
                matt(rng, (0.45, 0.22, 0.17), BRICKS, 3, 0.6),
            )
            count = max(int(wide // 2.1), 2)
            for level in range(levels):
                for k in range(count):
                    at = z + wide * (k + 0.5) / count
                    y = 1.75 + 3.1 * level
                    inner = side * 10
                    if level == 0 and k == count // 2:
                        scene.box(
                            (inner, 1.1, at),
                            (0.06, 1.15, 0.55),
                            matt(rng, (rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.3), 0.15), amount=0.1, gloss=0.3),
                        )
                        scene.box((inner - side * 0.3, 0.12, at), (0.35, 0.12, 0.8), kerb)
                        continue
                    scene.box((inner - side * 0.02, y, at), (0.06, 0.88, 0.56), white)
                    scene.box((inner - side * 0.05, y, at), (0.05, 0.78, 0.46), glass)
                    scene.box((inner - side * 0.11, y, at), (0.012, 0.78, 0.025), white)
                    scene.box((inner - side * 0.11, y + 0.2, at), (0.012, 0.025, 0.46), white)
                    scene.box((inner - side * 0.1, y - 0.93, at), (0.14, 0.05, 0.66), white)
            z += wide
    for side, z, colour in (
        (1, 3.4, (0.55, 0.08, 0.06)),
        (1, 10, (0.7, 0.71, 0.72)),
        (-1, 8.5, (0.08, 0.2, 0.4)),
        (-1, 15, (0.75, 0.6, 0.2)),
        (1, 18, (0.1, 0.12, 0.13)),
        (1, 30, (0.6, 0.62, 0.6)),
        (-1, 33, (0.3, 0.35, 0.3)),
    ):
        motor(rng, scene, side * 5.35, z, colour)
    for side, z in ((-1, 4.5), (1, 7), (-1, 19), (1, 22), (-1, 34), (1, 40), (-1, 52)):
        leafy(rng, scene, side * 7.3, z, rng.uniform(5.5, 7.5))
    for x, z, yaw in (
        (0.9, 4.3, 1.5),
        (-8.2, 1.8, 0.2),
        (-7.8, 10.5, 3.0),
        (8.3, 12.5, 0.1),
        (-8.6, 16, 3.2),
        (1.5, 24, 1.4),
    ):
        person(rng, scene, x, z, 0.1 if abs(x) > 6 else 0.0, yaw=yaw)
    iron = matt(rng, (0.08, 0.1, 0.09), gloss=0.4)
    for side, z in ((-1, 1), (1, 15), (-1, 29), (1, 43)):
        scene.tube((side * 6.9, 2.3, z), (0.07, 2.3, 0.07), iron, taper=0.5)
        scene.tube((side * 6.9, 4.75, z), (0.2, 0.25, 0.2), lit((1.0, 0.95, 0.8), 0.4), taper=-0.4)
        scene.tube((side * 6.9, 5.08, z), (0.26, 0.09, 0.26), iron, taper=0.9)
    return scene, dict(aperture=0.002, focus=12.0, exposure=0.8, warmth=1.03)


def motor(rng, scene, x, z, colour):
    """A car with wheels, windows, lights and bumpers; along z."""
    paint, glass, black = (
        matt(rng, colour, amount=0.0, gloss=0.75, grain=0),
        matt(rng, (0.04, 0.05, 0.06), gloss=0.95, amount=0),
        matt(rng, (0.04, 0.04, 0.045)),
    )
    at = np.array([x, 0, z])
    scene.box(at + (0, 0.52, 0), (0.84, 0.2, 2.05), paint)
    scene.ball(at + (0, 0.7, 0), (0.86, 0.17, 2.1), paint)
    scene.ball(at + (0, 0.98, -0.15), (0.74, 0.46, 1.25), glass)
    scene.box(at + (0, 1.4, -0.15), (0.5, 0.02, 0.6), paint)
    scene.box(at + (0, 1.1, -0.1), (0.73, 0.32, 0.04), paint)
    for side in (-1, 1):
        for front in (-1.3, 1.3):
            scene.tube(at + (side * 0.76, 0.31, front), (0.31, 0.1, 0.31), black, turned(0, 0, math.pi / 2))
            scene.tube(
                at + (side * 0.81, 0.31, front),
                (0.18, 0.07, 0.18),
                matt(rng, (0.6, 0.6, 0.62), gloss=0.8),
                turned(0, 0, math.pi / 2),
            )
        scene.box(at + (side * 0.6, 0.62, -2.06), (0.16, 0.08, 0.03), matt(rng, (0.5, 0.03, 0.03), gloss=0.6))
        scene.box(at + (side * 0.92, 0.95, 0.65), (0.08, 0.06, 0.05), paint)
    scene.box(at + (0, 0.36, 0), (0.8, 0.1, 2.12), black)
    scene.box(at + (0, 0.52, -2.1), (0.25, 0.06, 0.01), matt(rng, (0.85, 0.85, 0.8), amount=0))


def leafy(rng, scene, x, z, tall, y=0.0, green=(0.16, 0.34, 0.07)):
    """A tree whose crown is many balls of pierced leaves."""
    bark = matt(rng, (0.26, 0.19, 0.13), STRIPES, 4, 0.7, relief=0.6)
    stem = tall * 0.2
    scene.tube((x, y + stem, z), (tall * 0.025, stem, tall * 0.025), bark, taper=0.4)
    for k in range(5):
        turn = 2.5 * k
        way = turned(turn, -0.6)
        scene.tube(
            np.array([x, y + 2 * stem, z]) + way @ np.array([0, tall * 0.12, 0]),
            (tall * 0.009, tall * 0.13, tall * 0.009),
            bark,
            way,
            taper=0.5,
        )
    for k in range(64):
        r = tall * rng.uniform(0.045, 0.085)
        lift = rng.uniform(0, 1)
        wide = tall * 0.23 * math.sqrt(max(1 - (1.6 * lift - 0.6) ** 2, 0.05))
        turn = rng.uniform(0, 6.3)
        m = matt(
            rng,
            tuple(c * rng.uniform(0.75, 1.25) for c in green),
            NOISE,
            rng.uniform(22, 32) / max(tall / 6, 0.6),
            0.8,
            grain=0.6,
        )
        m.hole = 0.4
        away = wide * math.sqrt(rng.random())
        scene.ball(
            (x + away * math.cos(turn), y + tall * (0.45 + 0.48 * lift), z + away * math.sin(turn)),
            (r, r * 0.85, r),
            m,
            turned(turn),
        )


def table(rng):
    """Fruit, bread, a bottle and a jug on a wooden table, in light from a window."""
    top = 0.75
    scene = Scene(standing((-0.06, 1.13, -0.92), (0.03, 0.83, 0.12), 0.74))
    sky(scene, (0.42, 0.44, 0.48), (0.5, 0.55, 0.65), (0.1, 0.09, 0.08))
    sun(scene, (-0.85, 0.62, -0.25), (2.6, 2.35, 1.95), 0.28)
    scene.box(
        (0, top - 0.02, 0.15),
        (1.1, 0.02, 0.5),
        matt(rng, (0.36, 0.22, 0.12), PLANKS, 2.2, 0.8, gloss=0.35, second=(0.24, 0.14, 0.07)),
    )
    scene.box((0, 1.2, 1.15), (3, 1.6, 0.05), matt(rng, (0.33, 0.36, 0.34), NOISE, 0.6, 0.5))
    scene.floor(0, matt(rng, (0.3, 0.25, 0.2)))
    # A cloth under a board.
    linen = matt(rng, (0.72, 0.69, 0.62), CHECKS, 9, 0.35, second=(0.35, 0.4, 0.5))
    scene.box((-0.05, top + 0.002, 0.02), (0.36, 0.003, 0.22), linen, turned(0.18))
    board = matt(rng, (0.55, 0.37, 0.2), PLANKS, 5, 0.6, gloss=0.15)
    scene.box((-0.14, top + 0.014, 0.02), (0.19, 0.01, 0.12), board, turned(0.28))
    # Bread: a loaf, and slices before it.
    crust, crumb = (
        matt(rng, (0.5, 0.28, 0.1), NOISE, 12, 0.7, relief=0.7, second=(0.3, 0.15, 0.05)),
        matt(rng, (0.82, 0.7, 0.48), CELLS, 24, 0.5, relief=0.5),
    )
    scene.ball((-0.19, top + 0.062, 0.05), (0.1, 0.055, 0.07), crust, turned(0.5))
    for k in range(2):
        turn = turned(1.3 + 0.3 * k, 0, 0.0)
        at = np.array([-0.045 + 0.05 * k, top + 0.027 + 0.011 * k, -0.03 - 0.012 * k])
        scene.ball(at, (0.05, 0.009, 0.058), crust, turn @ turned(0, 0.06))
        scene.ball(at + (0, 0.003, 0), (0.046, 0.0085, 0.054), crumb, turn @ turned(0, 0.06))
    # Apples, pears, oranges, grapes in a bowl and around it.
    bowl = matt(rng, (0.22, 0.36, 0.46), amount=0.1, gloss=0.7)
    c = np.array([0.2, top, 0.22])
    for k in range(7):
        scene.tube(
            c + (0, 0.01 + 0.012 * k, 0),
            (0.075 + 0.058 * math.sqrt(k / 6), 0.0065, 0.075 + 0.058 * math.sqrt(k / 6)),
            bowl,
        )
    for dx, dz, lift, r, colour in (
        (-0.055, 0.03, 0.1, 0.045, (0.85, 0.4, 0.05)),
        (0.055, 0.045, 0.1, 0.043, (0.85, 0.42, 0.06)),
        (0.0, -0.05, 0.1, 0.04, (0.6, 0.07, 0.05)),
        (0.0, 0.01, 0.155, 0.041, (0.62, 0.1, 0.05)),
    ):
        fruit(rng, scene, c + (dx, lift, dz), r, colour)
    for x, z, r, colour in ((0.33, 0.0, 0.041, (0.55, 0.06, 0.05)), (0.41, 0.09, 0.039, (0.5, 0.5, 0.1))):
        fruit(rng, scene, np.array([x, top + r * 0.93, z]), r, colour)
    pear = matt(rng, (0.55, 0.52, 0.12), NOISE, 8, 0.35, gloss=0.3, second=(0.45, 0.3, 0.1))
    scene.ball((0.14, top + 0.04, -0.02), (0.04, 0.042, 0.04), pear)
    scene.ball((0.146, top + 0.083, -0.018), (0.023, 0.04, 0.023), pear, turned(0, 0, -0.12))
    scene.tube((0.152, top + 0.13, -0.016), (0.002, 0.012, 0.002), matt(rng, (0.2, 0.12, 0.06)), turned(0, 0, -0.3))
    grape = matt(rng, (0.2, 0.06, 0.16), amount=0.1, gloss=0.5)
    for k in range(26):
        turn, away = k * 2.4, 0.011 * math.sqrt(k)
        scene.ball(
            (0.25 + 1.3 * away * math.cos(turn), top + 0.011 + 0.012 * (k < 8), -0.1 + away * math.sin(turn)),
            (0.0125, 0.0125, 0.0125),
            grape,
        )
    # Bottle and jug.
    green = matt(rng, (0.03, 0.09, 0.05), amount=0, gloss=0.95)
    scene.tube((-0.02, top + 0.1, 0.33), (0.042, 0.1, 0.042), green)
    scene.ball((-0.02, top + 0.2, 0.33), (0.042, 0.045, 0.042), green)
    scene.tube((-0.02, top + 0.27, 0.33), (0.015, 0.05, 0.015), green)
    scene.tube((-0.02, top + 0.318, 0.33), (0.018, 0.01, 0.018), green)
    scene.tube((-0.02, top + 0.34, 0.33), (0.0125, 0.013, 0.0125), matt(rng, (0.5, 0.36, 0.22)))
    scene.tube((-0.02, top + 0.1, 0.33), (0.0425, 0.045, 0.0425), matt(rng, (0.75, 0.7, 0.55), STRIPES, 10, 0.3))
    clay = matt(rng, (0.66, 0.6, 0.5), NOISE, 5, 0.3, gloss=0.25)
    j = np.array([-0.37, top, 0.25])
    scene.ball(j + (0, 0.085, 0), (0.085, 0.09, 0.085), clay)
    scene.tube(j + (0, 0.19, 0), (0.047, 0.045, 0.047), clay, taper=-0.25)
    scene.tube(j + (0, 0.234, 0), (0.05, 0.004, 0.05), matt(rng, (0.05, 0.04, 0.03)))
    for k in range(9):
        turn = -0.9 + 0.225 * k
        scene.ball(j + (-0.085 - 0.045 * math.cos(turn), 0.135 + 0.06 * math.sin(turn), 0), (0.011, 0.013, 0.011), clay)
    for k in range(5):
        lean, turn = 0.25 + 0.12 * k, 1.3 * k + 0.4
        way = turned(turn, lean)
        long = 0.12 + 0.02 * k
        foot = j + (0, 0.22, 0)
        scene.tube(foot + way @ np.array([0, long, 0]), (0.0022, long, 0.0022), matt(rng, (0.2, 0.3, 0.1)), way)
        tip = foot + way @ np.array([0, 2 * long, 0])
        for p in range(9):
            scene.ball(
                tip + way @ (0.021 * np.array([math.cos(0.7 * p), 0.25, math.sin(0.7 * p)])),
                (0.016, 0.005, 0.008),
                matt(rng, (0.86, 0.78, 0.3) if k % 2 else (0.82, 0.82, 0.86)),
                way @ turned(-0.7 * p),
            )
        scene.ball(tip + way @ np.array([0, 0.006, 0]), (0.009, 0.007, 0.009), matt(rng, (0.45, 0.25, 0.05)))
    steel = matt(rng, (0.55, 0.56, 0.58), amount=0, gloss=0.9)
    scene.box((0.03, top + 0.012, -0.16), (0.075, 0.0016, 0.009), steel, turned(-0.35))
    scene.box((-0.095, top + 0.013, -0.205), (0.055, 0.005, 0.008), matt(rng, (0.12, 0.07, 0.04)), turned(-0.35))
    return scene, dict(aperture=0.011, focus=0.95, exposure=0.72, warmth=1.03)


def fruit(rng, scene, at, r, colour):
    m = matt(
        rng, colour, NOISE, 2.5 / (20 * r), 0.45, gloss=0.45, second=tuple(min(1.4 * c + 0.05, 0.9) for c in colour)
    )
    scene.ball(at, (r, 0.92 * r, r), m, turned(rng.uniform(0, 6), rng.normal() * 0.2))
    scene.tube(
        at + np.array([0, 0.98 * r, 0]),
        (0.05 * r, 0.16 * r, 0.05 * r),
        matt(rng, (0.18, 0.1, 0.05)),
        turned(0, rng.normal() * 0.4),
    )


def hills(rng):
    """Mountains behind a lake, with pines, a hut and a jetty, in the morning."""
    side = 128
    far = textures.noise(np.random.default_rng(14), side, 3.3)
    near = textures.noise(np.random.default_rng(5), side, 2.4)
    cell, tall = 2.6, 62.0
    x, z = np.mgrid[0:side, 0:side] * cell
    x = np.where(x > side * cell / 2, x - side * cell, x)
    lake = np.exp(-((((x - 6) / 52) ** 2 + ((z - 58) / 36) ** 2) ** 2))
    rise = np.clip((np.hypot(0.75 * x, z - 15) - 62) / 115, 0, 1)
    ridge = 1 - np.abs(2 * far - 1)
    ground = 0.1 + 0.03 * (near - 0.5) + 0.9 * rise**1.25 * (0.35 + 0.9 * ridge) - 0.12 * lake
    grid = np.clip(ground, 0, 1.3)
    eye = (3.0, float(tall * 0.1 + 5.2), 4.0)
    scene = Scene(standing(eye, (4.5, eye[1] - 2.0, 40), 0.98))
    sky(scene, (0.95, 0.9, 0.88), (0.16, 0.34, 0.8), (0.25, 0.26, 0.22))
    sun(scene, (-0.75, 0.4, 0.15), (3.1, 2.55, 1.85), 0.03)
    scene.fog, scene.fog_colour = 900.0, np.array([0.6, 0.7, 0.85])
    scene.terrain = (np.ascontiguousarray(grid), cell, tall)
    scene.ground = matt(rng, (0.12, 0.19, 0.05), NOISE, 0.12, 0.9, second=(0.3, 0.26, 0.2), grain=0.6)

    def level(px, pz):
        return tall * float(grid[math.floor(px / cell) % side, math.floor(pz / cell) % side])

    water = 0.075 * tall
    calm = matt(rng, (0.05, 0.11, 0.13), NOISE, 0.6, 0.2, gloss=1.0, relief=0.02)
    scene.box((5, water - 0.5, 60), (75, 0.5, 48), calm)
    placed = 0
    while placed < 95:
        pz = float(np.exp(rng.uniform(math.log(14), math.log(130))))
        px = rng.uniform(-0.62, 0.68) * pz + 3
        foot = level(px, pz)
        if foot < water + 0.6 or (abs(px - 4) < 5 and pz < 26):
            continue
        pine(rng, scene, px, pz, rng.uniform(4.5, 9), foot - 0.4)
        placed += 1
    # A hut on the right shore.
    hx, hz = 15.5, 30.0
    base = max(level(hx, hz), water) + 0.1
    log_wall = matt(rng, (0.36, 0.22, 0.12), STRIPES, 2.0, 0.7, relief=0.4)
    scene.box((hx, base + 1.2, hz), (2.6, 1.7, 2.0), log_wall, turned(0.5))
    scene.box(
        (hx, base + 2.75, hz),
        (1.75, 1.75, 2.3),
        matt(rng, (0.3, 0.27, 0.25), STRIPES, 2, 0.6),
        turned(0.5 + math.pi / 2) @ turned(0, 0, math.pi / 4),
    )
    scene.box(
        np.array([hx, base + 1.3, hz]) + turned(0.5) @ np.array([-0.9, 0, -2.02]),
        (0.42, 0.5, 0.05),
        lit((1.0, 0.75, 0.4), 0.7),
        turned(0.5),
    )
    scene.box(
        np.array([hx, base + 0.9, hz]) + turned(0.5) @ np.array([0.9, 0, -2.02]),
        (0.45, 0.95, 0.05),
        matt(rng, (0.2, 0.12, 0.07)),
        turned(0.5),
    )
    scene.box((hx + 1.2, base + 4.3, hz + 0.5), (0.3, 0.8, 0.3), matt(rng, (0.4, 0.38, 0.36), BRICKS, 3, 0.5))
    plank = matt(rng, (0.4, 0.34, 0.27), PLANKS, 3, 0.6)
    for k in range(24):
        scene.box(
            (4.2 + 0.03 * k, water + 0.55, 17.5 + 0.62 * k), (0.95, 0.05, 0.27), plank, turned(rng.normal() * 0.01)
        )
    for k in range(0, 24, 4):
        for s in (-1, 1):
            scene.tube((4.2 + 0.03 * k + s * 0.9, water + 0.3, 17.5 + 0.62 * k), (0.09, 0.75, 0.09), plank)
    for k in range(60):
        pz = rng.uniform(7, 20)
        px = rng.uniform(-0.7, 0.75) * pz + 3
        size = rng.uniform(0.12, 0.55)
        foot = level(px, pz)
        if abs(px - 4.2) > 1.6:
            scene.ball(
                (px, foot + 0.1 * size, pz),
                size * rng.uniform(0.6, 1.3, 3),
                matt(rng, (0.34, 0.33, 0.31), NOISE, 3, 0.6, relief=0.4),
                turned(rng.uniform(0, 6)),
            )
    person(rng, scene, 4.7, 27.0, water + 0.6, 1.75, 0.2)
    return scene, dict(aperture=0.0, focus=30.0, exposure=0.85, warmth=1.03)


def pine(rng, scene, x, z, tall, y):
    scene.tube(
        (x, y + 0.2 * tall, z), (0.02 * tall, 0.22 * tall, 0.02 * tall), matt(rng, (0.22, 0.15, 0.1), STRIPES, 4, 0.6)
    )
    for k in range(6):
        m = matt(rng, tuple(c * rng.uniform(0.7, 1.2) for c in (0.07, 0.17, 0.08)), NOISE, 7, 0.8, grain=0.7)
        m.hole = 0.33
        wide = tall * (0.2 - 0.028 * k)
        scene.tube(
            (x, y + tall * (0.27 + 0.125 * k), z), (wide, tall * 0.11, wide), m, turned(rng.uniform(0, 6)), taper=0.9
        )


def figure(rng):
    """A woman on a bench in a park in autumn, the path behind her out of focus."""
    scene = Scene(standing((-0.35, 1.3, -2.15), (0.05, 0.98, 0.6), 0.74))
    sky(scene, (1.2, 1.18, 1.12), (0.75, 0.85, 1.0), (0.3, 0.26, 0.2))
    sun(scene, (-0.7, 0.75, -0.55), (2.3, 2.05, 1.65), 0.1)
    scene.floor(0, matt(rng, (0.2, 0.26, 0.08), NOISE, 2, 0.9, second=(0.38, 0.26, 0.1), grain=0.9))
    scene.box((0.4, 0.006, 10), (1.5, 0.008, 40), matt(rng, (0.5, 0.44, 0.36), NOISE, 2, 0.5, grain=0.8), turned(-0.12))
    for _ in range(170):
        x, z = rng.uniform(-4, 4.5), rng.uniform(-1, 9)
        tone = ((0.75, 0.4, 0.06), (0.6, 0.2, 0.05), (0.8, 0.6, 0.12))[rng.integers(3)]
        scene.ball((x, 0.02, z), (0.055, 0.006, 0.035), matt(rng, tone), turned(rng.uniform(0, 6), rng.normal() * 0.3))
    # Bench.
    slat, iron = matt(rng, (0.32, 0.2, 0.11), PLANKS, 4, 0.6, gloss=0.2), matt(rng, (0.06, 0.06, 0.06), gloss=0.5)
    for k in range(4):
        scene.box((0.15, 0.44, 0.42 + 0.115 * k), (0.95, 0.018, 0.047), slat)
    for k in range(3):
        scene.box((0.15, 0.62 + 0.125 * k, 0.86 + 0.03 * k), (0.95, 0.048, 0.016), slat, turned(0, 0.2))
    for x in (-0.68, 0.98):
        scene.box((x, 0.22, 0.45), (0.025, 0.22, 0.03), iron)
        scene.box((x, 0.45, 0.85), (0.025, 0.45, 0.03), iron, turned(0, 0.12))
        scene.box((x, 0.42, 0.62), (0.025, 0.02, 0.26), iron)
        scene.box((x, 0.64, 0.6), (0.03, 0.018, 0.25), iron)
        scene.box((x, 0.54, 0.38), (0.02, 0.1, 0.02), iron)
    seated(rng, scene, np.array([0.02, 0.46, 0.6]))
    # A bag and a flask beside her.
    leather = matt(rng, (0.4, 0.17, 0.07), NOISE, 9, 0.4, gloss=0.4)
    scene.box((0.62, 0.58, 0.62), (0.17, 0.115, 0.075), leather, turned(0.15, 0, 0.03))
    scene.box((0.62, 0.63, 0.545), (0.172, 0.07, 0.008), matt(rng, (0.34, 0.14, 0.06), gloss=0.4), turned(0.15))
    for k in range(11):
        turn = math.pi * k / 10
        scene.ball((0.62 + 0.11 * math.cos(turn), 0.69 + 0.09 * math.sin(turn), 0.62), (0.017, 0.017, 0.012), leather)
    # Trees, hedge, lamp, people further away.
    for x, z, tall in (
        (-2.6, 3.2, 5.5),
        (2.9, 4.5, 6.5),
        (-1.9, 8, 7),
        (3.4, 10, 7.5),
        (-4.6, 6, 7),
        (-3.0, 13, 8),
        (4.6, 16, 8.5),
        (-5.5, 19, 9),
        (1.8, 24, 9),
        (6.5, 7, 7),
    ):
        leafy(rng, scene, x, z, tall, green=((0.55, 0.33, 0.06), (0.6, 0.2, 0.05), (0.3, 0.33, 0.07))[rng.integers(3)])
    for k in range(14):
        m = matt(rng, (0.12, 0.22, 0.07), NOISE, 12, 0.7)
        m.hole = 0.25
        scene.ball((-7 + k * 1.05, 0.7, 26 + 0.3 * rng.normal()), (0.9, 0.9, 0.8), m)
    person(rng, scene, -1.25, 9.5, 0, 1.75, 0.2)
    person(rng, scene, -1.85, 9.8, 0, 1.65, 0.1)
    scene.tube((2.3, 1.6, 6), (0.04, 1.6, 0.04), iron)
    scene.ball((2.3, 3.3, 6), (0.18, 0.2, 0.18), lit((1, 0.97, 0.9), 0.35))
    return scene, dict(aperture=0.016, focus=2.75, exposure=0.72, warmth=1.03)


def seated(rng, scene, seat):
    """A woman who sits, hands in her lap, and looks a little to the side."""
    skin = matt(rng, (0.72, 0.47, 0.35), NOISE, 3, 0.1, gloss=0.15, grain=0.1)
    wool = matt(rng, (0.6, 0.13, 0.1), STRIPES, 14, 0.4, relief=0.3)
    denim = matt(rng, (0.12, 0.18, 0.3), NOISE, 22, 0.5)
    hair, shoe = matt(rng, (0.1, 0.055, 0.03), STRIPES, 9, 0.6, gloss=0.3), matt(rng, (0.3, 0.16, 0.08), gloss=0.4)

    def at(x, y, z):
        return seat + np.array([x, y, z])

    def limb(a, b, ra, rb, m):
        a, b = np.array(a), np.array(b)
        way = b - a
        long = np.linalg.norm(way)
        up = way / long
        other = np.cross(up, (0.3, 0.1, 1))
        other /= np.linalg.norm(other)
        scene.tube((a + b) / 2, (ra, long / 2, ra), m, np.stack([other, up, np.cross(other, up)], 1), taper=1 - rb / ra)
        scene.ball(b, (rb, rb, rb), m)
        scene.ball(a, (ra, ra, ra), m)

    scene.ball(at(0, 0.1, 0.06), (0.18, 0.13, 0.16), denim)
    scene.ball(at(0, 0.24, 0.09), (0.15, 0.2, 0.11), wool)
    scene.ball(at(0, 0.4, 0.1), (0.175, 0.15, 0.105), wool)
    scene.ball(at(0, 0.495, 0.1), (0.14, 0.07, 0.085), wool)
    scene.tube(at(0, 0.575, 0.09), (0.048, 0.05, 0.048), skin)
    # A scarf.
    for k in range(14):
        turn = 2 * math.pi * k / 14
        scene.ball(
            at(0.07 * math.cos(turn), 0.55 + 0.01 * math.sin(2 * turn), 0.09 + 0.065 * math.sin(turn)),
            (0.038, 0.034, 0.036),
            matt(rng, (0.8, 0.68, 0.4), STRIPES, 12, 0.5),
        )
    head, turn = at(0, 0.73, 0.07), turned(math.pi - 0.45, -0.05, 0.06)

    def on_head(x, y, z):
        return head + turn @ np.array([x, y, z])

    scene.ball(head, (0.076, 0.108, 0.092), skin, turn)
    scene.ball(on_head(0, -0.045, 0.032), (0.054, 0.062, 0.054), skin, turn)
    scene.ball(on_head(0, -0.012, 0.094), (0.013, 0.024, 0.019), skin, turn)
    scene.ball(on_head(0, -0.052, 0.08), (0.024, 0.006, 0.01), matt(rng, (0.6, 0.2, 0.18), amount=0.05), turn)
    scene.ball(on_head(0, -0.06, 0.079), (0.02, 0.007, 0.01), matt(rng, (0.62, 0.24, 0.2), amount=0.05), turn)
    for s in (-1, 1):
        scene.ball(
            on_head(s * 0.031, 0.012, 0.073),
            (0.0135, 0.0085, 0.01),
            matt(rng, (0.85, 0.84, 0.82), amount=0, gloss=0.4),
            turn,
        )
        scene.ball(
            on_head(s * 0.031 + 0.001, 0.012, 0.0805),
            (0.0062, 0.0068, 0.004),
            matt(rng, (0.1, 0.06, 0.04), amount=0, gloss=0.6),
            turn,
        )
        scene.ball(on_head(s * 0.032, 0.034, 0.078), (0.019, 0.004, 0.008), hair, turn @ turned(0, 0, -s * 0.1))
        scene.ball(on_head(s * 0.031, 0.021, 0.0745), (0.0155, 0.005, 0.01), skin, turn)
        scene.ball(on_head(s * 0.078, -0.01, -0.005), (0.01, 0.026, 0.016), skin, turn)
    scene.ball(on_head(0, 0.035, -0.018), (0.088, 0.098, 0.094), hair, turn)
    scene.ball(on_head(0, 0.075, 0.025), (0.073, 0.05, 0.066), hair, turn)
    for s in (-1, 1):
        scene.ball(on_head(s * 0.074, -0.04, -0.02), (0.028, 0.12, 0.045), hair, turn @ turned(0, 0, s * 0.06))
    scene.ball(on_head(0, -0.09, -0.075), (0.075, 0.13, 0.045), hair, turn)
    for s in (-1, 1):
        shoulder, elbow, hand = at(s * 0.175, 0.46, 0.1), at(s * 0.235, 0.2, 0.02), at(s * 0.05, 0.155, -0.17)
        limb(shoulder, elbow, 0.056, 0.045, wool)
        limb(elbow, hand, 0.045, 0.033, wool)
        scene.ball(hand + (-s * 0.03, 0.0, -0.025), (0.042, 0.026, 0.045), skin, turned(s * 0.5))
        hip, knee, foot = at(s * 0.085, 0.08, 0.0), at(s * 0.1, 0.09, -0.42), at(s * 0.09, -0.37, -0.47 - 0.06 * s)
        limb(hip, knee, 0.09, 0.062, denim)
        limb(knee, foot, 0.06, 0.043, denim)
        scene.ball(foot + (0, -0.035, -0.07), (0.043, 0.042, 0.115), shoe)
    paper = matt(rng, (0.88, 0.86, 0.8), amount=0)
    scene.box(at(0, 0.2, -0.2), (0.085, 0.01, 0.06), matt(rng, (0.1, 0.3, 0.35)), turned(0.05, 0.4))
    for s in (-1, 1):
        scene.box(at(s * 0.045, 0.212, -0.202), (0.044, 0.006, 0.057), paper, turned(0.05, 0.4, s * 0.12))


def flower(rng):
    """A flower and its leaves with drops of water, very near."""
    scene = Scene(standing((-0.03, 0.245, -0.3), (0.0, 0.135, 0.02), 0.72))
    sky(scene, (0.5, 0.62, 0.42), (0.9, 1.0, 1.05), (0.12, 0.17, 0.07))
    sun(scene, (-0.6, 0.9, -0.45), (2.2, 2.1, 1.8), 0.16)
    centre = np.array([0.0, 0.15, 0.02])
    face = turned(math.pi, 0.72) @ np.eye(3)
    # The flower's own axis goes towards the camera and up.
    axis = np.array([-0.06, 0.62, -0.78])
    axis /= np.linalg.norm(axis)
    side = np.cross(axis, (0, 1, 0.2))
    side /= np.linalg.norm(side)
    face = np.stack([side, axis, np.cross(side, axis)], 1)
    for ring, (count, long, lift, colour) in enumerate(
        (
            (17, 0.056, 0.12, (0.78, 0.2, 0.35)),
            (15, 0.047, 0.38, (0.86, 0.32, 0.42)),
            (11, 0.036, 0.7, (0.92, 0.5, 0.48)),
        )
    ):
        for k in range(count):
            turn = 2 * math.pi * (k + 0.5 * ring) / count + rng.normal() * 0.04
            way = face @ turned(turn, -lift + rng.normal() * 0.05)
            petal = matt(
                rng,
                tuple(c * rng.uniform(0.92, 1.05) for c in colour),
                STRIPES,
                30,
                0.25,
                second=tuple(0.8 * c for c in colour),
                grain=0.1,
            )
            scene.ball(
                centre + way @ np.array([0, 0.003 * ring, 0.012 + long * 0.95]),
                (0.0115 - 0.0012 * ring, 0.0026, long),
                petal,
                way @ turned(0, 0.0),
            )
    heart = matt(rng, (0.8, 0.52, 0.06), NOISE, 40, 0.5)
    scene.ball(centre + axis * 0.012, (0.021, 0.013, 0.021), heart, face)
    for k in range(170):
        turn, away = k * 2.39996, 0.0205 * math.sqrt(k / 170)
        up = 0.0125 * math.sqrt(max(1 - (away / 0.0215) ** 2, 0.0))
        m = matt(rng, (0.88, 0.62, 0.1) if k > 70 else (0.6, 0.3, 0.06), amount=0.1)
        scene.ball(
            centre + face @ np.array([away * math.cos(turn), 0.012 + up, away * math.sin(turn)]),
            (0.0014, 0.0026, 0.0014),
            m,
            face,
        )
    stem = matt(rng, (0.2, 0.36, 0.1), STRIPES, 30, 0.3)
    scene.tube((0.0, 0.04, 0.05), (0.0042, 0.105, 0.0042), stem, turned(0, -0.12))
    for x, y, z, turn, lean, long in (
        (-0.055, 0.075, 0.03, 2.4, -0.55, 0.07),
        (0.06, 0.06, 0.01, -2.2, -0.5, 0.075),
        (0.03, 0.045, 0.075, -0.6, -0.5, 0.07),
        (-0.085, 0.05, 0.1, 1.2, -0.4, 0.08),
    ):
        leaf = matt(rng, (0.13, 0.34, 0.08), STRIPES, 26, 0.4, gloss=0.35, second=(0.2, 0.45, 0.12))
        way = turned(turn, lean)
        scene.ball((x, y, z), (0.027, 0.0022, long), leaf, way)
        scene.tube(
            np.array([x, y, z]) + way @ np.array([0, 0.0022, 0]),
            (0.0009, 0.9 * long, 0.0009),
            matt(rng, (0.35, 0.5, 0.2)),
            way @ turned(0, math.pi / 2),
        )
        for _ in range(7):
            at = np.array([rng.uniform(-0.4, 0.4) * 0.027, 0.0023, rng.uniform(-0.6, 0.6) * long])
            r = rng.uniform(0.0012, 0.0036)
            scene.ball(
                np.array([x, y, z]) + way @ at,
                (r, 0.7 * r, r),
                matt(rng, (0.3, 0.5, 0.28), amount=0, gloss=1.0, grain=0),
                way,
            )
    for _ in range(15):
        turn, away = rng.uniform(0, 2 * math.pi), rng.uniform(0.035, 0.09)
        way = face @ turned(turn, -0.14)
        r = rng.uniform(0.001, 0.0024)
        scene.ball(
            centre + way @ np.array([0, 0.0034, away]),
            (r, 0.75 * r, r),
            matt(rng, (0.9, 0.55, 0.6), amount=0, gloss=1.0, grain=0),
            way,
        )
    # Buds and grass further back, out of focus.
    for x, y, z, r in (
        (0.13, 0.17, 0.2, 0.02),
        (-0.17, 0.2, 0.28, 0.024),
        (0.24, 0.1, 0.36, 0.026),
        (-0.28, 0.12, 0.4, 0.03),
        (0.07, 0.23, 0.45, 0.024),
    ):
        tone = ((0.8, 0.25, 0.4), (0.9, 0.75, 0.3), (0.85, 0.85, 0.9))[rng.integers(3)]
        for k in range(12):
            way = turned(math.pi * k / 6, -0.4)
            scene.ball(np.array([x, y, z]) + way @ np.array([0, 0, r]), (0.4 * r, 0.12 * r, r), matt(rng, tone), way)
        scene.ball((x, y + 0.2 * r, z), (0.5 * r, 0.4 * r, 0.5 * r), matt(rng, (0.75, 0.5, 0.1)))
        scene.tube((x, y / 2, z), (0.003, y / 2, 0.003), stem)
    for _ in range(150):
        x, z, tall = rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.9), rng.uniform(0.06, 0.15)
        scene.ball(
            (x, tall * 0.8, z),
            (0.005, tall, 0.0015),
            matt(rng, (0.16, rng.uniform(0.25, 0.42), 0.07)),
            turned(rng.uniform(0, 6), rng.normal() * 0.25),
        )
    scene.floor(-0.02, matt(rng, (0.12, 0.16, 0.05), NOISE, 12, 0.8))
    scene.box((0, 0.5, 1.6), (3, 1.2, 0.05), matt(rng, (0.12, 0.2, 0.08), NOISE, 1.5, 0.9, second=(0.3, 0.36, 0.12)))
    return scene, dict(aperture=0.005, focus=0.315, exposure=0.72, warmth=1.0)


PICTURES = {"table": table, "room": room, "figure": figure, "flower": flower, "hills": hills, "street": street}


def developed(light, exposure, warmth):
    """uint8 picture of linear light: a camera's curve, a little glow around what is bright, a little darker corners."""
    light = light * exposure * np.array([warmth, 1, 2 - warmth])
    light = light + 0.06 * blur(np.maximum(light - 1, 0), 12)
    y, x = np.mgrid[-1 : 1 : light.shape[0] * 1j, -1 : 1 : light.shape[1] * 1j]
    light = light * (1 - 0.16 * (x * x + y * y) / 2)[..., None]
    curve = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    picture = np.clip(curve, 0, 1) ** (1 / 2.2)
    sharp = picture + 0.25 * (picture - blur(picture, 0.8))
    return (np.clip(sharp, 0, 1) * 255 + 0.5).astype(np.uint8)


def render(name, samples, width=WIDTH, height=HEIGHT):
    """uint8 picture."""
    rng, stock = np.random.default_rng([ord(c) for c in name]), Stock()
    scene, look = PICTURES[name](rng)
    shapes, tree, lights, ground, terrain, fog = prepared(scene)
    lens = (
        scene.camera.position.astype(float),
        np.ascontiguousarray(scene.camera.turn),
        scene.camera.tangent,
        look["aperture"],
        look["focus"],
    )
    sky_colours = (scene.horizon, scene.zenith, scene.below)
    light, guide = trace(
        width,
        height,
        samples,
        len(name),
        lens,
        shapes,
        tree,
        lights,
        ground,
        terrain,
        stock.patterns,
        stock.masks,
        sky_colours,
        fog,
    )
    return developed(smooth(light, guide), look["exposure"], look["warmth"])


def write(picture, file):
    """The picture, and beside it a small one for lists. As base64 it fits into an argument of a command, which Linux bounds."""
    for quality in range(87, 40, -3):
        Image.fromarray(picture).save(file, quality=quality)
        if file.stat().st_size <= MOST_BYTES:
            break
    small = file.parent / "thumbs" / file.name
    small.parent.mkdir(exist_ok=True)
    Image.fromarray(picture).resize((THUMB, THUMB * HEIGHT // WIDTH), Image.LANCZOS).save(small, quality=75)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--only", choices=PICTURES)
    parser.add_argument("--samples", type=int, default=16, help="rays of a pixel, a square number")
    parser.add_argument("--width", type=int, default=WIDTH)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in [arguments.only] if arguments.only else PICTURES:
        start = time.time()
        picture = render(name, arguments.samples, arguments.width, arguments.width * HEIGHT // WIDTH)
        write(picture, arguments.out / f"{name}.jpg")
        print(f"{name}: {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
