"""Writes a run's network as the program carries it: half precision, rounded, batch norms folded into the convolutions before them.

A run that went on with another's network gives one between the two: it keeps more of what the first had learned.

python export.py --run DIR/checkpoint.pt --out ../../assets/mini/mini.safetensors
"""

import argparse
from pathlib import Path

from recipe import RECIPES
from weights import exported, rounded, save_tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, help="a run's checkpoint")
    parser.add_argument("--out", required=True)
    parser.add_argument("--recipe", choices=RECIPES, default="meshed", help="that the run followed")
    arguments = parser.parse_args()
    tensors, config = exported(arguments.run, RECIPES[arguments.recipe].share)
    save_tensors(rounded(tensors), config, arguments.out)
    print(f"{Path(arguments.out).stat().st_size} bytes")


if __name__ == "__main__":
    main()
