"""Trains the network on rendered scenes.

    python train.py --scenes DIR... --run DIR --steps N

Every step draws from its own random generator, made of the seed and the step's number, and the run's folder keeps the state of all
that learns: a run that was stopped goes on where it was, and gives what it would have given. The learning rate stays level and
falls to nothing over the last fifth (`--decay`), so a longer run can start from a shorter one's checkpoint.

With `--workers 2` two processes of one thread each learn from pictures of their own and become their mean every few steps: on a busy
machine that is many times faster than two threads, which wait for each other in every layer.
"""

import argparse
import copy
import functools
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
import torch.nn.functional as functional

from dataset import Scenes
from net import CONFIG, MiniDepth, normalise

# Height and width of the batches: small pictures first, for speed, then those of the size that it is used at.
SMALL = [(128, 128), (96, 128), (128, 96), (128, 160), (160, 128)]
LARGE = [(128, 128), (128, 160), (160, 128), (160, 160), (128, 192)]


# Steps after which workers become their mean.
TOGETHER = 16


def pick_batch(scenes, rng, count, height, width):
    """Crops of random place, size, turn and mirror: pictures in 0…1 and inverse depth."""
    side = scenes.side
    pictures = np.empty((count, side, side, 3), np.uint8)
    inverses = np.empty((count, side, side), np.float16)
    theta = np.empty((count, 2, 3), np.float32)
    aspect = width / height
    for i in range(count):
        pictures[i], inverses[i], _ = scenes.at(scenes.draw(rng))
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


def recolour(x, rng):
    """What cameras and people do to a picture's light: gamma, tint, mixed channels, contrast, saturation, blur, noise."""
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


def align(p, g):
    """`p` with the scale and shift that bring it nearest to `g`, by least squares, picture by picture."""
    pf, gf = p.flatten(1), g.flatten(1)
    pm, gm = pf.mean(1, keepdim=True), gf.mean(1, keepdim=True)
    scale = ((pf - pm) * (gf - gm)).mean(1, keepdim=True) / (((pf - pm) ** 2).mean(1, keepdim=True) + 1e-4)
    return ((pf - pm) * scale.clamp(min=0.05) + gm).view_as(p)


def loss_of(p, inverse):
    """Scale- and shift-invariant error, its gradients at four sizes, a logarithmic part for what is far; and the bare first."""
    g = target_of(inverse)
    q = align(p, g)
    spread = (g - g.mean((1, 2), keepdim=True)).abs().mean((1, 2), keepdim=True).clamp(min=0.05)
    error = (q - g) / spread
    plain = error.abs().mean()
    gradient = 0
    for k in range(4):
        e = error[:, :: 2**k, :: 2**k]
        gradient = gradient + (e[:, 1:] - e[:, :-1]).abs().mean() + (e[:, :, 1:] - e[:, :, :-1]).abs().mean()
    ratio = (torch.log(q.clamp(min=0) + 0.02) - torch.log(g + 0.02)).abs()
    far = ratio[g > 0.05].mean()
    direct = (p - g).abs().mean()
    return plain + 0.5 * gradient + 0.8 * far + 0.3 * direct, plain.detach()


class Run:
    """All that learns: the network, its slow average, the optimiser, and how many steps they have made."""

    def __init__(self, seed, rate, worker=0, workers=1):
        torch.manual_seed(seed)
        self.seed, self.rate, self.step = seed, rate, 0
        self.worker, self.workers = worker, workers
        self.net = MiniDepth().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net)
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0}]
        self.optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)

    def save(self, file):
        state = {
            "config": CONFIG,
            "seed": self.seed,
            "step": self.step,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        part = Path(f"{file}.part")
        torch.save(state, part)
        os.replace(part, file)

    def load(self, file):
        state = torch.load(file, weights_only=True)
        self.seed, self.step = state["seed"], state["step"]
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])

    def train_step(self, scenes, batch, level, sizes):
        rng = np.random.default_rng([self.seed, self.step, self.worker])
        height, width = sizes[rng.integers(len(sizes))]
        picture, inverse = pick_batch(scenes, rng, batch, height, width)
        x = normalise(recolour(picture, rng)).contiguous(memory_format=torch.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * level * min(1, (self.step + 1) / 100)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            p = self.net(x)
        loss, plain = loss_of(p.float(), inverse[:, 1::2, 1::2])
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        if self.workers > 1 and self.step % TOGETHER == 0:
            self.become_mean()
        keep = min(0.995, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            for slow, fast in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
                if slow.is_floating_point():
                    slow.lerp_(fast, 1 - keep)
        return float(plain)


    def become_mean(self):
        """Makes all workers' weights, norms and moments their mean."""
        moments = [v for state in self.optimiser.state.values() for v in state.values() if v.ndim > 0]
        tensors = [t for t in self.net.state_dict().values() if t.is_floating_point()] + moments
        with torch.no_grad():
            whole = torch.cat([t.reshape(-1) for t in tensors])
            distributed.all_reduce(whole)
            whole /= self.workers
            for t, part in zip(tensors, whole.split([t.numel() for t in tensors]), strict=True):
                t.copy_(part.view(t.shape))


def train(run, scenes, steps, batch, decay, large=False, folder=None, save_every=250, log=print, until=None):
    """Steps up to `steps`, or `until`; the learning rate falls over the last `decay` of them. Returns each step's plain error."""
    errors, start, begun = [], time.time(), run.step
    while run.step < (steps if until is None else until):
        level = min(1.0, (steps - run.step) / max(1, decay))
        sizes = LARGE if large or run.step >= steps - decay else SMALL
        errors.append(run.train_step(scenes, batch, level, sizes))
        if run.step % 100 == 0 and run.worker == 0:
            speed = (run.step - begun) * batch * run.workers / (time.time() - start)
            log(f"step {run.step} of {steps}: error {np.mean(errors[-100:]):.4f}, {speed:.0f} pictures/s, {len(scenes)} scenes")
        if folder and (run.step % save_every == 0 or run.step == steps):
            if run.worker == 0:
                run.save(Path(folder) / "checkpoint.pt")
            scenes.refresh()
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", nargs="+", required=True, help="folders that render.py made")
    parser.add_argument("--run", required=True, help="folder of the run: its checkpoint, its log")
    parser.add_argument("--from", dest="origin", help="checkpoint to begin with, when the run has none")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--decay", type=int, help="steps over which the learning rate falls; a fifth by default")
    parser.add_argument("--batch", type=int, default=10, help="pictures a step, of each worker")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--large", action="store_true", help="large pictures from now on, not only in the last fifth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    Path(arguments.run).mkdir(parents=True, exist_ok=True)
    (Path(arguments.run) / "arguments.json").write_text(json.dumps(vars(arguments), indent=1))
    if arguments.workers == 1:
        work(0, arguments)
    else:
        # Told to end, it leaves in order and takes its workers along.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        torch.multiprocessing.spawn(work, (arguments,), arguments.workers, daemon=True)


def work(worker, arguments):
    """One of the processes that learn."""
    torch.set_num_threads(arguments.threads)
    if arguments.workers > 1:
        meeting = f"file://{Path(arguments.run).resolve()}/meeting-{os.getppid()}"
        distributed.init_process_group("gloo", init_method=meeting, rank=worker, world_size=arguments.workers)
    run = Run(arguments.seed, arguments.rate, worker, arguments.workers)
    checkpoint = Path(arguments.run) / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint)
    elif arguments.origin:
        run.load(arguments.origin)
    decay = arguments.steps // 5 if arguments.decay is None else arguments.decay
    say = functools.partial(print, flush=True)
    train(run, Scenes(arguments.scenes), arguments.steps, arguments.batch, decay, arguments.large, arguments.run, log=say)


if __name__ == "__main__":
    main()
