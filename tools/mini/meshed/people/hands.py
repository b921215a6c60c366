"""Hands with fingers that are stretched, bent, closed or pointing."""

import math

import numpy as np

from meshed.flesh import capsule, ellipsoid, fused
from meshed.people.clothes import SKIN, TRIM
from meshed.people.poses import unit


def hand(rng, pose, k, wear, curl=None, cells=34, point=False):
    """A hand with its fingers, at the end of the arm."""
    scale, at = pose.tall / 1.75, pose.at
    along = unit(at[f"hand{k}"] - at[f"elbow{k}"])
    palm = unit(
        np.cross(along, np.cross(pose.chest @ np.array([-(2 * k - 1) * 1.0, 0.1, 0.3]), along)) + rng.normal(0, 0.3, 3)
    )
    palm = unit(palm - along * (palm @ along))
    side = np.cross(along, palm) * (2 * k - 1)
    frame = np.stack([side, along, palm], 1)
    curl = rng.uniform(0.1, 1.6) if curl is None else curl
    thick = 1.25 if "gloves" in wear.extras else 1.0
    rows = [
        capsule((0, -0.03, 0), (0, 0.02, 0), 0.026 * thick, 0.03, label=SKIN, blend=0.02),
        ellipsoid((0, 0.05, 0), (0.041 * thick, 0.05, 0.017 * thick), label=SKIN, blend=0.02),
    ]
    for finger in range(4):
        bend, long = curl * rng.uniform(0.8, 1.1), (0.034, 0.039, 0.036, 0.029)[finger]
        bend = rng.uniform(0, 0.1) if point and finger == 0 else (1.6 if point else bend)
        p, turn = np.array([0.03 - 0.02 * finger, 0.09 - 0.004 * abs(finger - 1.3), 0.0]), bend * 0.6
        fan = (1.5 - finger) * 0.08 * (1.2 - min(curl, 1))
        for bone, size in enumerate((1.15, 0.8, 0.65)):
            q = (
                p
                + np.array([math.sin(fan) * math.cos(turn), math.cos(turn) * math.cos(fan), math.sin(turn)])
                * long
                * size
            )
            rows.append(
                capsule(p, q, (0.0095 - 0.001 * bone) * thick, (0.0088 - 0.001 * bone) * thick, label=SKIN, blend=0.004)
            )
            p, turn = q, turn + bend * 0.75
    thumb = np.array([0.062, 0.06, 0.018 + 0.015 * min(curl, 1)])
    rows.append(capsule((0.026, 0.015, 0.006), thumb, 0.014 * thick, 0.011 * thick, label=SKIN, blend=0.01))
    rows.append(
        capsule(
            thumb,
            thumb + np.array([0.012 - 0.02 * min(curl, 1), 0.026, 0.008]),
            0.0105 * thick,
            0.008 * thick,
            label=SKIN,
            blend=0.004,
        )
    )
    m = wear.stuff[TRIM if "gloves" in wear.extras else SKIN]
    return fused(rows, cells, material=m).moved(at[f"hand{k}"] + along * 0.01, frame, scale)
