"""Renders with soft shadows, light that comes back from walls, mirrors' images and a lens: for pictures that people look at.

The shapes, surfaces and lights are those of `raycast.py`, which draws the training scenes in a hundredth of the time.
"""

import math

import numpy as np
from numba import njit, prange

from raycast import FAR, TERRAIN, cast, nearest, paint, surface

BOUNCES = 3
# Metres between a surface and the rays that leave it.
LIFT = 0.0003
# How much of the noise is smoothed away: passes whose steps double, and what counts as another surface.
PASSES, COLOUR_GAP, NORMAL_GAP, DEPTH_GAP, TONE_GAP = 4, 0.12, 0.25, 0.03, 0.9


@njit(cache=True)
def sky_light(d, horizon, zenith, below):
    up = d[1] / math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    share = math.sqrt(abs(up))
    other = zenith if up > 0 else below
    return (
        horizon[0] * (1 - share) + other[0] * share,
        horizon[1] * (1 - share) + other[1] * share,
        horizon[2] * (1 - share) + other[2] * share,
    )


@njit(cache=True)
def across(n, a, b, up, out):
    """A direction at `up` (a cosine) from `n`, turned by `b`."""
    wide, turn = math.sqrt(max(1 - up * up, 0.0)), 2 * math.pi * b
    sign = 1.0 if n[2] >= 0 else -1.0
    e = -1 / (sign + n[2])
    f = n[0] * n[1] * e
    c, s = wide * math.cos(turn), wide * math.sin(turn)
    out[0] = c * (1 + sign * n[0] * n[0] * e) + s * f + up * n[0]
    out[1] = c * sign * f + s * (sign + n[1] * n[1] * e) + up * n[1]
    out[2] = -c * sign * n[0] - s * n[1] + up * n[2]


@njit(cache=True)
def look_at(d, t, which, p, n, local, shapes, ground_look, terrain, patterns, pixel, n_local, albedo, o):
    """Point, normal and colour of a hit; the gloss and glow there."""
    surface(o, d, t, which, shapes, terrain, p, n, local)
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    if which == TERRAIN:
        looks, i = ground_look, 0
        for k in range(3):
            n_local[k] = n[k]
    else:
        looks, i = shapes[6], which
        turn = shapes[4]
        for k in range(3):
            n_local[k] = n[0] * turn[i, 0, k] + n[1] * turn[i, 1, k] + n[2] * turn[i, 2, k]
    slant = abs(n[0] * d[0] + n[1] * d[1] + n[2] * d[2]) / length + 0.12
    here = paint(looks, i, n_local, local, pixel * t * length, slant, patterns, albedo)
    for k in range(3):
        albedo[k] = min(albedo[k], 0.95)
    relief = looks[i, 20]
    if relief > 0:
        # A bump: the pattern's slope tips the normal.
        scale, step = looks[i, 13] * 0.5, 1 / 128
        side = 0 if abs(n_local[0]) > 0.7 else (1 if abs(n_local[1]) > 0.7 else 2)
        moved = local.copy()
        other = np.zeros(3)
        u, v = (2, 1) if side == 0 else ((0, 2) if side == 1 else (0, 1))
        moved[u] += step / scale
        du = paint(looks, i, n_local, moved, pixel * t * length, slant, patterns, other) - here
        moved[u] -= step / scale
        moved[v] += step / scale
        dv = paint(looks, i, n_local, moved, pixel * t * length, slant, patterns, other) - here
        turn = shapes[4]
        for k in range(3):
            bend = (
                (turn[i, k, u] * du + turn[i, k, v] * dv)
                if which != TERRAIN
                else (du if k == u else (dv if k == v else 0.0))
            )
            n[k] -= relief * bend
        long = math.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2])
        for k in range(3):
            n[k] /= long
    return looks[i, 16], looks[i, 17]


@njit(cache=True)
def direct(p, n, lights, shapes, tree, patterns, masks, stack, terrain, o, d):
    """Light of lamps and sun that reaches a place; each has an extent, of which one point is tried."""
    grid, cell, tall = terrain
    r, g, b = 0.0, 0.0, 0.0
    for l in range(len(lights)):
        wobble = lights[l, 8]
        for k in range(3):
            d[k] = lights[l, 1 + k] + wobble * (np.random.random() - 0.5)
            o[k] = p[k] + n[k] * LIFT
        limit, fall = FAR, 1.0
        if lights[l, 0] > 0:
            for k in range(3):
                d[k] -= p[k]
            limit = 0.999
            fall = 1 / (0.3 + (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / (lights[l, 7] * lights[l, 7]))
        length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        facing = (d[0] * n[0] + d[1] * n[1] + d[2] * n[2]) / length
        if facing <= 0:
            continue
        _, which = nearest(o, d, limit, True, shapes, tree, patterns, masks, stack)
        if which >= 0:
            continue
        if tall > 0 and lights[l, 0] == 0:
            t, ground = cast(o, d, shapes, tree, patterns, masks, stack, terrain)
            if ground >= 0:
                continue
        r += lights[l, 4] * fall * facing
        g += lights[l, 5] * fall * facing
        b += lights[l, 6] * fall * facing
    return r, g, b


@njit(cache=True)
def gather(o, d, shapes, tree, lights, ground_look, terrain, patterns, masks, sky, fog, pixel, work, out, first):
    """Light along one ray. `first` gets what the smoothing needs of the first hit: colour, normal, depth."""
    stack, p, n, local, n_local, albedo, so, sd, view = work
    horizon, zenith, below = sky
    weight_r, weight_g, weight_b = 1.0, 1.0, 1.0
    out[:] = 0
    first[:] = 0
    seen = 0
    for bounce in range(BOUNCES + 2):
        t, which = cast(o, d, shapes, tree, patterns, masks, stack, terrain)
        length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        if fog[0] > 0 and seen == 0:
            clear = math.exp(-min(t * length, FAR) / fog[0])
            if which < 0:
                clear = 1 - 0.5 * (1 - clear)
            out[0] += weight_r * (1 - clear) * fog[1]
            out[1] += weight_g * (1 - clear) * fog[2]
            out[2] += weight_b * (1 - clear) * fog[3]
            weight_r, weight_g, weight_b = weight_r * clear, weight_g * clear, weight_b * clear
        if which < 0:
            r, g, b = sky_light(d, horizon, zenith, below)
            out[0] += weight_r * r
            out[1] += weight_g * g
            out[2] += weight_b * b
            if bounce == 0:
                first[0], first[1], first[2], first[6] = 1.0, 1.0, 1.0, FAR
            return
        gloss, glow = look_at(
            d, t, which, p, n, local, shapes, ground_look, terrain, patterns, pixel, n_local, albedo, o
        )
        if bounce == 0:
            for k in range(3):
                first[k], first[3 + k] = albedo[k], n[k]
            first[6] = t
        if glow > 0:
            out[0] += weight_r * albedo[0] * glow * 2
            out[1] += weight_g * albedo[1] * glow * 2
            out[2] += weight_b * albedo[2] * glow * 2
            return
        for k in range(3):
            view[k] = d[k] / length
        facing = -(view[0] * n[0] + view[1] * n[1] + view[2] * n[2])
        shine = gloss * (0.05 + 0.95 * (1 - min(max(facing, 0.0), 1.0)) ** 5)
        if gloss > 0 and seen == 0 and np.random.random() < shine:
            # A mirror's image, a little rough where the gloss is weak.
            rough = 0.15 * (1 - gloss)
            for k in range(3):
                o[k] = p[k] + n[k] * LIFT
                d[k] = view[k] + 2 * facing * n[k] + rough * (np.random.random() - 0.5)
            continue
        r, g, b = direct(p, n, lights, shapes, tree, patterns, masks, stack, terrain, so, sd)
        weight_r, weight_g, weight_b = weight_r * albedo[0], weight_g * albedo[1], weight_b * albedo[2]
        out[0] += weight_r * r
        out[1] += weight_g * g
        out[2] += weight_b * b
        seen += 1
        if seen > BOUNCES:
            return
        for k in range(3):
            o[k] = p[k] + n[k] * LIFT
        across(n, 0.0, np.random.random(), math.sqrt(1 - np.random.random()), d)


@njit(cache=True, parallel=True)
def trace(width, height, samples, seed, camera, shapes, tree, lights, ground_look, terrain, patterns, masks, sky, fog):
    """Linear light, and colour, normal and depth for the smoothing."""
    position, turn, tangent, aperture, focus = camera
    picture = np.zeros((height, width, 3))
    guide = np.zeros((height, width, 7))
    pixel = 2 * tangent / width
    for y in prange(height):
        np.random.seed(seed * 100003 + y)
        stack = np.zeros(256, np.int64)
        work = (
            stack,
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
        )
        o, d, out, first = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(7)
        side = max(int(math.sqrt(samples)), 1)
        for x in range(width):
            for s in range(side * side):
                cx = ((x + (s % side + np.random.random()) / side) - width / 2) * pixel
                cy = (height / 2 - (y + (s // side + np.random.random()) / side)) * pixel
                r, a = aperture * math.sqrt(np.random.random()), 2 * math.pi * np.random.random()
                lx, ly = r * math.cos(a), r * math.sin(a)
                cx, cy = cx - lx / focus, cy - ly / focus
                for k in range(3):
                    d[k] = turn[k, 0] * cx + turn[k, 1] * cy + turn[k, 2]
                    o[k] = position[k] + turn[k, 0] * lx + turn[k, 1] * ly
                gather(
                    o,
                    d,
                    shapes,
                    tree,
                    lights,
                    ground_look,
                    terrain,
                    patterns,
                    masks,
                    sky,
                    fog,
                    pixel / side,
                    work,
                    out,
                    first,
                )
                for k in range(3):
                    # One lucky ray must not become a white dot.
                    picture[y, x, k] += min(out[k], 6.0) / (side * side)
                for k in range(7):
                    guide[y, x, k] += first[k] / (side * side)
    return picture, guide


@njit(cache=True, parallel=True)
def smooth_pass(light, guide, step):
    height, width, _ = light.shape
    out = np.zeros_like(light)
    weights = (0.375, 0.25, 0.0625)
    for y in prange(height):
        for x in range(width):
            total, r, g, b = 0.0, 0.0, 0.0, 0.0
            here = light[y, x, 0] + light[y, x, 1] + light[y, x, 2] + 0.05
            for j in range(-2, 3):
                for i in range(-2, 3):
                    v, u = y + j * step, x + i * step
                    if v < 0 or u < 0 or v >= height or u >= width:
                        continue
                    colour, normal = 0.0, 0.0
                    for k in range(3):
                        colour += abs(guide[y, x, k] - guide[v, u, k])
                        normal += abs(guide[y, x, 3 + k] - guide[v, u, 3 + k])
                    depth = abs(guide[y, x, 6] - guide[v, u, 6]) / guide[y, x, 6]
                    tone = abs(math.log((light[v, u, 0] + light[v, u, 1] + light[v, u, 2] + 0.05) / here))
                    unlike = (
                        colour / COLOUR_GAP
                        + normal / NORMAL_GAP
                        + depth / (DEPTH_GAP * (1 + 0.3 * step))
                        + tone / TONE_GAP * math.sqrt(step)
                    )
                    w = weights[abs(i)] * weights[abs(j)] * math.exp(-unlike)
                    total += w
                    r += w * light[v, u, 0]
                    g += w * light[v, u, 1]
                    b += w * light[v, u, 2]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / total, g / total, b / total
    return out


def smooth(picture, guide):
    """Light without its noise: what falls on the surfaces is smoothed, their colours stay."""
    colour = guide[..., :3] + 0.02
    light = picture / colour
    for step in range(PASSES):
        light = smooth_pass(light, guide, 2**step)
    return light * colour
