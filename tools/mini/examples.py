"""Draws the pictures in examples/: two of the rendered scenes, 1024 × 768.

    python examples.py --out ../../examples
"""

import argparse
from pathlib import Path

from PIL import Image

import scenes
from render import Stock, render_scene

PICTURES = {"street.jpg": ("street", 9007), "table.jpg": ("tabletop", 9006)}
WIDTH, HEIGHT = 1024, 768


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    folder, stock = Path(arguments.out), Stock()
    folder.mkdir(parents=True, exist_ok=True)
    for name, (kind, number) in PICTURES.items():
        picture, _, _ = render_scene(number, stock, WIDTH, {kind: scenes.TRAINED[kind]})
        top = (WIDTH - HEIGHT) // 2
        Image.fromarray(picture[top : top + HEIGHT]).save(folder / name, quality=88)


if __name__ == "__main__":
    main()
