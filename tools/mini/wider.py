"""Kinds of scenes that photographs show and the others lack; here those outdoors: small and moving bodies seen from afar, winged
things, vehicles that fill the frame, gardens."""

import math

import numpy as np

import textures
from bodies import body, branching, creature, grown, limb, rosette
from loud import loudened
from near import aimed, before_cloth, corner, printed, tablescape
from scenes import around, lay_ground
from things import backdrop, bush, house, tree
from towers import landmark, lights_at_night
from world import (
    BARK,
    DARK,
    GRASS,
    LEAF,
    METAL,
    SAND,
    SNOW,
    STONE,
    WHITE,
    WOOD,
    camera,
    material,
    outdoors,
    pick,
    spread,
    turned,
)


def behind(rng, scene, z):
    """What stands at the end of a ground: boards, a crowd, a hedge, trees, a house, or nothing."""
    k = rng.random()
    if k < 0.3:
        tall = rng.uniform(0.4, 1.2)
        for x in np.arange(-z, z, rng.uniform(2, 8)):
            scene.box(
                (x, tall, z),
                (rng.uniform(1, 4), tall, 0.1),
                printed(rng, tall) if rng.random() < 0.7 else material(rng),
            )
    elif k < 0.5:
        for row in range(rng.integers(1, 5)):
            at = z + row * 0.9
            scene.box((0, 0.25 * row, at), (3 * z, 0.25 * row + 0.01, 0.45), material(rng, STONE))
            for x in np.arange(-0.5 * at, 0.5 * at, rng.uniform(0.7, 3)):
                seat, size = 0.5 * row + 0.6, rng.uniform(0.8, 1.1)
                scene.ball((x, seat + 0.5 * size, at), (0.24, 0.4, 0.2), material(rng))
                scene.ball(
                    (x + rng.normal() * 0.05, seat + 1.05 * size, at),
                    (0.11, 0.14, 0.12),
                    material(rng, (0.7, 0.5, 0.4)),
                )
    elif k < 0.65:
        scene.box((0, 1, z), (4 * z, rng.uniform(0.6, 3), 0.5), material(rng, LEAF, 3))
    elif k < 0.8:
        for _ in range(rng.integers(4, 14)):
            far = z * rng.uniform(1, 2.5)
            pick(rng, tree, grown)(rng, scene, rng.uniform(-0.7, 0.7) * far, far, rng.uniform(3, 9))
    elif k < 0.9:
        house(rng, scene, rng.normal() * z * 0.4, z + 6, (rng.uniform(4, 20), rng.uniform(2, 8), 6))
    backdrop(rng, scene, min(max(z * 1.5, 20), 80), 150)


def sport(rng):
    """People or animals in motion on open ground, through a long lens."""
    beasts = rng.random() < 0.35
    size = rng.uniform(0.3, 0.8) if beasts else rng.uniform(1.2, 1.95)
    tall = 2 * size if beasts else size
    share, view = spread(rng, 0.15, 1.1), spread(rng, 0.12, 0.9)
    away = max(tall / (share * 2 * math.tan(view / 2)), 1.2)
    eye = rng.uniform(0.2, 2) if rng.random() < 0.7 else min(rng.uniform(1, 8), away * 0.7)
    scene = outdoors(rng, aimed(rng, eye, tall * rng.uniform(0.3, 0.7), away, view))
    scene.defocus = 0.5
    ground = material(
        rng, pick(rng, GRASS, GRASS, LEAF, SAND, STONE, SNOW, (0.6, 0.35, 0.25)), spread(rng, 0.3, 8) * 4 / away
    )
    if rng.random() < 0.25:
        loudened(rng, ground, spread(rng, 0.5, 4) / tall)
    lay_ground(rng, scene, ground)
    for _ in range(rng.integers(0, 4)):
        line = (rng.normal() * away * 0.3, 0.002, away * rng.uniform(0.6, 2))
        scene.box(line, (0.06, 0.004, 60), material(rng, WHITE, amount=0.1), turned(rng.uniform(0, 6.3)))
    wide = 0.4 * math.tan(view / 2)
    for j in range(rng.integers(1, 7)):
        z = away if j == 0 else away * spread(rng, 0.8, 3)
        x = rng.normal() * wide * z
        if beasts:
            creature(rng, scene, x, z, size * rng.uniform(0.7, 1.2), y=max(rng.normal() * 0.1, 0))
        else:
            lift = abs(rng.normal()) * 0.25 * (rng.random() < 0.25)
            body(rng, scene, x, z, lift, tall, pose=pick(rng, "run", "run", "kick", "walk", "stand", "crouch", "reach"))
    if rng.random() < 0.6:
        z = away * rng.uniform(0.85, 1.1)
        scene.ball(
            (rng.normal() * wide * z, rng.uniform(0.11, 1.5), z), 0.12 if not beasts else 0.05, printed(rng, 0.2)
        )
    behind(rng, scene, away * spread(rng, 1.15, 5))
    return scene


def winged(rng):
    """A butterfly, a bird or a bloom close by: flat wings with loud patterns, on a stem, a leaf or a branch."""
    size, view = spread(rng, 0.04, 0.25), rng.uniform(0.35, 0.8)
    z = max(size / (math.tan(view / 2) * rng.uniform(0.4, 1.1)), 0.12)
    scene = around(rng, rng.uniform(0.3, 1.5), view, rng.normal(-0.15, 0.3), 0.2)
    scene.defocus = 0.8
    eye = scene.camera
    at = eye.position + eye.turn @ np.array([rng.normal() * 0.15 * size, rng.normal() * 0.15 * size, z])
    frame = eye.turn @ turned(rng.uniform(-1, 1), rng.normal() * 0.5, rng.uniform(-3, 3))
    wing, m = material(rng), material(rng, pick(rng, DARK, WOOD, None))
    loudened(rng, wing, spread(rng, 1, 5) / size)
    k = rng.random()
    if k < 0.5:
        lift = rng.uniform(-0.2, 1.3)
        for side in (-1, 1):
            for up in (0.35, -0.45):
                half = size * rng.uniform(0.35, 0.6) * np.array([1, 1, 1])
                turn = frame @ turned(-side * lift)
                place = at + turn @ (np.array([side * 0.5, up, 0]) * size)
                scene.board(place, half, wing, turn, mask=textures.mask_index(rng, textures.blob))
        limb(
            scene,
            at - frame @ np.array([0, 0.5, 0]) * size,
            at + frame @ np.array([0, 0.4, 0]) * size,
            0.05 * size,
            0.07 * size,
            m,
        )
    elif k < 0.75:
        turn = eye.turn @ turned(rng.uniform(-2, 2), rng.normal() * 0.3, rng.normal() * 0.2)
        scene.ball(at, np.array([0.35, 0.4, 0.65]) * size, wing, turn @ turned(0, rng.uniform(-0.9, 0.2)))
        head = at + turn @ (np.array([0, 0.45, 0.5]) * size)
        scene.ball(head, 0.27 * size, pick(rng, wing, material(rng)))
        limb(scene, head, head + turn @ (np.array([0, -0.03, 0.45]) * size), 0.08 * size, 0.02 * size, m)
        limb(scene, at, at + turn @ (np.array([0, -0.2, -1.2]) * size), 0.18 * size, 0.1 * size, wing)
        for side in (-1, 1):
            scene.ball(
                head + turn @ (np.array([side * 0.2, 0.06, 0.15]) * size), 0.06 * size, material(rng, DARK, amount=0)
            )
    else:
        count, petal = (
            rng.integers(5, 30),
            material(rng, pick(rng, (0.8, 0.2, 0.3), (0.9, 0.8, 0.2), WHITE, None), 3 / size),
        )
        for j in range(count):
            around_it, ring = 2.4 * j, size * (0.25 + 0.5 * j / count)
            place = at + frame @ np.array(
                [math.cos(around_it) * ring, math.sin(around_it) * ring, 0.15 * size * j / count]
            )
            scene.ball(place, np.array([0.3, 0.14, 0.05]) * size, petal, frame @ turned(0, 0, around_it) @ turned(0.5))
        scene.ball(at, 0.2 * size, m)
    stem = material(rng, pick(rng, LEAF, BARK))
    low = at + eye.turn @ np.array([rng.normal() * size, -2.5 * z, rng.uniform(0, 1) * z])
    limb(scene, at + eye.turn @ np.array([0, 0, 0.15 * size]), low, 0.05 * size, 0.08 * size, stem)
    for _ in range(rng.integers(0, 9)):
        far = z * spread(rng, 0.9, 4)
        r = far * rng.uniform(0.05, 0.3)
        place = eye.position + eye.turn @ np.array([rng.normal() * 0.5 * far, rng.normal(-0.3, 0.5) * far, far])
        m = material(rng, LEAF, spread(rng, 1, 5) / r)
        outline = pick(rng, textures.leaves, textures.blob, textures.plant)
        scene.board(
            place, (r, r, 1), m, eye.turn @ turned(*rng.normal(0, 0.6, 3)), mask=textures.mask_index(rng, outline)
        )
    return scene


def vehicle(rng):
    """A bus, a lorry, a car or a motorcycle that fills most of the frame."""
    scene = outdoors(rng, camera(rng, 1.0, 0.0, rng.uniform(0.55, 1.2)))
    lay_ground(rng, scene, material(rng, pick(rng, (0.35, 0.35, 0.36), GRASS, SAND, STONE)))
    cycle = rng.random() < 0.4
    long, tall, wide = (
        (1.0, 0.5, 0.2) if cycle else (rng.uniform(1.7, 5.5), rng.uniform(0.7, 1.7), rng.uniform(0.8, 1.25))
    )
    view = scene.camera.tangent
    z = long * rng.uniform(0.6, 1.3) / view + wide
    scene.camera = aimed(rng, rng.uniform(0.6, 2.2), tall, z, scene.camera.view)
    yaw = rng.uniform(0, 6.3) if rng.random() < 0.6 else math.pi / 2 + rng.normal() * 0.5
    frame, base = turned(yaw), np.array([rng.normal() * 0.15 * z * view, 0, z + (0 if cycle else 0.5 * long)])
    paint, dark, bright = material(rng, amount=0.15), material(rng, DARK, amount=0.2), material(rng, METAL)
    paint.gloss, bright.gloss = 0.7, 0.9
    if rng.random() < 0.4:
        loudened(rng, paint, spread(rng, 0.4, 2))

    def at(*p):
        return base + frame @ np.array(p)

    def wheel(x, front, r, thick):
        scene.tube(at(x, r, front), (r, thick, r), dark, frame @ turned(0, 0, math.pi / 2))
        scene.tube(at(x, r, front), (r * 0.55, thick * 1.15, r * 0.55), bright, frame @ turned(0, 0, math.pi / 2))

    if cycle:
        for front in (-0.72, 0.72):
            wheel(0, front, 0.32, 0.07)
        scene.ball(at(0, 0.85, 0.12), (0.16, 0.16, 0.32), paint, frame)
        scene.box(at(0, 0.8, -0.38), (0.14, 0.07, 0.36), dark, frame @ turned(0, 0.1))
        for _ in range(rng.integers(4, 10)):
            scene.box(
                at(rng.normal() * 0.08, rng.uniform(0.3, 0.65), rng.normal() * 0.2),
                rng.uniform(0.05, 0.18, 3),
                pick(rng, bright, dark, paint),
                frame,
            )
        for side in (-1, 1):
            limb(scene, at(side * 0.1, 0.32, 0.74), at(side * 0.1, 1.0, 0.42), 0.03, 0.03, bright)
            limb(scene, at(side * 0.05, 1.05, 0.42), at(side * 0.42, 1.1, 0.25), 0.02, 0.02, dark)
            limb(scene, at(side * 0.14, 0.35, -0.1), at(side * 0.16, 0.38, -0.95), 0.05, 0.06, bright)
        scene.ball(at(0, 0.95, 0.6), (0.11, 0.11, 0.1), bright)
        if rng.random() < 0.3:
            body(rng, scene, base[0], base[2], 0.35, 1.75, yaw, "sit")
    else:
        scene.box(at(0, tall + 0.35, 0), (wide, tall, long), paint, frame)
        glass = material(rng, (0.12, 0.14, 0.16), amount=0.2)
        glass.gloss = 0.9
        for side in (-1, 1):
            for row in range(1 + (tall > 1.2)):
                for front in np.arange(-long + 0.5, long - 0.3, rng.uniform(0.8, 1.3)):
                    scene.box(
                        at(side * wide, 0.35 + tall * (1.35 - 0.75 * row), front),
                        (0.02, tall * 0.25, 0.36),
                        glass,
                        frame,
                    )
            for front in (-0.65, 0.65):
                wheel(side * wide * 0.9, front * long, rng.uniform(0.33, 0.5), 0.14)
            scene.ball(at(side * wide * 0.7, 0.7, long), 0.11, bright)
        for end in (-1, 1):
            scene.box(at(0, 0.35 + tall * 1.3, end * long), (wide * 0.9, tall * 0.35, 0.03), glass, frame)
            scene.box(at(0, 0.5, end * long), (wide, 0.12, 0.08), dark, frame)
    for _ in range(rng.integers(0, 6)):
        far = z * spread(rng, 0.7, 3)
        body(
            rng, scene, rng.normal() * 0.6 * far * view + pick(rng, -1, 1) * wide, far, pose=pick(rng, "stand", "walk")
        )
    behind(rng, scene, z + long + spread(rng, 1.5, 20))
    return scene


def garden(rng):
    """Beds, shrubs, trees that branch, a path, pots; sometimes behind stems close by."""
    scene = outdoors(rng, camera(rng, rng.uniform(0.4, 2.2), rng.normal(-0.12, 0.15), rng.uniform(0.5, 1.2)))
    lay_ground(rng, scene, material(rng, pick(rng, GRASS, LEAF, SAND, STONE)))
    scene.defocus = 0.3
    for _ in range(rng.integers(3, 14)):
        z = spread(rng, 1.0, 20)
        x, k = rng.normal() * 0.4 * z, rng.random()
        if k < 0.35:
            grown(rng, scene, x, z, rng.uniform(0.6, 5))
        elif k < 0.65:
            rosette(rng, scene, x, z, rng.uniform(0.2, 0.9))
        elif k < 0.8:
            bush(rng, scene, x, z, rng.uniform(0.2, 0.9))
        elif k < 0.9:
            creature(rng, scene, x, z, rng.uniform(0.1, 0.5))
        else:
            body(rng, scene, x, z)
    if rng.random() < 0.35:
        z = rng.uniform(0.4, 1.2)
        leaf = material(rng, LEAF, 4)
        branching(
            rng,
            scene,
            np.array([rng.normal() * 0.3, scene.camera.position[1] - z, z]),
            0.7 * z,
            0.02,
            2,
            material(rng, BARK),
            leaf,
        )
    behind(rng, scene, spread(rng, 6, 40))
    return scene


# Each with how often it is drawn.
KINDS = {
    "sport": (sport, 12), "tablescape": (tablescape, 12), "before_cloth": (before_cloth, 10), "night_lights": (lights_at_night, 4),
    "winged": (winged, 8), "vehicle": (vehicle, 8), "landmark": (landmark, 8), "garden": (garden, 8), "corner": (corner, 8),
}  # fmt: skip
