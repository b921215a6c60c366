"""Kinds of scenes of animals."""

import math

import numpy as np

from meshed.animals.apes import ape
from meshed.animals.beasts import beast
from meshed.animals.birds import bird
from meshed.animals.breeds import BEASTS
from meshed.animals.butterflies import butterfly
from meshed.animals.small import fish, insect, snail, squat
from meshed.flesh import scores_of, split
from meshed.flowers.plants import flower
from meshed.mesh import Mesh, lathe, sheet, smoothed_path, sweep
from meshed.shared.growth import GREENS, branch, bumpy, grass, rock
from meshed.shared.surroundings import around, backed, before, clear, floored, framed, land, lit, put, seat
from near import printed
from world import BARK, GRASS, LEAF, SAND, STONE, WATER, WOOD, indoors, material, outdoors, pick, spread, turned

RUNNERS = ("cheetah", "cheetah", "horse", "dog", "hound", "lion", "zebra", "deer", "fox", "cat", "tiger", "leopard")
CLIMBERS = ("cat", "squirrel", "squirrel", "monkey", "monkey", "leopard", "bear", "mouse")
HEADS = (
    "cat",
    "cat",
    "cat",
    "dog",
    "dog",
    "fox",
    "lion",
    "tiger",
    "cheetah",
    "leopard",
    "horse",
    "cow",
    "bear",
    "squirrel",
    "rabbit",
    "deer",
    "goat",
    "sheep",
    "mouse",
    "pig",
    "monkey",
    "hound",
    "zebra",
)


def facing(rng):
    """A direction of an animal: towards the camera, along the picture or any."""
    return pick(rng, math.pi, math.pi / 2, -math.pi / 2, rng.uniform(0, 6.3)) + rng.normal() * 0.35


def dimmed(rng, scene):
    """The scene with its ambient light scaled at random, and most often without fog."""
    k = rng.uniform(0.6, 1.5)
    scene.above, scene.below = scene.above * k, scene.below * k
    scene.fog *= rng.random() < 0.4
    return scene


def extent_of(size, yaw):
    """The width and height in the picture of an animal that is turned by `yaw`."""
    return abs(math.sin(yaw)) * size[2] + abs(math.cos(yaw)) * size[0], size[1]


def beast_running(rng):
    """An animal that runs over a plain, often with no foot on the ground, the ground smeared by panning."""
    parts, size = beast(rng, pick(rng, *RUNNERS), pick(rng, "run", "run", "gather", "walk"))
    yaw = pick(rng, 1, -1) * math.pi / 2 + rng.normal() * 0.5 if rng.random() < 0.8 else math.pi + rng.normal() * 0.6
    camera, away = framed(rng, extent_of(size, yaw), (0.3, 1.4), (-0.02, 0.3), (0.2, 0.8))
    scene = dimmed(rng, outdoors(rng, camera))
    scene.defocus = 0.4
    land(rng, scene, size[1], away, pick(rng, "smeared", "smeared", "plain", "sand", "lawn"))
    put(scene, parts, turned(yaw), (0, size[1] * rng.uniform(0, 0.2), 0))
    if rng.random() < 0.25:
        others, big = beast(rng, cells=44)
        put(
            scene,
            others,
            turned(facing(rng)),
            (pick(rng, -1, 1) * (size[2] + big[2]) * rng.uniform(0.7, 1.5), 0, rng.uniform(0, 8) * size[1]),
        )
    return scene


def beast_standing(rng):
    """One animal or some on open ground, at any size in the picture."""
    name = pick(rng, *BEASTS)
    parts, size = beast(rng, name)
    yaw = facing(rng)
    camera, away = framed(rng, extent_of(size, yaw), (0.22, 1.5), (-0.05, 0.6), (0.25, 1.1))
    scene = dimmed(rng, outdoors(rng, camera))
    scene.defocus = 0.4
    put(scene, parts, turned(yaw))
    land(rng, scene, size[1], away)
    before(rng, scene, away)
    for _ in range(rng.integers(0, 3)):
        others, big = beast(rng, name if rng.random() < 0.8 else None, cells=44, hair=False)
        far = rng.uniform(0.2, 8) * size[1] + big[2]
        put(
            scene,
            others,
            turned(facing(rng)),
            (pick(rng, -1, 1) * (size[2] + big[2]) * 0.6 + rng.normal() * 0.2 * far, 0, far),
        )
    return scene


def beast_indoors(rng):
    """A pet on a sofa, a blanket or a floor."""
    name = pick(rng, "cat", "cat", "cat", "dog", "dog", "hound", "rabbit", "mouse", "squirrel")
    parts, size = beast(
        rng, name, pick(rng, "lie", "sit", "stand", "side", "eat") if name != "squirrel" else None, cells=84
    )
    yaw, u = facing(rng), max(size[1], size[2] * 0.6)
    camera, away = framed(rng, extent_of(size, yaw), (0.3, 1.5), (0.0, 0.9), (0.35, 1.1), 0.1)
    scene = dimmed(rng, indoors(rng, camera))
    scene.defocus = 0.5
    for _ in range(rng.integers(1, 3)):
        scene.lamp(rng, (rng.normal() * 1.2, size[1] + rng.uniform(0.7, 2), rng.uniform(-1.5, 1)), 3.0)
    (seat if rng.random() < 0.6 else lambda r, s, v: floored(r, s, v, away))(rng, scene, u)
    put(scene, parts, turned(yaw), (0, -0.01 * u, 0))
    return scene


def beast_climbing(rng):
    """An animal on a trunk or on a branch, before leaves."""
    parts, size = beast(rng, pick(rng, *CLIMBERS), pick(rng, "climb", "lie", "upright", "stand"))
    yaw = facing(rng)
    camera, away = framed(rng, extent_of(size, yaw), (0.2, 1.2), (-0.5, 0.4), (0.25, 0.9), middle=size[1] / 2)
    scene = dimmed(rng, outdoors(rng, camera))
    scene.defocus = 0.6
    r = size[0] * rng.uniform(0.3, 0.8)
    branch(
        rng,
        scene,
        max(size[2], size[1]) * rng.uniform(1.5, 3),
        r,
        material(rng, pick(rng, BARK, BARK, (0.5, 0.48, 0.45)), 1 / r),
        aslant=rng.normal() * 0.1,
        at=(0, -r * 0.95, 0),
    )
    put(scene, parts, turned(yaw))
    backed(rng, scene, away)
    before(rng, scene, away)
    return scene


def enlarged(rng, parts, size, low, high):
    """Meshes scaled so that their longest side is between two numbers: small animals as if through a macro lens."""
    k = spread(rng, low, high) / max(size)
    return [Mesh(m.points * k, m.faces, m.material, m.local * k, m.smooth) for m in parts], np.asarray(size) * k


def beast_head(rng):
    """The head of an animal that fills the picture, with its shoulders behind it."""
    name = pick(rng, *HEADS)
    kind = BEASTS[name]
    parts, size, place, frame, unit = beast(
        rng,
        name,
        pick(rng, "stand", "sit" if "sit" in kind.poses else "stand", "lie" if "lie" in kind.poses else "stand"),
        cells=60,
        hair=rng.random() < 0.6,
        close=True,
    )
    k = max(0.16 / (kind.skull * unit), 1.0)
    parts = [Mesh((m.points - place) * k, m.faces, m.material, m.local * k, m.smooth) for m in parts]
    half = kind.skull * unit * k * 1.15
    camera, away = framed(
        rng, (2 * half, 2 * half), (0.4, 1.4), (-0.35, 0.45), (0.25, 0.9), 0.1, middle=rng.normal() * 0.2 * half
    )
    scene = dimmed(rng, lit(rng, camera))
    scene.defocus = 0.6
    look = frame @ np.array([0, 0, 1.0])
    yaw = math.pi - math.atan2(look[0], look[2]) + np.clip(pick(rng, 0.2, 0.6) * rng.normal(), -1.1, 1.1)
    if math.cos(yaw) > -0.1:
        yaw = math.pi + rng.normal() * 0.3
    put(scene, parts, turned(yaw))
    backed(rng, scene, away + (max(size) * k if rng.random() < 0.9 else 0.5 * max(size) * k))
    return scene


def ape_face(rng):
    """The face of an ape, with a long nose and swollen cheeks or flat, in strong colours, hair around it."""
    parts = [m.moved(scale=0.2) for m in ape(rng)]
    camera, away = framed(rng, (0.4, 0.44), (0.45, 1.5), (-0.35, 0.4), (0.25, 0.9), 0.1, middle=-0.02)
    scene = dimmed(rng, lit(rng, camera))
    scene.defocus = 0.6
    put(scene, parts, turned(math.pi + rng.normal() * 0.5, rng.normal() * 0.2, rng.normal() * 0.12))
    backed(rng, scene, away + 0.4)
    return scene


def bird_perched(rng):
    """A bird on a branch, a post, a stone or on the ground."""
    parts, size = enlarged(rng, *bird(rng, pose="stand"), 0.25, 1.0)
    yaw, on = facing(rng), pick(rng, "branch", "branch", "branch", "post", "stone", "ground")
    camera, away = framed(
        rng,
        extent_of(size, yaw),
        (0.2, 1.2),
        (-0.4, 0.4) if on != "ground" else (0.0, 0.6),
        (0.2, 0.8),
        middle=None if on == "ground" else size[1] * 0.5,
    )
    scene = dimmed(rng, outdoors(rng, camera))
    scene.defocus = 0.6
    put(scene, parts, turned(yaw))
    wood = material(rng, pick(rng, BARK, BARK, (0.5, 0.48, 0.45)), 3 / size[1])
    if on == "branch":
        r = size[1] * rng.uniform(0.04, 0.12)
        branch(rng, scene, max(size) * rng.uniform(1, 3), r, wood, sag=0.05, aslant=0.1 * rng.normal(), at=(0, -r, 0))
    elif on == "post":
        r = size[0] * rng.uniform(0.4, 0.8)
        scene.mesh(lathe([(r * 0.95, -4 * size[1]), (r, -0.03), (r * 0.9, 0.0), (0.001, 0.0)], wood))
    elif on == "stone":
        r = size[0] * rng.uniform(1, 2)
        stone = rock(rng, r, material(rng, STONE, 2 / r))
        scene.mesh(
            stone.moved(
                (0, -stone.points[np.hypot(stone.points[:, 0], stone.points[:, 2]) < 0.3 * r, 1].max() - 0.01 * r, 0)
            )
        )
    if on == "ground":
        land(rng, scene, size[1], away, pick(rng, "lawn", "sand", "wood", "smeared", "rocks"))
    else:
        backed(rng, scene, away)
    before(rng, scene, away)
    return scene


def bird_flying(rng):
    """Birds in the air, before the sky, hills or leaves."""
    parts, size = enlarged(rng, *bird(rng, pose="fly"), 0.5, 2.0)
    yaw = rng.uniform(0, 6.3)
    camera, away = framed(
        rng, (max(size[0], size[2]), size[1]), (0.25, 1.4), (-0.9, 0.5), (0.2, 0.8), 0.15, middle=size[1] / 2
    )
    scene = dimmed(rng, outdoors(rng, camera))
    scene.defocus = 0.4
    put(scene, parts, turned(yaw, rng.normal() * 0.25, rng.normal() * 0.4))
    if rng.random() < 0.4:
        backed(rng, scene, away)
    else:
        for _ in range(rng.integers(1, 6)):
            at = camera.turn @ (
                np.array([rng.uniform(-1, 1), rng.uniform(-1, 1), 1])
                * [camera.tangent, camera.tangent, 1]
                * away
                * spread(rng, 1.3, 8)
            )
            put(
                scene,
                parts,
                turned(yaw + rng.normal() * 0.4, rng.normal() * 0.3, rng.normal() * 0.4),
                camera.position + at,
            )
        scene.floor(-away * spread(rng, 0.5, 10), material(rng, pick(rng, GRASS, WATER, STONE), 1 / away))
    return scene


def perch(rng, scene, u, on):
    """What an insect stands on at y = 0: a leaf, a flower, earth, a twig, a stone or a plank."""
    if on == "leaf":
        m, second = (
            material(rng, pick(rng, *GREENS[:5]), 1 / u),
            material(rng, pick(rng, *GREENS, (0.7, 0.75, 0.4)), 1 / u),
        )
        for k in range(rng.integers(1, 5)):
            long = u * rng.uniform(2.5, 5)
            leaf = plate(rng, long, rng.uniform(0.25, 0.5), m, second if rng.random() < 0.7 else None)
            turn = turned(rng.uniform(0, 6.3), *(rng.normal(size=2) * (0.0 if k == 0 else 0.4)))
            at = (
                np.array([0, -0.012 * u, 0])
                if k == 0
                else np.array([rng.normal(), -rng.uniform(0.4, 2), rng.normal()]) * u
            )
            put(scene, leaf, turn, at)
    elif on == "flower":
        head = flower(rng, pick(rng, "dahlia", "daisy", "aster", "sunflower"))
        wide = u * rng.uniform(0.7, 2)
        top = max(m.points[np.hypot(m.points[:, 0], m.points[:, 2]) < 0.45, 1].max(initial=0) for m in head)
        put(scene, [m.moved(scale=wide) for m in head], None, (0, -top * wide * 0.97, 0))
        scene.mesh(
            sweep(
                np.linspace((0, -top * wide, 0), (rng.normal() * u, -8 * u, rng.normal() * u), 6),
                0.06 * wide,
                material(rng, LEAF),
            )
        )
    elif on == "twig":
        r = u * rng.uniform(0.08, 0.3)
        branch(rng, scene, 3 * u, r, material(rng, pick(rng, BARK, LEAF), 2 / u), sag=0.0, aslant=0.0, at=(0, -r, 0))
    else:
        m = (
            printed(rng, u)
            if rng.random() < 0.2
            else material(rng, pick(rng, SAND, STONE, WOOD, (0.25, 0.18, 0.12), None), spread(rng, 0.5, 3) / u)
        )
        bumpy(rng, scene, m, 14 * u, 0.0 if on == "plank" else 0.5 * u, 0.0 if on == "plank" else 0.01 * u, u)
        for _ in range(rng.integers(0, 9) if on == "earth" else 0):
            r, a, far = u * rng.uniform(0.05, 0.5), rng.uniform(0, 6.3), u * rng.uniform(0.9, 4)
            scene.mesh(rock(rng, r, material(rng, STONE, 1 / r)).moved((far * math.cos(a), 0, far * math.sin(a))))


def plate(rng, long, wide, m, second):
    """A nearly flat leaf with its middle at the origin."""
    v, u = np.meshgrid(np.linspace(0, 1, 40), np.linspace(-1, 1, 25), indexing="ij")
    w = wide * np.sin(np.pi * np.clip(v * 0.98 + 0.01, 0, 1)) ** rng.uniform(0.6, 1.0) * long
    away = np.hypot(u * w, (v - 0.5) * long) / long
    y = -rng.uniform(0, 0.5) * long * away**2 + 0.004 * long * np.sin(v * 40 + np.abs(u) * 3) * (away > 0.1)
    mesh = sheet(np.stack([u * w, y, (v - 0.5) * long], -1), m)
    if second is None:
        return [mesh]
    side, slant = np.abs(u).ravel(), (v * 40 - np.abs(u) * 5).ravel()
    layer = pick(rng, 0.12 - np.abs(np.sin(slant / 2)), np.sin(slant) - 0.2, side - 0.8)
    return split(mesh, scores_of([np.ones(len(side)), np.maximum(layer, 0.05 - side)]), [m, second])


def butterfly_close(rng):
    """A butterfly on a leaf, a flower, the ground or in the air, seen from above or from the side."""
    folded, on = rng.random() < 0.25, pick(rng, "leaf", "leaf", "leaf", "flower", "flower", "earth", "plank", "twig")
    parts, size = enlarged(rng, *butterfly(rng, folded), 0.15, 0.4)
    u = max(size[0], size[2])
    lift = (0.0, 0.7) if folded else (0.2, 1.5)
    camera, away = framed(
        rng,
        (u, u * math.sin(lift[1]) if not folded else size[1]),
        (0.2, 1.1),
        lift,
        (0.25, 0.9),
        0.4,
        middle=size[1] / 2,
    )
    scene = dimmed(rng, outdoors(rng, camera) if rng.random() < 0.8 else lit(rng, camera))
    scene.defocus = 0.6
    yaw = rng.uniform(0, 6.3) if not folded else pick(rng, 1, -1) * math.pi / 2 + rng.normal() * 0.5
    put(scene, parts, turned(yaw))
    perch(rng, scene, u, on)
    if on in ("leaf", "flower", "twig"):
        backed(rng, scene, away + 2 * u)
    return scene


def small_close(rng):
    """An insect, a snail, a frog, a tortoise or a lizard close by."""
    parts, size = pick(rng, insect, insect, snail, squat)(rng)
    parts, size = enlarged(rng, parts, size, 0.15, 0.4)
    u, yaw, on = max(size), facing(rng), pick(rng, "leaf", "leaf", "earth", "earth", "plank", "flower", "twig")
    camera, away = framed(rng, extent_of(size, yaw), (0.35, 1.3), (0.05, 1.1), (0.25, 0.9), 0.2, middle=size[1] / 2)
    scene = dimmed(rng, lit(rng, camera, 0.85))
    scene.defocus = 0.6
    put(scene, parts, turned(yaw))
    perch(rng, scene, u, on)
    if on in ("leaf", "flower", "twig"):
        backed(rng, scene, away + 2 * u)
    elif rng.random() < 0.4:
        grass(rng, scene, clear(around(rng, 300, 5 * u, 1.2 * u), camera, 0.45 * away), u * rng.uniform(0.5, 2))
    return scene


def fish_under(rng):
    """Fish in hazy water, before corals, stones and sand."""
    parts, size = enlarged(rng, *fish(rng), 0.2, 0.6)
    yaw = pick(rng, 1, -1) * math.pi / 2 + rng.normal() * 0.6
    camera, away = framed(rng, extent_of(size, yaw), (0.15, 1.2), (-0.3, 0.5), (0.3, 1.0), 0.15, middle=size[1] / 2)
    scene = dimmed(rng, lit(rng, camera, 1.0))
    tone = np.array(
        pick(rng, (0.05, 0.2, 0.35), (0.1, 0.35, 0.4), (0.01, 0.03, 0.06), (0.15, 0.25, 0.15))
    ) * rng.uniform(0.6, 1.6)
    scene.fog, scene.fog_colour, scene.horizon, scene.zenith, scene.clouds = (
        away * spread(rng, 2, 12),
        tone,
        tone,
        tone * 1.2,
        (),
    )
    scene.defocus, u = 0.4, max(size)
    put(scene, parts, turned(yaw, rng.normal() * 0.2))
    for _ in range(rng.integers(0, 14)):
        others, big = (parts, size) if rng.random() < 0.7 else enlarged(rng, *fish(rng), 0.15, 0.5)
        at = (
            np.array([rng.uniform(-1, 1), rng.uniform(-0.7, 0.7), 1])
            * [camera.tangent, camera.tangent, 1]
            * (away + u)
            * spread(rng, 1.1, 4)
        )
        put(scene, others, turned(yaw + rng.normal() * 0.3, rng.normal() * 0.2), camera.position + camera.turn @ at)
    if rng.random() < 0.75:
        low = -u * rng.uniform(0.6, 3)
        bed = material(rng, pick(rng, SAND, STONE, (0.3, 0.25, 0.2)), 1 / u)
        scene.floor(low, bed)
        for _ in range(rng.integers(2, 12)):
            r = u * rng.uniform(0.3, 1.5)
            at = np.array([rng.uniform(-1, 1) * 4 * u, low, r + u * rng.uniform(0.4, 6)])
            m = material(rng, pick(rng, STONE, (0.6, 0.25, 0.3), (0.7, 0.5, 0.2), (0.3, 0.2, 0.4), None), 1 / r)
            if rng.random() < 0.5:
                scene.mesh(rock(rng, r, m).moved(at))
            for _ in range(int(rng.integers(4, 14)) if rng.random() < 0.6 else 0):
                tip = at + rng.normal(size=3) * [0.6, 0.3, 0.6] * r + [0, r * rng.uniform(0.8, 1.6), 0]
                scene.mesh(
                    sweep(
                        smoothed_path([at, (at + tip) / 2 + rng.normal(size=3) * 0.15 * r, tip], 9),
                        r * np.linspace(0.1, 0.05, 9),
                        m,
                        8,
                    )
                )
    return scene


KINDS = {
    "beast_running": (beast_running, 9),
    "beast_standing": (beast_standing, 8),
    "beast_indoors": (beast_indoors, 8),
    "beast_climbing": (beast_climbing, 5),
    "beast_head": (beast_head, 11),
    "ape_face": (ape_face, 5),
    "bird_perched": (bird_perched, 8),
    "bird_flying": (bird_flying, 4),
    "butterfly_close": (butterfly_close, 9),
    "small_close": (small_close, 5),
    "fish_under": (fish_under, 3),
}
