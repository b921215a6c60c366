"""An optimiser for matrices: the momentum of each is brought near the nearest orthogonal matrix before it becomes a step.

All directions of a matrix then learn alike, where Adam lets the few strongest gradients lead. After K. Jordan and others, 2024; the
length of a step follows J. Liu and others, 2025, so that a rate and a decay for AdamW serve here too.
"""

import math

import torch

# Of the polynomial that brings every singular value near 1.
A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 5


def orthogonal(m):
    """[n, rows, columns] with singular values near 1, by Newton-Schulz."""
    tall = m.shape[1] > m.shape[2]
    x = m.transpose(1, 2) if tall else m
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16()
    for _ in range(ROUNDS):
        square = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=B, alpha=C), x, beta=A)
    x = x.float()
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """For weights of two and more dimensions: the first is the rows, all others together are the columns."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.05):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = {}
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["moment"] = torch.zeros_like(p)
                moment = state["moment"]
                moment.lerp_(p.grad, 1 - group["momentum"])
                ahead = p.grad.lerp(moment, group["momentum"])
                alike.setdefault((p.shape[0], p[0].numel()), []).append((p, ahead.flatten(1)))
            for (rows, columns), found in alike.items():
                length = group["lr"] * 0.2 * math.sqrt(max(rows, columns))
                for (p, _), turn in zip(found, orthogonal(torch.stack([a for _, a in found])), strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(turn.view(p.shape), alpha=-length)
