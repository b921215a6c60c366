"""Casts rays at shapes. Metres; y is up; a camera looks along its own z.

A ray's direction has a forward part of one, so the number of directions to a hit is its depth along the camera's axis, exactly.
Shapes live in a cube or ball of half size 1 that `half`, `turn` and `centre` bring into the world. Everything here is plain
numbers for numba; `scenes.py` has the vocabulary.
"""

import math

import numpy as np
from numba import njit

from textures import MASK_SIDE, SIDE, level_starts

PLANE, BOX, ROOM, ELLIPSOID, CYLINDER, CUTOUT = range(6)
TERRAIN = 1_000_000
STARTS = level_starts()
LEVELS = len(STARTS)
FAR = 400.0
# No nnan or ninf: rays that miss are at infinity.
fast = njit(fastmath={"contract", "arcp", "afn", "nsz", "reassoc"}, error_model="numpy", cache=True)


@fast
def sample(patterns, index, u, v, footprint):
    """A pattern's value where it repeats every 1 of u and v; `footprint` is how much of it a pixel covers."""
    level = min(max(int(math.log2(max(footprint * SIDE, 1e-6)) + 0.8), 0), LEVELS - 1)
    side = SIDE >> level
    u, v = u * side, v * side
    fu, fv = math.floor(u), math.floor(v)
    a, b = u - fu, v - fv
    i, j = int(fu) & (side - 1), int(fv) & (side - 1)
    i1, j1 = (i + 1) & (side - 1), (j + 1) & (side - 1)
    row, below = STARTS[level] + j * side, STARTS[level] + j1 * side
    top = patterns[index, row + i] * (1 - a) + patterns[index, row + i1] * a
    low = patterns[index, below + i] * (1 - a) + patterns[index, below + i1] * a
    return top * (1 - b) + low * b


@fast
def inside_mask(masks, index, x, y):
    u, v = (x + 1) * 0.5 * (MASK_SIDE - 1), (1 - y) * 0.5 * (MASK_SIDE - 1)
    i, j = min(max(int(u), 0), MASK_SIDE - 2), min(max(int(v), 0), MASK_SIDE - 2)
    a, b = u - i, v - j
    top = masks[index, j, i] * (1 - a) + masks[index, j, i + 1] * a
    low = masks[index, j + 1, i] * (1 - a) + masks[index, j + 1, i + 1] * a
    return top * (1 - b) + low * b > 0


# Rows are read number by number: a slice of an array costs numba more than a whole intersection.
TAPER, HOLE, PATTERN, SCALE = 12, 13, 14, 15


@fast
def pierced(i, x, y, z, form, patterns):
    """Whether a leafy shape has a hole at a point of it, in metres along its axes."""
    s = form[i, SCALE] * 0.25
    return sample(patterns, int(form[i, PATTERN]), x * s + z * s * 0.7, y * s + z * s * 0.3, 0.001) < form[i, HOLE]


@fast
def hit(i, ox, oy, oz, dx, dy, dz, kinds, form, mask_of, half, patterns, masks):
    """The nearest number of directions from the origin to shape `i`, infinite where it is missed."""
    kind = kinds[i]
    ex, ey, ez = ox - form[i, 9], oy - form[i, 10], oz - form[i, 11]
    px = ex * form[i, 0] + ey * form[i, 1] + ez * form[i, 2]
    py = ex * form[i, 3] + ey * form[i, 4] + ez * form[i, 5]
    pz = ex * form[i, 6] + ey * form[i, 7] + ez * form[i, 8]
    qx = dx * form[i, 0] + dy * form[i, 1] + dz * form[i, 2]
    qy = dx * form[i, 3] + dy * form[i, 4] + dz * form[i, 5]
    qz = dx * form[i, 6] + dy * form[i, 7] + dz * form[i, 8]
    least = 1e-4
    t = np.inf
    if kind == PLANE:
        if qy != 0:
            t = -py / qy
        return t if t > least else np.inf
    if kind == CUTOUT:
        if qz != 0:
            t = -pz / qz
        if not t > least or t == np.inf:
            return np.inf
        x, y = px + t * qx, py + t * qy
        if abs(x) > 1 or abs(y) > 1 or (mask_of[i] >= 0 and not inside_mask(masks, mask_of[i], x, y)):
            return np.inf
        return t
    if kind == BOX or kind == ROOM:
        ax, bx = (-1 - px) / qx, (1 - px) / qx
        ay, by = (-1 - py) / qy, (1 - py) / qy
        az, bz = (-1 - pz) / qz, (1 - pz) / qz
        enter = max(min(ax, bx), min(ay, by), min(az, bz))
        leave = min(max(ax, bx), max(ay, by), max(az, bz))
        if not leave >= enter:
            return np.inf
        t = leave if kind == ROOM else enter
    elif kind == ELLIPSOID:
        a = qx * qx + qy * qy + qz * qz
        b = px * qx + py * qy + pz * qz
        c = px * px + py * py + pz * pz - 1
        root = b * b - a * c
        if root <= 0:
            return np.inf
        t = (-b - math.sqrt(root)) / a
    else:
        # The radius at height y is 1 - taper * (y + 1) / 2.
        taper = form[i, TAPER]
        k = taper / 2
        ro, rd = 1 - k - k * py, -k * qy
        a = qx * qx + qz * qz - rd * rd
        b = px * qx + pz * qz - ro * rd
        c = px * px + pz * pz - ro * ro
        root = b * b - a * c
        if root > 0 and a != 0:
            near = (-b - math.sqrt(root)) / a
            if near > least and abs(py + near * qy) <= 1:
                t = near
        for end in (-1.0, 1.0):
            if qy != 0:
                cap = (end - py) / qy
                x, z = px + cap * qx, pz + cap * qz
                radius = 1.0 if end < 0 else 1 - taper
                if least < cap < t and x * x + z * z <= radius * radius:
                    t = cap
    if not t > least or t == np.inf:
        return np.inf
    if form[i, HOLE] > 0 and pierced(
        i, (px + t * qx) * half[i, 0], (py + t * qy) * half[i, 1], (pz + t * qz) * half[i, 2], form, patterns
    ):
        return np.inf
    return t


@fast
def misses_box(boxes, node, ox, oy, oz, ix, iy, iz, limit):
    a, b = (boxes[node, 0] - ox) * ix, (boxes[node, 3] - ox) * ix
    enter, leave = max(min(a, b), 0.0), min(max(a, b), limit)
    a, b = (boxes[node, 1] - oy) * iy, (boxes[node, 4] - oy) * iy
    enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    a, b = (boxes[node, 2] - oz) * iz, (boxes[node, 5] - oz) * iz
    return max(enter, min(a, b)) > min(leave, max(a, b))


@fast
def nearest(o, d, limit, any_hit, shapes, tree, patterns, masks, stack):
    """The nearest hit before `limit`, or the first one found when `any_hit`, for which lamps are not in the way."""
    boxes, child, first, count, order, open_shapes = tree
    kinds, form, mask_of, _, _, half, looks = shapes
    ox, oy, oz, dx, dy, dz = o[0], o[1], o[2], d[0], d[1], d[2]
    best, which = limit, -1
    for place in range(len(open_shapes)):
        i = open_shapes[place]
        t = hit(i, ox, oy, oz, dx, dy, dz, kinds, form, mask_of, half, patterns, masks)
        if t < best:
            best, which = t, i
            if any_hit:
                return best, which
    ix, iy, iz = 1 / dx if dx != 0 else 1e30, 1 / dy if dy != 0 else 1e30, 1 / dz if dz != 0 else 1e30
    top = 0
    if len(boxes):
        stack[0] = 0
        top = 1
    while top:
        top -= 1
        node = stack[top]
        if misses_box(boxes, node, ox, oy, oz, ix, iy, iz, best):
            continue
        if count[node]:
            for place in range(first[node], first[node] + count[node]):
                i = order[place]
                if any_hit and looks[i, 17] > 0:
                    continue
                t = hit(i, ox, oy, oz, dx, dy, dz, kinds, form, mask_of, half, patterns, masks)
                if t < best:
                    best, which = t, i
                    if any_hit:
                        return best, which
        else:
            # What lies first on the ray's way is looked at first: `first` holds the axis that parts the halves.
            axis = first[node]
            back = 1 if (dx if axis == 0 else dy if axis == 1 else dz) > 0 else 0
            stack[top], stack[top + 1] = child[node] + back, child[node] + 1 - back
            top += 2
    return best, which


@fast
def height(x, z, grid, cell, tall):
    n = len(grid)
    u, v = x / cell, z / cell
    fu, fv = math.floor(u), math.floor(v)
    a, b = u - fu, v - fv
    i, j = int(fu) % n, int(fv) % n
    i1, j1 = (i + 1) % n, (j + 1) % n
    low = grid[i, j] * (1 - a) + grid[i1, j] * a
    return tall * (low * (1 - b) + (grid[i, j1] * (1 - a) + grid[i1, j1] * a) * b)


@fast
def march(o, d, limit, grid, cell, tall):
    """Where a ray goes under the ground: steps that grow, then halving."""
    before, t = 0.3, 0.3
    if o[1] + d[1] * t < height(o[0] + d[0] * t, o[2] + d[2] * t, grid, cell, tall):
        return t
    while t < limit:
        t = before * 1.06 + 0.05
        if o[1] + d[1] * t < height(o[0] + d[0] * t, o[2] + d[2] * t, grid, cell, tall):
            for _ in range(12):
                middle = (before + t) / 2
                if o[1] + d[1] * middle < height(o[0] + d[0] * middle, o[2] + d[2] * middle, grid, cell, tall):
                    t = middle
                else:
                    before = middle
            return t if t < limit else np.inf
        before = t
    return np.inf


@fast
def chance(a, b, c):
    """A number from 0 to 1 that looks random and depends on its arguments alone."""
    h = np.uint32(a) * np.uint32(374761393) + np.uint32(b) * np.uint32(668265263) + np.uint32(c) * np.uint32(2246822519)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(2654435769)
    return np.float64((h ^ (h >> np.uint32(15))) & np.uint32(0xFFFFFF)) / 16777216.0


@fast
def normal_at(i, p, d, shapes, out, local):
    """The surface's direction towards the viewer at `p`; `local` gets the point in metres along the shape's own axes."""
    kinds, form, _, centre, turn, half, _ = shapes
    kind, taper = kinds[i], form[i, TAPER]
    hx, hy, hz = half[i, 0], half[i, 1], half[i, 2]
    ex, ey, ez = p[0] - centre[i, 0], p[1] - centre[i, 1], p[2] - centre[i, 2]
    for k in range(3):
        local[k] = ex * turn[i, 0, k] + ey * turn[i, 1, k] + ez * turn[i, 2, k]
    x, y, z = local[0] / hx, local[1] / hy, local[2] / hz
    nx, ny, nz = 0.0, 0.0, 0.0
    if kind == PLANE:
        ny = 1.0
    elif kind == CUTOUT:
        # Boards are shaded as if they bulged.
        nx, ny, nz = 0.5 * x, 0.5 * y, 1.0
    elif kind == BOX or kind == ROOM:
        if abs(x) > abs(y) and abs(x) > abs(z):
            nx = math.copysign(1.0, x)
        elif abs(y) > abs(z):
            ny = math.copysign(1.0, y)
        else:
            nz = math.copysign(1.0, z)
    elif kind == ELLIPSOID:
        nx, ny, nz = x / hx, y / hy, z / hz
    elif abs(y) > 0.999:
        ny = math.copysign(1.0, y)
    else:
        nx, ny, nz = x / hx, taper / 2 * (1 - taper * (y + 1) / 2) / hy, z / hz
    length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    for k in range(3):
        out[k] = (nx * turn[i, k, 0] + ny * turn[i, k, 1] + nz * turn[i, k, 2]) / length
    if out[0] * d[0] + out[1] * d[1] + out[2] * d[2] > 0:
        for k in range(3):
            out[k] = -out[k]


@fast
def paint(looks, i, n_local, local, pixel, slant, patterns, colour):
    """The surface's own colour: two patterns at two sizes, and fine grain."""
    ax, ay, az = abs(n_local[0]), abs(n_local[1]), abs(n_local[2])
    if ax > ay and ax > az:
        u, v = local[2], local[1]
    elif ay > az:
        u, v = local[0], local[2]
    else:
        u, v = local[0], local[1]
    if looks[i, 15] > 0:
        u, v = v, u
    scale = looks[i, 13] * 0.5
    cover = pixel * scale / math.sqrt(slant)
    main = sample(patterns, int(looks[i, 9]), u * scale, v * scale, cover)
    broad = sample(patterns, int(looks[i, 10]), u * scale * 0.23 + 0.3, v * scale * 0.23, cover * 0.23)
    fine = sample(patterns, int(looks[i, 11]), u * scale * 5.3, v * scale * 5.3 + 0.4, cover * 5.3)
    amount = looks[i, 12]
    k = min(max((main * 0.7 + broad * 0.5 - 0.1) * amount + (1 - amount) * 0.3, 0.0), 1.0)
    m = min(max((broad - 0.35) * 2, 0.0), 1.0) * looks[i, 18]
    grain = 1 + (fine - 0.5) * looks[i, 19]
    for c in range(3):
        base = looks[i, c] * (1 - k) + looks[i, 3 + c] * k
        colour[c] = max((base * (1 - m) + looks[i, 6 + c] * m) * grain, 0.0)
    return main


@fast
def openness(p, n, reach, shapes, tree, patterns, masks, work, a, b):
    """How far a ray over the hemisphere around `n` goes, as a share of `reach`; `a` and `b` choose the ray."""
    stack, o, d, _ = work
    up, wide, turn = math.sqrt(1 - a), math.sqrt(a), 2 * math.pi * b
    # Two directions across n.
    sign = 1.0 if n[2] >= 0 else -1.0
    e = -1 / (sign + n[2])
    f = n[0] * n[1] * e
    c, s = wide * math.cos(turn), wide * math.sin(turn)
    d[0] = c * (1 + sign * n[0] * n[0] * e) + s * f + up * n[0]
    d[1] = c * sign * f + s * (sign + n[1] * n[1] * e) + up * n[1]
    d[2] = -c * sign * n[0] - s * n[1] + up * n[2]
    for k in range(3):
        o[k] = p[k] + n[k] * 0.004
    t, _ = nearest(o, d, reach, False, shapes, tree, patterns, masks, stack)
    return t / reach


@fast
def light_up(
    p,
    n,
    view,
    gloss,
    opened,
    colour,
    lights,
    ambient,
    shapes,
    tree,
    patterns,
    masks,
    work,
    pixel_x,
    pixel_y,
    seed,
    terrain,
):
    """Ambient light as far as the place is open, then lamps and sun with shadows, on `colour` in place."""
    stack, o, d, total = work
    grid, cell, tall = terrain
    for k in range(3):
        o[k] = p[k] + n[k] * 0.004
    lift = 0.5 + 0.5 * n[1]
    for c in range(3):
        total[c] = (ambient[c] * lift + ambient[3 + c] * (1 - lift)) * (1 - ambient[7] * (1 - opened))
    for l in range(len(lights)):
        limit = 1.0
        fall = 1.0
        wobble = lights[l, 8]
        for k in range(3):
            d[k] = lights[l, 1 + k] + wobble * (chance(pixel_x, pixel_y, seed + 3 + l * 3 + k) - 0.5)
        if lights[l, 0] > 0:
            for k in range(3):
                d[k] -= p[k]
            square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
            fall = 1 / (0.3 + square / (lights[l, 7] * lights[l, 7]))
        else:
            limit = 300.0
            square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
        length = math.sqrt(square) + 1e-9
        facing = (d[0] * n[0] + d[1] * n[1] + d[2] * n[2]) / length
        if facing <= 0:
            continue
        which = -1
        if l < 2:
            _, which = nearest(o, d, limit, True, shapes, tree, patterns, masks, stack)
        if which >= 0:
            facing *= lights[l, 9]
        elif tall > 0 and lights[l, 0] == 0 and march(o, d, 60.0, grid, cell, tall) < np.inf:
            facing *= lights[l, 9]
        shine = 0.0
        if gloss > 0 and which < 0:
            hx, hy, hz = d[0] / length - view[0], d[1] / length - view[1], d[2] / length - view[2]
            h = (hx * n[0] + hy * n[1] + hz * n[2]) / (math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
            shine = gloss * 2 * max(h, 0.0) ** 30
        for c in range(3):
            total[c] += lights[l, 4 + c] * fall * facing + lights[l, 4 + c] * fall * shine
    for c in range(3):
        colour[c] *= total[c]


@fast
def cast(o, d, shapes, tree, patterns, masks, stack, terrain):
    grid, cell, tall = terrain
    t, which = nearest(o, d, FAR, False, shapes, tree, patterns, masks, stack)
    if tall > 0:
        ground = march(o, d, min(t, 250.0), grid, cell, tall)
        if ground < t:
            return ground, TERRAIN
    return t, which


@fast
def surface(o, d, t, which, shapes, terrain, p, n, local):
    """The point of a hit, the surface's direction there, and the point along the shape's own axes."""
    grid, cell, tall = terrain
    for k in range(3):
        p[k] = o[k] + d[k] * t
    if which == TERRAIN:
        e = 0.3
        n[0] = height(p[0] - e, p[2], grid, cell, tall) - height(p[0] + e, p[2], grid, cell, tall)
        n[1] = 2 * e
        n[2] = height(p[0], p[2] - e, grid, cell, tall) - height(p[0], p[2] + e, grid, cell, tall)
        long = math.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2])
        for k in range(3):
            n[k] /= long
            local[k] = p[k]
    else:
        normal_at(which, p, d, shapes, n, local)


@fast
def shade(
    o,
    d,
    t,
    which,
    opened,
    shapes,
    tree,
    lights,
    ambient,
    ground_look,
    terrain,
    patterns,
    masks,
    work,
    px,
    py,
    seed,
    pixel,
    out,
):
    p, n, local, n_local, view = work[4], work[5], work[6], work[7], work[8]
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    for k in range(3):
        view[k] = d[k] / length
    surface(o, d, t, which, shapes, terrain, p, n, local)
    if which == TERRAIN:
        looks, i = ground_look, 0
        for k in range(3):
            n_local[k] = n[k]
    else:
        looks, i = shapes[6], which
        turn = shapes[4]
        for k in range(3):
            n_local[k] = n[0] * turn[i, 0, k] + n[1] * turn[i, 1, k] + n[2] * turn[i, 2, k]
    slant = abs(n[0] * view[0] + n[1] * view[1] + n[2] * view[2]) + 0.12
    here = paint(looks, i, n_local, local, pixel * t, slant, patterns, out)
    if looks[i, 20] > 0:
        # Relief: the pattern's own slope, roughly, from one more look beside.
        scale = looks[i, 13] * 0.5
        u, v = (
            (local[2], local[1])
            if abs(n_local[0]) > 0.7
            else ((local[0], local[2]) if abs(n_local[1]) > 0.7 else (local[0], local[1]))
        )
        if looks[i, 15] > 0:
            u, v = v, u
        cover = pixel * t * scale / math.sqrt(slant)
        step = max(cover, 1 / SIDE)
        du = sample(patterns, int(looks[i, 9]), u * scale + step, v * scale, cover) - here
        dv = sample(patterns, int(looks[i, 9]), u * scale, v * scale + step, cover) - here
        bend = looks[i, 20]
        n[0], n[1], n[2] = n[0] - bend * du, n[1] + bend * dv * 0.5, n[2] - bend * dv
        long = math.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + 1e-9
        for k in range(3):
            n[k] /= long
    glow = looks[i, 17]
    r, g, b = out[0], out[1], out[2]
    if glow < 1:
        light_up(
            p,
            n,
            view,
            looks[i, 16],
            opened,
            out,
            lights,
            ambient,
            shapes,
            tree,
            patterns,
            masks,
            work[:4],
            px,
            py,
            seed,
            terrain,
        )
    if looks[i, 16] > 0 and which != TERRAIN:
        # What shines shows some of the sky, most at a slant.
        edge = looks[i, 16] * (1 - min(slant, 1.0)) ** 3
        for c in range(3):
            out[c] = out[c] * (1 - edge) + edge * ambient[c] * 1.3
    if glow > 0:
        out[0] = out[0] * (1 - glow) + r * glow * 1.6
        out[1] = out[1] * (1 - glow) + g * glow * 1.6
        out[2] = out[2] * (1 - glow) + b * glow * 1.6


@fast
def trace(
    side, origin, turn, tangent, shapes, tree, lights, ambient, ground_look, terrain, patterns, masks, sky, fog, seed
):
    """Linear colour and depth of every pixel; depth is that of the ray through the pixel's middle, infinite in the sky."""
    depth = np.full((side, side), np.inf)
    shape = np.full((side, side), -1)
    opened = np.ones((side, side))
    picture = sky.copy()
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
    d, out = np.zeros(3), np.zeros(3)
    pixel = 2 * tangent / side
    for y in range(side):
        for x in range(side):
            cx, cy = ((x + 0.5) * 2 / side - 1) * tangent, (1 - (y + 0.5) * 2 / side) * tangent
            for k in range(3):
                d[k] = turn[k, 0] * cx + turn[k, 1] * cy + turn[k, 2]
            t, which = cast(origin, d, shapes, tree, patterns, masks, stack, terrain)
            if which >= 0:
                depth[y, x], shape[y, x] = t, which
                # Neighbours share what they see of their surroundings.
                if (x + y) % 2 == 0:
                    surface(origin, d, t, which, shapes, terrain, work[4], work[5], work[6])
                    a, b = chance(x, y, seed), chance(x, y, seed + 1)
                    opened[y, x] = openness(work[4], work[5], ambient[6], shapes, tree, patterns, masks, work[:4], a, b)
    for y in range(side):
        for x in range(side):
            # Borders between shapes get four rays, the inside of a shape one.
            here = shape[y, x]
            border = shape[max(y - 1, 0), x] != here or shape[min(y + 1, side - 1), x] != here
            border = border or shape[y, max(x - 1, 0)] != here or shape[y, min(x + 1, side - 1)] != here
            if here < 0 and not border and fog[0] <= 0:
                continue
            rays = 4 if border else 1
            total, around = 0.7, 1
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    v, u = min(max(y + dy, 0), side - 1), min(max(x + dx, 0), side - 1)
                    if shape[v, u] == here and (u + v) % 2 == 0:
                        total += opened[v, u]
                        around += 1
            red, green, blue = 0.0, 0.0, 0.0
            for s in range(rays):
                ox, oy = 0.0, 0.0
                if border:
                    ox, oy = (s % 2) * 0.5 - 0.25, (s // 2) * 0.5 - 0.25
                cx, cy = ((x + 0.5 + ox) * 2 / side - 1) * tangent, (1 - (y + 0.5 + oy) * 2 / side) * tangent
                for k in range(3):
                    d[k] = turn[k, 0] * cx + turn[k, 1] * cy + turn[k, 2]
                if border:
                    t, which = cast(origin, d, shapes, tree, patterns, masks, stack, terrain)
                else:
                    t, which = depth[y, x], here
                if which >= 0:
                    shade(origin, d, t, which, total / around, shapes, tree, lights, ambient, ground_look, terrain, patterns, masks, work, x, y, seed + 40 * s, pixel, out)  # fmt: skip
                else:
                    t = FAR
                    out[0], out[1], out[2] = sky[y, x, 0], sky[y, x, 1], sky[y, x, 2]
                clear = math.exp(-min(t, FAR) / fog[0]) if fog[0] > 0 else 1.0
                if which < 0:
                    clear = 1 - (1 - clear) * 0.5
                red += out[0] * clear + fog[1] * (1 - clear)
                green += out[1] * clear + fog[2] * (1 - clear)
                blue += out[2] * clear + fog[3] * (1 - clear)
            picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = red / rays, green / rays, blue / rays
    return picture, depth, shape


def build_tree(lo, hi):
    """A binary tree of boxes: halves of the shapes along the widest side of their middles. Leaves hold up to three."""
    order = np.arange(len(lo))
    middle = (lo + hi) / 2
    box_lo, box_hi, child, first, count = [], [], [], [], []
    if not len(lo):
        return np.zeros((0, 6)), *(np.zeros(0, np.int64) for _ in range(3)), order
    todo = [(0, 0, len(lo))]
    for store in (child, first, count):
        store.append(0)
    box_lo.append(None)
    box_hi.append(None)
    while todo:
        node, start, stop = todo.pop()
        held = order[start:stop]
        box_lo[node], box_hi[node] = lo[held].min(0), hi[held].max(0)
        if stop - start <= 3:
            first[node], count[node] = start, stop - start
            continue
        axis = int(np.ptp(middle[held], axis=0).argmax())
        order[start:stop] = held[np.argsort(middle[held, axis], kind="stable")]
        half = (start + stop) // 2
        child[node], first[node] = len(child), axis
        for a, b in ((start, half), (half, stop)):
            todo.append((len(child), a, b))
            for store in (child, first, count):
                store.append(0)
            box_lo.append(None)
            box_hi.append(None)
    numbers = (np.array(store, np.int64) for store in (child, first, count))
    return np.concatenate([box_lo, box_hi], 1), *numbers, order
