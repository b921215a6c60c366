"""Fruit and vegetables as whole meshes. Sizes in metres."""

import math

import numpy as np

from meshed.flesh import capsule, ellipsoid, fused, scores_of, split, wobble
from meshed.flowers.plants import blade, petal, ring
from meshed.mesh import Mesh, ball, displaced, joined, lathe, smoothed_path, sweep
from world import LEAF, WOOD, material, pick, spread, turned

# Skin, flesh, middle, and the radius in metres.
ROUND = {
    "orange": ((0.9, 0.45, 0.04), (0.95, 0.6, 0.15), (0.95, 0.85, 0.6), 0.04),
    "lemon": ((0.92, 0.8, 0.1), (0.92, 0.88, 0.45), (0.95, 0.93, 0.75), 0.03),
    "lime": ((0.25, 0.5, 0.08), (0.7, 0.8, 0.35), (0.85, 0.9, 0.65), 0.026),
    "grapefruit": ((0.93, 0.6, 0.2), (0.85, 0.25, 0.2), (0.95, 0.85, 0.7), 0.055),
    "apple": ((0.7, 0.07, 0.06), (0.93, 0.9, 0.7), (0.8, 0.75, 0.45), 0.04),
    "green apple": ((0.5, 0.65, 0.12), (0.93, 0.92, 0.75), (0.8, 0.78, 0.5), 0.04),
    "peach": ((0.9, 0.5, 0.3), (0.93, 0.75, 0.35), (0.5, 0.2, 0.12), 0.038),
    "plum": ((0.25, 0.07, 0.2), (0.85, 0.6, 0.25), (0.5, 0.3, 0.15), 0.025),
    "tomato": ((0.8, 0.08, 0.04), (0.85, 0.25, 0.15), (0.85, 0.5, 0.3), 0.035),
    "kiwi": ((0.4, 0.28, 0.15), (0.4, 0.6, 0.12), (0.9, 0.9, 0.7), 0.03),
    "melon": ((0.12, 0.3, 0.1), (0.85, 0.15, 0.13), (0.85, 0.2, 0.2), 0.12),
    "pomegranate": ((0.6, 0.1, 0.12), (0.6, 0.03, 0.08), (0.9, 0.8, 0.6), 0.045),
    "onion": ((0.65, 0.4, 0.18), (0.92, 0.9, 0.82), (0.9, 0.88, 0.75), 0.035),
    "avocado": ((0.12, 0.17, 0.06), (0.75, 0.78, 0.3), (0.4, 0.22, 0.1), 0.04),
    "fig": ((0.3, 0.12, 0.25), (0.7, 0.2, 0.2), (0.8, 0.5, 0.3), 0.025),
    "aubergine": ((0.12, 0.03, 0.13), (0.88, 0.88, 0.7), (0.8, 0.78, 0.5), 0.045),
}
CITRUS = ("orange", "lemon", "lime", "grapefruit")


def rind(rng, colour, r, rough=True):
    """The material of the skin of a fruit."""
    m = material(rng, colour, spread(rng, 0.4, 4) / r, rng.uniform(0, 0.5))
    m.gloss = rng.uniform(0, 0.5)
    m.relief = 0.4 if rough and rng.random() < 0.5 else 0.0
    return m


def profile(name, n=22):
    """Radius and height of a fruit of radius one."""
    t = np.linspace(0, math.pi, n)
    r, y = np.sin(t), -np.cos(t)
    if "apple" in name or name in ("peach", "tomato", "plum"):
        return np.stack(
            [r * (1 + 0.08 * np.cos(t * 2 + 3)), y * 0.9 - 0.28 * np.exp(-((r / 0.28) ** 2)) * np.sign(y)], 1
        )
    if name in ("lemon", "lime", "fig"):
        return np.stack([r, y * 1.15 + 0.28 * np.sign(y) * np.exp(-((r / 0.25) ** 2))], 1)
    if name in ("avocado", "aubergine"):
        long = 1.4 if name == "avocado" else 2.4
        return np.stack([r * (0.8 - 0.25 * y * (1.1 - 0.3 * y)) * 1.05, y * long], 1)
    if name in ("onion", "pomegranate"):
        return np.stack([r, y * 0.9 + 0.35 * np.exp(-((r / 0.2) ** 2)) * (y > 0)], 1)
    return np.stack([r, y * (1.15 if name in ("kiwi", "melon") else 0.95)], 1)


def whole(rng, name, r, m=None):
    """Around the origin, upright."""
    m = m or rind(rng, ROUND[name][0], r)
    body = lathe(profile(name) * r, m, 30)
    body.points = (body.points * (1 + 0.03 * wobble(rng, body.points / r, 1.2))[:, None]).astype(np.float32)
    parts = [body]
    if name in ("melon", "tomato", "apple", "peach") and rng.random() < 0.7:
        p = body.points / r
        a = np.arctan2(p[:, 2], p[:, 0])
        layer = (
            np.cos(a * rng.integers(5, 10) + 0.5 * wobble(rng, p, 0.4)) - 0.3
            if name == "melon"
            else wobble(rng, p * [1, 0.4, 1], 1.0) + p[:, 1] - rng.uniform(-0.5, 1)
        )
        parts = split(
            body,
            scores_of([np.ones(len(p)), layer]),
            [m, rind(rng, (0.75, 0.6, 0.2) if name != "melon" else (0.4, 0.55, 0.2), r)],
        )
    if rng.random() < 0.6:
        parts.append(
            sweep(
                smoothed_path(np.array([[0, 0.6, 0], [0.02, 0.95, 0.03], [0.12, 1.25, 0.1]]) * r, 6),
                0.04 * r,
                material(rng, (0.3, 0.22, 0.1), amount=0.3),
                6,
            )
        )
    if name == "tomato" or rng.random() < 0.12:
        shape = petal(rng, 0.16, 0.8, 0.3, -0.4, 6, 3)
        parts.append(ring(rng, shape, 6, 0.7 * r, -0.2, 0, material(rng, LEAF, 2 / r), 0.2).moved((0, 0.72 * r, 0)))
    return parts


def long_one(rng, name, size):
    """Banana, carrot, cucumber, pepper, maize, pear, strawberry, grapes, broccoli, pumpkin, cabbage, pineapple."""
    t = np.linspace(0, 1, 20)
    if name in ("banana", "cucumber", "chili"):
        bend = {"banana": 1.3, "cucumber": 0.3, "chili": 0.8}[name] * rng.uniform(0.6, 1.3)
        a = (t - 0.5) * bend
        path = np.stack([np.sin(a), 1 - np.cos(a), 0 * t], 1) / bend * size
        radius = (
            size
            * {"banana": 0.11, "cucumber": 0.12, "chili": 0.07}[name]
            * np.sqrt(np.clip(np.sin(np.pi * (0.04 + 0.92 * t)), 0, 1)) ** 0.7
        )
        if name == "chili":
            radius = radius * (1 - 0.8 * t)
        m = rind(
            rng,
            {
                "banana": pick(rng, (0.92, 0.75, 0.12), (0.7, 0.7, 0.15)),
                "cucumber": (0.12, 0.3, 0.08),
                "chili": pick(rng, (0.75, 0.06, 0.04), LEAF),
            }[name],
            size * 0.1,
        )
        count = int(rng.integers(1, 5)) if name == "banana" else 1
        return [
            sweep(path, radius, m, 6 if name == "banana" else 14).moved(
                (0, 0, 0.16 * size * (k - count / 2)), turned(0.1 * k, pick(rng, 0, 1.3))
            )
            for k in range(count)
        ]
    if name == "carrot":
        body = sweep(
            np.stack([0 * t, 0 * t, t * size], 1),
            size * 0.1 * (1 - 0.85 * t**1.2) * (1 + 0.05 * np.sin(t * 60)),
            rind(rng, (0.9, 0.4, 0.05), size * 0.1),
            14,
        )
        return [body] + [
            p
            for _ in range(7)
            for p in blade(
                rng,
                size * 0.5,
                0.12,
                (rng.normal() * 0.4, 0.4, -1),
                material(rng, LEAF, 9 / size),
                None,
                rows=8,
                columns=3,
            )
        ]
    if name in ("pepper", "pumpkin"):
        ribs, colour = (
            (4, pick(rng, (0.8, 0.07, 0.04), (0.9, 0.7, 0.05), (0.15, 0.45, 0.08)))
            if name == "pepper"
            else (int(rng.integers(8, 14)), pick(rng, (0.88, 0.42, 0.06), (0.85, 0.75, 0.5), (0.3, 0.4, 0.3)))
        )
        body = lathe(
            profile("apple", 26) * [0.5 * size, (0.62 if name == "pepper" else 0.4) * size],
            rind(rng, colour, size * 0.4),
            80,
        )
        a = np.arctan2(body.points[:, 2], body.points[:, 0])
        body.points[:, [0, 2]] *= (0.9 + 0.1 * np.abs(np.cos(a * ribs / 2)) ** 0.6)[:, None]
        return [
            body,
            sweep(
                smoothed_path(np.array([[0, 0.2, 0], [0, 0.5, 0.02], [0.1, 0.65, 0.05]]) * size, 8),
                size * 0.05,
                material(rng, LEAF, 5 / size),
                6,
            ),
        ]
    if name == "pear":
        y = np.linspace(-1, 1.3, 24)
        r = np.sqrt(np.clip(1 - (y + 0.15) ** 2 / 0.75, 0, 1)) * 0.9
        neck = 0.42 * np.sqrt(np.clip(1 - (np.abs(y - 0.55) / 0.75) ** 3, 0, 1))
        body = lathe(
            np.stack([np.maximum(r, neck), y], 1) * size * 0.4,
            rind(rng, pick(rng, (0.65, 0.65, 0.15), (0.5, 0.35, 0.12)), size * 0.3),
            28,
        )
        return [
            body,
            sweep(np.linspace((0, 0.5 * size, 0), (0.04 * size, 0.68 * size, 0), 4), 0.015 * size, material(rng, WOOD)),
        ]
    if name in ("strawberry", "pineapple"):
        tall = 0.6 if name == "strawberry" else 1.3
        y = np.linspace(0, 1, 24)
        r = (
            0.42
            * np.sin(np.pi * (0.06 + 0.86 * y)) ** (0.8 if name == "strawberry" else 0.4)
            * (0.65 + 0.5 * y if name == "strawberry" else 1)
        )
        body = lathe(
            np.stack([r, y * tall], 1) * size,
            rind(rng, (0.8, 0.05, 0.06) if name == "strawberry" else (0.7, 0.45, 0.12), size * 0.3),
            36,
        )
        n, parts = 150, [body]
        k = np.arange(n)
        h, a = (k + 0.5) / n, k * 2.39996
        at = np.stack([np.interp(h, y, r) * np.cos(a), h * tall, np.interp(h, y, r) * np.sin(a)], 1) * size
        bead = ball(None, 5, 7, size * (0.018 if name == "strawberry" else 0.07))
        parts.append(
            Mesh(
                (bead.points[None] * [1, 1.3, 1] + at[:, None]).reshape(-1, 3),
                (bead.faces[None] + (k * len(bead.points))[:, None, None]).reshape(-1, 3),
                material(rng, (0.9, 0.75, 0.3) if name == "strawberry" else (0.45, 0.3, 0.1), 4 / size),
            )
        )
        for j in range(1 if name == "strawberry" else 4):
            parts.append(
                ring(
                    rng,
                    petal(rng, 0.16, 0.8, 0.4, 0.3, 7, 3),
                    9,
                    size * (0.35 if name == "strawberry" else 0.6),
                    0.1 + 0.35 * j,
                    0,
                    material(rng, LEAF, 4 / size),
                    0.15,
                    j,
                ).moved((0, tall * size * 0.97, 0))
            )
        return parts
    if name in ("grapes", "cherries", "berries"):
        m = rind(
            rng,
            {
                "grapes": pick(rng, (0.25, 0.08, 0.2), (0.6, 0.7, 0.25)),
                "cherries": (0.55, 0.02, 0.05),
                "berries": pick(rng, (0.12, 0.13, 0.3), (0.7, 0.06, 0.15)),
            }[name],
            size * 0.1,
        )
        n, raw = int(rng.integers(4, 8) if name == "cherries" else rng.integers(25, 60)), ball(m, 9, 12, size * 0.1)
        at = rng.normal(size=(n, 3)) * size * np.array([0.24, 0.1, 0.36]) + [0, 0.1 * size, 0]
        parts = [joined([raw.moved(p) for p in at])]
        return parts + [
            sweep(
                smoothed_path([p, p + [0, 0.2 * size, 0], [0, 0.6 * size, 0]], 6), 0.012 * size, material(rng, LEAF), 5
            )
            for p in at[: 3 if name != "berries" else 0]
        ]
    if name == "broccoli":
        white = rng.random() < 0.4
        m, lumps = material(rng, (0.88, 0.86, 0.75) if white else (0.12, 0.3, 0.08), 20 / size, 0.6), []
        for _ in range(26):
            way = rng.normal(size=3) * [1, 0.6, 1] + [0, 0.5, 0]
            lumps.append(
                ellipsoid(way / np.linalg.norm(way) * 0.33 * size + [0, 0.5 * size, 0], size * rng.uniform(0.12, 0.2))
            )
        lumps.append(ellipsoid((0, 0.5 * size, 0), 0.33 * size))
        body = fused(lumps, 54, 0.03 * size, m)
        body = displaced(body, 0.02 * size * wobble(rng, body.points / size, 0.07))
        return [
            body,
            fused(
                [capsule((0, 0, 0), (0, 0.4 * size, 0), 0.14 * size, 0.2 * size)],
                20,
                None,
                material(rng, (0.6, 0.7, 0.4)),
            ),
        ]
    m, second = (
        material(rng, pick(rng, (0.45, 0.6, 0.25), (0.4, 0.15, 0.35), (0.2, 0.4, 0.15)), 3 / size),
        material(rng, (0.85, 0.9, 0.7), amount=0.3),
    )
    parts = [ball(m, 16, 24, 0.32 * size).moved((0, 0.3 * size, 0))]
    for k in range(14):
        a, lift = k * 2.4, 0.3 + 0.07 * k
        way = (math.cos(a) * math.cos(lift), math.sin(lift), math.sin(a) * math.cos(lift))
        parts += blade(rng, size * 0.6, 0.55, way, m, second, "veins", 14, 11)
    return parts


LONG = {
    "banana": 0.18,
    "cucumber": 0.22,
    "chili": 0.1,
    "carrot": 0.18,
    "pepper": 0.1,
    "pumpkin": 0.25,
    "pear": 0.1,
    "strawberry": 0.035,
    "pineapple": 0.16,
    "grapes": 0.12,
    "cherries": 0.08,
    "berries": 0.1,
    "broccoli": 0.16,
    "cabbage": 0.2,
}
