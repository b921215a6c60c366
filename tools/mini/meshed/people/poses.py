"""Poses: the places of a body's joints, in its own frame: y up from the ground, the front towards +z."""

import math
from dataclasses import dataclass

import numpy as np

from world import pick, turned


def unit(v):
    """The vector with length 1."""
    v = np.asarray(v, float)
    return v / (np.linalg.norm(v) + 1e-9)


def reach(start, target, first, second, hint):
    """The elbow and the hand of an arm of two bones that reaches for a target; the elbow points towards `hint`."""
    way = np.asarray(target, float) - start
    far = min(np.linalg.norm(way), (first + second) * 0.995)
    way = unit(way)
    share = (first**2 - second**2 + far**2) / (2 * far)
    out = unit(np.asarray(hint, float) - way * (way @ np.asarray(hint, float)))
    middle = start + way * share + out * math.sqrt(max(first**2 - share**2, 0))
    return middle, start + way * far


# Direction of the upper arm and of the forearm for the side x > 0, in the frame of the chest.
ARMS = {
    "hang": ((0.14, -1, 0.0), (0.08, -1, 0.2)),
    "hang2": ((0.25, -1, -0.1), (0.05, -0.9, 0.5)),
    "hips": ((0.85, -0.8, -0.15), (-0.85, -0.5, 0.5)),
    "crossed": ((0.2, -1, 0.3), (-1, 0.2, 0.6)),
    "up": ((0.45, 1, 0.1), (-0.05, 1, 0.15)),
    "wave": ((0.9, -0.2, 0.2), (0.3, 1, 0.25)),
    "chin": ((0.15, -0.9, 0.55), (-0.5, 1, 0.4)),
    "ear": ((0.6, -0.7, 0.4), (-0.35, 1, -0.1)),
    "eyes": ((0.6, -0.4, 0.7), (-0.55, 0.9, 0.1)),
    "behind": ((0.3, -1, -0.35), (-0.6, -0.7, -0.3)),
    "ahead": ((0.25, -0.15, 1), (0.05, 0.1, 1)),
    "gesture": ((0.35, -0.9, 0.3), (0.3, 0.25, 1)),
    "wide": ((1, 0.05, 0.1), (1, 0.25, 0.15)),
    "side": ((1, 0.0, 0.35), (1, 0.1, 0.35)),
    "across": ((0.2, -0.3, 0.9), (-1, 0.1, 0.6)),
    "runfront": ((0.1, -0.75, 0.65), (-0.2, 0.55, 0.8)),
    "runback": ((0.3, -0.55, -0.8), (0.0, -0.75, 0.5)),
    "lap": ((0.12, -0.9, 0.5), (-0.1, -0.3, 1)),
    "prop": ((0.35, -0.85, -0.5), (0.1, -1, -0.25)),
    "balance": ((1, -0.35, -0.2), (0.8, 0.1, 0.3)),
}

# For each stance: lean of the trunk; for both legs thigh forwards, thigh outwards, bend of the knee; likely arms.
STANCES = {
    "stand": (
        0.02,
        (0.02, 0.06, 0.04),
        (0.02, 0.06, 0.04),
        "hang hang2 hips crossed behind gesture wave chin ear up side",
    ),
    "ease": (0.0, (0.0, 0.02, 0.02), (0.15, 0.14, 0.3), "hang hips crossed behind gesture ear chin hang2"),
    "walk": (0.07, (0.42, 0.03, 0.1), (-0.35, 0.03, 0.4), "runfront runback hang hang2 gesture"),
    "run": (0.25, (1.0, 0.03, 1.1), (-0.55, 0.05, 0.9), "runfront runback"),
    "sprint": (0.35, (1.25, 0.03, 1.5), (-0.75, 0.03, 0.5), "runfront runback"),
    "kick": (-0.12, (-0.15, 0.1, 0.25), (0.95, 0.2, 0.25), "balance wide runback"),
    "swing": (0.15, (0.1, 0.1, 0.2), (-0.9, 0.25, 1.3), "balance wide runfront"),
    "sit": (0.05, (1.45, 0.14, 1.45), (1.5, 0.1, 1.35), "lap gesture crossed chin hang2 wave ear"),
    "bend": (0.85, (0.1, 0.07, 0.12), (0.25, 0.07, 0.35), "lap ahead hang gesture"),
    "crouch": (0.45, (1.5, 0.3, 2.1), (1.2, 0.25, 2.2), "lap ahead gesture chin"),
    "kneel": (0.1, (1.5, 0.1, 1.55), (-0.05, 0.08, 1.62), "lap gesture ahead hang"),
    "lunge": (0.3, (1.1, 0.15, 1.1), (-0.7, 0.1, 0.3), "ahead wide balance side up"),
    "jump": (-0.05, (0.3, 0.1, 0.7), (-0.2, 0.12, 0.9), "up wide wave balance"),
    "dance": (-0.05, (0.05, 0.05, 0.1), (1.2, 0.5, 0.7), "wide up balance side across"),
    "split": (0.1, (0.9, 0.25, 0.1), (-0.7, 0.2, 0.15), "up wide balance"),
    "floor": (-0.1, (1.45, 0.25, 0.35), (1.75, 0.15, 1.35), "prop prop lap gesture chin"),
    "climb": (0.25, (1.2, 0.25, 1.3), (0.2, 0.1, 0.5), "up ahead wave"),
    "wide": (0.05, (0.1, 0.35, 0.2), (0.1, 0.35, 0.2), "hips up wide side ahead"),
}


@dataclass
class Pose:
    """The turns of the chest, hips and head of a body, and the places of its joints."""

    tall: float
    girth: float
    chest: np.ndarray
    """Turn of the chest; its columns are the side, up and the front."""
    hips: np.ndarray
    head: np.ndarray
    at: dict
    """Places of joints: hip, waist, chest, neck, skull; shoulder, elbow, hand, thigh, knee, ankle, toe of 0 or 1."""
    seat: float = 0.0
    """Height of the bottom of somebody who sits."""


def legs_of(scale, girth, hips, stance, rng, at, flip):
    """Puts the joints of the legs in `at`, with the hip at the origin."""
    for k in range(2):
        forward, out, bend = np.array(stance[1 + (k ^ flip)]) + rng.normal(0, 0.06, 3)
        side, bend = 2 * k - 1, max(bend, 0.02)
        start = hips @ np.array([side * 0.085 * scale * (0.7 + 0.3 * girth), -0.02 * scale, 0])

        def along(angle, side=side, out=out):
            return hips @ np.array(
                [side * math.sin(out), -math.cos(angle) * math.cos(out), math.sin(angle) * math.cos(out)]
            )

        knee = start + along(forward) * 0.43 * scale
        ankle = knee + along(forward - bend) * 0.42 * scale
        shin, front = unit(ankle - knee), unit(hips @ np.array([side * 0.25, 0, 1]))
        level = unit(front * [1, 0, 1])
        foot = unit(front - shin * (front @ shin))
        flat = np.clip(-shin[1] * 3 - 2, 0, 1)
        at[f"thigh{k}"], at[f"knee{k}"], at[f"ankle{k}"] = start, knee, ankle
        at[f"toe{k}"] = (
            ankle + unit(flat * level + (1 - flat) * foot) * 0.165 * scale - np.array([0, 0.045 * scale * flat, 0])
        )


def skeleton(rng, stance="stand", tall=1.75, girth=1.0, arms=None, child=0.0, look=None, twist=None):
    """A pose. `arms` is two of: a name in ARMS, a direction to point to, or ("at", place) above the ground."""
    plan, scale, flip = STANCES[stance], tall / 1.75, int(rng.integers(2))
    twist = rng.normal() * 0.2 if twist is None else twist
    lean = plan[0] + rng.normal() * 0.06
    hips = turned(twist * -0.3, lean * 0.25, rng.normal() * 0.04)
    at = {"hip": np.zeros(3)}
    legs_of(scale, girth, hips, plan, rng, at, flip)
    chest = turned(twist, lean, rng.normal() * 0.06)
    middle = turned(twist * 0.4, lean * 0.6)
    at["waist"] = middle @ np.array([0, 0.15, 0.01]) * scale
    at["chest"] = at["waist"] + chest @ np.array([0, 0.17, 0.01]) * scale
    at["neck"] = at["chest"] + chest @ np.array([0, 0.185, -0.015]) * scale
    look = rng.normal(0, (0.35, 0.15, 0.1)) if look is None else np.asarray(look)
    head = chest @ turned(0, -0.7 * lean) @ turned(look[0], look[1], look[2])
    at["skull"] = at["neck"] + chest @ np.array([0, 0.075, 0.015]) * scale + head @ np.array([0, 0.125, 0.02]) * scale
    ground = min(at[f"{name}{k}"][1] for name in ("ankle", "toe", "knee") for k in range(2)) - 0.045 * scale
    ground = min(ground, -0.115 * scale * girth)
    ground -= tall * rng.uniform(0.05, 0.35) if stance == "jump" else 0
    at = {name: place - [0, ground, 0] for name, place in at.items()}
    likely = plan[3].split()
    if arms is None:
        pair = rng.choice(likely, 2)
        arms = (pair[0], pair[0]) if pair[0] in ("crossed", "hips", "up", "behind") or rng.random() < 0.3 else pair
    for k in range(2):
        arm(rng, at, k, arms[k], chest, scale, girth)
    return Pose(tall, girth, chest, hips, head, at, at["hip"][1] - 0.1 * scale * girth)


def arm(rng, at, k, gesture, chest, scale, girth):
    """Puts the joints of an arm in `at`."""
    side = np.array([2 * k - 1, 1, 1])
    shoulder = at["chest"] + chest @ (side * [0.165 + 0.03 * (girth - 1), 0.13, -0.01]) * scale
    first, second = 0.29 * scale, 0.255 * scale
    at[f"shoulder{k}"] = shoulder
    if isinstance(gesture, tuple) and gesture[0] == "at":
        hint = chest @ (side * np.array([0.6, -0.7, -0.4])) + rng.normal(0, 0.2, 3)
        at[f"elbow{k}"], at[f"hand{k}"] = reach(shoulder, gesture[1], first, second, hint)
        return
    if isinstance(gesture, str):
        upper, fore = (chest @ (side * (np.array(v) + rng.normal(0, 0.12, 3))) for v in ARMS[gesture])
    else:
        upper = unit(gesture) + rng.normal(0, 0.08, 3)
        fore = unit(gesture) + rng.normal(0, 0.06, 3)
    at[f"elbow{k}"] = shoulder + unit(upper) * first
    at[f"hand{k}"] = at[f"elbow{k}"] + unit(fore) * second


def any_stance(rng):
    """The name of a random stance."""
    return pick(
        rng,
        "stand",
        "stand",
        "ease",
        "ease",
        "walk",
        "walk",
        "wide",
        "bend",
        "sit",
        "crouch",
        "kneel",
        "lunge",
        "run",
        "dance",
        "climb",
        "floor",
    )
