"""Kinds of scenes that are almost flat, or close: walls, house fronts, floors with toys, parts of machines."""

import math

import numpy as np

from meshed.objects import cycles, fronts, furniture, gear, machines, trinkets, wares
from meshed.objects.basics import block, plain, print_of, put, shifted, wooden
from meshed.objects.fronts import blocks, clear, spots
from near import aimed
from world import DARK, STONE, camera, indoors, material, outdoors, pick, spread, turned


def panels(rng, m, wide, tall):
    """A wall's own relief: boards, tiles, bricks or panels that stand a little before it."""
    k, parts = rng.random(), []
    if k < 0.35:
        step = spread(rng, 0.08, 0.3)
        x = np.arange(-wide, wide, step)
        out = rng.uniform(0, 0.02, len(x))
        parts.append(
            blocks(m, np.column_stack([x, 0 * x + tall / 2, -out]), np.tile([step * 0.48, tall / 2, 0.02], (len(x), 1)))
        )
    elif k < 0.7:
        a, b = spread(rng, 0.1, 0.5), spread(rng, 0.06, 0.3)
        x, y = np.meshgrid(np.arange(-wide, wide, a), np.arange(0, tall, b))
        x = x + (np.arange(len(x)) % 2)[:, None] * a * 0.5 * (rng.random() < 0.7)
        x, y = x.ravel()[:2500], y.ravel()[:2500]
        parts.append(
            blocks(
                m,
                np.column_stack([x, y, -rng.uniform(0, 0.012, len(x))]),
                np.tile([a * 0.47, b * 0.46, 0.015], (len(x), 1)),
            )
        )
    else:
        x = np.linspace(-wide, wide, rng.integers(3, 9))
        half = (x[1] - x[0]) / 2 * 0.8
        for y, h in ((tall * 0.17, tall * 0.13), (tall * 0.65, tall * 0.28)):
            parts.append(blocks(m, np.column_stack([x, 0 * x + y, 0 * x]), np.tile([half, h, 0.02], (len(x), 1))))
    return parts


def on_wall(rng):
    """Something that hangs on a wall around the origin, seen from -z."""
    k = rng.random()
    if k < 0.4:
        return furniture.picture(rng)
    if k < 0.5:
        return furniture.window(rng, rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.7))
    if k < 0.6:
        return furniture.pegboard(rng, rng.uniform(0.3, 0.7))
    if k < 0.7:
        return shifted(gear.clock(rng), (0, -0.1, -0.02))
    if k < 0.8:
        return shifted(gear.hat(rng), (0, 0, 0), turned(0, -math.pi / 2))
    if k < 0.88:
        return shifted(trinkets.guitar(rng), (0, 0, -0.005), turned(0, -math.pi / 2))
    if k < 0.94:
        coat = shifted(furniture.curtain(rng, rng.uniform(0.15, 0.3), rng.uniform(0.6, 1.1)), (0, -0.8, -0.06))
        return [*coat, block(wooden(rng), (0.35, 0.04, 0.015), (0, 0.25, -0.015))]
    return shifted(furniture.rack(rng, rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.6)), (0, -0.2, -0.15))


def wall_close(rng):
    """A wall seen from the front or aslant that fills most of the frame, with things on it and before it."""
    far, view, yaw = spread(rng, 1.1, 4), rng.uniform(0.5, 1.2), rng.normal() * 0.3
    yaw = float(np.clip(yaw, -0.8, 0.8))
    height = rng.uniform(1.1, 1.7)
    scene = indoors(rng, camera(rng, height, rng.normal() * 0.08, view, 0.06))
    reach = far * math.tan(view / 2)
    m = fronts.wall_of(rng) if rng.random() < 0.6 else print_of(rng, rng.uniform(0.1, 0.6))
    parts = [block(m, (9, 4, 0.05), (0, 2, 0.05))]
    if rng.random() < 0.4:
        parts += panels(rng, plain(rng) if rng.random() < 0.4 else m, 1 + 2 * reach, rng.uniform(2.4, 3.2))
    places = []
    for _ in range(rng.integers(4, 14)):
        x, y = rng.uniform(-1.1, 1.1) * reach, height + rng.uniform(-0.9, 0.9) * reach
        thing = on_wall(rng)
        points = np.concatenate([part.points for part in thing])
        r = np.abs(points[:, :2]).max()
        if y > r * 0.5 and all(max(abs(x - a), abs(y - b)) > (r + c) * 0.8 for a, b, c in places):
            places.append((x, y, r))
            parts += shifted(thing, (x, y, -0.03))
    if rng.random() < 0.5:
        made = pick(
            rng,
            furniture.cupboard,
            furniture.chair,
            furniture.pot_plant,
            furniture.floor_lamp,
            furniture.armchair,
            gear.bag,
        )(rng)
        parts += shifted(made, (rng.uniform(-0.8, 0.8) * reach, 0, -0.5))
    put(scene, parts, (0, 0, far), turned(yaw))
    scene.floor(0, material(rng))
    scene.lamp(rng, (rng.uniform(-1, 1) * (1 + reach), height + rng.uniform(0.2, 1.3), far * rng.uniform(0, 0.7)), 2.0)
    return clear(scene, 0.15)


def facade(rng):
    """A house front that fills the frame, seen from across the street, aslant or upwards."""
    far, view = spread(rng, 5, 30), rng.uniform(0.4, 1.1)
    scene = outdoors(rng, camera(rng, rng.uniform(1, 3), rng.uniform(-0.05, 0.5), view, 0.05, rng.normal() * 0.1))
    yaw = float(np.clip(rng.normal() * 0.35, -0.7, 0.7))
    wide = 1.2 * far + 8
    scene.floor(0, material(rng, STONE))
    fronts.row_of_houses(rng, scene, far, -wide, wide, yaw=yaw)
    if far > 8:
        fronts.street_life(rng, scene, far * 0.5, far * 0.4, rng.integers(0, 6), 0)
    return clear(scene)


def floor_play(rng):
    """Things on the floor of a room from the height of somebody who stands or kneels."""
    height, far, view = rng.uniform(0.5, 1.7), rng.uniform(0.7, 2.2), rng.uniform(0.5, 1.1)
    scene = indoors(rng, aimed(rng, height, 0.1, far, view))
    scene.room((0, 1.3, 0.5), (rng.uniform(1.5, 3), 1.3, far + rng.uniform(0.5, 2.5)), material(rng))
    scene.floor(0.001, wooden(rng) if rng.random() < 0.5 else material(rng))
    if rng.random() < 0.6:
        put(
            scene,
            furniture.rug(rng, rng.uniform(0.5, 1.2), rng.uniform(0.4, 1)),
            (rng.normal() * 0.3, 0.002, far),
            turned(rng.uniform(0, 6.3)),
        )
    kinds = (
        trinkets.toy,
        gear.shoes,
        gear.bag,
        wares.books,
        wares.carton,
        gear.cloth,
        wares.tin_ball,
        wares.wood_block,
        trinkets.guitar,
        trinkets.basket,
        gear.cushion,
        furniture.crate,
        gear.crumpled,
        cycles.toy_sized,
        gear.ware,
    )
    taken = []
    for _ in range(rng.integers(4, 20)):
        parts = kinds[rng.integers(len(kinds))](rng)
        points = np.concatenate([part.points for part in parts])
        r = np.abs(points[:, [0, 2]]).max()
        at = np.array([rng.uniform(-1, 1) * (0.3 + 0.5 * far), far + rng.uniform(-0.6, 0.8)])
        if all(math.hypot(at[0] - a, at[1] - b) > (r + c) * 0.75 for a, b, c in taken):
            taken.append((*at, r))
            put(scene, parts, (at[0], 0.018, at[1]), turned(rng.uniform(0, 6.3)), rng.uniform(0.9, 1.6))
    if rng.random() < 0.5:
        put(
            scene,
            pick(rng, furniture.armchair, furniture.chair, furniture.bed)(rng),
            (rng.choice([-1, 1]) * rng.uniform(0.6, 1.3), 0, far + rng.uniform(0.6, 1.4)),
            turned(rng.normal() * 0.5),
        )
    scene.lamp(rng, (rng.normal(), rng.uniform(1.3, 2.4), far + rng.normal()), 1.6)
    return clear(scene, 0.15)


def machine_close(rng):
    """A part of a motorcycle, bicycle, car or lorry from near: an engine, a wheel, a lamp, a handlebar, a door."""
    k, view = rng.random(), rng.uniform(0.45, 1.1)
    make = cycles.motorcycle if k < 0.55 else cycles.bicycle if k < 0.65 else machines.car if k < 0.9 else machines.bus
    parts = make(rng)[0]
    points = np.concatenate([spots(part) for part in parts])
    turn = turned(rng.uniform(0, 6.3))
    aim = turn @ points[rng.integers(len(points))]
    aim[1] = np.clip(aim[1], 0.2, 2.0)
    # The place of the eye is kept out of the machine: this side of its nearest point.
    far = rng.uniform(0.5, 1.4)
    seen = (points @ turn.T)[:, 2]
    near = np.abs((points @ turn.T)[:, 0] - aim[0]) < far * math.tan(view / 2)
    front = seen[near].min() if near.any() else seen.min()
    z = far - front
    scene = (indoors if rng.random() < 0.5 else outdoors)(
        rng, aimed(rng, aim[1] + rng.uniform(-0.1, 0.6), aim[1], far, view)
    )
    scene.defocus = 0.35
    scene.floor(0, material(rng, pick(rng, STONE, DARK, None)))
    back = z + points[:, [0, 2]].max() + spread(rng, 0.3, 4)
    k = rng.random()
    if k < 0.5:
        fronts.row_of_houses(rng, scene, back, -back * 1.5, back * 1.5)
    else:
        scene.mesh(block(print_of(rng, 0.8) if k < 0.65 else material(rng), (14, 5, 0.1), (0, 4, back + 0.1)))
        for _ in range(rng.integers(1, 6)):
            made = pick(
                rng, furniture.cupboard, furniture.crate, furniture.rack, gear.bag, furniture.chair, fronts.post
            )(rng)
            deep = max(part.points[:, 2].max() for part in made)
            put(scene, made, (rng.uniform(-1, 1) * back * 0.6, 0.002, back - deep))
    put(scene, parts, (-aim[0], 0.002, z), turn)
    scene.lamp(rng, (rng.normal(), aim[1] + rng.uniform(0.5, 1.5), z - rng.uniform(0.3, 1.5)), 1.5)
    return clear(scene, 0.12)


KINDS = {
    "wall_close": (wall_close, 3),
    "facade": (facade, 3),
    "floor_play": (floor_play, 4),
    "machine_close": (machine_close, 4),
}
