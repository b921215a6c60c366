"""Kinds of scenes of people at a lectern, in a crowd before a stage, on rocks, and of hands that hold things."""

import math

import numpy as np

from meshed.mesh import ball, sweep
from meshed.people.backdrops import bushy, folds, leafy, stage
from meshed.people.folk import FACING, passer, put, someone
from meshed.people.heads import plain
from meshed.people.poses import unit
from near import aimed
from scenes import lay_ground
from world import DARK, WHITE, WOOD, indoors, material, outdoors, pick, spread, turned


def foreground(rng, scene, away):
    """Something between the camera and the people, at the edge of the view: leaves, a post, a rail, a person."""
    eye, z = scene.camera, away * rng.uniform(0.4, 0.75)
    reach, side = z * math.tan(eye.view / 2), pick(rng, -1, 1)
    at = eye.position + eye.turn @ np.array([side * reach * rng.uniform(0.7, 1.1), rng.uniform(-1, 0.4) * reach, z])
    k = rng.random() * (1 if z > 0.7 else 0.8)
    if k < 0.35:
        r = reach * rng.uniform(0.2, 0.45)
        bushy(rng, scene, at, np.full(3, min(r, 0.6 * z)), leafy(rng), r * rng.uniform(0.08, 0.2))
    elif k < 0.5:
        w = reach * rng.uniform(0.03, 0.12)
        scene.mesh(sweep([(at[0], 0, at[2]), (at[0], 3, at[2])], w, material(rng, scale=3), 14))
    elif k < 0.65:
        y = eye.position[1] - reach * rng.uniform(0.4, 0.8)
        m = material(rng, pick(rng, WOOD, DARK, WHITE, None))
        scene.box((at[0], y, z), (5, reach * 0.05, 0.03), m)
    elif k < 0.8:
        r = reach * rng.uniform(0.15, 0.4)
        scene.mesh(ball(material(rng), 16, 24, min(r, 0.5 * z)).moved(at, turned(*rng.uniform(0, 6, 3))))
    else:
        body, pose = someone(rng, "stand", None, None, 0.8, close=True)
        put(scene, body, (at[0], 0, z), rng.uniform(0, 6.3))


def hidden(kind):
    """A kind of scenes like `kind`, with something in front of the people."""

    def with_foreground(rng):
        scene = kind(rng)
        spots = [m.points[:, 2].min() for m in scene.meshes if len(m.points) > 400]
        near = min((z for z in spots if z > 0.3), default=0.0)
        if near > 0.75:
            foreground(rng, scene, near)
        return scene

    return with_foreground


def speech(rng):
    """Somebody at a lectern with microphones, before flags, cloth or a crowd; others stand behind."""
    away, tall = spread(rng, 1.1, 3.5), rng.uniform(1.6, 1.9)
    span = rng.uniform(0.6, 1.7)
    low = max(tall + 0.15 - span, -0.1)
    view = float(np.clip(2 * math.atan(span / 2 / away), 0.25, 1.2))
    shot = aimed(rng, (low + tall) / 2 + rng.normal() * 0.2, (low + tall + 0.15) / 2, away, view)
    scene = stage(rng, shot, away + 0.5, pick(rng, "flags", "flags", "cloth", "wall", "room", "crowd", "greenery"))
    scene.defocus = 0.4
    x, yaw = rng.normal() * 0.2 * away * math.tan(view / 2) + away * shot.turn[0, 2], FACING + rng.normal() * 0.5
    turn, s = turned(yaw), tall / 1.75
    at = np.array([x, 0, away])
    arms = [("at", np.array([side * 0.22, 1.14, 0.38]) * s) for side in (-1, 1)]
    arms[rng.integers(2)] = pick(rng, arms[0], "gesture", "wave", "up", "hang")
    body, pose = someone(
        rng,
        "stand",
        pick(rng, "suit", "suit", "suit", "uniform", "dress", "casual", "coat"),
        tall,
        1.0,
        True,
        arms,
        twist=0.0,
    )
    put(scene, body, at, yaw)
    m, half = material(rng, pick(rng, WOOD, DARK, WHITE, None)), (rng.uniform(0.25, 0.4), 0.54 * s, 0.16)
    front = at + turn @ np.array([0, 0, 0.5])
    scene.box(front + [0, half[1], 0], half, m, turn)
    scene.box(front + [0, 2 * half[1] + 0.02, 0], (half[0] * 1.1, 0.02, 0.21), m, turn @ turned(0, -0.2))
    if rng.random() < 0.5:
        sign = plain(rng, rng.uniform(0.02, 0.9, 3))
        scene.box(front + turn @ np.array([0, half[1] * 1.4, 0.165]), (half[0] * 0.6, 0.12, 0.005), sign, turn)
    metal, mouth = plain(rng, DARK, gloss=0.4), pose.at["skull"] + np.array([0, -0.14, 0.3])
    for _ in range(rng.integers(0, 4)):
        foot = np.array([rng.normal() * 0.1, 2 * half[1], 0.5])
        tip = mouth + rng.normal(0, 0.04, 3)
        put(
            scene,
            [
                sweep([foot, (foot + tip) / 2 + [0, 0, 0.05], tip], 0.007, metal, 6),
                ball(metal, 8, 12, 0.022).moved(tip),
            ],
            at,
            yaw,
        )
    for k in range(rng.integers(0, 4)):
        z = away + rng.uniform(0.6, 1.6)
        other, _ = someone(rng, pick(rng, "stand", "ease"), pick(rng, "suit", "uniform", "casual"), None, 0.6)
        put(
            scene,
            other,
            (x + (1 if k % 2 else -1) * rng.uniform(0.5, 1) + (k // 2) * 0.7, 0, z),
            FACING + rng.normal() * 0.4,
        )
    return scene


def throng(rng):
    """A crowd seen from behind, which looks at somebody on a platform, at a screen or into the distance."""
    near, rows = rng.uniform(0.9, 2.2), int(rng.integers(2, 5))
    shot = aimed(rng, rng.uniform(1.5, 2.3), rng.uniform(1.5, 2.2), near + 5, rng.uniform(0.6, 1.2))
    night = rng.random() < 0.5
    scene = indoors(rng, shot) if night else outdoors(rng, shot)
    far = near + rows * 0.8 + spread(rng, 1.5, 9)
    lay_ground(rng, scene)
    if night:
        scene.above, scene.below = scene.above * 0.3, scene.below * 0.3
        scene.horizon = scene.zenith = np.full(3, 0.01)
        for _ in range(3):
            scene.lamp(rng, (rng.uniform(-3, 3), rng.uniform(2.5, 4.5), far - rng.uniform(0.5, 2.5)), 4.0)
            scene.lights[-1][4:7] = rng.uniform(0.2, 1.3, 3)
    high, wide = rng.uniform(0.4, 1.2), rng.uniform(2.5, 6)
    scene.box((0, high / 2, far + 1.5), (wide, high / 2, 2), material(rng, DARK if night else None))
    if rng.random() < 0.5:
        folds(
            rng,
            scene,
            far + 3,
            2.2 * wide,
            None if rng.random() < 0.5 else plain(rng, rng.uniform(0.01, 0.5, 3)),
            (0, 3),
            5,
        )
    else:
        screen = plain(rng, rng.uniform(0.2, 0.9, 3), 1.0, 1.0)
        screen.glow = rng.uniform(0.3, 1)
        scene.box((rng.normal() * 0.6, 2.9, far + 2.8), (rng.uniform(1, 2.5), rng.uniform(0.7, 1.4), 0.05), screen)
    for _ in range(rng.integers(1, 5)):
        body, _ = passer(rng, pick(rng, "stand", "ease", "wide", "jump"), cells=64)
        put(scene, body, (rng.uniform(-0.7, 0.7) * wide, high, far + rng.uniform(0, 1.2)), FACING + rng.normal() * 0.5)
    reach = math.tan(shot.view / 2) * 1.25
    for row in range(rows):
        z = near + row * rng.uniform(0.7, 0.9)
        for x in np.arange(-reach * z, reach * z, rng.uniform(0.5, 0.8)):
            if rng.random() < 0.2:
                continue
            arms = [pick(rng, "hang", "hang", "up", "wave", "crossed", "eyes") for _ in range(2)]
            place, yaw = (x + rng.normal() * 0.06, 0, z + rng.normal() * 0.08), rng.normal() * 0.35
            if row == 0:
                body, _ = someone(rng, "stand", None, None, 0.6, True, arms, close=True)
            else:
                body, _ = passer(rng, "stand", cells=46, arms=arms)
            put(scene, body, place, yaw)
    return scene


def hand_close(rng):
    """A hand that holds something, close to the camera; the person it belongs to is behind it or beside it."""
    tall = rng.uniform(1.55, 1.9)
    what = pick(rng, "cup", "phone", "paper", "stick", "ball", "camera", "box")
    body, pose = someone(rng, pick(rng, "stand", "ease"), None, tall, 1.15, True, None, what, twist=0.0)
    hand = pose.at["hand0"] + unit(pose.at["hand0"] - pose.at["elbow0"]) * 0.08
    # The camera is put before the hand, then all is moved so that the camera is at x = z = 0.
    around, away = rng.uniform(-0.9, 0.9), spread(rng, 0.33, 0.75)
    view, rise = rng.uniform(0.5, 1.0), rng.normal() * 0.25
    shot = aimed(rng, hand[1] + rise * away, hand[1], away, view, 0.12)
    scene = stage(rng, shot, away + 0.8)
    scene.defocus = 0.6
    yaw = FACING + around
    offset = turned(yaw) @ hand
    put(scene, body, (-offset[0] + rng.normal() * 0.05, 0, away - offset[2]), yaw)
    return scene


def outlook(rng):
    """Somebody on a rock, a hill or a quay who looks or points into the distance, before the sky or land below."""
    away = spread(rng, 1.8, 8)
    span = rng.uniform(1.6, 5)
    high = rng.uniform(0.2, 1.2)
    view = float(np.clip(2 * math.atan(span / 2 / away), 0.3, 1.3))
    shot = aimed(rng, rng.uniform(0.4, 2.0), high + rng.uniform(0.5, 1.2), away, view)
    scene = stage(rng, shot, away + 3, pick(rng, "sky", "sky", "greenery", "street"))
    rock = ball(material(rng, scale=2.0), 30, 40)
    bumps = np.zeros(len(rock.points))
    for rough in (2.0, 5.0, 11.0):
        waves = rng.normal(size=(5, 3)) * rough
        bumps += np.abs(np.sin(rock.points @ waves.T + rng.uniform(0, 6, 5))).mean(1) / rough
    rock.points *= (0.75 + 0.5 * bumps[:, None]).astype(np.float32)
    wide = rng.uniform(0.8, 2.0)
    rock = rock.moved((0, 0, 0), turned(rng.uniform(0, 6)), (wide, high / max(rock.points[:, 1].max(), 0.3), wide))
    x = rng.normal() * 0.25 * away * math.tan(view / 2) + away * shot.turn[0, 2]
    rock.smooth = bool(rng.random() < 0.4)
    if away - wide > 0.5:
        scene.mesh(rock.moved((x, 0, away)))
    else:
        high = 0.0
    near = np.hypot(rock.points[:, 0], rock.points[:, 2]) < 0.22
    top = np.quantile(rock.points[near, 1], 0.75) if near.any() and high else 0.0
    way = turned(rng.uniform(0, 6)) @ np.array([0, rng.uniform(-0.1, 0.4), 1])
    arms = pick(rng, None, ("eyes", "hips"), (way, "hang"), ("up", "up"), ("hips", "hips"), ("wide", "wide"))
    body, _ = someone(rng, pick(rng, "stand", "ease", "wide", "climb", "crouch"), None, None, 0.9, arms=arms)
    put(scene, body, (x, top - 0.02, away), rng.uniform(0, 6.3))
    return scene


KINDS = {
    "speech": (speech, 6),
    "throng": (throng, 4),
    "hand_close": (hand_close, 5),
    "outlook": (outlook, 4),
}
