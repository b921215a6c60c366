"""Things that stand in scenes. Each takes the generator, the scene and where the thing stands."""

import math

import numpy as np

import textures
from textures import mask_index
from world import (
    BARK,
    DARK,
    GRASS,
    HAIRS,
    LEAF,
    METAL,
    SAND,
    SKINS,
    SNOW,
    STONE,
    WHITE,
    WOOD,
    material,
    pick,
    spread,
    turned,
)


def thing(rng, scene, x, y, z, size, m=None):
    """A simple solid of about twice `size` high."""
    m = m or material(rng)
    k, yaw = rng.random(), rng.uniform(0, 6.3)
    if k < 0.28:
        tall = size * rng.uniform(0.3, 1.3)
        scene.box((x, y + tall, z), (size * rng.uniform(0.3, 1.2), tall, size * rng.uniform(0.3, 1.2)), m, turned(yaw))
    elif k < 0.42:
        r = size * rng.uniform(0.4, 1)
        scene.ball((x, y + r, z), r, m)
    elif k < 0.55:
        half = size * rng.uniform(0.3, 1.1, 3)
        scene.ball((x, y + half[1], z), half, m, turned(yaw))
    elif k < 0.68:
        r, tall = size * rng.uniform(0.2, 0.8), size * rng.uniform(0.3, 1.3)
        scene.tube((x, y + tall, z), (r, tall, r), m, turned(yaw), taper=pick(rng, 0, rng.uniform(-0.3, 0.95)))
    elif k < 0.77:
        bottle(rng, scene, x, y, z, size, m)
    elif k < 0.85:
        half = size * rng.uniform(0.2, 0.9, 3)
        scene.box((x, y + size * 0.7, z), half, m, turned(yaw, rng.uniform(-1, 1), rng.uniform(-1, 1)))
    elif k < 0.92:
        cup(rng, scene, x, y, z, size * 0.7, m)
    else:
        cutout(rng, scene, x, y, z, 2 * size, pick(rng, textures.blob, textures.plant, textures.leaves), m)


def cutout(rng, scene, x, y, z, tall, outline, m=None, wide=1.0):
    """A flat silhouette that faces the camera, more or less."""
    eye = scene.camera.position
    yaw = math.atan2(x - eye[0], z - eye[2]) + rng.normal() * 0.3
    half = (tall / 2 * wide * rng.uniform(0.7, 1.2), tall / 2, 1.0)
    scene.board(
        (x, y + tall / 2, z),
        half,
        m or material(rng, scale=spread(rng, 1, 6) / tall),
        turned(yaw),
        mask=mask_index(rng, outline),
    )


def bottle(rng, scene, x, y, z, size, m):
    r, tall = size * rng.uniform(0.2, 0.5), size * rng.uniform(0.5, 1)
    scene.tube((x, y + tall, z), (r, tall, r), m)
    scene.tube((x, y + 2 * tall + r * 0.6, z), (r, r * 0.6, r), m, taper=0.6)
    scene.tube((x, y + 2 * tall + r * 1.6, z), (r * 0.4, r * 0.8, r * 0.4), m, taper=0.0)


def cup(rng, scene, x, y, z, r, m=None):
    """Seen from above it shows what is in it."""
    m = m or material(rng, WHITE, amount=0.05)
    scene.tube((x, y + r * 0.06, z), (r, r * 0.06, r), m, taper=-0.3)
    scene.tube((x, y + r * 0.5, z), (r * 0.5, r * 0.42, r * 0.5), m, taper=-0.3)
    scene.tube((x, y + r * 0.93, z), (r * 0.58, r * 0.02, r * 0.58), material(rng, (0.25, 0.14, 0.06), amount=0.2))


def table(rng, scene, x, z, yaw):
    m, turn = material(rng, pick(rng, WOOD, WHITE, None)), turned(yaw)
    a, b, tall = rng.uniform(0.4, 0.9), rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.8)
    scene.box((x, tall, z), (a, 0.025, b), m, turn)
    for sx in (-1, 1):
        for sz in (-1, 1):
            scene.box(
                np.array([x, tall / 2, z]) + turn @ np.array([sx * a * 0.9, 0, sz * b * 0.9]),
                (0.03, tall / 2, 0.03),
                m,
                turn,
            )
    for _ in range(rng.integers(0, 5)):
        thing(
            rng,
            scene,
            x + rng.uniform(-0.6, 0.6) * a,
            tall + 0.02,
            z + rng.uniform(-0.6, 0.6) * b,
            rng.uniform(0.04, 0.18),
        )


def sofa(rng, scene, x, z, yaw):
    m, a, turn = material(rng), rng.uniform(0.25, 1), turned(yaw)
    place = np.array([x, 0, z])
    scene.box(place + [0, 0.22, 0], (a, 0.22, 0.4), m, turn)
    scene.box(place + [0, 0.5, 0] + turn @ np.array([0, 0, 0.35]), (a, 0.45, 0.08), m, turn)
    for side in (-1, 1):
        scene.box(place + [0, 0.35, 0] + turn @ np.array([side * a, 0, 0]), (0.07, 0.35, 0.4), m, turn)
    for _ in range(rng.integers(0, 3)):
        scene.box(
            place + [0, 0.55, 0] + turn @ np.array([rng.uniform(-0.7, 0.7) * a, 0, 0.2]),
            (0.18, 0.17, 0.06),
            material(rng),
            turn @ turned(0, 0.3),
        )


def chair(rng, scene, x, z, yaw):
    m, turn = material(rng, pick(rng, WOOD, None, METAL)), turned(yaw)
    place, a = np.array([x, 0, z]), 0.21
    scene.box(place + [0, 0.45, 0], (a, 0.02, a), m, turn)
    scene.box(place + [0, 0.75, 0] + turn @ np.array([0, 0, a]), (a, rng.uniform(0.1, 0.28), 0.02), m, turn)
    for sx in (-1, 1):
        for sz in (-1, 1):
            scene.tube(place + [0, 0.22, 0] + turn @ np.array([sx * a * 0.9, 0, sz * a * 0.9]), (0.02, 0.23, 0.02), m)


def cupboard(rng, scene, x, z, yaw, tall):
    half = (rng.uniform(0.2, 0.8), rng.uniform(0.3, 1.1) * tall, rng.uniform(0.2, 0.5))
    scene.box((x, half[1], z), half, material(rng, pick(rng, WOOD, WHITE, None)), turned(yaw))
    for _ in range(rng.integers(0, 4)):
        thing(rng, scene, x + rng.uniform(-0.7, 0.7) * half[0], 2 * half[1], z, rng.uniform(0.05, 0.2))


def tree(rng, scene, x, z, tall, y=0.0):
    trunk, stem = tall * rng.uniform(0.015, 0.04), tall * rng.uniform(0.2, 0.5)
    bark = material(rng, BARK, 3)
    leaf = pick(rng, LEAF, LEAF, LEAF, (0.5, 0.35, 0.1), (0.15, 0.25, 0.15), (0.7, 0.5, 0.6))
    k = rng.random()
    if k < 0.12:
        cutout(rng, scene, x, y, z, tall, textures.bare_tree, bark)
        return
    scene.tube(
        (x, y + stem, z), (trunk, stem, trunk), bark, turned(0, rng.normal() * 0.05, rng.normal() * 0.05), taper=0.5
    )
    if k < 0.35:
        for j in range(rng.integers(1, 4)):
            m = material(rng, leaf, rng.uniform(1, 5))
            m.hole = rng.uniform(0.15, 0.45) * (rng.random() < 0.7)
            r = tall * (0.24 - 0.06 * j)
            scene.tube((x, y + tall * (0.35 + 0.2 * j), z), (r, tall * 0.22, r), m, taper=0.97)
        return
    for _ in range(rng.integers(2, 7)):
        m = material(rng, leaf, rng.uniform(1, 6))
        m.hole = rng.uniform(0.2, 0.5) * (rng.random() < 0.8)
        r = tall * rng.uniform(0.12, 0.3)
        place = (
            x + rng.normal() * tall * 0.12,
            y + 2 * stem + rng.uniform(-0.1, 0.25) * tall,
            z + rng.normal() * tall * 0.12,
        )
        if rng.random() < 0.3:
            cutout(rng, scene, place[0], place[1] - r, place[2], 2.4 * r, textures.leaves, m)
        else:
            scene.ball(place, (r, r * rng.uniform(0.6, 1.1), r), m)


def bush(rng, scene, x, z, size, y=0.0):
    for _ in range(rng.integers(1, 5)):
        m = material(rng, pick(rng, LEAF, GRASS, (0.35, 0.3, 0.12)), spread(rng, 1, 6))
        m.hole = rng.uniform(0, 0.45)
        r = size * rng.uniform(0.5, 1)
        place = (x + rng.normal() * size * 0.6, y + r * 0.6, z + rng.normal() * size * 0.6)
        if rng.random() < 0.4:
            cutout(rng, scene, place[0], y, place[2], 2 * r, pick(rng, textures.plant, textures.leaves), m)
        else:
            scene.ball(place, (r, r * rng.uniform(0.6, 1), r), m)


def person(rng, scene, x, z, y=0.0, tall=None, yaw=None):
    """Head, trunk, arms and legs in a random stance; sometimes with a hat, a bag or something held."""
    tall, yaw = tall or rng.uniform(1.4, 1.95), rng.uniform(0, 6.3) if yaw is None else yaw
    turn, place = turned(yaw), np.array([x, y, z])
    skin, hair = material(rng, pick(rng, *SKINS), 3, 0.3), material(rng, pick(rng, *HAIRS), 8)
    top, legs = material(rng, scale=spread(rng, 1, 8)), material(rng, scale=spread(rng, 1, 8))
    sleeves = top if rng.random() < 0.7 else skin

    def part(add, at, half, m, pitch=0.0, roll=0.0, taper=0.0):
        add(place + turn @ np.array(at) * tall, np.array(half) * tall, m, turned(yaw, pitch, roll), taper=taper)

    wide = rng.uniform(0.8, 1.35)
    part(scene.ball, (0, 0.93, 0), (0.045, 0.065, 0.055), skin)
    part(scene.ball, (0, 0.955, -0.012), (0.052, 0.055 * rng.uniform(0.9, 1.2), 0.056), hair)
    if rng.random() < 0.25:
        part(scene.ball, (0, 0.88, -0.035), (0.06, 0.1, 0.04), hair)
    if rng.random() < 0.2:
        part(scene.tube, (0, 0.985, 0), (0.08, 0.008, 0.08), material(rng))
        part(scene.tube, (0, 1.01, 0), (0.05, 0.03, 0.05), material(rng))
    part(scene.tube, (0, 0.855, 0), (0.03, 0.04, 0.03), skin)
    part(scene.ball if rng.random() < 0.6 else scene.box, (0, 0.68, 0), (0.115 * wide, 0.17, 0.07 * wide), top)
    part(scene.ball, (0, 0.79, 0), (0.135 * wide, 0.05, 0.06), top)
    if rng.random() < 0.25:
        part(scene.tube, (0, 0.42, 0), (0.15, 0.17, 0.15), legs, taper=0.4)
    for side in (-1, 1):
        swing = rng.uniform(-0.5, 0.5)
        part(scene.tube, (side * 0.045, 0.25, math.sin(swing) * 0.1), (0.045, 0.26, 0.045), legs, swing * 0.7, 0, -0.35)
        part(scene.box, (side * 0.045, 0.015, math.sin(swing) * 0.2 + 0.03), (0.03, 0.018, 0.07), material(rng, DARK))
        swing, out = rng.uniform(-0.8, 0.8), rng.uniform(0.05, 0.5)
        part(
            scene.tube,
            (side * (0.14 + 0.12 * out), 0.66, math.sin(swing) * 0.12),
            (0.032, 0.15, 0.032),
            sleeves,
            swing,
            side * out,
        )
        hand = (side * (0.14 + 0.25 * out), 0.5, math.sin(swing) * 0.25 + 0.03)
        part(scene.ball, hand, (0.025, 0.035, 0.025), skin)
        if rng.random() < 0.15:
            at = place + turn @ np.array(hand) * tall
            thing(rng, scene, at[0], at[1] - 0.1, at[2], rng.uniform(0.06, 0.2))
    if rng.random() < 0.15:
        part(scene.box, (0, 0.7, -0.1), (0.09, 0.12, 0.05), material(rng))


def beast(rng, scene, x, z, size, y=0.0, yaw=None):
    """Four legs, a trunk, a head with ears, a tail. `size` is half its length."""
    m = material(rng, pick(rng, WOOD, SAND, (0.3, 0.28, 0.25), DARK, WHITE), spread(rng, 1, 4) / size)
    yaw = rng.uniform(0, 6.3) if yaw is None else yaw
    turn, place = turned(yaw), np.array([x, y, z])
    leg = size * rng.uniform(0.35, 1.2)

    def at(px, py, pz):
        return place + [0, leg, 0] + turn @ np.array([px, py, pz]) * size

    scene.ball(at(0, 0.25, 0), np.array([0.36, 0.42, 0.95]) * size, m, turn)
    neck = rng.uniform(0.3, 0.9)
    scene.ball(at(0, 0.4 + neck / 2, 0.85), np.array([0.18, 0.4, 0.22]) * size, m, turned(yaw, -0.5))
    scene.ball(at(0, 0.45 + neck, 1.1), np.array([0.23, 0.24, 0.32]) * size, m, turn)
    scene.ball(at(0, 0.38 + neck, 1.38), np.array([0.12, 0.11, 0.2]) * size, material(rng, SKINS[1], amount=0.2), turn)
    for side in (-1, 1):
        scene.tube(at(side * 0.15, 0.72 + neck, 1.02), np.array([0.08, 0.15, 0.04]) * size, m, turn, taper=0.9)
        for front in (-0.6, 0.6):
            scene.tube(
                place + [0, leg / 2, 0] + turn @ np.array([side * 0.2, 0, front]) * size,
                (0.09 * size, leg * 0.6, 0.09 * size),
                m,
                turned(yaw, rng.normal() * 0.15),
            )
    scene.tube(
        at(0, 0.4, -1.15), np.array([0.06, 0.45, 0.06]) * size, m, turned(yaw, rng.uniform(-1.2, 0.8)), taper=0.6
    )


def car(rng, scene, x, z, yaw=0.0):
    m, turn, place = material(rng, amount=0.1), turned(yaw), np.array([x, 0, z])
    m.gloss = 0.7
    glass = material(rng, (0.1, 0.11, 0.13), amount=0.2)
    glass.gloss = 0.9
    long, high = rng.uniform(1.6, 2.4), rng.uniform(0.3, 0.45)
    scene.box(place + [0, 0.35 + high, 0], (0.85, high, long), m, turn)
    top = rng.uniform(0.5, 0.85) * long
    scene.box(
        place + [0, 0.35 + 2 * high + 0.25, 0] + turn @ np.array([0, 0, rng.uniform(-0.2, 0.2)]),
        (0.74, 0.26, top),
        glass,
        turn,
    )
    scene.box(place + [0, 0.35 + 2 * high + 0.52, 0], (0.72, 0.03, top * 0.9), m, turn)
    for side in (-1, 1):
        for front in (-0.62, 0.62):
            scene.tube(
                place + [0, 0.33, 0] + turn @ np.array([side * 0.78, 0, front * long]),
                (0.33, 0.12, 0.33),
                material(rng, DARK),
                turn @ turned(0, 0, math.pi / 2),
            )


def bicycle(rng, scene, x, z):
    """Two wheels and a frame, side on or aslant."""
    yaw, m = rng.uniform(0, 6.3), material(rng)
    turn, place = turned(yaw), np.array([x, 0, z])
    for front in (-0.5, 0.5):
        scene.tube(
            place + [0, 0.34, 0] + turn @ np.array([0, 0, front]),
            (0.34, 0.03, 0.34),
            material(rng, DARK),
            turn @ turned(0, 0, math.pi / 2),
        )
    for at, half, pitch in (
        ((0, 0.55, 0), (0.02, 0.45, 0.02), 1.57),
        ((0, 0.45, -0.15), (0.02, 0.35, 0.02), -0.4),
        ((0, 0.6, 0.45), (0.02, 0.4, 0.02), 0.3),
    ):
        scene.tube(place + turn @ np.array(at), half, m, turned(yaw, pitch))
    scene.box(place + [0, 0.85, 0] + turn @ np.array([0, 0, -0.25]), (0.07, 0.03, 0.13), material(rng, DARK), turn)


def house(rng, scene, x, z, half, yaw=0.0):
    """Walls with rows of windows, a roof and sometimes a chimney."""
    w, tall, d = half
    turn = turned(yaw)
    scene.box((x, tall, z), half, material(rng, scale=rng.uniform(0.15, 0.8)), turn)
    if rng.random() < 0.5:
        scene.box((x, 2 * tall, z), (w * 1.06, rng.uniform(0.1, 0.4), d * 1.03), material(rng), turn)
    elif rng.random() < 0.6:
        side = w / math.sqrt(2)
        scene.box(
            (x, 2 * tall, z),
            (side, side, d * 1.02),
            material(rng, pick(rng, (0.5, 0.25, 0.18), STONE, DARK)),
            turn @ turned(0, 0, math.pi / 4),
        )
    if rng.random() < 0.55:
        pane = material(rng, pick(rng, (0.15, 0.18, 0.22), (0.5, 0.6, 0.7)), amount=0.3)
        pane.gloss, pane.glow = 0.8, 0.8 * (rng.random() < 0.1)
        across, up = rng.uniform(1.5, 3), rng.uniform(2.5, 3.5)
        for level in np.arange(1.6, 2 * tall - 0.6, up)[:5]:
            for place in np.arange(-d + 1, d - 0.5, across)[:8]:
                for side in (-1, 1):
                    at = np.array([x, level, z]) + turn @ np.array([side * w, 0, place])
                    scene.box(at, (0.06, 0.7, 0.45), pane, turn)


def boat(rng, scene, x, z, size):
    m = material(rng, pick(rng, WHITE, WOOD, None))
    yaw = rng.uniform(0, 6.3)
    scene.ball((x, 0.1 * size, z), np.array([0.35, 0.3, 1]) * size, m, turned(yaw))
    scene.box((x, 0.45 * size, z), np.array([0.2, 0.2, 0.35]) * size, material(rng, WHITE), turned(yaw))
    if rng.random() < 0.5:
        scene.tube((x, 1.5 * size, z), (0.03 * size, 1.3 * size, 0.03 * size), material(rng, METAL))


def backdrop(rng, scene, near=40.0, far=200.0):
    """Hills, far houses or a line of trees."""
    k = rng.random()
    if k < 0.35:
        for _ in range(rng.integers(3, 9)):
            z = rng.uniform(near, far)
            wide = rng.uniform(0.1, 0.6) * z
            colour = pick(rng, LEAF, STONE, (0.35, 0.4, 0.5), SNOW)
            scene.ball(
                (rng.uniform(-0.9, 0.9) * z, -rng.uniform(0, 0.3) * wide, z + wide),
                (wide, wide * rng.uniform(0.3, 0.8), wide),
                material(rng, colour, 0.1),
            )
    elif k < 0.65:
        for _ in range(rng.integers(4, 12)):
            z = rng.uniform(near, far * 0.6)
            house(
                rng,
                scene,
                rng.uniform(-0.8, 0.8) * z,
                z,
                (rng.uniform(3, 12), rng.uniform(3, 12), 5),
                rng.uniform(0, 6),
            )
    elif k < 0.9:
        for _ in range(rng.integers(4, 16)):
            z, r = rng.uniform(near * 0.6, far * 0.5), rng.uniform(3, 8)
            m = material(rng, LEAF, 0.5)
            m.hole = 0.25
            scene.ball((rng.uniform(-0.8, 0.8) * z, r * 0.6, z), (r * 1.3, r, r), m)


def on_ground(rng, scene, x, z):
    """Anything that people meet outdoors."""
    k = rng.random()
    if k < 0.3:
        person(rng, scene, x, z)
    elif k < 0.45:
        tree(rng, scene, x, z, rng.uniform(2.5, 8))
    elif k < 0.6:
        bush(rng, scene, x, z, rng.uniform(0.3, 1.2))
    elif k < 0.7:
        beast(rng, scene, x, z, rng.uniform(0.2, 0.9))
    elif k < 0.78:
        cutout(rng, scene, x, 0, z, rng.uniform(1, 2.2), pick(rng, textures.figure, textures.animal))
    elif k < 0.84:
        bicycle(rng, scene, x, z)
    else:
        thing(rng, scene, x, 0, z, rng.uniform(0.15, 0.7))
