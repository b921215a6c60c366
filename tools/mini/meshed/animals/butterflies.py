"""Butterflies and moths as meshes. They stand on y = 0 and look along +z; each comes with its extent in metres."""

import math

import numpy as np

from meshed.animals.coats import BLACK, ORANGE, YELLOW, dye, fur
from meshed.flesh import capsule, ellipsoid, fused, scores_of, split, wobble
from meshed.mesh import Mesh, ball, grid_faces, sized, smoothed_path, sweep
from world import DARK, WHITE, material, pick


def membrane(rng, first, last, radius, notch):
    """A wing as a flat sheet: angles, distances from the root, and points in x and y."""
    a, r = np.meshgrid(np.linspace(first, last, 56), np.linspace(0.03, 1, 40), indexing="ij")
    t = (a - first) / (last - first)
    edge = np.interp(t, np.linspace(0, 1, len(radius)), radius)
    edge = edge * (1 + notch * np.abs(np.sin(t * 9 * math.pi / 2)) - notch * 0.5)
    edge = np.convolve(np.pad(edge[:, 0], 3, "edge"), np.ones(7) / 7, "valid")[:, None]
    return t, r, np.stack([r * edge * np.cos(a), r * edge * np.sin(a)], -1)


def butterfly(rng, folded=None):
    """A butterfly or a moth with its wings spread, half open or folded over its back."""
    folded = rng.random() < 0.25 if folded is None else folded
    lift = rng.uniform(1.2, 1.5) if folded else rng.uniform(-0.1, 0.55)
    moth = rng.random() < 0.25
    colours = [
        pick(
            rng,
            ORANGE,
            YELLOW,
            (0.1, 0.3, 0.8),
            BLACK,
            WHITE,
            (0.6, 0.35, 0.15),
            (0.75, 0.1, 0.08),
            (0.4, 0.6, 0.5),
            rng.uniform(0.03, 0.9, 3),
        )
        for _ in range(4)
    ]
    made = [dye(rng, c, 0.3) for c in colours]
    fore = np.array([1.0, 1.15, 1.0, 0.8, 0.68, 0.6]) * rng.uniform(0.85, 1.15, 6)
    hind = np.array([0.6, 0.75, 0.8, pick(rng, 0.8, 0.75, 1.2), 0.7, 0.45]) * rng.uniform(0.85, 1.15, 6)
    notch = rng.uniform(0, 0.16)
    parts, state = [], rng.integers(1 << 30)
    spans = ((rng.uniform(0.75, 1.0), -0.12, fore, 0.02), (-0.02, -rng.uniform(1.2, 1.45), hind, 0.0))
    for first, last, radius, over in spans:
        t, r, flat = membrane(rng, first, last, radius, notch)
        t, r = t.ravel(), r.ravel()
        own = np.random.default_rng([state, int(over > 0)])
        layers, used = patterned(own, t, r, flat.reshape(-1, 2), made, moth)
        camber = 0.05 * np.sin(np.pi * r) + 0.04 * np.sin(t * 9)
        for side in (-1, 1):
            x, z = flat[..., 0].ravel() * side, flat[..., 1].ravel()
            y = camber * 0.6 + over
            points = np.stack(
                [x * math.cos(lift) - side * y * math.sin(lift), np.abs(x) * math.sin(lift) + y * math.cos(lift), z], 1
            )
            mesh = Mesh(points + [side * 0.05, 0.14, 0.0], grid_faces(56, 40), made[0], np.stack([x, 0 * x, z], 1))
            parts += split(mesh, scores_of(layers), used)
    parts += trunk(rng, made, moth)
    return sized(parts, rng.uniform(0.018, 0.05))


def patterned(rng, t, r, flat, made, moth):
    """Borders of colours on a wing: base, margin, spots along it, veins, bands, eyes."""
    layers, used = [np.ones(len(t))], [made[0]]

    def lay(layer, which):
        layers.append(layer)
        used.append(made[which])

    p = np.column_stack([flat, np.zeros(len(flat))])
    noise = wobble(rng, p, 0.3)
    count = int(rng.integers(4, 9))
    if rng.random() < 0.5:
        lay(rng.uniform(0.25, 0.6) - r + 0.08 * noise, 1)
    if moth or rng.random() < 0.4:
        lay(np.sin(r * rng.uniform(10, 24) + noise + 2 * t) - rng.uniform(0, 0.7), 2)
    if rng.random() < 0.5:
        lay(wobble(rng, p, rng.uniform(0.2, 0.5)) - rng.uniform(0.2, 0.9), int(rng.integers(1, 4)))
    if rng.random() < 0.6:
        lay(0.045 + 0.04 * r - np.abs(np.sin(t * count * math.pi)) * 0.3 * np.maximum(r, 0.25), 3)
    if rng.random() < 0.8:
        lay(r - rng.uniform(0.74, 0.92) + 0.025 * np.cos(t * count * 2 * math.pi), 3)
        if rng.random() < 0.8:
            across = np.abs((t * count) % 1 - 0.5) / count * 1.6
            lay(0.035 - np.hypot(across, r - 0.92), int(rng.integers(1, 3)))
    for _ in range(rng.integers(0, 3)):
        c = flat[int(rng.choice(np.flatnonzero((r > 0.4) & (r < 0.8))))]
        d, size = np.hypot(*(flat - c).T), rng.uniform(0.07, 0.17)
        for k, share in enumerate((1, 0.72, 0.4)):
            lay(size * share - d, (3, 1, 2)[k])
    return layers, used


def trunk(rng, made, moth):
    """Body, eyes and feelers of a butterfly."""
    fat, m, found = rng.uniform(0.05, 0.1) * (1.4 if moth else 1), pick(rng, made[3], made[0]), []
    lumps = [
        capsule((0, 0.13, -0.6), (0, 0.14, 0.0), fat * 0.5, fat * 0.8),
        capsule((0, 0.15, 0.0), (0, 0.15, 0.22), fat * 1.15, fat),
        ellipsoid((0, 0.15, 0.33), np.full(3, fat * 0.85)),
    ]
    body = fused(lumps, 40, 0.03, m)
    found.append(body)
    if rng.random() < 0.6:
        found += fur(rng, body, 800, 0.06, 0.012, (0, 0, -1))
    dark = material(rng, DARK, amount=0.1)
    for side in (-1, 1):
        found.append(ball(dark, 7, 10, fat * 0.45).moved((side * fat * 0.7, 0.17, 0.36)))
        tip = np.array([side * rng.uniform(0.15, 0.4), 0.22, rng.uniform(0.55, 0.8)])
        found.append(sweep(smoothed_path([(side * 0.03, 0.18, 0.38), (side * 0.1, 0.24, 0.5), tip], 8), 0.008, dark, 5))
        found.append(ball(dark, 6, 8, 0.018).moved(tip))
        for z in (-0.05, 0.08, 0.2):
            foot = np.array([side * rng.uniform(0.15, 0.3), 0.0, z + rng.normal() * 0.06])
            found.append(
                sweep(
                    smoothed_path([(side * 0.04, 0.12, z), (foot + [side * 0.02, 0.2, z]) / 2, foot], 6), 0.013, dark, 5
                )
            )
    return found
