"""Draws a sheet of pictures over their depths, of the kinds of scenes of a folder or of one module, to look at.

    python -m meshed.look FOLDER [KIND] --out sheet.png --count 24

FOLDER is one of those beside this file, as `people`; a module is named as `people.meetings`.
"""

import argparse
import importlib
import sys
import time

import numpy as np
from PIL import Image

from meshed.render import expose_meshes
from photograph import develop
from render import Stock


def plain(light):
    """A picture without the effects of a lens, a sensor and a program."""
    exposed = light * np.clip(0.3 / (np.median(light) + 0.03), 0.3, 4)
    return (np.clip(1 - np.exp(-1.4 * exposed), 0, 1) ** 0.5 * 255).astype(np.uint8)


def shown(depth):
    """Depth in colours: near is warm, far is cold, the sky black."""
    inverse = np.where(np.isfinite(depth), 1 / np.maximum(depth, 1e-3), 0)
    low, high = np.quantile(inverse[inverse > 0], (0.02, 0.99)) if (inverse > 0).any() else (0, 1)
    t = np.clip((inverse - low) / (high - low + 1e-9), 0, 1)[..., None]
    stops = np.array([[20, 10, 60], [60, 60, 190], [40, 170, 170], [240, 200, 60], [250, 90, 40]], float)
    k = np.minimum((t[..., 0] * 4).astype(int), 3)
    f = t * 4 - k[..., None]
    picture = stops[k] * (1 - f) + stops[k + 1] * f
    return np.where(inverse[..., None] > 0, picture, 0).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="of meshed/, or a module there, as people.meetings")
    parser.add_argument("kind", nargs="?")
    parser.add_argument("--out", required=True)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--plain", action="store_true", help="without the effects of a lens, a sensor and a program")
    arguments = parser.parse_args()
    kinds = importlib.import_module(f"meshed.{arguments.folder}").KINDS
    names = [arguments.kind] if arguments.kind else list(kinds)
    side, stock, tiles, times = arguments.side, Stock(), [], {}
    for i in range(arguments.count):
        name = names[i % len(names)]
        rng = np.random.default_rng([arguments.first + i, 77])
        begun = time.perf_counter()
        scene = kinds[name][0](rng)
        made = time.perf_counter()
        light, depth = expose_meshes(scene, stock, side, i)
        drawn = time.perf_counter()
        inverse = np.where(np.isfinite(depth), 1 / np.maximum(depth, 1e-3), 0).astype(np.float32)
        picture = plain(light) if arguments.plain else develop(light, inverse, rng, scene.defocus)
        tiles.append(np.concatenate([picture, shown(depth)]))
        triangles = sum(len(m.faces) for m in scene.meshes)
        times.setdefault(name, []).append(((made - begun) * 1e3, (drawn - made) * 1e3, triangles, depth.min()))
    for name, found in times.items():
        made, drawn, triangles, near = np.median(found, 0)
        nearest = min(row[3] for row in found)
        print(
            f"{name}: {made:.0f} ms to make, {drawn:.0f} ms to draw, {triangles:.0f} triangles (medians); "
            f"most {max(row[0] for row in found):.0f} and {max(row[1] for row in found):.0f} ms, "
            f"nearest point {nearest:.2f} m, usually {near:.2f} m"
        )
    columns = min(arguments.columns, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
    Image.fromarray(np.concatenate(rows)).save(arguments.out)
    print(f"wrote {arguments.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
