"""Kinds of scenes of plants close by: flowers, leaves, pots, mushrooms, fruit."""

import math

import numpy as np

from loud import loudened
from meshed.flowers.fruits import CITRUS, ROUND
from meshed.flowers.plants import FLOWERS, blade, flower, mushroom, potted, stem, succulent, tufted, upright
from meshed.flowers.served import any_fruit, bowl, heaped, settled, slice_of, wedge
from meshed.mesh import box
from meshed.shared.growth import GREENS, bumpy, foliage, grass
from meshed.shared.surroundings import ahead, around, backed, bokeh, clear, cloth, framed, greenery, lit, put
from near import printed
from world import GRASS, LEAF, STONE, WHITE, WOOD, indoors, material, outdoors, pick, spread, turned


def flower_close(rng):
    """One flower that fills the picture or some at several distances, on stems, among leaves."""
    r, name = rng.uniform(0.06, 0.15), pick(rng, *FLOWERS)
    camera, away = framed(rng, (2 * r, 2 * r), (0.2, 1.5), (-0.3, 1.3), (0.25, 0.9), 0.3, middle=0.0)
    scene = lit(rng, camera, 0.8)
    scene.defocus = 0.6
    green = material(rng, LEAF, 2 / r)
    view = camera.position / np.linalg.norm(camera.position)
    head = flower(rng, name)
    for k in range(1 if rng.random() < 0.4 else rng.integers(2, 9)):
        at = np.zeros(3)
        if k:
            z = away * spread(rng, 1.0, 3) if rng.random() < 0.75 else away * rng.uniform(0.75, 1)
            at = camera.position + camera.turn @ (
                np.array([rng.uniform(-1, 1), rng.uniform(-1, 1), 1]) * [camera.tangent, camera.tangent, 1] * z
            )
            if np.linalg.norm(at) < 2.2 * r:
                continue
            if rng.random() < 0.4:
                head = flower(rng, name if rng.random() < 0.7 else None)
        way = view * rng.uniform(0.0, 1.5) + [0, rng.uniform(0.2, 1.0), 0] + rng.normal(size=3) * 0.3
        if name in ("tulip", "spike"):
            way = np.array([0, 1, 0]) + rng.normal(size=3) * 0.2
        turn, size = upright(way), r * rng.uniform(0.75, 1.25) if k else r
        put(scene, head, turn, at, size)
        foot = at + [rng.normal() * r, -r * rng.uniform(6, 12), rng.normal() * r]
        put(
            scene,
            stem(
                rng,
                foot,
                at - turn[:, 1] * (1.0 if name == "spike" else 0.0) * size,
                0.07 * r,
                green,
                int(rng.integers(0, 4)),
            ),
        )
    if rng.random() < 0.5:
        foliage(rng, scene, np.array([-4, -5, 0.2]) * r, np.array([4, -1.2, 4]) * r, 90, 1.5 * r, GREENS[:5])
    backed(rng, scene, away + 1.5 * r)
    return scene


def flower_bed(rng):
    """Many flowers on a lawn or a field, from close to far."""
    tall = rng.uniform(0.2, 0.7)
    camera, away = framed(rng, (tall * 2, tall * 1.5), (0.4, 1.2), (0.0, 0.8), (0.4, 1.1))
    scene = outdoors(rng, camera)
    scene.defocus = 0.4
    scene.floor(0, material(rng, pick(rng, GRASS, (0.2, 0.15, 0.1), LEAF), 3))
    name, green = pick(rng, "daisy", "tulip", "poppy", "rose", "lily", "sunflower", "spike"), material(rng, LEAF, 5)
    heads = [flower(rng, name if rng.random() < 0.8 else None) for _ in range(4)]
    heads = [[m for m in h if len(m.faces) < 3500] for h in heads]
    big = rng.uniform(0.12, 0.35)
    for p in ahead(rng, int(rng.integers(8, 34)), camera, 0.5 * away, 4 * away):
        top = p + [rng.normal() * 0.1 * tall, tall * rng.uniform(0.6, 1.2), rng.normal() * 0.1 * tall]
        size = tall * big * rng.uniform(0.75, 1.25)
        put(scene, heads[rng.integers(4)], upright([rng.normal() * 0.3, 1, -0.5 + rng.normal() * 0.4]), top, size)
        put(scene, stem(rng, p, top - [0, size * 1.05 if name == "spike" else 0, 0], 0.015 * tall, green, 1))
    for _ in range(2):
        grass(rng, scene, ahead(rng, 1300, camera, 0.4 * away, 5 * away), tall * rng.uniform(0.2, 0.7))
    if rng.random() < 0.8:
        greenery(rng, scene, away * 1.4, camera, True)
    return scene


def leaf_close(rng):
    """Big leaves, striped or plain, near and far; rosettes from above."""
    size = rng.uniform(0.15, 0.4)
    camera, away = framed(rng, (size * 1.4, size * 1.4), (0.55, 1.8), (0.0, 1.5), (0.3, 1.0), 0.4, middle=0.1 * size)
    scene = lit(rng, camera, 0.75)
    scene.defocus = 0.5
    k = rng.random()
    if k < 0.35:
        put(scene, succulent(rng, size * 0.8))
    elif k < 0.6:
        put(scene, tufted(rng, size))
    else:
        m, second = (
            material(rng, pick(rng, *GREENS[:5], (0.5, 0.1, 0.2)), 2 / size),
            material(rng, pick(rng, WHITE, (0.7, 0.75, 0.3), (0.7, 0.3, 0.4), (0.06, 0.15, 0.06)), amount=0.3),
        )
        for _ in range(rng.integers(5, 30)):
            way = np.array([rng.normal(), rng.uniform(-0.3, 1.0), rng.normal() - 0.3])
            at = rng.normal(size=3) * np.array([0.5, 0.3, 0.5]) * size
            put(
                scene,
                blade(
                    rng,
                    size * rng.uniform(0.6, 1.8),
                    rng.uniform(0.12, 0.4),
                    way,
                    m,
                    second if rng.random() < 0.8 else None,
                ),
                None,
                at,
            )
    if rng.random() < 0.4:
        scene.floor(
            -0.05 * size if k < 0.6 else -size, material(rng, pick(rng, (0.2, 0.15, 0.1), STONE, None), 3 / size)
        )
    else:
        backed(rng, scene, away + size)
    return scene


def potted_plant(rng):
    """Plants in pots on a table or a floor, before wallpaper, a window's light, a wall or a garden."""
    size = rng.uniform(0.2, 0.6)
    parts, extent = potted(rng, size)
    camera, away = framed(rng, extent, (0.35, 1.4), (-0.05, 0.7), (0.3, 1.0), 0.06)
    scene = indoors(rng, camera) if rng.random() < 0.8 else outdoors(rng, camera)
    scene.defocus = 0.4
    for _ in range(rng.integers(1, 3)):
        scene.lamp(rng, (rng.normal(), extent[1] + rng.uniform(0.3, 1.5), rng.uniform(-1.2, 0.3)), 2.5)
    put(scene, parts, turned(rng.uniform(0, 6.3)))
    wide = max(extent[0], size)
    for side in (-1, 1):
        if rng.random() < 0.35:
            others, more = potted(rng, size * rng.uniform(0.5, 1.1))
            put(
                scene,
                others,
                turned(rng.uniform(0, 6.3)),
                (side * (wide + more[0]) * rng.uniform(0.5, 0.8), 0, rng.uniform(-0.1, 0.6) * size),
            )
    top = printed(rng, size) if rng.random() < 0.3 else material(rng, pick(rng, WOOD, WHITE, STONE, None))
    if rng.random() < 0.6:
        scene.mesh(box(top, (rng.uniform(1, 4) * wide, 0.03, rng.uniform(0.5, 1.2) * wide)).moved((0, -0.03, 0)))
        scene.floor(-0.75, material(rng))
    else:
        scene.floor(0, top)
    back = wide * 0.6 + spread(rng, 0.03, 3)
    k = rng.random()
    if k < 0.6:
        paper = loudened(rng, material(rng), spread(rng, 0.7, 5) / size)
        scene.box((0, 0.5, back + 0.03), (9, 6, 0.03), paper, turned(rng.normal() * 0.15 * (back > 1)))
    elif k < 0.85:
        scene.box((0, 0.5, back + 0.03), (9, 6, 0.03), material(rng))
        if rng.random() < 0.6:
            light = material(rng, (0.9, 0.92, 0.95), amount=0.2)
            light.glow = rng.uniform(0.3, 1.5)
            scene.box(
                (rng.normal() * wide, extent[1] * 0.8, back),
                (wide * rng.uniform(0.3, 1), extent[1] * rng.uniform(0.4, 1), 0.02),
                light,
            )
    else:
        backed(rng, scene, away + wide)
    return scene


def mushrooms(rng):
    """Mushrooms between moss, needles and leaves."""
    size = rng.uniform(0.1, 0.25)
    camera, away = framed(rng, (size * 1.3, size), (0.25, 1.2), (-0.05, 0.7), (0.3, 0.9), 0.1)
    scene = outdoors(rng, camera)
    scene.defocus = 0.6
    bumpy(
        rng,
        scene,
        material(rng, pick(rng, (0.25, 0.18, 0.1), LEAF, GRASS), 2 / size),
        12 * size,
        0.5 * size,
        0.04 * size,
        1.5 * size,
    )
    put(scene, mushroom(rng, size))
    first = None
    for p in around(rng, int(rng.integers(0, 9)), 4 * size, 1.1 * size):
        if p[2] < -0.35 * away:
            continue
        first = first or mushroom(rng, size)
        put(
            scene,
            mushroom(rng, size * rng.uniform(0.3, 0.9)) if rng.random() < 0.5 else first,
            None,
            p - [0, 0.03 * size, 0],
            rng.uniform(0.4, 1),
        )
    grass(rng, scene, clear(around(rng, 900, 6 * size, 0.5 * size), camera, 0.45 * away), size * rng.uniform(0.1, 0.6))
    foliage(
        rng,
        scene,
        np.array([-5, 0, -1]) * size,
        np.array([5, 0.08, 6]) * size,
        200,
        0.35 * size,
        ((0.5, 0.3, 0.12), (0.4, 0.2, 0.08), LEAF),
    )
    greenery(rng, scene, away * 1.5, camera, True)
    if rng.random() < 0.4:
        bokeh(rng, scene, away, camera)
    return scene


def surface(rng, scene, u):
    """A table, a cloth, a plank or a plate of stone under the origin, and what is behind."""
    k = rng.random()
    if k < 0.3:
        made = printed(rng, u) if rng.random() < 0.6 else material(rng)
        scene.mesh(cloth(rng, 6 * u, made, fold=rng.uniform(0, 0.02)).moved((0, -0.003 * u, 0)))
    elif k < 0.6:
        scene.mesh(
            box(
                printed(rng, u) if rng.random() < 0.3 else material(rng, pick(rng, WOOD, WOOD, STONE, WHITE)),
                (rng.uniform(1.2, 4) * u, 0.1 * u, rng.uniform(1, 3) * u),
            ).moved((0, -0.1 * u, 0), turned(rng.normal() * 0.3))
        )
        scene.floor(-u * spread(rng, 0.2, 4), printed(rng, u) if rng.random() < 0.3 else material(rng))
    else:
        scene.floor(
            0,
            printed(rng, u) if rng.random() < 0.25 else material(rng, pick(rng, WOOD, STONE, WHITE, None), 1 / u),
            turned(rng.uniform(0, 6)),
        )


def fruit_close(rng):
    """Fruit and vegetables on a table: whole, cut, in wedges, one that fills the picture or many."""
    k, scale = rng.random(), 2.5
    if k < 0.3:
        name = pick(rng, *CITRUS, "melon", *ROUND)
        r = rng.uniform(0.06, 0.12)
        cut = [
            pick(rng, slice_of, wedge)(rng, name, r) if name in (*CITRUS, "melon") else any_fruit(rng, name, "half")[0]
            for _ in range(2)
        ]
        items, u = [settled(c) for c in cut], 2.5 * r
        scale = 1.0 if name in (*CITRUS, "melon") else 2.0
    elif k < 0.65:
        items, u = [any_fruit(rng) for _ in range(rng.integers(1, 4))], 0.0
    else:
        items, u = (
            [
                (
                    heaped(rng, int(rng.integers(6, 22)), 0.14, pick(rng, "apple", "orange", "tomato", "lemon", None)),
                    np.array([0.3, 0.2, 0.3]),
                )
            ],
            0.3 * scale,
        )
    u = max(u, max(max(size) for _, size in items) * scale)
    camera, away = framed(rng, (u, u * 0.8), (0.4, 1.5), (0.1, 1.5), (0.3, 1.0), 0.25, middle=0.3 * u)
    scene = lit(rng, camera, 0.25)
    scene.defocus = 0.5
    surface(rng, scene, u)
    placed = []
    for _ in range(1 if k > 0.65 else rng.integers(1, 9)):
        parts, size = items[rng.integers(len(items))]
        r = max(size[0], size[2]) * scale / 2
        for _ in range(8):
            at = np.zeros(3) if not placed else np.array([rng.normal(), 0, rng.normal() + 0.3]) * u * 0.8
            if (
                all(np.hypot(*(at - q)[[0, 2]]) > 0.9 * (r + s) for q, s in placed)
                and np.linalg.norm(at - camera.position) > r + 0.4 * away
            ):
                put(scene, parts, turned(rng.uniform(0, 6.3)), at, scale)
                placed.append((at, r))
                break
    if rng.random() < 0.5:
        backed(rng, scene, away + 2 * u)
    else:
        scene.box((0, 0, u * rng.uniform(2.2, 6)), (12 * u, 9 * u, 0.02), material(rng))
    return scene


def fruit_bowl(rng):
    """A bowl or a plate full of fruit on a table."""
    r = 0.32
    body, floor = bowl(rng, r / 2)
    low = lambda far: float(floor(far))  # noqa: E731
    parts = body + heaped(
        rng,
        int(rng.integers(5, 18)),
        r / 2 * 0.85,
        pick(rng, "apple", "orange", "lemon", "peach", "plum", "tomato", "pear", "grapes", None),
        low,
    )
    camera, away = framed(rng, (2 * r, r * 1.2), (0.35, 1.4), (0.1, 1.4), (0.3, 1.0), 0.1)
    scene = lit(rng, camera, 0.2)
    scene.defocus = 0.4
    surface(rng, scene, 2 * r)
    put(scene, parts, turned(rng.uniform(0, 6.3)), scale=2.0)
    for _ in range(rng.integers(0, 5)):
        others, size = any_fruit(rng)
        a, far = rng.uniform(0, 6.3), r * 1.1 + max(size) + rng.random() * r
        at = np.array([far * math.cos(a), 0, far * math.sin(a)])
        if np.linalg.norm(at - camera.position) > 0.5 * away:
            put(scene, others, turned(rng.uniform(0, 6.3)), at, 2.0)
    scene.box(
        (0, 0, 2 * r * rng.uniform(1.5, 6)), (9, 6, 0.02), printed(rng, r) if rng.random() < 0.4 else material(rng)
    )
    return scene


KINDS = {
    "flower_close": (flower_close, 9),
    "flower_bed": (flower_bed, 3),
    "leaf_close": (leaf_close, 5),
    "potted_plant": (potted_plant, 8),
    "mushrooms": (mushrooms, 3),
    "fruit_close": (fruit_close, 7),
    "fruit_bowl": (fruit_bowl, 4),
}
