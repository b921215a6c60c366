"""What check.sh runs: the tests, some of which train a few steps; then the committed weights against Lanczos."""

import argparse
import sys
import unittest
from pathlib import Path

import torch

import evaluate
from weights import load_net

WEIGHTS = Path(__file__).parent.parent.parent / "assets" / "mini" / "mini-upscaler.safetensors"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", help="file for the counts, as JUnit writes them")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(
        unittest.defaultTestLoader.loadTestsFromName("test_upscaler")
    )
    rows = evaluate.measure(load_net(WEIGHTS), list(evaluate.photographs()))
    print("\nthe committed weights on photographs", *evaluate.report(rows), *evaluate.failures(rows), sep="\n")
    better = not list(evaluate.failures(rows))
    tests, failed = result.testsRun + 1, len(result.failures) + len(result.errors) + (not better)
    if arguments.report:
        Path(arguments.report).write_text(f'<testsuites tests="{tests}" failures="{failed}" />\n')
    print(f"\n{tests - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
