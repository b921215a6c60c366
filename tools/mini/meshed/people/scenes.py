"""Kinds of scenes of people: from head to foot or from the waist up, alone or together, close by or far away."""

import math

import numpy as np

from meshed.mesh import ball
from meshed.people import occasions
from meshed.people.backdrops import desk, stage
from meshed.people.folk import FACING, passer, put, someone
from meshed.people.heads import cloth
from near import aimed
from world import DARK, METAL, WOOD, material, pick, spread, turned


def shoot(rng, low, high, away, eye=None, roll=0.05):
    """A camera that sees from the height `low` to `high` at a distance."""
    middle, half = (low + high) / 2, (high - low) / 2
    view = float(np.clip(2 * math.atan(half / away), 0.25, 1.5))
    eye = middle + rng.normal() * 0.12 * away if eye is None else eye
    return aimed(rng, max(eye, 0.15), middle, away, view, roll)


def across(rng, shot, z, share=0.25):
    """A random x at depth z, near the middle of the view, where somebody stands."""
    return rng.normal() * share * z * math.tan(shot.view / 2) + z * shot.turn[0, 2] / shot.turn[2, 2]


def free(rng, taken, shot, near, far, share=0.5, gap=0.6):
    """A place on the ground where nobody stands, kept in `taken`; None if it is crowded."""
    for _ in range(8):
        z = rng.uniform(near, far)
        x = across(rng, shot, z, share)
        if all(math.hypot(x - a, z - b) > gap for a, b in taken):
            taken.append((x, z))
            return x, z
    return None


def half_length(rng, wear=None, kind=None):
    """One person from the belt or the chest up."""
    tall, away = rng.uniform(1.55, 1.92), spread(rng, 0.75, 2.4)
    span = rng.uniform(0.45, 1.1)
    top = tall + rng.uniform(-0.05, 0.25) * span
    shot = shoot(rng, top - span, top, away)
    scene = stage(rng, shot, away, kind)
    scene.defocus = 0.5
    what = pick(rng, None, None, None, "cup", "paper", "phone", "ball")
    body, _ = someone(rng, pick(rng, "stand", "ease"), wear, tall, legs=top - span < 1.0, what=what, close=span < 0.7)
    put(scene, body, (across(rng, shot, away), 0, away), FACING + rng.normal() * 0.45)
    for _ in range(rng.integers(0, 3)):
        if rng.random() < 0.4:
            far = away + spread(rng, 0.8, 5)
            put(scene, passer(rng, cells=60)[0], (across(rng, shot, far, 0.6), 0, far), rng.uniform(0, 6.3))
    return scene


def portrait_suit(rng):
    """Somebody in a suit, a uniform or a space suit, from the belt or the chest up."""
    return half_length(rng, pick(rng, "suit", "suit", "uniform", "space"))


def face_close(rng):
    """A face that fills the frame, or nearly."""
    tall, away = rng.uniform(1.5, 1.9), spread(rng, 0.4, 1.1)
    span = rng.uniform(0.24, 0.5)
    middle = tall - 0.13 + rng.normal() * 0.04
    shot = shoot(rng, middle - span / 2, middle + span / 2, away, roll=0.12)
    scene = stage(rng, shot, away)
    scene.defocus = 0.6
    stance = pick(rng, "stand", "ease")
    arms = None if rng.random() < 0.6 else (pick(rng, "chin", "ear", "hang"), pick(rng, "hang", "chin", "eyes"))
    hat = pick(rng, None, None, None, None, None, "cap", "beanie", "brim", "scarf", "helmet", "peaked")
    body, pose = someone(
        rng, stance, None, tall, 1.35, False, arms, look=rng.normal(0, (0.3, 0.15, 0.12)), hat=hat, close=True
    )
    turn = FACING + rng.normal() * 0.35
    offset = turned(turn) @ (pose.at["skull"] * [1, 0, 1])
    put(
        scene,
        body,
        (
            across(rng, shot, away, 0.3) - offset[0],
            middle - pose.at["skull"][1] + rng.normal() * 0.03,
            away - offset[2],
        ),
        turn,
    )
    return scene


def pair(rng):
    """Two or three people beside and behind each other; one may point across the frame."""
    away, tall = spread(rng, 1.0, 3.2), rng.uniform(1.55, 1.9)
    span = rng.uniform(0.7, 1.9)
    shot = shoot(rng, max(tall + 0.1 - span, -0.1), tall + 0.12, away)
    scene = stage(rng, shot, away + 0.5)
    scene.defocus = 0.35
    count, reach = int(rng.integers(2, 4)), away * math.tan(shot.view / 2)
    start = rng.uniform(-0.7, 0.1) * reach
    for k in range(count):
        z = away + rng.uniform(-0.15, 0.2) + (0.45 * k if rng.random() < 0.6 else 0)
        x = start + k * rng.uniform(0.32, 0.6) + z * shot.turn[0, 2]
        arms = None
        yaw = FACING + rng.normal() * 0.6
        if rng.random() < 0.3:
            way = turned(-yaw) @ np.array([pick(rng, -1, 1), rng.normal() * 0.25, rng.normal() * 0.5])
            arms = ((way, pick(rng, "hang", "hips")), (pick(rng, "hang", "hips"), way))[int(way[0] > 0)]
        body, _ = someone(
            rng, pick(rng, "stand", "ease", "walk"), None, tall * rng.uniform(0.9, 1.06), 0.75, tall - span < 1.05, arms
        )
        put(scene, body, (x, 0, z), yaw)
    return scene


def athlete(rng):
    """Somebody in sports clothes who runs, kicks, jumps or throws: in a stadium, on grass, on sand."""
    away = spread(rng, 2.2, 9)
    span = rng.uniform(1.3, 3.2) if rng.random() < 0.8 else rng.uniform(3, 6)
    low = rng.uniform(-0.35, 0.1) * span
    shot = shoot(rng, low, low + span, away, eye=spread(rng, 0.35, 2.2))
    scene = stage(rng, shot, away, pick(rng, "crowd", "crowd", "crowd", "greenery", "street", "sky"))
    scene.defocus = 0.35
    for k in range(1 if rng.random() < 0.55 else int(rng.integers(2, 4))):
        z = away + k * rng.uniform(-0.6, 2)
        stance = pick(
            rng,
            "run",
            "sprint",
            "kick",
            "kick",
            "swing",
            "jump",
            "lunge",
            "wide",
            "stand",
            "walk",
            "split",
            "dance",
            "crouch",
        )
        body, pose = someone(rng, stance, pick(rng, "sport", "sport", "sport", "casual"), detail=0.9)
        x, yaw = across(rng, shot, z, 0.3) + k * rng.uniform(-1, 1), rng.uniform(0, 6.3)
        put(scene, body, (x, 0, z), yaw)
        if k == 0 and rng.random() < 0.7:
            foot = np.array([x, 0, z]) + turned(yaw) @ (
                pose.at["toe1"] + np.array([rng.normal() * 0.2, 0, rng.uniform(0.15, 0.6)])
            )
            m = cloth(rng)
            foot[1] = max(foot[1] + rng.normal() * 0.1, 0.11) if stance in ("kick", "jump") else 0.11
            scene.mesh(ball(m, 18, 26, 0.11).moved(foot, turned(*rng.uniform(0, 6, 3))))
    return scene


def street_people(rng):
    """People who walk and stand on a street, beside a bus or before a house front."""
    away = spread(rng, 1.8, 7)
    eye, view = rng.uniform(0.8, 2.2), float(np.clip(spread(rng, 1.6, 5) / away, 0.35, 1.2))
    shot = aimed(rng, eye, rng.uniform(0.7, 1.3), away, view)
    scene = stage(rng, shot, away + 1.2, pick(rng, "street", "street", "street", "greenery", "wall"))
    taken = []
    for _ in range(rng.integers(1, 6)):
        place = free(rng, taken, shot, away - 0.3, away + 1.2)
        if place is None:
            continue
        x, z = place
        stance = pick(rng, "walk", "walk", "stand", "ease", "run", "bend", "crouch", "dance", "floor")
        what = pick(rng, None, None, "box", "phone", "cup", "stick") if stance in ("stand", "ease", "walk") else None
        tall = None if rng.random() < 0.8 else rng.uniform(0.85, 1.4)
        body, _ = someone(rng, stance, None, tall, 0.75, what=what)
        put(scene, body, (x, 0, z), rng.uniform(0, 6.3))
    return scene


def room_people(rng):
    """People in a room, who stand, or sit at a table or on chairs."""
    away = spread(rng, 1.2, 3.2)
    shot = aimed(rng, rng.uniform(0.9, 1.8), rng.uniform(0.7, 1.2), away, rng.uniform(0.6, 1.3))
    scene = stage(rng, shot, away + 1.0, pick(rng, "room", "room", "room", "wall", "cloth"))
    taken = []
    for k in range(rng.integers(1, 4)):
        place = free(rng, taken, shot, away - 0.2, away + 0.8, 0.5, 0.8)
        if place is None:
            continue
        x, z = place
        sits = rng.random() < 0.5
        yaw = FACING + rng.normal() * 0.8
        stance = "sit" if sits else pick(rng, "stand", "ease", "bend", "kneel", "floor", "climb")
        body, pose = someone(rng, stance, pick(rng, "casual", "casual", "suit", "dress", "coat", "uniform"), None, 0.8)
        put(scene, body, (x, 0, z), yaw)
        if sits:
            seat(rng, scene, x, z, yaw, pose)
            if k == 0 and rng.random() < 0.5:
                front = np.array([x, 0, z]) + turned(yaw) @ np.array([0, 0, 0.75])
                if front[2] > 0.75:
                    desk(rng, scene, front[0], front[2], rng.uniform(0.4, 0.8), rng.uniform(0.62, 0.75))
    return scene


def seat(rng, scene, x, z, yaw, pose):
    """A stool, a bench or a chair under somebody who sits."""
    turn, m = turned(yaw), material(rng, pick(rng, WOOD, METAL, DARK, None))
    at, top = np.array([x, 0, z]) + turn @ np.array([0, 0, 0.06]), max(pose.seat, 0.15)
    wide = rng.uniform(0.2, 0.3) if rng.random() < 0.7 else rng.uniform(0.5, 0.9)
    scene.box(at + [0, top - 0.03, 0], (wide, 0.03, 0.22), m, turn)
    if rng.random() < 0.6:
        scene.box(at + turn @ np.array([0, top + 0.25, -0.27]), (wide, 0.25, 0.02), m, turn @ turned(0, -0.1))
    for sx in (-0.85, 0.85):
        for sz in (-0.2, 0.18):
            scene.box(at + turn @ np.array([sx * wide, top / 2, sz]), (0.02, top / 2, 0.02), m, turn)


def holding(rng):
    """Somebody with a ball, a box, a cup, paper, a stick, a phone, or at a camera on a tripod."""
    away = spread(rng, 1.2, 4)
    tall = rng.uniform(1.5, 1.9)
    span = rng.uniform(0.8, 2.2)
    shot = shoot(rng, max(tall + 0.12 - span, -0.2), tall + 0.15, away)
    scene = stage(rng, shot, away)
    scene.defocus = 0.35
    what = pick(rng, "camera", "camera", "ball", "box", "box", "cup", "paper", "stick", "phone")
    body, _ = someone(rng, pick(rng, "stand", "ease"), None, tall, 0.95, what=what, twist=0.0)
    yaw = FACING + rng.normal() * 0.9 if what != "camera" else rng.uniform(0, 6.3)
    put(scene, body, (across(rng, shot, away), 0, away), yaw)
    return scene


def near_hands(rng):
    """Somebody whose hands come towards the camera."""
    away, tall = spread(rng, 0.9, 1.8), rng.uniform(1.5, 1.9)
    span = rng.uniform(0.6, 1.2)
    shot = shoot(rng, tall + 0.1 - span, tall + 0.1, away)
    scene = stage(rng, shot, away)
    scene.defocus = 0.5
    arms = (pick(rng, "ahead", "across", "gesture", "wave"), pick(rng, "ahead", "hang", "gesture", "eyes"))
    body, _ = someone(rng, "stand", None, tall, 1.0, tall + 0.1 - span < 1.05, arms, close=True)
    put(scene, body, (across(rng, shot, away, 0.2), 0, away), FACING + rng.normal() * 0.3)
    return scene


def gathering(rng):
    """Many people at all distances, grown-ups and children."""
    away = spread(rng, 1.5, 6)
    shot = aimed(rng, rng.uniform(1.1, 2.8), rng.uniform(0.8, 1.3), away * 1.5, rng.uniform(0.5, 1.2))
    scene = stage(rng, shot, away * 2.5)
    yaw, taken = rng.uniform(0, 6.3), []
    for _ in range(rng.integers(4, 13)):
        place = free(rng, taken, shot, away, away * 2.5, 0.6, 0.5)
        if place is None:
            continue
        x, z = place
        body, _ = passer(
            rng,
            pick(rng, "stand", "ease", "walk", "stand", "bend", "kneel"),
            None,
            pick(rng, None, None, rng.uniform(0.85, 1.4)),
            int(np.clip(220 / z, 44, 90)),
        )
        put(scene, body, (x, 0, z), yaw + rng.normal() * 0.7)
    return scene


def child(rng):
    """A child that stands, sits, crouches or plays."""
    away, tall = spread(rng, 0.9, 3), rng.uniform(0.8, 1.35)
    shot = shoot(rng, rng.uniform(-0.2, 0.4 * tall), tall + rng.uniform(0, 0.3), away, eye=rng.uniform(0.5, 1.6))
    scene = stage(rng, shot, away)
    scene.defocus = 0.4
    stance = pick(rng, "stand", "ease", "crouch", "kneel", "walk", "run", "sit", "floor", "floor", "climb", "dance")
    body, pose = someone(rng, stance, pick(rng, "casual", "casual", "dress", "coat", "sport"), tall, 0.85)
    x, yaw = across(rng, shot, away), FACING + rng.normal() * 0.8
    put(scene, body, (x, 0, away), yaw)
    if stance == "sit":
        seat(rng, scene, x, away, yaw, pose)
    return scene


KINDS = {
    "half_length": (half_length, 12),
    "portrait_suit": (portrait_suit, 12),
    "face_close": (face_close, 12),
    "pair": (pair, 12),
    "athlete": (athlete, 12),
    "street_people": (street_people, 9),
    "room_people": (room_people, 9),
    "holding": (holding, 9),
    "near_hands": (near_hands, 5),
    "gathering": (gathering, 5),
    "child": (child, 4),
}
# Some of them again, with something in front.
HIDDEN = {f"hidden_{k.__name__}": (occasions.hidden(k), 3) for k in (half_length, pair, room_people, street_people)}
