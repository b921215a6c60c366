"""Kinds of scenes of plants close by: potted ones before printed walls, single blossoms, butterflies on leaves."""

import math

import numpy as np

from loud import loudened
from meshed.land.plants import Relief, big_leaves, bush, clear, flowers, grass, land, leaf_materials, spray, tree, unit
from meshed.mesh import Mesh, ball, lathe, sheet, smoothed_path, sweep
from meshed.shared.pile import Pile, finish, looking
from world import BARK, DARK, GRASS, LEAF, STONE, WHITE, WOOD, indoors, material, outdoors, pick, spread, turned

PETALS = (
    (0.9, 0.9, 0.85),
    (0.85, 0.15, 0.15),
    (0.95, 0.8, 0.15),
    (0.9, 0.5, 0.65),
    (0.5, 0.25, 0.7),
    (0.95, 0.5, 0.1),
    (0.3, 0.4, 0.85),
)


def pot(rng, pile, x, y, z, r):
    """A pot, a vase, a bowl or a basket; returns how high its rim is."""
    h = r * spread(rng, 0.8, 3)
    t = np.linspace(0, 1, 14)
    k = rng.integers(4)
    wide = (
        (0.7 + 0.3 * t),
        (0.75 + 0.35 * np.sin(np.pi * t)),
        (0.55 + 0.45 * np.sqrt(t)),
        (0.9 + 0.3 * np.sin(2.2 * np.pi * t) * (t < 0.9)),
    )[k]
    inner = wide[::-1] * 0.9
    profile = np.concatenate(
        [
            [[0.01, 0]],
            np.column_stack([wide * r, t * h]),
            np.column_stack([inner[:6] * r, h * (1 - 0.02 * np.arange(6))]),
        ]
    )
    pile.add(
        lathe(profile, columns=28, smooth=rng.random() < 0.8),
        finish(rng, pick(rng, (0.6, 0.3, 0.2), WHITE, None, DARK), 2 / r),
        (x, y, z),
    )
    pile.add(lathe([[0.01, h * 0.9], [inner[4] * r, h * 0.9]], columns=20), material(rng, (0.2, 0.14, 0.1)), (x, y, z))
    return y + h * 0.9


def rosette(rng, at, size, ms):
    """Long blades that bend outwards from one place."""
    n = int(rng.integers(10, 60))
    a, lift = rng.uniform(0, 6.3, n), rng.uniform(0.2, 2.5, n)
    along = np.column_stack([np.cos(a), lift, np.sin(a)])
    root = at + along * [0.03 * size, 0, 0.03 * size]
    wide, found = spread(rng, 0.04, 0.25), []
    for i, m in enumerate(ms):
        mine = np.arange(n) % len(ms) == i
        found.append(
            big_leaves(
                rng, root[mine], along[mine], size * rng.uniform(0.6, 1.2, mine.sum()), m, wide, rng.uniform(0, 1)
            )
        )
    return found


def broad(rng, at, size, ms):
    """Single large leaves on bent stems."""
    n, found, tips, ways = int(rng.integers(5, 24)), [], [], []
    stem = material(rng, LEAF)
    for _ in range(n):
        a, up, out = rng.uniform(0, 6.3), rng.uniform(0.3, 1), rng.uniform(0.1, 0.7)
        way = np.array([math.cos(a), 0, math.sin(a)])
        path = smoothed_path(
            [at, at + way * out * size * 0.3 + [0, up * size * 0.6, 0], at + way * out * size + [0, up * size, 0]], 9
        )
        found.append(sweep(path, 0.008 * size, stem, 5, capped=False))
        tips.append(path[-1])
        ways.append(way + [0, rng.uniform(-0.8, 0.3), 0])
    tips, ways, wide, leaf = np.array(tips), np.array(ways), rng.uniform(0.4, 1.1), size * rng.uniform(0.15, 0.45)
    for i, m in enumerate(ms):
        mine = np.arange(n) % len(ms) == i
        found.append(big_leaves(rng, tips[mine], ways[mine], leaf * rng.uniform(0.6, 1.2, mine.sum()), m, wide, 0.5))
    return found


def cactus(rng, at, size):
    """Ribbed columns or balls with arms."""
    m, ribs = material(rng, pick(rng, LEAF, (0.3, 0.4, 0.3)), 4 / size), int(rng.integers(7, 16))
    found = []
    for i in range(rng.integers(1, 5)):
        tall, r = size * rng.uniform(0.4, 1), size * rng.uniform(0.08, 0.25)
        t = np.linspace(0, 1, 14)
        made = lathe(
            np.column_stack([r * np.sqrt(np.clip(1 - (2 * t - 1) ** 4, 1e-4, 1)), tall * t]), m, columns=ribs * 4
        )
        a = np.arctan2(made.points[:, 2], made.points[:, 0])
        made.points[:, [0, 2]] *= (1 + 0.12 * np.cos(a * ribs))[:, None]
        shift = rng.normal(size=3) * [1, 0, 1] * size * 0.25 * (i > 0)
        found.append(made.moved(at + shift, turned(rng.uniform(0, 6), rng.normal() * 0.1)))
    return found


def blossom(rng, at, face, size, ms, heart):
    """A blossom of some rings of petals that faces the direction `face`."""
    face = unit(np.asarray(face, float))
    first = unit(np.cross(face, [0.3, 1, 0.2]))
    second, found = np.cross(face, first), []
    rings, petals, wide = int(rng.integers(1, 5)), int(rng.integers(4, 22)), rng.uniform(0.9, 3.0)
    close, cup = rng.uniform(-0.2, 1.3), rng.uniform(0.0, 0.7)
    for k in range(rings):
        a = (np.arange(petals) + 0.5 * k) * 2 * math.pi / petals + rng.normal(size=petals) * 0.06
        out = np.cos(a)[:, None] * first + np.sin(a)[:, None] * second
        along = out + face * (close + 0.6 * k)
        side_up = np.broadcast_to(face, along.shape) + out * 0.2
        long = size * (1 - 0.18 * k) * rng.uniform(0.85, 1.1, petals)
        found.append(
            big_leaves(
                rng,
                at + out * size * 0.12,
                along,
                long,
                ms[k % len(ms)],
                min(wide * 2 * math.pi / petals, 1.3),
                -0.2 + cup,
                side_up,
                cup,
            )
        )
    if rng.random() < 0.8:
        found.append(ball(heart, 9, 14).moved(at + face * size * 0.05, scale=size * rng.uniform(0.12, 0.32)))
    return found


def wings(rng, at, turn, size):
    """A butterfly with printed wings, open or half closed."""
    m, found, lift = loudened(rng, material(rng), 1.5 / size), [], rng.uniform(0.05, 1.3)
    for fore in (True, False):
        t = np.linspace(0, 2 * math.pi, 28, endpoint=False)
        r = 1 + 0.15 * np.cos(3 * t + 1) + 0.05 * np.cos(9 * t)
        x, z = 0.5 + 0.5 * np.cos(t) * r, (0.42 if fore else 0.36) * np.sin(t) * r + (0.35 if fore else -0.35)
        z = z * (0.3 + 0.7 * np.clip(x, 0, 1))
        outline = np.column_stack([x, np.zeros(28), z]) * size * (1 if fore else 0.85)
        points = np.concatenate([outline, outline.mean(0, keepdims=True)])
        faces = np.column_stack([np.full(28, 28), np.arange(28), (np.arange(28) + 1) % 28])
        for side in (-1, 1):
            made = Mesh(points * [side, 1, 1], faces, m, smooth=False)
            found.append(made.moved(at, turn @ turned(0, 0, side * lift)))
    path = np.column_stack([np.zeros(9), np.zeros(9), np.linspace(-0.5, 0.45, 9)]) * size
    body = sweep(path, size * np.array([0.02, 0.04, 0.05, 0.05, 0.05, 0.06, 0.06, 0.05, 0.04]), material(rng, DARK), 8)
    found.append(body.moved(at, turn))
    for side in (-1, 1):
        feeler = smoothed_path(np.array([[0, 0, 0.45], [side * 0.1, 0.08, 0.6], [side * 0.22, 0.1, 0.75]]) * size, 8)
        found.append(sweep(feeler, size * 0.008, body.material, 4).moved(at, turn))
    return found


def plant(rng, at, size):
    """A plant of any sort that grows from `at`."""
    k, ms = (
        rng.random(),
        leaf_materials(
            rng, size * 0.2, 3, pick(rng, LEAF, LEAF, (0.3, 0.45, 0.15), (0.15, 0.3, 0.15), (0.45, 0.2, 0.25))
        ),
    )
    if k < 0.22:
        return rosette(rng, at, size, ms)
    if k < 0.47:
        return broad(rng, at, size, ms)
    if k < 0.6:
        return [m.moved(at) for m in tree(rng, size * 1.2, int(rng.integers(400, 2000)), levels=3)]
    if k < 0.7:
        return [m.moved(at - [0, size * 0.1, 0]) for m in bush(rng, size * 0.5, 700)]
    if k < 0.78:
        return cactus(rng, at, size)
    if k < 0.9:
        n = int(rng.integers(5, 30))
        roots = at + rng.normal(size=(n, 3)) * [0.06, 0, 0.06] * size
        return flowers(rng, roots, size * 0.9, pick(rng, *PETALS))
    found = []
    for _ in range(rng.integers(2, 8)):
        way = rng.normal(size=3) * [0.7, 0.3, 0.7] + [0, rng.uniform(0.3, 1.2), 0]
        found += spray(
            rng,
            at,
            way,
            size * rng.uniform(0.5, 1),
            size * rng.uniform(0.08, 0.2),
            ms,
            material(rng, BARK),
            40,
            rng.random() < 0.2,
        )
    return found


def plant_indoors(rng):
    """Plants in pots or vases before a printed or plain wall, cloth or the depth of a room."""
    away, view = spread(rng, 0.5, 2.5), rng.uniform(0.4, 1.1)
    reach = away * math.tan(view / 2)
    eye = np.array([0, rng.uniform(0.1, 1.2) * reach + 0.15, -away])
    size = reach * spread(rng, 0.8, 2.4)
    shot = looking(rng, eye, [rng.normal() * reach * 0.2, size * rng.uniform(0.3, 0.9), 0], view, 0.08)
    scene = indoors(rng, shot)
    scene.defocus = 0.4
    pile, back = Pile(eye), size * 0.6 + spread(rng, 0.1, 3) * away
    wall, k = finish(rng, mode=0.95 if rng.random() < 0.6 else None), rng.random()
    wall.scale = spread(rng, 0.4, 4) / (reach + 0.3 * back)
    if rng.random() < 0.5:
        wall.colours = np.clip(rng.uniform(0, 0.9, (3, 3)), 0.02, 1)
    turn = turned(rng.normal() * 0.25)
    if k < 0.6:
        pile.boxes(wall, (0, 0, back + 0.5), (8 * away + 4, 6 * away + 4, 0.05), turn)
    elif k < 0.8:
        u, v = np.meshgrid(np.linspace(-1, 1, 90), np.linspace(-1, 1, 6), indexing="ij")
        wave = 0.06 * away * np.sin(u * rng.uniform(15, 60)) + 0.02 * away * np.sin(u * 40 + v)

        pile.add(sheet(np.stack([u * 3 * away, v * 4 * away, back + 0.3 + wave], -1)), wall, turn=turn)
    pile.boxes(finish(rng), (0, 0, 7 + back), (12, 8, 0.1))
    pile.boxes(finish(rng, pick(rng, WOOD, WHITE, None), 2 / reach), (0, -0.05, 0), (6 * away + 8, 0.05, 6 * away + 8))
    for i in range(rng.integers(1, 5)):
        s = size * (1 if i == 0 else rng.uniform(0.4, 1))
        x, z = (
            (rng.normal() * 0.2 * reach, 0.0) if i == 0 else (rng.normal() * reach, rng.uniform(-0.2, 1) * back * 0.6)
        )
        y = pot(rng, pile, x, 0, z, s * rng.uniform(0.12, 0.3))
        scene.meshes += plant(rng, np.array([x, y, z]), s)
    for _ in range(rng.integers(0, 6)):
        half = reach * rng.uniform(0.04, 0.2, 3)
        pile.boxes(
            finish(rng),
            (rng.normal() * reach, half[1], rng.uniform(-0.1, 1) * back * 0.7),
            half,
            turned(rng.uniform(0, 6.3)),
        )
    scene.lamp(rng, (rng.normal() * away, size + rng.uniform(0.3, 2), -away * rng.uniform(0, 1)), 2 * away)
    pile.pour(scene)
    return clear(scene, 0.25 * away)


def blossoms(rng):
    """One or some blossoms close by, with leaves, perhaps a butterfly, before greenery, cloth or the sky."""
    away, view = spread(rng, 0.35, 1.2), rng.uniform(0.4, 0.9)
    reach = away * math.tan(view / 2)
    eye = np.array([0, 1.2, -away])
    shot = looking(rng, eye, [0, 1.2 + rng.normal() * 0.5 * away * (rng.random() < 0.4) - 0.1 * away, 0], view, 0.3)
    scene = outdoors(rng, shot) if rng.random() < 0.75 else indoors(rng, shot)
    scene.defocus = 0.55
    scene.lamp(rng, (rng.normal(), 1.2 + rng.uniform(0.2, 1.5), -away), 1.5)
    pile = Pile(eye)
    petals = [material(rng, pick(rng, *PETALS), spread(rng, 1, 6) / reach) for _ in range(2)]
    if rng.random() < 0.3:
        petals = [loudened(rng, m, 2 / reach) for m in petals]
    heart, green = (
        material(rng, pick(rng, (0.8, 0.6, 0.1), (0.2, 0.12, 0.05), (0.5, 0.6, 0.2)), 20 / reach),
        material(rng, LEAF),
    )
    count = int(rng.integers(1, 9))
    size = reach * spread(rng, 0.25, 0.9) / math.sqrt(count) * 1.3
    for i in range(count):
        at = (
            np.array([rng.normal() * 0.45, 1.2 / reach + rng.normal() * 0.35, rng.uniform(-0.1, 1.2) * (i > 0)]) * reach
        )
        face = np.array([rng.normal() * 0.6, rng.normal() * 0.5 + 0.5, -1])
        scene.meshes += blossom(rng, at, face, size * rng.uniform(0.7, 1.1), petals, heart)
        foot = at + [rng.normal() * size * 0.5, -2.5 * reach, rng.uniform(0.2, 1) * size]
        stem = smoothed_path(
            [at - unit(face) * size * 0.02, at - unit(face) * size * 0.5 - [0, size * 0.3, 0], foot], 16
        )
        scene.meshes.append(sweep(stem, size * 0.04, green, 8))
        p = stem[rng.integers(3, 12, 4)]
        scene.meshes.append(
            big_leaves(
                rng, p, rng.normal(size=(4, 3)) * [1, 0.5, 0.5] + [0, 0.3, 0], size * rng.uniform(0.6, 1.3, 4), green
            )
        )
    if rng.random() < 0.35:
        at = np.array([rng.normal() * 0.3 * reach, 1.2 + rng.normal() * 0.3 * reach, -size * rng.uniform(0.2, 0.8)])
        scene.meshes += wings(
            rng,
            at,
            turned(rng.uniform(0, 6.3), -rng.uniform(0.2, 1.3), rng.normal() * 0.3),
            reach * rng.uniform(0.2, 0.6),
        )
    behind(rng, scene, pile, reach)
    pile.pour(scene)
    return clear(scene, 0.15)


def behind(rng, scene, pile, reach):
    """Ground, bushes, leaves or cloth behind what is close by."""
    k = rng.random()
    height = Relief(rng, 20, 0.3)
    scene.meshes.append(
        land(height, material(rng, pick(rng, GRASS, STONE, (0.3, 0.25, 0.18))), scene.camera.position, far=150)
    )
    if k < 0.35:
        for _ in range(rng.integers(2, 7)):
            made, z = bush(rng, rng.uniform(0.5, 1.2), 900), spread(rng, 1.5, 8)
            x = rng.normal() * z * 0.4
            scene.meshes += [m.moved((x, rng.uniform(0, 0.6), z)) for m in made]
    elif k < 0.65:
        ms, z = leaf_materials(rng, reach, 3), reach * rng.uniform(2, 6)
        n = int(rng.integers(30, 200))
        at = np.column_stack(
            [rng.normal(size=n) * z * 0.5, 1.2 + rng.normal(size=n) * z * 0.4, z * rng.uniform(0.7, 1.6, n)]
        )
        for i, m in enumerate(ms):
            mine = np.arange(n) % 3 == i
            scene.meshes.append(
                big_leaves(rng, at[mine], rng.normal(size=(mine.sum(), 3)), z * rng.uniform(0.1, 0.3, mine.sum()), m)
            )
    elif k < 0.85:
        z = reach * spread(rng, 2, 12)
        pile.boxes(
            finish(rng, scale=spread(rng, 0.5, 4) / reach),
            (0, 1.2, z + 0.3),
            (z * 3, z * 3, 0.05),
            turned(rng.normal() * 0.3),
        )
    else:
        roots = np.column_stack([rng.normal(size=3000), np.zeros(3000), rng.uniform(1.5, 6, 3000)])
        scene.meshes += grass(rng, roots, 0.6, leaf_materials(rng, 0.2, 3, GRASS))


def on_leaf(rng):
    """A butterfly, a beetle or a snail's shell on a leaf or a blossom that fills much of the frame."""
    away, view = spread(rng, 0.3, 0.9), rng.uniform(0.4, 0.9)
    reach = away * math.tan(view / 2)
    eye = np.array([0, 1.2 + away * rng.uniform(0.2, 0.9), -away])
    shot = looking(rng, eye, [0, 1.2, 0], view, 0.4)
    scene = outdoors(rng, shot)
    scene.defocus = 0.55
    pile, size = Pile(eye), reach * spread(rng, 0.2, 0.7)
    ms = leaf_materials(rng, reach, 3)
    for i in range(rng.integers(1, 12)):
        m, long = ms[i % 3], reach * rng.uniform(1, 2.5)
        root = (
            np.array([-long * 0.5, 1.2 - 0.02 * reach, 0])
            if i == 0
            else np.array([rng.normal(), 1.2 / reach - rng.uniform(0.3, 1.5), rng.normal()]) * reach
        )
        along = np.array([[1, 0, 0.1]]) if i == 0 else rng.normal(size=(1, 3)) * [1, 0.2, 1]
        scene.meshes.append(
            big_leaves(rng, root[None], along, long, m, rng.uniform(0.5, 0.9), 0.02, np.array([[0, 1.0, 0]]), 0.1)
        )
    k, at = rng.random(), np.array([0, 1.2 + 0.07 * size + 0.03 * reach, 0])
    if k < 0.6:
        scene.meshes += wings(
            rng, at, turned(rng.uniform(0, 6.3), rng.normal() * 0.2, rng.normal() * 0.2), max(size * 1.5, reach * 0.4)
        )
    elif k < 0.85:
        m, turn, dark = finish(rng, scale=2 / size), turned(rng.uniform(0, 6.3)), material(rng, DARK)
        m.gloss = 0.6
        pile.put(at, turn)
        pile.add(ball(), m, (0, size * 0.12, 0), scale=(size * 0.3, size * 0.2, size * 0.42))
        pile.add(ball(), dark, (0, size * 0.1, size * 0.45), scale=(size * 0.17, size * 0.13, size * 0.14))
        for side in (-1, 1):
            for q in (-0.25, 0.05, 0.3):
                knee = np.array([side * size * 0.42, size * 0.22, size * q * 1.4])
                pile.bars(dark, (side * size * 0.2, size * 0.1, size * q), knee, size * 0.02)
                pile.bars(dark, knee, knee * [1.35, 0, 1.2] - [0, size * 0.06, 0], size * 0.015)
    else:
        t = np.linspace(0, 1, 60)
        a, r = t * 5.5 * math.pi, size * 0.3 * (1 - t) ** 1.1 + 0.004
        path = np.column_stack([np.cos(a) * r * 0.9, size * 0.32 + np.sin(a) * r * 0.9, size * 0.22 * t])
        pile.put(at, turned(rng.uniform(0, 6.3)))
        pile.add(sweep(path, r * 0.55 + 0.002, columns=12), finish(rng, (0.6, 0.4, 0.25), 3 / size))
        foot = (
            np.column_stack([np.linspace(-0.5, 0.6, 12), 0.05 + 0.1 * np.linspace(0, 1, 12) ** 4, np.zeros(12)]) * size
        )
        pile.add(
            sweep(foot, size * 0.1 * np.sin(np.linspace(0.2, 2.8, 12)), columns=10), material(rng, (0.5, 0.4, 0.3))
        )
    pile.put()
    behind(rng, scene, pile, reach)
    pile.pour(scene)
    return clear(scene, 0.12)


KINDS = {
    "plant_indoors": (plant_indoors, 7),
    "blossoms": (blossoms, 5),
    "on_leaf": (on_leaf, 4),
}
