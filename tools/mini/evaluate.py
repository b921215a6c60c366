"""Measures a network on rendered scenes against answers that look at no picture.

    python evaluate.py --weights FILE --scenes DIR

The protocol. A prediction p is brought to the true inverse depth by the scale and shift of least squares, picture by picture, over the
pixels that count: not sky, nearer than 80 m, and within ten times the picture's near distance (the depth that 5 % of its pixels are
nearer than). Aligned inverse depth below 1/80 counts as 1/80. AbsRel is the mean of |depth error| / depth, δ1 the share of pixels whose
depth is right within a factor of 1.25; both are means of pictures. `--far` counts pixels beyond ten times the near distance as well.
What is compared with gets the same alignment: a constant, a vertical gradient (whose slope and sign the alignment chooses for every
picture) and the set's own mean map.

Edges are measured on larger pictures, aligned in the same way. An edge is where depth changes by a factor of 1.15 or more within two
pixels. Precision is the share of the answer's edges that lie within two pixels of a true one, recall the share of the true ones within
two pixels of the answer's; the accuracy is F1 of the two, the mean of pictures.
"""

import argparse
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional

from dataset import Scenes
from edges import enlarge, sharpen
from net import STRIDE, normalise
from weights import load_net

FARTHEST = 80.0
SPAN = 10.0
# The scenes of the model card's table, and the short side that the network sees them at.
HELD_FIRST, HELD_COUNT, HELD_SIDE = 500_000_000, 300, 256
INPUT = 256
TRIVIAL = ("constant", "vertical gradient", "mean map")


# The scenes whose edges are measured: the first of the table's, drawn larger.
EDGE_COUNT, EDGE_SIDE = 60, 512
EDGE_FACTOR, EDGE_REACH = 1.15, 2


@dataclass
class Score:
    abs_rel: float
    delta1: float
    kinds: dict


def near_of(inverse):
    return np.quantile(inverse[::2, ::2], 0.95)


def counted(inverse, far=False):
    mask = inverse > 1 / FARTHEST
    return mask if far else mask & (inverse > near_of(inverse) / SPAN)


def score_picture(p, inverse, mask):
    """AbsRel and δ1 of one picture's aligned prediction."""
    p, g = p[mask].astype(np.float64), inverse[mask].astype(np.float64)
    spread = p.var()
    scale = ((p - p.mean()) * (g - g.mean())).mean() / spread if spread > 1e-12 else 0.0
    q = np.maximum(scale * (p - p.mean()) + g.mean(), 1 / FARTHEST)
    return float(np.mean(np.abs(g / q - 1))), float(np.mean(np.maximum(q / g, g / q) < 1.25))


def aligned(p, inverse, mask):
    """`p` with the scale and shift that bring it nearest to the true inverse depth where `mask` counts."""
    a, g = p[mask].astype(np.float64), inverse[mask].astype(np.float64)
    spread = a.var()
    scale = ((a - a.mean()) * (g - g.mean())).mean() / spread if spread > 1e-12 else 0.0
    return np.maximum(scale * (p - a.mean()) + g.mean(), 1 / FARTHEST)


def edges_of(inverse):
    """Where depth jumps, as a mask."""
    found = np.zeros(inverse.shape, bool)
    inverse = np.maximum(inverse, 1 / FARTHEST)
    for axis in (0, 1):
        before, behind = (
            np.swapaxes(inverse, 0, axis)[part] for part in (slice(None, -EDGE_REACH), slice(EDGE_REACH, None))
        )
        jumps = np.maximum(before / behind, behind / before) > EDGE_FACTOR
        np.swapaxes(found, 0, axis)[EDGE_REACH // 2 : EDGE_REACH // 2 + len(jumps)] |= jumps
    return found


def widened(mask):
    wide = functional.max_pool2d(torch.from_numpy(mask)[None, None].float(), 2 * EDGE_REACH + 1, 1, EDGE_REACH)
    return wide[0, 0].numpy() > 0


def edge_accuracy(p, inverse):
    """F1 of one picture's edges; nothing where the truth has none."""
    true, found = edges_of(inverse), edges_of(aligned(p, inverse, counted(inverse)))
    if not true.any():
        return None
    right, covered = (found & widened(true)).sum(), (true & widened(found)).sum()
    precision, recall = right / max(found.sum(), 1), covered / true.sum()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def edge_accuracies(net, scenes, side):
    """Mean edge accuracy of the sharpened answers, and of the same merely enlarged."""
    rows = []
    for picture, inverse, _ in scenes:
        depth, seen = look(net, picture, side)
        answers = (
            sharpen(depth, seen, np.asarray(picture, np.float32) / 255),
            enlarge(depth[None], *picture.shape[:2])[0],
        )
        rows.append([edge_accuracy(p, inverse.astype(np.float32)) for p in answers])
    return np.mean([row for row in rows if row[0] is not None], 0).tolist()


def score(predictions, scenes, far=False):
    rows = {}
    for p, (_, inverse, kind) in zip(predictions, scenes, strict=True):
        inverse = inverse.astype(np.float32)
        mask = counted(inverse, far)
        if mask.mean() >= 0.1:
            rows.setdefault(kind, []).append(score_picture(p, inverse, mask))
    every = np.concatenate([np.array(found) for found in rows.values()])
    kinds = {kind: tuple(np.mean(found, 0).tolist()) for kind, found in rows.items()}
    return Score(*every.mean(0).tolist(), kinds)


def trivial_answers(scenes):
    inverses = np.stack([inverse for _, inverse, _ in scenes]).astype(np.float32)
    ramp = np.broadcast_to(np.linspace(0, 1, inverses.shape[1], dtype=np.float32)[:, None], inverses.shape[1:])
    mean = np.mean([inverse / (near_of(inverse) + 1e-6) for inverse in inverses], 0)
    return dict(zip(TRIVIAL, (np.zeros_like(ramp), ramp, mean), strict=True))


def answer(net, x):
    """Inverse depth of normalised pictures: the mean of what the network says of them and of their mirror images."""
    with torch.no_grad():
        half = (functional.relu(net(x)) + functional.relu(net(x.flip(3))).flip(2)) / 2
    return functional.interpolate(half[:, None], scale_factor=2, mode="bilinear", align_corners=False)[:, 0]


def strides(length):
    """The nearest length in whole strides of the network."""
    return max(math.floor(length / STRIDE + 0.5), 1) * STRIDE


def look(net, picture, side):
    """Inverse depth of a uint8 picture whose short side the network sees at `side`, and what the network saw, in 0…1."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255
    size = [strides(n * scale) for n in (height, width)]
    x = functional.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
    return answer(net, normalise(x))[0].numpy(), x[0].permute(1, 2, 0).numpy()


def predict(net, picture, side):
    """Inverse depth, up to scale and shift, at the picture's size, with its edges."""
    return sharpen(*look(net, picture, side), np.asarray(picture, np.float32) / 255)


def report(net, scenes, side, far=False):
    """Lines of the table, and the scores by name."""
    scores = {name: score([answer] * len(scenes), scenes, far) for name, answer in trivial_answers(scenes).items()}
    scores["mini"] = score([predict(net, picture, side) for picture, _, _ in scenes], scenes, far)
    lines = [
        f"{name:18s} AbsRel {s.abs_rel:.3f}  δ1 {s.delta1:.3f}  "
        + "  ".join(f"{k} {a:.2f}/{d:.2f}" for k, (a, d) in sorted(s.kinds.items()))
        for name, s in scores.items()
    ]
    return lines, scores


def margins(scores):
    """What the network is asked for: its lead in δ1 on the gradient and on the mean map, and its share of the best AbsRel."""
    best = min(scores[name].abs_rel for name in TRIVIAL)
    mini = scores["mini"]
    return {
        "gradient": mini.delta1 - scores["vertical gradient"].delta1,
        "mean map": mini.delta1 - scores["mean map"].delta1,
        "AbsRel": mini.abs_rel / best,
    }


# Edge accuracy that the sharpened answers must have: twice what merely enlarged ones of a single size had.
LEAST_EDGES = 0.3

# What was asked of the committed weights, and what they must keep: leads in δ1, and a share of the best AbsRel.
LEAST = {"gradient": 0.28, "mean map": 0.21}
MOST_ABS_REL = 0.64


def beats_trivial(scores):
    lead = margins(scores)
    return all(lead[name] >= least for name, least in LEAST.items()) and lead["AbsRel"] <= MOST_ABS_REL


def verdict(scores):
    lead = ", ".join(
        f"{name} {value:+.3f}" if name != "AbsRel" else f"AbsRel × {value:.3f}"
        for name, value in margins(scores).items()
    )
    return f"lead: {lead}: {'beats' if beats_trivial(scores) else 'does not beat'} the trivial answers clearly"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="a run's checkpoint, or what export.py wrote")
    parser.add_argument("--scenes", required=True, help="folder that render.py made, of kinds not trained on")
    parser.add_argument("--side", type=int, default=INPUT, help="short side that the network sees")
    parser.add_argument("--limit", type=int, help="only the first so many scenes")
    parser.add_argument("--far", action="store_true", help="count what is far, too")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    found = Scenes(arguments.scenes)
    scenes = [found.at(i) for i in range(min(len(found), arguments.limit or len(found)))]
    lines, scores = report(load_net(arguments.weights), scenes, arguments.side, arguments.far)
    print(f"{len(scenes)} scenes, short side {arguments.side}", *lines, verdict(scores), sep="\n")


if __name__ == "__main__":
    main()
