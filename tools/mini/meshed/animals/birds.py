"""Birds as meshes. They stand on y = 0 and look along +z; each comes with its extent in metres."""

import math
from dataclasses import dataclass

import numpy as np

from meshed.animals.coats import BLACK, ORANGE, YELLOW, coated, dye, fur
from meshed.flesh import capsule, ellipsoid, fused, nearest, scores_of, split, wobble
from meshed.mesh import ball, sheet, sized, smoothed_path, sweep
from world import DARK, WHITE, material, pick, turned


@dataclass
class Bird:
    """Measures in lengths of the trunk; `tall` is that length in metres."""

    tall: tuple
    body: tuple
    """Half width and half height."""
    neck: float
    head: float
    beak: tuple
    """Length, radius, how hooked."""
    leg: float
    tail: tuple
    """Length and width."""
    colours: tuple
    tilt: float = 0.5


BIRDS = {
    "finch": Bird(
        (0.07, 0.12),
        (0.32, 0.34),
        0.05,
        0.25,
        (0.16, 0.08, 0.1),
        0.3,
        (0.6, 0.2),
        ((0.5, 0.4, 0.3), (0.9, 0.6, 0.2), BLACK),
    ),
    "tit": Bird(
        (0.06, 0.09), (0.36, 0.38), 0.02, 0.28, (0.12, 0.06, 0.0), 0.3, (0.6, 0.2), ((0.35, 0.45, 0.55), YELLOW, BLACK)
    ),
    "robin": Bird(
        (0.07, 0.1), (0.36, 0.38), 0.02, 0.27, (0.14, 0.05, 0.0), 0.35, (0.5, 0.2), ((0.4, 0.33, 0.22), ORANGE, WHITE)
    ),
    "crow": Bird(
        (0.22, 0.3), (0.27, 0.3), 0.12, 0.19, (0.3, 0.08, 0.2), 0.35, (0.6, 0.3), (BLACK, BLACK, (0.3, 0.3, 0.33)), 0.4
    ),
    "pigeon": Bird(
        (0.2, 0.25),
        (0.3, 0.32),
        0.15,
        0.16,
        (0.14, 0.04, 0.1),
        0.25,
        (0.5, 0.3),
        ((0.45, 0.48, 0.55), WHITE, BLACK),
        0.35,
    ),
    "parrot": Bird(
        (0.15, 0.3),
        (0.28, 0.3),
        0.05,
        0.26,
        (0.2, 0.13, 1.2),
        0.2,
        (1.1, 0.2),
        ((0.8, 0.08, 0.05), (0.1, 0.5, 0.15), (0.1, 0.25, 0.7)),
        0.9,
    ),
    "owl": Bird(
        (0.2, 0.35),
        (0.36, 0.36),
        -0.05,
        0.36,
        (0.14, 0.07, 1.0),
        0.2,
        (0.4, 0.3),
        ((0.45, 0.33, 0.2), (0.85, 0.8, 0.7), (0.15, 0.1, 0.07)),
        1.1,
    ),
    "eagle": Bird(
        (0.35, 0.5),
        (0.3, 0.32),
        0.1,
        0.2,
        (0.24, 0.11, 1.1),
        0.3,
        (0.6, 0.35),
        ((0.2, 0.13, 0.08), WHITE, (0.5, 0.35, 0.2)),
        0.8,
    ),
    "gull": Bird(
        (0.25, 0.35),
        (0.27, 0.28),
        0.12,
        0.18,
        (0.26, 0.06, 0.3),
        0.3,
        (0.4, 0.25),
        (WHITE, (0.6, 0.62, 0.66), BLACK),
        0.2,
    ),
    "duck": Bird(
        (0.28, 0.4),
        (0.32, 0.3),
        0.35,
        0.2,
        (0.3, 0.1, -0.3),
        0.15,
        (0.3, 0.25),
        ((0.5, 0.4, 0.3), (0.05, 0.3, 0.15), WHITE),
        0.1,
    ),
    "swan": Bird((0.5, 0.7), (0.32, 0.3), 1.0, 0.13, (0.22, 0.07, 0.0), 0.12, (0.3, 0.25), (WHITE, WHITE, BLACK), 0.1),
    "heron": Bird(
        (0.35, 0.45),
        (0.24, 0.26),
        1.1,
        0.14,
        (0.45, 0.05, 0.0),
        1.3,
        (0.3, 0.2),
        ((0.55, 0.58, 0.62), WHITE, BLACK),
        0.5,
    ),
    "flamingo": Bird(
        (0.4, 0.5),
        (0.28, 0.28),
        1.3,
        0.13,
        (0.28, 0.07, 1.3),
        1.6,
        (0.25, 0.2),
        ((0.9, 0.45, 0.4), (0.85, 0.25, 0.25), WHITE),
        0.3,
    ),
    "hen": Bird(
        (0.25, 0.35),
        (0.36, 0.38),
        0.3,
        0.18,
        (0.14, 0.07, 0.3),
        0.4,
        (0.45, 0.35),
        ((0.6, 0.3, 0.1), WHITE, BLACK),
        0.3,
    ),
}


def wing(rng, span, chord, lift, sweep_back, made, side, fingers):
    """A spread wing from its root along +x, feathers along its back edge, cut into colours."""
    s, c = np.meshgrid(np.linspace(0, 1, 40), np.linspace(0, 1, 12), indexing="ij")
    front = 0.25 * np.sin(np.pi * np.minimum(s * 1.3, 1)) - sweep_back * s**2
    deep = chord * (1 - 0.6 * s**2.5) * np.sqrt(np.clip(1.02 - s**6, 0, 1))
    deep = deep * (1 - 0.16 * np.abs(np.sin(s * fingers)) - 0.25 * (s > 0.75) * np.abs(np.sin(s * fingers * 1.5)))
    y = np.sin(lift * 0.8 + lift * 0.7 * s) * s + 0.1 * deep * np.sin(np.pi * c)
    x = s * np.cos(lift * 0.8 + lift * 0.6 * s)
    points = np.stack([side * x * span, y * span, chord * front - c * deep], -1)
    mesh = sheet(points, made[0])
    s, c = s.ravel(), c.ravel()
    layers, used = [np.ones(len(s))], [made[0]]
    for _ in range(rng.integers(0, 4)):
        k = rng.integers(4)
        wave = 0.05 * np.sin(s * fingers * 2)
        layer = (
            c - rng.uniform(0.4, 0.9) + wave,
            s - rng.uniform(0.5, 0.85),
            0.1 - np.abs(c - rng.uniform(0.2, 0.8) + wave),
            np.sin(s * fingers * 2) - 0.6,
        )[k]
        layers.append(layer)
        used.append(pick(rng, *made[1:]))
    return split(mesh, scores_of(layers), used)


def bird(rng, name=None, pose=None):
    """A bird that stands, or flies with its wings spread."""
    name = name or pick(rng, *BIRDS)
    kind = BIRDS[name]
    pose = pose or pick(rng, "stand", "stand", "fly")
    tilt = -kind.tilt * rng.uniform(0.7, 1.2) if pose == "stand" else rng.normal() * 0.25
    turn, (w, h) = turned(0, tilt), np.array(kind.body) * rng.uniform(0.9, 1.15)
    colours = kind.colours if rng.random() < 0.6 else [rng.uniform(0.03, 0.9, 3) for _ in range(3)]
    made = [dye(rng, c, 0.2) for c in colours]
    at = lambda *p: turn @ np.array(p, float)  # noqa: E731
    look = turned(rng.normal() * 0.6, rng.normal() * 0.15, rng.normal() * 0.1)
    if pose == "stand":
        knots = [
            at(0, 0.1, 0.3),
            at(0, 0.1, 0.42) + [0, kind.neck * 0.35, 0.12 * kind.neck],
            at(0, 0.1, 0.42) + [0, kind.neck * 0.7, 0.0],
            at(0, 0.12, 0.45) + [0, kind.neck + 0.12, 0.1],
        ]
    else:
        look = turned(rng.normal() * 0.2)
        knots = [at(0, 0.05, 0.35 + k * (kind.neck + 0.18) / 3) for k in range(4)]
    path = smoothed_path(knots, 9)
    lumps = [
        ellipsoid((0, 0, 0), (w, h, 0.5), turn, 0),
        ellipsoid(at(0, -0.04, 0.15), (w * 0.95, h * 0.95, 0.3), turn, 0),
        capsule(at(0, 0, -0.35), at(0, 0.0, -0.62), h * 0.45, h * 0.15, label=0),
        ellipsoid(path[-1], np.array([0.95, 0.95, 1.05]) * kind.head, look, 4),
    ]
    thick = np.interp(
        np.linspace(0, 1, 9), [0, 0.4, 1], [h * 0.75, kind.head * (0.75 if kind.neck > 0.3 else 1.0), kind.head * 0.8]
    )
    lumps += [
        capsule(a, b, r, q, label=3) for a, b, r, q in zip(path[:-1], path[1:], thick[:-1], thick[1:], strict=True)
    ]
    if pose == "stand":
        for side in (-1, 1):
            lumps.append(
                ellipsoid(
                    at(side * w * 0.82, 0.03, -0.12),
                    np.array([0.1, h * 0.72, 0.55]),
                    turn @ turned(side * 0.12, -0.12),
                    1,
                    0.02,
                )
            )
    skin = fused(lumps, 52, 0.05)
    parts = coated(rng, skin, lumps, pick(rng, "plain", "belly", "belly", "saddle", "spots", "patches", "panda"), made)
    wings_dark = made[int(rng.integers(3))]
    if pose == "stand":
        parts = coated_wing(rng, skin, lumps, made, wings_dark) or parts
    if rng.random() < 0.3:
        parts += [f for m in list(parts) for f in fur(rng, m, 700, 0.06, 0.02, turn @ np.array([0, -0.2, -0.8]), 0.3)]
    n = 9
    u, v = np.meshgrid(np.linspace(-1, 1, n), np.linspace(0, 1, 6))
    open_ = kind.tail[1] * rng.uniform(0.5, 1.6) * (1.5 if pose == "fly" else 1)
    fan = np.stack(
        [
            u * (0.1 + open_ * v),
            0.03 - 0.1 * v * (u**2),
            -0.45 - v * kind.tail[0] * (1 - 0.15 * u**2 - 0.06 * (np.arange(n) % 2)),
        ],
        -1,
    )
    parts.append(sheet(fan @ turn.T, pick(rng, *made)))
    if pose == "fly":
        lift = rng.uniform(-0.5, 0.9)
        state, span, chord = rng.integers(1 << 30), rng.uniform(1.1, 1.8), rng.uniform(0.5, 0.75)
        for side in (-1, 1):
            flap = wing(np.random.default_rng(state), span, chord, lift, 0.3, made, side, 14)
            parts += [m.moved(at(side * w * 0.6, h * 0.5, 0.2), turn) for m in flap]
    parts += bill(rng, kind, name, path[-1], look, made)
    if pose == "stand":
        leg = material(rng, pick(rng, ORANGE, DARK, (0.6, 0.45, 0.35)), amount=0.2)
        for side in (-1, 1):
            hip = at(side * w * 0.4, -h * 0.75, -0.02)
            foot = np.array(
                [side * w * 0.45 + rng.normal() * 0.03, hip[1] - kind.leg - 0.1, hip[2] + rng.uniform(-0.1, 0.15) + 0.1]
            )
            knee = (hip + foot) / 2 + [0, 0, -0.12 * kind.leg]
            parts.append(sweep(smoothed_path([hip, knee, foot], 8), 0.03, leg, 7))
            for toe in (-0.5, 0, 0.5, math.pi):
                parts.append(
                    sweep(
                        np.linspace(foot, foot + np.array([math.sin(toe), 0, math.cos(toe)]) * 0.16, 3),
                        [0.025, 0.02, 0.01],
                        leg,
                        6,
                    )
                )
    return sized(parts, rng.uniform(*kind.tall))


def coated_wing(rng, skin, lumps, made, dark):
    """The body cut into trunk and folded wings of another colour, or None."""
    if rng.random() < 0.4:
        return None
    near = nearest(np.array(lumps, float), skin.points.astype(float), 7)
    p = skin.points
    layers = [
        np.ones(len(p)),
        near[:, [0, 3, 4]].min(1) - near[:, 1],
        near[:, [0, 1]].min(1) - near[:, [3, 4]].min(1) + rng.uniform(-0.1, 0.02),
    ]
    used = [pick(rng, *made), dark, pick(rng, *made)]
    if rng.random() < 0.5:
        layers.append(np.minimum(layers[1], np.sin(p[:, 2] * rng.uniform(20, 50) + p[:, 1] * 20) - 0.3))
        used.append(pick(rng, *made))
    if rng.random() < 0.6:
        layers.append(
            np.minimum(near[:, [1]].min(1) - near[:, 0], -p[:, 1] + 0.1 * wobble(rng, p.astype(float), 0.3)) - 0.05
        )
        used.append(pick(rng, *made))
    return split(skin, scores_of(layers), used)


def bill(rng, kind, name, middle, look, made):
    """Beak, eyes, and a cock's comb, at the head."""
    r, (long, thick, hook) = kind.head, kind.beak
    colour = material(rng, pick(rng, DARK, ORANGE, YELLOW, (0.5, 0.5, 0.45)), amount=0.2)
    t = np.linspace(0, 1, 9)
    path = np.stack([0 * t, -hook * long * 0.5 * t**2 - 0.1 * r, 0.75 * r + t * (long + 0.25 * r)], 1)
    flat = 0.45 if name in ("duck", "swan") else 1.0
    radius = thick * (1 - 0.9 * t ** (2.5 if flat < 1 else 1.3))
    found = [sweep(path, radius, colour, 10, flat)]
    if flat == 1:
        found.append(sweep(path[:6] - [0, thick * 0.55, 0], radius[:6] * 0.7, colour, 8))
    dark, ring = material(rng, DARK, amount=0.1), material(rng, pick(rng, YELLOW, WHITE, DARK, ORANGE), amount=0.1)
    front = name == "owl"
    for side in (-1, 1):
        eye = np.array([side * (0.42 if front else 0.78), 0.15, 0.82 if front else 0.5]) * r
        big = (0.28 if front else 0.2) * r
        if front:
            found.append(
                ball(made[1], 10, 16).moved(eye - [0, 0.05 * r, 0.12 * r], scale=np.array([0.48, 0.55, 0.2]) * r)
            )
        found.append(ball(ring, 8, 12, big).moved(eye))
        found.append(ball(dark, 8, 12, big * 0.8).moved(eye * 1.07))
    if name == "hen":
        red = material(rng, (0.75, 0.06, 0.05), amount=0.2)
        for k in range(5):
            a = -0.5 + 0.4 * k
            found.append(
                ball(red, 8, 10).moved(
                    [0, math.cos(a) * r * 1.1, -math.sin(a) * r * 0.9], scale=np.array([0.12, 0.4, 0.3]) * r
                )
            )
        found.append(ball(red, 8, 10).moved([0, -0.9 * r, 0.8 * r], scale=np.array([0.2, 0.5, 0.3]) * r))
    return [m.moved(middle, look) for m in found]
