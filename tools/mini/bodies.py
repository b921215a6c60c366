"""Bodies of limbs with joints: people who walk, run, kick, sit and reach; animals; plants that branch."""

import math

import numpy as np

import textures
from loud import loudened
from things import thing
from world import BARK, DARK, HAIRS, LEAF, SAND, SKINS, WHITE, WOOD, material, pick, spread, turned


def limb(scene, a, b, wide, narrow, m, ends=True):
    """A round rod from `a` to `b`, as wide as `wide` at `a` and as `narrow` at `b`, with round ends."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    along = b - a
    long = float(np.linalg.norm(along))
    if long > 1e-6:
        up = along / long
        side = np.cross(up, (0, 0, 1) if abs(up[2]) < 0.9 else (1, 0, 0))
        side /= np.linalg.norm(side)
        turn = np.stack([side, up, np.cross(side, up)], 1)
        scene.tube((a + b) / 2, (wide, long / 2, wide), m, turn, taper=1 - narrow / wide)
    if ends:
        scene.ball(a, wide, m)
        scene.ball(b, narrow, m)


def bent(start, side, first, second, angle, bend, out):
    """The middle and the end of two bones that hang from `start`: angles forward from straight down, and outwards."""
    middle = start + first * np.array([side * math.sin(out), -math.cos(angle) * math.cos(out), math.sin(angle)])
    end = middle + second * np.array([side * math.sin(out) * 0.5, -math.cos(angle + bend), math.sin(angle + bend)])
    return middle, end


# Lean of the trunk, thighs forward, bend of the knees, arms forward, bend of the elbows, arms outwards: middle and spread of each.
POSES = {
    "stand": ((0.0, 0.06), (0.0, 0.1), (-0.08, 0.08), (0.0, 0.25), (0.3, 0.4), (0.15, 0.12)),
    "walk": ((0.08, 0.08), (0.0, 0.4), (-0.4, 0.3), (0.0, 0.5), (0.5, 0.4), (0.15, 0.1)),
    "run": ((0.25, 0.15), (0.2, 0.8), (-0.9, 0.5), (0.0, 0.9), (1.4, 0.4), (0.25, 0.15)),
    "kick": ((-0.05, 0.25), (0.3, 0.9), (-0.6, 0.5), (0.2, 0.9), (0.6, 0.5), (0.8, 0.4)),
    "reach": ((0.15, 0.15), (0.0, 0.15), (-0.1, 0.1), (1.3, 0.8), (0.3, 0.5), (0.2, 0.3)),
    "sit": ((0.1, 0.15), (1.45, 0.1), (-1.45, 0.2), (0.6, 0.4), (0.8, 0.5), (0.2, 0.15)),
    "crouch": ((0.5, 0.3), (1.3, 0.4), (-1.9, 0.4), (0.9, 0.5), (0.4, 0.5), (0.3, 0.2)),
}


def body(rng, scene, x, z, y=0.0, tall=None, yaw=None, pose=None, plain=None):
    """Somebody whose lowest foot stands at y; who sits does so half a metre above it. `plain` makes all of one stuff, as a statue is."""
    tall = tall or rng.uniform(1.1, 1.95)
    yaw = rng.uniform(0, 6.3) if yaw is None else yaw
    pose = POSES[pose or pick(rng, "stand", "stand", "walk", "walk", "run", "kick", "reach", "crouch")]
    lean, thigh, knee, arm, elbow, out = [[rng.normal(middle, wide) for _ in range(2)] for middle, wide in pose]
    skin = plain or material(rng, pick(rng, *SKINS), 3, 0.3)
    hair = plain or material(rng, pick(rng, *HAIRS), 8)
    top, low = (plain or material(rng, scale=spread(rng, 1, 8)) for _ in range(2))
    if not plain and rng.random() < 0.4:
        loudened(rng, top, spread(rng, 2, 8))
    sleeve, leg = (stuff if rng.random() < 0.6 else skin for stuff in (top, low))
    shoe = plain or material(rng, DARK if rng.random() < 0.6 else None)
    wide, tilt = rng.uniform(0.85, 1.3), turned(0, lean[0])
    hip = np.zeros(3)
    feet = []
    for side, angle, bend in zip((-1, 1), thigh, knee, strict=True):
        start = np.array([side * 0.055 * wide, 0, 0])
        feet.append((start, *bent(start, side, 0.245, 0.25, angle, min(bend, 0), 0.05)))
    ground = min(end[1] for _, _, end in feet) - 0.03
    frame, base = turned(yaw), np.array([x, y, z], float)

    def at(p):
        return base + frame @ (np.asarray(p) - [0, ground, 0]) * tall

    def rod(a, b, first, second, m):
        limb(scene, at(a), at(b), first * tall, second * tall, m)

    for start, middle, end in feet:
        rod(start, middle, 0.06 * wide, 0.043, low if leg is low else leg)
        rod(middle, end, 0.043, 0.028, leg)
        rod(end, end + [0, -0.01, 0.07], 0.026, 0.022, shoe)
    chest, neck = tilt @ np.array([0, 0.24, 0]), tilt @ np.array([0, 0.32, 0.01])
    rod(hip, chest, 0.085 * wide, 0.1 * wide, top)
    rod(tilt @ np.array([-0.1 * wide, 0.27, 0]), tilt @ np.array([0.1 * wide, 0.27, 0]), 0.045, 0.045, top)
    rod(chest, neck, 0.035, 0.03, skin)
    head = neck + tilt @ np.array([rng.normal() * 0.01, 0.07, 0.015])
    scene.ball(at(head), np.array([0.046, 0.064, 0.056]) * tall, skin, frame)
    if rng.random() < 0.9:
        scene.ball(at(head + [0, 0.02, -0.012]), np.array([0.051, 0.056, 0.056]) * tall, hair, frame)
    if rng.random() < 0.2:
        scene.tube(at(head + [0, 0.05, 0.01]), np.array([0.075, 0.008, 0.085]) * tall, shoe, frame)
        scene.tube(at(head + [0, 0.075, 0]), np.array([0.052, 0.025, 0.056]) * tall, shoe, frame)
    for side, angle, bend, wing in zip((-1, 1), arm, elbow, out, strict=True):
        start = tilt @ np.array([side * 0.12 * wide, 0.265, 0])
        middle, end = bent(start, side, 0.17, 0.15, angle, max(bend, 0), abs(wing))
        rod(start, middle, 0.04, 0.03, sleeve if sleeve is not skin else skin)
        rod(middle, end, 0.03, 0.022, sleeve if rng.random() < 0.6 else skin)
        scene.ball(at(end), 0.03 * tall, skin)
        if rng.random() < 0.12:
            place = at(end)
            thing(rng, scene, place[0], place[1] - 0.1 * tall, place[2], rng.uniform(0.06, 0.2))


def creature(rng, scene, x, z, size, y=0.0, yaw=None):
    """A four-legged animal that stands, walks, runs, sits or stretches. `size` is half of its trunk's length."""
    m = material(rng, pick(rng, WOOD, SAND, (0.3, 0.28, 0.25), DARK, WHITE, (0.6, 0.4, 0.2)), spread(rng, 1, 4) / size)
    if rng.random() < 0.45:
        loudened(rng, m, spread(rng, 0.5, 3) / size)
    yaw = rng.uniform(0, 6.3) if yaw is None else yaw
    pitch = pick(rng, 0, 0, 0, rng.uniform(-0.9, -0.4))
    stride, leg, fat = rng.uniform(0, 1.1), rng.uniform(0.35, 1.1), rng.uniform(0.28, 0.5)
    frame, tilt, base = turned(yaw), turned(0, pitch), np.array([x, y, z], float)
    joints = []
    for front in (-1, 1):
        for side in (-1, 1):
            start = tilt @ np.array([side * fat * 0.55, -0.1, front * 0.85])
            angle = rng.normal() * 0.2 + front * stride * 0.8 - (0.9 if pitch and front < 0 else 0)
            joints.append(
                (start, *bent(start, side, leg * 0.55, leg * 0.55, angle, -rng.uniform(0, 0.5) * front, 0.05))
            )
    ground = min(end[1] for *_, end in joints) - 0.08

    def at(p):
        return base + frame @ (np.asarray(p) - [0, ground, 0]) * size

    def rod(a, b, first, second, m=m):
        limb(scene, at(a), at(b), first * size, second * size, m)

    for start, middle, end in joints:
        rod(start, middle, fat * 0.5, 0.1)
        rod(middle, end, 0.1, 0.07)
    rod(tilt @ np.array([0, 0, -0.8]), tilt @ np.array([0, 0.05, 0.75]), fat * rng.uniform(0.7, 1), fat)
    neck = tilt @ np.array([0, 0.1, 0.95])
    head = neck + np.array([rng.normal() * 0.15, rng.uniform(0.05, 0.9), rng.uniform(0.25, 0.6)])
    rod(neck, head, fat * 0.6, 0.2)
    nose = head + np.array([rng.normal() * 0.15, -rng.uniform(0, 0.2), rng.uniform(0.25, 0.6)])
    rod(head, nose, rng.uniform(0.22, 0.34), 0.12, m)
    scene.ball(at(nose + [0, 0.03, 0.1]), 0.06 * size, material(rng, DARK, amount=0.1))
    for side in (-1, 1):
        scene.ball(at(head + [side * 0.17, 0.1, 0.22]), 0.05 * size, material(rng, DARK, amount=0.1))
        ear = head + np.array([side * 0.18, 0.22, -0.02])
        rod(ear, ear + [side * 0.08, rng.uniform(0.1, 0.4), -0.03], 0.1, 0.03)
    tail = tilt @ np.array([0, 0.1, -1.0])
    way, bush = rng.uniform(-0.9, 1.2), rng.uniform(0.05, 0.3)
    for _ in range(3):
        end = tail + 0.4 * np.array([rng.normal() * 0.2, math.sin(way), -math.cos(way)])
        rod(tail, end, bush, bush * 0.9)
        tail, way = end, way + rng.normal() * 0.5


def branching(rng, scene, base, long, wide, depth, bark, leaf, way=None):
    """A stem that divides, with leaves at its tips."""
    way = np.array([rng.normal() * 0.1, 1.0, rng.normal() * 0.1]) if way is None else way
    way = way / np.linalg.norm(way)
    end = base + way * long
    limb(scene, base, end, wide, wide * 0.7, bark, ends=False)
    if depth == 0:
        if leaf is not None:
            r = long * rng.uniform(0.4, 1.1)
            if rng.random() < 0.5:
                scene.ball(end, r * rng.uniform(0.5, 1, 3), leaf, turned(*rng.uniform(-3, 3, 3)))
            else:
                outline = pick(rng, textures.leaves, textures.blob, textures.plant)
                scene.board(
                    end, (r, r, 1), leaf, turned(*rng.uniform(-1, 1, 3)), mask=textures.mask_index(rng, outline)
                )
        return
    for _ in range(rng.integers(2, 4)):
        branching(
            rng, scene, end, long * rng.uniform(0.55, 0.85), wide * 0.65, depth - 1, bark, leaf,
            way + rng.normal(0, 0.55, 3) + [0, 0.1, 0],
        )  # fmt: skip


def grown(rng, scene, x, z, tall, y=0.0, depth=None):
    """A tree or a shrub."""
    bark = material(rng, pick(rng, BARK, BARK, LEAF, (0.5, 0.48, 0.45)), 3)
    leaf = None
    if rng.random() < 0.85:
        leaf = material(rng, pick(rng, LEAF, LEAF, LEAF, (0.5, 0.35, 0.1), (0.7, 0.4, 0.5), WHITE), spread(rng, 1, 6))
        leaf.hole = rng.uniform(0, 0.5) * (rng.random() < 0.7)
    depth = int(rng.integers(2, 4)) if depth is None else depth
    branching(rng, scene, np.array([x, y, z], float), tall * 0.35, tall * rng.uniform(0.015, 0.05), depth, bark, leaf)


def rosette(rng, scene, x, z, size, y=0.0):
    """Long leaves from one root: aloe, grass, palm, a plant in a pot."""
    leaf = material(rng, pick(rng, LEAF, GREY_LEAF, LEAF, (0.45, 0.4, 0.15), (0.5, 0.2, 0.3)), spread(rng, 1, 4) / size)
    if rng.random() < 0.25:
        loudened(rng, leaf)
    root, wide = np.array([x, y, z], float), size * rng.uniform(0.02, 0.1)
    if rng.random() < 0.5:
        pot = material(rng, pick(rng, (0.6, 0.35, 0.2), WHITE, None))
        r = size * rng.uniform(0.2, 0.4)
        scene.tube(root + [0, r * 0.8, 0], (r * 0.75, r * 0.8, r * 0.75), pot, taper=-0.35)
        root = root + [0, r * 1.5, 0]
    for _ in range(rng.integers(6, 26)):
        around, lift = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 1.4)
        flat = np.array([math.cos(around), 0, math.sin(around)])
        middle = root + size * 0.6 * (flat * math.cos(lift) + [0, math.sin(lift), 0])
        lift -= rng.uniform(0, 1.2)
        tip = middle + size * rng.uniform(0.3, 0.7) * (flat * math.cos(lift) + [0, math.sin(lift), 0])
        limb(scene, root, middle, wide, wide * 0.9, leaf, ends=False)
        limb(scene, middle, tip, wide * 0.9, wide * 0.1, leaf, ends=False)


GREY_LEAF = (0.38, 0.48, 0.4)
