"""The loops of `render.py`, compiled by numba: the surfaces that rays hit, their colours and their light."""

import math

import numpy as np

from raycast import FAR, SIDE, fast, paint, sample


@fast
def mean_directions(points, faces, smooth):
    """The normal at each point: the mean normal of its smooth faces, of unit length."""
    sums = np.zeros(points.shape)
    for i in range(len(faces)):
        if not smooth[i]:
            continue
        a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            sums[k, 0] += nx
            sums[k, 1] += ny
            sums[k, 2] += nz
    for k in range(len(sums)):
        long = math.sqrt(sums[k, 0] ** 2 + sums[k, 1] ** 2 + sums[k, 2] ** 2) + 1e-30
        for c in range(3):
            sums[k, c] /= long
    return sums


@fast
def bent(weights, corners, normals, flat, out):
    """Writes the normal between those of three corners into `out`; at a sharp edge a corner has the face's own, `flat`."""
    for c in range(3):
        out[c] = 0.0
    for k in range(3):
        i = corners[k]
        along = normals[i, 0] * flat[0] + normals[i, 1] * flat[1] + normals[i, 2] * flat[2]
        for c in range(3):
            out[c] += weights[k] * (flat[c] if abs(along) < 0.55 else normals[i, c] * (1.0 if along > 0 else -1.0))
    long = math.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2) + 1e-30
    for c in range(3):
        out[c] /= long


@fast
def face_direction(points, corners, out):
    """Writes a face's normal, of unit length, into `out`; returns twice the face's area."""
    a, b, c = corners[0], corners[1], corners[2]
    ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
    vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
    out[0], out[1], out[2] = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    long = math.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2) + 1e-30
    for k in range(3):
        out[k] /= long
    return long


@fast
def surfaces(origins, directions, hits, about, table):
    """What every ray hits: the exact distance; the normal; the place and the normal in the mesh's own frame, which
    patterns follow; and the place where rays that leave the surface begin. `about` is Embree's distance."""
    points, faces, normals, local, local_normals, smooth = table
    count = len(hits)
    t, n = np.full(count, np.inf), np.zeros((count, 3))
    made, made_n, leave = np.zeros((count, 3)), np.zeros((count, 3)), np.zeros((count, 3))
    weights, flat, p, s = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    for i in range(count):
        if hits[i] < 0:
            continue
        corners = faces[hits[i]]
        a, b, c = corners[0], corners[1], corners[2]
        area = face_direction(points, corners, flat)
        o, d = origins[i], directions[i]
        towards = flat[0] * d[0] + flat[1] * d[1] + flat[2] * d[2]
        far = 0.0
        for k in range(3):
            far += (points[a, k] - o[k]) * flat[k]
        t[i] = far / (towards if abs(towards) > 1e-12 else 1e-12)
        if not abs(t[i] - about[i]) < 1e-3 * about[i] + 1e-5:
            t[i] = about[i]
        # The share of each corner: the part of the face that lies across from it.
        for k in range(3):
            p[k] = o[k] + t[i] * d[k]
        for corner in range(2):
            e, f = (b, c) if corner == 0 else (c, a)
            ux, uy, uz = points[e, 0] - p[0], points[e, 1] - p[1], points[e, 2] - p[2]
            vx, vy, vz = points[f, 0] - p[0], points[f, 1] - p[1], points[f, 2] - p[2]
            piece = (uy * vz - uz * vy) * flat[0] + (uz * vx - ux * vz) * flat[1] + (ux * vy - uy * vx) * flat[2]
            weights[corner] = min(max(piece / area, 0.0), 1.0)
        weights[2] = max(1 - weights[0] - weights[1], 0.0)
        for k in range(3):
            made[i, k] = weights[0] * local[a, k] + weights[1] * local[b, k] + weights[2] * local[c, k]
        face_direction(local, corners, made_n[i])
        side = -1.0 if towards > 0 else 1.0
        length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        lift = 1e-4 + 2e-4 * t[i] * length
        if smooth[hits[i]]:
            for k in range(3):
                s[k] = made_n[i, k]
            bent(weights, corners, local_normals, s, made_n[i])
            bent(weights, corners, normals, flat, n[i])
            # Rays leave from above the face, where the surface would be if it were as round as its normals.
            for k in range(3):
                leave[i, k] = p[k]
            for corner in range(3):
                v = corners[corner]
                along = normals[v, 0] * flat[0] + normals[v, 1] * flat[1] + normals[v, 2] * flat[2]
                if abs(along) < 0.55:
                    continue
                sign = side if along > 0 else -side
                below = 0.0
                for k in range(3):
                    below += (p[k] - points[v, k]) * normals[v, k] * sign
                if below < 0:
                    for k in range(3):
                        leave[i, k] -= weights[corner] * below * normals[v, k] * sign
        else:
            for k in range(3):
                n[i, k], leave[i, k] = flat[k], p[k]
        for k in range(3):
            n[i, k] *= side
            leave[i, k] += lift * flat[k] * side
        # Normals always point towards the origin of the ray.
        facing = (n[i, 0] * d[0] + n[i, 1] * d[1] + n[i, 2] * d[2]) / length
        if facing > -0.02:
            for k in range(3):
                n[i, k] -= (facing + 0.02) * d[k] / length
    return t, n, made, made_n, leave


@fast
def relieved(looks, i, place, direction, n, here, cover, corners, table, patterns):
    """Bends `n` by the slope of the surface's main pattern."""
    points, local = table[0], table[3]
    ax, ay, az = abs(direction[0]), abs(direction[1]), abs(direction[2])
    first, second = (2, 1) if ax > ay and ax > az else ((0, 2) if ay > az else (0, 1))
    if looks[i, 15] > 0:
        first, second = second, first
    scale = looks[i, 13] * 0.5
    u, v, step = place[first] * scale, place[second] * scale, max(cover, 1 / SIDE)
    du = sample(patterns, int(looks[i, 9]), u + step, v, cover) - here
    dv = sample(patterns, int(looks[i, 9]), u, v + step, cover) - here
    # The face's two edges in the mesh's own frame and in the world tell where the pattern's axes point.
    a, b, c = corners[0], corners[1], corners[2]
    eu, ev = local[b, first] - local[a, first], local[b, second] - local[a, second]
    fu, fv = local[c, first] - local[a, first], local[c, second] - local[a, second]
    area = eu * fv - ev * fu
    if abs(area) < 1e-14:
        return
    for axis in range(2):
        p, q = (fv / area, -ev / area) if axis == 0 else (-fu / area, eu / area)
        x = p * (points[b, 0] - points[a, 0]) + q * (points[c, 0] - points[a, 0])
        y = p * (points[b, 1] - points[a, 1]) + q * (points[c, 1] - points[a, 1])
        z = p * (points[b, 2] - points[a, 2]) + q * (points[c, 2] - points[a, 2])
        long = math.sqrt(x * x + y * y + z * z) + 1e-12
        bend = looks[i, 20] * (du if axis == 0 else dv) / long
        n[0], n[1], n[2] = n[0] - bend * x, n[1] - bend * y, n[2] - bend * z
    long = math.sqrt(n[0] ** 2 + n[1] ** 2 + n[2] ** 2) + 1e-12
    for k in range(3):
        n[k] /= long


@fast
def painted(directions, hits, found, travelled, pixel, material, looks, table, patterns):
    """The surfaces' own colours. Relief bends the normals in place."""
    t, n, made, made_n, _ = found
    colours = np.zeros((len(hits), 3))
    for i in range(len(hits)):
        if hits[i] < 0:
            continue
        m, d = material[hits[i]], directions[i]
        length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        slant = abs(n[i, 0] * d[0] + n[i, 1] * d[1] + n[i, 2] * d[2]) / length + 0.12
        across = pixel * (t[i] + travelled[i])
        here = paint(looks, m, made_n[i], made[i], across, slant, patterns, colours[i])
        if looks[m, 20] > 0:
            cover = across * looks[m, 13] * 0.5 / math.sqrt(slant)
            relieved(looks, m, made[i], made_n[i], n[i], here, cover, table[1][hits[i]], table, patterns)
            facing = (n[i, 0] * d[0] + n[i, 1] * d[1] + n[i, 2] * d[2]) / length
            if facing > -0.02:
                for k in range(3):
                    n[i, k] -= (facing + 0.02) * d[k] / length
    return colours


@fast
def aimed(light, eye, leave, n, which, jitter):
    """Directions from places to a light, and how much of it falls on them: nothing where they face away."""
    ways, amount = np.zeros((len(which), 3), np.float32), np.zeros(len(which))
    for place in range(len(which)):
        i = which[place]
        x, y, z = (
            light[1] + light[8] * jitter[place, 0],
            light[2] + light[8] * jitter[place, 1],
            light[3] + light[8] * jitter[place, 2],
        )
        fall = 1.0
        if light[0] > 0:
            x, y, z = x - eye[0] - leave[i, 0], y - eye[1] - leave[i, 1], z - eye[2] - leave[i, 2]
            fall = 1 / (0.3 + (x * x + y * y + z * z) / (light[7] * light[7]))
        length = math.sqrt(x * x + y * y + z * z) + 1e-9
        facing = (x * n[i, 0] + y * n[i, 1] + z * n[i, 2]) / length
        ways[place, 0], ways[place, 1], ways[place, 2] = x, y, z
        amount[place] = fall if facing > 0 else 0.0
    return ways, amount


@fast
def add_light(light, which, ways, amount, seen, directions, n, gloss, total):
    """Adds what a light gives; `seen` is the share of it that nothing shades."""
    for place in range(len(which)):
        if amount[place] <= 0:
            continue
        i, d = which[place], directions[which[place]]
        x, y, z = ways[place, 0], ways[place, 1], ways[place, 2]
        length, long = math.sqrt(x * x + y * y + z * z) + 1e-9, math.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
        facing = (x * n[i, 0] + y * n[i, 1] + z * n[i, 2]) / length
        shine = 0.0
        if gloss[i] > 0 and seen[place] > 0:
            hx, hy, hz = x / length - d[0] / long, y / length - d[1] / long, z / length - d[2] / long
            h = (hx * n[i, 0] + hy * n[i, 1] + hz * n[i, 2]) / (math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
            shine = gloss[i] * 2 * max(h, 0.0) ** 30 * seen[place]
        facing *= seen[place] + (1 - seen[place]) * light[9]
        for c in range(3):
            total[i, c] += light[4 + c] * amount[place] * (facing + shine)


@fast
def hemisphere(n, which, a, b):
    """A random direction over the surface for each of some places, weighted by the cosine to the normal."""
    ways = np.zeros((len(which), 3), np.float32)
    for place in range(len(which)):
        x, y, z = n[which[place], 0], n[which[place], 1], n[which[place], 2]
        up, wide, turn = math.sqrt(1 - a[place]), math.sqrt(a[place]), 2 * math.pi * b[place]
        sign = 1.0 if z >= 0 else -1.0
        e = -1 / (sign + z)
        f = x * y * e
        c, s = wide * math.cos(turn), wide * math.sin(turn)
        ways[place, 0] = c * (1 + sign * x * x * e) + s * f + up * x
        ways[place, 1] = c * sign * f + s * (sign + y * y * e) + up * y
        ways[place, 2] = -c * sign * x - s * y + up * z
    return ways


@fast
def shared(side, which, numbers, depth, n):
    """Numbers [k, 4] of some pixels, averaged over the neighbours that lie on about the same surface."""
    grid, known = np.zeros((side * side, 4)), np.zeros(side * side)
    for place in range(len(which)):
        known[which[place]] += 1
        for c in range(4):
            grid[which[place], c] += numbers[place, c]
    out = np.zeros((side * side, 4))
    out[:, 3] = 1.0
    for y in range(side):
        for x in range(side):
            here = y * side + x
            if not depth[here] < np.inf:
                continue
            a, b, c, total, around = 0.0, 0.0, 0.0, 0.35, 0.5
            for v in range(max(y - 2, 0), min(y + 3, side)):
                for u in range(max(x - 2, 0), min(x + 3, side)):
                    i = v * side + u
                    if known[i] == 0 or abs(depth[i] - depth[here]) > 0.06 * depth[here]:
                        continue
                    if n[i, 0] * n[here, 0] + n[i, 1] * n[here, 1] + n[i, 2] * n[here, 2] < 0.5:
                        continue
                    a, b, c, total = a + grid[i, 0], b + grid[i, 1], c + grid[i, 2], total + grid[i, 3]
                    around += known[i]
            out[here, 0], out[here, 1], out[here, 2], out[here, 3] = a / around, b / around, c / around, total / around
    return out


@fast
def borders(side, depth, n, bodies):
    """Pixels whose neighbours show another body, another normal or a depth that does not continue as a plane does."""
    found = np.zeros(side * side, np.bool_)
    for y in range(side):
        for x in range(side):
            i = y * side + x
            here = 1 / depth[i]
            for axis in range(2):
                at = x if axis == 0 else y
                step = 1 if axis == 0 else side
                before, after = i - step if at > 0 else i, i + step if at < side - 1 else i
                for j in (before, after):
                    along = n[i, 0] * n[j, 0] + n[i, 1] * n[j, 1] + n[i, 2] * n[j, 2]
                    if bodies[j] != bodies[i] or (bodies[i] >= 0 and j != i and along < 0.7):
                        found[i] = True
                if before != i and after != i and abs(1 / depth[before] + 1 / depth[after] - 2 * here) > 0.03 * here:
                    found[i] = True
    return found


@fast
def doubtful(side, pixels, seen):
    """Whether a pixel is at the border of a shadow: some of the places there and beside it are shaded, and some are not."""
    least, most = np.full(side * side, 2.0), np.full(side * side, -1.0)
    for place in range(len(pixels)):
        i = pixels[place]
        least[i], most[i] = min(least[i], seen[place]), max(most[i], seen[place])
    found = np.zeros(len(pixels), np.bool_)
    for place in range(len(pixels)):
        y, x = pixels[place] // side, pixels[place] % side
        low, high = 2.0, -1.0
        for v in range(max(y - 1, 0), min(y + 2, side)):
            for u in range(max(x - 1, 0), min(x + 2, side)):
                low, high = min(low, least[v * side + u]), max(high, most[v * side + u])
        found[place] = high > low
    return found


def fogged(scene, light, depth):
    """The light seen through fog; the sky is hidden less than what is far away."""
    if scene.fog <= 0:
        return light
    clear = np.exp(-np.minimum(depth, FAR) / scene.fog)
    clear = np.where(np.isfinite(depth), clear, 1 - (1 - clear) * 0.5)[:, None]
    return light * clear + scene.fog_colour * (1 - clear)
