"""What people stand before: walls, flags, cloth, rooms, crowds, greenery, streets, the sky."""

import math

import numpy as np

from loud import loudened
from meshed.mesh import Mesh, ball, lathe, sheet, sweep
from meshed.people.folk import audience, passer, put
from meshed.people.heads import plain
from near import printed
from scenes import lay_ground, walls
from things import chair, house, sofa
from world import (
    BARK,
    DARK,
    GRASS,
    LEAF,
    METAL,
    SAND,
    STONE,
    WHITE,
    WOOD,
    indoors,
    material,
    outdoors,
    pick,
    spread,
    turned,
)


def leaves(rng, m, centre, reach, count, size):
    """Small flat leaves in a cloud about `centre`."""
    at = rng.normal(size=(count, 3))
    at *= rng.uniform(0.75, 1.1, (count, 1)) / np.linalg.norm(at, axis=1, keepdims=True)
    at = at * np.asarray(reach) + centre
    a, b = rng.normal(size=(2, count, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b -= a * (a * b).sum(1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True) * 2
    long = size * rng.uniform(0.5, 1.4, (count, 1))
    points = np.stack([at - a * long, at + b * long, at + a * long, at - b * long], 1).reshape(-1, 3)
    k = 4 * np.arange(count)[:, None]
    faces = np.concatenate([k + [0, 1, 2], k + [0, 2, 3]])
    return Mesh(points, faces, m, smooth=False)


def bushy(rng, scene, centre, reach, m, size):
    """A lumpy ball of leaves, with loose leaves about it."""
    made = ball(None, 22, 32)
    bumps = np.zeros(len(made.points))
    for rough in (2.0, 4.0, 9.0):
        waves = rng.normal(size=(5, 3)) * rough
        bumps += np.abs(np.sin(made.points @ waves.T + rng.uniform(0, 6, 5))).mean(1) * 0.9 / rough**0.7
    points = made.points * (0.5 + 0.75 * bumps[:, None]) * np.asarray(reach) + centre
    scene.mesh(Mesh(points, made.faces, m, smooth=bool(rng.random() < 0.5)))
    k = rng.integers(0, len(points), int(rng.integers(200, 900)))
    loose = leaves(rng, leafy(rng), (0, 0, 0), (1, 1, 1), len(k), size)
    near = rng.normal(size=(len(k), 3)) * np.asarray(reach) * 0.08 + points[k]
    shape = loose.points.reshape(-1, 4, 3)
    loose.points = (shape - shape.mean(1, keepdims=True) + near[:, None]).reshape(-1, 3).astype(np.float32)
    loose.local = loose.points.copy()
    scene.mesh(loose)


def leafy(rng):
    """A material of leaves."""
    m = material(
        rng, pick(rng, LEAF, LEAF, GRASS, (0.12, 0.2, 0.06), (0.45, 0.35, 0.08), (0.3, 0.42, 0.1)), spread(rng, 1, 6)
    )
    m.colours[2] = m.colours[0] * rng.uniform(0.4, 1.8)
    return m


def greenery(rng, scene, z):
    """A hedge, bushes and trees behind z."""
    for _ in range(rng.integers(3, 9)):
        far = z + spread(rng, 0.6, 14)
        x, r = rng.uniform(-0.8, 0.8) * far, far * rng.uniform(0.12, 0.35)
        y = rng.uniform(0.1, 1.2) * r + rng.uniform(0, 0.25) * far
        tall = r * rng.uniform(0.6, 1.4)
        bushy(rng, scene, (x, y, far + r), (r, tall, r), leafy(rng), far * rng.uniform(0.008, 0.025))
        if rng.random() < 0.5:
            w = rng.uniform(0.03, 0.2)
            top = (x + rng.normal() * 0.3, y + 1.0, far + r)
            scene.mesh(sweep([(x, 0, far + r), top], (w, w * 0.7), material(rng, BARK, 3)))
    if rng.random() < 0.6:
        far = z + spread(rng, 5, 30)
        u, v = np.meshgrid(np.linspace(-1.2, 1.2, 50) * far, np.linspace(-0.02, rng.uniform(0.2, 0.9), 24) * far)
        bumps = rng.normal(size=u.shape) * 0.02 * far + 0.05 * far * np.sin(
            u * rng.uniform(2, 9) / far + rng.uniform(0, 6)
        )
        scene.mesh(sheet(np.stack([u, v + bumps * 0.4, far + bumps], -1), leafy(rng)))


def folds(rng, scene, z, wide, m=None, centre=(0.0, 1.5), tall=3.0, loose=None):
    """Hanging cloth, a curtain or a flag: `wide` across at depth z."""
    m = m or (printed(rng, wide * rng.uniform(0.1, 0.6)) if rng.random() < 0.7 else material(rng))
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 90) * wide, np.linspace(-0.5, 0.5, 24) * tall)
    loose = spread(rng, 0.005, 0.12) if loose is None else loose
    step = spread(rng, 0.12, 0.8)
    slant = rng.normal() * 0.3
    phase = (u + slant * v) * 6.3 / step
    deep = loose * (np.sin(phase + 1.3 * np.sin(phase * 0.37 + rng.uniform(0, 6))) + 0.3 * np.sin(2.3 * phase + v))
    made = sheet(np.stack([u, v, deep], -1), m)
    made.local = np.stack([u, v, 0 * u], -1).reshape(-1, 3).astype(np.float32)
    scene.mesh(made.moved((centre[0], centre[1], z), turned(rng.normal() * 0.15)))


def flags(rng, scene, z, reach):
    """Flags of bold stripes on poles or on the wall."""
    for _ in range(rng.integers(1, 4)):
        m = plain(rng, rng.uniform(0.02, 0.85, 3))
        m = loudened(rng, m, rng.uniform(0.4, 1.5))
        wide, x = rng.uniform(0.5, 1.4), rng.uniform(-1, 1) * reach
        folds(
            rng,
            scene,
            z + rng.uniform(0.1, 0.6),
            wide,
            m,
            (x, rng.uniform(1.1, 1.8)),
            rng.uniform(0.8, 2),
            rng.uniform(0.02, 0.09),
        )
        if rng.random() < 0.6:
            scene.mesh(
                sweep(
                    [(x - wide / 2, 0, z + 0.35), (x - wide / 2, 2.6, z + 0.35)],
                    0.02,
                    plain(rng, (0.7, 0.55, 0.2), gloss=0.5),
                )
            )


def crowd(rng, scene, z, rows=None, slope=None):
    """Rows of people who look on, each row further and higher than the one before."""
    rows = rows or int(rng.integers(3, 8))
    slope = rng.uniform(0.2, 0.6) if slope is None else slope
    step, gap = rng.uniform(0.7, 1.0), rng.uniform(0.5, 0.75)
    some = audience(rng, int(rng.integers(4, 6)), 22 if z < 7 else 16)
    alike = rng.uniform(0.3, 0.9, 3) * rng.uniform(0.7, 1.3, (10, 1))
    coats = [plain(rng, c) for c in (rng.uniform(0.01, 0.9, (10, 3)) if rng.random() < 0.8 else alike)]
    wide = math.tan(scene.camera.view / 2) * 1.5
    base = rng.uniform(-0.9, -0.2)
    for row in range(rows):
        far = z + row * step
        count = min(int(2 * wide * far / gap) + 1, 30)
        for place in np.linspace(-0.5, 0.5, count) * count * gap + scene.camera.position[0]:
            if rng.random() < 0.07:
                continue
            body = some[rng.integers(len(some))]
            turn = turned(math.pi + rng.normal() * 0.3)
            at = (
                place + rng.normal() * 0.08,
                base + row * step * slope + rng.normal() * 0.06,
                far + rng.normal() * 0.08,
            )
            coat, size = coats[rng.integers(10)], rng.uniform(0.85, 1.08)
            for k, m in enumerate(body):
                made = m.moved(at, turn, size)
                made.material = coat if len(m.faces) == max(len(b.faces) for b in body) else made.material
                scene.mesh(made)
    end = z + rows * step
    dark = material(rng, pick(rng, DARK, STONE, None))
    u, v = 3 * wide * end, base + 1.1
    ramp = [
        [(-u, v - 0.6, z - 0.5), (u, v - 0.6, z - 0.5)],
        [(-u, v + rows * step * slope, end), (u, v + rows * step * slope, end)],
        [(-u, v + 30, end + 2), (u, v + 30, end + 2)],
    ]
    scene.mesh(sheet(np.array(ramp), dark, smooth=False))
    if rng.random() < 0.7:
        board = material(rng, scale=1.0) if rng.random() < 0.3 else printed(rng, 1.0)
        scene.box((0, max(base + 0.9, 0.3), z - 0.6), (3 * wide * end, rng.uniform(0.3, 0.6), 0.05), board)


def bus(rng, scene, x, z, yaw=0.0):
    """A bus or a van, seen from the side."""
    m, turn, at = plain(rng, rng.uniform(0.05, 0.9, 3), gloss=0.4), turned(yaw), np.array([x, 0, z])
    long, tall, dark = rng.uniform(2.5, 6), rng.uniform(1.0, 1.6), plain(rng, (0.03, 0.035, 0.04), gloss=0.8)
    scene.box(at + [0, 0.35 + tall, 0], (long, tall, 1.2), m, turn)
    scene.box(
        at + [0, 0.35 + tall * 0.3, 0], (long * 1.002, tall * 0.12, 1.21), plain(rng, rng.uniform(0.02, 0.9, 3)), turn
    )
    count = int(rng.integers(2, 7))
    for k in range(count):
        px = (k + 0.5) / count * 2 - 1
        for side in (-1, 1):
            scene.box(
                at + turn @ np.array([px * long, 0.35 + tall * 1.4, side * 1.2]),
                (long / count * 0.85, tall * 0.35, 0.02),
                dark,
                turn,
            )
    tyre = plain(rng, (0.02, 0.02, 0.02))
    for px in (-0.65, 0.65):
        for side in (-1, 1):
            scene.tube(
                at + turn @ np.array([px * long, 0.45, side * 1.1]),
                (0.45, 0.14, 0.45),
                tyre,
                turn @ turned(0, math.pi / 2),
            )
            scene.tube(
                at + turn @ np.array([px * long, 0.45, side * 1.12]),
                (0.2, 0.14, 0.2),
                plain(rng, METAL, gloss=0.5),
                turn @ turned(0, math.pi / 2),
            )


def front(rng, scene, z):
    """A house front with windows, doors and shop panes across the view."""
    m = material(rng, pick(rng, (0.45, 0.2, 0.14), STONE, WHITE, SAND, None), rng.uniform(1, 5))
    turn = turned(rng.normal() * 0.25)

    def part(px, py, half, stuff, out=0.0):
        scene.box(np.array([0, py, z]) + turn @ np.array([px, 0, -out]), half, stuff, turn)

    scene.box(np.array([0, 4, z]) + turn @ np.array([0, 0, 1.0]), (14, 5, 1.0), m, turn)
    pane, frame = (
        plain(rng, pick(rng, (0.03, 0.04, 0.05), (0.3, 0.4, 0.5), (0.6, 0.5, 0.3)), 0.3, gloss=0.7),
        plain(rng, pick(rng, WHITE, DARK, WOOD, rng.uniform(0, 0.8, 3))),
    )
    step = rng.uniform(1.3, 2.8)
    for px in np.arange(-8, 8, step) + rng.uniform(0, 1):
        door = rng.random() < 0.2
        w, h, y = (
            (0.5, 1.05, 1.05)
            if door
            else (step * rng.uniform(0.22, 0.38), rng.uniform(0.5, 0.8), rng.uniform(1.3, 1.7))
        )
        part(px, y, (w + 0.07, h + 0.07, 0.04), frame)
        part(px, y, (w, h, 0.045), plain(rng, rng.uniform(0, 0.6, 3)) if door else pane, 0.01)
        if not door:
            part(px, y - h - 0.08, (w + 0.12, 0.04, 0.1), frame, 0.05)
            part(px, y, (0.02, h, 0.06), frame, 0.01)
        part(px, y + 3.0, (w, 0.7, 0.04), pane)
    if rng.random() < 0.4:
        part(0, rng.uniform(2.4, 2.9), (9, 0.25, 0.08), printed(rng, 0.6), 0.06)


def street(rng, scene, z):
    """A house front, a bus, cars' sides, posts and people who pass."""
    k = rng.random()
    if k < 0.45:
        front(rng, scene, z + spread(rng, 1.0, 12))
    elif k < 0.75:
        bus(rng, scene, rng.normal() * 2, z + 1.5 + spread(rng, 0.6, 8), rng.normal() * 0.3)
        if rng.random() < 0.5:
            front(rng, scene, z + rng.uniform(12, 25))
    else:
        for _ in range(rng.integers(2, 7)):
            far = z + spread(rng, 12, 60)
            house(
                rng,
                scene,
                rng.uniform(-0.8, 0.8) * far,
                far,
                (rng.uniform(3, 8), rng.uniform(2, 9), 5),
                rng.uniform(0, 6),
            )
    for _ in range(rng.integers(0, 4)):
        far = z + spread(rng, 0.8, 10)
        x, w = rng.uniform(-0.6, 0.6) * far, rng.uniform(0.03, 0.08)
        scene.mesh(sweep([(x, 0, far), (x, rng.uniform(0.8, 5), far)], w, plain(rng, pick(rng, METAL, DARK, WHITE))))
    for _ in range(rng.integers(0, 5)):
        far = z + spread(rng, 0.9, 15)
        body, _ = passer(rng, cells=int(np.clip(200 / far, 30, 60)))
        put(scene, body, (rng.uniform(-0.6, 0.6) * far, 0, far), rng.uniform(0, 6.3))


def wall(rng, scene, z):
    """A plain, papered or panelled wall, with pictures perhaps."""
    turn = turned(rng.normal() * 0.3)
    m = (
        plain(rng, rng.uniform(0.02, 0.95) * rng.uniform(0.75, 1.1, 3), 0.2)
        if rng.random() < 0.5
        else material(rng)
        if rng.random() < 0.5
        else printed(rng, rng.uniform(0.1, 0.6))
    )
    scene.box(np.array([0, 2, z]) + turn @ np.array([0, 0, 0.2]), (9, 4, 0.1), m, turn)
    for _ in range(rng.integers(0, 4)):
        w, h = rng.uniform(0.12, 0.5, 2)
        at = np.array([0, rng.uniform(1, 2.1), z]) + turn @ np.array([rng.uniform(-1, 1) * z, 0, 0.09])
        scene.box(at, (w, h, 0.025), plain(rng, pick(rng, DARK, WOOD, WHITE)), turn)
        scene.box(at, (w * 0.85, h * 0.85, 0.03), printed(rng, 0.2) if rng.random() < 0.5 else material(rng), turn)


def roomy(rng, scene, z):
    """A room behind with furniture, some of it near."""
    l, w = z + spread(rng, 0.7, 6), rng.uniform(1.8, 5)
    walls(rng, scene, w, rng.uniform(1.25, 1.7), l + 0.3)
    for _ in range(rng.integers(2, 8)):
        far = rng.uniform(z + 0.7, max(l - 0.4, z + 0.8))
        x, yaw = rng.uniform(-0.9, 0.9) * w, rng.uniform(0, 6.3)
        k = rng.random()
        if k < 0.25:
            scene.box((x, 0.9, l), (0.5, 0.9, 0.25), material(rng, pick(rng, WOOD, WHITE, None)))
        elif k < 0.5:
            chair(rng, scene, x, far, yaw)
        elif k < 0.65:
            sofa(rng, scene, x, far, rng.normal() * 0.5)
        elif k < 0.85:
            desk(rng, scene, x, far)
        else:
            body, _ = passer(rng, pick(rng, "sit", "stand", "ease"), cells=60)
            put(scene, body, (x, 0, far), yaw)


def desk(rng, scene, x, z, wide=None, tall=None):
    """A table with small things on it."""
    wide, tall, deep = wide or rng.uniform(0.5, 1.0), tall or rng.uniform(0.6, 0.78), rng.uniform(0.3, 0.5)
    m = material(rng, pick(rng, WOOD, WHITE, DARK, None))
    scene.box((x, tall - 0.025, z), (wide, 0.025, deep), m)
    for sx in (-0.9, 0.9):
        for sz in (-0.85, 0.85):
            scene.box((x + sx * wide, tall / 2, z + sz * deep), (0.03, tall / 2, 0.03), m)
    for _ in range(rng.integers(0, 6)):
        px, pz = x + rng.uniform(-0.8, 0.8) * wide, z + rng.uniform(-0.7, 0.7) * deep
        k, r = rng.random(), rng.uniform(0.03, 0.07)
        if k < 0.4:
            profile = [
                (1e-3, 0),
                (r, 0),
                (r * 1.1, r * rng.uniform(1, 5)),
                (r * 0.4, r * 5.5),
                (r * 0.4, r * 6.5),
                (1e-3, r * 6.5),
            ]
            scene.mesh(lathe(profile, material(rng), 18).moved((px, tall, pz)))
        elif k < 0.7:
            scene.box((px, tall + r * 0.4, pz), (r * 2, r * 0.4, r * 3), material(rng), turned(rng.uniform(0, 6)))
        else:
            scene.box(
                (px, tall + r * 2.5, pz), (r * 3, r * 2, 0.01), printed(rng, 0.1), turned(rng.normal() * 0.5, 0.2)
            )


OUTSIDE = {
    "greenery": greenery,
    "street": street,
    "crowd": lambda rng, scene, z: crowd(rng, scene, z + spread(rng, 1.5, 25)),
    "sky": lambda rng, scene, z: None,
}


def stage(rng, shot, z, kind=None):
    """A scene with a ground and something behind whoever stands at z."""
    kind = kind or pick(
        rng, "wall", "cloth", "flags", "room", "room", "greenery", "greenery", "street", "street", "crowd", "sky"
    )
    reach = z * math.tan(shot.view / 2)
    if kind in OUTSIDE:
        scene = outdoors(rng, shot)
        scene.fog *= rng.random() < 0.4
        lay_ground(rng, scene, material(rng, GRASS, 2) if kind == "crowd" or rng.random() < 0.3 else None)
        OUTSIDE[kind](rng, scene, z + 0.5)
        return scene
    scene = indoors(rng, shot)
    scene.above, scene.below = scene.above * rng.uniform(0.8, 1.5), scene.below * rng.uniform(0.8, 1.5)
    scene.lamp(rng, (rng.uniform(-2, 2), rng.uniform(1.7, 2.4), rng.uniform(-0.5, z * 0.8)), 2.5)
    if rng.random() < 0.25:
        scene.above, scene.below = scene.above * 0.25, scene.below * 0.25
        scene.lamp(rng, (pick(rng, -1, 1) * rng.uniform(0.8, 2), rng.uniform(1.2, 2.2), z * rng.uniform(0.5, 1.2)), 2.5)
    if kind == "room":
        roomy(rng, scene, z)
        return scene
    lay_ground(rng, scene, material(rng))
    if kind == "wall":
        wall(rng, scene, z + spread(rng, 0.3, 3))
    elif kind == "cloth":
        folds(rng, scene, z + spread(rng, 0.35, 2.5), 6 + 4 * z, tall=6)
    else:
        wall(rng, scene, z + rng.uniform(1.1, 3))
        flags(rng, scene, z + 0.4, reach * 1.2)
    return scene
