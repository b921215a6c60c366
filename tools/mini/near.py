"""Scenes close by that photographs asked for: things on a table from above, subjects before loud cloth, furnished corners."""

import math

import numpy as np

from bodies import body, creature, limb, rosette
from loud import loudened
from scenes import lay_ground, walls
from things import chair, cup, sofa, thing
from world import DARK, METAL, STONE, WHITE, WOOD, camera, indoors, material, pick, spread, turned


def printed(rng, size, colour=None):
    """A surface with a loud pattern that repeats about every `size` metres."""
    return loudened(rng, material(rng, colour), 2 / (size * spread(rng, 0.5, 2)))


def aimed(rng, height, target, away, view, roll=0.05):
    """A camera at some height that looks at a height `away` before it, more or less in the middle."""
    pitch = math.atan2(target - height, away) + rng.normal() * 0.12 * view
    return camera(rng, height, pitch, view, roll, yaw=rng.normal() * 0.15 * view)


def laid(rng, scene, x, y, z, size):
    """Something that lies on a table: a book, a plate with food, a cup, fruit, a pen, a device, a coin, a box, a bottle on its side."""
    k, turn = rng.random(), turned(rng.uniform(0, 6.3))
    if k < 0.2:
        thick = size * rng.uniform(0.05, 0.35)
        half = (size * rng.uniform(0.5, 0.8), thick, size)
        scene.box((x, y + thick, z), half, printed(rng, size) if rng.random() < 0.5 else material(rng), turn)
    elif k < 0.32:
        scene.tube(
            (x, y + size * 0.06, z),
            (size, size * 0.06, size),
            material(rng, pick(rng, WHITE, None), amount=0.2),
            taper=-0.25,
        )
        for _ in range(rng.integers(0, 7)):
            r = size * rng.uniform(0.12, 0.4)
            scene.ball(
                (x + rng.normal() * size * 0.35, y + size * 0.1 + r * 0.6, z + rng.normal() * size * 0.35),
                r * rng.uniform(0.6, 1, 3),
                material(rng),
            )
    elif k < 0.44:
        cup(rng, scene, x, y, z, size * rng.uniform(0.5, 0.9))
    elif k < 0.58:
        m = material(
            rng,
            pick(rng, (0.8, 0.4, 0.05), (0.7, 0.1, 0.08), (0.6, 0.65, 0.15), (0.85, 0.75, 0.2), None),
            amount=rng.uniform(0, 0.5),
        )
        for _ in range(rng.integers(1, 6)):
            r = size * rng.uniform(0.3, 0.5)
            scene.ball(
                (x + rng.normal() * size * 0.7, y + r, z + rng.normal() * size * 0.7),
                r * np.array([1, rng.uniform(0.85, 1.1), 1]),
                m,
            )
    elif k < 0.7:
        r = size * rng.uniform(0.03, 0.3)
        way = np.array([math.cos(rng.uniform(0, 6.3)), 0, math.sin(rng.uniform(0, 6.3))]) * size
        limb(
            scene,
            [x, y + r, z] - way,
            [x, y + r, z] + way,
            r,
            r * rng.uniform(0.3, 1),
            material(rng),
            ends=rng.random() < 0.5,
        )
    elif k < 0.8:
        half = (size, size * 0.06, size * rng.uniform(0.4, 1))
        scene.box((x, y + half[1], z), half, material(rng, pick(rng, DARK, METAL, WHITE), amount=0.2), turn)
        screen = printed(rng, size * 0.3)
        screen.glow = rng.uniform(0, 0.8)
        if rng.random() < 0.5:
            scene.box((x, y + half[1] * 2, z), (half[0] * 0.9, size * 0.01, half[2] * 0.85), screen, turn)
        else:
            lid = turn @ turned(0, rng.uniform(-0.6, 0))
            back = np.array([x, y, z]) + turn @ np.array([0, size * 0.6, half[2]])
            scene.box(back, (half[0], size * 0.6, size * 0.03), screen, lid)
    elif k < 0.86:
        for _ in range(rng.integers(2, 9)):
            r = size * rng.uniform(0.08, 0.2)
            scene.tube(
                (x + rng.normal() * size, y + r * 0.1, z + rng.normal() * size), (r, r * 0.1, r), material(rng, METAL)
            )
    else:
        thing(rng, scene, x, y, z, size, printed(rng, size) if rng.random() < 0.3 else None)


def tablescape(rng):
    """A table or a floor from above, with things on it."""
    drop, pitch = spread(rng, 0.3, 1.5), -rng.uniform(0.35, 1.5)
    top, view = rng.uniform(0.4, 0.8), rng.uniform(0.4, 1.1)
    away = drop / math.tan(-pitch)
    shot = camera(rng, top + drop, pitch + rng.normal() * 0.06, view, roll=0.25, z=-away)
    scene = indoors(rng, shot)
    scene.defocus = 0.3
    reach = math.hypot(drop, away) * math.tan(view / 2)
    cloth = (
        printed(rng, reach * rng.uniform(0.15, 1))
        if rng.random() < 0.5
        else material(rng, pick(rng, WOOD, WHITE, DARK, None))
    )
    if rng.random() < 0.45:
        scene.floor(top, cloth, turned(rng.uniform(0, 6.3)))
    else:
        half = reach * rng.uniform(0.6, 2, 2)
        scene.box(
            (rng.normal() * 0.2 * reach, top - 0.02, rng.uniform(-0.1, 0.5) * reach),
            (half[0], 0.02, half[1]),
            cloth,
            turned(rng.uniform(0, 6.3)),
        )
        scene.floor(0, material(rng) if rng.random() < 0.7 else printed(rng, 0.6))
        for _ in range(rng.integers(0, 3)):
            chair(rng, scene, rng.normal() * reach, rng.uniform(0.5, 2) * reach, rng.uniform(0, 6.3))
    scene.room((0, 1.3, 0), (rng.uniform(2, 4), 1.3, rng.uniform(2, 4)), material(rng))
    scene.lamp(rng, (rng.normal(), top + rng.uniform(0.8, 1.6), rng.normal()), 1.5)
    for _ in range(rng.integers(2, 16)):
        laid(rng, scene, rng.normal() * 0.5 * reach, top, rng.normal() * 0.5 * reach, reach * spread(rng, 0.06, 0.32))
    if rng.random() < 0.25:
        skin, sleeve = material(rng, (0.7, 0.5, 0.4), 3, 0.3), material(rng)
        hand = np.array([rng.normal() * 0.4 * reach, top + 0.04, rng.normal() * 0.3 * reach])
        wrist = hand + [rng.normal() * 0.1, 0.03, -0.12]
        limb(scene, hand, wrist, 0.04, 0.035, skin)
        limb(scene, wrist, wrist + [rng.normal() * 0.15, 0.1, -0.4], 0.04, 0.06, sleeve)
        for finger in range(4):
            limb(scene, hand, hand + [0.02 * finger - 0.03, -0.02, 0.09], 0.01, 0.008, skin)
    return scene


def hanging(rng, scene, z, size):
    """Cloth, wallpaper or a flag across the view, smooth or in folds."""
    m, turn = printed(rng, size) if rng.random() < 0.8 else material(rng), turned(rng.normal() * 0.25)
    if rng.random() < 0.5:
        scene.box((0, 1.5, z + 0.1), (6, 4, 0.05), m, turn)
        return
    wide = spread(rng, 0.03, 0.15)
    for x in np.arange(-1.5 - 0.5 * z, 1.5 + 0.5 * z, wide * 1.5):
        at = turn @ np.array([x, 0, 0]) + [0, 1.5, z + 0.1]
        scene.tube(at, (wide * 1.2, 3.5, wide * rng.uniform(0.3, 1)), m)


def before_cloth(rng):
    """Somebody, a statue, a plant, an animal or a thing close by, and a loud pattern behind."""
    z, view = rng.uniform(0.5, 2.2), rng.uniform(0.4, 0.95)
    reach = z * math.tan(view / 2)
    k = rng.random()
    tall = rng.uniform(1.5, 1.9) if k < 0.5 else reach * rng.uniform(0.8, 2)
    middle = tall * rng.uniform(0.72, 0.95) if k < 0.5 else tall * rng.uniform(0.3, 0.6)
    scene = indoors(rng, aimed(rng, middle + rng.normal() * 0.15, middle, z, view))
    scene.above, scene.below = scene.above * 1.3, scene.below * 1.3
    scene.defocus = 0.4
    scene.lamp(rng, (rng.uniform(-2, 2), middle + rng.uniform(0.2, 1.5), rng.uniform(-0.5, z * 0.8)), 2.0)
    lay_ground(rng, scene, printed(rng, 0.4) if rng.random() < 0.4 else None)
    hanging(rng, scene, z + spread(rng, 0.25, 4), reach * spread(rng, 0.2, 2))
    x, facing = rng.normal() * 0.2 * reach, math.pi + rng.normal() * 0.7
    if k < 0.5:
        plain = material(rng, pick(rng, STONE, DARK, METAL, (0.5, 0.35, 0.15)), 4, 0.3) if rng.random() < 0.2 else None
        body(rng, scene, x, z, 0.0, tall, facing, pick(rng, "stand", "reach", "walk"), plain)
    elif k < 0.7:
        rosette(rng, scene, x, z, tall * 0.7)
    elif k < 0.85:
        creature(rng, scene, x, z, tall * 0.4, yaw=facing)
    else:
        for _ in range(rng.integers(1, 5)):
            thing(
                rng,
                scene,
                x + rng.normal() * 0.4 * reach,
                0,
                z + rng.normal() * 0.15,
                tall * rng.uniform(0.15, 0.45),
                printed(rng, tall * 0.2) if rng.random() < 0.5 else None,
            )
    if rng.random() < 0.3:
        limb(
            scene,
            (x + reach, 0, z + 0.3),
            (x + reach * rng.uniform(0.5, 1.1), 3, z + 0.3),
            0.03,
            0.02,
            material(rng, METAL),
        )
    return scene


def corner(rng):
    """A furnished corner: a bed or a sofa, a rug, curtains, pictures, lamps, plants, somebody who sits."""
    w, h, l = rng.uniform(1.4, 3), rng.uniform(1.15, 1.5), rng.uniform(1.6, 3.5)
    x, z = rng.uniform(-0.7, 0.7) * w, -rng.uniform(0.3, 0.9) * l
    shot = camera(
        rng,
        rng.uniform(0.7, 1.9),
        rng.normal(-0.2, 0.15),
        rng.uniform(0.7, 1.4),
        yaw=rng.normal() * 0.4 + math.atan2(-x, l),
        x=x,
        z=z,
    )
    scene = indoors(rng, shot)
    walls(rng, scene, w, h, l)
    if rng.random() < 0.6:
        scene.box(
            (rng.normal() * 0.4, 0.006, rng.uniform(-0.3, 0.5) * l),
            (rng.uniform(0.5, 1.3), 0.006, rng.uniform(0.5, 1)),
            printed(rng, 0.5),
            turned(rng.normal() * 0.2),
        )
    if rng.random() < 0.5:
        a, b, m = rng.uniform(0.45, 0.9), 1.0, material(rng)
        place = np.array([rng.uniform(-1, 1) * (w - a), 0, l - b])
        scene.box(place + [0, 0.2, 0], (a, 0.2, b), material(rng, WOOD))
        scene.box(place + [0, 0.47, 0], (a * 0.98, 0.1, b * 0.97), printed(rng, 0.4) if rng.random() < 0.5 else m)
        scene.box(place + [0, 0.5, b], (a, 0.5, 0.04), material(rng, WOOD))
        for side in (-1, 1):
            scene.ball(place + [side * a * 0.45, 0.62, b * 0.75], (0.3, 0.1, 0.2), material(rng, WHITE))
    else:
        sofa(rng, scene, rng.uniform(-0.4, 0.4) * w, l - 0.6, rng.normal() * 0.1)
    for side in (-1, 1):
        if rng.random() < 0.4:
            m = printed(rng, 0.3) if rng.random() < 0.5 else material(rng)
            for j in range(rng.integers(3, 9)):
                scene.tube((side * (w - 0.05), h, (j * 0.09) + rng.uniform(-0.2, 0.2)), (0.07, h * 0.95, 0.06), m)
    for _ in range(rng.integers(1, 6)):
        px, pz, k = rng.uniform(-0.85, 0.85) * w, rng.uniform(-0.1, 0.85) * l, rng.random()
        if math.hypot(px - x, pz - z) < 0.8:
            continue
        if k < 0.3:
            rosette(rng, scene, px, pz, rng.uniform(0.2, 0.6))
        elif k < 0.5:
            limb(scene, (px, 0, pz), (px, 1.4, pz), 0.02, 0.015, material(rng, METAL), ends=False)
            shade = material(rng, (0.95, 0.85, 0.7))
            shade.glow = rng.uniform(0, 1)
            scene.tube((px, 1.5, pz), (0.22, 0.15, 0.22), shade, taper=0.4)
        elif k < 0.7:
            chair(rng, scene, px, pz, rng.uniform(0, 6.3))
            if rng.random() < 0.5:
                body(rng, scene, px, pz, 0.0, pose="sit")
        else:
            tall = rng.uniform(0.25, 0.5)
            scene.box(
                (px, tall, pz),
                (rng.uniform(0.2, 0.6), tall, rng.uniform(0.2, 0.4)),
                material(rng, pick(rng, WOOD, WHITE, None)),
            )
            for _ in range(rng.integers(0, 4)):
                laid(rng, scene, px + rng.normal() * 0.12, 2 * tall, pz + rng.normal() * 0.1, rng.uniform(0.05, 0.14))
    return scene
