"""What check.sh runs: the tests, then the committed weights against the answers that look at no picture."""

import sys
import unittest
from pathlib import Path

import torch

import evaluate
import scenes
from render import Stock, render_scene
from weights import load_net

WEIGHTS = Path(__file__).parent.parent.parent / "assets" / "mini" / "mini.safetensors"
FIRST, COUNT, SIDE = 600_000_000, 60, 176


def weights_beat_trivial():
    stock = Stock()
    found = [render_scene(FIRST + i, stock, SIDE, scenes.HELD) for i in range(COUNT)]
    lines, scores = evaluate.report(load_net(WEIGHTS), found, 192)
    print(f"\nthe committed weights, {COUNT} scenes of kinds not trained on", *lines, sep="\n")
    # Sixty scenes scatter by about two hundredths.
    return evaluate.beats_trivial(scores, slack=0.04)


def main():
    torch.set_num_threads(1)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromName("test_mini"))
    beats = weights_beat_trivial()
    if not beats:
        print("the weights do not beat the trivial answers clearly")
    failed = len(result.failures) + len(result.errors) + (not beats)
    print(f"\n{result.testsRun + 1 - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
