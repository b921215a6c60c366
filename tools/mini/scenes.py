"""Kinds of scenes. The network is trained on TRAINED and measured on HELD, which share things but no layout."""

import math

import numpy as np

import textures
from textures import noise
from things import (
    backdrop, beast, bicycle, boat, bush, car, chair, cup, cupboard, cutout, house, on_ground, person, sofa, table, thing, tree,
)  # fmt: skip
from world import (
    DARK, GRASS, LEAF, METAL, SAND, SNOW, STONE, WATER, WHITE, WOOD, camera, indoors, material, outdoors, pick, spread, turned,
)  # fmt: skip


def lay_ground(rng, scene, m=None, y=0.0):
    m = m or material(rng, pick(rng, GRASS, STONE, SAND, WOOD, (0.3, 0.3, 0.3), SNOW))
    scene.floor(y, m, turned(rng.uniform(0, 6.3)))


def walls(rng, scene, w, h, l, floor=None):
    """A closed room from -w to w and -l to l, 2h high, with its floor, ceiling, lamps and things on the walls."""
    scene.room((0, h, 0), (w, h, l), material(rng, amount=rng.random() * 0.6))
    scene.floor(0.002, floor or material(rng, pick(rng, WOOD, STONE, (0.6, 0.55, 0.5), None)))
    if rng.random() < 0.7:
        scene.floor(2 * h - 0.002, material(rng, WHITE, amount=0.1))
    for _ in range(rng.integers(1, 3)):
        at = (rng.uniform(-0.8, 0.8) * w, 2 * h * rng.uniform(0.7, 0.97), rng.uniform(-0.8, 0.9) * l)
        scene.lamp(rng, at, 2.0 if w < 5 else 6.0)
    for _ in range(rng.integers(1, 8)):
        m, tall = material(rng), rng.uniform(0.2, 0.8) * min(h, 1.4)
        m.glow = rng.uniform(0.3, 1) * (rng.random() < 0.35)
        up = rng.uniform(tall, max(2 * h - tall, tall + 0.01))
        if rng.random() < 0.5:
            scene.box((pick(rng, -1, 1) * w, up, rng.uniform(-0.6, 0.9) * l), (0.03, tall, rng.uniform(0.2, 1)), m)
        else:
            scene.box((rng.uniform(-0.8, 0.8) * w, up, l), (rng.uniform(0.2, 1), tall, 0.03), m)


def furnish(rng, scene, w, h, l, count):
    eye = scene.camera.position
    for _ in range(count):
        x, z = rng.uniform(-0.9, 0.9) * w, rng.uniform(-0.4, 0.9) * l
        if math.hypot(x - eye[0], z - eye[2]) < 0.9:
            continue
        k, yaw = rng.random(), pick(rng, 0, 0, rng.uniform(0, 6))
        if k < 0.2:
            table(rng, scene, x, z, yaw)
        elif k < 0.36:
            sofa(rng, scene, x, z, yaw)
        elif k < 0.5:
            chair(rng, scene, x, z, rng.uniform(0, 6))
        elif k < 0.64:
            cupboard(rng, scene, x, z, yaw, min(h, 1.2))
        elif k < 0.78:
            person(rng, scene, x, z)
        elif k < 0.83 and w > 5:
            scene.tube((x, h, z), (0.35, h, 0.35), material(rng))
        elif k < 0.88:
            cutout(rng, scene, x, 0, z, rng.uniform(0.6, 1.6), textures.plant, material(rng, LEAF))
        else:
            thing(rng, scene, x, 0, z, rng.uniform(0.15, 0.5))


def room(rng):
    w, h, l = rng.uniform(1.5, 4), rng.uniform(1.1, 1.8), rng.uniform(1.8, 5)
    eye = rng.uniform(0.5, min(2 * h - 0.3, 2.4))
    x, z = rng.uniform(-0.7, 0.7) * w, rng.uniform(-0.95, 0.1) * l
    yaw = rng.normal() * 0.6 + math.atan2(-x, l)
    scene = indoors(rng, camera(rng, eye, rng.normal(-0.12, 0.22), rng.uniform(0.65, 1.5), yaw=yaw, x=x, z=z))
    walls(rng, scene, w, h, l)
    furnish(rng, scene, w, h, l, rng.integers(2, 10))
    return scene


def hall(rng):
    w, h, l = rng.uniform(5, 14), rng.uniform(2, 6), rng.uniform(8, 25)
    x, z = rng.uniform(-0.7, 0.7) * w, rng.uniform(-0.95, 0.1) * l
    yaw = rng.normal() * 0.6 + math.atan2(-x, l)
    scene = indoors(
        rng, camera(rng, rng.uniform(0.8, 2.2), rng.normal(-0.05, 0.15), rng.uniform(0.65, 1.5), yaw=yaw, x=x, z=z)
    )
    walls(rng, scene, w, h, l)
    furnish(rng, scene, w, h, l, rng.integers(5, 18))
    return scene


def corridor(rng):
    w, h, l = rng.uniform(0.7, 2), rng.uniform(1.1, 1.6), rng.uniform(6, 25)
    x, z = rng.uniform(-0.6, 0.6) * w, -l * rng.uniform(0.6, 0.98)
    scene = indoors(
        rng,
        camera(
            rng,
            rng.uniform(0.8, 1.9),
            rng.normal(-0.05, 0.12),
            rng.uniform(0.7, 1.4),
            yaw=rng.normal() * 0.15,
            x=x,
            z=z,
        ),
    )
    walls(rng, scene, w, h, l)
    for at in np.arange(-l, l, rng.uniform(3, 6))[:5]:
        scene.lamp(rng, (0, 2 * h - 0.1, at), 2.0)
        m = material(rng, (1, 1, 0.95))
        m.glow = 1.0
        scene.box((0, 2 * h, at), (0.15, 0.03, 0.5), m)
    for at in np.arange(-l, l, rng.uniform(1.5, 4)):
        scene.box((pick(rng, -1, 1) * w, 1.02, at), (rng.uniform(0.02, 0.15), 1.02, 0.45), material(rng))
    for _ in range(rng.integers(0, 5)):
        at = rng.uniform(-0.5, 0.9) * l
        if rng.random() < 0.5:
            person(rng, scene, rng.uniform(-0.6, 0.6) * w, at)
        else:
            thing(rng, scene, rng.uniform(-0.8, 0.8) * w, 0, at, rng.uniform(0.15, 0.45))
    return scene


def street(rng):
    eye = rng.uniform(0.8, 2.2) if rng.random() < 0.8 else rng.uniform(3, 14)
    pitch = rng.normal(-0.03, 0.12) - 0.03 * max(eye - 2, 0)
    scene = outdoors(rng, camera(rng, eye, pitch, rng.uniform(0.6, 1.4), yaw=rng.normal() * 0.35))
    lay_ground(rng, scene, material(rng, (0.35, 0.35, 0.36)))
    w = rng.uniform(3, 12)
    for side in (-1, 1):
        if rng.random() < 0.8:
            scene.box((side * (w + 50), -0.85, 100), (50 - 0.001, 1.0, 200), material(rng, STONE))
        z = rng.uniform(-8, 4)
        while z < 110 and rng.random() < 0.97:
            d, tall = rng.uniform(3, 10), rng.uniform(2, 10) if rng.random() < 0.8 else rng.uniform(8, 25)
            house(rng, scene, side * (w + rng.uniform(2, 5) + 6), z + d, (6, tall, d * 0.98))
            z += 2 * d + (rng.uniform(1, 8) if rng.random() < 0.3 else 0)
        for _ in range(rng.integers(0, 5)):
            place = side * (w - 1.3) if rng.random() < 0.7 else side * w * 0.4
            car(rng, scene, place, rng.uniform(3, 50), rng.normal() * 0.05)
        for z in np.arange(rng.uniform(2, 12), 70, rng.uniform(8, 25)):
            scene.tube((side * (w + 0.6), 2.5, z), (0.07, 2.5, 0.07), material(rng, METAL))
        for _ in range(rng.integers(0, 3)):
            tree(rng, scene, side * (w + 1.2), rng.uniform(4, 45), rng.uniform(4, 9))
    for _ in range(rng.integers(0, 6)):
        z = spread(rng, 2, 25)
        x = rng.uniform(-1, 1) * min(w + 1.5, z)
        bicycle(rng, scene, x, z) if rng.random() < 0.15 else person(rng, scene, x, z)
    return scene


def hills(rng):
    """Land that rises and falls."""
    grid = noise(rng, 128, rng.uniform(2.6, 3.8))
    cell, tall = rng.uniform(1.5, 6), rng.uniform(4, 45)
    eye = tall * float(grid[0, 0]) + rng.uniform(1, 6)
    scene = outdoors(rng, camera(rng, eye, rng.normal(-0.06, 0.12), rng.uniform(0.6, 1.3), yaw=rng.uniform(-0.4, 0.4)))
    scene.terrain = (grid, cell, tall)
    scene.ground = material(rng, pick(rng, GRASS, SAND, STONE, SNOW, LEAF), 0.3)
    for _ in range(rng.integers(0, 8)):
        z = rng.uniform(4, 50)
        x = rng.uniform(-0.5, 0.5) * z
        y = tall * float(grid[int(x / cell) % 128, int(z / cell) % 128]) - 0.5
        tree(rng, scene, x, z, rng.uniform(3, 9), y) if rng.random() < 0.7 else person(rng, scene, x, z, y + 0.2)
    return scene


def plain(rng):
    """Open land under a sky: fields, water, far hills, rocks, fences."""
    eye = rng.uniform(0.5, 3) if rng.random() < 0.7 else rng.uniform(3, 20)
    scene = outdoors(rng, camera(rng, eye, rng.normal(-0.04, 0.12) - 0.02 * max(eye - 2, 0), rng.uniform(0.6, 1.3)))
    lay_ground(rng, scene)
    if rng.random() < 0.3:
        m = material(rng, WATER, 0.3)
        m.gloss = 0.9
        scene.box((rng.uniform(-20, 20), 0, rng.uniform(20, 120)), (rng.uniform(10, 100), 0.02, rng.uniform(5, 60)), m)
    backdrop(rng, scene)
    backdrop(rng, scene, 20)
    for _ in range(rng.integers(0, 7)):
        z = spread(rng, 3, 50)
        tree(rng, scene, rng.uniform(-0.7, 0.7) * z, z, rng.uniform(2, 10))
    for _ in range(rng.integers(0, 6)):
        z, size = spread(rng, 2, 27), rng.uniform(0.1, 0.6)
        half = size * rng.uniform(0.6, 1.5, 3)
        scene.ball((rng.uniform(-0.7, 0.7) * z, size * 0.3, z), half, material(rng, STONE), turned(rng.uniform(0, 6)))
    for _ in range(rng.integers(0, 4)):
        z = spread(rng, 2, 20)
        on_ground(rng, scene, rng.uniform(-0.5, 0.5) * z, z)
    if rng.random() < 0.3:
        at = rng.uniform(3, 12)
        for x in np.arange(-20, 20, 2.0):
            scene.box((x, 0.5, at), (0.06, 0.5, 0.06), material(rng, WOOD))
        for up in (0.4, 0.85):
            scene.box((0, up, at), (20, 0.04, 0.03), material(rng, WOOD))
    return scene


def shore(rng):
    """Water to the horizon, sand or a quay, boats."""
    eye = rng.uniform(1, 8)
    scene = outdoors(rng, camera(rng, eye, rng.normal(-0.03, 0.08) - 0.01 * eye, rng.uniform(0.6, 1.2)))
    water = material(rng, WATER, spread(rng, 0.3, 3), 0.3)
    water.gloss, water.relief = rng.uniform(0.3, 0.9), rng.uniform(0, 1)
    scene.floor(0, water)
    if rng.random() < 0.7:
        edge = rng.uniform(2, 25)
        scene.box(
            (0, -0.4, edge - 60),
            (200, rng.uniform(0.45, 0.9), 60),
            material(rng, pick(rng, SAND, STONE, GRASS)),
            turned(rng.normal() * 0.3),
        )
        for _ in range(rng.integers(0, 6)):
            z = rng.uniform(1.5, edge + 0.5)
            on_ground(rng, scene, rng.uniform(-0.6, 0.6) * z, z)
    for _ in range(rng.integers(0, 5)):
        z = spread(rng, 6, 80)
        boat(rng, scene, rng.uniform(-0.6, 0.6) * z, z, rng.uniform(1.5, 5))
    if rng.random() < 0.5:
        backdrop(rng, scene, 60, 250)
    return scene


def forest(rng):
    scene = outdoors(rng, camera(rng, rng.uniform(0.5, 2.2), rng.normal(0, 0.15), rng.uniform(0.6, 1.3)))
    lay_ground(rng, scene, material(rng, pick(rng, LEAF, WOOD, GRASS, SNOW)))
    for _ in range(rng.integers(10, 36)):
        z = spread(rng, 2, 60)
        x, r, tall = rng.uniform(-0.8, 0.8) * z, rng.uniform(0.08, 0.4), rng.uniform(4, 12)
        lean = turned(0, rng.normal() * 0.04, rng.normal() * 0.04)
        scene.tube((x, tall, z), (r, tall, r), material(rng, pick(rng, WOOD, STONE, DARK), 3), lean, taper=0.5)
        if rng.random() < 0.5:
            m = material(rng, LEAF, rng.uniform(1, 4))
            m.hole = rng.uniform(0.25, 0.5)
            scene.ball((x, 2 * tall * rng.uniform(0.6, 1), z), rng.uniform(1, 3, 3), m)
    for _ in range(rng.integers(0, 14)):
        z = spread(rng, 1.5, 25)
        bush(rng, scene, rng.uniform(-0.7, 0.7) * z, z, rng.uniform(0.2, 0.9))
    if rng.random() < 0.4:
        scene.box(
            (rng.normal() * 2, 0, 0),
            (rng.uniform(0.6, 2), 0.01, 100),
            material(rng, pick(rng, SAND, STONE)),
            turned(rng.normal() * 0.2),
        )
    for _ in range(rng.integers(0, 3)):
        z = spread(rng, 2, 15)
        on_ground(rng, scene, rng.uniform(-0.4, 0.4) * z, z)
    backdrop(rng, scene, 30, 90)
    return scene


def park(rng):
    scene = outdoors(rng, camera(rng, rng.uniform(0.5, 2), rng.normal(-0.03, 0.1), rng.uniform(0.5, 1.2)))
    lay_ground(rng, scene)
    scene.defocus = 0.3
    backdrop(rng, scene, 15, 80)
    for _ in range(rng.integers(2, 12)):
        z = spread(rng, 2.2, 25)
        on_ground(rng, scene, rng.uniform(-0.55, 0.55) * z, z)
    for _ in range(rng.integers(1, 6)):
        z = spread(rng, 3.7, 40)
        tree(rng, scene, rng.uniform(-0.7, 0.7) * z, z, rng.uniform(2.5, 9))
    return scene


def tabletop(rng):
    top = 0.75
    eye, away = top + rng.uniform(0.12, 0.9), rng.uniform(0.3, 1.0)
    pitch = -math.atan2(eye - top, away) + rng.normal() * 0.12
    scene = indoors(rng, camera(rng, eye, pitch, rng.uniform(0.5, 1.2), roll=0.1, z=-away))
    scene.defocus = 0.4
    if rng.random() < 0.75:
        m = material(rng, WOOD if rng.random() < 0.5 else None)
        scene.box(
            (0, top - 0.03, 0.2), (rng.uniform(0.5, 2), 0.03, rng.uniform(0.35, 1.2)), m, turned(rng.normal() * 0.3)
        )
    else:
        scene.floor(top, material(rng), turned(rng.uniform(0, 6)))
    walls(rng, scene, rng.uniform(1.6, 4), 1.4, rng.uniform(1.6, 4))
    scene.lamp(rng, (rng.uniform(-1, 1), rng.uniform(1.4, 2.6), rng.uniform(-1, 1)), 1.5)
    for _ in range(rng.integers(1, 12)):
        thing(rng, scene, rng.uniform(-0.45, 0.45), top, rng.uniform(-away * 0.5, 0.6), spread(rng, 0.022, 0.2))
    for _ in range(rng.integers(0, 3)):
        scene.box((rng.uniform(-1, 1), 0.5, rng.uniform(1, 1.6)), (rng.uniform(0.2, 0.6), 0.5, 0.2), material(rng))
    if rng.random() < 0.4:
        x, z = rng.uniform(-0.15, 0.15), rng.uniform(-0.1, 0.2)
        cup(rng, scene, x, top, z, rng.uniform(0.08, 0.16))
    if rng.random() < 0.25:
        cutout(
            rng,
            scene,
            rng.uniform(-0.3, 0.3),
            top,
            rng.uniform(0.1, 0.5),
            rng.uniform(0.2, 0.5),
            textures.plant,
            material(rng, LEAF),
        )
    return scene


def stilllife(rng):
    """A few things before a near wall or cloth, seen level."""
    away = rng.uniform(0.5, 1.3)
    scene = indoors(rng, camera(rng, rng.uniform(0.05, 0.5), rng.normal(-0.2, 0.12), rng.uniform(0.5, 0.9), z=-away))
    scene.defocus = 0.5
    lay_ground(rng, scene, material(rng))
    back = rng.uniform(0.15, 1.2)
    scene.box((0, 2, back + 0.1), (5, 4, 0.1), material(rng), turned(rng.normal() * 0.2))
    scene.lamp(rng, (rng.uniform(-1.5, 1.5), rng.uniform(0.6, 2), rng.uniform(-1.5, 0)), 1.5)
    for _ in range(rng.integers(1, 9)):
        thing(rng, scene, rng.normal() * 0.22, 0, rng.uniform(-0.3, back - 0.1), spread(rng, 0.04, 0.22))
    return scene


def around(rng, eye, view, pitch, roll=0.05):
    """A camera with people's surroundings far behind: a room or the open."""
    shot = camera(rng, eye, pitch, view, roll)
    if rng.random() < 0.5:
        scene = indoors(rng, shot)
        w, h, l = rng.uniform(1.5, 5), 1.35, rng.uniform(2.2, 8)
        walls(rng, scene, w, h, l)
        furnish(rng, scene, w, h, l, rng.integers(0, 6))
    else:
        scene = outdoors(rng, shot)
        lay_ground(rng, scene)
        backdrop(rng, scene, 6, 60)
        for _ in range(rng.integers(0, 7)):
            z = spread(rng, 2.5, 25)
            on_ground(rng, scene, rng.uniform(-0.6, 0.6) * z, z)
    return scene


def closeup(rng):
    """Large smooth bodies that fill the frame and are cut by it."""
    scene = around(rng, rng.uniform(0.3, 1.6), rng.uniform(0.5, 1.1), rng.normal(0, 0.25), 0.2)
    scene.defocus = 0.7
    m, z = material(rng, scale=spread(rng, 2.7, 20)), rng.uniform(0.35, 1.0)
    eye = scene.camera
    for _ in range(rng.integers(1, 7)):
        if rng.random() < 0.4:
            m = material(rng, scale=spread(rng, 1.6, 20))
        at = eye.position + eye.turn @ np.array(
            [rng.normal() * 0.3 * z, rng.normal(-0.15, 0.25) * z, z * rng.uniform(0.8, 1.4)]
        )
        half, turn = z * rng.uniform(0.06, 0.38, 3), turned(*rng.uniform(-1.5, 1.5, 3))
        pick(rng, scene.ball, scene.ball, scene.ball, scene.tube, scene.box)(
            at, half, m, turn, taper=rng.uniform(0, 0.6)
        )
    return scene


def portrait(rng):
    tall, z = rng.uniform(1.5, 1.9), rng.uniform(0.5, 1.8)
    scene = around(rng, tall * rng.uniform(0.75, 1.0), rng.uniform(0.4, 1.0), rng.normal(-0.05, 0.1))
    scene.defocus = 0.6
    person(rng, scene, rng.normal() * 0.15 * z, z, tall=tall, yaw=math.pi + rng.normal() * 0.6)
    for _ in range(rng.integers(0, 4)):
        far = rng.uniform(z * 1.3, 6)
        person(rng, scene, rng.uniform(-0.5, 0.5) * far, far)
    return scene


def company(rng):
    """Several people at some distance, whole or to the knees."""
    scene = around(rng, rng.uniform(1, 1.8), rng.uniform(0.5, 1.1), rng.normal(-0.05, 0.08))
    for _ in range(rng.integers(1, 7)):
        z = spread(rng, 1.6, 9)
        person(rng, scene, rng.uniform(-0.5, 0.5) * z, z)
    return scene


def pet(rng):
    """An animal near the camera, on a floor, a lawn or a sofa."""
    size, z = rng.uniform(0.12, 0.5), rng.uniform(0.6, 2.2)
    scene = around(rng, rng.uniform(0.2, 1.3), rng.uniform(0.45, 1.0), rng.normal(-0.3, 0.15), 0.1)
    scene.defocus = 0.6
    beast(rng, scene, rng.normal() * 0.15 * z, z, size, yaw=math.pi + rng.normal() * 1.2)
    for _ in range(rng.integers(0, 3)):
        far = rng.uniform(z, 5)
        pick(rng, beast, bush)(rng, scene, rng.uniform(-0.5, 0.5) * far, far, size)
    return scene


def foliage(rng):
    """Leaves, stems and flowers close by, with something soft behind."""
    scene = around(rng, rng.uniform(0.2, 1.5), rng.uniform(0.4, 0.9), rng.normal(-0.1, 0.3), 0.2)
    scene.defocus = 0.8
    eye = scene.camera
    for _ in range(rng.integers(2, 14)):
        z = spread(rng, 0.35, 2.5)
        at = eye.position + eye.turn @ np.array([rng.uniform(-0.5, 0.5) * z, rng.uniform(-0.5, 0.4) * z, z])
        size = z * rng.uniform(0.05, 0.4)
        if rng.random() < 0.6:
            m = material(rng, pick(rng, LEAF, GRASS, None), spread(rng, 1, 6) / size)
            outline = pick(rng, textures.plant, textures.leaves, textures.blob, textures.bare_tree)
            turn = eye.turn @ turned(*rng.normal(0, 0.4, 3))
            scene.board(at, (size, size, 1), m, turn, mask=textures.mask_index(rng, outline))
        else:
            m = material(
                rng, pick(rng, None, (0.8, 0.2, 0.2), (0.9, 0.7, 0.1), (0.7, 0.4, 0.7)), spread(rng, 1, 6) / size
            )
            for _ in range(rng.integers(3, 8)):
                off = rng.normal(0, 0.5, 3) * size
                scene.ball(at + off, size * rng.uniform(0.15, 0.6, 3), m, turned(*rng.uniform(-3, 3, 3)))
    return scene


def above(rng):
    """Roofs, fields and streets from high up."""
    eye = spread(rng, 15, 90)
    scene = outdoors(rng, camera(rng, eye, -rng.uniform(0.25, 1.1), rng.uniform(0.5, 1.1)))
    lay_ground(rng, scene, material(rng, pick(rng, GRASS, STONE, SAND), 0.15))
    for _ in range(rng.integers(10, 50)):
        z = eye * rng.uniform(0.1, 4)
        x = rng.uniform(-0.6, 0.6) * (z + eye)
        if rng.random() < 0.6:
            house(rng, scene, x, z, (rng.uniform(3, 12), rng.uniform(2, 12), rng.uniform(3, 12)), rng.uniform(0, 6))
        else:
            tree(rng, scene, x, z, rng.uniform(4, 14))
    for _ in range(rng.integers(0, 3)):
        scene.box(
            (0, 0.05, 0), (rng.uniform(2, 6), 0.05, 300), material(rng, (0.3, 0.3, 0.3)), turned(rng.uniform(-1.5, 1.5))
        )
    return scene


def front(rng):
    """A wall straight ahead or aslant, with something before it."""
    z = rng.uniform(1.5, 12)
    scene = outdoors(rng, camera(rng, rng.uniform(0.8, 2), rng.normal(0.03, 0.12), rng.uniform(0.5, 1.2)))
    lay_ground(rng, scene)
    house(
        rng,
        scene,
        rng.normal() * z * 0.2,
        z + 6,
        (rng.uniform(4, 20), rng.uniform(1.5, 12), 6 * rng.uniform(0.7, 1)),
        pick(rng, 0.0, rng.normal() * 0.6),
    )
    for _ in range(rng.integers(0, 6)):
        near = rng.uniform(min(1.5, z * 0.6), z)
        on_ground(rng, scene, rng.uniform(-0.6, 0.6) * near, near)
    return scene


def clutter(rng):
    """Solids anywhere: shape and overlap alone."""
    shot = camera(rng, 1.5, rng.normal(0, 0.3), rng.uniform(0.6, 1.4), roll=0.3)
    if rng.random() < 0.5:
        scene = outdoors(rng, shot)
        if rng.random() < 0.6:
            lay_ground(rng, scene)
    else:
        scene = indoors(rng, shot)
        scene.room((0, 1.5, 2), rng.uniform(3, 9, 3), material(rng), turned(*rng.uniform(-0.5, 0.5, 3)))
        scene.lamp(rng, rng.uniform(-1.5, 1.5, 3) + [0, 1.5, 0], 3.0)
    for _ in range(rng.integers(4, 26)):
        z = spread(rng, 0.67, 13)
        half, m = z * np.exp(rng.uniform(-3.2, -0.9, 3)), material(rng, scale=spread(rng, 0.22, 4.5) * 2 / z)
        at = shot.position + shot.turn @ np.array([rng.uniform(-0.6, 0.6) * z, rng.uniform(-0.6, 0.6) * z, z])
        turn = turned(*rng.uniform(-3, 3, 3))
        pick(rng, scene.ball, scene.box, scene.box, scene.tube, scene.board)(
            at, half, m, turn, taper=rng.uniform(0, 0.9)
        )
    return scene


def stairs(rng):
    w, count = rng.uniform(0.8, 2.5), rng.integers(6, 16)
    rise, run = rng.uniform(0.14, 0.2), rng.uniform(0.25, 0.34)
    scene = indoors(
        rng,
        camera(
            rng,
            rng.uniform(0.9, 1.8),
            rng.normal(0.02, 0.12),
            rng.uniform(0.7, 1.3),
            yaw=rng.normal() * 0.15,
            x=rng.normal() * 0.3,
            z=-rng.uniform(1, 3),
        ),
    )
    m, long = material(rng), run * count
    for i in range(count):
        up, deep = rise * (i + 1) / 2, 3 if i == count - 1 else run / 2
        scene.box((0, up, run * i + 3 + deep - run / 2), (w, up, deep), m)
    for side in (-1, 1):
        scene.box((side * (w + 0.1), 2, 2), (0.1, 4 if rng.random() < 0.6 else 1.0, 9), material(rng))
        if rng.random() < 0.5:
            at = (side * (w - 0.08), 0.9 + rise * count / 2, 3 + long / 2 - run / 2)
            scene.tube(
                at,
                (0.03, math.hypot(long, rise * count) / 2, 0.03),
                material(rng),
                turned(0, math.pi / 2 - math.atan2(rise, run)),
            )
    lay_ground(rng, scene)
    scene.box((0, 3, 14), (12, 6, 0.2), material(rng))
    scene.lamp(rng, (rng.normal() * 0.5, 3.5, 1), 3.0)
    scene.lamp(rng, (0, 5, 6), 3.0)
    for _ in range(rng.integers(0, 3)):
        i = int(rng.integers(0, count))
        person(rng, scene, rng.uniform(-0.7, 0.7) * w, 3 + run * i, y=rise * (i + 1))
    return scene


def shelves(rng):
    """An aisle between shelves full of goods."""
    gap = rng.uniform(0.7, 1.6)
    scene = indoors(
        rng,
        camera(
            rng,
            rng.uniform(1, 1.7),
            rng.normal(-0.03, 0.1),
            rng.uniform(0.6, 1.3),
            yaw=rng.normal() * 0.25,
            z=-rng.uniform(0, 4),
        ),
    )
    lay_ground(rng, scene)
    for z in (1, 6):
        scene.lamp(rng, (0, 2.6, z), 3.0)
    scene.room((0, 1.5, 0), (5, 1.5, rng.uniform(7, 16)), material(rng))
    for side in (-1, 1):
        m = material(rng)
        for y in np.arange(0.1, 2.2, rng.uniform(0.3, 0.5)):
            scene.box((side * (gap + 0.3), y, 4), (0.3, 0.02, 6), m)
            z = -1.0
            while z < 9:
                a, b = rng.uniform(0.06, 0.3), rng.uniform(0.06, 0.16)
                if rng.random() < 0.8:
                    scene.box((side * (gap + 0.25), y + b, z + a), (0.2, b, a), material(rng))
                else:
                    scene.tube((side * (gap + 0.2), y + b, z + a), (min(a, 0.15), b, min(a, 0.15)), material(rng))
                z += 2 * a + rng.uniform(0.05, 0.5)
        scene.box((side * (gap + 0.62), 1.1, 4), (0.02, 1.1, 6), m)
    for _ in range(rng.integers(0, 3)):
        person(rng, scene, rng.uniform(-0.6, 0.6) * gap, rng.uniform(1.2, 7))
    return scene


def colonnade(rng):
    """Columns with beams on them, statues, a square."""
    scene = outdoors(
        rng, camera(rng, rng.uniform(0.8, 2.2), rng.normal(0.05, 0.12), rng.uniform(0.6, 1.3), yaw=rng.normal() * 0.3)
    )
    lay_ground(rng, scene, material(rng, STONE))
    m, gap, h, r = (
        material(rng, pick(rng, STONE, SAND, SNOW)),
        rng.uniform(1.5, 5),
        rng.uniform(2, 5),
        rng.uniform(0.2, 0.5),
    )
    step = rng.uniform(2.5, 5)
    for side in (-1, 1):
        for j in range(rng.integers(4, 10)):
            z = 3 + step * j
            scene.tube((side * gap, h, z), (r, h, r), m, taper=0.15)
            scene.box((side * gap, 0.15, z), (r * 1.4, 0.15, r * 1.4), m)
            scene.box((side * gap, 2 * h, z), (r * 1.5, 0.15, r * 1.5), m)
        scene.box((side * gap, 2 * h + 0.5, 3 + step * 4), (r * 1.6, 0.4, step * 5), m)
    for _ in range(rng.integers(1, 4)):
        x, z, up = rng.uniform(-0.8, 0.8) * gap, rng.uniform(3, 20), rng.uniform(0.3, 0.8)
        scene.box((x, up, z), (0.4, up, 0.4), m)
        person(rng, scene, x, z, y=2 * up) if rng.random() < 0.6 else thing(rng, scene, x, 2 * up, z, 0.4)
    for _ in range(rng.integers(0, 4)):
        person(rng, scene, rng.uniform(-1, 1) * gap, rng.uniform(2.5, 15))
    return scene


# Each kind with how often it is drawn.
TRAINED = {
    "room": (room, 13), "hall": (hall, 5), "corridor": (corridor, 4), "street": (street, 10), "hills": (hills, 5),
    "plain": (plain, 7), "shore": (shore, 4), "forest": (forest, 5), "park": (park, 9), "tabletop": (tabletop, 9),
    "stilllife": (stilllife, 4), "closeup": (closeup, 5), "portrait": (portrait, 9), "company": (company, 6), "pet": (pet, 5),
    "foliage": (foliage, 5), "above": (above, 4), "front": (front, 5), "clutter": (clutter, 4),
}  # fmt: skip
HELD = {"stairs": (stairs, 1), "shelves": (shelves, 1), "colonnade": (colonnade, 1)}
