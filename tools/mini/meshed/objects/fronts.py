"""What stands in streets: house fronts, roads, people, posts, trees; and what keeps meshes away from the camera."""

import math

import numpy as np

from meshed.mesh import Mesh, ball, lathe, sweep
from meshed.objects import gear
from meshed.objects.basics import block, covered, plain, print_of, put, rods, shifted, soft, waves
from meshed.objects.machines import bar, glass
from world import BARK, DARK, GRASS, LEAF, METAL, SKINS, STONE, WHITE, material, pick, spread, turned

CUBE = block(None, (1, 1, 1))


def blocks(m, centres, halves):
    """Many upright boxes as one mesh."""
    centres, halves = np.asarray(centres, float), np.asarray(halves, float)
    points = centres[:, None] + CUBE.points[None] * halves[:, None]
    faces = CUBE.faces[None] + (np.arange(len(centres)) * len(CUBE.points))[:, None, None]
    return Mesh(points.reshape(-1, 3), faces.reshape(-1, 3), m, smooth=False)


def spots(mesh, steps=9):
    """Points all over a mesh: its own, or a grid on each face where there are few faces."""
    if len(mesh.faces) > 400:
        return mesh.points
    u, v = (g.ravel() for g in np.mgrid[0 : 1 : steps * 1j, 0 : 1 : steps * 1j])
    u, v = u[u + v <= 1.001], v[u + v <= 1.001]
    a, b, c = (mesh.points[mesh.faces[:, k]][:, None] for k in range(3))
    return (a + (b - a) * u[None, :, None] + (c - a) * v[None, :, None]).reshape(-1, 3)


def encloses(mesh, eye):
    """Whether a place is inside a closed mesh: by the solid angle that its faces cover."""
    if ((mesh.points.min(0) > eye) | (mesh.points.max(0) < eye)).any():
        return False
    a, b, c = (mesh.points[mesh.faces[:, k]].astype(float) - eye for k in range(3))
    la, lb, lc = (np.linalg.norm(f, axis=1) for f in (a, b, c))
    top = np.einsum("ij,ij->i", a, np.cross(b, c))
    low = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (a * c).sum(1) * lb
    return abs(2 * np.arctan2(top, low).sum()) > 2 * math.pi


def clear(scene, nearest=0.25):
    """Drops meshes that the camera stands in or touches."""
    eye = scene.camera.position

    def away(mesh):
        low, high = mesh.points.min(0), mesh.points.max(0)
        if ((low - nearest > eye) | (high + nearest < eye)).any():
            return True
        return not encloses(mesh, eye) and np.linalg.norm(spots(mesh) - eye, axis=1).min() > nearest

    scene.meshes = [mesh for mesh in scene.meshes if away(mesh)]
    return scene


def wall_of(rng):
    """A material of an outer wall."""
    m = material(
        rng,
        pick(rng, (0.6, 0.3, 0.2), (0.75, 0.68, 0.55), STONE, WHITE, (0.7, 0.5, 0.35), None),
        spread(rng, 0.5, 3),
        rng.random(),
    )
    return m


def house_front(rng, long, m=None):
    """A house's front that faces -z, around x = 0: windows between piers and bands, doors, shops; its height."""
    m, floors, low = m or wall_of(rng), int(rng.integers(2, 7)), rng.uniform(2.7, 4.2)
    step, each = rng.uniform(2.6, 3.4), rng.uniform(1.3, 3.5)
    count = max(1, round(long / each))
    each, tall, back = long / count, low + step * floors, rng.uniform(0.06, 0.35)
    wide, high = each * rng.uniform(0.3, 0.85), step * rng.uniform(0.45, 0.7)
    pane = glass(rng)
    parts = [block(pane, (long / 2, tall / 2, 0.1), (0, tall / 2, back + 0.1))]
    sill = rng.uniform(0.25, 0.35) * step
    x = (np.arange(count + 1) - count / 2) * each
    gap = each - wide
    piers = [((at, tall / 2, back / 2), (gap / 2, tall / 2, back / 2 + 0.001)) for at in x]
    bands = [
        ((0, low + step * k + sill - (step - high) / 2, back / 2 + 0.002), (long / 2, (step - high) / 2, back / 2))
        for k in range(floors + 1)
    ]
    parts.append(blocks(m, *zip(*(piers + bands), strict=True)))
    trim = plain(rng, pick(rng, WHITE, STONE, DARK, None))
    middles = (x[:-1] + x[1:]) / 2
    foot = low + step * np.arange(floors) + sill
    gx, gy = (g.ravel() for g in np.meshgrid(middles, foot))
    n = len(gx)
    parts.append(
        blocks(trim, np.column_stack([gx, gy, np.full(n, -0.04)]), np.tile([wide / 2 + 0.08, 0.05, 0.1], (n, 1)))
    )
    bars = np.concatenate([np.tile([0.03, high / 2, 0.03], (n, 1)), np.tile([wide / 2, 0.03, 0.03], (n, 1))])
    places = np.column_stack([gx, gy + high * rng.uniform(0.4, 0.65), np.full(n, back - 0.01)])
    parts.append(blocks(trim, np.concatenate([np.column_stack([gx, gy + high / 2, places[:, 2]]), places]), bars))
    if rng.random() < 0.5:
        lit = (rng.random(n) < 0.3)[:, None] * 1.0
        cloth = blocks(
            covered(rng, 0.5, 0.3),
            np.column_stack([gx, gy + high * 0.75, np.full(n, back - 0.005)]),
            lit * [wide / 2, high * 0.25, 0.01] + 1e-4,
        )
        parts.append(cloth)
    if rng.random() < 0.5:
        for s in (-0.5, 0.5):
            shutter = np.column_stack([gx + s * (wide + each * 0.14), gy + high / 2, np.full(n, -0.04)])
            parts.append(blocks(trim, shutter, np.tile([each * 0.06, high / 2, 0.03], (n, 1))))
    parts.append(block(trim, (long / 2 + 0.05, 0.14, 0.2), (0, tall, -0.05)))
    if rng.random() < 0.6:
        parts.append(block(trim, (long / 2, 0.1, 0.12), (0, low, -0.05)))
    parts += shop(rng, x, each, low)
    return parts, tall


def shop(rng, x, each, low):
    """What stands on the ground floor: doors, panes with goods, signs, awnings."""
    parts, tone = [], plain(rng)
    for at in (x[:-1] + x[1:]) / 2:
        k, wide = rng.random(), each * rng.uniform(0.3, 0.44)
        if k < 0.3:
            parts += [
                block(plain(rng), (min(0.55, wide), 1.1, 0.05), (at, 1.1, -0.03)),
                block(plain(rng, WHITE), (min(0.65, wide * 1.1), 0.08, 0.09), (at, 2.25, -0.03)),
            ]
        elif k < 0.8:
            goods = print_of(rng, 0.8)
            goods.glow = rng.uniform(0, 0.7) * (rng.random() < 0.3)
            parts += [
                block(goods, (wide, low * 0.3, 0.03), (at, low * 0.42, -0.01)),
                block(tone, (wide * 1.05, low * 0.32, 0.02), (at, low * 0.42, -0.005)),
            ]
        if rng.random() < 0.35:
            parts.append(block(print_of(rng, 0.7), (each * 0.48, 0.28, 0.06), (at, low * 0.87, -0.08)))
        elif rng.random() < 0.3:
            parts.append(block(print_of(rng, 0.5), (wide, 0.012, 0.6), (at, low * 0.74, -0.55), turned(0, -0.35)))
    return parts


def row_of_houses(rng, scene, z, x0, x1, y=0.0, yaw=0.0):
    """House fronts side by side along x, from x0 to x1, before z."""
    x = x0
    turn = turned(yaw)
    while x < x1:
        long = rng.uniform(5, 16)
        parts, _ = house_front(rng, long)
        put(scene, parts, turn @ np.array([x + long / 2, 0, rng.uniform(-0.3, 0.3)]) + [0, y, z], turn)
        x += long + (rng.uniform(0.5, 3) if rng.random() < 0.1 else 0)


def walker(rng):
    """Somebody, as simply as far people need: legs, coat, arms, head, sometimes a bag."""
    tall, coat, legs, skin = (
        rng.uniform(1.5, 1.9),
        covered(rng, 0.2, 0.35),
        plain(rng),
        plain(rng, SKINS[rng.integers(4)]),
    )
    step, parts = rng.uniform(0, 0.25), []
    for s in (-1, 1):
        hip, foot = np.array([s * 0.085, tall * 0.5, 0]), np.array([s * 0.09, 0.05, s * step])
        parts += [
            sweep(np.linspace(hip, foot, 6), np.linspace(0.085, 0.05, 6), legs, 10),
            soft(plain(rng, DARK), (0.045, 0.045, 0.12), foot + [0, 0, -0.04], square=0.5),
        ]
        hand = np.array([s * rng.uniform(0.22, 0.3), tall * rng.uniform(0.44, 0.6), -s * step * 0.8 - 0.05])
        elbow = np.array([s * 0.25, tall * 0.6, 0.05])
        parts += [
            bar([(s * 0.17, tall * 0.8, 0), elbow, hand], (0.06, 0.05, 0.04), coat, 12),
            ball(skin, 8, 10, 0.05).moved(hand),
        ]
    y = np.linspace(tall * rng.uniform(0.36, 0.5), tall * 0.85, 14)
    parts.append(
        sweep(
            np.column_stack([0 * y, y, 0 * y]),
            np.interp(np.linspace(0, 1, 14), [0, 0.4, 0.85, 1], [0.19, 0.16, 0.2, 0.08]),
            coat,
            16,
            flat=0.65,
        )
    )
    head = np.array([0, tall * 0.93, -0.01])
    parts += [
        ball(skin, 12, 16).moved(head, None, (0.075, 0.11, 0.09)),
        ball(plain(rng, pick(rng, DARK, (0.3, 0.18, 0.08), (0.6, 0.45, 0.2), None)), 12, 16).moved(
            head + [0, 0.035, 0.02], None, (0.085, 0.095, 0.095)
        ),
    ]
    if rng.random() < 0.3:
        parts += shifted(gear.bag(rng), (0.3, tall * 0.25, 0), turned(1.5))
    return parts


def post(rng):
    """A lamp post, bollard, sign, bin, hydrant or letter box."""
    k, m = rng.random(), plain(rng, pick(rng, DARK, METAL, None))
    if k < 0.3:
        tall, out = rng.uniform(4, 7), rng.uniform(0.4, 1.5)
        lamp = plain(rng, WHITE)
        lamp.glow = rng.uniform(0, 1) * (rng.random() < 0.3)
        return [
            bar([(0, 0, 0), (0, tall * 0.8, 0), (out * 0.4, tall, 0), (out, tall, 0)], (0.09, 0.06, 0.05, 0.04), m),
            soft(lamp, (0.3, 0.08, 0.12), (out, tall - 0.02, 0), square=0.5),
        ]
    if k < 0.55:
        return [lathe([(0.08, 0), (0.06, 0.1), (0.055, 0.75), (0.075, 0.8), (0.05, 0.9), (1e-4, 0.93)], m, 14)]
    if k < 0.8:
        tall, sign = rng.uniform(2, 2.8), print_of(rng, 0.5)
        plate = lathe([(1e-4, 0), (0.3, 0), (0.3, 0.02), (1e-4, 0.02)], sign, int(pick(rng, 3, 4, 8, 28)), False)
        return [rods([[0, 0, 0]], [[0, tall, 0]], 0.03, m, 8), plate.moved((0, tall, -0.04), turned(0, -math.pi / 2))]
    half = np.array([rng.uniform(0.2, 0.4), rng.uniform(0.4, 0.8), rng.uniform(0.2, 0.35)])
    return [soft(covered(rng, 0.4, 0.3), half, (0, half[1], 0), square=0.2)]


def tree(rng, tall=None):
    tall, bark = tall or rng.uniform(4, 10), material(rng, BARK, 4)
    trunk = tall * rng.uniform(0.25, 0.45)
    parts = [
        bar(
            [(0, 0, 0), (rng.normal() * 0.1, trunk, 0), (rng.normal() * 0.3, tall * 0.8, 0)],
            (tall * 0.03, tall * 0.02, tall * 0.008),
            bark,
            12,
        )
    ]
    green = material(rng, pick(rng, LEAF, LEAF, GRASS, (0.5, 0.35, 0.1)), 3, 0.9)
    for _ in range(rng.integers(3, 8)):
        lump = ball(green, 18, 26)
        lump.points *= (1 + 0.16 * waves(rng, lump.points, 0.5) + 0.1 * waves(rng, lump.points, 0.16))[:, None]
        at = np.array([rng.normal() * 0.14, rng.uniform(0.5, 0.95), rng.normal() * 0.14]) * tall
        parts.append(lump.moved(at, turned(rng.uniform(0, 6)), tall * rng.uniform(0.12, 0.24, 3)))
    return parts


def road(rng, scene, near, far, wide=60.0):
    """Asphalt with marks between two kerbs that go along x, and pavements beside it."""
    asphalt, stone = (
        material(rng, pick(rng, (0.2, 0.2, 0.21), (0.35, 0.34, 0.33), STONE), spread(rng, 0.5, 3), rng.random()),
        material(rng, pick(rng, STONE, (0.6, 0.55, 0.48)), spread(rng, 0.7, 3)),
    )
    scene.floor(0, asphalt)
    scene.mesh(block(stone, (wide, 0.07, 20), (0, 0.07, far + 20)))
    scene.mesh(block(plain(rng, STONE), (wide, 0.075, 0.08), (0, 0.075, far)))
    if near > 0.6:
        scene.mesh(block(stone, (wide, 0.07, 10), (0, 0.07, near - 10)))
    white = plain(rng, pick(rng, WHITE, (0.8, 0.65, 0.1)), 0)
    if rng.random() < 0.7 and far - near > 4:
        z, step = (near + far) / 2, rng.uniform(3, 7)
        x = np.arange(-wide, wide, step)
        scene.mesh(
            blocks(
                white, np.column_stack([x, 0 * x + 0.003, 0 * x + z]), np.tile([step * 0.25, 0.003, 0.07], (len(x), 1))
            )
        )
    if rng.random() < 0.25:
        x = np.arange(-2, 2) * 1.0 + rng.normal() * 3
        scene.mesh(
            blocks(
                white,
                np.column_stack([x, 0 * x + 0.003, 0 * x + (near + far) / 2]),
                np.tile([0.25, 0.003, (far - near) / 2 * 0.9], (len(x), 1)),
            )
        )


def street_life(rng, scene, z, wide, count, y=0.14):
    """People, posts and trees along a pavement."""
    for _ in range(count):
        made = pick(rng, walker, walker, post, post, tree)(rng)
        put(scene, made, (rng.uniform(-wide, wide), y, z + rng.uniform(0, 1.5)), turned(rng.uniform(0, 6.3)))
