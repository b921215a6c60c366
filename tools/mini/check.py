"""What check.sh runs: the tests, some of which train a few steps; then the committed weights against the answers that look at no picture.

The scenes are those of the model card's table, drawn anew, so what is asked for can be asked without any slack.
"""

import argparse
import functools
import multiprocessing
import sys
import unittest
from pathlib import Path

import torch

import evaluate
import scenes
from render import Stock, render_scene
from weights import load_net

WEIGHTS = Path(__file__).parent.parent.parent / "assets" / "mini" / "mini.safetensors"


@functools.cache
def stock():
    """Made once in each process."""
    return Stock()


def held(number, side):
    return render_scene(number, stock(), side, scenes.HELD)


def draw(count, side, workers):
    """The first scenes of the held kinds."""
    numbers = range(evaluate.HELD_FIRST, evaluate.HELD_FIRST + count)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return pool.map(functools.partial(held, side=side), numbers, chunksize=10)


def edges_are_sharp(workers):
    found = draw(evaluate.EDGE_COUNT, evaluate.EDGE_SIDE, workers)
    sharp, plain = evaluate.edge_accuracies(load_net(WEIGHTS), found, evaluate.INPUT)
    print(
        f"\nedges in {len(found)} scenes: accuracy {sharp:.3f}, merely enlarged {plain:.3f}, asked for {evaluate.LEAST_EDGES}"
    )
    return sharp >= evaluate.LEAST_EDGES


def weights_beat_trivial(workers):
    found = draw(evaluate.HELD_COUNT, evaluate.HELD_SIDE, workers)
    lines, scores = evaluate.report(load_net(WEIGHTS), found, evaluate.INPUT)
    print(
        f"\nthe committed weights, {len(found)} scenes of kinds not trained on",
        *lines,
        evaluate.verdict(scores),
        sep="\n",
    )
    return evaluate.beats_trivial(scores)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", help="file for the counts, as JUnit writes them")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(
        unittest.defaultTestLoader.loadTestsFromNames(
            ["test_mini", "test_wider", "test_mesh", "test_pasted", "test_muon"]
        )
    )
    measured = weights_beat_trivial(arguments.workers), edges_are_sharp(arguments.workers)
    tests, failed = result.testsRun + len(measured), len(result.failures) + len(result.errors) + measured.count(False)
    if arguments.report:
        Path(arguments.report).write_text(f'<testsuites tests="{tests}" failures="{failed}" />\n')
    print(f"\n{tests - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
