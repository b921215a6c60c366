"""More kinds of scenes of people: at tables, in groups, from above, over a shoulder, lying, on stage, with rackets."""

import math

import numpy as np

from meshed.flesh import capsule, ellipsoid, fused
from meshed.mesh import ball, lathe, sweep
from meshed.people.backdrops import bushy, folds, leafy, stage, wall
from meshed.people.folk import FACING, passer, put, someone
from meshed.people.heads import plain
from meshed.people.poses import unit
from near import aimed, printed
from scenes import lay_ground
from world import DARK, METAL, WHITE, WOOD, camera, indoors, material, outdoors, pick, spread, turned


def set_table(rng, scene, x, z, half, top):
    """A table with a cloth perhaps, and cups, plates, bottles, bowls and books on it."""
    m = material(rng, pick(rng, WOOD, WHITE, DARK, None)) if rng.random() < 0.6 else printed(rng, 0.3)
    scene.box((x, top - 0.02, z), (half[0], 0.02, half[1]), m)
    for sx in (-0.9, 0.9):
        for sz in (-0.85, 0.85):
            scene.box((x + sx * half[0], top / 2, z + sz * half[1]), (0.03, top / 2, 0.03), m)
    taken = []
    for _ in range(rng.integers(3, 12)):
        px, pz, r = rng.uniform(-0.85, 0.85) * half[0], rng.uniform(-0.8, 0.8) * half[1], rng.uniform(0.03, 0.06)
        k = rng.random()
        r = r * 2 if k < 0.3 else r
        if any(math.hypot(px - a, pz - b) < r + c for a, b, c in taken):
            continue
        taken.append((px, pz, r))
        if k < 0.3:
            profile = [(1e-3, 0.004), (r * 0.6, 0.004), (r, 0.025), (r * 1.02, 0.028), (r * 0.55, 0.01), (1e-3, 0.01)]
        elif k < 0.6:
            profile = [(1e-3, 0), (r * 0.8, 0), (r, r * 2.2), (r * 0.92, r * 2.2), (r * 0.8, r * 1.6), (1e-3, r * 1.6)]
        elif k < 0.8:
            profile = [(1e-3, 0), (r, 0), (r, r * 3.5), (r * 0.35, r * 4.8), (r * 0.35, r * 6), (1e-3, r * 6)]
        else:
            scene.box((x + px, top + r * 0.4, z + pz), (r * 0.7, r * 0.4, r), material(rng), turned(rng.uniform(0, 6)))
            continue
        scene.mesh(lathe(profile, material(rng), 20).moved((x + px, top, z + pz)))


def table_people(rng):
    """People who sit around a table with things on it."""
    away = spread(rng, 1.3, 3.0)
    half, top = (rng.uniform(0.5, 1.2), rng.uniform(0.3, 0.5)), rng.uniform(0.7, 0.77)
    shot = aimed(rng, rng.uniform(1.0, 2.1), rng.uniform(0.75, 1.05), away, rng.uniform(0.6, 1.2))
    scene = stage(rng, shot, away + 1.2, pick(rng, "room", "room", "room", "wall", "greenery", "cloth"))
    set_table(rng, scene, 0, away, half, top)
    places = [(x, half[1] + 0.28, FACING) for x in np.arange(-half[0] + 0.3, half[0], rng.uniform(0.6, 0.8))]
    places += [(-half[0] - 0.3, 0, math.pi / 2), (half[0] + 0.3, 0, -math.pi / 2)]
    for x, z, yaw in places:
        if rng.random() < 0.25:
            continue
        yaw += rng.normal() * 0.15
        front = rng.uniform(0.32, 0.4)
        hands = [("at", np.array([s * rng.uniform(0.08, 0.25), top + 0.05, front])) for s in (-1, 1)]
        arms = [h if rng.random() < 0.7 else pick(rng, "chin", "gesture", "ear") for h in hands]
        body, pose = someone(
            rng, "sit", pick(rng, "casual", "casual", "suit", "uniform", "dress"), None, 0.6, arms=arms
        )
        put(scene, body, (x, 0, away + z), yaw)
        stool = max(pose.seat - 0.02, 0.2)
        scene.box(
            (x, stool / 2, away + z + 0.0),
            (0.19, stool / 2, 0.19),
            material(rng, pick(rng, WOOD, METAL, DARK, None)),
            turned(yaw),
        )
    return scene


def group_photo(rng):
    """People side by side in one or two rows, who look at the camera."""
    count, rows = int(rng.integers(3, 7)), 1 if rng.random() < 0.5 else 2
    gap = rng.uniform(0.42, 0.65)
    away = max(count * gap * rng.uniform(0.7, 1.3), 1.3)
    span = count * gap * rng.uniform(0.7, 1.2)
    low = max(1.75 - span * rng.uniform(0.6, 0.9), -0.2)
    view = float(np.clip(2 * math.atan(span / 2 / away), 0.4, 1.3))
    shot = aimed(rng, rng.uniform(1.1, 1.7), (low + 1.85) / 2, away, view)
    scene = stage(rng, shot, away + rows * 0.6)
    same = pick(rng, None, None, "suit", "sport", "uniform")
    for row in range(rows):
        for k in range(count):
            x = (k - (count - 1) / 2 + 0.5 * row) * gap + rng.normal() * 0.04
            stance = pick(rng, "kneel", "crouch") if rows == 2 and row == 0 else pick(rng, "stand", "ease")
            arms = None if row else (pick(rng, "hang", "lap", "behind"),) * 2
            body, _ = someone(
                rng,
                stance,
                same,
                None if rng.random() < 0.85 else rng.uniform(1.0, 1.4),
                0.48,
                low < 1.0,
                arms,
                look=rng.normal(0, (0.2, 0.1, 0.08)),
            )
            put(scene, body, (x, 0, away + row * 0.75 + rng.normal() * 0.04), FACING + rng.normal() * 0.2)
    return scene


def from_above(rng):
    """People on the ground, seen from a window or a roof."""
    eye, pitch = spread(rng, 2.6, 12), -rng.uniform(0.45, 1.45)
    away = eye / math.tan(-pitch)
    shot = camera(rng, eye, pitch, rng.uniform(0.4, 1.0), roll=0.2, z=-away)
    scene = outdoors(rng, shot)
    lay_ground(rng, scene)
    reach = math.hypot(eye, away) * math.tan(shot.view / 2)
    if rng.random() < 0.5:
        scene.box(
            (rng.normal() * reach, 0.005, 0),
            (reach * rng.uniform(0.2, 0.8), 0.005, 60),
            material(rng),
            turned(rng.uniform(0, 6)),
        )
    taken = []
    for _ in range(rng.integers(2, 13)):
        x, z = rng.uniform(-0.9, 0.9, 2) * reach
        if any(math.hypot(x - a, z - b) < 0.7 for a, b in taken):
            continue
        taken.append((x, z))
        if reach < 2.5:
            body, _ = someone(rng, pick(rng, "walk", "stand", "ease", "run", "crouch"), None, None, 0.65)
        else:
            body, _ = passer(rng, pick(rng, "walk", "walk", "stand", "run", "bend"), cells=56)
        put(scene, body, (x, 0, z), rng.uniform(0, 6.3))
    for _ in range(rng.integers(0, 4)):
        x, z, r = *(rng.uniform(-1.1, 1.1, 2) * reach), rng.uniform(0.3, 0.9)
        if all(math.hypot(x - a, z - b) > r + 0.5 for a, b in taken):
            bushy(rng, scene, (x, r, z), (r, r, r), leafy(rng), rng.uniform(0.04, 0.1))
    return scene


def over_shoulder(rng):
    """Somebody's back, head or shoulder close to the camera, and others behind."""
    away, tall = spread(rng, 0.6, 1.3), rng.uniform(1.6, 1.9)
    far = away + spread(rng, 0.8, 4)
    shot = aimed(rng, tall - rng.uniform(-0.1, 0.25), rng.uniform(1.2, 1.55), far, rng.uniform(0.5, 1.0))
    scene = stage(rng, shot, far + 0.4)
    scene.defocus = 0.5
    side, reach = pick(rng, -1, 1), away * math.tan(shot.view / 2)
    body, _ = someone(rng, "stand", None, tall, 0.9, True, close=True)
    put(
        scene,
        body,
        (side * reach * rng.uniform(0.55, 1.1) + away * shot.turn[0, 2], 0, away),
        rng.normal() * 0.5 + pick(rng, 0, 0, -0.6 * side),
    )
    for k in range(rng.integers(1, 3)):
        body, _ = someone(rng, pick(rng, "stand", "ease", "walk"), None, None, 0.7)
        x = -side * rng.uniform(-0.1, 0.5) * far * math.tan(shot.view / 2) - side * 0.6 * k + far * shot.turn[0, 2]
        put(scene, body, (x, 0, far + 0.5 * k), FACING + side * 0.3 + rng.normal() * 0.3)
    return scene


def lying(rng):
    """Somebody who lies or sits on sand, grass, a towel or a bed."""
    away, eye = spread(rng, 1.2, 4), rng.uniform(0.5, 2.2)
    shot = aimed(rng, eye, 0.15, away, rng.uniform(0.5, 1.1))
    scene = stage(rng, shot, away + 1.4, pick(rng, "greenery", "sky", "street", "room", "cloth"))
    high = rng.uniform(0.3, 0.5) if rng.random() < 0.3 else 0.02
    yaw = rng.uniform(0, 6.3)
    arms = (pick(rng, "hang", "hips", "up", "wide"), pick(rng, "hang", "hang2", "up", "wide"))
    kind = pick(rng, "casual", "sport", "suit", "sport")
    if rng.random() < 0.35:
        body, pose = someone(rng, "floor", kind, None, 0.85)
        put(scene, body, (rng.normal() * 0.2 * away, 0, away), yaw)
        return scene
    body, pose = someone(rng, pick(rng, "stand", "ease"), kind, None, 0.85, arms=arms)
    back = rng.random() < 0.7
    turn = turned(yaw) @ turned(0, -math.pi / 2 if back else math.pi / 2)
    points = np.concatenate([m.points for m in body])
    thick = -np.quantile(points[:, 2], 0.02) if back else np.quantile(points[:, 2], 0.98)
    middle = turn @ np.array([0, pose.tall / 2, 0])
    at = np.array([rng.normal() * 0.2 * away - middle[0], high + thick, away - middle[2]])
    for m in body:
        scene.mesh(m.moved(at, turn))
    cloth = printed(rng, 0.5) if rng.random() < 0.6 else material(rng)
    scene.box((at[0] + middle[0], high / 2, at[2] + middle[2]), (0.5, high / 2, 1.05), cloth, turned(yaw))
    return scene


def guitar(rng):
    """A guitar around the origin, its neck towards +x, its front towards +z."""
    m = plain(
        rng,
        pick(rng, (0.5, 0.25, 0.08), (0.6, 0.05, 0.04), (0.02, 0.02, 0.02), (0.8, 0.75, 0.6), rng.uniform(0, 0.8, 3)),
        gloss=0.5,
    )
    rows = [
        ellipsoid((-0.12, 0, 0), (0.16, 0.18, 0.045), blend=0.05),
        ellipsoid((0.08, 0, 0), (0.12, 0.135, 0.045), blend=0.05),
    ]
    dark = plain(rng, DARK)
    neck = sweep([(0.05, 0, 0.04), (0.62, 0, 0.03)], 0.025, dark, 8, 0.6)
    top = sweep([(0.62, 0, 0.03), (0.78, 0, 0.02)], 0.04, m, 8, 0.4)
    return [
        fused(rows, 40, material=m),
        neck,
        top,
        ball(dark, 8, 14).moved((0.03, 0, 0.035), None, (0.045, 0.045, 0.015)),
    ]


def performer(rng):
    """A singer or a player on a stage: dark behind, lamps on them, a microphone on its stand."""
    away, tall = spread(rng, 1.2, 4), rng.uniform(1.55, 1.9)
    span = rng.uniform(0.8, 2.2)
    low = max(tall + 0.2 - span, -0.1)
    view = float(np.clip(2 * math.atan(span / 2 / away), 0.3, 1.3))
    shot = aimed(rng, (low + tall) / 2 + rng.normal() * 0.3, (low + tall + 0.2) / 2, away, view)
    scene = indoors(rng, shot)
    scene.above, scene.below = scene.above * rng.uniform(0.05, 0.5), scene.below * rng.uniform(0.05, 0.5)
    for _ in range(rng.integers(2, 4)):
        scene.lamp(rng, (rng.uniform(-2, 2), rng.uniform(2, 3.5), away + rng.uniform(-1.5, 1)), rng.uniform(2, 4))
        scene.lights[-1][4:7] = np.array([*(rng.uniform(0.2, 1, 3) * rng.uniform(0.6, 1.6))])
    scene.horizon, scene.zenith = np.full(3, rng.uniform(0, 0.03)), np.full(3, rng.uniform(0, 0.02))
    lay_ground(rng, scene, plain(rng, pick(rng, DARK, WOOD, (0.3, 0.3, 0.3)), 0.3))
    if rng.random() < 0.6:
        folds(
            rng,
            scene,
            away + spread(rng, 0.7, 4),
            8 + away,
            plain(rng, pick(rng, (0.02, 0.02, 0.02), (0.02, 0.02, 0.02), (0.25, 0.02, 0.02), (0.02, 0.03, 0.12))),
            tall=7,
        )
    elif rng.random() < 0.4:
        wall(rng, scene, away + spread(rng, 0.8, 5))
    x, yaw = rng.normal() * 0.2 * away * math.tan(view / 2), FACING + rng.normal() * 0.7
    play, turn = rng.random() < 0.5, turned(yaw)
    s = tall / 1.75
    arms = (("at", np.array([-0.1, 1.05, 0.25]) * s), ("at", np.array([0.42, 1.2, 0.28]) * s)) if play else None
    body, pose = someone(
        rng, pick(rng, "stand", "ease"), pick(rng, "casual", "suit", "dress", "sport"), tall, 0.9, arms=arms, twist=0.0
    )
    at = np.array([x, 0, away])
    put(scene, body, at, yaw)
    if play:
        for m in guitar(rng):
            scene.mesh(m.moved(at + turn @ np.array([-0.12, 1.02, 0.24]) * s, turn @ turned(-0.1, -0.1, 0.35), s))
    mouth = pose.at["skull"] + pose.head @ np.array([0, -0.07, 0.13]) + np.array([0, -0.02, 0.03])
    foot = np.array([mouth[0] + 0.1, 0, mouth[2] + rng.uniform(0.2, 0.5)])
    metal = plain(rng, pick(rng, METAL, DARK), gloss=0.5)
    rod = [foot, foot + [0, mouth[1] * 0.85, 0], mouth]
    if rng.random() < 0.75:
        put(
            scene,
            [
                sweep(rod, 0.011, metal, 8),
                ball(plain(rng, DARK), 9, 12, 0.035).moved(mouth),
                lathe([(1e-3, 0), (0.15, 0), (0.14, 0.02), (1e-3, 0.03)], metal).moved(foot),
            ],
            at,
            yaw,
        )
    return scene


def faces(rng):
    """Several faces close together, which fill the frame or look out of it."""
    away, count = spread(rng, 0.6, 1.2), int(rng.integers(2, 5))
    view = rng.uniform(0.5, 1.0)
    shot = aimed(rng, rng.uniform(1.45, 1.7), 1.58, away, view, 0.12)
    scene = stage(rng, shot, away + 0.7)
    scene.defocus = 0.4
    reach = away * math.tan(view / 2)
    for k in range(count):
        z = away + 0.22 * k + rng.uniform(-0.05, 0.1)
        x = ((k + 0.5) / count * 2 - 1) * reach * 0.8 + rng.normal() * 0.03 + z * shot.turn[0, 2]
        body, pose = someone(
            rng,
            pick(rng, "stand", "ease"),
            None,
            None,
            0.85,
            False,
            ("hang", "hang"),
            look=rng.normal(0, (0.3, 0.12, 0.15)),
            hat=pick(rng, None, None, None, None, "cap", "beanie", "scarf", "brim"),
            close=True,
        )
        drop = 1.58 + rng.normal() * 0.1 - pose.at["skull"][1]
        put(scene, body, (x, drop, z), FACING + rng.normal() * 0.4)
    return scene


def swung(rng):
    """Somebody with a racket, a bat, a club or a tool, on a court, a field or in a yard."""
    away = spread(rng, 1.8, 5)
    span = rng.uniform(1.3, 2.8)
    low = rng.uniform(-0.3, 0.2)
    view = float(np.clip(2 * math.atan(span / 2 / away), 0.3, 1.2))
    shot = aimed(rng, rng.uniform(0.5, 1.9), low + span / 2, away, view)
    scene = stage(rng, shot, away + 0.5, pick(rng, "crowd", "crowd", "greenery", "wall", "street", "sky"))
    arms = (pick(rng, "wide", "side", "up", "ahead", "across"), pick(rng, "balance", "wide", "runfront", "hang"))
    body, pose = someone(
        rng,
        pick(rng, "lunge", "wide", "run", "ease", "jump", "bend"),
        pick(rng, "sport", "sport", "casual"),
        None,
        0.9,
        arms=arms,
    )
    hand = pose.at["hand0"] + unit(pose.at["hand0"] - pose.at["elbow0"]) * 0.07
    way = unit(unit(pose.at["hand0"] - pose.at["elbow0"]) + rng.normal(0, 0.6, 3))
    m, k = plain(rng, rng.uniform(0.02, 0.9, 3), gloss=0.3), rng.random()
    if k < 0.5:
        across = unit(np.cross(way, rng.normal(size=3)))
        t = np.linspace(0, 2 * math.pi, 26)[:, None]
        middle = hand + way * 0.46
        body += [sweep([hand - way * 0.1, hand + way * 0.3], 0.015, m, 8)]
        body += [sweep(middle + 0.16 * np.cos(t) * way + 0.125 * np.sin(t) * across, 0.012, m, 8)]
        for c in np.linspace(-0.8, 0.8, 7):
            h = math.sqrt(1 - c * c)
            body += [
                sweep(
                    [middle + 0.16 * c * way - 0.125 * h * across, middle + 0.16 * c * way + 0.125 * h * across],
                    0.002,
                    m,
                    4,
                )
            ]
            body += [
                sweep(
                    [middle + 0.125 * c * across - 0.16 * h * way, middle + 0.125 * c * across + 0.16 * h * way],
                    0.002,
                    m,
                    4,
                )
            ]
    elif k < 0.75:
        body += [sweep([hand - way * 0.1, hand + way * 0.2, hand + way * 0.75], (0.015, 0.016, 0.034), m, 12)]
    else:
        end = hand + way * rng.uniform(0.6, 1.1)
        body += [
            sweep([hand - way * 0.2, end], 0.014, m, 8),
            fused(
                [capsule(end, end + unit(np.cross(way, [0, 1, 0.2])) * 0.16, 0.03, 0.02)],
                20,
                material=plain(rng, METAL, gloss=0.5),
            ),
        ]
    put(
        scene,
        body,
        (rng.normal() * 0.2 * away * math.tan(view / 2) + away * shot.turn[0, 2], 0, away),
        rng.uniform(0, 6.3),
    )
    if rng.random() < 0.5:
        scene.mesh(
            ball(plain(rng, rng.uniform(0.3, 0.95, 3)), 12, 18, rng.uniform(0.035, 0.12)).moved(
                (rng.normal() * 0.3 * away, rng.uniform(0.3, 2), away + rng.normal() * 0.3)
            )
        )
    return scene


KINDS = {
    "table_people": (table_people, 6),
    "group_photo": (group_photo, 5),
    "from_above": (from_above, 4),
    "over_shoulder": (over_shoulder, 6),
    "lying": (lying, 3),
    "performer": (performer, 6),
    "faces": (faces, 5),
    "swung": (swung, 5),
}
