"""Renders scenes into a folder of shards; goes on where it was stopped.

    python render.py --out DIR --first 0 --count 4000 --side 192 [--kinds held]

Scene number n is the same wherever it is rendered: its generator is made of n alone.
"""

import argparse
import time

import numpy as np

import heads
import loud
import scenes
import wider
from dataset import Shard
from meshed import kinds as meshed
from meshed.render import expose_meshes
from photograph import develop, photograph
from raycast import CYLINDER, ELLIPSOID, PLANE, ROOM, build_tree, trace
from sky import rays, sky_of
from textures import make_masks, make_patterns
from world import bounds

PATTERN_SEED, LOUD_SEED = 1, 2
RICHER = {**scenes.TRAINED, **heads.KINDS}
KINDS = {
    "trained": scenes.TRAINED,
    "richer": RICHER,
    "restyled": RICHER,
    "wider": wider.KINDS,
    "meshed": meshed.KINDS,
    "asked": meshed.ASKED,
    "held": scenes.HELD,
}
# Kinds whose pictures come from many cameras and programs; what is not of meshes also gets loud patterns.
RESTYLED = ("restyled", "wider", "meshed", "asked")


class Stock:
    """Patterns and silhouettes that all scenes share."""

    def __init__(self):
        rng = np.random.default_rng(PATTERN_SEED)
        self.patterns, self.masks = make_patterns(rng), make_masks(rng)
        self.patterns = np.concatenate([self.patterns, loud.make_loud(np.random.default_rng(LOUD_SEED))])


def packed(found):
    """Shapes as rows of numbers."""
    looks = np.array([s.material.numbers() for s in found], float).reshape(-1, 21)
    centre = np.array([s.centre for s in found], float).reshape(-1, 3)
    turn = np.array([s.turn for s in found], float).reshape(-1, 3, 3)
    half = np.array([s.half for s in found], float).reshape(-1, 3)
    to_local = (turn / half[:, None, :]).transpose(0, 2, 1).reshape(-1, 9)
    taper = [s.taper for s in found]
    hole = [s.material.hole if s.kind in (ELLIPSOID, CYLINDER) else 0.0 for s in found]
    form = np.concatenate([to_local, centre, np.array([taper, hole, looks[:, 10], looks[:, 13]]).T], 1)
    kind, mask = (np.array(numbers, np.int64) for numbers in ([s.kind for s in found], [s.mask for s in found]))
    return kind, np.ascontiguousarray(form), mask, centre, turn, half, looks


def prepared(scene):
    """The scene as numbers: shapes, tree, lights, the ground's look, terrain, fog."""
    endless = np.array([i for i, s in enumerate(scene.shapes) if s.kind in (PLANE, ROOM)], np.int64)
    bounded = np.array([i for i, s in enumerate(scene.shapes) if s.kind not in (PLANE, ROOM)], np.int64)
    lo, hi = bounds([scene.shapes[i] for i in bounded]) if len(bounded) else (np.zeros((0, 3)), np.zeros((0, 3)))
    *tree, order = build_tree(lo, hi)
    tree = (*tree, bounded[order] if len(order) else np.zeros(0, np.int64), endless)
    grid, cell, tall = scene.terrain or (np.zeros((2, 2)), 1.0, 0.0)
    ground = np.array([scene.ground.numbers() if scene.ground else [0] * 21], float)
    lights = np.array(scene.lights, float).reshape(-1, 10)
    fog = np.array([scene.fog, *scene.fog_colour], float)
    return packed(scene.shapes), tree, lights, ground, (grid, float(cell), float(tall)), fog


def expose(scene, stock, side, seed):
    """Linear light, depth and the shapes' numbers, of every pixel."""
    shapes, tree, lights, ground, terrain, fog = prepared(scene)
    ambient = np.array([*scene.above, *scene.below, scene.reach, 0.8])
    sky = sky_of(scene, stock, rays(scene.camera, side), np.random.default_rng(seed))
    return trace(
        side,
        scene.camera.position.astype(float),
        np.ascontiguousarray(scene.camera.turn),
        scene.camera.tangent,
        shapes,
        tree,
        lights,
        ambient,
        ground,
        terrain,
        stock.patterns,
        stock.masks,
        sky,
        fog,
        seed % 100003,
    )


def worth_showing(picture, inverse):
    """Not black, not blown out, not against a wall, not flat."""
    seen = inverse > 0
    near, far = np.quantile(inverse, 0.97), np.quantile(inverse, 0.03)
    lit = picture.std() > 12 and 20 < picture.mean() < 240
    return lit and seen.mean() > 0.25 and inverse.max() < 12 and near > 1.6 * far + 1e-3


def render_scene(number, stock, side, kinds, restyled=False, tries=8):
    """Picture, inverse depth and kind of scene `number`."""
    rng = np.random.default_rng([number, 77])
    names = list(kinds)
    weights = np.array([kinds[name][1] for name in names], float)
    name = names[rng.choice(len(names), p=weights / weights.sum())]
    for attempt in range(tries):
        scene = kinds[name][0](rng)
        if restyled and not scene.meshes:
            loud.restyle(rng, scene)
        light, depth = (expose_meshes if scene.meshes else expose)(scene, stock, side, number * 8 + attempt)[:2]
        inverse = np.where(np.isfinite(depth), 1 / np.maximum(depth, 1e-3), 0).astype(np.float32)
        picture = (develop if restyled else photograph)(light, inverse, rng, scene.defocus)
        if worth_showing(picture, inverse):
            break
    return picture, inverse, name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--first", type=int, default=0, help="number of the first scene")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--kinds", choices=KINDS, default="trained", help="held are those kept for the evaluation")
    arguments = parser.parse_args()
    stock, kinds = Stock(), KINDS[arguments.kinds]
    shard = Shard(arguments.out, f"{arguments.first:08d}", arguments.count, arguments.side)
    start, begun = shard.done, time.time()
    for i in range(start, arguments.count):
        picture, inverse, name = render_scene(
            arguments.first + i, stock, arguments.side, kinds, arguments.kinds in RESTYLED
        )
        shard.picture[i], shard.inverse[i], shard.kind[i] = picture, inverse.astype(np.float16), name.encode()
        if (i + 1) % 200 == 0 or i + 1 == arguments.count:
            print(f"{i + 1} of {arguments.count}, {(i + 1 - start) / (time.time() - begun):.1f} scenes/s", flush=True)


if __name__ == "__main__":
    main()
