"""Whole people, ready to stand in a scene: pose, clothes, head, hands and what they hold."""

import math

import numpy as np

from meshed.flesh import ellipsoid, fused
from meshed.mesh import ball, box, lathe, sheet, smoothed_path, sweep
from meshed.people.clothes import OUTFITS, TOP, TRIM, flesh_of, skirt
from meshed.people.hands import hand
from meshed.people.heads import cloth, head, plain, tone
from meshed.people.poses import any_stance, skeleton, unit
from world import DARK, METAL, material, pick, turned

FACING = math.pi
"""The turn of somebody who faces the camera."""


def put(scene, meshes, at=(0, 0, 0), yaw=0.0, scale=1.0):
    """Adds meshes that were made around the origin."""
    turn = turned(yaw)
    for m in meshes:
        scene.mesh(m.moved(at, turn, scale))


def any_outfit(rng, female):
    """The function of OUTFITS that makes clothes of a random kind."""
    names = (
        "casual",
        "casual",
        "casual",
        "casual",
        "casual",
        "suit",
        "suit",
        "uniform",
        "sport",
        "coat",
        "space",
        "dress",
        "dress",
    )
    return OUTFITS[pick(rng, *(names if female else names[:-2]))]


def ahead(pose, points, where, up=0.0):
    """A place on the skin of the chest, found among `points`: `where` is sideways and up from the chest, in metres."""
    p = (points - pose.at["chest"]) @ pose.chest
    near = (np.abs(p[:, 0] - where[0]) < 0.02) & (np.abs(p[:, 1] - where[1]) < 0.02)
    z = p[near, 2].max() if near.any() else 0.13
    return pose.at["chest"] + pose.chest @ np.array([where[0], where[1], z + up])


def trimmings(rng, pose, wear, body):
    """Buttons, medals, epaulets, the globe and the pack of a space suit."""
    out, s, c = [], pose.tall / 1.75, pose.chest
    points = np.concatenate([m.points for m in body])
    metal = plain(rng, pick(rng, (0.8, 0.65, 0.25), (0.7, 0.7, 0.72), (0.03, 0.03, 0.03)), gloss=0.6)
    if "buttons" in wear.extras:
        double = rng.random() < 0.3
        for y in np.arange(-0.12, -0.3, -0.07):
            for x in (-0.05, 0.05) if double else (0.0,):
                out.append(ball(metal, 6, 8, 0.009 * s).moved(ahead(pose, points, (x * s, y * s)), c, (1, 1, 0.5)))
    if "medals" in wear.extras:
        side, rows = pick(rng, -1, 1), int(rng.integers(1, 4))
        for row in range(rows):
            for column in range(int(rng.integers(2, 5))):
                place = ahead(pose, points, (side * (0.055 + 0.03 * column) * s, (0.1 - 0.022 * row) * s), 0.002)
                out.append(box(plain(rng, rng.uniform(0.02, 0.9, 3)), (0.014 * s, 0.008 * s, 0.004)).moved(place, c))
        if rng.random() < 0.5:
            place = ahead(pose, points, (side * 0.1 * s, 0.01 * s), 0.004)
            out.append(
                lathe([(1e-3, -0.003), (0.02, -0.003), (0.02, 0.003), (1e-3, 0.004)], metal, 10).moved(
                    place, c @ turned(0, math.pi / 2), s
                )
            )
    if "epaulets" in wear.extras:
        for k in range(2):
            place = pose.at[f"shoulder{k}"] * 0.8 + pose.at["neck"] * 0.2 + c @ np.array([0, 0.052, 0]) * s
            out.append(
                box(wear.stuff[TRIM], (0.055 * s, 0.008 * s, 0.026 * s)).moved(
                    place, c @ turned(0, 0, (1 - 2 * k) * 0.35)
                )
            )
    if "rings" in wear.extras:
        for k in range(2):
            for a, b, r in (
                ("shoulder", "elbow", 0.075),
                ("elbow", "hand", 0.07),
                ("thigh", "knee", 0.11),
                ("knee", "ankle", 0.09),
            ):
                p, q = pose.at[f"{a}{k}"], pose.at[f"{b}{k}"]
                t = rng.uniform(0.85, 0.95)
                out.append(
                    sweep(
                        [p + (t - 0.05) * (q - p), p + t * (q - p), p + (t + 0.04) * (q - p)],
                        r * s,
                        wear.stuff[TRIM],
                        14,
                    )
                )
    if "pack" in wear.extras:
        out.append(
            box(wear.stuff[TOP], (0.2 * s, 0.3 * s, 0.1 * s)).moved(
                pose.at["chest"] + c @ np.array([0, 0.0, -0.26]) * s, c
            )
        )
        out.append(box(wear.stuff[TRIM], (0.11 * s, 0.07 * s, 0.04 * s)).moved(ahead(pose, points, (0, -0.04 * s)), c))
    if "globe" in wear.extras:
        out += globe(rng, pose, wear)
    return out


def globe(rng, pose, wear):
    """The helmet of a space suit: open at the front or with a dark or golden visor."""
    s, at, out = pose.tall / 1.75, pose.at["skull"] + pose.chest @ np.array([0, 0.01, 0.01]) * pose.tall / 1.75, []
    u, v = np.meshgrid(np.linspace(0.9, 2 * math.pi - 0.9, 28), np.linspace(0.05, math.pi - 0.35, 16))
    shell = np.stack([np.sin(v) * np.sin(u), np.cos(v), np.sin(v) * np.cos(u)], -1) * 0.17
    out.append(sheet(shell, wear.stuff[TOP]).moved(at, pose.chest, s))
    t = np.linspace(0, 2 * math.pi, 30)
    neck = np.stack([0.15 * np.cos(t), 0 * t - 0.14, 0.15 * np.sin(t)], 1)
    out.append(sweep(neck, 0.025, wear.stuff[TRIM], 8).moved(at, pose.chest, s))
    if rng.random() < 0.5:
        visor = plain(rng, pick(rng, (0.02, 0.02, 0.03), (0.5, 0.35, 0.08), (0.1, 0.12, 0.2)), 0.0, gloss=0.55)
        out.append(ball(visor, 20, 28, 0.166).moved(at, pose.chest, s))
    return out


def held(rng, pose, what, hands):
    """Meshes of what is held between or in the hands."""
    s = pose.tall / 1.75
    middle = np.mean(hands, axis=0)
    m = material(rng, scale=rng.uniform(3, 10))
    if what == "ball":
        r = rng.uniform(0.1, 0.14)
        return [ball(m, 18, 26, r).moved(middle)]
    if what == "box":
        half = np.array(
            [0.5 * np.linalg.norm(hands[0] - hands[-1]) - 0.03, rng.uniform(0.06, 0.2), rng.uniform(0.08, 0.18)]
        )
        return [box(m, np.maximum(half, 0.03)).moved(middle, pose.chest)]
    if what == "cup":
        profile = [(1e-3, 0), (0.032, 0), (0.042, 0.1), (0.038, 0.1), (0.03, 0.06), (1e-3, 0.06)]
        return [lathe(profile, m, 20).moved(hands[0] + [0, -0.02, 0])]
    if what == "paper":
        return [
            box(m, (rng.uniform(0.08, 0.2), rng.uniform(0.1, 0.16), 0.004)).moved(
                middle, pose.chest @ turned(0, rng.uniform(-0.8, 0.4))
            )
        ]
    if what == "stick":
        way = unit(rng.normal(size=3) * [0.5, 1, 0.5])
        return [sweep([hands[0] - way * 0.3, hands[0] + way * rng.uniform(0.2, 0.9)], 0.015, m, 10)]
    if what == "phone":
        return [
            box(plain(rng, DARK, gloss=0.5), (0.037, 0.075, 0.005)).moved(
                hands[0] + unit(hands[0] - pose.at["chest"]) * 0.04, pose.chest @ turned(0, rng.uniform(-0.5, 0.5))
            )
        ]
    return camera_of(rng, middle, pose, s)


def burden(rng, pose, body):
    """A backpack, a handbag, a scarf or an umbrella."""
    s, c, m, k = pose.tall / 1.75, pose.chest, cloth(rng), rng.random()
    if k < 0.35:
        back = pose.at["chest"] + c @ np.array([0, -0.06, -0.2]) * s
        rows = [
            ellipsoid(back, np.array([0.15, 0.22, 0.1]) * s, c),
            ellipsoid(back + c @ np.array([0, -0.08, -0.08]) * s, np.array([0.11, 0.1, 0.06]) * s, c),
        ]
        out = [fused(rows, 30, material=m)]
        points = np.concatenate([b.points for b in body])
        for x in (-0.1, 0.1):
            strap = [ahead(pose, points, (x * s, y * s), 0.004) for y in (-0.12, -0.02, 0.08)]
            top = pose.at["chest"] + c @ np.array([x * 1.1, 0.2, -0.02]) * s
            out.append(
                sweep(smoothed_path([*strap, top, back + c @ np.array([x, 0.1, 0]) * s], 16), 0.022 * s, m, 8, 0.4)
            )
        return out
    hand = pose.at["hand0"] + unit(pose.at["hand0"] - pose.at["elbow0"]) * 0.07
    if k < 0.7:
        low, half = (
            hand - [0, 0.32 * s, 0],
            np.array([rng.uniform(0.06, 0.1), rng.uniform(0.1, 0.16), rng.uniform(0.12, 0.2)]),
        )
        low[1] = max(low[1], half[1] + 0.02)
        grip = [low + [0, half[1], -0.08], hand, low + [0, half[1], 0.08]]
        return [
            fused([ellipsoid(low, half), ellipsoid(low - [0, 0.03, 0], half * [1.1, 0.85, 1.05])], 24, material=m),
            sweep(smoothed_path(grip, 12), 0.009, m, 6),
        ]
    top, r = hand + np.array([0, rng.uniform(0.75, 0.95), 0]), rng.uniform(0.42, 0.6)
    ribs = 1 + 0.04 * np.abs(np.cos(np.arange(48) * math.pi * 8 / 48))
    dome = lathe([(r * math.sin(v), r * 0.75 * (math.cos(v) - 1)) for v in np.linspace(1.15, 0.01, 9)], m, 48)
    dome.points[:, [0, 2]] *= np.tile(ribs, 9)[:, None]
    return [
        dome.moved(top, turned(0, rng.normal() * 0.2, rng.normal() * 0.2)),
        sweep([hand - [0, 0.1, 0], top], 0.008, plain(rng, METAL), 6),
    ]


def camera_of(rng, middle, pose, s):
    """A camera with a lens, on a tripod that stands on the ground."""
    dark, metal = plain(rng, DARK, gloss=0.3), plain(rng, pick(rng, METAL, DARK, (0.5, 0.3, 0.12)))
    out = [
        box(dark, (0.07, 0.055, 0.05)).moved(middle, pose.chest),
        box(dark, (0.03, 0.02, 0.03)).moved(middle + [0, 0.07, 0], pose.chest),
    ]
    out.append(
        lathe([(1e-3, 0), (0.038, 0), (0.042, 0.12), (1e-3, 0.12)], dark, 18).moved(
            middle, pose.chest @ turned(0, math.pi / 2)
        )
    )
    top = middle - np.array([0, 0.06, 0])
    start = rng.uniform(0, 6)
    for k in range(3):
        foot = [top[0] + 0.4 * math.cos(start + 2.1 * k), 0.01, top[2] + 0.4 * math.sin(start + 2.1 * k)]
        out.append(sweep([top, foot], (0.018, 0.011), metal, 8))
    return out


def grips(rng, what, tall):
    """Where the hands go that hold something, on the ground in front of somebody that stands."""
    s = tall / 1.75
    y, z = rng.uniform(0.95, 1.35) * s, rng.uniform(0.28, 0.42) * s
    if what in ("ball", "box", "paper"):
        wide = {"ball": 0.11, "box": rng.uniform(0.12, 0.25), "paper": 0.12}[what]
        return [("at", np.array([sx * wide, y, z])) for sx in (-1, 1)]
    if what == "camera":
        return [("at", np.array([sx * 0.09, 1.42 * s, 0.35 * s])) for sx in (-1, 1)]
    arm = ("at", np.array([rng.uniform(-0.25, 0.0), y + 0.1, z]))
    return [arm, pick(rng, "hang", "hips", "gesture", "hang2")]


def someone(
    rng,
    stance=None,
    wear=None,
    tall=None,
    detail=1.0,
    legs=True,
    arms=None,
    what=None,
    look=None,
    female=None,
    twist=None,
    hat=None,
    close=False,
):
    """Meshes of somebody who stands on the ground at the origin and faces +z, and the pose.

    `detail` scales the number of triangles, `close` gives the neck to the head, `what` is held.
    """
    female = rng.random() < 0.45 if female is None else female
    tall = tall or (rng.uniform(1.52, 1.78) if female else rng.uniform(1.62, 1.95))
    girth = float(np.clip(rng.normal(1.0, 0.13), 0.8, 1.4)) * (0.92 if female else 1.0)
    skin = plain(rng, tone(rng), rng.uniform(0, 0.25), 8)
    wear = (OUTFITS[wear] if wear else any_outfit(rng, female))(rng, skin)
    stance = stance or any_stance(rng)
    if what:
        arms = grips(rng, what, tall)
    pose = skeleton(rng, stance, tall, girth, arms, look=look, twist=twist)
    belly = max(rng.normal(0.0, 0.03), 0) if not female else 0.0
    child = np.clip((1.5 - tall) / 0.6, 0, 1)
    body = flesh_of(rng, pose, wear, female and not child, belly, int(90 * detail * (1.0 if legs else 0.85)), legs)
    out = list(body)
    if wear.skirt and stance not in ("sit", "crouch", "kneel", "bend", "lunge"):
        out.append(skirt(rng, pose, wear, tall / 1.75))
    out += trimmings(rng, pose, wear, body)
    cap = hat if hat is not None else wear.hat
    cap = None if "globe" in wear.extras else cap
    size = tall / 1.75 * (1 + 0.45 * child) * rng.uniform(0.95, 1.04)
    skull = [
        m.moved(pose.at["skull"], pose.head, size)
        for m in head(
            rng, int((46 if close else 40) * detail) + 6, skin, None, cap, female, detail > 0.6, close, child > 0
        )
    ]
    out += skull
    curl = rng.uniform(0.6, 1.0) if what else None
    for k in range(2):
        point = arms is not None and not isinstance(arms[k], str) and arms[k][0] != "at"
        out.append(hand(rng, pose, k, wear, curl if not point else 1.6, int(34 * max(detail, 0.6)), point))
    if what:
        hands = [pose.at[f"hand{k}"] + unit(pose.at[f"hand{k}"] - pose.at[f"elbow{k}"]) * 0.07 for k in range(2)]
        hands = hands if what in ("ball", "box", "paper", "camera") else hands[:1]
        out += held(rng, pose, what, hands)
    elif stance in ("stand", "ease", "walk") and arms is None and "pack" not in wear.extras and rng.random() < 0.22:
        out += burden(rng, pose, body)
    return out, pose


def passer(rng, stance=None, wear=None, tall=None, cells=44, arms=None):
    """Meshes of somebody far away, of few triangles, and the pose."""
    female = rng.random() < 0.45
    tall = tall or rng.uniform(1.5, 1.9)
    skin = plain(rng, tone(rng))
    wear = OUTFITS[wear or pick(rng, "casual", "casual", "sport", "suit", "dress", "coat")](rng, skin)
    stance = stance or pick(rng, "stand", "ease", "walk", "walk")
    pose = skeleton(rng, stance, tall, float(np.clip(rng.normal(1, 0.12), 0.8, 1.3)), arms)
    out = flesh_of(rng, pose, wear, female, 0.0, cells, True, True)
    if wear.skirt and stance not in ("sit", "crouch"):
        out.append(skirt(rng, pose, wear, tall / 1.75))
    return out, pose


def audience(rng, count=6, cells=24):
    """The upper halves of some standing people, to be repeated in a crowd."""
    out = []
    for _ in range(count):
        stance = pick(rng, "stand", "ease", "wide")
        arms = [pick(rng, "up", "hang", "crossed", "gesture", "wave", "lap", "hang") for _ in range(2)]
        skin = plain(rng, tone(rng))
        pose = skeleton(rng, stance, 1.75, 1.0, arms)
        body = flesh_of(rng, pose, OUTFITS["casual"](rng, skin), rng.random() < 0.4, 0.0, cells, False, True)
        out.append(body)
    return out
