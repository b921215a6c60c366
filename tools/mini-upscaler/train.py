"""Makes the weights: draws the pictures of recipe.py that are not there yet, and trains on them.

    python train.py --run DIR

Every step draws from its own random generator, made of the seed and the step's number, and the run's folder keeps the state of all
that learns: a run that was stopped goes on where it was, and gives what it would have given.
"""

import argparse
import copy
import functools
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

import pictures
from degrade import degrade
from net import CONFIG, MiniUpscaler
from recipe import FULL, TRIAL

SAVE = 500
# Pixels of the small picture at its edge, of which the answer is not judged: the network saw zeros beyond it.
EDGE = 4


def draw_missing(file, draw, count, side):
    """Drawn pictures, [count, side, side, 3], made where they are missing."""
    if not file.exists():
        stock, part = pictures.stock(), file.with_suffix(".part")
        drawn = np.lib.format.open_memmap(part, "w+", np.uint8, (count, side, side, 3))
        for i in range(count):
            drawn[i] = draw(i, side, stock)
        drawn.flush()
        os.replace(part, file)
    return np.load(file, mmap_mode="r")


def render_missing(folder, recipe):
    """The scenes of tools/mini at half their size."""
    first, count, side = recipe.scenes
    renderer = Path(__file__).parent.parent / "mini" / "render.py"
    shard = folder / f"{first:08d}.kind.npy"
    if not shard.exists() or np.count_nonzero(np.load(shard, mmap_mode="r")[:count] != b"") < count:
        arguments = ["--out", folder, "--first", str(first), "--count", str(count), "--side", str(side)]
        subprocess.run([sys.executable, renderer, *arguments], check=True)
    rendered = np.load(folder / f"{first:08d}.picture.npy", mmap_mode="r")[:count]
    halves = rendered.reshape(count, side // 2, 2, side // 2, 2, 3).astype(np.uint16).sum((2, 4))
    return ((halves + 2) // 4).astype(np.uint8)


def sources_of(folder, recipe):
    """Pictures of shapes, fine ones, and scenes; what is missing is made."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = draw_missing(folder / "pictures.npy", pictures.draw_picture, recipe.shapes, recipe.side)
    fine = draw_missing(folder / "fine.npy", pictures.fine_picture, recipe.fine, recipe.side)
    return shapes, fine, render_missing(folder / "scenes", recipe)


def pick_batch(recipe, stage, sources, rng):
    """Patches of one factor's size, turned and mirrored, in 0…1; and the factor."""
    factors, shares = zip(*recipe.factors, strict=True)
    factor = int(rng.choice(factors, p=shares))
    side = factor * recipe.patch
    batch = np.empty((recipe.batch, side, side, 3), np.uint8)
    borders = np.cumsum(stage.sources)[:-1]
    for i in range(recipe.batch):
        source = sources[int(np.searchsorted(borders, rng.random(), "right"))]
        if source.shape[1] < side:
            source = sources[0]
        picture = source[rng.integers(len(source))]
        top, left = rng.integers(0, picture.shape[0] - side + 1), rng.integers(0, picture.shape[1] - side + 1)
        patch = np.rot90(picture[top : top + side, left : left + side], rng.integers(4))
        batch[i] = patch[:, ::-1] if rng.random() < 0.5 else patch
    return torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255, factor


class Run:
    """All that learns: the network, its slow average, the optimiser, and how many steps they have made."""

    def __init__(self, recipe):
        torch.manual_seed(recipe.seed)
        self.recipe, self.step = recipe, 0
        self.net = MiniUpscaler().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net)
        self.optimiser = torch.optim.Adam(
            self.net.parameters(), lr=recipe.stages[0].rate, betas=(0.9, 0.99), fused=True
        )

    def save(self, file):
        state = {
            "config": CONFIG,
            "step": self.step,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, f"{file}.part")
        os.replace(f"{file}.part", file)

    def load(self, file):
        state = torch.load(file, weights_only=True)
        self.step = state["step"]
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])

    def stage(self):
        """The stage that the next step belongs to, and the step at which that began."""
        begin = 0
        for stage in self.recipe.stages:
            if self.step < stage.until:
                break
            begin = stage.until
        return stage, begin

    def train_step(self, sources):
        rng = np.random.default_rng([self.recipe.seed, self.step])
        stage, begin = self.stage()
        wanted, factor = pick_batch(self.recipe, stage, sources, rng)
        small = degrade(wanted, factor, rng, stage.marred, stage.noise).contiguous(memory_format=torch.channels_last)
        along = min((self.step - begin) / stage.fall, 1)
        rate = stage.rate * min(1, (self.step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * along))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        edge = EDGE * factor
        error = (self.net(small, factor) - wanted)[:, :, edge:-edge, edge:-edge]
        loss = torch.sqrt(error**2 + 1e-6).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)
        self.optimiser.step()
        self.step += 1
        # The average is of all steps at first and looks back further and further.
        keep = min(self.recipe.average, self.step / (self.step + 10))
        with torch.no_grad():
            for slow, fast in zip(self.average.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
        return loss.item()


def train(run, sources, folder=None, log=print, until=None):
    """The steps up to `until` or the recipe's end. Returns each step's error."""
    errors, start, begun = [], time.time(), run.step
    last = run.recipe.stages[-1].until
    until = last if until is None else until
    while run.step < until:
        errors.append(run.train_step(sources))
        if run.step % 200 == 0:
            speed = (run.step - begun) * run.recipe.batch / (time.time() - start)
            log(f"step {run.step} of {last}: error {np.mean(errors[-200:]):.5f}; {speed:.0f} patches/s")
        if folder and (run.step % SAVE == 0 or run.step == last):
            run.save(folder / "checkpoint.pt")
    return errors


def make(folder, recipe, log=functools.partial(print, flush=True)):
    """All of a recipe that is not done yet, in the folder of the run."""
    sources = sources_of(folder, recipe)
    run = Run(recipe)
    if (folder / "checkpoint.pt").exists():
        run.load(folder / "checkpoint.pt")
    train(run, sources, folder, log)
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, type=Path, help="folder of the run: its pictures, its checkpoint")
    parser.add_argument("--trial", action="store_true", help="a few steps on a few pictures, to see that it works")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make(arguments.run, TRIAL if arguments.trial else FULL)


if __name__ == "__main__":
    main()
