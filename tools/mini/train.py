"""Makes the weights: renders the scenes of recipe.py that are not there yet, and trains on them, stage by stage.

    python train.py --run DIR

Every step draws from its own random generator, made of the seed, the step's number and the worker's, and the run's folder keeps the
state of all that learns: a run that was stopped goes on where it was, and gives what it would have given.

The workers are processes of one thread each, that learn from pictures of their own and become their mean every few steps: on a busy
machine that is many times faster than two threads, which wait for each other in every layer.
"""

import argparse
import copy
import functools
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
import torch.nn.functional as functional

from dataset import Scenes
from evaluate import FARTHEST, SPAN
from muon import Muon
from net import CONFIG, Conv, MiniDepth, normalise
from pasted import paste
from recipe import RECIPES
from weights import exported, save_tensors, unfold

# Steps after which workers become their mean, and after which the run is saved: the second is a multiple of the first.
TOGETHER = 16
SAVE = 256
# Batches that the norms are measured on where a run goes on with another's network.
CALIBRATING = 12


def pick_one(scenes, rng, pasted):
    """Picture and inverse depth of a scene, the share `pasted` of them behind the subject of another scene."""
    picture, inverse, _ = scenes.at(scenes.draw(rng))
    if pasted and rng.random() < pasted:
        for _ in range(6):
            front, front_inverse, _ = scenes.at(scenes.draw(rng))
            made = paste(picture, inverse, front, front_inverse, rng)
            if made:
                return made
    return picture, inverse


def pick_batch(scenes, rng, count, height, width, pasted=0.0):
    """Crops of random place, size, turn and mirror: pictures in 0…1 and inverse depth."""
    side = scenes.side
    pictures = np.empty((count, side, side, 3), np.uint8)
    inverses = np.empty((count, side, side), np.float16)
    theta = np.empty((count, 2, 3), np.float32)
    aspect = width / height
    for i in range(count):
        pictures[i], inverses[i] = pick_one(scenes, rng, pasted)
        turn = rng.normal(0, 0.04)
        # The turned crop stays inside the picture.
        room = 1 / (math.cos(turn) + math.sin(abs(turn)))
        zoom = rng.uniform(0.65, 1) * room
        stretch = math.exp(rng.uniform(-0.1, 0.1))
        half_w, half_h = zoom * min(1, aspect * stretch), zoom * min(1, 1 / (aspect * stretch))
        x, y = rng.uniform(-1, 1, 2) * (1 - np.array([half_w, half_h]) / room)
        mirror = -1 if rng.random() < 0.5 else 1
        c, s = math.cos(turn), math.sin(turn)
        theta[i] = [[c * half_w * mirror, -s * half_h, x], [s * half_w * mirror, c * half_h, y]]
    grid = functional.affine_grid(torch.from_numpy(theta), (count, 3, height, width), align_corners=False)
    picture = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255)
    inverse = torch.from_numpy(inverses).float()[:, None]
    picture = functional.grid_sample(picture, grid, "bilinear", "reflection", align_corners=False)
    inverse = functional.grid_sample(inverse, grid, "nearest", "border", align_corners=False)
    return picture, inverse[:, 0]


def stretched(x, shares):
    """Pictures with the darkest and the brightest of their pixels brought to black and white, each by its share, from 0 to 1."""
    low, high = torch.quantile(x[:, :, ::5, ::5].flatten(1), x.new_tensor([0.01, 0.99]), 1)[:, :, None, None, None]
    return torch.lerp(x, (x - low) / (high - low).clamp(min=0.1), shares)


def recolour(x, rng, levels=0.0):
    """What cameras and people do to a picture's light: gamma, tint, mixed channels, contrast, saturation, blur, noise. `levels` is the
    share of pictures that use all the range from black to white."""
    n = len(x)

    def draw(low, high, *shape):
        return torch.from_numpy(rng.uniform(low, high, (n, *shape)).astype(np.float32))

    if rng.random() < 0.15:
        mixed = torch.einsum("nij,njhw->nihw", torch.softmax(draw(0, 4, 3, 3), 2), x)
        x = torch.lerp(x, mixed, draw(0, 1, 1, 1, 1))
    x = x.clamp(1e-3, 1) ** torch.exp(draw(-0.35, 0.35, 1, 1, 1)) * torch.exp(draw(-0.1, 0.1, 3, 1, 1))
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * draw(0.75, 1.25, 1, 1, 1) + mean + draw(-0.08, 0.08, 1, 1, 1)
    coloured = torch.from_numpy((rng.random((n, 1, 1, 1)) > 0.08).astype(np.float32))
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * draw(0.4, 1.4, 1, 1, 1) * coloured
    if levels:
        x = stretched(x, (draw(0, 1, 1, 1, 1) < levels).float())
    if rng.random() < 0.3:
        soft = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        x = torch.lerp(x, soft, draw(0, 1, 1, 1, 1))
    if rng.random() < 0.25:
        x = x + torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32)) * draw(0, 0.05, 1, 1, 1)
    return x.clamp(0, 1)


def target_of(inverse):
    """Inverse depth on a scale of its own: 1 is what is near in this picture."""
    near = torch.quantile(inverse[:, ::4, ::4].flatten(1), 0.95, dim=1).clamp(min=1e-3)
    return (inverse / near[:, None, None]).clamp(max=1.6)


def align(p, g, weight):
    """`p` with the scale and shift that bring it nearest to `g` by least squares over the pixels of `weight`, picture by picture."""
    share = weight / weight.sum((1, 2), keepdim=True).clamp(min=1)

    def mean(x):
        return (x * share).sum((1, 2), keepdim=True)

    pm, gm = mean(p), mean(g)
    scale = mean((p - pm) * (g - gm)) / (mean((p - pm) ** 2) + 1e-4)
    return (p - pm) * scale.clamp(min=0.05) + gm


def relative_error(q, g):
    """|g / q - 1|, which is the error of a depth 1 / q; goes on as a straight line where q is below two fifths of g."""
    least = 0.4 * g
    return (g / q.maximum(least) - 1).abs() + 6.25 * (least - q).clamp(min=0) / g


def spread_error(q, g, least):
    """What aligned answers are off by, in mean deviations of each truth, or in `least` where a truth varies less."""
    spread = (g - g.mean((1, 2), keepdim=True)).abs().mean((1, 2), keepdim=True).clamp(min=least)
    return (q - g) / spread


def parts_error(p, g, count):
    """The error of `count` × `count` parts of a picture, each with a scale and shift of its own: what is small counts as much as what
    is large."""
    n, h, w = g.shape
    tall, wide = h // count, w // count

    def parts(x):
        x = x[:, : tall * count, : wide * count].reshape(n, count, tall, count, wide)
        return x.transpose(2, 3).reshape(n * count * count, tall, wide)

    p, g = parts(p), parts(g)
    return spread_error(align(p, g, torch.ones_like(g)), g, 0.03).abs().mean()


def loss_of(p, inverse, measured, parts=0.0):
    """Scale- and shift-invariant error over all, its gradients at four sizes, a logarithmic part for what is far; the relative error
    of depth, aligned and counted as the evaluation does it, times `measured`; the error of parts of the picture, times `parts`; and the
    bare first."""
    g = target_of(inverse)
    q = align(p, g, torch.ones_like(g))
    error = spread_error(q, g, 0.05)
    plain = error.abs().mean()
    gradient = 0
    for k in range(4):
        e = error[:, :: 2**k, :: 2**k]
        gradient = gradient + (e[:, 1:] - e[:, :-1]).abs().mean() + (e[:, :, 1:] - e[:, :, :-1]).abs().mean()
    ratio = (torch.log(q.clamp(min=0) + 0.02) - torch.log(g + 0.02)).abs()
    far = ratio[g > 0.05].mean()
    direct = (p - g).abs().mean()
    counted = ((inverse > 1 / FARTHEST) & (g > 1 / SPAN)).float()
    shares = counted / counted.sum((1, 2), keepdim=True).clamp(min=0.1 * g[0].numel()) / len(g)
    relative = relative_error(align(p, g, counted), g.clamp(min=1 / SPAN))
    relative = (relative * shares).sum()
    loss = plain + 0.5 * gradient + 0.4 * far + 0.3 * direct + measured * relative
    if parts:
        loss = loss + parts * (parts_error(p, g, 2) + parts_error(p, g, 4)) / 2
    return loss, plain.detach(), relative.detach()


def inner(net):
    """Weights that turn many numbers of a place into many others: the depthwise convolutions, the first and the last do not."""
    for module in net.modules():
        if isinstance(module, Conv) and module is not net.encoder.down[0] and module[0].groups == 1:
            yield module[0].weight
        elif isinstance(module, torch.nn.Linear):
            yield module.weight


class Run:
    """All that learns: the network, its slow average, the optimiser, and how many steps they have made."""

    def __init__(
        self, seed, rate, worker=0, workers=1, blocks=CONFIG["blocks"], looks=CONFIG["looks"], optimiser="adam"
    ):
        torch.manual_seed(seed)
        self.config = {**CONFIG, "blocks": list(blocks), "looks": list(looks)}
        self.seed, self.rate, self.step = seed, rate, 0
        self.worker, self.workers = worker, workers
        self.net = MiniDepth(self.config).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net)
        matrices = [p for p in inner(self.net) if optimiser == "muon"]
        chosen = {id(p) for p in matrices}
        others = [p for p in self.net.parameters() if id(p) not in chosen]
        groups = [
            {"params": [p for p in others if p.ndim > 1], "weight_decay": 0.05},
            {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0},
        ]
        self.optimisers = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)]
        if matrices:
            self.optimisers.append(Muon(matrices, rate))

    def go_on_with(self, file, scenes, recipe):
        """Takes over the network of another run's exported file; the norms get the measure of this run's pictures."""
        pictures = []
        for number in range(CALIBRATING):
            rng = np.random.default_rng([self.seed, 1, number])
            height, width = recipe.stages[0].sizes[0]
            pictures.append(normalise(recolour(pick_batch(scenes, rng, recipe.batch, height, width)[0], rng)))
        unfold(self.net, file, pictures)
        self.average.load_state_dict(self.net.state_dict())

    def save(self, file):
        state = {
            "config": self.config,
            "seed": self.seed,
            "step": self.step,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }
        part = Path(f"{file}.part")
        torch.save(state, part)
        os.replace(part, file)

    def load(self, file):
        state = torch.load(file, weights_only=True)
        self.seed, self.step = state["seed"], state["step"]
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)

    def train_step(self, scenes, batch, level, stage):
        rng = np.random.default_rng([self.seed, self.step, self.worker])
        # The same size for all workers: they wait for the slowest.
        height, width = stage.sizes[np.random.default_rng([self.seed, self.step]).integers(len(stage.sizes))]
        picture, inverse = pick_batch(scenes, rng, batch, height, width, stage.pasted)
        x = normalise(recolour(picture, rng, stage.levels)).contiguous(memory_format=torch.channels_last)
        for group in (group for optimiser in self.optimisers for group in optimiser.param_groups):
            group["lr"] = self.rate * level * min(1, (self.step + 1) / 200)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            p = self.net(x)
        loss, *errors = loss_of(p.float(), inverse[:, 1::2, 1::2], stage.measured, stage.parts)
        self.net.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        if self.workers > 1 and self.step % TOGETHER == 0:
            self.become_mean()
        keep = min(0.999, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            for slow, fast in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
                if slow.is_floating_point():
                    slow.lerp_(fast, 1 - keep)
        return [float(error) for error in errors]

    def become_mean(self):
        """Makes all workers' weights, norms and moments their mean."""
        states = [state for optimiser in self.optimisers for state in optimiser.state.values()]
        moments = [v for state in states for v in state.values() if v.ndim > 0]
        tensors = [t for t in self.net.state_dict().values() if t.is_floating_point()] + moments
        with torch.no_grad():
            whole = torch.cat([t.reshape(-1) for t in tensors])
            distributed.all_reduce(whole)
            whole /= self.workers
            for t, part in zip(tensors, whole.split([t.numel() for t in tensors]), strict=True):
                t.copy_(part.view(t.shape))


def train(run, scenes, stage, batch, begin=0, folder=None, log=print, until=None):
    """The steps of a stage that began at step `begin`, up to its end or `until`. Returns each step's errors."""
    errors, start, begun = [], time.time(), run.step
    while run.step < (stage.until if until is None else until):
        along = (run.step - begin) / (stage.until - begin)
        level = stage.level[0] + (stage.level[1] - stage.level[0]) * along
        errors.append(run.train_step(scenes, batch, level, stage))
        if run.step % 100 == 0 and run.worker == 0:
            speed = (run.step - begun) * batch * run.workers / (time.time() - start)
            plain, relative = np.mean(errors[-100:], 0)
            log(f"step {run.step} of {stage.until}: error {plain:.4f}, of depth {relative:.4f}; {speed:.0f} pictures/s")
        if folder and run.worker == 0 and (run.step % SAVE == 0 or run.step == stage.until):
            run.save(folder / "checkpoint.pt")
    return errors


def render_missing(folder, recipe):
    """Renders what is not there yet, in as many processes as there are runs of scenes."""
    program = [
        sys.executable,
        Path(__file__).parent / "render.py",
        "--out",
        folder,
        "--side",
        str(recipe.side),
    ]
    rendering = [
        subprocess.Popen([*program, "--first", str(first), "--count", str(count), "--kinds", kinds])
        for first, count, kinds in recipe.scenes()
    ]
    if any([process.wait() for process in rendering]):
        sys.exit("the scenes could not be rendered")


def make(folder, recipe):
    """All of a recipe that is not done yet, in the folder of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / "first.safetensors"
    if recipe.first and not start.exists():
        make(folder / "first", recipe.first)
        save_tensors(*exported(folder / "first" / "checkpoint.pt", recipe.first.share), start)
    render_missing(folder / "scenes", recipe)
    # glibc would give the pages of every large array back, and the next one would have to fault them in again.
    os.environ.update(MALLOC_MMAP_THRESHOLD_=str(2**32), MALLOC_TRIM_THRESHOLD_=str(2**33))
    with tempfile.TemporaryDirectory() as meeting:
        torch.multiprocessing.spawn(work, (recipe, folder, meeting), recipe.workers, daemon=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, type=Path, help="folder of the run: its scenes, its checkpoint")
    parser.add_argument(
        "--recipe", choices=RECIPES, default="meshed", help="trial is a few steps, to see that it works"
    )
    arguments = parser.parse_args()
    # Told to end, it leaves in order and takes its workers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    make(arguments.run, RECIPES[arguments.recipe])


def work(worker, recipe, folder, meeting):
    """One of the processes that learn."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}/workers", rank=worker, world_size=recipe.workers
    )
    run = Run(recipe.seed, recipe.rate, worker, recipe.workers, recipe.blocks, recipe.looks, recipe.optimiser)
    if (folder / "checkpoint.pt").exists():
        run.load(folder / "checkpoint.pt")
    elif recipe.first:
        run.go_on_with(folder / "first.safetensors", Scenes(folder / "scenes", recipe.stages[0].scenes), recipe)
    begin = 0
    for stage in recipe.stages:
        train(
            run,
            Scenes(folder / "scenes", stage.scenes),
            stage,
            recipe.batch,
            begin,
            folder,
            functools.partial(print, flush=True),
        )
        begin = stage.until
    # One that left while another still listens would take that one down.
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
