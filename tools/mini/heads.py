"""Faces of people and animals that fill a picture, and strongly patterned things before strongly patterned cloth."""

import math

import numpy as np

import textures
from scenes import around
from things import cutout, thing
from world import DARK, HAIRS, SAND, SKINS, WHITE, WOOD, camera, indoors, material, pick, spread, turned


def marked(rng, size, colour=None):
    """A surface whose pattern is loud and whose shape is not told by it."""
    m = material(rng, colour, spread(rng, 1, 8) / size, rng.uniform(0.5, 1))
    if rng.random() < 0.6:
        m.colours[1] = np.clip(m.colours[1] + (0.5 if m.colours[0].mean() < 0.45 else -0.5), 0.02, 1)
    m.relief = 0.0
    return m


def placed(scene, base, turn, size):
    """Adds shapes in the frame of a head: x to its left, y up, z to its front; lengths in half heads."""

    def add(method, at, half, m, tilt=None, taper=0.0):
        method(
            base + turn @ np.array(at) * size,
            np.array(half) * size,
            m,
            turn if tilt is None else turn @ tilt,
            taper=taper,
        )

    return add


def face(rng):
    """A person's head and shoulders, closer than a portrait."""
    size, z = rng.uniform(0.11, 0.14), spread(rng, 0.22, 0.7)
    scene = around(rng, rng.uniform(1.2, 1.7), rng.uniform(0.5, 1.0), rng.normal(0, 0.1), 0.1)
    scene.defocus = 0.7
    eye = scene.camera
    base = eye.position + eye.turn @ np.array([rng.normal() * 0.15 * z, rng.normal(0, 0.08) * z, z])
    turn = eye.turn @ turned(math.pi + rng.normal() * 0.5, rng.normal() * 0.2, rng.normal() * 0.15)
    add = placed(scene, base, turn, size)
    skin, hair = material(rng, pick(rng, *SKINS), 6, 0.2), material(rng, pick(rng, *HAIRS), 20)
    dark, white, lip = (
        material(rng, DARK, amount=0.1),
        material(rng, WHITE, amount=0.1),
        material(rng, (0.6, 0.25, 0.22), amount=0.2),
    )
    add(scene.ball, (0, 0, 0), (0.72, 1, 0.82), skin)
    add(scene.ball, (0, -0.35, 0.28), (0.5, 0.55, 0.5), skin)
    add(scene.ball, (0, -0.08, 0.85), (0.14, 0.25, 0.2), skin)
    add(scene.ball, (0, -0.5, 0.72), (0.26, 0.07, 0.1), lip)
    for side in (-1, 1):
        add(scene.ball, (side * 0.28, 0.12, 0.7), (0.14, 0.08, 0.1), white)
        add(scene.ball, (side * 0.28, 0.12, 0.77), (0.06, 0.06, 0.05), dark)
        add(scene.ball, (side * 0.28, 0.3, 0.74), (0.18, 0.04, 0.08), hair)
        add(scene.ball, (side * 0.72, 0, -0.05), (0.08, 0.24, 0.14), skin)
    if rng.random() < 0.85:
        add(scene.ball, (0, 0.3, -0.15), (0.82, 0.85 * rng.uniform(0.9, 1.15), 0.85), hair)
        if rng.random() < 0.5:
            add(scene.ball, (0, -0.3, -0.35), (0.85, rng.uniform(0.8, 1.7), 0.55), hair)
    if rng.random() < 0.2:
        add(scene.tube, (0, 0.75, 0), (1.2, 0.04, 1.2), marked(rng, size))
        add(scene.tube, (0, 0.95, 0), (0.8, 0.25, 0.8), marked(rng, size))
    if rng.random() < 0.2:
        for side in (-1, 1):
            add(scene.tube, (side * 0.3, 0.12, 0.9), (0.24, 0.02, 0.22), dark, turned(0, math.pi / 2))
    cloth = marked(rng, size)
    add(scene.tube, (0, -1.15, -0.1), (0.38, 0.4, 0.38), skin)
    add(scene.ball, (0, -2.2, -0.15), (1.9, 0.95, 0.8), cloth)
    add(scene.box, (0, -3.6, -0.15), (1.6, 1.4, 0.65), cloth)
    if rng.random() < 0.3:
        add(
            pick(rng, scene.ball, scene.box),
            (rng.normal() * 1.2, -1.6, rng.uniform(0.8, 1.4)),
            rng.uniform(0.3, 1.0, 3),
            marked(rng, size),
        )
    return scene


def muzzle(rng):
    """An animal's head near the camera: stripes, spots and eyes on one round body."""
    size, z = rng.uniform(0.06, 0.2), spread(rng, 1.6, 5)
    scene = around(rng, rng.uniform(0.3, 1.2), rng.uniform(0.5, 1.0), rng.normal(-0.15, 0.15), 0.15)
    scene.defocus = 0.8
    eye = scene.camera
    base = eye.position + eye.turn @ np.array([rng.normal() * 0.3, rng.normal() * 0.2, z]) * size
    turn = eye.turn @ turned(math.pi + rng.normal() * 0.5, rng.normal() * 0.25, rng.normal() * 0.15)
    add = placed(scene, base, turn, size)
    fur = marked(rng, size, pick(rng, WOOD, SAND, (0.3, 0.28, 0.25), DARK, WHITE, None))
    light = material(rng, WHITE, 3 / size, 0.3)
    iris, dark = (
        material(rng, pick(rng, (0.6, 0.6, 0.15), (0.3, 0.5, 0.2), (0.35, 0.2, 0.1)), amount=0.2),
        material(rng, DARK, amount=0.1),
    )
    long = rng.uniform(0.1, 0.9)
    add(scene.ball, (0, 0, 0), (1, 0.9, 0.95), fur)
    add(scene.ball, (0, -0.3, 0.7), (0.5, 0.42, 0.4 + long), pick(rng, fur, light))
    add(
        scene.ball,
        (0, -0.18, 1.05 + long),
        (0.16, 0.12, 0.1),
        pick(rng, dark, material(rng, (0.7, 0.4, 0.35), amount=0.2)),
    )
    add(scene.ball, (0, -0.75, 0.5), (0.4, 0.2, 0.4), light)
    for side in (-1, 1):
        add(scene.ball, (side * 0.42, 0.18, 0.78), (0.2, 0.17, 0.14), iris)
        add(scene.ball, (side * 0.42, 0.18, 0.88), (0.07, 0.12, 0.06), dark)
        if rng.random() < 0.7:
            add(scene.tube, (side * 0.65, 0.85, 0.05), (0.33, 0.42, 0.14), fur, turned(0, 0, -side * 0.3), 0.85)
        else:
            add(scene.ball, (side * 0.95, 0.1, 0), (0.2, 0.5, 0.3), fur)
    add(scene.ball, (rng.normal() * 0.3, -1.4, -1.0), (1.3, 1.3, 1.7), fur)
    return scene


def patterned(rng):
    """Loud patterns on things and on what hangs behind them: pattern tells nothing of depth."""
    away = rng.uniform(0.4, 1.4)
    scene = indoors(
        rng, camera(rng, rng.uniform(0.05, 0.6), rng.normal(-0.15, 0.15), rng.uniform(0.5, 1.0), roll=0.1, z=-away)
    )
    scene.defocus = 0.3
    back = rng.uniform(0.1, 1.5)
    scene.floor(0, marked(rng, rng.uniform(0.1, 0.6)), turned(rng.uniform(0, 6.3)))
    scene.box((0, 2, back + 0.1), (5, 4, 0.1), marked(rng, rng.uniform(0.1, 0.8)), turned(rng.normal() * 0.3))
    scene.lamp(rng, (rng.uniform(-1.5, 1.5), rng.uniform(0.6, 2), rng.uniform(-1.5, 0)), 1.5)
    for _ in range(rng.integers(2, 9)):
        x, z, size = rng.normal() * 0.25, rng.uniform(-0.3, back - 0.05), spread(rng, 0.08, 0.3)
        if rng.random() < 0.35:
            outline = pick(rng, textures.plant, textures.leaves, textures.blob, textures.animal)
            cutout(rng, scene, x, 0, z, 2 * size, outline, marked(rng, size))
        else:
            thing(rng, scene, x, 0, z, size, marked(rng, size))
    return scene


KINDS = {"face": (face, 12), "muzzle": (muzzle, 12), "patterned": (patterned, 8)}
