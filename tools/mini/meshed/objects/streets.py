"""Kinds of scenes with vehicles: streets with house fronts, garages, harbours, airfields."""

import math

import numpy as np

from meshed.objects import crafts, cycles, furniture, gear, machines
from meshed.objects.basics import block, chrome, print_of, put, shifted
from meshed.objects.fronts import clear, post, road, row_of_houses, street_life, tree, walker
from near import aimed
from world import GRASS, SAND, STONE, WATER, WHITE, camera, indoors, material, outdoors, pick, spread, turned


def street_view(rng, far, view, target=1.2):
    """A camera of somebody in the street who looks at something `far` away."""
    height = pick(rng, rng.uniform(1.2, 1.9), rng.uniform(0.5, 1.2), rng.uniform(2, 5))
    scene = outdoors(rng, aimed(rng, height, target, far, view, 0.04))
    return scene


def bus_street(rng):
    """A bus, tram, lorry or van before house fronts that fill the frame."""
    parts, long = machines.bus(rng)
    view = rng.uniform(0.45, 1.2)
    far = max(long * spread(rng, 0.45, 1.3) / (2 * math.tan(view / 2)), 3.0) + 1.3
    scene = street_view(rng, far, view, 1.5)
    yaw = pick(rng, 0, math.pi) + rng.normal() * pick(rng, 0.08, 0.4)
    reach = abs(math.sin(yaw)) * long / 2
    z = max(far, reach + 2.5)
    put(scene, parts, (rng.normal() * 0.15 * long, 0, z), turned(yaw))
    kerb = z + 1.5 + reach
    front = kerb + rng.uniform(1.5, 6)
    road(rng, scene, rng.uniform(0.0, z * 0.5), kerb)
    row_of_houses(rng, scene, front, -front * 1.3, front * 1.3, yaw=rng.normal() * 0.04)
    street_life(rng, scene, kerb + 0.3, front * 0.6, rng.integers(1, 8))
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 3)):
            car, _ = machines.car(rng)
            put(
                scene,
                car,
                (rng.choice([-1, 1]) * rng.uniform(long / 2 + 3, long / 2 + 9), 0, z + rng.normal()),
                turned(pick(rng, 0, math.pi)),
            )
    if rng.random() < 0.5 and z > 6:
        for _ in range(rng.integers(1, 4)):
            put(
                scene,
                pick(rng, walker, post)(rng),
                (rng.uniform(-0.4, 0.4) * z, 0, z * rng.uniform(0.3, 0.7)),
                turned(rng.uniform(0, 6.3)),
            )
    return clear(scene)


def car_scene(rng):
    """A car or a few in a street, before a house, in the country, from the side, the front or half front."""
    view = rng.uniform(0.4, 1.2)
    far = max(4.4 * spread(rng, 0.5, 1.6) / (2 * math.tan(view / 2)), 2.2) + 1.0
    scene = street_view(rng, far, view, 0.8)
    car, _ = machines.car(rng)
    yaw = rng.uniform(0, 6.3) if rng.random() < 0.6 else pick(rng, 0, math.pi)
    z = max(far, 3.2)
    put(scene, car, (rng.normal() * 0.6, 0, z), turned(yaw))
    k = rng.random()
    if k < 0.65:
        kerb = z + 1.2 + 2.0 * abs(math.sin(yaw))
        road(rng, scene, 0.2, kerb)
        front = kerb + rng.uniform(1, 7)
        row_of_houses(rng, scene, front, -front * 1.3, front * 1.3)
        street_life(rng, scene, kerb + 0.3, front * 0.6, rng.integers(0, 7))
    else:
        scene.floor(0, material(rng, pick(rng, GRASS, SAND, STONE, (0.3, 0.3, 0.3)), 0.7))
        edge = z + spread(rng, 3, 25)
        for x in np.linspace(-edge, edge, rng.integers(5, 14)):
            put(scene, tree(rng), (x + rng.normal(), 0, edge + rng.uniform(0, 6)), turned(rng.uniform(0, 6.3)))
    for k in range(rng.integers(0, 4)):
        other, _ = machines.car(rng)
        put(
            scene,
            other,
            (rng.choice([-1, 1]) * (5.3 + 5 * (k // 2) + rng.uniform(0, 1)), 0, z + rng.normal() * 0.3),
            turned(pick(rng, 0, math.pi) + rng.normal() * 0.05),
        )
    return clear(scene)


def garage(rng, scene, far, wide):
    """A workshop's back: walls, bench, tools that hang, cupboards, boxes, tyres, a window or a gate."""
    tall = rng.uniform(2.3, 3.2)
    scene.room(
        (0, tall / 2, far / 2 - 2),
        (wide, tall / 2, far / 2 + 2),
        material(rng, pick(rng, WHITE, STONE, (0.6, 0.35, 0.25), (0.5, 0.6, 0.6), None)),
    )
    scene.floor(
        0.001, material(rng, pick(rng, STONE, (0.35, 0.35, 0.35), (0.5, 0.35, 0.25)), spread(rng, 0.5, 3), rng.random())
    )
    x = -wide + 0.1
    while x < wide - 0.6:
        k = rng.random()
        if k < 0.35:
            parts, top, half = furniture.workbench(rng)
            for _ in range(rng.integers(2, 7)):
                parts += shifted(
                    gear.ware(rng),
                    (rng.uniform(-0.85, 0.85) * half[0], top, rng.uniform(-0.6, 0.6) * half[1]),
                    turned(rng.uniform(0, 6.3)),
                )
            if rng.random() < 0.7:
                parts += shifted(furniture.pegboard(rng, half[0] * 0.9), (0, top + 0.6, 0.3))
        elif k < 0.6:
            parts = furniture.cupboard(rng)
        elif k < 0.75:
            parts = furniture.rack(rng)
        elif k < 0.9:
            parts = heap_of_boxes(rng, rng.uniform(0.3, 0.6))
        else:
            parts = [
                part
                for k in range(rng.integers(1, 5))
                for part in shifted(
                    machines.wheel(rng, 0.31, 0.1, machines.rubber(rng), chrome(rng), "disc", 0.62),
                    (0, 0.11 + 0.22 * k, 0),
                    turned(0, math.pi / 2),
                )
            ]
        points = np.concatenate([part.points for part in parts])
        low, high = points[:, 0].min(), points[:, 0].max()
        put(scene, parts, (x - low, 0, far - points[:, 2].max() - 0.02))
        x += high - low + (rng.uniform(0.02, 0.5) if rng.random() < 0.7 else 1.0)
    if rng.random() < 0.4:
        put(scene, furniture.window(rng, 0.5, 0.4), (rng.uniform(-0.7, 0.7) * wide, tall * 0.72, far - 0.02))
    for _ in range(rng.integers(0, 4)):
        put(scene, furniture.picture(rng), (rng.uniform(-0.9, 0.9) * wide, rng.uniform(1.4, tall * 0.85), far - 0.015))
    scene.lamp(rng, (rng.normal(), tall * 0.93, far * rng.uniform(0.2, 0.8)), rng.uniform(2, 4))
    scene.lamp(rng, (rng.normal() * wide * 0.5, tall * 0.9, 0.0), 2.5)


def heap_of_boxes(rng, wide):
    """Boxes on each other."""
    parts, y = [], 0.0
    for _ in range(rng.integers(2, 6)):
        half = np.array([rng.uniform(0.5, 1) * wide, rng.uniform(0.08, 0.2), rng.uniform(0.15, 0.28)])
        m = print_of(rng, 0.4) if rng.random() < 0.4 else material(rng, pick(rng, (0.55, 0.4, 0.25), None), 2, 0.3)
        parts.append(block(m, half, (rng.normal() * 0.04, y + half[1], 0), turned(rng.normal() * 0.08)))
        y += 2 * half[1]
    return parts


def motorcycle(rng):
    """A motorcycle or bicycle from the side or half front, in a garage, before a house, in a street."""
    view = rng.uniform(0.45, 1.2)
    far = 2.1 * spread(rng, 0.5, 1.4) / (2 * math.tan(view / 2)) + 0.5
    yaw = pick(rng, 0, math.pi) + rng.normal() * 0.3 if rng.random() < 0.55 else rng.uniform(0, 6.3)
    z = max(far, 1.0 + 1.1 * abs(math.sin(yaw)))
    shot = aimed(rng, pick(rng, rng.uniform(0.35, 0.8), rng.uniform(0.8, 1.7)), rng.uniform(0.4, 0.65), z, view)
    make = cycles.motorcycle if rng.random() < 0.75 else cycles.bicycle
    behind = z + 0.5 + 0.8 * abs(math.sin(yaw)) + spread(rng, 0.3, 3)
    if rng.random() < 0.6:
        scene = indoors(rng, shot)
        garage(rng, scene, behind + 0.3, rng.uniform(1.8, 4) + 0.2 * z)
        for _ in range(rng.integers(0, 5)):
            put(
                scene,
                pick(rng, furniture.crate, gear.bag, furniture.chair, gear.ware)(rng),
                (rng.choice([-1, 1]) * rng.uniform(1.2, 2.2), 0.002, z + rng.normal() * 0.6),
                turned(rng.uniform(0, 6.3)),
            )
    else:
        scene = outdoors(rng, shot)
        road(rng, scene, 0.0, behind - 0.4)
        row_of_houses(rng, scene, behind + rng.uniform(0.2, 5), -behind * 1.6, behind * 1.6)
        street_life(rng, scene, behind, behind * 0.7, rng.integers(0, 4))
    put(scene, make(rng)[0], (rng.normal() * 0.25, 0.002, z), turned(yaw))
    for k in range(rng.integers(0, 3) if rng.random() < 0.35 else 0):
        put(
            scene,
            make(rng)[0],
            (rng.normal() * 0.2 + (k + 1) * rng.choice([-1, 1]) * 1.2 * abs(math.sin(yaw)), 0.002, z + 0.75 * (k + 1)),
            turned(yaw + rng.normal() * 0.05),
        )
    return clear(scene, 0.2)


def harbour(rng):
    """Boats on water, a quay or a far shore behind."""
    view = rng.uniform(0.4, 1.1)
    parts, long = crafts.boat(rng)
    far = long * spread(rng, 0.5, 1.8) / (2 * math.tan(view / 2)) + 1.5
    scene = street_view(rng, far, view, 0.8)
    water = material(rng, pick(rng, WATER, WATER, (0.1, 0.15, 0.18), (0.35, 0.45, 0.45)), 1)
    # Noise alone makes waves.
    water.patterns = tuple(int(rng.integers(0, 3) + 9 * rng.integers(0, 10)) for _ in range(3))
    water.mirror, water.relief, water.gloss = rng.uniform(0.1, 0.5), rng.uniform(0.2, 1.2), 0.6
    scene.floor(0, water)
    z = max(far, long * 0.6 + 1)
    put(scene, parts, (rng.normal() * 0.15 * long, 0, z), turned(rng.uniform(0, 6.3), 0, rng.normal() * 0.03))
    for _ in range(rng.integers(0, 6)):
        other, size = crafts.boat(rng)
        put(
            scene,
            other,
            (rng.uniform(-1, 1) * z * 1.2, 0, z + long * 0.5 + size * 0.7 + rng.uniform(0, 4) * long),
            turned(rng.uniform(0, 6.3)),
        )
    if rng.random() < 0.6:
        shore = z + long * spread(rng, 2, 8)
        scene.mesh(block(material(rng, pick(rng, STONE, SAND, GRASS)), (shore * 3, 1, 30), (0, 0, shore + 30)))
        if rng.random() < 0.6:
            row_of_houses(rng, scene, shore + 4, -shore * 0.9, shore * 0.9, 1.0)
        else:
            for x in np.linspace(-shore, shore, 14):
                put(scene, tree(rng), (x + rng.normal() * 2, 1, shore + rng.uniform(1, 8)))
    return clear(scene)


def airfield(rng):
    """An aeroplane on the ground or in the air."""
    parts, long = crafts.aeroplane(rng)
    view = rng.uniform(0.35, 1.0)
    far = long * spread(rng, 0.6, 2) / (2 * math.tan(view / 2)) + long * 0.3
    if rng.random() < 0.5:
        scene = outdoors(rng, camera(rng, 1.7, rng.uniform(0.1, 0.7), view, 0.15))
        ahead = scene.camera.turn @ np.array([0, 0, 1.0])
        at = scene.camera.position + ahead * far + rng.normal(size=3) * 0.1 * long
        put(scene, parts, at, turned(rng.uniform(0, 6.3), rng.normal() * 0.3, rng.normal() * 0.3))
    else:
        low = -min(part.points[:, 1].min() for part in parts)
        scene = street_view(rng, far, view, low)
        put(scene, parts, (rng.normal() * 0.1 * long, low, max(far, long * 0.75)), turned(rng.uniform(0, 6.3)))
    scene.floor(0, material(rng, pick(rng, GRASS, (0.35, 0.35, 0.36), SAND), spread(rng, 0.2, 1)))
    edge = max(far, long) * rng.uniform(1.6, 4)
    for x in np.linspace(-edge, edge, rng.integers(4, 14)):
        put(scene, tree(rng), (x, 0, edge + rng.uniform(0, 10)))
    if rng.random() < 0.4:
        scene.mesh(block(material(rng), (edge * 0.4, rng.uniform(3, 8), 8), (rng.normal() * edge * 0.3, 0, edge)))
    return clear(scene)


KINDS = {
    "bus_street": (bus_street, 5),
    "car_scene": (car_scene, 6),
    "motorcycle": (motorcycle, 7),
    "harbour": (harbour, 3),
    "airfield": (airfield, 2),
}
