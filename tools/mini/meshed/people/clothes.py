"""Dressed bodies in a pose: in suits, shirts, uniforms, dresses, sports clothes, coats and space suits."""

import math
from dataclasses import dataclass, field

import numpy as np

from loud import loudened
from meshed.flesh import capsule, ellipsoid, fused, nearest, split
from meshed.mesh import Mesh, directions, grid_faces
from meshed.people.heads import cloth, plain, strands
from meshed.people.poses import unit
from world import material, pick

SKIN, TOP, LOW, SHOE, INNER, TIE, TRIM, HAIR, ARM = range(9)


@dataclass
class Outfit:
    """What somebody wears."""

    stuff: list
    """A material for each label."""
    sleeve: float = 1.0
    """How much of the arms is covered, from 0 to 1; the same for the legs."""
    leg: float = 1.0
    loose: float = 0.012
    front: str = "plain"
    """The chest: plain, suit, open, buttons, round."""
    hem: float = 0.0
    """How far the top hangs below the waist, in metres for a grown-up."""
    skirt: tuple = ()
    """Length and width at the hem of a skirt or a robe, and whether it is of the top's stuff."""
    hat: str | None = None
    extras: tuple = field(default_factory=tuple)


def stuffs(rng, skin, **named):
    """A list of materials by label, of any colours but for those that are named."""
    out = [skin] + [cloth(rng) for _ in range(6)] + [strands(rng)]
    out[SHOE] = plain(
        rng, pick(rng, (0.02, 0.02, 0.02), (0.85, 0.85, 0.85), (0.2, 0.1, 0.05), rng.uniform(0, 0.8, 3)), gloss=0.3
    )
    for name, m in named.items():
        out[("skin", "top", "low", "shoe", "inner", "tie", "trim").index(name)] = m
    return [*out, out[TOP]]


def suit(rng, skin):
    colour = pick(
        rng,
        (0.01, 0.01, 0.012),
        (0.015, 0.02, 0.05),
        (0.12, 0.12, 0.13),
        (0.35, 0.33, 0.3),
        (0.6, 0.55, 0.45),
        (0.04, 0.03, 0.03),
        rng.uniform(0.01, 0.6, 3),
    )
    jacket, shirt = (
        plain(rng, colour, 0.15),
        plain(rng, pick(rng, (0.85, 0.85, 0.85), (0.85, 0.85, 0.85), (0.4, 0.5, 0.75), rng.uniform(0.1, 0.9, 3))),
    )
    trim = plain(rng, np.asarray(colour) * rng.uniform(0.6, 1.2) + 0.004)
    low = jacket if rng.random() < 0.8 else cloth(rng)
    dark = {"shoe": plain(rng, (0.02, 0.015, 0.01), gloss=0.5)}
    return Outfit(
        stuffs(rng, skin, top=jacket, low=low, inner=shirt, trim=trim, **dark),
        front=pick(rng, "suit", "suit", "suit", "open"),
        hem=0.2,
        loose=0.016,
        extras=("buttons",),
    )


def uniform(rng, skin):
    colour = pick(
        rng,
        (0.02, 0.03, 0.08),
        (0.08, 0.1, 0.05),
        (0.8, 0.8, 0.8),
        (0.02, 0.02, 0.02),
        (0.35, 0.3, 0.18),
        (0.4, 0.03, 0.03),
    )
    jacket = plain(rng, colour, 0.1)
    trim = plain(rng, pick(rng, (0.8, 0.6, 0.1), (0.6, 0.05, 0.05), (0.8, 0.8, 0.8)))
    low = jacket if rng.random() < 0.6 else cloth(rng)
    return Outfit(
        stuffs(rng, skin, top=jacket, low=low, trim=trim),
        front=pick(rng, "suit", "plain"),
        hem=0.18,
        loose=0.016,
        hat=pick(rng, "peaked", "peaked", None),
        extras=("buttons", "medals", "epaulets"),
    )


def casual(rng, skin):
    named = {"top": loudened(rng, material(rng), rng.uniform(3, 14))} if rng.random() < 0.35 else {}
    if not named and rng.random() < 0.3:
        named = {"top": plain(rng, rng.uniform(0.008, 0.04, 3), gloss=pick(rng, 0, 0.4))}
    return Outfit(
        stuffs(rng, skin, **named),
        pick(rng, 0.4, 0.4, 0.45, 1.0, 1.0, 0.0),
        pick(rng, 1.0, 1.0, 1.0, 0.5),
        rng.uniform(0.005, 0.03),
        pick(rng, "plain", "plain", "round", "buttons", "open"),
        rng.uniform(0, 0.15),
        hat=pick(rng, None, None, None, "cap", "beanie", "brim"),
    )


def sport(rng, skin):
    top = cloth(rng)
    low = top if rng.random() < 0.3 else cloth(rng)
    return Outfit(
        stuffs(rng, skin, top=top, low=low),
        pick(rng, 0.45, 0.45, 0.0, 1.0),
        pick(rng, 0.45, 0.5, 0.4, 1.0),
        rng.uniform(0.012, 0.03),
        "plain",
        rng.uniform(0, 0.1),
        hat=pick(rng, None, None, None, "cap", "helmet"),
    )


def dress(rng, skin):
    m = cloth(rng)
    skirt = (rng.uniform(0.35, 0.95), rng.uniform(0.2, 0.42), True)
    return Outfit(
        stuffs(rng, skin, top=m, low=m if rng.random() < 0.5 else skin),
        pick(rng, 0.0, 0.0, 0.4, 1.0),
        0.0,
        0.006,
        pick(rng, "plain", "round"),
        0.0,
        skirt,
        pick(rng, None, None, "brim", "scarf"),
    )


def coat(rng, skin):
    return Outfit(
        stuffs(rng, skin),
        1.0,
        1.0,
        rng.uniform(0.02, 0.04),
        pick(rng, "open", "suit", "plain"),
        0.1,
        (rng.uniform(0.3, 0.9), rng.uniform(0.22, 0.3), True),
        pick(rng, None, "beanie", "brim", "scarf", "scarf"),
    )


def space(rng, skin):
    shell = plain(rng, pick(rng, (0.8, 0.8, 0.8), (0.8, 0.8, 0.78), (0.75, 0.25, 0.04)), 0.2)
    dark = plain(rng, pick(rng, (0.3, 0.3, 0.32), (0.7, 0.1, 0.05), (0.05, 0.1, 0.4)))
    return Outfit(
        stuffs(rng, skin, top=shell, low=shell, shoe=shell, trim=dark),
        1.0,
        1.0,
        rng.uniform(0.035, 0.05),
        "plain",
        0.0,
        extras=("medals", "rings", "globe", "pack", "gloves"),
    )


OUTFITS = {
    "suit": suit,
    "uniform": uniform,
    "casual": casual,
    "sport": sport,
    "dress": dress,
    "coat": coat,
    "space": space,
}


def trunk(pose, wear, scale, female, belly):
    """Lumps of the trunk and the neck."""
    g, c, h, at = pose.girth, pose.chest, pose.hips, pose.at
    e, b = wear.loose, 0.06 * scale

    def lump(name, shift, half, frame, label):
        return ellipsoid(at[name] + frame @ np.array(shift) * scale, np.array(half) * scale * g + e, frame, label, b)

    rows = [
        lump("hip", (0, 0.02, -0.01), (0.155 + 0.012 * female, 0.12, 0.11), h, LOW),
        lump("waist", (0, 0, 0.005 + belly * 0.3), (0.138 - 0.016 * female, 0.15, 0.1 + belly * 0.6), c, TOP),
        lump("chest", (0, 0.0, 0), (0.158 - 0.015 * female, 0.19, 0.106), c, TOP),
    ]
    ends = [at[f"shoulder{k}"] - c @ np.array([0, 0.012, 0.0]) * scale for k in range(2)]
    rows.append(capsule(*ends, 0.056 * scale * g + e * 0.6, flat=0.9, across=c[:, 2], label=TOP, blend=b))
    base = at["neck"] - c @ np.array([0, 0.03, 0]) * scale
    rows += [
        capsule(base, 0.75 * ends[k] + 0.25 * base, 0.05 * scale + e * 0.3, 0.045 * scale, label=TOP, blend=b)
        for k in range(2)
    ]
    skull = at["skull"] - pose.head @ np.array([0, 0.06, 0.03]) * scale
    rows.append(capsule(base, skull, 0.057 * scale, 0.05 * scale, label=SKIN, blend=0.02 * scale))
    if female:
        rows += [lump("chest", (s * 0.068, -0.01, 0.085), (0.06, 0.06, 0.052), c, TOP) for s in (-1, 1)]
    if wear.hem:
        low = at["hip"] - h @ np.array([0, wear.hem * 0.3 - 0.06, 0.0]) * scale
        rows.append(
            capsule(
                at["waist"],
                low,
                0.145 * scale * g + e,
                (0.16 + 0.012 * female) * scale * g + e * 1.5,
                0.74,
                c[:, 2],
                TOP,
                0.04 * scale,
            )
        )
    if wear.front in ("suit", "buttons", "open"):
        collar = INNER if wear.front != "buttons" else TOP
        rows.append(
            capsule(
                base,
                base + c @ np.array([0, 0.035, 0.008]) * scale,
                0.068 * scale,
                0.062 * scale,
                label=collar,
                blend=0.01 * scale,
            )
        )
    return rows


def covered(rows, a, b, ra, rb, share, label, bare, loose, blend):
    """A limb from a to b of which the first `share` is in clothes."""
    if share <= 0.02:
        rows.append(capsule(a, b, ra, rb, label=bare, blend=blend))
        return
    if share >= 0.98:
        rows.append(capsule(a, b, ra + loose, rb + loose, label=label, blend=blend))
        return
    middle, r = a + share * (b - a), ra + share * (rb - ra)
    rows.append(capsule(a + 0.6 * share * (b - a), b, r, rb, label=bare, blend=blend * 0.3))
    rows.append(capsule(a, middle, ra + loose, r + loose * 1.2, label=label, blend=blend * 0.5))


def limbs(pose, wear, scale, legs=True, mitten=True):
    """Lumps of arms, legs and shoes."""
    g, at, rows = pose.girth, pose.at, []
    e, b = wear.loose, 0.03 * scale
    for k in range(2):
        shoulder, elbow, hand = (at[f"{name}{k}"] for name in ("shoulder", "elbow", "hand"))
        upper, fore = min(wear.sleeve * 2, 1.0), max(wear.sleeve * 2 - 1, 0.0)
        r = np.array([0.05, 0.04, 0.041, 0.027]) * scale * (0.4 + 0.6 * g)
        covered(rows, shoulder, elbow, r[0], r[1], upper, ARM, SKIN, e, b)
        covered(rows, elbow, hand, r[2], r[3], fore, ARM, SKIN, e * 0.8, b)
        if mitten:
            tip = hand + unit(hand - elbow) * 0.1 * scale
            rows.append(capsule(hand, tip, 0.03 * scale, 0.024 * scale, 0.7, pose.chest[:, 0], SKIN, b))
        if not legs:
            continue
        thigh, knee, ankle, toe = (at[f"{name}{k}"] for name in ("thigh", "knee", "ankle", "toe"))
        upper, fore = min(wear.leg * 2, 1.0), max(wear.leg * 2 - 1, 0.0)
        r = np.array([0.082, 0.054, 0.053, 0.036]) * scale * (0.3 + 0.7 * g)
        covered(rows, thigh, knee, r[0], r[1], upper, LOW, SKIN, e * 1.2, b)
        covered(rows, knee, ankle, r[2], r[3], fore, LOW, SKIN, e * 1.4, b)
        if fore < 0.5:
            calf = knee + 0.3 * (ankle - knee)
            back = unit(np.cross(np.cross(ankle - knee, toe - ankle), ankle - knee)) * 0.02 * scale
            rows.append(
                capsule(
                    calf - back, calf - back + 0.2 * (ankle - knee), 0.046 * scale, 0.036 * scale, label=SKIN, blend=b
                )
            )
        heel = ankle - unit(toe - ankle) * 0.04 * scale - [0, 0.01 * scale, 0]
        rows.append(capsule(heel, toe, 0.042 * scale, 0.036 * scale, label=SHOE, blend=b * 0.4))
    return rows


def painted(mesh, scores, pose, wear, scale):
    """Lowers the scores of shirt, tie and lapels where they show in the front of the jacket."""
    hem = (mesh.points - pose.at["hip"]) @ pose.hips[:, 1] / scale - (0.07 - wear.hem)
    if not wear.skirt:
        scores[:, TOP] = np.maximum(scores[:, TOP], -hem)
        scores[:, LOW] = np.minimum(scores[:, LOW], np.maximum(scores[:, TOP] + 2 * hem, hem))
    p = (mesh.points - pose.at["chest"]) @ pose.chest / scale
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    front = np.where(z > -0.01, 0, 1.0)
    top = scores[:, TOP]
    if wear.front in ("suit", "open"):
        low = -0.1 if wear.front == "suit" else -0.6
        wide = np.clip((y - low) / (0.19 - low), 0, 1) * 0.072 + (0.03 if wear.front == "open" else 0) * (y > low)
        inside = np.maximum(x - wide, np.maximum(low - y, y - 0.26)) + front
        scores[:, TRIM] = np.minimum(
            scores[:, TRIM], top + np.maximum(x - wide - 0.055 * np.clip((y - low) / 0.1, 0, 1), low - y) + front
        )
        scores[:, INNER] = np.minimum(scores[:, INNER], np.minimum(top, scores[:, TRIM]) + 3 * np.minimum(inside, 0.3))
        if wear.front == "suit":
            knot = np.where(y > 0.145, 0.018 + 0.1 * np.maximum(y - 0.16, 0), 0.016 + 0.1 * np.clip(0.145 - y, 0, 0.25))
            tie = np.maximum(x - knot, np.maximum(inside, y - 0.2))
            scores[:, TIE] = np.minimum(scores[:, TIE], scores[:, INNER] + 6 * np.minimum(tie, 0.3))
            return 0.006 * np.clip(-tie / 0.01, -1, 1) - 0.008 * np.clip(-inside / 0.01, 0, 1)
        return -0.012 * np.clip(-inside / 0.015, 0, 1)
    if wear.front == "round":
        scores[:, SKIN] = np.minimum(scores[:, SKIN], top + np.hypot(x, y - 0.17) - 0.09 + front)
    if wear.front == "buttons":
        scores[:, TRIM] = np.minimum(scores[:, TRIM], top + x - 0.012 + front)
    return None


def flesh_of(rng, pose, wear, female, belly=0.0, cells=90, legs=True, whole=False):
    """Meshes of a dressed body; `whole` has its head and its hands in the same skin, as is enough from afar."""
    scale = pose.tall / 1.75
    rows = trunk(pose, wear, scale, female, belly) + limbs(pose, wear, scale, legs, whole)
    if whole:
        at, f = pose.at["skull"], pose.head
        rows.append(ellipsoid(at, np.array([0.07, 0.108, 0.085]) * scale, f, SKIN, 0.02))
        rows.append(
            ellipsoid(at + f @ np.array([0, -0.02, 0.09]) * scale, np.array([0.014, 0.02, 0.02]) * scale, f, SKIN, 0.02)
        )
        if rng.random() < 0.9:
            rows.append(
                ellipsoid(
                    at + f @ np.array([0, 0.03, -0.025]) * scale, np.array([0.079, 0.094, 0.085]) * scale, f, HAIR, 0.01
                )
            )
        if female:
            rows.append(
                ellipsoid(
                    at + f @ np.array([0, -0.06, -0.07]) * scale, np.array([0.08, 0.12, 0.04]) * scale, f, HAIR, 0.02
                )
            )
    mesh = fused(rows, cells)
    scores = nearest(np.array(rows), mesh.points.astype(float), 9)
    shift = painted(mesh, scores, pose, wear, scale)
    if not whole:
        bare = scores.argmin(1) == SKIN
        waves = rng.normal(size=(6, 3)) * 14 / scale * np.array([0.7, 1.4, 0.7])
        folds = np.sin(mesh.points @ waves.T + rng.uniform(0, 6.3, 6))
        folds = (1 - np.abs(folds)).mean(1) * (~bare) * rng.uniform(0.2, 1) * max(wear.loose, 0.008) * 1.2
        folds = folds if shift is None else folds * 0.5 + shift * scale
        mesh = Mesh(mesh.points + directions(mesh) * folds[:, None], mesh.faces, None, mesh.local)
    return split(mesh, scores, wear.stuff)


def skirt(rng, pose, wear, scale):
    """A skirt with folds, from the waist down."""
    long, wide, _ = wear.skirt
    t, u = np.linspace(0, 1, 14)[:, None], np.arange(48) * 2 * math.pi / 48
    start = pose.at["waist"] + pose.hips @ np.array([0, -0.04, 0]) * scale
    end = 0.5 * (pose.at["knee0"] + pose.at["knee1"])
    end = start + (end - start) / (np.linalg.norm(end - start) + 1e-9) * (long + 0.1) * scale
    end[1] = max(end[1], 0.03)
    waist, hip = 0.14 * pose.girth + wear.loose, 0.172 * pose.girth + wear.loose
    r = np.where(t < 0.3, waist + (hip - waist) * t / 0.3, hip + (max(wide, hip) - hip) * (t - 0.3) / 0.7)
    folds = 1 + 0.14 * t * np.sin(u * rng.integers(5, 13) + 2 * np.sin(u + rng.uniform(0, 6)))
    deep = 0.76 + 0.2 * t
    around = np.stack([r * folds * np.cos(u), 0 * r * u, r * folds * deep * np.sin(u)], -1) * scale
    points = start + t[..., None] * (end - start) + around @ pose.hips.T
    return Mesh(points.reshape(-1, 3), grid_faces(14, 48, True), wear.stuff[TOP if wear.skirt[2] else LOW])
