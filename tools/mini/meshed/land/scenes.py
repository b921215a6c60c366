"""Kinds of scenes of nature: woods, meadows, mountains, lakes, shores, snow, trees."""

import math

import numpy as np

from meshed.land.landscape import ahead, by_height, far, give, lawn, mountains, soil, stand, undergrowth, water, wood
from meshed.land.plants import Relief, clear, conifer, flowers, land, palm, rock, scattered, tree
from meshed.mesh import lathe, sheet
from meshed.shared.houses import house, style
from meshed.shared.pile import Pile, finish, looking
from world import BARK, GRASS, SAND, SNOW, STONE, WHITE, WOOD, material, outdoors, pick, spread, turned


def forest_path(rng):
    """A path or a clearing between trees."""
    bumps = Relief(rng, rng.uniform(4, 30), rng.uniform(0.1, 2.5))
    swing, phase, wide = rng.uniform(0, 3), rng.uniform(0, 6.3), rng.uniform(0.5, 2)

    def height(x, z):
        return bumps(x, z)

    shot = stand(rng, height, rng.uniform(0.4, 2.2), rng.normal(0.02, 0.12), rng.uniform(0.5, 1.4))
    scene = outdoors(rng, shot)
    scene.defocus = 0.25
    ground = soil(rng)
    give(scene, [land(height, ground, shot.position, far=120)])
    if rng.random() < 0.7:
        z, u = np.meshgrid(np.geomspace(0.5, 80, 60), np.linspace(-wide, wide, 9), indexing="ij")
        x = u + swing * np.sin(z / 9 + phase) * np.minimum(z / 10, 1)
        y = height(x, z) + 0.03 * (1 - np.abs(u / wide) ** 3) * np.maximum(z / 4, 1)
        give(scene, [sheet(np.stack([x, y, z], -1), soil(rng, pick(rng, SAND, STONE, (0.35, 0.28, 0.2))))])
    give(scene, wood(rng, height, spread(rng, 1.8, 6), 60, int(rng.integers(12, 60)), least=wide + 0.8))
    give(scene, undergrowth(rng, height, 2, 25, int(rng.integers(0, 20)), rng.uniform(0.3, 0.9), least=wide + 0.6))
    if rng.random() < 0.6:
        give(scene, lawn(rng, height, 0.8, 9, int(rng.integers(500, 3500)), rng.uniform(0.08, 0.5)))
    if rng.random() < 0.4:
        pile = Pile(shot.position)
        for _ in range(rng.integers(1, 4)):
            x, z, r, a = rng.normal() * 3, rng.uniform(2.5, 12), rng.uniform(0.1, 0.35), rng.uniform(0, 6.3)
            way = np.array([math.cos(a), 0.05, math.sin(a)]) * rng.uniform(1, 4)
            c = np.array([x, float(height(x, z)) + r, z])
            pile.bars(material(rng, BARK, 3), c - way, c + way, r, 12)
        pile.pour(scene)
    return scene


def meadow(rng):
    """High grass and flowers before the camera, trees and hills behind."""
    height = Relief(rng, rng.uniform(8, 60), rng.uniform(0.2, 4))
    eye, tall = spread(rng, 0.15, 1.7), spread(rng, 0.08, 0.7)
    shot = stand(rng, height, max(eye, tall * rng.uniform(0.5, 1.2)), rng.normal(-0.12, 0.15), rng.uniform(0.4, 1.3))
    scene = outdoors(rng, shot)
    scene.defocus = 0.45
    give(scene, [land(height, soil(rng, GRASS), shot.position, far=300)])
    near = spread(rng, 0.35, 1.2)
    give(
        scene,
        lawn(
            rng,
            height,
            near,
            near * 18,
            int(rng.integers(3000, 7500)),
            tall,
            lean=rng.uniform(0.1, 0.8),
            wide=rng.uniform(0.012, 0.04),
        ),
    )
    for _ in range(rng.integers(0, 4)):
        p = ahead(rng, int(rng.integers(5, 110)), near * 1.5, near * 14, 0.5)
        give(
            scene,
            flowers(rng, np.column_stack([p[:, 0], height(p[:, 0], p[:, 1]), p[:, 1]]), tall * rng.uniform(0.6, 1.3)),
        )
    give(scene, wood(rng, height, rng.uniform(6, 25), 200, int(rng.integers(0, 25)), wide=0.9))
    give(scene, undergrowth(rng, height, 3, 60, int(rng.integers(0, 12)), rng.uniform(0.3, 1)))
    return clear(scene)


def mountain_lake(rng):
    """Mountains made of noise, most often with a lake before them that mirrors."""
    far, tall = rng.uniform(120, 500), spread(rng, 15, 160)
    high = mountains(rng, far, tall, rng.random() < 0.7)
    bumps, lake = Relief(rng, rng.uniform(15, 60), rng.uniform(1, 8)), rng.random() < 0.65
    shore = rng.uniform(0.3, 3)

    def height(x, z):
        basin = -6 * np.exp(-(((z - 55) / 45) ** 2) - (x / 120) ** 2) if lake else 0
        return high(x, z) + bumps(x, z) + basin + shore

    shot = stand(rng, height, spread(rng, 0.8, 20), rng.normal(0.02, 0.08), rng.uniform(0.4, 1.3))
    level = min(-rng.uniform(0.2, 1.5), shot.position[1] - 0.6)
    scene = outdoors(rng, shot)
    scene.fog, scene.defocus = scene.fog * 3, 0.06
    m = soil(rng, pick(rng, GRASS, STONE, SAND, SNOW, (0.4, 0.33, 0.25), (0.25, 0.3, 0.2)), spread(rng, 0.05, 0.6))
    m.relief = rng.uniform(0.5, 1.5)
    ground = land(height, m, shot.position, far=far * 2.2, wide=1.3, rows=120, columns=110)
    if rng.random() < 0.6:
        by_height(rng, scene, ground, tall * rng.uniform(0.1, 0.7))
    else:
        give(scene, [ground])
    if lake:
        water(rng, scene, level)
    places = [wood(rng, height, rng.uniform(5, 20), 120, int(rng.integers(0, 40)), kind=pick(rng, None, 0.6), wide=0.9)]
    give(
        scene,
        *[[m for m in group] for group in places],
        undergrowth(rng, height, 2.5, 40, int(rng.integers(0, 14)), rng.uniform(0.3, 1.2)),
    )
    return scene


def beach(rng):
    """Sand or stones, water and perhaps palms, rocks or parasols."""
    slope, bumps = rng.uniform(0.03, 0.15), Relief(rng, rng.uniform(2, 15), rng.uniform(0.1, 0.6))
    a, reach = rng.uniform(-1.2, 1.2), rng.uniform(3, 20)

    def height(x, z):
        away = x * math.sin(a) + z * math.cos(a)
        return slope * (reach - away) * np.where(away > reach, 2, 1) + bumps(x, z) * np.clip(
            (reach - away) / 3 + 1, 0.3, 1.5
        )

    shot = stand(rng, height, spread(rng, 0.3, 4), rng.normal(-0.06, 0.1), rng.uniform(0.5, 1.3))
    scene = outdoors(rng, shot)
    scene.defocus = 0.08
    give(
        scene,
        [
            land(
                height,
                soil(rng, pick(rng, SAND, SAND, (0.75, 0.7, 0.6), STONE, (0.3, 0.28, 0.27))),
                shot.position,
                far=200,
            )
        ],
    )
    water(rng, scene, 0.0)
    for _ in range(rng.integers(0, 3)):
        made = [rock(rng, spread(rng, 0.2, 1.6))]
        give(scene, scattered(rng, made, ahead(rng, int(rng.integers(1, 14)), 2.5, 40), height, 0.3, 1.4))
    for _ in range(rng.integers(0, 3)):
        give(scene, scattered(rng, palm(rng, rng.uniform(4, 10)), ahead(rng, int(rng.integers(1, 4)), 5, 35), height))
    pile = Pile(shot.position)
    for x, z in ahead(rng, int(rng.integers(0, 6)), 3.5, 30):
        y, r = float(height(x, z)), rng.uniform(0.8, 1.6)
        if y > 0:
            pile.bars(finish(rng, WHITE), (x, y, z), (x, y + 2.2, z), 0.03, 8)
            pile.add(
                lathe(
                    [[r, 1.8], [r * 0.55, 2.1], [0.02, 2.3]], finish(rng, mode=pick(rng, 0.2, 0.9)), 10, smooth=False
                ),
                None,
                (x, y, z),
            )
            pile.boxes(finish(rng), (x + 0.7, y + 0.25, z), (0.3, 0.05, 0.9), turned(rng.uniform(0, 6.3)))
    if rng.random() < 0.4:
        far = mountains(rng, 300, 60)
        give(scene, [land(lambda x, z: far(x, z) - 12, soil(rng, scale=0.1), shot.position, low=60, far=700)])
    pile.pour(scene)
    return scene


def snow(rng):
    """Snow with trees, a fence and a hut."""
    height = Relief(rng, rng.uniform(8, 50), rng.uniform(0.5, 8), 0.35)
    shot = stand(rng, height, rng.uniform(0.6, 3), rng.normal(-0.02, 0.1), rng.uniform(0.5, 1.2))
    scene = outdoors(rng, shot)
    scene.defocus = 0.08
    give(scene, [land(height, soil(rng, SNOW), shot.position, far=300)])
    give(scene, wood(rng, height, rng.uniform(3, 9), 120, int(rng.integers(4, 40)), kind=pick(rng, 0.6, 0.9), wide=0.9))
    pile = Pile(shot.position)
    if rng.random() < 0.6:
        z = rng.uniform(10, 35)
        x = rng.uniform(-0.3, 0.3) * z
        s = style(rng)
        s["wall"], s["roof"] = finish(rng, WOOD), material(rng, SNOW, amount=0.1)
        house(
            rng, pile, x, z, rng.uniform(5, 9), rng.uniform(2.5, 5), 6, rng.normal() * 0.6, float(height(x, z)) - 0.3, s
        )
    give(
        scene, scattered(rng, [rock(rng, rng.uniform(0.3, 1.2))], ahead(rng, int(rng.integers(0, 8)), 2.5, 30), height)
    )
    if rng.random() < 0.5:
        x = np.arange(-12, 12, 1.8)
        z = rng.uniform(2.5, 6) + x * rng.normal() * 0.4
        p = np.column_stack([x, height(x, z), z])
        m = finish(rng, WOOD)
        pile.bars(m, p, p + [0, 1.2, 0], 0.06, 6)
        for y in (0.5, 1.0):
            pile.bars(m, p[:-1] + [0, y, 0], p[1:] + [0, y, 0], 0.035, 5)
    pile.pour(scene)
    return scene


def one_tree(rng):
    """A tree that is the subject: whole, cut off, from below, bare or full, before the sky, a wood or a house."""
    height = Relief(rng, rng.uniform(8, 40), rng.uniform(0, 2.5))
    tall, z = rng.uniform(3, 14), spread(rng, 2, 16)
    eye = rng.uniform(0.3, 2)
    pitch = math.atan2(tall * rng.uniform(0.15, 0.55) - eye, z)
    shot = stand(rng, height, eye, pitch, rng.uniform(0.5, 1.3))
    scene = outdoors(rng, shot)
    scene.defocus = 0.3
    give(scene, [land(height, soil(rng), shot.position, far=200)])
    k, at = rng.random(), np.array([[rng.normal() * 0.2 * z, z]])
    thin = 0.0006 * z
    if k < 0.5:
        made = tree(rng, tall, int(rng.integers(3000, 12000)), levels=4)
    elif k < 0.75:
        made = tree(rng, tall, bare=True, levels=4, thinnest=thin)
    elif k < 0.9:
        made = conifer(rng, tall, int(rng.integers(3000, 9000)))
    else:
        made = palm(rng, tall)
    give(scene, scattered(rng, made, at, height))
    far(rng, scene, height, z * rng.uniform(1.5, 5))
    if rng.random() < 0.5:
        give(scene, lawn(rng, height, 0.8, 12, int(rng.integers(1000, 5000)), rng.uniform(0.05, 0.35)))
    return scene


def bare_branches(rng):
    """Looking up through bare or sparse branches at the sky, or through leaves close by."""
    view = rng.uniform(0.5, 1.3)
    shot = looking(rng, np.array([0, rng.uniform(0.5, 2), 0]), [0, rng.uniform(2.5, 9), 7], view, 0.3)
    scene = outdoors(rng, shot)
    scene.defocus = 0.35
    give(scene, [sheet(np.array([[[x, 0, z] for x in (-80.0, 80)] for z in (-80.0, 80)]), soil(rng))])
    for i in range(rng.integers(2, 6)):
        a, r = rng.uniform(-0.9, 0.9) * (0.3 if i == 0 else 1), spread(rng, 1.8, 5 if i == 0 else 10)
        made = tree(
            rng, rng.uniform(5, 14), int(rng.integers(1500, 5000)), bare=rng.random() < 0.5, levels=4, thinnest=0.003
        )
        give(scene, [m.moved((math.sin(a) * r, 0, math.cos(a) * r), turned(rng.uniform(0, 6.3))) for m in made])
    if rng.random() < 0.3:
        pile = Pile(shot.position)
        pile.put((rng.normal() * 8, 0, rng.uniform(14, 25)), turned(rng.normal() * 0.5))
        house(rng, pile, 0, 0, rng.uniform(10, 25), rng.uniform(6, 25), 10)
        pile.pour(scene)
    return scene


KINDS = {
    "forest_path": (forest_path, 6),
    "meadow": (meadow, 6),
    "mountain_lake": (mountain_lake, 6),
    "beach": (beach, 4),
    "snow": (snow, 3),
    "one_tree": (one_tree, 5),
    "bare_branches": (bare_branches, 4),
}
