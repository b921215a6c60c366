"""Writes a run's network as the program carries it, in half precision.

python export.py --run DIR/checkpoint.pt --out ../../assets/mini/mini-upscaler.safetensors
"""

import argparse
from pathlib import Path

import torch

from weights import load_net, save_net


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, help="a run's checkpoint")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = torch.load(arguments.run, weights_only=True)["config"]
    save_net(load_net(arguments.run), config, arguments.out)
    print(f"{Path(arguments.out).stat().st_size} bytes")


if __name__ == "__main__":
    main()
