"""Four-legged animals as meshes: a skeleton in a pose, flesh over it, a coat of several colours, hair.

An animal is made with its shoulder one unit high, looking along +z, and then scaled; a head around the middle of its
skull.
"""

import math

import numpy as np

from meshed.animals.beast_heads import head, mane, way
from meshed.animals.breeds import BEASTS
from meshed.animals.coats import NECK, SHIN, TAIL, THIGH, TRUNK, coated, fur, furred, palette
from meshed.flesh import capsule, fused
from meshed.mesh import Mesh, smoothed_path, sweep
from world import pick, turned

# Angles forward from straight down of the three bones of the front legs and of the hind legs, how far they differ from
# leg to leg, and whether they turn with the trunk.
POSES = {
    "stand": ((-0.3, 0.12, 0.0), (0.4, -0.45, 0.15), 0.12, 0),
    "walk": ((-0.2, 0.05, 0.1), (0.35, -0.5, 0.05), 0.45, 0),
    "run": ((0.9, 1.15, 0.9), (-0.75, -1.0, -0.75), 0.3, 0),
    "gather": ((-0.5, -0.95, -1.25), (1.1, 0.3, 0.9), 0.3, 0),
    "sit": ((-0.15, 0.05, 0.1), (1.5, -0.75, 1.45), 0.06, 0),
    "lie": ((-0.7, 1.5, 1.5), (1.5, -1.2, 1.5), 0.1, 0),
    "side": ((0.5, 0.2, 0.3), (0.6, -0.5, 0.2), 0.4, 0),
    "eat": ((-0.2, 0.12, 0.0), (0.4, -0.45, 0.15), 0.2, 0),
    "upright": ((0.5, 1.7, 1.2), (1.7, -0.6, 1.5), 0.15, 0),
    "climb": ((0.9, 1.2, 1.0), (1.3, -0.2, 0.8), 0.45, 1),
}


def leg(lumps, start, angles, kind, side, front, scale=1.0):
    """One leg of three bones and a foot, as lumps."""
    long, wide, narrow = kind.leg
    shares = (0.38, 0.38, 0.2) if front else (0.37, 0.36, 0.25)
    a, r = start, (wide * (1.1 if front else 1.35), wide * 0.75, narrow, narrow)
    for k in range(3):
        b = a + way(angles[k], 0.04 + 0.03 * front, side) * long * scale * shares[k]
        lumps.append(capsule(a, b, r[k], r[k + 1], label=THIGH if k == 0 else SHIN))
        a = b
    if kind.hoof:
        toe = a + way(angles[2] * 0.7 + 0.3) * narrow
        lumps.append(capsule(a, toe, narrow * 1.1, narrow * 1.35, label=SHIN))
        return
    flat = angles[2] + 1.4 if abs(angles[2]) < 0.6 else angles[2] + 0.3
    toe = a + way(flat) * narrow * 1.9
    lumps.append(capsule(a, toe, narrow * 1.05, narrow * 1.15, label=SHIN))


def posed(rng, kind, pose):
    """Lumps of a whole animal without its head, the head's place and turn, the tail's path."""
    front, hind, loose, follow = POSES[pose]
    lumps, fat = [], rng.uniform(0.9, 1.15)
    chest, waist, trunk = kind.chest * fat, kind.waist * fat, kind.trunk * rng.uniform(0.93, 1.07)
    angles = []
    for f in (True, False):
        swing = rng.normal() * loose
        for side in (-1, 1):
            lift = (side * swing * 1.2 if loose > 0.2 else 0) + rng.normal() * 0.3 * loose
            bend = max(lift, 0) * 0.7 * (1 if not f else -1)
            base = front if f else hind
            angles.append((f, side, (base[0] + lift, base[1] + lift - abs(bend), base[2] + lift - abs(bend) * 1.5)))
    drop = [
        np.mean(
            [sum(math.cos(x) * s for x, s in zip(a, (0.38, 0.38, 0.2), strict=True)) for f, _, a in angles if f == k]
        )
        for k in (True, False)
    ]
    pitch = math.asin(np.clip(kind.leg[0] * (drop[0] - drop[1]) / trunk, -0.9, 0.9))
    pitch = {
        "run": rng.normal() * 0.15,
        "gather": rng.normal() * 0.15,
        "side": 0.0,
        "lie": rng.normal() * 0.04,
        "upright": rng.uniform(0.8, 1.25),
        "climb": rng.uniform(0.5, 1.35),
    }.get(pose, pitch)
    bend = {"run": -0.06, "gather": 0.14, "sit": 0.1, "upright": 0.12, "climb": 0.08}.get(
        pose, 0.0
    ) + rng.normal() * 0.03
    sideways = rng.normal() * (0.12 if pose in ("lie", "stand", "walk", "climb") else 0.04)
    tilt = turned(0, -pitch)

    def at(x, y, z):
        return tilt @ np.array([x, y, z])

    half = trunk / 2
    spine = smoothed_path([at(0, 0, -half), at(sideways, bend, 0), at(0, 0, half)], 4)
    radii = np.interp(np.linspace(0, 1, 4), [0, 0.45, 0.8, 1], [waist * 0.95, waist, chest, chest * 0.9])
    for k in range(3):
        lumps.append(capsule(spine[k], spine[k + 1], radii[k], radii[k + 1], label=TRUNK))
    lumps.append(capsule(at(0, -chest * 0.35, half * 0.55), at(0, -chest * 0.1, half * 0.95), chest * 0.8, label=TRUNK))
    for f, side, a in angles:
        wide = (chest if f else waist) * 0.55
        place = at(side * wide, -0.2 * (chest if f else waist), half * (0.85 if f else -0.95))
        leg(lumps, place, [x + follow * (pitch - 0.3) for x in a], kind, side, f)
    neck_from = at(0, chest * 0.35, half * 0.95)
    rise = {
        "eat": -0.95,
        "run": kind.rise * 0.6,
        "gather": kind.rise * 0.6,
        "side": 0.2,
        "upright": 1.1,
        "sit": 1.0,
        "climb": 1.2,
    }
    up = rise.get(pose, kind.rise) + rng.normal() * 0.18
    turn = rng.normal() * 0.35
    along = np.array([math.sin(turn) * math.cos(up), math.sin(up), math.cos(turn) * math.cos(up)])
    head = neck_from + along * (kind.neck[0] + kind.skull * 0.7) * rng.uniform(0.9, 1.1)
    middle = neck_from + along * 0.3 * kind.neck[0]
    lumps.append(capsule(neck_from - along * chest * 0.3, middle, chest * 0.75, kind.neck[1] * 1.1, label=NECK))
    lumps.append(capsule(middle, head - along * kind.skull * 0.3, kind.neck[1] * 1.1, kind.neck[1] * 0.9, label=NECK))
    nod = {"eat": 0.75, "upright": 0.15}.get(pose, 0.25 if kind.muzzle[0] < 0.25 else 0.55) + rng.normal() * 0.15
    frame = turned(turn + rng.normal() * 0.5 * (pose not in ("run", "gather")), nod, rng.normal() * 0.1)
    return lumps, head, frame, tail(rng, kind, at(0, waist * 0.45, -half - waist * 0.4), pitch, pose)


def tail(rng, kind, root, pitch, pose):
    """The path of a tail from its root."""
    long = kind.tail[0] * rng.uniform(0.8, 1.15)
    angle = math.pi + pitch + rng.uniform(-0.4, 0.7)
    curl = rng.normal() * 0.25
    if kind.tail[1] > 0.15:
        angle, curl = math.pi - 0.5 - 0.5 * rng.random(), -0.32 - rng.uniform(0, 0.15)
    if kind.hoof or pose == "lie":
        angle, curl = math.pi * 1.25, 0.12 if pose == "lie" else 0.3
    aside, sway = rng.normal() * 0.2, rng.normal() * 0.15
    path = [root]
    for _ in range(7):
        path.append(
            path[-1] + np.array([math.sin(aside) * 0.7, math.sin(angle - math.pi) * -1.0, math.cos(angle)]) * long / 7
        )
        angle, aside = angle + curl, aside + sway
    return np.array(path)


def beast(rng, name=None, pose=None, size=None, cells=72, hair=None, close=False):
    """Meshes of an animal that stands on y = 0 around the origin and looks along +z, and its extent in metres.
    If seen from `close` by, also the head's place and turn and how high the shoulder is; the head is finer then."""
    name = name or pick(rng, *BEASTS)
    kind = BEASTS[name]
    pose = pose or pick(rng, *kind.poses)
    size = size or rng.uniform(*kind.tall)
    lumps, place, frame, path = posed(rng, kind, pose)
    made, coat = palette(rng, kind, size), pick(rng, *kind.coats)
    bush, wide = np.linspace(0, 1, len(path)), kind.tail[1:]
    radii = np.interp(bush, [0, 1], wide) * (np.where(bush > 0.85, 0.7, 1) if max(wide) > 0.09 else 1)
    lumps += [
        capsule(a, b, r, q, label=TAIL) for a, b, r, q in zip(path[:-1], path[1:], radii[:-1], radii[1:], strict=True)
    ]
    skin = fused(lumps, cells, 0.07)
    body = coated(rng, skin, lumps, coat, made)
    hair = rng.random() < 0.3 if hair is None else hair
    woolly = name == "sheep"
    if hair or woolly:
        long = 0.05 if woolly else rng.uniform(0.03, 0.1)
        body = furred(rng, body, 7000, long, 0.012, loose=1.5 if woolly else 0.4)
    asleep = pose in ("side", "lie") and rng.random() < 0.4
    many = int(rng.integers(5000, 14000)) if close else 900
    top = head(rng, kind, name, coat, made, 72 if close else 36, many if hair else 0, asleep)
    top = [m.moved(place, frame) for m in top]
    if kind.mane and (name != "lion" or rng.random() < kind.mane):
        top += mane(rng, kind, lumps, place, frame, pick(rng, made[2], made[2], made[0]), 3 if close else 1)
    if max(wide) > 0.09:
        tuft = sweep(path, radii, pick(rng, *made))
        body += fur(rng, tuft, 1500, max(wide) * 0.9, 0.02, path[-1] - path[3], 0.8)
    parts = body + top
    roll = turned(0, 0, pick(rng, -1, 1) * rng.uniform(1.25, 1.5)) if pose == "side" else np.eye(3)
    parts = [m.moved(turn=roll) for m in parts]
    low = np.min([m.points.min(0) for m in parts], 0)
    high = np.max([m.points.max(0) for m in parts], 0)
    shift = np.array([0, -low[1], -(low[2] + high[2]) / 2])
    parts = [scaled(m, shift, size) for m in parts]
    return (parts, (high - low) * size, (place + shift) * size, frame, size) if close else (parts, (high - low) * size)


def scaled(m, shift, size):
    """The mesh in metres, its pattern too."""
    return Mesh((m.points + shift) * size, m.faces, m.material, m.local * size, m.smooth)
