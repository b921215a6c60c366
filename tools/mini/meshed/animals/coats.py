"""Coats of animals: borders between colours on a skin, and hair on it."""

import numpy as np

from loud import loudened
from meshed.flesh import nearest, scores_of, split, wobble
from meshed.mesh import Mesh, directions
from world import material, pick, spread

# Labels of the parts of a body.
TRUNK, THIGH, SHIN, NECK, HEAD, MUZZLE, TAIL = range(7)
BLACK, ORANGE, YELLOW = (0.05, 0.045, 0.04), (0.85, 0.4, 0.05), (0.9, 0.75, 0.1)


def cells(rng, points, size):
    """How far each point is from the nearest and the next of scattered seeds, in seeds' distances."""
    base = np.floor(points / size).astype(int)
    near = np.full((2, len(points)), 9.0)
    seed = rng.integers(1, 1000, 4)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            for dz in (-1, 0, 1):
                c = base + [dx, dy, dz]
                h = (c[:, 0] * 73856093 + seed[0]) ^ (c[:, 1] * 19349663 + seed[1]) ^ (c[:, 2] * 83492791 + seed[2])
                h = (h * 2654435761 + seed[3]) & 0xFFFFFFFF
                jitter = np.stack([h & 1023, (h >> 10) & 1023, (h >> 20) & 1023], 1) / 1023.0
                d = np.linalg.norm(points / size - c - jitter, axis=1)
                near[1] = np.minimum(near[1], np.maximum(near[0], d))
                near[0] = np.minimum(near[0], d)
    return near


def regions(mesh, lumps):
    """The distance to each part of the body [points, 7]."""
    return nearest(np.array(lumps, float), mesh.points.astype(float), 7)


def only(near, *parts):
    """Positive where one of the parts is the nearest."""
    rest = [k for k in range(near.shape[1]) if k not in parts]
    return near[:, rest].min(1) - near[:, list(parts)].min(1)


def dye(rng, colour, size):
    """A material of a coat: dull, about one colour, with fine grain."""
    m = material(rng, colour, spread(rng, 2, 10) / size, rng.uniform(0, 0.6))
    m.gloss *= rng.random() < 0.3
    return m


def palette(rng, kind, size):
    """Three materials: ground, bright parts and dark parts; natural, or any."""
    colours = list(kind.colours)
    k = rng.random()
    if k < 0.25:
        colours = [rng.uniform(0.03, 0.85) * np.array([1, rng.uniform(0.7, 1), rng.uniform(0.4, 1)]) for _ in range(3)]
    elif k < 0.5:
        colours = [colours[i] for i in rng.permutation(3)]
    made = [dye(rng, c, size) for c in colours]
    if rng.random() < 0.08:
        loudened(rng, made[0], spread(rng, 1, 4) / size)
    return made


def coated(rng, mesh, lumps, coat, made, head=False):
    """The skin cut into meshes by a kind of coat; `made` are three materials."""
    p, n, near = mesh.points.astype(float), directions(mesh), regions(mesh, lumps)
    layers, used = [np.ones(len(p))], [made[0]]
    size = 0.5 if not head else 0.3

    def lay(layer, which):
        layers.append(layer)
        used.append(made[which])

    noise = wobble(rng, p, 0.25)
    if coat in ("spots", "rosettes", "rings"):
        wide = {"spots": rng.uniform(0.085, 0.13), "rosettes": rng.uniform(0.15, 0.22), "rings": 0.2}[coat]
        if head:
            wide *= 0.5
        d = cells(rng, p, wide)
        lay(-n[:, 1] * 0.6 - 0.35 + 0.2 * noise, 1)
        spot = rng.uniform(0.36, 0.46) - d[0] if coat == "spots" else 0.13 - np.abs(d[0] - 0.42) + 0.06 * noise
        lay(spot, 2)
    elif coat == "stripes":
        lay(-n[:, 1] * 0.6 - 0.35 + 0.2 * noise, 1)
        wave = p[:, 2] * rng.uniform(28, 60) * (2.2 if head else 1) + 2.2 * wobble(rng, p, 0.35)
        legs = p[:, 1] * 50 + 2 * noise
        wave = np.where(only(near, SHIN, THIGH) > 0, legs, wave)
        lay(np.sin(wave) - rng.uniform(-0.1, 0.55) - 0.5 * np.maximum(-n[:, 1], 0), 2)
    elif coat == "patches":
        for which in rng.permutation([1, 2])[: rng.integers(1, 3)]:
            lay(wobble(rng, p, spread(rng, 0.3, 0.9) * size * 2) - rng.uniform(-0.3, 0.5), which)
    elif coat == "saddle":
        lay(n[:, 1] - rng.uniform(0, 0.5) + 0.35 * noise, 2)
    elif coat == "points":
        lay(only(near, SHIN, TAIL, HEAD, MUZZLE) if not head else near[:, HEAD] - near[:, MUZZLE] + 0.05 * noise, 2)
    elif coat == "panda":
        lay(only(near, THIGH, SHIN) - 0.05, 2)
        lay(0.13 - np.abs(p[:, 2] - rng.uniform(0.1, 0.4)) + 0.03 * noise, pick(rng, 1, 2))
    elif coat == "belly":
        lay(-n[:, 1] * 0.6 - rng.uniform(0.05, 0.35) + 0.15 * noise, 1)
    if not head and rng.random() < 0.35:
        lay(only(near, SHIN) - rng.uniform(0, 0.1), pick(rng, 1, 2))
    if not head and rng.random() < 0.3:
        lay(only(near, TAIL) * (p[:, 2] < p[:, 2].min() + 0.3), pick(rng, 1, 2))
    if head:
        marks(rng, p, n, near, lay)
    return split(mesh, scores_of(layers), used)


def marks(rng, p, n, near, lay):
    """What only faces have: a bright or dark muzzle, a blaze, a mask around the eyes, stripes on the forehead."""
    size = p[:, 2].max()
    if rng.random() < 0.55:
        lay(only(near, MUZZLE) + rng.uniform(-0.02, 0.03) + 0.01 * wobble(rng, p, 0.1), pick(rng, 1, 1, 2))
    if rng.random() < 0.3:
        lay((rng.uniform(0.04, 0.14) * size - np.abs(p[:, 0])) * (p[:, 2] > 0), pick(rng, 1, 2))
    if rng.random() < 0.25:
        lay(0.2 * size - np.abs(p[:, 1] - 0.12 * size) - (p[:, 2] < 0.1 * size), 2)
    if rng.random() < 0.2:
        lay(np.minimum(np.sin(p[:, 0] * 30 / size + wobble(rng, p, 0.2)) - 0.3, p[:, 1] - 0.25 * size), 2)
    if rng.random() < 0.3:
        lay(-n[:, 1] - rng.uniform(0.1, 0.5), 1)


def fur(rng, mesh, count, long, wide, comb=(0, -0.3, -0.6), loose=0.5, where=None):
    """Hairs as thin triangles on a mesh, combed along a direction; `where` says how likely each face has them."""
    a, b, c = (mesh.points[mesh.faces[:, k]].astype(float) for k in range(3))
    face = np.cross(b - a, c - a)
    area = np.linalg.norm(face, axis=1) + 1e-12
    chance = area if where is None else area * where
    if chance.sum() <= 0:
        return []
    at = np.searchsorted(np.cumsum(chance) / chance.sum(), rng.random(count)).clip(0, len(area) - 1)
    u, v = rng.random((2, count, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    root = a[at] + u * (b[at] - a[at]) + v * (c[at] - a[at])
    middle = mesh.points.mean(0)
    normal = face[at] / area[at, None]
    if np.einsum("ij,ij->i", normal, root - middle).mean() < 0:
        normal = -normal
    flow = np.asarray(comb, float) - normal * (normal @ np.asarray(comb, float))[:, None]
    rise = flow + normal * rng.uniform(0.15, 0.6, (count, 1)) + rng.normal(size=(count, 3)) * loose * 0.35
    rise *= long * rng.uniform(0.5, 1.2, (count, 1)) / (np.linalg.norm(rise, axis=1, keepdims=True) + 1e-9)
    aside = np.cross(rise, normal + rng.normal(size=(count, 3)) * 0.3)
    aside *= wide / 2 / (np.linalg.norm(aside, axis=1, keepdims=True) + 1e-9)
    sunk = root - normal * long * 0.08
    points = np.stack([sunk - aside, sunk + aside, root + rise], 1).reshape(-1, 3)
    return [Mesh(points, np.arange(3 * count).reshape(-1, 3), mesh.material, smooth=False)]


def furred(rng, parts, count, long, wide, **rest):
    """The meshes with hair on all of them, as many hairs on each as its share of faces."""
    total = sum(len(m.faces) for m in parts)
    return parts + [
        h for m in parts for h in fur(rng, m, max(int(count * len(m.faces) / total), 1), long, wide, **rest)
    ]
