"""What grows and lies on the ground: trees of branches and leaves, bushes, grass, flowers, rocks, hills of noise."""

import math

import numpy as np

from meshed.mesh import Mesh, ball, box, joined, sheet, smoothed_path, sweep
from meshed.shared.pile import rods
from world import BARK, GRASS, LEAF, STONE, material, pick, spread

LEAVES = (
    LEAF,
    LEAF,
    (0.3, 0.45, 0.12),
    (0.12, 0.25, 0.1),
    (0.25, 0.35, 0.2),
    (0.55, 0.3, 0.08),
    (0.6, 0.5, 0.1),
    (0.4, 0.1, 0.1),
    (0.7, 0.5, 0.6),
    (0.45, 0.5, 0.3),
)


class Relief:
    """Heights of noise: octaves of values on a grid, smooth in between."""

    def __init__(self, rng, size, tall, rough=0.5, octaves=6, ridged=False):
        self.table, self.size, self.rough, self.octaves, self.ridged = (
            rng.random((64, 64)),
            size,
            rough,
            octaves,
            ridged,
        )
        self.tall, self.shift = tall, rng.uniform(0, 64, (octaves, 2))

    def raw(self, x, z, octaves=None):
        total, weight, sums = 0.0, 1.0, 0.0
        for i in range(octaves or self.octaves):
            u, v = x / self.size * 2**i + self.shift[i, 0], z / self.size * 2**i + self.shift[i, 1]
            a, b = np.floor(u).astype(int), np.floor(v).astype(int)
            f, g = u - a, v - b
            f, g = f * f * (3 - 2 * f), g * g * (3 - 2 * g)
            t = self.table
            low = t[a % 64, b % 64] * (1 - f) + t[(a + 1) % 64, b % 64] * f
            high = t[a % 64, (b + 1) % 64] * (1 - f) + t[(a + 1) % 64, (b + 1) % 64] * f
            h = low * (1 - g) + high * g
            total = total + weight * (1 - np.abs(2 * h - 1) if self.ridged else h)
            sums, weight = sums + weight, weight * self.rough
        return total / sums

    def __call__(self, x, z):
        return self.tall * (self.raw(np.asarray(x, float), np.asarray(z, float)) - 0.5)


def land(height, m, eye, yaw=0.0, low=0.3, far=400.0, wide=1.0, rows=80, columns=76):
    """Ground up to `far` metres away: narrow strips near the camera and broad ones far away."""
    r = np.concatenate([-np.geomspace(8, low, 12), np.geomspace(low, far, rows)])
    u = np.linspace(-1, 1, columns)
    across = u * np.sqrt(u * u + 0.15) / math.sqrt(1.15)
    x, z = across[None] * (np.abs(r)[:, None] * wide + 10), np.broadcast_to(r[:, None], (len(r), columns))
    x, z = eye[0] + x * math.cos(yaw) + z * math.sin(yaw), eye[2] - x * math.sin(yaw) + z * math.cos(yaw)
    points = np.stack([x, height(x, z), z], -1)
    return sheet(points, m)


def unit(v):
    """Vectors [..., 3] with length 1."""
    return v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-9)


def flakes(rng, at, along, size, wide=0.5, fold=0.25, face=None):
    """Leaves of two triangles each, folded along their middle: they start `at` [n, 3] and point `along`."""
    n = len(at)
    along = unit(along)
    side = unit(np.cross(along, unit(rng.normal(size=(n, 3))) if face is None else face))
    up = np.cross(side, along)
    size = np.broadcast_to(np.asarray(size, float), (n,))[:, None]
    middle = at + along * size * 0.45
    left, right = (middle + way * side * size * wide * 0.5 + up * size * fold * wide for way in (-1, 1))
    points = np.stack([at, left, at + along * size, right], 1).reshape(-1, 3)
    base = 4 * np.arange(n)[:, None]
    return points, np.concatenate([base + [0, 2, 1], base + [0, 3, 2]])


def leafage(rng, at, along, size, ms, **form):
    """Leaves, each of one of a few materials."""
    if not len(at):
        return []
    which = rng.integers(len(ms), size=len(at))
    found = []
    for i, m in enumerate(ms):
        mine = which == i
        if mine.any():
            extra = {k: (v[mine] if isinstance(v, np.ndarray) else v) for k, v in form.items()}
            points, faces = flakes(
                rng, at[mine], along[mine], size[mine] if isinstance(size, np.ndarray) else size, **extra
            )
            found.append(Mesh(points, faces, m, smooth=False))
    return found


def leaf_materials(rng, size, count=3, colour=None):
    """Materials of leaves, all of about one colour."""
    colour = pick(rng, *LEAVES) if colour is None else colour
    ms = [material(rng, np.array(colour) * rng.uniform(0.5, 1.5), 0.5 / size, rng.random() * 0.6) for _ in range(count)]
    for m in ms:
        m.hole = 0.0
    return ms


def branches(rng, start, way, long, thick, levels, kids, spread_=0.7, droop=0.0, bend=0.25):
    """Branches of branches: (starts, ends, radii at both, level), each in three straight parts; and the tips."""
    found, at, way, long, thick = (
        [],
        np.atleast_2d(start),
        np.atleast_2d(way),
        np.atleast_1d(long),
        np.atleast_1d(thick),
    )
    for level in range(levels + 1):
        parts, place, heading = [at], at, unit(way)
        for _ in range(3):
            heading = unit(
                heading
                + rng.normal(size=way.shape) * bend * (0.4 if level == 0 else 1)
                + [0, 0.1 - droop * level * 0.15, 0]
            )
            place = place + heading * (long / 3)[:, None]
            parts.append(place)
        parts = np.stack(parts)
        t = np.array([1, 0.8, 0.62, 0.4 if level < levels else 0.15])
        for k in range(3):
            found.append((parts[k], parts[k + 1], thick * t[k], thick * t[k + 1], level))
        if level == levels:
            return found, parts, heading
        n = kids[level]
        s = rng.uniform(0.35 if level == 0 else 0.25, 1, (len(at), n))
        s[:, 0] = 1
        k, f = np.minimum((s * 3).astype(int), 2), (s * 3 - np.minimum((s * 3).astype(int), 2))[..., None]
        rows = np.arange(len(at))[:, None]
        begin = parts[k, rows] * (1 - f) + parts[k + 1, rows] * f
        out = unit(rng.normal(size=(len(at), n, 3)) * [1, 0.6, 1])
        way = unit(unit(way)[:, None] * (1 - spread_ * 0.6) + out * spread_)
        at, way = begin.reshape(-1, 3), way.reshape(-1, 3)
        long = (long[:, None] * rng.uniform(0.45, 0.8, (len(long), n)) * (1.1 - 0.35 * s)).ravel()
        thick = (thick[:, None] * (0.72 - 0.35 * s * 0.7) * rng.uniform(0.7, 1, (len(thick), n))).ravel()


def bark_of(found, m, thinnest=0.0):
    """One mesh of all branches that `branches` made."""
    pieces = []
    for level in sorted({f[4] for f in found}):
        mine = [f for f in found if f[4] == level]
        a, b, p, q = (np.concatenate([f[k] for f in mine]) for k in range(4))
        pieces.append(
            rods(a, b, np.maximum(p, thinnest), m, (9, 5, 4, 3, 3)[min(level, 4)], np.maximum(q, thinnest), False)
        )
    return Mesh(*(lambda j: (j.points, j.faces))(joined(pieces)), m, smooth=True)


def tree(rng, tall, leaves=3000, bare=False, levels=None, colour=None, thinnest=0.0):
    """A broad-leaved tree of meshes that stands at the origin."""
    levels = levels or (4 if leaves > 2500 or bare else 3)
    stem, slim = tall * rng.uniform(0.35, 0.6), spread(rng, 0.008, 0.028)
    kids = [int(rng.integers(4, 8)), int(rng.integers(3, 5)), int(rng.integers(2, 5)), 3][:levels]
    lean = rng.normal(size=3) * [0.08, 0, 0.08] + [0, 1, 0]
    found, tips, heading = branches(
        rng, np.zeros(3), lean, stem, tall * slim, levels, kids, rng.uniform(0.5, 0.85), rng.uniform(-0.3, 0.8)
    )
    bark = material(rng, pick(rng, BARK, BARK, (0.5, 0.48, 0.45), (0.15, 0.12, 0.1)), spread(rng, 1, 6))
    meshes = [bark_of(found, bark, thinnest)]
    if not bare:
        n = tips.shape[1]
        size = tall * rng.uniform(0.8, 1.3) * math.sqrt(40 / leaves) * 0.15
        which = rng.integers(n, size=leaves)
        k, f = rng.integers(0, 3, leaves), rng.random(leaves)[:, None]
        at = tips[k, which] * (1 - f) + tips[k + 1, which] * f
        along = unit(rng.normal(size=(leaves, 3)) + heading[which] * 0.5 + [0, rng.uniform(-0.5, 0.3), 0])
        at = at + rng.normal(size=at.shape) * tall * rng.uniform(0.003, 0.02)
        meshes += leafage(
            rng,
            at,
            along,
            size * rng.uniform(0.6, 1.3, leaves),
            leaf_materials(rng, size, 3, colour),
            wide=rng.uniform(0.4, 0.9),
        )
    return meshes


def conifer(rng, tall, needles=2500, colour=None):
    """A fir or a pine: whorls of branches with long narrow leaves along them."""
    count = int(rng.integers(40, 110))
    t = np.sort(rng.uniform(rng.uniform(0.05, 0.35), 0.98, count))
    a, reach = rng.uniform(0, 6.3, count), tall * rng.uniform(0.15, 0.3) * (1.02 - t) ** rng.uniform(0.6, 1.1)
    reach = reach * rng.uniform(0.7, 1.1, count)
    droop = rng.uniform(-0.3, 0.6)
    begin = np.column_stack([np.zeros(count), t * tall, np.zeros(count)])
    end = begin + np.column_stack([np.cos(a) * reach, -droop * reach, np.sin(a) * reach])
    bark = material(rng, BARK, 3)
    bars = rods(
        np.vstack([[[0, 0, 0]], begin]),
        np.vstack([[[0, tall, 0]], end]),
        np.r_[tall * 0.018, reach * 0.02],
        bark,
        4,
        np.r_[tall * 0.002, reach * 0.006],
        False,
    )
    which, s = rng.choice(count, needles, p=reach / reach.sum()), rng.uniform(0.1, 1, needles)[:, None]
    at = begin[which] * (1 - s) + end[which] * s
    way = unit(end - begin)[which]
    along = way + rng.normal(size=(needles, 3)) * [0.8, 0.35, 0.8] + [0, -0.15, 0]
    size = reach[which] * rng.uniform(0.25, 0.55, needles) * (1.1 - 0.5 * s[:, 0]) + tall * 0.01
    colour = (
        pick(rng, (0.1, 0.2, 0.1), (0.15, 0.28, 0.12), (0.2, 0.3, 0.25), (0.75, 0.8, 0.85))
        if colour is None
        else colour
    )
    return [
        bars,
        *leafage(rng, at, along, size, leaf_materials(rng, tall * 0.03, 3, colour), wide=rng.uniform(0.15, 0.35)),
    ]


def palm(rng, tall):
    """A bent trunk with feathers above."""
    lean = rng.normal(size=2) * 0.2 * tall
    path = smoothed_path([[0, 0, 0], [lean[0] * 0.2, tall * 0.5, lean[1] * 0.2], [lean[0], tall, lean[1]]], 14)
    trunk = sweep(path, np.linspace(0.03, 0.018, 14) * tall, material(rng, BARK, 4), 9)
    count, n = int(rng.integers(9, 22)), 60
    a, s = np.repeat(rng.uniform(0, 6.3, count), n), np.tile(np.linspace(0.08, 1, n), count)
    lift, reach = np.repeat(rng.uniform(-0.2, 0.9, count), n), tall * rng.uniform(0.3, 0.5)
    out = np.column_stack([np.cos(a), np.zeros(len(a)), np.sin(a)])
    at = path[-1] + out * (reach * s * (1 - 0.25 * s))[:, None] + np.outer(reach * (lift * s - 0.9 * s * s), [0, 1, 0])
    side = np.column_stack([-np.sin(a), np.zeros(len(a)), np.cos(a)]) * np.where(np.arange(len(a)) % 2, 1, -1)[:, None]
    along = side + out * 0.6 + [0, -0.3, 0]
    size = reach * 0.35 * np.sin(np.pi * (0.12 + 0.85 * s))
    rest = leafage(rng, at, along, size, leaf_materials(rng, reach * 0.2, 2), wide=0.18)
    ribs = at.reshape(count, n, 3)
    return [
        trunk,
        rods(
            ribs[:, :-1:6].reshape(-1, 3), ribs[:, 5::6].reshape(-1, 3), reach * 0.012, trunk.material, 4, closed=False
        ),
        *rest,
    ]


def bush(rng, size, leaves=900, colour=None, square=None):
    """Leaves on a round or a cut body, dark within."""
    n = unit(rng.normal(size=(leaves, 3)))
    if square:
        at = rng.uniform(-1, 1, (leaves, 3))
        axis = rng.integers(3, size=leaves)
        at[np.arange(leaves), axis] = np.sign(at[np.arange(leaves), axis])
        n = np.eye(3)[axis] * np.sign(at)
        at = at * np.array(square)
        core = box(half=np.array(square) * 0.93)
        area = (square[0] * square[1] + square[0] * square[2] + square[1] * square[2]) * 8
    else:
        lump = 1 + 0.2 * np.sin(n @ rng.normal(size=(3, 4)) * 3 + rng.uniform(0, 6, 4)).sum(1) / 2
        shape = size * rng.uniform(0.7, 1.2, 3)
        at = n * lump[:, None] * shape * rng.uniform(0.75, 1, (leaves, 1))
        core, area = ball(rows=8, columns=10), 12 * size**2
        core = Mesh(core.points * shape * 0.72, core.faces)
    leaf = math.sqrt(area / leaves) * rng.uniform(0.9, 1.6)
    ms = leaf_materials(rng, leaf, 3, colour)
    core.material = material(rng, ms[0].colours[0] * 0.5, 1 / leaf)
    lift = square[1] if square else size * 0.6
    along = n * 0.6 + rng.normal(size=(leaves, 3)) * 0.8
    meshes = [core, *leafage(rng, at, along, leaf * rng.uniform(0.6, 1.3, leaves), ms, wide=rng.uniform(0.35, 0.9))]
    return [m.moved((0, lift, 0)) for m in meshes]


def grass(rng, at, tall, ms, wide=0.03, lean=0.4):
    """Blades at roots [n, 3], each bent, of three triangles and a tip."""
    n = len(at)
    if not n:
        return []
    tall = np.broadcast_to(np.asarray(tall, float), (n,)) * rng.uniform(0.5, 1.3, n)
    a = rng.uniform(0, 6.3, n)
    side = np.column_stack([np.cos(a), np.zeros(n), np.sin(a)]) * (tall * wide * rng.uniform(0.6, 1.4, n))[:, None]
    over = np.column_stack([-np.sin(a), np.zeros(n), np.cos(a)]) * (tall * lean * rng.uniform(0, 1.6, n))[:, None]
    up = np.outer(tall, [0, 1, 0])
    middle = at + up * 0.55 + over * 0.3
    points = np.stack([at - side, at + side, middle - side * 0.7, middle + side * 0.7, at + up * 0.9 + over], 1)
    base = 5 * np.arange(n)[:, None]
    which, found = rng.integers(len(ms), size=n), []
    for i, m in enumerate(ms):
        b = base[which == i]
        if len(b):
            faces = np.concatenate([b + [0, 1, 3], b + [0, 3, 2], b + [2, 3, 4]])
            found.append(Mesh(points.reshape(-1, 3), faces, m, smooth=False))
    return [compact(m) for m in found]


def compact(mesh):
    """A mesh without the points that no face uses."""
    used, faces = np.unique(mesh.faces, return_inverse=True)
    return Mesh(mesh.points[used], faces.reshape(-1, 3), mesh.material, mesh.local[used], mesh.smooth)


def flowers(rng, at, tall, colour=None):
    """Flowers at roots [n, 3]: stems, a few leaves, petals around a middle."""
    n, petals = len(at), int(rng.integers(4, 12))
    tall = tall * rng.uniform(0.6, 1.2, n)
    top = at + np.column_stack([rng.normal(size=n) * 0.15 * tall, tall, rng.normal(size=n) * 0.15 * tall])
    green = material(rng, LEAF)
    meshes = [rods(at, top, tall * 0.012, green, 3, closed=False)]
    face = unit(np.array([0, 1.0, 0]) + rng.normal(size=(n, 3)) * 0.5 + [0, 0, -0.4])
    first = unit(np.cross(face, [1.0, 0.1, 0]))
    second = np.cross(face, first)
    a = np.arange(petals) * 2 * math.pi / petals
    out = np.cos(a)[None, :, None] * first[:, None] + np.sin(a)[None, :, None] * second[:, None]
    along = out + face[:, None] * rng.uniform(-0.2, 1)
    size = np.repeat(tall * rng.uniform(0.12, 0.3), petals)
    m = material(rng, colour if colour is not None else rng.uniform(0.1, 0.95, 3), 10, 0.3)
    points, faces = flakes(
        rng,
        np.repeat(top, petals, 0),
        along.reshape(-1, 3),
        size,
        rng.uniform(0.5, 1.1),
        face=np.repeat(face, petals, 0),
    )
    meshes.append(Mesh(points, faces, m, smooth=False))
    knob, core = ball(material(rng, pick(rng, (0.8, 0.65, 0.1), (0.2, 0.15, 0.05), None)), 4, 6), []
    for p, s in zip(top[:60], size[::petals], strict=False):
        core.append(knob.moved(p, scale=s * 0.28))
    meshes.append(joined(core))
    k = 3
    roots = np.repeat(at, k, 0) + np.repeat(top - at, k, 0) * rng.uniform(0, 0.5, (n * k, 1))
    meshes += leafage(
        rng,
        roots,
        rng.normal(size=(n * k, 3)) * [1, 0.3, 1] + [0, 0.5, 0],
        np.repeat(tall, k) * 0.35,
        [green],
        wide=0.3,
    )
    return meshes


def rock(rng, size, m=None, rows=20, columns=28, sharp=None):
    """A ball with bumps and cut faces; it reaches a little below the ground."""
    made = ball(m or material(rng, STONE, 1 / size), rows, columns)
    p, n = made.points.astype(float), 14
    ways = unit(rng.normal(size=(n, 3)))
    cut = (ways @ p.T) / rng.uniform(0.55, 1, (n, 1))
    r = 1 / np.maximum(cut.max(0), 0.75) if (rng.random() < 0.7 if sharp is None else sharp) else np.ones(len(p))
    for k in (2, 5, 11):
        r = r + 0.25 / k * np.sin(p @ rng.normal(size=(3, 3)) * k + rng.uniform(0, 6, 3)).sum(1)
    shape = size * rng.uniform(0.6, 1.2, 3)
    return Mesh(p * r[:, None] * shape + [0, shape[1] * 0.45, 0], made.faces, made.material, smooth=rng.random() < 0.5)


def spray(rng, origin, way, long, leaf, ms, bark, count=60, bare=False):
    """A twig close by with its leaves, from `origin` towards `way`."""
    found, _, _ = branches(rng, origin, way, long, long * 0.02, 2, [5, 3], 0.55, 0.5, 0.2)
    meshes = [bark_of(found, bark)]
    if bare:
        return meshes
    a, b = np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])
    which, s = rng.integers(len(a), size=count), rng.random((count, 1))
    at = a[which] * (1 - s) + b[which] * s
    along = unit(b - a)[which] * 0.5 + rng.normal(size=(count, 3)) * 0.7 + [0, -0.3, 0]
    for k, m in enumerate(ms):
        mine = np.arange(count) % len(ms) == k
        if mine.any():
            meshes.append(big_leaves(rng, at[mine], along[mine], leaf * rng.uniform(0.6, 1.2, mine.sum()), m))
    return meshes


def big_leaves(rng, at, along, size, m, wide=None, bend=0.35, face=None, hollow=0.3):
    """Leaves close by: rounded outlines of 2 × 7 points, bent along and across."""
    n, wide = len(at), rng.uniform(0.25, 0.7) if wide is None else wide
    along = unit(along)
    side = unit(np.cross(along, unit(rng.normal(size=(n, 3)) * 0.5 + [0, 1, 0]) if face is None else face))
    up = np.cross(side, along)
    t = np.linspace(0, 1, 7)
    w = wide * 0.5 * np.sin(np.pi * t**0.8) ** 0.9
    size = np.broadcast_to(np.asarray(size, float), (n,))[:, None, None]
    curl = rng.uniform(-0.2, bend, n)[:, None, None]
    middle = at[:, None] + size * (along[:, None] * t[None, :, None] - up[:, None] * curl * (t**2)[None, :, None])
    edge = [
        middle + way * size * side[:, None] * w[None, :, None] + size * up[:, None] * hollow * w[None, :, None]
        for way in (-1, 1)
    ]
    points = np.stack([edge[0], middle, edge[1]], 2).reshape(n, 21, 3)
    k, j = np.arange(6)[:, None] * 3, np.arange(2)[None]
    a = (k + j).ravel()
    faces = np.concatenate([np.column_stack([a, a + 1, a + 4]), np.column_stack([a, a + 4, a + 3])])
    return Mesh(points.reshape(-1, 3), (faces[None] + 21 * np.arange(n)[:, None, None]).reshape(-1, 3), m, smooth=True)


def scattered(rng, meshes, places, height=None, least=0.7, most=1.3):
    """Copies of a plant at places [n, 2], turned and scaled; all copies of one of its meshes are one mesh."""
    if not len(places):
        return []
    a, s = rng.uniform(0, 6.3, len(places)), rng.uniform(least, most, len(places))
    y = np.zeros(len(places)) if height is None else height(places[:, 0], places[:, 1])
    cos, sin, found = np.cos(a) * s, np.sin(a) * s, []
    for m in meshes:
        p = m.points.astype(float)
        x, z = (
            p[None, :, 0] * cos[:, None] + p[None, :, 2] * sin[:, None],
            p[None, :, 2] * cos[:, None] - p[None, :, 0] * sin[:, None],
        )
        points = np.stack([x + places[:, :1], p[None, :, 1] * s[:, None] + y[:, None], z + places[:, 1:]], -1)
        faces = (m.faces[None] + len(p) * np.arange(len(places))[:, None, None]).reshape(-1, 3)
        local = np.broadcast_to(m.local, (len(places), *m.local.shape)).reshape(-1, 3)
        found.append(Mesh(points.reshape(-1, 3), faces, m.material, local, m.smooth))
    return found


def ground_colour(rng):
    """A colour of grass, earth or sand."""
    return pick(rng, GRASS, GRASS, (0.35, 0.3, 0.15), (0.3, 0.25, 0.18), (0.6, 0.55, 0.35), (0.5, 0.48, 0.42))


def clear(scene, least=0.2):
    """The scene without the triangles that come too close to the camera."""
    eye = scene.camera.position
    for i, m in enumerate(scene.meshes):
        near = np.linalg.norm(m.points - eye, axis=1) < least
        if near.any():
            scene.meshes[i] = Mesh(m.points, m.faces[~near[m.faces].any(1)], m.material, m.local, m.smooth)
    scene.meshes = [m for m in scene.meshes if len(m.faces)]
    return scene
