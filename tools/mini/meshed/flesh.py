"""Bodies that are one skin over many lumps: tapered capsules and ellipsoids, blended on a grid, then cut up.

A lump is a row of numbers that `capsule`, `ellipsoid` or `carved` makes. `fused` makes the mesh of a list of lumps;
`split` cuts it into meshes of one material each, as jacket, shirt, trousers and skin of one body.
"""

import math

import numpy as np
from numba import njit
from skimage.measure import marching_cubes

from meshed.mesh import Mesh

FAR = 1e3


def lump(matrix, a, b, ra, rb, blend, label):
    """Points p where |matrix p - the segment from matrix a to matrix b| is less than the radius there."""
    matrix, a, b = np.asarray(matrix, float), np.asarray(a, float), np.asarray(b, float)
    reach = np.linalg.norm(np.linalg.inv(matrix), axis=1)
    low, high = np.minimum(a - reach * ra, b - reach * rb), np.maximum(a + reach * ra, b + reach * rb)
    return np.array([*matrix.ravel(), *(matrix @ a), *(matrix @ b), ra, rb, blend, 1, label, *low, *high])


def capsule(a, b, ra, rb=None, flat=1.0, across=None, label=0, blend=0.03):
    """A capsule from a to b with a radius at each end; `flat` is how thick it is along `across`, as a share of its width."""
    matrix = np.eye(3)
    if across is not None and flat != 1:
        n = np.asarray(across, float) / np.linalg.norm(across)
        matrix += (1 / flat - 1) * np.outer(n, n)
    return lump(matrix, a, b, ra, ra if rb is None else rb, blend, label)


def ellipsoid(centre, half, turn=None, label=0, blend=0.03):
    """An ellipsoid with half axes along the columns of `turn`."""
    turn = np.eye(3) if turn is None else np.asarray(turn)
    matrix = turn @ np.diag(1 / np.broadcast_to(np.asarray(half, float), (3,))) @ turn.T
    return lump(matrix, centre, centre, 1.0, 1.0, blend, label)


def carved(row):
    """The lump as a hollow: it is subtracted from the lumps before it."""
    row = row.copy()
    row[18] = -1
    return row


@njit(cache=True, fastmath=True, inline="always")
def away(row, x, y, z):
    """About how far a point is from a lump's skin, in metres; negative inside."""
    q0 = row[0] * x + row[1] * y + row[2] * z
    q1 = row[3] * x + row[4] * y + row[5] * z
    q2 = row[6] * x + row[7] * y + row[8] * z
    b0, b1, b2 = row[12] - row[9], row[13] - row[10], row[14] - row[11]
    d0, d1, d2 = q0 - row[9], q1 - row[10], q2 - row[11]
    long = b0 * b0 + b1 * b1 + b2 * b2
    t = 0.0
    if long > 1e-12:
        t = min(max((d0 * b0 + d1 * b1 + d2 * b2) / long, 0.0), 1.0)
    d0, d1, d2 = d0 - t * b0, d1 - t * b1, d2 - t * b2
    far = math.sqrt(d0 * d0 + d1 * d1 + d2 * d2) + 1e-9
    d0, d1, d2 = d0 / far, d1 / far, d2 / far
    g0 = row[0] * d0 + row[3] * d1 + row[6] * d2
    g1 = row[1] * d0 + row[4] * d1 + row[7] * d2
    g2 = row[2] * d0 + row[5] * d1 + row[8] * d2
    return (far - row[15] - t * (row[16] - row[15])) / (math.sqrt(g0 * g0 + g1 * g1 + g2 * g2) + 1e-9)


@njit(cache=True, fastmath=True)
def fill(rows, field, origin, cell):
    """The distance to the skin of all lumps together, near that skin; FAR elsewhere."""
    nx, ny, nz = field.shape
    for row in rows:
        margin = 2.5 * cell + row[17]
        x0 = max(int((row[20] - margin - origin[0]) / cell), 0)
        y0 = max(int((row[21] - margin - origin[1]) / cell), 0)
        z0 = max(int((row[22] - margin - origin[2]) / cell), 0)
        x1 = min(int((row[23] + margin - origin[0]) / cell) + 2, nx)
        y1 = min(int((row[24] + margin - origin[1]) / cell) + 2, ny)
        z1 = min(int((row[25] + margin - origin[2]) / cell) + 2, nz)
        k = max(row[17], 1e-6)
        for i in range(x0, x1):
            for j in range(y0, y1):
                for m in range(z0, z1):
                    d = row[18] * away(row, origin[0] + i * cell, origin[1] + j * cell, origin[2] + m * cell)
                    f = field[i, j, m]
                    h = max(k - abs(f - d), 0.0)
                    if row[18] > 0:
                        field[i, j, m] = min(f, d) - h * h / (4 * k)
                    else:
                        field[i, j, m] = max(f, d) + h * h / (4 * k)


@njit(cache=True, fastmath=True)
def nearest(rows, points, count):
    """How far each point is from the nearest lump of each label [n, count]; a hollow is subtracted from its own label."""
    out = np.full((len(points), count), FAR)
    for row in rows:
        label = int(row[19])
        for i in range(len(points)):
            d = away(row, points[i, 0], points[i, 1], points[i, 2])
            out[i, label] = min(out[i, label], d) if row[18] > 0 else max(out[i, label], -d)
    return out


def fused(lumps, cells=56, blend=None, material=None):
    """One mesh of lumps with `cells` grid cells along its longest side; `blend` replaces the lumps' own."""
    rows = np.array(lumps, float)
    if blend is not None:
        rows[:, 17] = blend
    solid = rows[rows[:, 18] > 0]
    low, high = solid[:, 20:23].min(0), solid[:, 23:26].max(0)
    cell = (high - low).max() / cells
    low, high = low - 1.6 * cell, high + 1.6 * cell
    shape = tuple(np.ceil((high - low) / cell).astype(int) + 1)
    field = np.full(shape, FAR, np.float32)
    fill(rows, field, low, cell)
    np.clip(field, -3 * cell, 3 * cell, out=field)
    points, faces, _, _ = marching_cubes(field, 0.0, allow_degenerate=True)
    return Mesh(low + points * cell, faces, material)


def split(mesh, scores, materials):
    """Meshes of the parts where each column of `scores` [points, materials] is the lowest; borders cut faces."""
    label = scores.argmin(1)
    corner = label[mesh.faces]
    mixed = (corner[:, 0] != corner[:, 1]) | (corner[:, 0] != corner[:, 2])
    points, local = [mesh.points], [mesh.local]
    faces, labels = [mesh.faces[~mixed]], [corner[~mixed, 0]]
    three = mixed & (corner[:, 0] != corner[:, 1]) & (corner[:, 1] != corner[:, 2]) & (corner[:, 0] != corner[:, 2])
    faces.append(mesh.faces[three])
    labels.append(scores[mesh.faces[three]].mean(1).argmin(1))
    two = np.flatnonzero(mixed & ~three)
    if len(two):
        c = corner[two]
        odd = np.where(c[:, 0] == c[:, 1], 2, np.where(c[:, 0] == c[:, 2], 1, 0))
        a, b, d = (mesh.faces[two, (odd + k) % 3] for k in range(3))
        one, other = label[a], label[b]
        here = scores[a, other] - scores[a, one]
        shares = [here / (here + scores[e, one] - scores[e, other] + 1e-12) for e in (b, d)]
        for values in (points, local):
            v = values[0]
            values += [
                v[a] + s[:, None].astype(np.float32) * (v[e] - v[a]) for s, e in zip(shares, (b, d), strict=True)
            ]
        p = len(mesh.points) + np.arange(len(two))
        q = p + len(two)
        faces += [np.stack(f, 1) for f in ((a, p, q), (p, b, d), (p, d, q))]
        labels += [one, other, other]
    points, local = np.concatenate(points), np.concatenate(local)
    faces, labels = np.concatenate(faces), np.concatenate(labels)
    return [
        part(points, local, faces[labels == k], m, mesh.smooth) for k, m in enumerate(materials) if (labels == k).any()
    ]


def part(points, local, faces, material, smooth):
    """A mesh of some faces, with only the points that they need."""
    used = np.zeros(len(points), bool)
    used[faces] = True
    number = np.cumsum(used) - 1
    return Mesh(points[used], number[faces], material, local[used], smooth)


def wobble(rng, points, size, waves=7):
    """Smooth noise between about -1 and 1 whose waves are about `size` long."""
    k = rng.normal(size=(waves, 3)) * 2.2 / size
    return np.sin(points @ k.T + rng.uniform(0, 6.3, waves)).sum(1) / math.sqrt(waves * 0.5)


def scores_of(layers):
    """Scores for `split`: the last layer that is positive at a point has it; the first is positive everywhere."""
    scores, over = [], np.full(len(layers[-1]), -9.0)
    for layer in layers[::-1]:
        scores.append(-np.minimum(layer, -over))
        over = np.maximum(over, layer)
    return np.stack(scores[::-1], 1)
