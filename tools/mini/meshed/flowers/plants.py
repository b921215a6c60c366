"""Flowers, leaves, potted plants and mushrooms as meshes, on y = 0; sizes in metres unless said otherwise."""

import math

import numpy as np

from loud import loudened
from meshed.flesh import scores_of, split, wobble
from meshed.mesh import Mesh, ball, grid_faces, joined, lathe, sheet, smoothed_path, sweep
from meshed.shared.growth import GREENS
from world import LEAF, STONE, WHITE, material, pick, spread, turned

PETALS = (
    (0.85, 0.1, 0.1),
    (0.9, 0.75, 0.1),
    (0.9, 0.45, 0.1),
    (0.85, 0.35, 0.55),
    (0.55, 0.2, 0.6),
    WHITE,
    (0.3, 0.3, 0.8),
    (0.95, 0.75, 0.7),
    (0.4, 0.03, 0.08),
)
GOLD = ((0.8, 0.6, 0.08), (0.25, 0.14, 0.06), (0.6, 0.65, 0.2), (0.08, 0.06, 0.05))
POTS = ((0.6, 0.32, 0.18), WHITE, (0.2, 0.25, 0.35), None, STONE)
FLOWERS = ("dahlia", "dahlia", "daisy", "daisy", "tulip", "rose", "lily", "poppy", "sunflower", "aster", "spike")


def upright(way):
    """A rotation that brings +y to a direction."""
    y = np.asarray(way, float) / np.linalg.norm(way)
    x = np.cross(y, (0.0, 0.0, 1.0) if abs(y[2]) < 0.9 else (1.0, 0, 0))
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], 1)


def petal(rng, wide, point, cup, bend, rows=9, columns=7):
    """A petal one unit long from the origin along +z: how wide, pointed and hollow, and how far its tip bends up."""
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    w = wide * (0.12 + 0.88 * np.sin(np.pi * (0.08 + 0.92 * v**0.85)) ** point) * np.where(v > 0.98, 0.25, 1)
    a = bend * v
    up = np.sin(a) * v + cup * w * u**2 + 0.02 * np.cos(u * 6) * v
    return np.stack([u * w, up, np.cos(a) * v], -1).reshape(-1, 3), grid_faces(rows, columns)


def ring(rng, shape, count, long, lift, root, m, loose=0.08, phase=0.0):
    """Petals around +y as one mesh, raised by `lift` from flat."""
    points, faces = shape
    a = phase + np.arange(count) * 2 * math.pi / count + rng.normal(0, loose, count)
    e, size = lift + rng.normal(0, loose, count), long * (1 + rng.normal(0, loose, count))
    p = points[None] * size[:, None, None]
    y = p[..., 1] * np.cos(e)[:, None] + p[..., 2] * np.sin(e)[:, None]
    z = p[..., 2] * np.cos(e)[:, None] - p[..., 1] * np.sin(e)[:, None] + root
    x = p[..., 0]
    moved = np.stack(
        [x * np.cos(a)[:, None] + z * np.sin(a)[:, None], y, z * np.cos(a)[:, None] - x * np.sin(a)[:, None]], -1
    )
    starts = (np.arange(count) * len(points))[:, None, None]
    return Mesh(moved.reshape(-1, 3), (faces[None] + starts).reshape(-1, 3), m, np.tile(points * long, (count, 1)))


def petal_dye(rng, size, colour=None):
    """A material of petals."""
    m = material(rng, colour, spread(rng, 0.5, 4) / size, rng.uniform(0, 0.5))
    m.colours = np.clip(m.colours * rng.uniform(0.8, 1.15), 0.02, 1)
    return m


def tipped(rng, mesh, made):
    """Petals whose tips, roots or middles have another colour."""
    if rng.random() < 0.5:
        return [mesh]
    v = np.linalg.norm(mesh.local, axis=1)
    v = v / v.max()
    x = np.abs(mesh.local[:, 0]) / (np.abs(mesh.local[:, 0]).max() + 1e-9)
    layer = pick(rng, v - rng.uniform(0.5, 0.85), rng.uniform(0.2, 0.6) - v, 0.25 - x, np.sin(x * 12) - 0.2)
    return split(mesh, scores_of([np.ones(len(v)), layer]), [mesh.material, made])


def dahlia(rng, one, two, heart):
    rings, state = int(rng.integers(5, 11)), rng.integers(1 << 30)
    shape = petal(
        rng, rng.uniform(0.12, 0.24), rng.uniform(0.7, 1.1), rng.uniform(0.2, 1.1), rng.uniform(0.2, 0.7), 7, 5
    )
    found = []
    for k in range(rings):
        t = k / rings
        part = ring(
            rng,
            shape,
            int(22 - 10 * t),
            1.0 - 0.72 * t,
            -0.15 + 1.5 * t,
            0.1 * (1 - t),
            one if rng.random() < 0.85 else two,
            0.05,
            k * 0.6,
        )
        found += tipped(np.random.default_rng(state), part, two)
    return found


def daisy(rng, one, two, heart):
    big, layers, found = rng.uniform(0.2, 0.5), int(rng.integers(1, 4)), []
    count = int(rng.integers(9, 26))
    for k in range(layers):
        shape = petal(
            rng,
            rng.uniform(0.7, 1.4) * 2.6 * (big + 0.2) / count,
            rng.uniform(0.5, 1.0),
            rng.uniform(-0.2, 0.4),
            rng.normal() * 0.3,
        )
        part = ring(
            rng,
            shape,
            count,
            (1 - big * 0.7) * (1 - 0.1 * k),
            rng.normal() * 0.12 + 0.2 * k,
            big * 0.7,
            one,
            0.06,
            k * 3.14 / count,
        )
        found += tipped(rng, part, two)
    disc = ball(heart, 14, 22).moved((0, 0.02, 0), scale=np.array([big, big * rng.uniform(0.25, 0.6), big]))
    n = 130
    a, r = np.arange(n) * 2.39996, big * np.sqrt(np.arange(n) / n)
    bead = ball(None, 5, 6)
    places = np.stack([r * np.cos(a), 0.02 + big * 0.3 * np.sqrt(np.maximum(1 - (r / big) ** 2, 0)), r * np.sin(a)], 1)
    beads = (bead.points[None] * big * 0.065 + places[:, None]).reshape(-1, 3)
    faces = (bead.faces[None] + (np.arange(n) * len(bead.points))[:, None, None]).reshape(-1, 3)
    return [*found, disc, Mesh(beads, faces, pick(rng, heart, petal_dye(rng, 1, pick(rng, *GOLD))))]


def cupped(rng, one, two, heart, tulip):
    """A tulip or a rose: hollow petals that stand around each other."""
    opened, found, state = rng.uniform(0, 0.6), [], rng.integers(1 << 30)
    layers = 2 if tulip else int(rng.integers(4, 7))
    for k in range(layers):
        t = k / layers
        if tulip:
            shape, count, long, lift, root = (
                petal(rng, 0.36, 0.55, 0.75, 0.35 + 0.3 * opened, 12, 9),
                3,
                1.25,
                0.95 - 0.5 * opened,
                0.05,
            )
        else:
            shape, count, long, lift, root = (
                petal(rng, 0.6, 0.5, 0.55, -0.3, 9, 9),
                5,
                1 - 0.45 * t,
                0.4 + 0.95 * t - 0.3 * opened,
                0.14 * (1 - t),
            )
        found += tipped(
            np.random.default_rng(state),
            ring(rng, shape, count, long, lift + 0.08 * k * tulip, root, one, 0.05, k * 1.05),
            two,
        )
    return [*found, sweep(np.linspace((0, 0.0, 0), (0, 0.5, 0), 4), 0.09, heart)]


def starry(rng, one, two, heart, lily):
    """A lily or a poppy with its stamens."""
    count = 6 if lily else int(rng.integers(4, 7))
    wide = rng.uniform(0.22, 0.34) if lily else rng.uniform(0.5, 0.75)
    shape = petal(rng, wide, 0.8 if lily else 0.4, rng.uniform(0.1, 0.5), rng.uniform(-0.9, 0.2), 12, 9)
    found = tipped(rng, ring(rng, shape, count, 1.0, rng.uniform(0.3, 0.9), 0.06, one), two)
    found.append(ball(heart, 10, 14, 0.14).moved((0, 0.1, 0)))
    for a in np.arange(9) * 0.7:
        tip = np.array([0.3 * math.cos(a), rng.uniform(0.35, 0.6), 0.3 * math.sin(a)])
        found.append(sweep(smoothed_path([(0, 0, 0), tip * [0.3, 0.6, 0.3], tip], 6), 0.012, two, 5))
        found.append(ball(heart, 6, 8).moved(tip, scale=np.array([0.04, 0.03, 0.06])))
    return found


def spike(rng, one, two, heart):
    """Many small blossoms along a stem."""
    shape, found = petal(rng, 0.35, 0.6, 0.5, 0.3, 5, 3), []
    for k in range(26):
        t = k / 26
        part = ring(rng, shape, 5, 0.28 * (1.1 - t), 0.5, 0.05, one if t < 0.8 else two, 0.15, k)
        found.append(part.moved((0, 2.2 * t - 1.1, 0)))
    return [joined(found[:21]), joined(found[21:]), sweep(np.linspace((0, -1.1, 0), (0, 1.1, 0), 4), 0.05, heart)]


def flower(rng, name=None):
    """A flower around +y with its middle at the origin, about one unit wide to each side."""
    name = name or pick(rng, *FLOWERS)
    one, two = petal_dye(rng, 1, pick(rng, *PETALS, None)), petal_dye(rng, 1, pick(rng, *PETALS, None))
    heart = petal_dye(rng, 1, pick(rng, *GOLD))
    if name in ("tulip", "rose"):
        return cupped(rng, one, two, heart, name == "tulip")
    if name in ("lily", "poppy"):
        return starry(rng, one, two, heart, name == "lily")
    return {"dahlia": dahlia, "spike": spike}.get(name, daisy)(rng, one, two, heart)


def stem(rng, foot, top, wide, m, leaves=2):
    """A bent stem, with leaves."""
    foot, top = np.asarray(foot, float), np.asarray(top, float)
    long = np.linalg.norm(top - foot)
    path = smoothed_path([foot, (foot + top) / 2 + rng.normal(size=3) * 0.08 * long, top], 12)
    found = [sweep(path, np.linspace(1.2, 0.8, 12) * wide, m, 8)]
    for _ in range(leaves):
        at = path[int(rng.integers(1, 9))]
        way = np.array([rng.normal(), rng.uniform(0.2, 1.2), rng.normal()])
        found += [
            p.moved(at)
            for p in blade(rng, rng.uniform(0.25, 0.6) * long, rng.uniform(0.1, 0.3), way, m, None, rows=14, columns=7)
        ]
    return found


def blade(rng, long, wide, way, m, second=None, style=None, rows=26, columns=15):
    """A leaf from the origin along a direction, bent by its weight, plain or with marks of another colour."""
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    form = rng.uniform(0.6, 1.3)
    w = wide * np.sin(np.pi * np.clip(v**form * 0.97 + 0.02, 0, 1)) ** rng.uniform(0.6, 1)
    style = style or pick(rng, "veins", "border", "stripes", "blots", "middle")
    ripple = rng.uniform(0, 0.08) * np.sin(v * 22) * np.abs(u)
    lobed = 1 - 0.35 * (rng.random() < 0.15) * (np.sin(v * 40) > 0.2) * (np.abs(u) > 0.4)
    hollow, droop = rng.uniform(0.1, 0.6) * np.abs(u) * w + ripple * w, rng.uniform(0.1, 1.3)
    y, z = hollow * np.cos(droop * v) - np.sin(droop * v) * v * 0.6, v * np.cos(droop * v * 0.7)
    mesh = sheet(np.stack([u * w * lobed, y, z], -1) * long, m)
    mesh.local = (np.stack([u * w, 0 * u, v], -1).reshape(-1, 3) * long).astype(np.float32)
    parts = [mesh]
    if second is not None:
        side, along = np.abs(u).ravel(), v.ravel()
        slant = along * rng.uniform(25, 50) - side * rng.uniform(2, 9)
        layer = {
            "veins": 0.12 - np.abs(np.sin(slant / 2)) * (0.3 + side),
            "border": side - rng.uniform(0.55, 0.85),
            "stripes": np.sin(slant) - 0.1,
            "middle": rng.uniform(0.1, 0.5) - side + 0.2 * np.sin(slant),
            "blots": wobble(rng, mesh.local.astype(float), 0.2 * long) - 0.4,
        }[style]
        parts = split(mesh, scores_of([np.ones(len(side)), np.maximum(layer, 0.06 - side)]), [m, second])
    way = np.asarray(way, float)
    turn = turned(math.atan2(way[0], way[2]), -math.atan2(way[1], math.hypot(way[0], way[2])), rng.normal() * 0.3)
    return [p.moved(turn=turn) for p in parts]


def pot(rng, r, tall):
    """A pot, a vase or a bowl; returns its meshes and how high the earth is."""
    m = material(rng, pick(rng, *POTS), spread(rng, 1, 8), rng.uniform(0, 0.7))
    if rng.random() < 0.3:
        loudened(rng, m, spread(rng, 0.5, 3) / r)
    k = rng.random()
    if k < 0.5:
        form = [(0.0, 0), (0.7, 0), (0.95, 0.82), (1.06, 0.82), (1.08, 1.0), (0.92, 1.0), (0.88, 0.85)]
    elif k < 0.75:
        form = [(0.0, 0), (0.55, 0), (0.95, 0.3), (1.05, 0.6), (0.9, 0.9), (0.95, 1.0), (0.85, 1.0), (0.8, 0.85)]
    else:
        form = [(0.0, 0), (0.95, 0), (1.0, 0.05), (1.0, 1.0), (0.9, 1.0), (0.9, 0.85)]
    earth = lathe([(0.0, 0.86 * tall), (0.9 * r, 0.85 * tall)], material(rng, (0.16, 0.11, 0.08), 5 / r), 24)
    return [lathe(np.array(form) * [r, tall], m, 36), earth], 0.86 * tall


def succulent(rng, size, m=None):
    """Thick leaves in a rosette, as aloe, agave and houseleek have, with pale edges, dots or tips."""
    m = m or material(
        rng,
        pick(rng, (0.35, 0.5, 0.35), (0.25, 0.4, 0.2), (0.5, 0.6, 0.5), (0.45, 0.25, 0.3)),
        spread(rng, 1, 6) / size,
    )
    second = material(rng, pick(rng, WHITE, (0.8, 0.75, 0.3), (0.6, 0.2, 0.2), (0.15, 0.3, 0.15)), amount=0.3)
    count, wide, thick = int(rng.integers(14, 46)), rng.uniform(0.07, 0.28), rng.uniform(0.2, 0.5)
    steep, curve, style, dots = rng.uniform(0.1, 0.5), rng.normal() * 0.6 - 0.2, rng.integers(4), rng.uniform(14, 40)
    rows, columns, found, layers = 16, 12, [], []
    t, a = np.linspace(0, 1, rows), np.arange(columns) * 2 * math.pi / columns
    outline = wide * (0.75 + 0.5 * np.sin(np.pi * t * 0.75)) * np.sqrt(np.clip(1 - t ** rng.uniform(1.2, 5), 0.0, 1))
    edge, along = (
        np.broadcast_to(np.abs(np.cos(a))[None], (rows, columns)),
        np.broadcast_to(t[:, None], (rows, columns)),
    )
    layer = (edge - 0.93, np.sin(along * dots + 9 * edge) - 0.5, along - 0.85, 0 * along - 1)[style]
    for k in range(count):
        share = k / count
        bend = steep + (1.45 - steep) * share + rng.normal() * 0.06 + curve * t * (1 - 0.6 * share)
        y = np.concatenate([[0], np.cumsum(np.sin(bend))[:-1]]) / rows
        z = np.concatenate([[0], np.cumsum(np.cos(bend))[:-1]]) / rows
        long = size * (1 - 0.55 * share**2) * rng.uniform(0.9, 1.1)
        across, up = (
            outline[:, None] * np.cos(a),
            outline[:, None] * thick * np.where(np.sin(a) > 0, 0.35, 1) * np.sin(a),
        )
        p = (
            np.stack([across, y[:, None] + up * np.cos(bend)[:, None], z[:, None] - up * np.sin(bend)[:, None]], -1)
            * long
        )
        turn = turned(k * 2.39996 + rng.normal() * 0.08)
        local = np.stack([across, up, along], -1).reshape(-1, 3) * long
        found.append(Mesh(p.reshape(-1, 3) @ turn.T, grid_faces(rows, columns, True), m, local))
        layers.append(layer.ravel())
    whole = joined(found)
    return split(whole, scores_of([np.ones(len(whole.points)), np.concatenate(layers)]), [m, second])


def cactus(rng, size):
    """A ribbed column or ball with spines."""
    m = material(rng, pick(rng, LEAF, (0.3, 0.45, 0.3), (0.15, 0.3, 0.18)), 4 / size)
    ribs, tall, n = int(rng.integers(8, 20)), size * spread(rng, 0.6, 3), 26
    v, a = np.meshgrid(np.linspace(0, 1, n), np.arange(ribs * 8) * 2 * math.pi / (ribs * 8), indexing="ij")
    r = (
        size
        * 0.5
        * np.sqrt(np.clip(np.sin(np.pi * np.clip(0.25 + 0.75 * v, 0, 1)), 0, 1))
        * (1 + 0.13 * np.cos(a * ribs))
    )
    points = np.stack([r * np.cos(a), v * tall, r * np.sin(a)], -1)
    ridge = np.repeat(points[1:-1, ::8].reshape(-1, 3), 4, 0)
    out = (
        ridge * [1, 0, 1] / (np.linalg.norm(ridge[:, [0, 2]], axis=1, keepdims=True) + 1e-9)
        + rng.normal(size=ridge.shape) * 0.6
    )
    thin = np.cross(out, rng.normal(size=ridge.shape)) * 0.012 * size
    spikes = np.stack([ridge - thin, ridge + thin, ridge + out * size * 0.12], 1).reshape(-1, 3)
    pale = material(rng, (0.85, 0.75, 0.55), amount=0.1)
    return [
        Mesh(points.reshape(-1, 3), grid_faces(n, ribs * 8, True), m),
        Mesh(spikes, np.arange(len(spikes)).reshape(-1, 3), pale, smooth=False),
    ]


def tufted(rng, size):
    """Many leaves from one root: rubber plant, snake plant, calathea, palm, spider plant."""
    m = material(rng, pick(rng, *GREENS[:5]), 3 / size)
    second = (
        material(rng, pick(rng, WHITE, (0.7, 0.75, 0.3), (0.7, 0.2, 0.3), (0.08, 0.2, 0.08)), amount=0.3)
        if rng.random() < 0.6
        else None
    )
    style, found, k = pick(rng, "veins", "border", "stripes", "blots", "middle"), [], rng.random()
    high, wide, count = (
        (1.35, 0.08, 14)
        if k < 0.2
        else (0.5, 0.06, 40)
        if k < 0.4
        else (0.7, rng.uniform(0.2, 0.4), int(rng.integers(7, 18)))
    )
    for _ in range(count):
        a, lift = rng.uniform(0, 6.3), np.clip(rng.normal(high, 0.3), 0.0, 1.5)
        way = np.array([math.cos(a) * math.cos(lift), math.sin(lift), math.sin(a) * math.cos(lift)])
        stalk = way * size * rng.uniform(0.1, 0.8) if wide > 0.15 else way * 0.01
        if wide > 0.15:
            found.append(
                sweep(smoothed_path([(0, 0, 0), stalk * 0.5 + [0, 0.06 * size, 0], stalk], 6), 0.015 * size, m, 6)
            )
            way = way * [1, rng.uniform(-0.5, 0.6), 1]
        found += [p.moved(stalk) for p in blade(rng, size * rng.uniform(0.5, 1.0), wide, way, m, second, style, 20, 9)]
    return found


def mushroom(rng, size, cap=None, foot=None):
    """One with a cap and gills on y = 0; `size` is its height."""
    cap = cap or material(
        rng,
        pick(rng, (0.75, 0.1, 0.06), (0.5, 0.3, 0.15), (0.85, 0.75, 0.6), (0.7, 0.5, 0.2), None),
        spread(rng, 1, 6) / size,
    )
    foot = foot or material(rng, pick(rng, WHITE, (0.8, 0.72, 0.55)), 4 / size, 0.4)
    wide, high, low = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.6), rng.uniform(0.04, 0.14)
    t, bottom = np.linspace(0, math.pi / 2, 12), rng.uniform(1, 1.8)
    dome = np.stack([wide * np.cos(t) ** rng.uniform(0.7, 1), 1 - high + high * np.sin(t)], 1)
    under = [(0.08, 1 - high * 0.85), (wide * 0.85, 1 - high * 0.97), (wide, 1 - high)]
    stalk = [(low * bottom, 0.0), (low * bottom * 1.1, 0.08), (low * 1.1, 0.3), (low, 1 - high * 0.8)]
    parts = [
        lathe(dome * size, cap, 32),
        lathe(np.array(under) * size, foot, 48),
        lathe(np.array(stalk) * size, foot, 16),
    ]
    if rng.random() < 0.4:
        dots = material(rng, WHITE, amount=0.2)
        for _ in range(rng.integers(6, 26)):
            i, a = int(rng.integers(1, 11)), rng.uniform(0, 6.3)
            at = np.array([dome[i, 0] * math.cos(a), dome[i, 1], dome[i, 0] * math.sin(a)]) * size
            parts.append(ball(dots, 7, 10).moved(at, scale=size * rng.uniform(0.02, 0.06) * np.array([1.2, 0.8, 1.2])))
    turn = turned(rng.uniform(0, 6), rng.normal() * 0.12)
    return [p.moved(turn=turn) for p in parts]


def potted(rng, size):
    """A plant in a pot on y = 0, and its extent."""
    r = size * rng.uniform(0.18, 0.5)
    parts, level = pot(rng, r, r * rng.uniform(0.9, 2))
    k = rng.random()
    plant = (
        succulent(rng, size) if k < 0.4 else cactus(rng, r * 1.2) if k < 0.5 else tufted(rng, size) if k < 0.85 else []
    )
    if k > 0.85:
        name, green = pick(rng, *FLOWERS), material(rng, LEAF, 3 / size)
        for _ in range(rng.integers(1, 8)):
            a = rng.uniform(0, 6.3)
            top = np.array([math.cos(a) * r * 1.2, size * rng.uniform(0.5, 1.1), math.sin(a) * r * 1.2])
            plant += stem(rng, (rng.normal() * r * 0.3, 0, rng.normal() * r * 0.3), top, 0.012 * size, green)
            turn = upright(top / size + [rng.normal() * 0.3, 0.3, rng.normal() * 0.5 - 0.4])
            big = size * rng.uniform(0.1, 0.25)
            plant += [
                Mesh(p.points * big, p.faces, p.material, p.local * big).moved(top, turn) for p in flower(rng, name)
            ]
    parts += [p.moved((0, level, 0)) for p in plant]
    low, high = np.min([m.points.min(0) for m in parts], 0), np.max([m.points.max(0) for m in parts], 0)
    return parts, high - low
