"""Brings a depth map to its picture's size with edges where the picture has them.

Around every pixel of the small map there is what is nearest and what is farthest. Where the two are far apart an edge runs through:
the near side and the far side have a depth and a colour each, and a pixel of the large picture goes to the side whose colour it has.
Elsewhere the map is just enlarged. `src/models/mini/edges.ts` is the same.
"""

import numpy as np
import torch
import torch.nn.functional as functional
from numba import njit

# Pixels of the small map that a pixel looks around.
RADIUS = 4
# How far near and far must be apart, in shares of the map's own range, for an edge.
APART = 0.05
# Shares of the way from far to near that belong to a side without doubt.
SURE = 0.25
# How much colour counts against the map's own opinion, and what colours differ by through noise.
TRUST, NOISE = 6.0, 0.08
# The map's own opinion is never quite certain.
CERTAIN = 0.98


@njit(cache=True)
def sides(depth, picture, apart):
    """For each pixel: how far near and far are apart, their depths, their colours."""
    h, w = depth.shape
    out = np.zeros((9, h, w), np.float32)
    for y in range(h):
        for x in range(w):
            top, bottom, left, right = (
                max(y - RADIUS, 0),
                min(y + RADIUS + 1, h),
                max(x - RADIUS, 0),
                min(x + RADIUS + 1, w),
            )
            low, high = depth[top:bottom, left:right].min(), depth[top:bottom, left:right].max()
            out[0, y, x] = high - low
            out[1, y, x] = out[2, y, x] = depth[y, x]
            if high - low < apart:
                continue
            for side in range(2):
                count, sums = 0, np.zeros(4)
                for v in range(top, bottom):
                    for u in range(left, right):
                        share = (depth[v, u] - low) / (high - low)
                        if share > 1 - SURE if side == 0 else share < SURE:
                            count += 1
                            sums[0] += depth[v, u]
                            for c in range(3):
                                sums[1 + c] += picture[v, u, c]
                out[1 + side, y, x] = sums[0] / count
                for c in range(3):
                    out[3 + 3 * side + c, y, x] = sums[1 + c] / count
    return out


def enlarge(maps, height, width):
    maps = torch.from_numpy(np.ascontiguousarray(maps, np.float32))[None]
    return functional.interpolate(maps, size=(height, width), mode="bilinear", align_corners=False)[0].numpy()


def span(depth):
    """The range of a map without its extremes."""
    ordered = np.sort(depth, None)
    last = len(ordered) - 1
    return float(ordered[round(0.98 * last)] - ordered[round(0.02 * last)])


def sharpen(depth, seen, picture):
    """The map at the size of `picture`; `seen` is the picture at the size of the map, both in 0…1."""
    height, width = picture.shape[:2]
    apart = max(APART * span(depth), 1e-6)
    gap, near, far, *colours = enlarge(sides(depth.astype(np.float32), seen.astype(np.float32), apart), height, width)
    plain = enlarge(depth[None], height, width)[0]
    near_colour, far_colour = np.stack(colours[:3], -1), np.stack(colours[3:], -1)
    wide = np.maximum(near - far, 1e-6)
    share = np.clip((plain - far) / wide, 1 - CERTAIN, CERTAIN)
    to_near, to_far = ((picture - near_colour) ** 2).sum(-1), ((picture - far_colour) ** 2).sum(-1)
    likeness = (to_far - to_near) / (((near_colour - far_colour) ** 2).sum(-1) + 3 * NOISE**2)
    pull = np.exp(TRUST * np.clip(likeness, -1, 1))
    sharp = far + wide * share * pull / (share * pull + 1 - share)
    return plain + np.clip(gap / apart - 1, 0, 1) * (sharp - plain)
