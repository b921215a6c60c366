"""Kinds of scenes of towns: streets, palaces from below, courts, offices at a slant, villages, skylines, nights."""

import math

import numpy as np

from meshed.built.landmarks import dark, flat, lamp_post, open_air, strollers
from meshed.built.structures import GREY
from meshed.land.landscape import water, wood
from meshed.land.plants import Relief, bush, clear, land, scattered, tree
from meshed.mesh import ball, lathe, smoothed_path, sweep
from meshed.shared.houses import PLASTER, car_body, dome, front, house, style, tower
from meshed.shared.pile import Pile, finish, looking, vault
from world import DARK, GRASS, METAL, SAND, SNOW, STONE, WHITE, material, pick, spread, turned


def grand(rng):
    """A style for palaces and churches: high floors, ornaments, cornices."""
    s = style(rng)
    s["wall"] = finish(
        rng,
        pick(rng, PLASTER, STONE, WHITE, (0.8, 0.65, 0.4), (0.6, 0.4, 0.35), (0.45, 0.6, 0.6)),
        spread(rng, 0.2, 1),
        0.5 * rng.random(),
    )
    s |= {
        "cornice": rng.uniform(0, 0.5),
        "ornament": rng.uniform(0, 0.4),
        "pilaster": rng.uniform(0, 0.4),
        "frame": rng.uniform(0, 0.6),
    }
    return s | {
        "floor": rng.uniform(3.5, 5.5),
        "bay": rng.uniform(2.4, 4),
        "shop": 1.0,
        "deep": rng.uniform(0.2, 0.5),
        "balcony": rng.uniform(0.1, 0.8),
    }


def palace(rng, pile, x, z, w, h, d, yaw, s):
    """A great house with a middle part, wings, towers or domes and statues on its edge."""
    turn = turned(yaw)
    at = np.array([x, 0, z])
    house(rng, pile, x, z, w, h, d, yaw, s=s)
    k = rng.random()
    if k < 0.7:
        mid = w * rng.uniform(0.2, 0.4)
        pile.put(at + turn @ [0, 0, -d * 0.08], turn)
        front(rng, pile, mid, h * rng.uniform(1.05, 1.3), s, d * 0.3)
        pile.boxes(s["trim"], (0, h * 1.2, 0.3), (mid / 2 + 0.4, h * 0.09, 0.7), top=(0.02, 1))
    count = int(rng.integers(0, 4))
    for t in np.linspace(-0.45, 0.45, count) if count > 1 else [0.0] * count:
        pile.put(at + turn @ [t * w, 0, d * 0.3], turn)
        tower(rng, pile, 0, 0, w * rng.uniform(0.05, 0.09), h * rng.uniform(1.1, 2.2), s)
    if k > 0.4:
        r = min(w, d) * rng.uniform(0.18, 0.3)
        pile.put(at + turn @ [0, h, d * 0.5], turn)
        pile.add(
            lathe(
                [[r * 1.05, 0], [r, 0.1 * r], [r, r * 0.8], [r * 1.1, r * 0.85], [r * 1.1, r]], columns=32, smooth=False
            ),
            s["wall"],
        )
        a = np.arange(12) * 2 * math.pi / 12
        pile.boxes(
            s["glass"],
            np.column_stack([np.sin(a) * r, np.full(12, r * 0.45), np.cos(a) * r]),
            (r * 0.1, r * 0.25, 0.03 * r),
            np.array([turned(b) for b in a]),
        )
        profile = dome(rng, r, r, rng.random() * 0.7)
        pile.add(lathe(profile, columns=32), s["roof"], (0, r, 0))
        pile.bars(s["trim"], (0, r + profile[-1, 1] * 0.98, 0), (0, r * 1.6 + profile[-1, 1], 0), 0.05 * r, 8)
    if rng.random() < 0.5:
        r = rng.uniform(1.2, 2.6)
        for side in (-1, 1):
            pile.put(at + turn @ [side * w / 2, 0, 0.2], turn)
            tower(rng, pile, 0, 0, r, h * rng.uniform(1.0, 1.4), s, square=rng.random() < 0.3)
    pile.put(at, turn)
    if rng.random() < 0.6:
        rail = np.arange(-w / 2, w / 2, 0.5)
        pile.boxes(
            s["trim"],
            np.column_stack([rail, np.full(len(rail), h + 0.9), np.full(len(rail), 0.1)]),
            (0.1, 0.4, 0.1),
            top=(0.5, 0.5),
        )
        pile.boxes(s["trim"], [(0, h + 1.35, 0.1), (0, h + 0.5, 0.1)], (w / 2, 0.08, 0.18))
    if rng.random() < 0.4:
        for t in np.linspace(-0.48, 0.48, rng.integers(3, 10)):
            pile.add(ball(rows=8, columns=10), s["trim"], (t * w, h + 1.5, 0.2), scale=(0.3, 0.9, 0.3))
            pile.add(ball(rows=6, columns=8), s["trim"], (t * w, h + 2.6, 0.2), scale=0.22)
    pile.put()


def palace_below(rng):
    """A palace, a church or a tall house from below at its corner or its front, against the sky."""
    w, h = rng.uniform(12, 45), rng.uniform(9, 28)
    away, side = h * spread(rng, 0.3, 1.6), rng.uniform(-0.7, 0.7)
    yaw = pick(rng, rng.normal() * 0.15, rng.uniform(0.4, 1.0) * pick(rng, -1, 1))
    eye = np.array([0, rng.uniform(0.5, 1.9), 0])
    corner = (
        np.array([-math.cos(yaw), 0, math.sin(yaw)]) * math.copysign(w / 2, -yaw)
        if abs(yaw) > 0.35
        else np.array([side * w / 2, 0, 0])
    )
    at = np.array([rng.normal() * 0.1 * away, 0, away]) - corner
    shot = looking(rng, eye, [0, h * rng.uniform(0.35, 1.0), away], rng.uniform(0.5, 1.4), 0.06)
    scene, s, pile = open_air(rng, shot), grand(rng), Pile(eye)
    lit = rng.random() < 0.15
    if lit:
        dark(rng, scene)
        s["night"] = rng.uniform(0.1, 0.8)
        for _ in range(3):
            scene.lamp(rng, (rng.normal() * w * 0.3, 0.8, away * rng.uniform(0.5, 0.8)), h)
    palace(rng, pile, at[0], at[2], w, h, rng.uniform(10, 20), yaw, s)
    pile.put()
    flat(rng, pile)
    for _ in range(rng.integers(0, 3)):
        lamp_post(rng, scene, pile, rng.normal() * away * 0.3, away * rng.uniform(0.35, 0.7), lit)
    strollers(rng, pile, int(rng.integers(0, 5)), away * 0.4, away * 0.8)
    pile.pour(scene)
    if rng.random() < 0.3:
        scene.meshes += scattered(
            rng, tree(rng, rng.uniform(4, 9), 2500, levels=3), np.array([[pick(rng, -1, 1) * away * 0.4, away * 0.6]])
        )
    return scene


def row(rng, pile, x, z0, z1, side, tall, tight=True, lit=0.0):
    """Houses along one side of a street, their fronts towards its middle."""
    z = z0
    while z < z1:
        w, h = rng.uniform(4, 12), tall * rng.uniform(0.6, 1.3)
        s = style(rng) | {"night": lit, "fine": 1.0 if z < 30 else 0.0}
        set_ = x + rng.uniform(0, 0.6)
        house(rng, pile, side * set_, z + w / 2, w - 0.02, h, 8, side * math.pi / 2, s=s, sides=1 if z < 12 else 0)
        z += w + (0 if tight else rng.exponential(2))


def cobbles(rng, pile, wide, near, far):
    """Round stones before the camera."""
    size = rng.uniform(0.08, 0.16)
    x, z = np.arange(-wide, wide, size * 2.1), np.arange(near, far, size * 2.1)
    at = np.array([[a + size * (i % 2), 0, b] for i, b in enumerate(z) for a in x])[:1400]
    knob = ball(rows=4, columns=7)
    knob.points[:, 1] = np.maximum(knob.points[:, 1], 0)
    for mesh in scattered(rng, [knob.moved(scale=(size, size * 0.5, size))], at[:, [0, 2]], None, 0.85, 1.05):
        pile.add(mesh, finish(rng, STONE, 3))


def old_street(rng):
    """A street or an alley between gabled fronts, with cobbles, signs, lamps, trees, cars, wires and people."""
    narrow = rng.random() < 0.4
    half = rng.uniform(1.2, 2.5) if narrow else rng.uniform(3, 9)
    tall = rng.uniform(5, 18)
    eye = np.array(
        [
            rng.uniform(-0.6, 0.6) * half,
            rng.uniform(0.6, 2.2) if rng.random() < 0.85 else rng.uniform(2.2, tall * 0.6),
            0,
        ]
    )
    shot = looking(rng, eye, [rng.normal() * half * 0.8, eye[1] + rng.normal() * 2 + 1, 14], rng.uniform(0.5, 1.4))
    scene, pile, lit = open_air(rng, shot), Pile(eye), 0.0
    if rng.random() < 0.2:
        dark(rng, scene)
        lit = rng.uniform(0.1, 0.6)
    for side in (-1, 1):
        if rng.random() < 0.9:
            row(rng, pile, half, -6 + rng.uniform(0, 4), rng.uniform(25, 70), side, tall, rng.random() < 0.8, lit)
        pile.boxes(finish(rng, GREY), (side * half, 0.06, 30), (min(half * 0.25, 1.5), 0.06, 45))
    if rng.random() < 0.7:
        house(
            rng,
            pile,
            rng.normal() * half,
            rng.uniform(25, 60),
            30,
            tall * rng.uniform(0.6, 1.5),
            10,
            rng.normal() * 0.2,
            s=style(rng) | {"night": lit},
        )
    if rng.random() < 0.3:
        tower(rng, pile, rng.normal() * 5, 75, 4, tall * rng.uniform(1.5, 3), style(rng))
    flat(rng, pile, GREY)
    if rng.random() < 0.4:
        cobbles(rng, pile, half * 0.7, 1.2, 9)
    for _ in range(rng.integers(0, 9)):
        side, z, m = pick(rng, -1, 1), spread(rng, 2.2, 20), finish(rng)
        p = np.array([side * (half - 0.35), rng.uniform(2.2, max(tall * 0.6, 2.6)), z])
        if rng.random() < 0.5:
            pile.boxes(m, p, (0.35, rng.uniform(0.2, 0.5), 0.04))
        else:
            pile.boxes(m, p + [side * 0.15, 0, 0], (0.25, 0.25, 0.4))
    for _ in range(rng.integers(0, 4)):
        z, y = spread(rng, 4, 20), tall * rng.uniform(0.4, 0.8)
        path = smoothed_path([[-half, y, z], [0, y - 0.5, z + rng.normal()], [half, y, z + rng.normal() * 3]], 16)
        pile.add(sweep(path, 0.015, columns=5), finish(rng, DARK, mode=0.1))
        if rng.random() < 0.5:
            for p in path[1:-1:2]:
                pile.boxes(finish(rng), p - [0, 0.25, 0], (0.2, 0.24, 0.01))
    if not narrow:
        for _ in range(rng.integers(0, 6)):
            car_body(rng, pile, pick(rng, -1, 1) * half * 0.6, spread(rng, 3.5, 30), math.pi / 2 * pick(rng, -1, 1))
        for _ in range(rng.integers(0, 4)):
            at = np.array([[pick(rng, -1, 1) * half * 0.85, spread(rng, 4, 25)]])
            scene.meshes += scattered(rng, tree(rng, rng.uniform(3, 7), 1800, levels=3), at)
    for _ in range(rng.integers(0, 4)):
        lamp_post(rng, scene, pile, pick(rng, -1, 1) * half * 0.8, spread(rng, 2.5, 20), lit > 0)
    strollers(rng, pile, int(rng.integers(0, 7)), 3, 25, 0.15)
    pile.pour(scene)
    return clear(scene)


def courtyard(rng):
    """Four fronts about a court, from its ground, from a window, or straight up."""
    a, b, h = rng.uniform(3, 14), rng.uniform(3, 14), rng.uniform(5, 22)
    eye = np.array(
        [
            rng.uniform(-0.7, 0.7) * a,
            rng.uniform(0.8, 2) if rng.random() < 0.7 else rng.uniform(2, h),
            rng.uniform(-0.8, 0.2) * b,
        ]
    )
    aim = [rng.normal() * a * 0.4, rng.uniform(0.1, 1.3) * h if eye[1] < 2.1 else rng.uniform(0, 0.8) * h, b]
    shot = looking(rng, eye, aim, rng.uniform(0.6, 1.5), 0.1)
    scene, pile = open_air(rng, shot), Pile(eye)
    shared = style(rng) if rng.random() < 0.6 else None
    for i, (away, wide) in enumerate(((b, a), (a, b), (b, a), (a, b))):
        yaw = i * math.pi / 2
        pile.put(turned(yaw) @ [0, 0, away], turned(yaw))
        front(
            rng, pile, wide * 2, h * rng.uniform(0.7, 1.1), (shared or style(rng)) | {"fine": 0.0 if i == 2 else 1.0}, 5
        )
    pile.put()
    flat(rng, pile)
    for _ in range(rng.integers(0, 8)):
        half = rng.uniform(0.2, 0.6, 3)
        pile.boxes(
            finish(rng),
            (rng.uniform(-0.8, 0.8) * a, half[1], rng.uniform(-0.2, 0.9) * b),
            half,
            turned(rng.uniform(0, 6)),
        )
    pile.pour(scene)
    if rng.random() < 0.5:
        scene.meshes += scattered(
            rng, tree(rng, rng.uniform(3, h), 2500), np.array([[rng.uniform(-0.5, 0.5) * a, rng.uniform(0.2, 0.6) * b]])
        )
    for x, z in rng.uniform(-0.8, 0.8, (int(rng.integers(0, 4)), 2)) * [a, b]:
        scene.meshes += [m.moved((x, 0, z)) for m in bush(rng, rng.uniform(0.3, 0.7), 500)]
    return clear(scene, 0.3)


def office_slant(rng):
    """Blocks of offices with grids of windows, at a slant, from below, from a street or from high up."""
    eye = np.array([0, spread(rng, 1, 60), 0])
    near = spread(rng, 6, 50)
    shot = looking(
        rng,
        eye,
        [rng.normal() * near * 0.4, eye[1] + rng.uniform(-0.4, 1.2) * near, near * 1.5],
        rng.uniform(0.5, 1.4),
        0.1,
    )
    scene, pile = open_air(rng, shot), Pile(eye)
    lit = rng.uniform(0.1, 0.7) if rng.random() < 0.2 else 0.0
    if lit:
        dark(rng, scene)
    for i in range(rng.integers(2, 9)):
        s = style(rng) | {
            "ornament": 1.0,
            "shop": 1.0,
            "pilaster": rng.random(),
            "balcony": rng.random() + 0.2,
            "night": lit,
        }
        s |= {
            "wide": rng.uniform(0.5, 0.95),
            "high": rng.uniform(0.4, 0.9),
            "deep": spread(rng, 0.03, 0.5),
            "bay": rng.uniform(1, 4),
        }
        s["fine"] = 1.0 if i < 1 else 0.0
        w, h, z = rng.uniform(10, 30), spread(rng, 15, 80), near * (1 + i * rng.uniform(0.3, 1.2))
        h = max(h, eye[1] * rng.uniform(0.6, 1.6))
        s["bay"], s["floor"] = max(s["bay"], w / 12), max(s["floor"], h / 22)
        x = rng.uniform(-1, 1) * z * 0.7
        x = x + math.copysign(w / 2 + 3, x) if z < w else x
        house(rng, pile, x, z, w, h, rng.uniform(8, 20), rng.uniform(-0.8, 0.8), s=s, sides=1)
    flat(rng, pile, GREY)
    for _ in range(rng.integers(0, 5)):
        car_body(rng, pile, rng.normal() * near * 0.3, near * rng.uniform(0.5, 1.0), rng.uniform(0, 6.3))
    pile.pour(scene)
    return clear(scene, 0.5)


def village(rng):
    """Houses on hills among trees, from a road, a slope or the air."""
    hills = Relief(rng, rng.uniform(40, 120), rng.uniform(2, 25))
    eye = np.array([0, float(hills(0.0, 0.0)) + spread(rng, 1.2, 40), 0])
    shot = looking(rng, eye, [0, float(hills(0.0, 60.0)) + 2, 60], rng.uniform(0.4, 1.2))
    scene, pile = open_air(rng, shot), Pile(eye)
    for i in range(rng.integers(5, 22)):
        z = spread(rng, 9, 140)
        x = rng.uniform(-0.6, 0.6) * z
        s = style(rng) | {"fine": 1.0 if i < 3 else 0.0}
        w, h = rng.uniform(5, 12), rng.uniform(2.8, 7)
        house(rng, pile, x, z, w, h + 2, rng.uniform(5, 9), rng.uniform(-1.5, 1.5), float(hills(x, z)) - 2, s, 1)
    if rng.random() < 0.6:
        z = rng.uniform(30, 90)
        tower(rng, pile, 0, z, rng.uniform(1.5, 3), rng.uniform(10, 22), style(rng), float(hills(0, z)) - 1, True)
    pile.pour(scene)
    scene.meshes.append(
        land(hills, material(rng, pick(rng, GRASS, SAND, SNOW, (0.4, 0.4, 0.2)), 0.3), eye, far=400, wide=1.3)
    )
    scene.meshes += wood(rng, hills, 5, 200, int(rng.integers(5, 60)), tall=rng.uniform(3, 9), wide=0.9)
    return clear(scene, 0.5)


def skyline(rng):
    """Tall blocks far away over water, trees or roofs, with rails or boats before them."""
    eye = np.array([0, spread(rng, 1.2, 25), 0])
    far = spread(rng, 60, 300)
    shot = looking(rng, eye, [0, eye[1] + far * rng.uniform(-0.05, 0.15), far], rng.uniform(0.4, 1.3))
    scene, pile = open_air(rng, shot), Pile(eye)
    scene.fog *= 2
    lit = rng.uniform(0.2, 0.8) if rng.random() < 0.3 else 0.0
    if lit:
        dark(rng, scene)
    shared = [style(rng) | {"fine": 0.0, "night": lit} for _ in range(5)]
    for _ in range(rng.integers(8, 28)):
        s, w = pick(rng, *shared), far * rng.uniform(0.03, 0.1)
        h, z = w * spread(rng, 0.8, 5), far * rng.uniform(1, 1.8)
        x = rng.uniform(-1, 1) * z * 0.7
        if rng.random() < 0.8:
            house(
                rng,
                pile,
                x,
                z,
                w,
                h,
                w,
                rng.normal() * 0.4,
                s=s | {"bay": w / rng.integers(3, 9), "floor": max(h / 14, 3)},
                sides=0,
            )
        else:
            tower(rng, pile, x, z, w * 0.4, h * 1.3, s)
    pile.boxes(finish(rng, pick(rng, GREY, GRASS)), (0, -1, far * 1.9), (far * 3, 1.3, far))
    if rng.random() < 0.6:
        water(rng, scene, -0.6)
        for _ in range(rng.integers(0, 5)):
            q, z = spread(rng, 1.5, 8), spread(rng, 8, far * 0.8)
            pile.put((rng.normal() * z * 0.3, -0.6, z), turned(rng.uniform(0, 6)))
            hull = np.array([[-q, 0.1 * q], [-q * 0.8, -0.1], [q * 0.7, -0.1], [q, 0.15 * q]])
            pile.add(
                vault(
                    hull,
                    [[-q, 0.2 * q], [-q * 0.8, 0.2 * q], [q * 0.7, 0.22 * q], [q * 1.1, 0.26 * q]],
                    -q * 0.25,
                    q * 0.25,
                ),
                finish(rng),
            )
            pile.boxes(finish(rng), (-q * 0.2, 0.3 * q, 0), (q * 0.3, 0.12 * q, q * 0.18))
            pile.bars(finish(rng), (q * 0.2, 0, 0), (q * 0.2, q * 1.5, 0), 0.02 * q)
    else:
        flat(rng, pile)
    pile.put()
    if rng.random() < 0.5:
        z, m = rng.uniform(1.5, 4), finish(rng, pick(rng, METAL, WHITE, STONE))
        x = np.arange(-8, 8, rng.uniform(0.15, 1))
        post, low = np.column_stack([x, np.full(len(x), eye[1] - 1.6), np.full(len(x), z)]), eye[1] - 1.6
        pile.bars(m, post, post + [0, 1.1, 0], 0.02, 6)
        pile.boxes(m, [(0, low + 1.1, z), (0, low + 0.15, z)], (8, 0.04, 0.03))
        pile.boxes(finish(rng, GREY), (0, low - 0.1, z / 2), (20, 0.1, z / 2 + 0.5))
    pile.pour(scene)
    return clear(scene, 0.3)


KINDS = {
    "palace_below": (palace_below, 7),
    "old_street": (old_street, 7),
    "courtyard": (courtyard, 4),
    "office_slant": (office_slant, 5),
    "village": (village, 4),
    "skyline": (skyline, 4),
}
