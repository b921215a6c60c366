"""What scenes of nature share: cameras on the ground, lawns, woods, mountains, water, what stands far behind."""

import math

import numpy as np

from meshed.land.plants import Relief, bush, conifer, grass, ground_colour, land, leaf_materials, rock, scattered, tree
from meshed.mesh import Mesh, sheet
from meshed.shared.houses import house
from meshed.shared.pile import Pile, looking
from world import GRASS, SNOW, STONE, WATER, material, pick, spread


def stand(rng, height, eye_height, pitch, view, roll=0.04, x=0.0):
    """A camera above the ground at x = x and z = 0."""
    eye = np.array([x, float(height(np.array([x]), np.array([0.0]))[0]) + eye_height, 0.0])
    far = 10.0
    return looking(rng, eye, eye + [0, far * math.tan(pitch), far], view, roll)


def soil(rng, colour=None, scale=None):
    """A dull material of ground."""
    m = material(rng, ground_colour(rng) if colour is None else colour, spread(rng, 0.3, 3) if scale is None else scale)
    m.gloss = 0.0
    return m


def ahead(rng, count, near, far, wide=0.6, least=0.0):
    """Places [n, 2] in the view, more of them near; none within `least` of the line ahead."""
    z = np.exp(rng.uniform(math.log(near), math.log(far), count))
    x = rng.uniform(-wide, wide, count) * z * 1.2
    x = x + np.where(np.abs(x) < least, np.sign(x) * least, 0)
    return np.column_stack([x, z])


def give(scene, *groups):
    """Adds lists of meshes to a scene."""
    for group in groups:
        scene.meshes.extend(group)


def lawn(rng, height, near, far, count, tall, ms=None, field=0.7, **form):
    """Blades of grass about the camera."""
    places = ahead(rng, count, near, far, field)
    roots = np.column_stack([places[:, 0], height(places[:, 0], places[:, 1]) - 0.01, places[:, 1]])
    ms = ms or leaf_materials(
        rng, tall * 0.2, 3, pick(rng, GRASS, (0.35, 0.5, 0.15), (0.6, 0.5, 0.25), (0.25, 0.35, 0.12))
    )
    return grass(rng, roots, tall * (0.6 + 0.4 * np.clip(places[:, 1] / near / 6, 0, 1)), ms, **form)


def wood(rng, height, near, far, count, least=1.0, tall=None, kind=None, wide=0.8, leaves=3500):
    """Trees of a few sorts, each sort copied: the nearest have many leaves, the others fewer and larger ones."""
    places = ahead(rng, count, near, far, wide, least)
    places, found = places[np.argsort(places[:, 1])], []
    first = int(rng.integers(2, 5))
    for i, group in enumerate([places[:first], *np.array_split(places[first:], int(rng.integers(2, 4)))]):
        if not len(group):
            continue
        h, k = tall or rng.uniform(4, 16), rng.random() if kind is None else kind
        budget = min(int(np.clip((8000 if i == 0 else 3500) / len(group), 120, 4000)), leaves)
        if k < 0.5:
            meshes = tree(rng, h, budget, levels=3 if i == 0 else 2)
        elif k < 0.85:
            meshes = conifer(rng, h * 1.3, budget)
        else:
            meshes = tree(rng, h, bare=True, levels=3 if i == 0 else 2)
        found += scattered(rng, meshes, group, height)
    return found


def undergrowth(rng, height, near, far, count, size, wide=0.7, least=0.0):
    """Bushes and rocks, each of few sorts copied."""
    found = []
    for places in np.array_split(ahead(rng, count, near, far, wide, least), 3):
        if len(places):
            made = (
                bush(rng, size * rng.uniform(0.5, 1.3), int(np.clip(5000 / len(places), 120, 1500)))
                if rng.random() < 0.7
                else [rock(rng, size, rows=12, columns=18)]
            )
            found += scattered(rng, made, places, height)
    return found


def mountains(rng, far, tall, ridged=True):
    """The height of mountains around the origin, as a function of x and z."""
    relief = Relief(rng, far * rng.uniform(0.3, 0.8), tall * 2, 0.5, 7, ridged)
    rise = rng.uniform(0.3, 0.8)

    def height(x, z):
        r = np.hypot(x, z)
        return tall * np.clip((r - far * 0.3) / far, 0, 2) ** 1.2 * rise * (0.3 + 1.5 * relief.raw(x, z) ** 1.5) * 2

    return height


def by_height(rng, scene, ground, line):
    """Snow or bare rock above a line, also broken by noise."""
    y = ground.points[ground.faces].mean(1)
    high = y[:, 1] + 6 * np.sin(y[:, 0] * 0.2) * np.sin(y[:, 2] * 0.13) > line
    for mine, m in ((~high, ground.material), (high, soil(rng, pick(rng, SNOW, STONE, (0.5, 0.4, 0.35)), 0.2))):
        if mine.any():
            scene.mesh(Mesh(ground.points, ground.faces[mine], m, ground.local, True))


def water(rng, scene, level, far=900.0):
    """A lake or sea at a level, smooth or with waves, that mirrors."""
    m = material(
        rng,
        pick(rng, WATER, (0.1, 0.2, 0.25), (0.15, 0.3, 0.3), (0.05, 0.1, 0.12)),
        spread(rng, 0.1, 1),
        rng.random() * 0.5,
    )
    m.mirror, m.gloss, m.relief = rng.uniform(0.02, 0.6), rng.uniform(0.4, 0.9), rng.uniform(0, 0.6)
    r, u = np.meshgrid(np.geomspace(0.5, far, 90), np.linspace(-1, 1, 60), indexing="ij")
    x, z = u * (r * 1.2 + 15), r - 1
    wave, way = rng.uniform(0, 0.12) * (rng.random() < 0.6), rng.normal(size=(2, 5)) * np.geomspace(0.5, 3, 5)
    y = level + wave * np.sin(np.stack([x, z], -1) @ way + rng.uniform(0, 6, 5)).mean(-1) / (1 + r / 40)
    eye = scene.camera.position
    scene.mesh(sheet(np.stack([x + eye[0], y, z], -1), m))


def far(rng, scene, height, z):
    """Something behind the subject: a wood, houses, hills or nothing."""
    k, pile = rng.random(), Pile(scene.camera.position)
    if k < 0.4:
        give(scene, wood(rng, height, z, z * 4, int(rng.integers(5, 30)), wide=0.9, leaves=900))
    elif k < 0.7:
        for i in range(rng.integers(1, 4)):
            x = rng.normal() * z * 0.5
            y = float(height(x, z + 8 * i)) - 0.3
            house(rng, pile, x, z + 8 * i, rng.uniform(6, 14), rng.uniform(3, 10), 8, rng.normal() * 0.5, y)
    elif k < 0.85:
        hills = mountains(rng, 250, spread(rng, 15, 80))
        give(scene, [land(lambda x, q: hills(x, q) - 4, soil(rng, scale=0.1), scene.camera.position, low=40, far=500)])
    pile.pour(scene)
