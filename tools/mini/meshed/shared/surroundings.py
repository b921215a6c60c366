"""What stands around animals and flowers: lawns, plains, greenery out of focus, sofas and blankets, frames, light."""

import math

import numpy as np

from loud import loudened
from meshed.flesh import wobble
from meshed.mesh import Mesh, ball, box, sheet, smoothed_path, sweep
from meshed.shared.growth import GREENS, bumpy, foliage, grass, leaf_shape, rock, scattered, turns_of
from world import BARK, DARK, GRASS, SAND, SNOW, STONE, WOOD, Camera, indoors, material, outdoors, pick, spread, turned


def framed(rng, extent, fill=(0.2, 1.2), lift=(-0.05, 0.5), view=(0.25, 1.0), roll=0.05, middle=None):
    """A camera that sees what stands at the origin, as wide and high as `extent`, so that it fills a share of the
    picture; also how far away it is."""
    angle, wide, tall = rng.uniform(*view), extent[0], extent[1]
    share, up = spread(rng, *fill), rng.uniform(*lift)
    away = max(max(wide, tall) / (2 * share * math.tan(angle / 2)), 0.15) + wide * 0.5
    reach = away * math.tan(angle / 2)
    loose = max(1 - share * 0.7, 0.2) * 0.5
    target = np.array(
        [rng.uniform(-1, 1) * reach * loose, tall * 0.5 + rng.uniform(-1, 0.8) * reach * loose * 0.7, 0.0]
    )
    if middle is not None:
        target[1] += middle - tall * 0.5
    place = target + away * np.array([0, math.sin(up), -math.cos(up)])
    if middle is None:
        place[1] = max(place[1], 0.12 * tall + 0.03 * away)
    yaw = rng.normal() * 0.02
    pitch = math.atan2(place[1] - target[1], -place[2])
    return Camera(place, turned(yaw, pitch, rng.normal() * roll), angle), away


def around(rng, count, r, keep=0.0):
    """Places on the ground within r of the origin, more of them near it, none nearer than `keep`."""
    a, far = rng.uniform(0, 6.3, count), keep + (r - keep) * rng.random(count) ** 0.8
    return np.stack([far * np.cos(a), np.zeros(count), far * np.sin(a)], 1)


def clear(places, camera, least):
    """The places that are not closer than that to the camera."""
    return places[np.linalg.norm(places - camera.position, axis=1) > least]


def ahead(rng, count, camera, near, far):
    """Places on the ground before the camera, spread evenly over the picture's height."""
    z = 1 / rng.uniform(1 / far, 1 / near, count)
    x = rng.uniform(-1.2, 1.2, count) * camera.tangent * z
    return np.stack([camera.position[0] + x, np.zeros(count), camera.position[2] + z], 1)


def smeared(scene, m, y, reach, stretch):
    """A plane whose pattern is drawn out along x, as panning does."""
    u = np.linspace(-1, 1, 9) * reach
    x, z = np.meshgrid(u, u)
    made = sheet(np.stack([x, np.full_like(x, y), z], -1), m)
    made.local = made.local * np.array([1 / stretch, 1, 1], np.float32)
    scene.mesh(made)


def bokeh(rng, scene, away, camera, count=40):
    """Bright and dark balls far behind, which a lens blurs into discs."""
    made = ball(None, 7, 10)
    for _ in range(rng.integers(2, 5)):
        m = material(rng, pick(rng, *GREENS, (0.9, 0.85, 0.6), (0.9, 0.5, 0.2), (0.6, 0.7, 0.9)), amount=0.1)
        m.glow, m.mottle = rng.uniform(0.3, 1.5) * (rng.random() < 0.8), 0.0
        n = max(count // 3, 3)
        far = away * spread(rng, 2, 8)
        wide = far * camera.tangent * 1.3
        places = camera.position + (
            np.stack([rng.uniform(-wide, wide, n), rng.uniform(-wide, wide, n), far * rng.uniform(0.9, 1.5, n)], 1)
            @ camera.turn.T
        )
        scene.mesh(scattered(rng, made.points, made.faces, places, wide * rng.uniform(0.02, 0.1, n), m))


def greenery(rng, scene, away, camera, ground=False):
    """A wall of leaves, bushes or trunks behind, at some distance, across the view or on the ground."""
    far = away * spread(rng, 1.6, 6)
    wide = far * camera.tangent * 1.5
    k = rng.random()
    centre = camera.position + camera.turn @ np.array([0, 0, far])
    if ground:
        wide = far * max(camera.tangent, 0.3) * 1.5
        centre = np.array([camera.position[0], wide * rng.uniform(0.2, 0.9), camera.position[2] + far])
    if k < 0.35:
        for _ in range(rng.integers(8, 30)):
            r = wide * rng.uniform(0.1, 0.45)
            m = material(rng, pick(rng, *GREENS), spread(rng, 0.3, 4) / r, 1.0)
            m.hole = rng.uniform(0, 0.4)
            at = centre + camera.turn @ np.array(
                [rng.uniform(-wide, wide), rng.uniform(-wide, wide), rng.uniform(0.3, 1) * far]
            )
            scene.ball(at, r * rng.uniform(0.6, 1.2, 3), m)
    if k > 0.2:
        low = centre + [-wide, -wide, 0.2 * far]
        size = spread(rng, 0.05, 0.3)
        foliage(
            rng,
            scene,
            low,
            low + [2 * wide, 2 * wide, 0.4 * far],
            int(np.clip(14 / size**1.5, 250, 1600)),
            wide * size,
            kinds=4,
        )
        if rng.random() < 0.5:
            scene.mesh(
                box(material(rng, pick(rng, *GREENS), 6 / wide, 1.0), (2.5 * wide, 2 * wide, 0.01 * far)).moved(
                    centre + [0, 0, 0.65 * far]
                )
            )
    if k > 0.8:
        for _ in range(rng.integers(1, 7)):
            x, r = rng.uniform(-wide, wide), wide * rng.uniform(0.03, 0.1)
            at = centre + [x, 0, far * rng.uniform(0, 0.5)]
            bark = material(rng, pick(rng, BARK, DARK, (0.5, 0.48, 0.45)), 1 / r)
            scene.mesh(sweep(np.linspace(at - [0, 2 * wide, 0], at + [rng.normal() * r, 2 * wide, 0], 4), r, bark))


def cloth(rng, size, m, rows=70, fold=0.03):
    """A blanket around the origin with folds away from the middle, below y = 0 there."""
    u = np.linspace(-1, 1, rows) * size
    x, z = np.meshgrid(u, u)
    p = np.stack([x.ravel(), np.zeros(x.size), z.ravel()], 1)
    y = wobble(rng, p, size * 0.5) * fold * size + np.abs(wobble(rng, p, size * 0.3)) * fold * size * 0.7
    y *= np.clip(np.hypot(p[:, 0], p[:, 2]) / (0.5 * size), 0.1, 1)
    made = sheet(np.stack([x, y.reshape(x.shape), z], -1), m)
    made.local[:, 1] = 0
    return made


def cushion(rng, half, m):
    """A pillow with corners."""
    raw = ball(m, 18, 28)
    p = raw.points
    k = np.abs(p[:, [0, 1]]).max(1, keepdims=True) + 1e-6
    flat = p[:, :2] / np.maximum(np.linalg.norm(p[:, :2], axis=1, keepdims=True), 1e-6)
    square = flat / np.abs(flat).max(1, keepdims=True) * np.linalg.norm(p[:, :2], axis=1, keepdims=True)
    points = np.column_stack([square * (0.75 + 0.25 * k), p[:, 2] * (1.1 - 0.5 * np.abs(square).max(1) ** 2)])
    return Mesh(points * half, raw.faces, m, points * half)


def seat(rng, scene, u):
    """A sofa, a bed or a chair under the origin, with cushions and a wall behind; u is how big the subject is."""
    m = loudened(rng, material(rng), spread(rng, 1, 12)) if rng.random() < 0.4 else material(rng)
    wide, deep = max(0.9, 2 * u), max(0.45, 0.9 * u)
    top = cloth(rng, max(wide, deep), m, fold=rng.uniform(0, 0.04)).moved((0, -0.005 * u, 0), scale=(1, 1, deep / wide))
    scene.mesh(top)
    scene.mesh(box(m, (wide, 0.25, deep)).moved((0, -0.29 - 0.02 * u, 0)))
    back = material(rng) if rng.random() < 0.5 else m
    if rng.random() < 0.7:
        tall = rng.uniform(0.15, 0.5) * (1 + u)
        scene.mesh(cushion(rng, (wide, tall, 0.14), back).moved((0, tall * 0.8, deep + 0.1), turned(0, 0.15)))
    for _ in range(rng.integers(0, 4)):
        r = rng.uniform(0.12, 0.3) * (0.6 + u)
        c = loudened(rng, material(rng), spread(rng, 2, 15)) if rng.random() < 0.5 else material(rng)
        at = (rng.uniform(-1, 1) * wide, r * 0.8, deep * 0.85)
        if abs(at[0]) > 0.3 * u or r < u:
            scene.mesh(cushion(rng, (r, r, r * 0.4), c).moved(at, turned(rng.normal() * 0.4, 0.3)))
    scene.box((0, 0.5, deep + rng.uniform(0.4, 3)), (9, 5, 0.05), material(rng))
    scene.floor(-0.6, material(rng, pick(rng, WOOD, None)))


def floored(rng, scene, u, away):
    """A room's floor, a rug, walls and furniture behind."""
    scene.floor(-0.002, material(rng, pick(rng, WOOD, STONE, None)), turned(rng.uniform(0, 6)))
    back = max(u * 1.5, 0.5) + rng.uniform(0, 3)
    scene.box((0, 1, back), (9, 4, 0.05), material(rng))
    if rng.random() < 0.5:
        m = loudened(rng, material(rng), spread(rng, 1, 8))
        scene.mesh(
            box(m, (max(u, 0.7) * rng.uniform(0.6, 1.5), 0.004, max(u, 0.5))).moved(
                (0, -0.004, 0), turned(rng.normal() * 0.3)
            )
        )
    for _ in range(rng.integers(0, 6)):
        half = rng.uniform(0.1, 0.5, 3) * (0.6 + u)
        at = np.array([pick(rng, -1, 1) * rng.uniform(0.6, 2) * max(u, 0.4) * 1.5, half[1], rng.uniform(0.2, 1) * back])
        if math.hypot(at[0], at[2]) > u * 0.8 + half[[0, 2]].max() * 1.4:
            scene.mesh(box(material(rng), half).moved(at, turned(rng.uniform(0, 6))))


def land(rng, scene, u, away, kind=None):
    """Open ground under the origin: lawn, plain, sand, snow, rocks, forest floor, smeared."""
    kind = kind or pick(rng, "lawn", "lawn", "plain", "sand", "rocks", "wood", "smeared")
    reach = max(away * 6, 20 * u)
    colour = {
        "lawn": GRASS,
        "plain": pick(rng, (0.55, 0.5, 0.28), GRASS, SAND),
        "sand": pick(rng, SAND, SNOW, (0.45, 0.3, 0.2)),
        "rocks": STONE,
        "wood": (0.28, 0.2, 0.12),
    }.get(kind, pick(rng, SAND, GRASS, (0.5, 0.45, 0.2), (0.35, 0.3, 0.25)))
    m = material(rng, colour, spread(rng, 0.5, 4) / (0.5 * u + 0.1))
    if kind == "smeared":
        m.amount, m.mottle = rng.uniform(0.7, 1.4), rng.uniform(0.3, 1)
        smeared(scene, m, 0, reach * 8, spread(rng, 8, 60))
        if rng.random() < 0.6:
            far = away * spread(rng, 2, 9)
            wall = material(rng, pick(rng, *GREENS, SAND, STONE), 4 / far, 1.0)
            hedge = box(wall, (far * 4, far * rng.uniform(0.03, 0.4), 0.1 * far)).moved((0, 0, far))
            hedge.local = hedge.points * [0.04, 1, 1]
            scene.mesh(hedge)
        return kind
    scene.floor(-0.004 * reach if kind in ("sand", "rocks", "wood") else -0.001 * u, m, turned(rng.uniform(0, 6)))
    if kind in ("sand", "rocks", "wood"):
        bumpy(rng, scene, m, reach, 0.1 * u * rng.random(), 0.02 * u, 0.6 * u)
    if kind in ("lawn", "plain", "wood") and rng.random() < 0.85:
        tall = u * spread(rng, 0.04, 0.28)
        for _ in range(rng.integers(1, 4)):
            places = np.concatenate(
                [
                    clear(around(rng, 900, rng.uniform(1, 3) * u), scene.camera, 0.4 * away),
                    ahead(rng, 1500, scene.camera, 0.4 * away, 5 * away),
                ]
            )
            grass(rng, scene, places, tall * rng.uniform(0.6, 1.3))
    if kind == "wood":
        n, size = 300, u * 0.15
        points, faces = leaf_shape(rng)
        places = around(rng, n, 4 * u) + [0, 0.03 * u, 0]
        brown = material(rng, (0.5, 0.3, 0.12), 3 / size)
        scene.mesh(
            scattered(rng, points, faces, places, size * rng.uniform(0.5, 1.3, n), brown, turns_of(rng, n, 0.3), size)
        )
    if kind in ("rocks", "sand", "lawn") and rng.random() < (0.95 if kind == "rocks" else 0.3):
        for _ in range(rng.integers(2, 9)):
            r = u * spread(rng, 0.15, 1.6)
            a, far = rng.uniform(-0.6, math.pi + 0.6), u * 0.8 + r + rng.random() * 3 * u
            stone = rock(rng, r, material(rng, pick(rng, STONE, (0.45, 0.36, 0.28), DARK), 1 / r))
            scene.mesh(stone.moved((far * math.cos(a), r * 0.25, far * math.sin(a))))
    if rng.random() < 0.7:
        greenery(rng, scene, away, scene.camera, True)
    elif rng.random() < 0.5:
        for _ in range(rng.integers(3, 9)):
            far = reach * rng.uniform(1.5, 6)
            wide = far * rng.uniform(0.1, 0.5)
            scene.ball(
                (rng.uniform(-1, 1) * far * scene.camera.tangent * 1.5, 0, far + wide),
                (wide, wide * rng.uniform(0.1, 0.5), wide),
                material(rng, pick(rng, *GREENS, STONE), 4 / wide),
            )
    return kind


def backed(rng, scene, away):
    """Something behind a close subject: blurred leaves, lights, cloth, a plain wall, rocks, sky, clutter."""
    camera = scene.camera
    k = rng.random()
    if k < 0.35:
        greenery(rng, scene, away, camera)
        if rng.random() < 0.5:
            bokeh(rng, scene, away, camera)
    elif k < 0.43:
        bokeh(rng, scene, away, camera, 90)
    far = away * spread(rng, 1.6, 10)
    wide = far * camera.tangent * 4
    if 0.43 < k < 0.78:
        m = (
            loudened(rng, material(rng), spread(rng, 2, 16) / wide)
            if rng.random() < 0.5
            else material(rng, scale=4 / wide)
        )
        at = camera.position + camera.turn @ np.array([0, 0, far])
        scene.mesh(
            cloth(rng, wide, m, fold=rng.uniform(0, 0.05)).moved(
                at, camera.turn @ turned(np.clip(rng.normal() * 0.3, -0.5, 0.5), math.pi / 2)
            )
        )
    elif k > 0.92:
        for _ in range(rng.integers(4, 14)):
            z = away * spread(rng, 1.5, 6)
            r = z * camera.tangent * rng.uniform(0.1, 0.5)
            at = camera.position + camera.turn @ np.array(
                [rng.uniform(-1, 1) * z * camera.tangent, rng.uniform(-1, 1) * z * camera.tangent, z + r]
            )
            scene.mesh(
                pick(rng, rock(rng, r, material(rng)), box(material(rng), r * rng.uniform(0.3, 0.8, 3))).moved(
                    at, turned(*rng.uniform(0, 6, 3))
                )
            )


def before(rng, scene, away):
    """In some scenes, leaves or a twig close to the lens at the picture's edge, which hide part of the subject."""
    if rng.random() > 0.16 or away < 0.5:
        return
    camera, z = scene.camera, max(away * rng.uniform(0.3, 0.65), 0.2)
    reach = z * camera.tangent
    at = camera.position + camera.turn @ np.array(
        [pick(rng, -1, 1) * reach * rng.uniform(0.4, 1), -reach * rng.uniform(-0.2, 1), z]
    )
    n, long = int(rng.integers(2, 14)), reach * rng.uniform(0.3, 1)
    points, faces = leaf_shape(rng)
    places = at + rng.normal(size=(n, 3)) * reach * [0.25, 0.3, 0.1]
    m = material(rng, pick(rng, *GREENS, None), 2 / long)
    scene.mesh(scattered(rng, points, faces, places, long * rng.uniform(0.5, 1.2, n), m, turns_of(rng, n, 0.8), long))
    if rng.random() < 0.5:
        twig = smoothed_path(
            at + np.array([[-0.8, -2, 0], [0, 0, 0.1], [0.5, 1.2, 0]]) * reach * rng.uniform(0.5, 1.2, 3), 12
        )
        scene.mesh(sweep(twig, reach * 0.03, material(rng, BARK)))


def lit(rng, camera, out=0.6):
    """A scene outdoors or indoors for a camera, without fog and seldom at night."""
    if rng.random() < out:
        scene = outdoors(rng, camera)
        scene.fog *= rng.random() < 0.3
        return scene
    scene = indoors(rng, camera)
    for _ in range(rng.integers(1, 3)):
        at = camera.position + camera.turn @ (rng.normal(size=3) * [1, 0.5, 0.5] * 1.5 + [0, 1.2, 0.3])
        scene.lamp(rng, at, 3.0)
    return scene


def put(scene, parts, turn=None, at=(0, 0, 0), scale=1.0):
    """Adds meshes, scaled with their patterns, turned and shifted."""
    for m in parts:
        made = Mesh(m.points * scale, m.faces, m.material, m.local * scale, m.smooth)
        scene.mesh(made.moved(at, turn))
