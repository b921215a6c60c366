"""Kinds of scenes of man-made objects and of rooms, all of meshes."""

import math

import numpy as np

from meshed.mesh import sheet, smoothed_path
from meshed.objects import cycles, furniture, gear, wares
from meshed.objects.basics import block, covered, plain, print_of, put, shifted, slab, wooden
from meshed.objects.fronts import clear
from near import aimed
from world import DARK, STONE, WHITE, Camera, indoors, material, pick, spread, turned


def radius_of(parts):
    """Half the width of what parts cover, seen from above, and how high they are."""
    points = np.concatenate([part.points for part in parts])
    return np.abs(points[:, [0, 2]]).max(), points[:, 1].max()


def stacked(rng):
    """A thing on a book, a box, a tray or a board."""
    wide, m = rng.uniform(0.08, 0.22), covered(rng, 0.2, 0.5)
    low = (
        wares.book(rng),
        wares.books(rng),
        wares.carton(rng, rng.uniform(0.08, 0.2)),
        [slab(m, wide, wide * rng.uniform(0.6, 1), rng.uniform(0.008, 0.03), 0.02)],
        [wares.dish(m, wide, 0.02, 0.9)],
    )[rng.integers(5)]
    _, tall = radius_of(low)
    above = gear.ware(rng)
    r, _ = radius_of(above)
    fit = min(1.0, 1.1 * radius_of(low)[0] / r)
    return [
        *low,
        *shifted(
            above, (0, tall * (0.5 if len(low) == 1 and tall == 0.02 else 1.0), 0), turned(rng.uniform(0, 6.3)), fit
        ),
    ]


def in_rows(rng, scene, reach, limit):
    """Things in rows and columns, each in its own cell: a set table, tools laid out, goods."""
    columns, rows = int(rng.integers(2, 7)), int(rng.integers(2, 6))
    cell = 2.2 * reach / max(columns, rows)
    kinds = (
        [gear.ware]
        if rng.random() < 0.5
        else [gear.NAMES[i] for i in rng.integers(0, len(gear.NAMES), rng.integers(1, 4))]
    )
    same, turn, about = rng.random() < 0.5, rng.uniform(0, 6.3), turned(rng.uniform(0, 6.3))
    for i in range(columns):
        for j in range(rows):
            parts = kinds[(i + j) % len(kinds)](rng)
            r, tall = radius_of(parts)
            scale = min(cell * rng.uniform(0.35, 0.5) / r, limit / tall)
            at = about @ np.array([(i - (columns - 1) / 2) * cell, 0, (j - (rows - 1) / 2) * cell])
            put(scene, parts, at, about @ turned(turn if same else rng.uniform(0, 6.3)), scale)


def strewn(rng, scene, count, reach, y=0.0, large=1.0, middle=(0, 0), kinds=None, limit=9.0):
    """Puts things about that do not overlap; none is higher than `limit`. Returns their places and radii."""
    taken = []
    for _ in range(count):
        parts = kinds[rng.integers(len(kinds))](rng) if kinds else (stacked if rng.random() < 0.15 else gear.ware)(rng)
        r, tall = radius_of(parts)
        scale = min(large * spread(rng, 0.8, 1.3), limit / tall)
        r, tall = r * scale, tall * scale
        for _ in range(6):
            at = np.asarray(middle) + rng.uniform(-1, 1, 2) * reach
            if all(math.hypot(*(at - other[:2])) > (r + other[2]) * 0.72 for other in taken):
                taken.append((*at, r))
                put(scene, parts, (at[0], y, at[1]), turned(rng.uniform(0, 6.3)), scale)
                break
    return taken


def top_of(rng, size):
    """A table's surface: wood, cloth, paper, stone, tiles."""
    k = rng.random()
    if k < 0.3:
        return wooden(rng, size * rng.uniform(0.2, 1.5))
    if k < 0.65:
        return print_of(rng, size * spread(rng, 0.1, 1))
    return material(rng, pick(rng, WHITE, DARK, STONE, None, None), 3 / size, rng.random())


def spot(rng, scene, place, bright=1.0, soft=0.25, radius=1.0):
    """A lamp that throws strong shadows."""
    colour = np.array([1, rng.uniform(0.85, 1), rng.uniform(0.65, 1.05)]) * rng.uniform(0.6, 1.4) * bright
    scene.lights.append([1, *place, *colour, radius, rng.uniform(0, soft), rng.uniform(0, 0.2)])


def from_above(rng):
    """A table or floor that fills the frame, seen from straight or steeply above, with few or many things on it."""
    drop, view = spread(rng, 0.25, 1.6), rng.uniform(0.35, 1.2)
    pitch = -math.pi / 2 + abs(rng.normal()) * 0.12 if rng.random() < 0.65 else -rng.uniform(0.85, 1.4)
    away = drop / math.tan(-pitch)
    reach = drop * math.tan(view / 2)
    roll = rng.uniform(0, 6.3) if rng.random() < 0.4 else rng.normal() * 0.15
    turn = turned(rng.uniform(0, 6.3)) @ turned(0, -pitch, roll)
    ahead = turn @ np.array([0, 0, 1.0])
    shot = Camera(ahead * drop / ahead[1], turn, view)
    scene = indoors(rng, shot)
    scene.above, scene.below, scene.defocus = scene.above * rng.uniform(0.4, 1.2), scene.below * 0.7, 0.15
    scene.reach = spread(rng, 0.05, 0.5)
    wide = 6 * (reach + away + drop)
    scene.mesh(block(top_of(rng, reach), (wide, 0.02, wide), (0, -0.02, 0), turned(rng.uniform(0, 6.3))))
    rise, around, far = rng.uniform(0.3, 1.3), rng.uniform(0, 6.3), rng.uniform(1, 4) * max(reach, 0.4)
    spot(
        rng,
        scene,
        (far * math.cos(rise) * math.cos(around), far * math.sin(rise) + 0.1, far * math.cos(rise) * math.sin(around)),
        radius=far * 1.2,
    )
    if rng.random() < 0.35:
        put(
            scene,
            gear.cloth(rng, reach * rng.uniform(0.6, 1.6)),
            (rng.normal() * 0.4 * reach, 0, rng.normal() * 0.4 * reach),
            turned(rng.uniform(0, 6.3)),
        )
    k = rng.random()
    if k < 0.2:
        count, large = 1, reach * rng.uniform(2, 5)
    elif k < 0.6:
        count, large = int(rng.integers(2, 9)), reach * rng.uniform(1.2, 3)
    else:
        count, large = int(rng.integers(9, 30)), reach * rng.uniform(0.8, 1.8)
    large = min(large, 0.55 * drop / 0.3, 2.0)
    if rng.random() < 0.15:
        in_rows(rng, scene, reach, 0.6 * drop)
        return scene
    kinds = (
        [gear.NAMES[i] for i in rng.integers(0, len(gear.NAMES), rng.integers(1, 4))] if rng.random() < 0.3 else None
    )
    strewn(
        rng,
        scene,
        count,
        reach * (0.35 if count == 1 else rng.uniform(0.7, 1.2)),
        0.0,
        large,
        kinds=kinds,
        limit=0.6 * drop,
    )
    return scene


def backdrop_room(rng, scene, far, wide=None):
    """Walls behind a table: a wall at `far`, pictures, furniture, a window, a curtain."""
    wide, tall = wide or rng.uniform(1.5, 3.5), rng.uniform(2.3, 3)
    scene.room(
        (0, tall / 2, far / 2 - 1.5),
        (wide, tall / 2, far / 2 + 1.5),
        material(rng, hue_of_wall(rng), amount=rng.random() * 0.5) if rng.random() < 0.7 else print_of(rng, 0.4),
    )
    scene.floor(0.002, wooden(rng) if rng.random() < 0.5 else material(rng))
    for _ in range(rng.integers(0, 4)):
        put(scene, furniture.picture(rng), (rng.uniform(-0.9, 0.9) * wide, rng.uniform(1, 1.9), far - 0.02))
    if rng.random() < 0.4:
        put(scene, furniture.window(rng), (rng.uniform(-0.7, 0.7) * wide, 1.4, far - 0.01))
    if rng.random() < 0.4:
        put(scene, furniture.curtain(rng, tall=tall), (rng.uniform(-0.9, 0.9) * wide, 0, far - 0.1))
    for _ in range(rng.integers(0, 4)):
        piece = pick(
            rng, furniture.cupboard, furniture.rack, furniture.armchair, furniture.pot_plant, furniture.floor_lamp
        )(rng)
        deep = max(np.abs(part.points[:, 2]).max() for part in piece)
        put(scene, piece, (rng.uniform(-0.9, 0.9) * wide, 0, far - deep - 0.02))
    scene.lamp(rng, (rng.uniform(-0.7, 0.7) * wide, tall * 0.9, rng.uniform(-0.5, far * 0.8)), rng.uniform(1, 3))


def hue_of_wall(rng):
    """A colour of a room's walls, None for any."""
    return pick(rng, WHITE, (0.75, 0.7, 0.6), (0.6, 0.68, 0.7), (0.5, 0.25, 0.2), (0.2, 0.28, 0.3), None)


def table_top(rng):
    """A table with things on it at the height of somebody who sits or stands, and a room behind."""
    top, drop, view = rng.uniform(0.4, 0.8), spread(rng, 0.12, 0.8), rng.uniform(0.4, 1.1)
    away = spread(rng, 0.45, 1.6)
    scene = indoors(rng, aimed(rng, top + drop, top + rng.uniform(-0.05, 0.15), away, view))
    scene.defocus = 0.4
    backdrop_room(rng, scene, away + spread(rng, 0.6, 4))
    parts, tall, (a, b) = furniture.table(rng, top)
    turn = turned(rng.normal() * 0.3)
    middle = (rng.normal() * 0.1, away + b * rng.uniform(-0.3, 0.5))
    put(scene, parts, (middle[0], 0, middle[1]), turn)
    strewn(rng, scene, rng.integers(4, 18), np.array([a, b]) * 0.8, tall + 0.001, rng.uniform(0.9, 1.7), middle)
    if rng.random() < 0.5:
        put(
            scene,
            furniture.chair(rng),
            (middle[0] + rng.normal() * a * 0.5, 0, middle[1] + b + 0.3),
            turned(rng.normal() * 0.5),
        )
    spot(rng, scene, (rng.normal(), top + rng.uniform(0.6, 1.5), away + rng.normal() * 0.5), 0.7, radius=1.0)
    return clear(scene, 0.12)


def product(rng):
    """One thing, or a few alike, before a sheet of paper that bends up behind it."""
    make = pick(rng, *gear.NAMES, furniture.chair, furniture.pot_plant, furniture.armchair, cycles.toy_sized)
    parts = make(rng)
    r, tall = radius_of(parts)
    # Small and large things are made the same size: a large one is then a model of itself.
    grown = spread(rng, 0.12, 0.5) / max(r, tall / 2)
    parts, r, tall = shifted(parts, scale=grown), r * grown, tall * grown
    view, size = rng.uniform(0.25, 0.8), max(r, tall / 2)
    away = size / math.tan(view / 2) * spread(rng, 0.7, 1.7) + size
    pitch = rng.uniform(0.02, 0.75) + 0.35 * (tall < 0.5 * r)
    height = tall * 0.45 + away * math.sin(pitch)
    scene = indoors(rng, aimed(rng, height, tall * 0.45, away * math.cos(pitch), view))
    scene.defocus, z = 0.3, away * math.cos(pitch)
    scene.above, scene.below = scene.above * 1.3, scene.below * 1.3
    sweep_ = (
        top_of(rng, size * 3)
        if rng.random() < 0.4
        else pick(rng, plain(rng), material(rng, pick(rng, WHITE, WHITE, DARK, None), 1, 0.1))
    )
    back, wide, bend = z + size * rng.uniform(1.2, 6), 14 * away, size * rng.uniform(0.1, 2)
    profile = smoothed_path(
        [
            (0, 0, -away),
            (0, 0, back - bend),
            (0, bend * 0.3, back),
            (0, bend * 2, back + 0.2 * bend),
            (0, 8 * away, back + 0.3 * bend),
        ],
        40,
    )
    profile[:, 1] = np.maximum(profile[:, 1], 0) - 0.0005
    for k in range(1 if rng.random() < 0.7 else rng.integers(2, 6)):
        x = 0 if k == 0 else rng.normal() * size * 2.5
        put(
            scene,
            parts if k == 0 or rng.random() < 0.5 else shifted(make(rng), scale=grown),
            (x, 0, z + (k > 0) * rng.uniform(0, 2.5) * size),
            turned(rng.uniform(0, 6.3)),
        )
    spot(
        rng,
        scene,
        (rng.normal() * away, tall + away * rng.uniform(0.4, 1.2), z - away * rng.uniform(0, 1)),
        0.9,
        0.4,
        away,
    )
    clear(scene, 0.1)
    scene.mesh(sheet(np.stack([profile + [x, 0, 0] for x in (-wide, wide)], 1)[:, ::-1], sweep_))
    return scene


def cup_close(rng):
    """A cup, pot, bowl, plate or bottle close by, others behind it, on a table or a cloth."""
    far, view, tall = rng.uniform(0.2, 0.5), rng.uniform(0.35, 0.9), rng.uniform(0.03, 0.1)
    drop = far * math.tan(rng.uniform(0.08, 1.0))
    scene = indoors(rng, aimed(rng, 0.75 + drop, 0.75 + tall * 0.7, far, view))
    scene.defocus, wall = 0.55, far + spread(rng, 0.3, 3)
    backdrop_room(rng, scene, wall)
    edge = wall - 0.02 if rng.random() < 0.5 else min(far + rng.uniform(0.2, 0.8), wall - 0.02)
    scene.mesh(block(top_of(rng, 0.4), (1.5, 0.02, (edge + 0.6) / 2), (0, 0.73, (edge - 0.6) / 2), turned(0)))
    kinds = (
        wares.cup,
        wares.cup,
        wares.cup,
        wares.bowl,
        wares.teapot,
        wares.plate,
        wares.bottle,
        wares.vase,
        wares.can,
    )
    parts = shifted(kinds[rng.integers(7)](rng), turn=turned(rng.uniform(0, 6.3)))
    at = (rng.normal() * 0.12 * far, far + 0.02)
    put(scene, parts, (at[0], 0.751, at[1]))
    r, _ = radius_of(parts)
    for _ in range(rng.integers(0, 8)):
        turn, away = rng.uniform(-0.6, 3.7), r + rng.uniform(0.07, 0.45)
        other = (kinds[rng.integers(len(kinds))] if rng.random() < 0.6 else gear.ware)(rng)
        z = at[1] + away * math.sin(turn)
        if z < edge - 0.1 and radius_of(other)[0] < away:
            put(
                scene,
                other,
                (at[0] + away * math.cos(turn), 0.751, z),
                turned(rng.uniform(0, 6.3)),
                rng.uniform(0.8, 1),
            )
    spot(rng, scene, (rng.normal() * 0.6, 0.75 + rng.uniform(0.3, 1), far + rng.normal() * 0.3), 0.6, radius=0.7)
    return clear(scene, 0.1)


def wooden_blocks(rng):
    """Prisms, wedges, cubes, arches that lie or stand on each other, from usual heights or from above."""
    far, view = rng.uniform(0.35, 0.9), rng.uniform(0.4, 1.0)
    pitch, reach = rng.uniform(0.1, 1.3), far * math.tan(view / 2)
    scene = indoors(rng, aimed(rng, far * math.sin(pitch) + 0.02, 0.02, far * math.cos(pitch), view))
    z = far * math.cos(pitch)
    scene.mesh(block(top_of(rng, reach), (6, 0.02, 6), (0, -0.02, 0)))
    wall = z + spread(rng, 0.3, 3)
    scene.mesh(block(material(rng), (8, 4, 0.1), (0, 2, wall + 0.1), turned(rng.normal() * 0.1)))
    taken = strewn(
        rng, scene, rng.integers(2, 16), reach * 0.9, 0.0, reach * rng.uniform(1.5, 4), (0, z), (wares.wood_block,)
    )
    for x, at, r in taken:
        if rng.random() < 0.25:
            cube = [block(plain(rng), (r * 0.5, r * 0.4, r * 0.5), (0, r * 0.4, 0))]
            put(
                scene,
                cube + (shifted(wares.wood_block(rng), (0, r * 0.8, 0)) if rng.random() < 0.6 else []),
                (x + 2.2 * r, 0, at),
                turned(rng.uniform(0, 6.3)),
            )
    spot(rng, scene, (rng.normal() * 0.6, rng.uniform(0.4, 1.2), z + rng.normal() * 0.4), 1.0, radius=0.9)
    return clear(scene, 0.12)


KINDS = {
    "from_above": (from_above, 12),
    "table_top": (table_top, 7),
    "product": (product, 6),
    "cup_close": (cup_close, 6),
    "wooden_blocks": (wooden_blocks, 5),
}
