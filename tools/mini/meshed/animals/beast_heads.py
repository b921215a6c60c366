"""Heads of four-legged animals as meshes: skulls, ears, horns, manes."""

import math

import numpy as np

from meshed.animals.breeds import BLACK, CREAM, GREY
from meshed.animals.coats import HEAD, MUZZLE, NECK, coated, fur, furred
from meshed.flesh import capsule, carved, ellipsoid, fused
from meshed.mesh import ball, sheet, smoothed_path, sweep
from world import DARK, material, pick, turned


def way(angle, out=0.0, side=1):
    """A direction, `angle` forward from straight down and `out` to one side."""
    return np.array([side * math.sin(out), -math.cos(angle) * math.cos(out), math.sin(angle) * math.cos(out)])


def ear(form, long, outer, inner, side, skull):
    """Shell of an ear, and what is inside it, in the frame of the head."""
    u, v = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(0, 1, 10))
    slim = 0.35 if long > 1.5 * skull else 0.5
    wide = {
        "point": slim * (1 - v**1.4) ** 0.9,
        "drop": 0.45 * np.sqrt(np.clip(1 - (2 * v - 0.75) ** 2 * 0.6, 0.01, 1)) * (1 - v**6),
        "side": 0.42 * np.sin(np.pi * np.clip(v * 0.9 + 0.1, 0, 1)) ** 0.8,
        "fan": 0.75 * np.sin(np.pi * (v * 0.85 + 0.15)) ** 0.6,
    }.get(form, 0.55 * np.sqrt(np.clip(1 - (1.75 * v - 0.75) ** 2, 0, 1)))
    cup = -0.35 * wide * (1 - u**2)
    shell = np.stack([u * wide, v - 0.12, cup + 0.05 * v], -1) * long
    lift = {"point": 0.3, "round": 0.75, "flap": 1.25, "side": 1.35, "fan": 1.5, "drop": 2.5}[form]
    turn = turned(side * {"fan": 0.9, "flap": 0.3, "drop": 0.9}.get(form, 0.35), 0, -side * lift)
    spot = {"point": (0.6, 0.72, -0.1), "round": (0.72, 0.68, -0.1), "drop": (0.75, 0.55, -0.15)}.get(
        form, (0.85, 0.25, -0.15)
    )
    place = np.array([side * spot[0], spot[1], spot[2]]) * skull
    middle = np.array([0, 0.45 * long, 0.0])
    inside = (shell - middle) * [0.8, 0.85, 0.8] + middle + [0, 0, 0.03 * long]
    return [sheet(a, m).moved(place, turn) for a, m in ((shell, outer), (inside, inner))]


def skull(rng, kind, name):
    """Lumps of a head and the places that eyes and nose have, in shoulder heights."""
    s, (long, thick) = kind.skull, kind.muzzle
    broad, long = rng.uniform(0.88, 1.12), long * rng.uniform(0.85, 1.15)
    cat, hoof = kind.ear[0] in ("point", "round") and long < s, kind.hoof
    end = 0.75 * s + long
    low = -0.28 * s if not hoof else -0.3 * s
    lumps = [
        ellipsoid((0, 0, 0), (broad * s, 0.93 * s, 1.02 * s), label=HEAD),
        capsule((0, 0.35 * s, 0.45 * s), (0, low + 0.1 * s, 0.75 * s), 0.5 * s, thick * 1.1, label=HEAD),
        capsule(
            (0, low, 0.55 * s),
            (0, low - 0.1 * s - 0.15 * long, end - thick * 0.7),
            max(thick * 1.15, 0.45 * s),
            thick * 0.85,
            label=MUZZLE,
        ),
        capsule(
            (0, low - 0.35 * s, 0.3 * s),
            (0, low - thick * 0.7 - 0.15 * long, end - thick * 1.1),
            0.35 * s,
            thick * 0.6,
            label=MUZZLE,
        ),
    ]
    wide = rng.uniform(0.4, 0.6) * (0.55 if hoof else 1)
    for side in (-1, 1):
        lumps.append(ellipsoid((side * wide * s, -0.35 * s, 0.32 * s), np.array([0.48, 0.45, 0.5]) * s, label=HEAD))
        lumps.append(
            capsule((side * 0.25 * s, 0.33 * s, 0.72 * s), (side * 0.68 * s, 0.32 * s, 0.45 * s), 0.17 * s, label=HEAD)
        )
        if cat:
            lumps.append(
                ellipsoid(
                    (side * thick * 0.5, low - 0.12 * s, end - thick * 0.7), np.full(3, thick * 0.62), label=MUZZLE
                )
            )
    eye = np.array([0.75, 0.1, 0.5]) * s if hoof else np.array([0.42 if cat else 0.45, 0.1, 0.8]) * s
    if name in ("mouse", "squirrel", "rabbit"):
        eye = np.array([0.72, 0.12, 0.6]) * s
    for side in (-1, 1):
        lumps.append(carved(ellipsoid(eye * [side, 1, 1] * 1.08, np.full(3, 0.2 * s), blend=0.1 * s)))
    if kind.horn == "tusk":
        path = smoothed_path(
            np.array([[0, -0.3, 0.8], [0, -1.2, 1.5], [0.1, -2.4, 1.5], [rng.normal() * 0.3, -3.2, 1.9]]) * s, 9
        )
        lumps += [
            capsule(a, b, 0.42 * s - 0.03 * s * k, 0.39 * s - 0.03 * s * k, label=MUZZLE)
            for k, (a, b) in enumerate(zip(path[:-1], path[1:], strict=True))
        ]
    nose = np.array([0, low - 0.1 * s - 0.15 * long + thick * 0.5, end + thick * 0.02])
    return lumps, eye, nose


def horns(rng, kind, m):
    """Horns, antlers or tusks, in the frame of the head."""
    s, found, size = kind.skull, [], rng.uniform(0.7, 1.5)
    for side in (-1, 1):
        flip = np.array([side, 1, 1]) * s
        if kind.horn == "horn":
            path = smoothed_path(
                np.array([[0.45, 0.7, -0.1], [1.0, 1.1 + 0.4 * size, -0.1], [1.1, 1.1 + size, 0.3]]) * flip, 10
            )
            found.append(sweep(path, np.linspace(0.2, 0.03, 10) * s, m))
        elif kind.horn == "curl":
            t = np.linspace(0, 5, 20)
            path = np.stack([0.6 + 0.1 * t, 0.4 + 0.55 * np.sin(t + 0.6), -0.3 - 0.55 * np.cos(t + 0.6)], 1) * flip
            found.append(sweep(path, np.linspace(0.28, 0.05, 20) * s, m))
        elif kind.horn == "tusk":
            path = smoothed_path(
                np.array([[0.4, -0.5, 0.7], [0.55, -1.1, 1.3], [0.5, -1.1, 1.3 + 0.8 * size]]) * flip, 10
            )
            found.append(sweep(path, np.linspace(0.13, 0.03, 10) * s, m))
        else:
            path = smoothed_path(
                np.array([[0.4, 0.7, 0], [1.1, 1.6, -0.5], [1.6, 2.6, -0.2], [1.3, 3.4 * size, 0.4]]) * flip, 12
            )
            found.append(sweep(path, np.linspace(0.13, 0.04, 12) * s, m))
            for k in (3, 6, 8):
                tip = path[k] + rng.uniform(0.2, 0.7, 3) * flip * [0.5, 1.5, 1.2]
                found.append(sweep(np.linspace(path[k], tip, 4), np.linspace(0.1, 0.02, 4) * s, m))
    return found


def head(rng, kind, name, coat, made, cells=40, hair=0, asleep=False):
    """Meshes of a head around the middle of its skull, in shoulder heights, looking along +z."""
    s = kind.skull
    lumps, eye, nose = skull(rng, kind, name)
    whole = [
        *lumps,
        capsule((0, -0.15 * s, -0.3 * s), (0, -0.5 * s, -1.0 * s), kind.neck[1] * 0.9, kind.neck[1] * 0.8, label=NECK),
    ]
    skin = fused(whole, cells, blend=0.14 * s)
    solid = [row for row in whole if row[18] > 0]
    parts = coated(rng, skin, solid, coat, made, head=True)
    if hair:
        parts = furred(
            rng, parts, hair, rng.uniform(0.12, 0.26) * s, (0.02 if hair > 2000 else 0.035) * s, comb=(0, -0.1, -0.8)
        )
    dark, pink = material(rng, DARK, amount=0.1), material(rng, (0.75, 0.45, 0.42), amount=0.2)
    inner = pick(rng, pink, made[1], made[2])
    for side in (-1, 1):
        parts += ear(
            kind.ear[0], kind.ear[1] * rng.uniform(0.9, 1.15), pick(rng, made[0], made[0], made[2]), inner, side, s
        )
        r = (0.16 if not kind.hoof else 0.14) * s
        iris = material(
            rng, pick(rng, (0.6, 0.5, 0.1), (0.3, 0.45, 0.2), (0.3, 0.18, 0.08), BLACK, (0.3, 0.45, 0.6)), amount=0.1
        )
        place, out = eye * [side, 1, 1], eye * [side, 0.3, 1] / np.linalg.norm(eye)
        if not asleep:
            parts.append(ball(dark, 8, 12, r * 1.15).moved(place - out * r * 0.1))
            parts.append(ball(iris, 8, 12, r).moved(place + out * r * 0.22))
            parts.append(ball(dark, 8, 12, r * 0.6).moved(place + out * r * 0.72))
            parts.append(ball(made[0], 8, 12, r * 1.15).moved(place + np.array([0, 0.42, -0.12]) * r + out * r * 0.1))
    if not kind.horn == "tusk":
        pad = pick(rng, dark, dark, pink)
        if kind.hoof:
            thick = kind.muzzle[1]
            parts += [
                ball(dark, 8, 10, thick * 0.2).moved(nose + np.array([side * 0.45, -0.15, -0.08]) * thick)
                for side in (-1, 1)
            ]
        else:
            flat = (kind.muzzle[1] * np.array([0.42, 0.28, 0.3])) * rng.uniform(0.85, 1.15)
            parts.append(ball(pad, 8, 12).moved(nose, scale=flat))
    if kind.horn and rng.random() < 0.75:
        parts += horns(rng, kind, material(rng, pick(rng, CREAM, BLACK, GREY), 8, 0.4))
    return parts


def mane(rng, kind, lumps, place, frame, m, fine=1):
    """Long hair around a lion's neck, or along the crest of a horse's."""
    neck = [row for row in lumps if row[19] == NECK]
    found = []
    if kind.hoof:
        crest = fused(neck, 24, None, m)
        corners = crest.points[crest.faces].astype(float)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
        normal *= np.sign(np.einsum("ij,ij->i", normal, corners.mean(1) - crest.points.mean(0)).sum())
        along = neck[-1][12:15] - neck[0][9:12]
        along /= np.linalg.norm(along)
        up = np.array([0, 1, -0.7]) - along * (np.array([0, 1, -0.7]) @ along)
        up /= np.linalg.norm(up)
        across, side, long = np.cross(along, up), pick(rng, -1, 1), rng.uniform(0.1, 0.24)
        for lean in (side, side, -side * 0.4):
            fall = across * lean * 0.9 - up * 0.3 + [0, -0.6, 0]
            found += fur(rng, crest, 600 * fine, long, 0.02 / fine, fall, 0.3, normal @ up > 0.8)
        return found
    s = kind.skull
    around = [
        ellipsoid(place + frame @ np.array([0, -0.35 * s, -0.75 * s]), np.array([1.5, 1.75, 0.95]) * s, frame, NECK),
        *neck,
    ]
    ruff = fused(around, 30, 0.1, m)
    corners = (ruff.points[ruff.faces] - place) @ frame
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal *= np.sign((normal * (corners.mean(1) + [0, 0, 0.75 * s])).sum(1, keepdims=True))
    backwards = normal[:, 2] < 0.35 * np.linalg.norm(normal, axis=1)
    behind = (corners[:, :, 2].mean(1) < 0.1 * s) & backwards
    return [ruff, *fur(rng, ruff, 3000 * fine, 0.3, 0.025 / fine, frame @ np.array([0, -0.4, -0.7]), 0.5, behind)]
