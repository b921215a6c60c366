"""Kinds of scenes indoors, of meshes: living rooms, kitchens, bedrooms, workshops."""

import math

import numpy as np

from meshed import mesh
from meshed.mesh import ball
from meshed.objects import furniture, gear, streets, trinkets, wares
from meshed.objects.basics import block, chrome, plain, print_of, put, rods, shifted, soft, wooden
from meshed.objects.fronts import clear
from near import aimed
from world import DARK, METAL, STONE, WHITE, camera, indoors, material, pick, turned

SIDES = {"back": 0.0, "left": -math.pi / 2, "right": math.pi / 2}


def extent(parts):
    """The lowest and the highest coordinates of parts."""
    points = np.concatenate([part.points for part in parts])
    return points.min(0), points.max(0)


class Room:
    """A closed room whose camera stands near z = 0; furniture is put along its walls, none in the way of another."""

    def __init__(self, rng, height=None):
        self.rng, self.wide, self.long, self.tall = (
            rng,
            rng.uniform(1.5, 3.4),
            rng.uniform(2.2, 5),
            rng.uniform(2.3, 3.2),
        )
        height = height or pick(rng, rng.uniform(0.9, 1.7), rng.uniform(0.5, 1.2), rng.uniform(1.7, 2.1))
        x, pitch = rng.normal() * 0.3 * self.wide, -(height - 0.8) * 0.22 + rng.normal() * 0.1
        shot = camera(
            rng, height, pitch, rng.uniform(0.6, 1.4), 0.03, rng.normal() * 0.25 - 0.3 * x / self.wide, x, 0.0
        )
        scene = self.scene = indoors(rng, shot)
        colour = pick(rng, WHITE, (0.75, 0.7, 0.6), (0.55, 0.62, 0.66), (0.5, 0.25, 0.2), (0.2, 0.28, 0.3), None)
        wall = print_of(rng, 0.5) if rng.random() < 0.2 else material(rng, colour, amount=rng.random() * 0.5)
        back = rng.uniform(0.6, 2)
        scene.room((0, self.tall / 2, (self.long - back) / 2), (self.wide, self.tall / 2, (self.long + back) / 2), wall)
        scene.floor(
            0.001, wooden(rng, rng.uniform(0.5, 2)) if rng.random() < 0.5 else material(rng, amount=rng.random())
        )
        scene.floor(self.tall - 0.002, material(rng, WHITE, amount=0.1))
        skirting = plain(rng, pick(rng, WHITE, DARK, (0.4, 0.25, 0.15)))
        if rng.random() < 0.6:
            scene.mesh(block(skirting, (self.wide, 0.05, 0.012), (0, 0.05, self.long)))
            for s in (-1, 1):
                scene.mesh(block(skirting, (0.012, 0.05, self.long), (s * self.wide, 0.05, 0)))
        for k in range(rng.integers(1, 3)):
            up = self.tall * (0.92 if k == 0 else rng.uniform(0.4, 0.9))
            scene.lamp(
                rng, (rng.uniform(-0.7, 0.7) * self.wide, up, rng.uniform(-0.1, 0.9) * self.long), rng.uniform(0.9, 3)
            )
        scene.defocus = 0.1
        self.used = {side: [] for side in SIDES}

    def spot(self, side, wide):
        """Where along a wall there is room for something `wide` from its middle on, or None."""
        reach, first = (self.wide, -self.wide) if side == "back" else (self.long, 0.9)
        for _ in range(5):
            at = self.rng.uniform(first + wide, max(reach - wide, first + wide + 0.01))
            if all(abs(at - other) > wide + half for other, half in self.used[side]):
                self.used[side].append((at, wide))
                return at
        return None

    def against(self, parts, side=None, gap=0.02):
        """Puts furniture with its back to a wall, if there is room."""
        side = side or pick(self.rng, "back", "back", "left", "right")
        low, high = extent(parts)
        at = self.spot(side, (high[0] - low[0]) / 2)
        if at is not None:
            parts, deep = shifted(parts, (-(low[0] + high[0]) / 2, 0, 0)), high[2] + gap
            self.place(parts, side, at, deep, 0.0)

    def place(self, parts, side, at, deep, y):
        """Puts parts at a wall: `at` along it, `deep` from it, `y` high."""
        place = {
            "back": (at, y, self.long - deep),
            "left": (-self.wide + deep, y, at),
            "right": (self.wide - deep, y, at),
        }[side]
        put(self.scene, parts, place, turned(SIDES[side]))

    def hang(self, parts, side=None, y=1.5):
        """Hangs a flat thing on a wall."""
        side = side or pick(self.rng, "back", "back", "left", "right")
        at = self.rng.uniform(-0.85, 0.85) * self.wide if side == "back" else self.rng.uniform(0.8, self.long)
        self.place(parts, side, at, 0.02, y)

    def dress(self):
        """Pictures, windows with curtains, a door."""
        rng = self.rng
        for _ in range(rng.integers(1, 6)):
            self.hang(furniture.picture(rng), y=rng.uniform(1.2, 1.9))
        for _ in range(rng.integers(0, 3)):
            pane = furniture.window(rng, rng.uniform(0.4, 0.9), rng.uniform(0.45, 0.8))
            if rng.random() < 0.6:
                for s in (-1, 1):
                    pane += shifted(furniture.curtain(rng, 0.3, 2.1), (s * 0.95, -1.45, -0.1))
            self.hang(pane, pick(rng, "back", "left", "right"), 1.45)
        if rng.random() < 0.35:
            self.hang(door(rng), y=0.0)

    def on(self, top, half, middle, count, turn=0.0):
        """Things on a table, none in another."""
        rng, taken, about = self.rng, [], turned(turn)
        for _ in range(count):
            parts = gear.ware(rng)
            low, high = extent(parts)
            r = max(high[0] - low[0], high[2] - low[2]) / 2
            for _ in range(4):
                at = about @ np.array([rng.uniform(-1, 1) * half[0], 0, rng.uniform(-1, 1) * half[1]])
                if all(math.hypot(at[0] - a, at[2] - b) > (r + c) * 0.75 for a, b, c in taken):
                    taken.append((at[0], at[2], r))
                    put(self.scene, parts, at + [middle[0], top + 0.001, middle[1]], turned(rng.uniform(0, 6.3)))
                    break

    def inside(self, x, z):
        """The place moved so that it is within the room."""
        return float(np.clip(x, -self.wide + 0.5, self.wide - 0.5)), float(np.clip(z, 0.8, max(self.long - 0.6, 0.9)))


def door(rng):
    """A closed door in its frame."""
    leaf, frame = plain(rng, pick(rng, WHITE, (0.45, 0.3, 0.18), None)), plain(rng, WHITE)
    parts = [
        block(leaf, (0.42, 1.0, 0.03), (0, 1.0, 0)),
        block(frame, (0.5, 0.06, 0.05), (0, 2.05, 0)),
        ball(plain(rng, METAL), 8, 12, 0.03).moved((0.34, 1.0, -0.06)),
    ]
    parts += [block(frame, (0.05, 1.02, 0.05), (s * 0.46, 1.02, 0)) for s in (-1, 1)]
    return parts + [block(leaf, (0.3, 0.35, 0.012), (0, y, -0.03)) for y in (0.5, 1.45)]


def living_room(rng):
    """Sofas, chairs, tables, plants, curtains, pictures."""
    room = Room(rng)
    scene = room.scene
    room.dress()
    middle = room.inside(rng.normal() * 0.4, room.long * rng.uniform(0.4, 0.7))
    if rng.random() < 0.85:
        room.against(furniture.armchair(rng, rng.uniform(0.5, 1.1)), gap=rng.uniform(0.02, 0.3))
    if rng.random() < 0.65:
        put(
            scene,
            furniture.rug(rng, rng.uniform(0.6, 1.6), rng.uniform(0.5, 1.2)),
            (middle[0], 0.002, middle[1]),
            turned(rng.normal() * 0.1),
        )
    parts, tall, half = furniture.table(rng, pick(rng, rng.uniform(0.35, 0.5), rng.uniform(0.68, 0.78)))
    turn = pick(rng, 0, 0, rng.normal() * 0.3)
    put(scene, parts, (middle[0], 0.015, middle[1]), turned(turn))
    room.on(tall + 0.015, (half[0] * 0.8, half[1] * 0.8), middle, rng.integers(0, 8), turn)
    for side in range(rng.integers(1, 5) if tall > 0.6 else 0):
        around = turn + side * math.pi / 2
        out = turned(around) @ np.array([0, 0, (half[1] if side % 2 == 0 else half[0]) + rng.uniform(0.1, 0.4)])
        put(
            scene,
            furniture.chair(rng),
            (middle[0] + out[0], 0.002, middle[1] + out[2]),
            turned(around + rng.normal() * 0.2),
        )
    kinds = (
        furniture.armchair,
        furniture.cupboard,
        furniture.cupboard,
        furniture.rack,
        furniture.pot_plant,
        furniture.pot_plant,
    )
    kinds += (furniture.floor_lamp, furniture.chair, side_table, television_set)
    for _ in range(rng.integers(2, 7)):
        room.against(kinds[rng.integers(len(kinds))](rng), gap=rng.uniform(0.02, 0.15))
    if rng.random() < 0.3:
        made = pick(rng, furniture.armchair, furniture.chair, furniture.pot_plant, furniture.floor_lamp)(rng)
        put(
            scene,
            made,
            (rng.choice([-1, 1]) * rng.uniform(0.3, 0.9), 0.002, rng.uniform(0.9, 1.6)),
            turned(rng.uniform(0, 6.3)),
        )
    return clear(scene, 0.15)


def side_table(rng):
    """A chest with a lamp, books, a vase or frames on it."""
    wide, tall = rng.uniform(0.25, 0.7), rng.uniform(0.45, 1.0)
    parts = furniture.cupboard(rng, wide, tall)
    for x in np.arange(-wide * 0.7, wide * 0.8, rng.uniform(0.2, 0.4)):
        made = pick(
            rng,
            gear.table_lamp,
            wares.vase,
            wares.books,
            gear.clock,
            trinkets.radio,
            wares.bottle,
            gear.ware,
            wares.carton,
        )
        parts += shifted(made(rng), (x, tall + 0.002, rng.normal() * 0.03), turned(rng.normal() * 0.4))
    return parts


def television_set(rng):
    """A television on a chest."""
    tall = rng.uniform(0.35, 0.6)
    return furniture.cupboard(rng, rng.uniform(0.5, 0.8), tall) + shifted(furniture.television(rng), (0, tall, 0))


def stove(rng, half, tall, deep):
    front, black = plain(rng, pick(rng, WHITE, METAL, DARK)), plain(rng, (0.03, 0.03, 0.03), 0.8)
    parts = [
        block(front, (half, tall / 2, deep), (0, tall / 2, 0)),
        block(black, (half * 0.8, 0.2, 0.01), (0, 0.4, -deep)),
    ]
    parts.append(block(plain(rng, METAL), (half * 0.8, 0.012, 0.025), (0, 0.66, -deep - 0.03)))
    ring = mesh.lathe([(0.1, 0), (0.1, 0.012), (1e-4, 0.012)], black, 24)
    return parts + [ring.moved((a * half, tall + 0.034, b * 0.14)) for a in (-0.45, 0.45) for b in (-1, 1)]


def units(rng, wide):
    """A row of kitchen units with a top, things on it, and cupboards above, around x = 0, its back at z = 0.3."""
    tall, deep, x, parts = rng.uniform(0.82, 0.92), 0.3, -wide, []
    while x < wide - 0.2:
        half = min(rng.uniform(0.22, 0.45), (wide - x) / 2 + 0.01)
        unit = stove(rng, half, tall, deep) if rng.random() < 0.2 else furniture.cupboard(rng, half, tall, deep)
        parts += shifted(unit, (x + half, 0, 0))
        x += 2 * half
    top = material(rng, pick(rng, STONE, WHITE, DARK, (0.5, 0.35, 0.2)), 5)
    parts.append(block(top, (wide + 0.02, 0.018, deep + 0.03), (0, tall + 0.018, -0.01)))
    kinds = (
        gear.ware,
        wares.bottle,
        wares.can,
        wares.teapot,
        wares.carton,
        wares.bowl,
        wares.vase,
        wares.cup,
        trinkets.basket,
        pan,
    )
    x = -wide + 0.15
    while x < wide - 0.1:
        parts += shifted(
            kinds[rng.integers(len(kinds))](rng),
            (x, tall + 0.038, rng.uniform(-0.18, 0.1)),
            turned(rng.uniform(0, 6.3)),
        )
        x += rng.uniform(0.12, 0.6)
    if rng.random() < 0.6:
        steel, at, u = chrome(rng), rng.uniform(-0.6, 0.6) * wide, np.linspace(0, math.pi, 14)
        spout = np.column_stack([0 * u, tall + 0.25 + 0.1 * np.sin(u), 0.1 * np.cos(u) + 0.05])
        parts.append(mesh.sweep(np.concatenate([[[0, tall, 0.15]], spout]), 0.014, steel, 8).moved((at, 0, 0)))
        parts.append(block(plain(rng, (0.15, 0.15, 0.16)), (0.22, 0.003, 0.16), (at, tall + 0.037, -0.06)))
    x, y = -wide, rng.uniform(1.35, 1.5)
    while x < wide - 0.2 and rng.random() < 0.93:
        half = min(rng.uniform(0.2, 0.45), (wide - x) / 2 + 0.01)
        if rng.random() < 0.75:
            parts += shifted(furniture.cupboard(rng, half, rng.uniform(0.55, 0.8), 0.16), (x + half, y, 0.14))
        x += 2 * half
    return parts


def pan(rng):
    r, tall, m = rng.uniform(0.08, 0.14), rng.uniform(0.04, 0.16), pick(rng, chrome, plain)(rng)
    profile = [
        (1e-4, 0),
        (r * 0.95, 0),
        (r, 0.01),
        (r, tall),
        (r * 0.97, tall),
        (r * 0.95, tall * 0.4),
        (1e-4, tall * 0.35),
    ]
    grip = rods([[r * 0.95, tall * 0.85, 0]], [[r + rng.uniform(0.1, 0.2), tall, 0]], 0.009, plain(rng, DARK), 8)
    return [mesh.lathe(profile, m, 36), grip]


def fridge(rng):
    half, tall, m = rng.uniform(0.28, 0.4), rng.uniform(1.4, 1.9), plain(rng, pick(rng, WHITE, METAL, None))
    parts = [
        soft(m, (half, tall / 2, 0.3), (0, tall / 2, 0), square=0.06),
        block(plain(rng, DARK), (half, 0.006, 0.305), (0, tall * 0.68, 0)),
    ]
    return [*parts, block(plain(rng, METAL), (0.012, 0.16, 0.02), (half * 0.75, tall * 0.55, -0.33))]


def kitchen(rng):
    """Units along the walls, a table with things on it."""
    room = Room(rng, rng.uniform(1.1, 1.8))
    room.dress()
    room.against(units(rng, room.wide * 0.97), "back", 0.01)
    if rng.random() < 0.5:
        room.against(units(rng, max(0.6, (room.long - 2.0) / 2)), pick(rng, "left", "right"), 0.01)
    if rng.random() < 0.5:
        room.against(fridge(rng), pick(rng, "left", "right"))
    if rng.random() < 0.6:
        parts, tall, half = furniture.table(rng, rng.uniform(0.7, 0.78))
        middle, turn = room.inside(rng.normal() * 0.5, rng.uniform(1.0, max(1.2, room.long - 1.5))), rng.normal() * 0.3
        put(room.scene, parts, (middle[0], 0.002, middle[1]), turned(turn))
        room.on(tall, (half[0] * 0.8, half[1] * 0.8), middle, rng.integers(2, 9), turn)
        for _ in range(rng.integers(0, 3)):
            at = (middle[0] + rng.choice([-1, 1]) * (half[0] + 0.25), 0.002, middle[1] + rng.normal() * 0.2)
            put(room.scene, furniture.chair(rng), at, turned(rng.uniform(0, 6.3)))
    return clear(room.scene, 0.15)


def bedroom(rng):
    """A bed and other furniture along the walls."""
    room = Room(rng)
    room.dress()
    room.against(furniture.bed(rng), pick(rng, "back", "back", "left", "right"))
    kinds = (
        side_table,
        furniture.cupboard,
        furniture.rack,
        furniture.floor_lamp,
        furniture.chair,
        furniture.armchair,
        furniture.pot_plant,
    )
    for _ in range(rng.integers(2, 6)):
        room.against(kinds[rng.integers(len(kinds))](rng))
    if rng.random() < 0.5:
        at = room.inside(rng.normal(), rng.uniform(1, room.long))
        made = pick(rng, furniture.chair, gear.bag, gear.shoes, gear.cloth, furniture.crate)(rng)
        put(room.scene, made, (at[0], 0.003, at[1]), turned(rng.uniform(0, 6.3)))
    return clear(room.scene, 0.15)


def workshop(rng):
    """A bench with tools, seen close or from across the room."""
    far, wide = rng.uniform(0.9, 3.5), rng.uniform(1.5, 3.5)
    scene = indoors(rng, aimed(rng, rng.uniform(1.0, 1.75), rng.uniform(0.8, 1.1), far, rng.uniform(0.5, 1.2)))
    streets.garage(rng, scene, far + rng.uniform(0.3, 0.8), wide)
    if rng.random() < 0.7:
        parts, tall, half = furniture.workbench(rng)
        x, z = rng.normal() * 0.3, far * rng.uniform(0.7, 1.0)
        put(scene, parts, (x, 0.002, z))
        for _ in range(rng.integers(3, 14)):
            made = pick(
                rng,
                gear.tool,
                gear.tool,
                wares.can,
                wares.carton,
                wares.wood_block,
                trinkets.torch,
                gear.scissors,
                gear.ware,
            )
            put(
                scene,
                made(rng),
                (x + rng.uniform(-0.9, 0.9) * half[0], tall, z + rng.uniform(-0.8, 0.8) * half[1]),
                turned(rng.uniform(0, 6.3)),
            )
    for _ in range(rng.integers(0, 5)):
        made = pick(rng, furniture.crate, furniture.chair, gear.bag, wares.carton)(rng)
        put(
            scene,
            made,
            (rng.uniform(-0.8, 0.8) * wide, 0.002, far * rng.uniform(0.6, 1)),
            turned(rng.uniform(0, 6.3)),
            1.2,
        )
    return clear(scene, 0.15)


KINDS = {
    "living_room": (living_room, 6),
    "kitchen": (kitchen, 4),
    "bedroom": (bedroom, 3),
    "workshop": (workshop, 4),
}
