"""Kinds of scenes of things close together: desks, chairs filled with boxes and bags, heaps."""

import math

import numpy as np

from meshed.mesh import ball
from meshed.objects import furniture, gear, trinkets, wares
from meshed.objects.basics import block, covered, plain, print_of, put, shifted, soft, waves, wooden
from meshed.objects.fronts import clear
from meshed.objects.rooms import extent, side_table
from near import aimed
from world import indoors, material, pick, turned


def desk(rng):
    """A desk with a screen, keyboard, papers, a lamp, a cup, from the front."""
    tall, far = rng.uniform(0.7, 0.78), rng.uniform(0.5, 1.6)
    scene = indoors(rng, aimed(rng, tall + rng.uniform(0.25, 0.8), tall + 0.1, far, rng.uniform(0.5, 1.2)))
    scene.defocus = 0.25
    a, b, m = rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.42), furniture.finish(rng)
    wall = far + b + rng.uniform(0.02, 0.5)
    paper = print_of(rng, 0.5) if rng.random() < 0.25 else material(rng, amount=0.3)
    scene.room((0, 1.3, wall / 2 - 1), (rng.uniform(1.3, 3), 1.3, wall / 2 + 1), paper)
    scene.floor(0.001, wooden(rng) if rng.random() < 0.5 else material(rng))
    x, parts = (
        rng.normal() * 0.15,
        [block(m, (a, 0.015, b), (0, tall - 0.015, 0)), *furniture.legs(rng, m, a, b, tall - 0.03)],
    )
    if rng.random() < 0.5:
        parts += shifted(furniture.cupboard(rng, 0.2, tall - 0.04, b * 0.9), (a * 0.6 * rng.choice([-1, 1]), 0, 0))
    k = rng.random()
    if k < 0.5:
        parts += shifted(furniture.television(rng), (rng.normal() * 0.1, tall, b * 0.4), None, 0.6)
        parts += shifted(gear.keyboard(rng), (rng.normal() * 0.1, tall, -b * 0.45), turned(rng.normal() * 0.1))
    elif k < 0.85:
        parts += shifted(gear.laptop(rng), (rng.normal() * 0.1, tall, 0), turned(rng.normal() * 0.3))
    kinds = (
        trinkets.paper,
        wares.book,
        wares.books,
        wares.cup,
        gear.pen,
        gear.phone,
        gear.table_lamp,
        gear.ware,
        trinkets.glasses,
    )
    for _ in range(rng.integers(3, 13)):
        at = (rng.choice([-1, 1]) * rng.uniform(0.4, 0.9) * a, tall + 0.001, rng.uniform(-0.75, 0.75) * b)
        parts += shifted(kinds[rng.integers(len(kinds))](rng), at, turned(rng.normal() * 0.5))
    put(scene, parts, (x, 0, far), turned(rng.normal() * 0.12))
    if rng.random() < 0.4:
        put(
            scene,
            furniture.chair(rng),
            (x + rng.normal() * 0.3, 0, far - b - rng.uniform(0, 0.3)),
            turned(math.pi + rng.normal() * 0.4),
        )
    for _ in range(rng.integers(0, 6)):
        put(
            scene,
            furniture.picture(rng),
            (rng.normal() * 0.7, tall + rng.uniform(0.4, 1), wall - 0.015),
            None,
            rng.uniform(0.4, 1),
        )
    if rng.random() < 0.3:
        put(scene, furniture.window(rng), (rng.normal() * 0.5, tall + 0.8, wall - 0.01))
    scene.lamp(rng, (rng.normal() * 0.6, tall + rng.uniform(0.5, 1.3), far + rng.normal() * 0.2), 1.0)
    return clear(scene, 0.13)


def packet(rng):
    """A flat printed box that leans back."""
    tall, wide, thick, lean = (
        rng.uniform(0.1, 0.2),
        rng.uniform(0.06, 0.15),
        rng.uniform(0.015, 0.05),
        rng.uniform(0.02, 0.3),
    )
    m = print_of(rng, tall * 1.5) if rng.random() < 0.75 else plain(rng)
    label = block(
        covered(rng, 0.1, 0.6),
        (wide * 0.8, tall * rng.uniform(0.2, 0.5), thick + 0.0015),
        (0, tall * rng.uniform(-0.3, 0.4), 0),
    )
    up = tall * math.cos(lean) + thick * math.sin(lean)
    return shifted(
        [block(m, (wide, tall, thick)), label], (0, up, 0), turned(rng.normal() * 0.15, lean, rng.normal() * 0.06)
    )


def leaning(rng, scene, at, seat, half):
    """Boxes, bags, cushions and cloth on a seat whose back is at +z, leaning on it and on each other."""
    z = half * 0.72
    for _ in range(rng.integers(3, 9)):
        x = rng.uniform(-0.75, 0.75) * half
        if rng.random() < 0.6:
            parts = packet(rng)
        else:
            parts = pick(rng, gear.bag, gear.crumpled, gear.cushion, gear.cloth, wares.carton, gear.ware)(rng)
            if rng.random() < 0.3:
                parts = shifted(parts, (0, 0.05, 0), turned(0, rng.uniform(-0.4, 0.4)))
        put(scene, parts, at + np.array([x, seat, z]), turned(rng.normal() * 0.25))
        z -= rng.uniform(0.03, 0.12) * half / 0.25


def open_bag(rng, half):
    """A wide bag that is open above, as four soft walls."""
    m = covered(rng, 0.2, 0.5)
    parts = [soft(m, (half, 0.16, 0.03), (0, 0.16, s * half * 0.7), square=0.2) for s in (-1, 1)]
    return parts + [soft(m, (0.03, 0.16, half * 0.7), (s * half, 0.16, 0), square=0.2) for s in (-1, 1)]


def boxes_on_chair(rng):
    """A chair, armchair or bag filled with boxes, bags and cloth, close by."""
    far, wide = rng.uniform(0.7, 1.8), rng.uniform(1.3, 3)
    scene = indoors(rng, aimed(rng, rng.uniform(0.7, 1.5), rng.uniform(0.45, 0.65), far, rng.uniform(0.45, 1.0)))
    wall = far + rng.uniform(0.5, 2)
    scene.room(
        (0, 1.3, wall / 2 - 1), (wide, 1.3, wall / 2 + 1), print_of(rng, 0.5) if rng.random() < 0.3 else material(rng)
    )
    scene.floor(0.001, print_of(rng, 0.6) if rng.random() < 0.3 else material(rng))
    k, at = rng.random(), np.array([rng.normal() * 0.12, 0.002, far])
    if k < 0.5:
        seat, half = 0.48, 0.23
        put(scene, furniture.chair(rng), at)
    elif k < 0.8:
        seat, half = 0.5, rng.uniform(0.28, 0.6)
        put(scene, furniture.armchair(rng, half), at)
    else:
        seat, half = 0.03, rng.uniform(0.2, 0.36)
        put(scene, open_bag(rng, half / 0.8), at)
    leaning(rng, scene, at, seat, half)
    about = turned(rng.normal() * 0.3)
    for mesh in scene.meshes:
        mesh.points = ((mesh.points - at) @ about.T + at).astype(np.float32)
    for _ in range(rng.integers(0, 6)):
        made = pick(rng, wares.carton, gear.bag, gear.shoes, furniture.crate, gear.ware)(rng)
        put(
            scene,
            made,
            (rng.choice([-1, 1]) * rng.uniform(0.45, 0.9), 0.003, far + rng.normal() * 0.3),
            turned(rng.uniform(0, 6.3)),
        )
    for _ in range(rng.integers(0, 4)):
        piece = pick(rng, furniture.cupboard, furniture.rack, side_table, furniture.curtain)(rng)
        put(scene, piece, (rng.uniform(-0.9, 0.9) * wide, 0, wall - extent(piece)[1][2] - 0.01))
    scene.lamp(rng, (rng.normal(), rng.uniform(1.5, 2.3), far + rng.uniform(-1, 0.3)), 1.5)
    scene.defocus = 0.25
    return clear(scene, 0.15)


def heap(rng):
    """A heap of things, of many kinds or of one, on a mound of cloth or earth."""
    far, reach = rng.uniform(0.7, 1.6), rng.uniform(0.3, 0.7)
    high = reach * rng.uniform(0.2, 0.7)
    scene = indoors(rng, aimed(rng, rng.uniform(0.3, 1.5), high * 0.6, far, rng.uniform(0.5, 1.1)))
    scene.floor(0, print_of(rng, 0.5) if rng.random() < 0.3 else material(rng))
    wall = far + reach + rng.uniform(0.1, 2)
    scene.room((0, 1.3, wall / 2 - 1), (3, 1.3, wall / 2 + 1), material(rng))
    mound = ball(covered(rng, 0.2, 0.4), 24, 40)
    mound.points *= (0.85 + 0.08 * waves(rng, mound.points, 0.4))[:, None] * np.array([reach, high, reach])
    put(scene, [mound], (0, 0, far))
    kinds = (
        [gear.NAMES[i] for i in rng.choice(len(gear.NAMES), rng.integers(1, 4), p=gear.ODDS)]
        if rng.random() < 0.4
        else gear.NAMES
    )
    size = reach * rng.uniform(0.35, 0.8)
    for _ in range(rng.integers(24, 50)):
        turn, away = rng.uniform(0, 6.3), math.sqrt(rng.random())
        parts = kinds[rng.integers(len(kinds))](rng)
        low, top = extent(parts)
        scale = size * rng.uniform(0.7, 1.2) / max((top - low).max(), 0.02)
        thick = scale * (top - low).min() / 2
        at = (
            reach * away * math.sin(turn),
            high * math.sqrt(1 - away**2) + thick * 0.7 + 0.004,
            far + reach * away * math.cos(turn),
        )
        tip = (
            turned(turn) @ turned(0, away * 1.1 + rng.normal() * 0.2, rng.normal() * 0.25) @ turned(rng.uniform(0, 6.3))
        )
        put(scene, shifted(parts, -(low + top) / 2), at, tip, scale)
    scene.lamp(rng, (rng.normal(), rng.uniform(1, 2.2), far + rng.normal() * 0.7), 1.5)
    return clear(scene, 0.13)


KINDS = {
    "desk": (desk, 4),
    "boxes_on_chair": (boxes_on_chair, 5),
    "heap": (heap, 3),
}
