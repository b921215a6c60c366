"""Pictures made of two: the subject of one scene is pasted before another scene, which may be blurred or smeared."""

import math

import numpy as np
from PIL import Image, ImageFilter

# Least and largest share of its picture that a subject may have.
LEAST, MOST = 0.03, 0.55
# Bins of logarithmic depth, and how many of them in a row, with less than NOTHING of the picture in each, are a gap.
BINS, GAP = 48, 4
NOTHING = 0.002


def subject_of(inverse, rng):
    """Mask of what is nearer than a gap in the histogram of depth, or None; the gap is chosen at random."""
    logs = np.log(np.maximum(inverse.astype(np.float32), 0.01))
    few = logs[::3, ::3]
    # Each of the 48 bins is a factor of about 1.1, and so a gap one of 1.45.
    counts, edges = np.histogram(
        few, BINS, (math.log(0.01), math.log(1.1)) if few.max() < 0.1 else (few.max() - 4.5, few.max() + 1e-4)
    )
    near = np.cumsum(counts[::-1])[::-1] / few.size
    empty = counts / few.size < NOTHING
    cuts = [
        i
        for i in range(BINS - GAP)
        if empty[i : i + GAP].all() and LEAST < near[i + GAP] < MOST and (i == 0 or not empty[i - 1])
    ]
    if not cuts:
        return None
    return logs > edges[cuts[rng.integers(len(cuts))] + GAP // 2]


def shifted(a, down, right):
    """An array moved down and to the right, with 0 where nothing is left."""
    moved = np.zeros_like(a)
    n, m = a.shape[:2]
    moved[max(down, 0) : n + min(down, 0), max(right, 0) : m + min(right, 0)] = a[
        max(-down, 0) : n - max(down, 0), max(-right, 0) : m - max(right, 0)
    ]
    return moved


def softened(picture, rng):
    """The background unchanged, out of focus, or smeared sideways as by panning."""
    k, n = rng.random(), len(picture)
    if k < 0.35:
        return picture
    image = Image.fromarray(picture)
    if k < 0.8:
        return np.asarray(
            image.filter(ImageFilter.GaussianBlur(n * math.exp(rng.uniform(math.log(0.005), math.log(0.04)))))
        )
    narrow = max(int(n * rng.uniform(0.04, 0.2)), 4)
    return np.asarray(image.resize((narrow, n), Image.Resampling.BOX).resize((n, n), Image.Resampling.BICUBIC))


def paste(picture, inverse, front, front_inverse, rng):
    """Picture and inverse depth of the first scene behind the subject of the second; None where it has no subject."""
    mask = subject_of(front_inverse, rng)
    if mask is None:
        return None
    if rng.random() < 0.5:
        front, front_inverse, mask = front[:, ::-1], front_inverse[:, ::-1], mask[:, ::-1]
    n = len(mask)
    # What its own picture cuts off stays at that edge.
    if mask[0].any():
        down = 0 if mask[-1].any() else -int(rng.integers(0, n // 8))
    else:
        down = int(rng.integers(0, n // 5)) if mask[-1].any() else int(rng.normal() * n / 8)
    aside = mask[:, 0].any() or mask[:, -1].any()
    right = 0 if aside else int(rng.normal() * n / 6)
    front, front_inverse, mask = (shifted(a, down, right) for a in (front, front_inverse, mask))
    if mask.mean() < LEAST / 2:
        return None
    behind = np.quantile(inverse[mask], 0.9)
    factor = max(behind, 1e-3) / np.quantile(front_inverse[mask], 0.1) * math.exp(rng.uniform(0.05, 0.9))
    cover = np.asarray(
        Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    )
    cover = cover[..., None].astype(np.float32) / 255
    back = softened(picture, rng)
    mixed = back + (front.astype(np.float32) - back) * cover
    return (mixed + 0.5).astype(np.uint8), np.where(mask, front_inverse * factor, inverse).astype(np.float16)
