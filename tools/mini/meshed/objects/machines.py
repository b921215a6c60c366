"""Vehicles as lists of meshes in metres on y = 0: they go along x, the front at +x, and are wide along z."""

import math

import numpy as np

from meshed.mesh import Mesh, ball, grid_faces, lathe, prism, sheet, smoothed_path, sweep
from meshed.objects.basics import block, chrome, plain, print_of, rods, rounded, shifted, soft
from world import DARK, WHITE, material, pick, turned

ACROSS = turned(0, math.pi / 2)
"""Turns what a lathe made so that its axis lies along z."""


def rubber(rng):
    """The material of tyres."""
    return material(rng, (0.05, 0.05, 0.055), 40, rng.random() * 0.8)


def glass(rng):
    """The material of a dark pane that mirrors a little."""
    m = plain(rng, pick(rng, (0.03, 0.04, 0.05), (0.1, 0.13, 0.15), (0.25, 0.3, 0.33)), 0.6, 0.1)
    m.mirror = rng.uniform(0.05, 0.6)
    return m


def paint(rng):
    """A vehicle's paint, of one colour or with a sign on it."""
    m = print_of(rng, rng.uniform(0.6, 3)) if rng.random() < 0.15 else plain(rng, None, 0.6, 0.06)
    m.mirror = rng.uniform(0, 0.25) * (rng.random() < 0.5)
    return m


def picked(mesh, chosen, m):
    """The mesh cut in two: the chosen faces get the material `m`, the others keep theirs."""
    parts = [Mesh(mesh.points, mesh.faces[~chosen], mesh.material, mesh.local, mesh.smooth)] if not chosen.all() else []
    return parts + ([Mesh(mesh.points, mesh.faces[chosen], m, mesh.local, mesh.smooth)] if chosen.any() else [])


def middles(mesh):
    """The middle of the quadrangle that each face is half of, in meshes made of rows."""
    found = mesh.points[mesh.faces].mean(1)
    half = len(found) // 2
    return np.tile((found[:half] + found[half:]) / 2, (2, 1))


def wheel(rng, r, thick, tyre, metal, spokes="wire", rim=0.85):
    """A wheel around the origin, across z."""
    u = np.linspace(0, 2 * math.pi, 13)[:-1]
    side = r * (1 - rim) * 0.62
    ring = np.column_stack([r - side + side * np.cos(u), thick * np.sin(u)])
    parts = [lathe(np.concatenate([ring, ring[:1]])[::-1], tyre, 44)]
    edge = r * rim
    parts.append(
        lathe(
            [
                (edge * 0.93, -thick * 0.6),
                (edge * 1.04, -thick * 0.75),
                (edge * 1.04, thick * 0.75),
                (edge * 0.93, thick * 0.6),
                (edge * 0.93, -thick * 0.6),
            ],
            metal,
            44,
        )
    )
    if spokes == "disc":
        profile = [
            (1e-4, -thick * 0.2),
            (edge * 0.3, -thick * 0.35),
            (edge * 0.6, -thick * 0.1),
            (edge * 0.95, -thick * 0.7),
            (edge * 0.95, thick * 0.6),
            (1e-4, thick * 0.4),
        ]
        parts.append(lathe(profile, metal, 30))
        n = int(rng.integers(4, 12))
        for k in range(n):
            turn = 2 * math.pi * k / n
            hole = ball(plain(rng, (0.02, 0.02, 0.02), 0, 0), 6, 10).moved(
                (edge * 0.72 * math.cos(turn), -thick * 0.3, edge * 0.72 * math.sin(turn)),
                turned(-turn),
                (edge * 0.14, thick * 0.1, edge * 0.1),
            )
            parts.append(hole)
    else:
        parts.append(
            lathe(
                [
                    (1e-4, -thick * 1.3),
                    (r * 0.07, -thick * 1.2),
                    (r * 0.05, 0),
                    (r * 0.07, thick * 1.2),
                    (1e-4, thick * 1.3),
                ],
                metal,
                16,
            )
        )
        n = int(rng.integers(14, 20)) * 2 if spokes == "wire" else int(rng.integers(3, 9))
        turn = np.arange(n) * 2 * math.pi / n
        lean = np.where(np.arange(n) % 2 == 0, 1, -1) * (1.1 if spokes == "wire" else 0)
        flip = np.where(np.arange(n) // 2 % 2 == 0, 1, -1) * (spokes == "wire")
        hub = np.column_stack([r * 0.065 * np.cos(turn + lean), thick * flip, r * 0.065 * np.sin(turn + lean)])
        outer = np.column_stack([edge * np.cos(turn), 0 * turn, edge * np.sin(turn)])
        parts.append(rods(hub, outer, 0.0028 if spokes == "wire" else r * 0.055, metal, 4 if spokes == "wire" else 6))
    return [part.moved((0, 0, 0), ACROSS) for part in parts]


def guard(r, wide, first, last, m):
    """A mudguard over a wheel around the origin, from one angle to another."""
    t, s = np.meshgrid(np.linspace(first, last, 26), np.linspace(-1, 1, 9), indexing="ij")
    away = r * (1 - 0.09 * s**2)
    return sheet(np.stack([away * np.cos(t), away * np.sin(t), wide * s], -1), m)


def bar(points, radius, m, count=26, columns=10, flat=1.0):
    """A tube along a smooth curve through `points`, of one radius or of several along it."""
    path = smoothed_path(np.asarray(points, float), count)
    radius = (
        radius if np.isscalar(radius) else np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(radius)), radius)
    )
    return sweep(path, radius, m, columns, flat)


def bulk(points, wide, tall, m, count=30, columns=24, square=0.75):
    """A body along a path in x and y whose half width and half height change: tanks, seats, fairings, hulls."""
    path = smoothed_path(np.column_stack([points, np.zeros(len(points))]), count)
    t, at = np.linspace(0, 1, count), np.linspace(0, 1, len(wide))
    # A smooth change of both sizes, so that nothing has edges.
    w, h = (
        np.maximum(smoothed_path(np.column_stack([at, a, 0 * at]), count)[:, 1], 1e-4)
        for a in (np.asarray(wide, float), np.asarray(tall, float))
    )
    u = np.arange(columns) * 2 * np.pi / columns
    c, s = (np.sign(f) * np.abs(f) ** square for f in (np.cos(u), np.sin(u)))
    slope = np.gradient(path[:, :2], t, axis=0)
    slope /= np.linalg.norm(slope, axis=1, keepdims=True) + 1e-9
    up = np.column_stack([-slope[:, 1], slope[:, 0]])
    x = path[:, :1] + up[:, :1] * h[:, None] * s
    y = path[:, 1:2] + up[:, 1:] * h[:, None] * s
    return Mesh(np.stack([x, y, w[:, None] * c], -1).reshape(-1, 3), grid_faces(count, columns, True), m)


def station_lines(first, last, places, count):
    """Where a body is cut along its length: evenly, and at both sides of each place."""
    even = np.linspace(first, last, count)
    return np.unique(np.concatenate([even, *[(p - 0.006, p + 0.006) for p in places]]))


def car_body(rng, long, wide, wheels, r, belt, hood, trunk, xa, m):
    """The lower body as rings along x, with arches over the wheels; doors show as dark seams."""
    doors = [xa - 0.35, xa - 1.25, xa - 2.05][: rng.integers(2, 4)]
    x = station_lines(-long / 2, long / 2, doors, 90)
    t = np.abs(x) / (long / 2)
    low = np.full(len(x), rng.uniform(0.17, 0.26)) + 0.12 * np.clip((t - 0.93) / 0.07, 0, 1)
    for at in wheels:
        low = np.maximum(
            low, r + np.sqrt(np.clip((r * 1.16) ** 2 - (x - at) ** 2, 0, None)) - (np.abs(x - at) > r * 1.16) * 9
        )
    top = np.interp(
        x,
        [-long / 2, -long / 2 + 0.15, xa - 3.0, xa - 0.2, xa + 0.25, long / 2 - 0.3, long / 2],
        [trunk - 0.16, trunk, belt, belt, hood, hood - 0.12, hood - 0.27],
    )
    low = np.minimum(low, top - 0.12)
    half = wide / 2 * (1 - 0.2 * np.clip((t - 0.72) / 0.28, 0, 1) ** 2)
    u = np.arange(28) * 2 * np.pi / 28
    c, s = (np.sign(f) * np.abs(f) ** 0.36 for f in (np.cos(u), np.sin(u)))
    middle, rise = (low + top) / 2, (top - low) / 2
    bulge = 1 - 0.06 * s[None] ** 2
    points = np.stack(
        [np.broadcast_to(x[:, None], (len(x), 28)), middle[:, None] + rise[:, None] * s, half[:, None] * c * bulge], -1
    )
    mesh = Mesh(points.reshape(-1, 3), grid_faces(len(x), 28, True), m)
    at = middles(mesh)
    seam = (
        (np.min(np.abs(at[:, :1] - np.array(doors)[None]), 1) < 0.006)
        & (at[:, 1] > 0.28)
        & (np.abs(at[:, 2]) > wide * 0.3)
    )
    under = (at[:, 1] < 0.3) & (rng.random() < 0.4)
    parts, around = picked(mesh, seam | under, plain(rng, (0.03, 0.03, 0.03), 0)), np.append(np.arange(28), 0)
    for k in (0, -1):
        ring = points[k][around]
        parts.append(sheet(np.stack([ring, ring * [1, 0, 0] + [0, middle[k], 0]]), m))
    return parts


def cabin(rng, wide, belt, roof, xa, xb, xc, xd, m, pane):
    """The upper part from the foot of the windscreen `xa` over the roof from `xb` back to `xc` and down to `xd`."""
    pillars = [xb - 0.1, (xb + xc) / 2 - 0.05, xc + 0.12]
    x = np.unique(np.concatenate([np.linspace(xd, xa, 46), *[(p - 0.05, p + 0.05) for p in pillars]]))
    high = np.interp(x, [xd, xc, xb, xa], [0.02, 1, 1, 0.02])
    high = 1 - (1 - high) ** 1.25
    high *= 1 + 0.04 * np.sin(np.pi * np.clip((x - xc) / (xb - xc), 0, 1))
    u = np.linspace(0, np.pi, 29)
    c, s = np.sign(np.cos(u)) * np.abs(np.cos(u)) ** 0.35, np.sin(u) ** 0.42
    y = belt - 0.06 + high[:, None] * (roof - belt + 0.06) * s[None]
    z = wide / 2 * c[None] * (0.95 - 0.2 * (y - belt) / (roof - belt))
    mesh = Mesh(np.stack([np.broadcast_to(x[:, None], y.shape), y, z], -1).reshape(-1, 3), grid_faces(len(x), 29), m)
    at = middles(mesh)
    rise, side = (at[:, 1] - belt) / (roof - belt), np.abs(at[:, 2]) / (wide / 2)
    flank = (rise > 0.06) & (rise < 0.86) & (side > 0.66) & (at[:, 0] < xa - 0.3) & (at[:, 0] > xd + 0.2)
    flank &= np.min(np.abs(at[:, :1] - np.array(pillars)), 1) > 0.05
    sloped = (
        ((at[:, 0] > xb + 0.03) | (at[:, 0] < xc - 0.03))
        & (rise > 0.03)
        & (rise < 0.93)
        & (side < 0.68 + 0.06 * (1 - rise))
    )
    return picked(mesh, flank | sloped, pane)


def car(rng):
    """A saloon, hatchback, estate, off-roader or sports car."""
    style = pick(rng, "saloon", "saloon", "hatch", "estate", "jeep", "sport")
    m, pane, tyre, metal = paint(rng), glass(rng), rubber(rng), chrome(rng)
    long, wide, roof = (
        rng.uniform(4.1, 4.8),
        rng.uniform(1.65, 1.85),
        {"jeep": 1.75, "sport": 1.22}.get(style, 1.45) * rng.uniform(0.97, 1.05),
    )
    long -= 0.4 * (style == "hatch")
    belt, r = roof * rng.uniform(0.6, 0.66), rng.uniform(0.3, 0.34) + 0.04 * (style == "jeep")
    hood, trunk = belt - rng.uniform(0.02, 0.1), belt + rng.uniform(-0.03, 0.03)
    xa = long * rng.uniform(0.2, 0.26) - 0.25 * (style == "sport")
    xb = xa - rng.uniform(0.55, 0.75) - 0.2 * (style == "sport")
    tail = {"saloon": 0.13, "sport": 0.12}.get(style, 0.01)
    xd = -long * (0.5 - tail)
    xc = xd + {"saloon": 0.65, "sport": 0.8, "hatch": 0.45}.get(style, 0.2)
    wheels = (long * 0.31, -long * 0.3)
    parts = car_body(rng, long, wide, wheels, r, belt, hood, trunk, xa, m)
    parts += cabin(rng, wide, belt, roof, xa, xb, xc, xd, m if rng.random() < 0.85 else paint(rng), pane)
    for x in wheels:
        for side in (-1, 1):
            one = wheel(rng, r, 0.1, tyre, metal, pick(rng, "disc", "cast"), 0.68)
            parts += shifted(one, (x, r, side * (wide / 2 - 0.12)), turned(0 if side < 0 else math.pi))
    parts += [block(plain(rng, (0.03, 0.03, 0.03), 0, 0), (long * 0.42, 0.08, wide * 0.36), (0, 0.32, 0))]
    front, back = long / 2, -long / 2
    lamp = plain(rng, (0.85, 0.87, 0.9), 0.8)
    lamp.glow = rng.uniform(0, 1) * (rng.random() < 0.2)
    round_ = rng.random() < 0.5
    for side in (-1, 1):
        half = (0.05, 0.08, 0.09) if round_ else (0.06, 0.055, 0.17)
        parts.append(
            soft(
                lamp,
                half,
                (front - 0.09, hood - 0.27, side * wide * 0.33),
                turned(side * -0.3),
                square=1.0 if round_ else 0.4,
            )
        )
        parts.append(
            soft(
                plain(rng, (0.6, 0.04, 0.03), 0.6),
                (0.05, 0.07, 0.13),
                (back + 0.06, trunk - 0.26, side * wide * 0.33),
                turned(side * 0.3),
                square=0.4,
            )
        )
        parts += [
            soft(m, (0.06, 0.06, 0.1), (xa - 0.35, belt + 0.05, side * (wide / 2 + 0.08)), square=0.5),
            soft(metal, (0.07, 0.013, 0.012), (xa - 1.1, belt - 0.12, side * wide * 0.495), square=0.4),
        ]
    trim = pick(rng, metal, m, plain(rng, DARK))
    for x in (front - 0.03, back + 0.03):
        parts.append(soft(trim, (0.09, 0.07, wide * 0.43), (x, 0.38, 0), square=0.3))
        parts.append(block(plain(rng, WHITE), (0.012, 0.055, 0.25), (x + math.copysign(0.09, x), 0.42, 0)))
    grill = plain(rng, (0.04, 0.04, 0.04), 0.2, 0)
    parts += [soft(grill, (0.04, 0.07, wide * 0.22), (front - 0.05, hood - 0.32, 0), square=0.3)]
    return parts, r


def bus(rng, kind=None):
    """A bus, tram, van or lorry: a long box with panes, doors, signs, wheels, mirrors; and its length."""
    kind = kind or pick(rng, "bus", "bus", "double", "van", "truck", "tram")
    long, wide, tall = {
        "bus": (10.5, 2.5, 3.0),
        "double": (10, 2.5, 4.3),
        "van": (5.2, 1.95, 2.3),
        "truck": (7.5, 2.4, 3.3),
        "tram": (14, 2.5, 3.3),
    }[kind]
    long, tall = long * rng.uniform(0.85, 1.12), tall * rng.uniform(0.93, 1.06)
    m, second, pane, trim, tyre, metal = paint(rng), paint(rng), glass(rng), plain(rng, DARK), rubber(rng), chrome(rng)
    r, low, h = (0.34 if kind == "van" else 0.48), 0.35, wide / 2
    cab = 2.0 if kind == "truck" else 0.0
    body = rounded((long - cab) / 2, (tall - low) / 2, rng.uniform(0.08, 0.35))
    parts = [prism(body, wide, m, 0.02).moved((-cab / 2, (tall + low) / 2, 0))]
    if kind == "truck":
        parts = [
            block(
                print_of(rng, 2.5) if rng.random() < 0.6 else m,
                ((long - cab) / 2 - 0.1, (tall - 0.9) / 2, h),
                (-cab / 2 - 0.1, (tall + 0.9) / 2, 0),
            ),
            block(trim, (long / 2 - 0.1, 0.12, h * 0.5), (0, 0.65, 0)),
        ]
        parts.append(soft(second, (cab / 2, 0.95, h), (long / 2 - cab / 2, 1.5, 0), square=0.15))
        parts += [soft(pane, (0.05, 0.36, h * 0.9), (long / 2 - 0.02, 1.85, 0), square=0.2)]
        parts += [soft(pane, (0.5, 0.34, 0.03), (long / 2 - 0.8, 1.85, s * h), square=0.2) for s in (-1, 1)]
    else:
        decks = [(tall * 0.42, tall * 0.8)] if kind != "double" else [(1.2, 2.1), (2.8, 3.75)]
        if rng.random() < 0.6:
            parts.append(block(second, (long / 2 - 0.2, tall * 0.1, h + 0.008), (0, tall * rng.uniform(0.22, 0.33), 0)))
        for a, b in decks:
            count = int(rng.integers(4, 9)) if kind != "van" else 3
            x0, x1 = -long / 2 + 0.25, long / 2 - 0.3
            step, solid = (x1 - x0) / count, rng.random() < 0.5
            for s in (-1, 1):
                if solid:
                    parts.append(block(pane, ((x1 - x0) / 2, (b - a) / 2, 0.01), ((x0 + x1) / 2, (a + b) / 2, s * h)))
                for k in range(count):
                    if kind == "van" and k == 0 and rng.random() < 0.6:
                        continue
                    x = x0 + step * (k + 0.5)
                    if solid:
                        parts.append(block(trim, (0.03, (b - a) / 2, 0.016), (x0 + step * k, (a + b) / 2, s * h)))
                    else:
                        parts.append(
                            prism(rounded(step * 0.45, (b - a) / 2, 0.09), 0.03, pane, 0.02).moved(
                                (x, (a + b) / 2, s * h)
                            )
                        )
            for x in (-long / 2, long / 2):
                parts.append(
                    block(pane, (0.015, (b - a) * rng.uniform(0.5, 0.7), h * 0.88), (x, (a + b) / 2 - 0.05, 0))
                )
        for x in (long * 0.42, -long * 0.02) if kind != "van" else (0.35,):
            door = pick(rng, pane, trim, second)
            parts += [
                block(door, (0.5, (tall * 0.8 - low) / 2, 0.014), (x, (tall * 0.8 + low) / 2, -h)),
                block(trim, (0.02, (tall * 0.8 - low) / 2, 0.02), (x, (tall * 0.8 + low) / 2, -h)),
            ]
        sign = print_of(rng, 0.5, DARK)
        sign.glow = rng.uniform(0, 0.7) * (rng.random() < 0.5)
        if kind != "van":
            parts += [
                block(sign, (0.03, 0.14, h * 0.7), (long / 2, tall * 0.89, 0)),
                block(sign, (0.7, 0.11, 0.02), (long * 0.2, tall * 0.87, -h)),
            ]
        if rng.random() < 0.4:
            parts.append(
                block(
                    print_of(rng, 1.5),
                    (long * rng.uniform(0.1, 0.25), tall * 0.11, 0.016),
                    (-long * 0.2, tall * 0.27, -h),
                )
            )
        if rng.random() < 0.5:
            parts.append(soft(m, (long * 0.2, 0.13, h * 0.7), (-long * 0.1, tall + 0.06, 0), square=0.2))
    if kind != "tram":
        for x in (long * 0.31, -long * 0.28, -long * 0.28 - 1.1 * (kind == "truck")):
            for s in (-1, 1):
                arch = lathe([(1e-4, 0.012), (r * 1.2, 0.012), (r * 1.2, 0)], trim, 24)
                parts.append(arch.moved((x, r, s * h), turned(0, s * math.pi / 2)))
                parts += shifted(
                    wheel(rng, r, 0.13, tyre, metal, "disc", 0.62),
                    (x, r, s * (h - 0.09)),
                    turned(0 if s < 0 else math.pi),
                )
    else:
        parts.append(block(trim, (long * 0.45, 0.2, h * 0.8), (0, 0.2, 0)))
    for s in (-1, 1):
        parts += [
            soft(
                plain(rng, (0.85, 0.85, 0.8), 0.8), (0.04, 0.1, 0.15), (long / 2, low + 0.35, s * h * 0.72), square=0.4
            ),
            soft(plain(rng, (0.6, 0.04, 0.03)), (0.03, 0.16, 0.07), (-long / 2, low + 0.5, s * h * 0.85), square=0.4),
        ]
        mirror = np.array([long / 2 + 0.12, tall * 0.65 if kind != "van" else 1.4, s * (h + 0.2)])
        parts += [
            soft(trim, (0.05, 0.18, 0.1), mirror, square=0.4),
            rods([mirror], [[long / 2 - 0.1, mirror[1] + 0.2, s * (h - 0.05)]], 0.02, trim),
        ]
    parts += [block(trim, (0.05, 0.14, h * 0.97), (x, low + 0.1, 0)) for x in (-long / 2, long / 2)] + [
        block(plain(rng, WHITE), (0.06, 0.06, 0.26), (long / 2, low + 0.12, 0))
    ]
    return parts, long
