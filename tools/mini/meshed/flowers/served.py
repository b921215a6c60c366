"""Fruit halved with its flesh, in slices and wedges, and whole in heaps and bowls. Sizes in metres."""

import math

import numpy as np

from meshed.flesh import scores_of, split
from meshed.flowers.fruits import CITRUS, LONG, ROUND, long_one, profile, rind, whole
from meshed.mesh import Mesh, ball, grid_faces, lathe
from world import WHITE, WOOD, material, pick, spread, turned


def face(rng, name, r, form=None):
    """A cut surface in the plane y = 0: rind, pith, segments, seeds; `form` is radius for each angle."""
    skin, flesh, core, _ = ROUND[name]
    a, s = np.meshgrid(np.arange(72) * 2 * math.pi / 72, np.linspace(0, 1, 26), indexing="ij")
    edge = 1.0 if form is None else form[:, None]
    points = np.stack([s * edge * np.cos(a), 0 * a, s * edge * np.sin(a)], -1) * r
    bump = (0.012 * r * np.sin(a * 23 + s * 9) * (s < 0.9)) if name in CITRUS else 0
    points[..., 1] += bump
    base = Mesh(points.reshape(-1, 3), np.concatenate([_closed(72, 26)]), None)
    a, s = a.ravel(), s.ravel()
    pale, wet = material(rng, core, 3 / r, 0.3), material(rng, flesh, spread(rng, 1, 6) / r, rng.uniform(0, 0.5))
    wet.gloss = rng.uniform(0, 0.4)
    dark, shell = material(rng, (0.1, 0.06, 0.04), amount=0.2), material(rng, skin, 3 / r, 0.2)
    layers, used = [np.ones(len(a))], [pale]
    if name in CITRUS:
        n = int(rng.integers(8, 13))
        gap = 0.035 / np.maximum(s, 0.1)
        layers.append(
            np.minimum(np.minimum(0.86 - s, s - 0.1), np.abs(((a * n / 6.2832) % 1) - 0.5) * -1 + 0.5 - gap * n * 0.09)
        )
    elif name in ("kiwi", "fig"):
        layers.append(s - 0.25 + 0.08 * np.cos(a * 17))
    elif name in ("melon", "avocado", "peach", "plum"):
        layers.append(np.minimum(0.93 - s, s - (0.0 if name == "melon" else 0.35)))
    elif name == "onion":
        layers.append(np.sin(s * 40) - 0.2)
    elif name == "tomato":
        layers.append(np.maximum(s - 0.8, 0.12 - np.abs(((a * 5 / 6.2832) % 1) - 0.5)))
    else:
        layers.append(s - 0.22 - 0.1 * np.cos(a * 5))
    used.append(wet)
    layers.append(s - 0.955)
    used.append(shell)
    parts = split(base, scores_of(layers), used)
    if name in ("melon", "kiwi", "apple", "pomegranate", "tomato") or (name in CITRUS and rng.random() < 0.4):
        n = {"kiwi": 30, "melon": 26, "pomegranate": 50, "tomato": 24}.get(name, 6)
        ra = {"kiwi": 0.38, "melon": 0.55, "tomato": 0.55, "pomegranate": 0.5}.get(name, 0.2)
        seed = ball(dark if name != "pomegranate" else wet, 6, 8)
        size = r * (0.035 if name in ("kiwi", "melon") else 0.05 if name != "pomegranate" else 0.1)
        for k in range(n):
            b, q = k * 6.2832 / n + rng.normal() * 0.1, ra * rng.uniform(0.8, 1.3)
            parts.append(
                seed.moved(
                    (q * r * math.cos(b), size * 0.2, q * r * math.sin(b)), turned(-b), np.array([1.6, 0.6, 1.0]) * size
                )
            )
    if name in ("avocado", "peach", "plum"):
        parts.append(
            ball(material(rng, core, 4 / r), 12, 18).moved((0, 0.05 * r, 0), scale=np.array([0.36, 0.3, 0.36]) * r)
        )
    return parts


def _closed(rows, columns):
    """Faces of a disc whose rows are angles."""
    i, j = np.mgrid[0:rows, 0 : columns - 1]
    k = (i + 1) % rows
    a, b, c, d = i * columns + j, k * columns + j, i * columns + j + 1, k * columns + j + 1
    return np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])


def half(rng, name, r):
    """The half below y = 0, its cut surface up; pears and their like are cut along their length."""
    m, curve = rind(rng, ROUND[name][0], r), profile(name)
    if name in ("avocado", "aubergine", "apple", "green apple", "fig"):
        angle = np.arange(72) * 2 * math.pi / 72
        at = np.concatenate([curve, (curve * [-1, 1])[::-1]])
        b = np.arctan2(at[:, 1], at[:, 0])
        order = np.argsort(b % 6.2832)
        form = np.interp(angle, (b % 6.2832)[order], np.hypot(*at.T)[order], period=6.2832)
        raw = lathe(curve * r, m, 40)
        body = raw.moved(turn=np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]))
        body.points[:, 1] = np.minimum(body.points[:, 1], -0.002 * r)
        return [body, *face(rng, name, r, form)]
    low = curve[: len(curve) // 2 + 1]
    low = np.concatenate([low[low[:, 1] < 0], [[1.0, 0.0]]])
    return [lathe(low * r, m, 40), *face(rng, name, r)]


def slice_of(rng, name, r, share=1.0):
    """A slice `share` of a circle; the cut surfaces on both sides."""
    thick = r * rng.uniform(0.08, 0.3)
    m = rind(rng, ROUND[name][0], r)
    top = face(rng, name, r)
    parts = [p.moved((0, thick / 2, 0)) for p in top] + [
        p.moved((0, -thick / 2, 0), np.diag([1.0, -1, 1])) for p in top
    ]
    parts.append(lathe([(r, -thick / 2), (r * 1.015, 0), (r, thick / 2)], m, 48))
    return parts


def wedge(rng, name, r):
    """A wedge as melons and citrus are cut: two faces that meet in the middle, rind outside, standing on its rind."""
    angle, m = rng.uniform(0.6, 1.3), rind(rng, ROUND[name][0], r)
    flesh, pale = material(rng, ROUND[name][1], spread(rng, 1, 6) / r), material(rng, ROUND[name][2], 3 / r)
    v, u = np.meshgrid(
        np.linspace(-math.pi / 2, math.pi / 2, 24), np.linspace(-angle / 2, angle / 2, 14), indexing="ij"
    )
    points = np.stack([np.sin(v), -np.cos(v) * np.cos(u), np.cos(v) * np.sin(u)], -1) * r
    shell, parts = Mesh(points.reshape(-1, 3), grid_faces(24, 14), m), []
    parts.append(shell)
    for side in (-1, 1):
        s, b = np.meshgrid(np.linspace(0, 1, 30), np.linspace(-math.pi / 2, math.pi / 2, 50), indexing="ij")
        flat = (
            np.stack(
                [s * np.sin(b), -s * np.cos(b) * math.cos(angle / 2), side * s * np.cos(b) * math.sin(angle / 2)], -1
            )
            * r
        )
        mesh = Mesh(flat.reshape(-1, 3), grid_faces(30, 50), flesh)
        s, b = s.ravel(), b.ravel()
        lines = np.minimum(0.88 - s, 0.9 - np.abs(np.sin(b * 4.5)) ** 8) if name in CITRUS else 0.9 - s
        parts += split(mesh, scores_of([np.ones(len(s)), lines, s - 0.96]), [pale, flesh, m])
    return parts


def settled(parts):
    """Parts shifted so that they stand on y = 0 around the origin, and their extent."""
    low, high = np.min([m.points.min(0) for m in parts], 0), np.max([m.points.max(0) for m in parts], 0)
    shift = -np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    return [m.moved(shift) for m in parts], high - low


def any_fruit(rng, name=None, cut=None):
    """Something to eat, whole or cut, on y = 0, and its extent."""
    name = name or (pick(rng, *ROUND) if rng.random() < 0.6 else pick(rng, *LONG))
    if name in LONG:
        parts = long_one(rng, name, LONG[name] * rng.uniform(0.8, 1.25))
        return settled([m.moved(turn=turned(rng.uniform(0, 6.3))) for m in parts])
    r = ROUND[name][3] * rng.uniform(0.85, 1.2)
    cut = cut or pick(rng, "whole", "whole", "half", "slice", "wedge" if name in (*CITRUS, "melon") else "half")
    parts = {
        "whole": lambda: whole(rng, name, r),
        "half": lambda: half(rng, name, r),
        "slice": lambda: slice_of(rng, name, r),
        "wedge": lambda: wedge(rng, name, r),
    }[cut]()
    tilt = {
        "whole": turned(rng.uniform(0, 6), rng.normal() * 0.5),
        "half": turned(rng.uniform(0, 6), pick(rng, 0.0, -1.2, -0.5) + rng.normal() * 0.1),
        "slice": turned(rng.uniform(0, 6), pick(rng, 0.0, -0.2, -1.3)),
        "wedge": turned(rng.uniform(0, 6), 0.0, rng.normal() * 0.3),
    }[cut]
    return settled([m.moved(turn=tilt) for m in parts])


def heaped(rng, count, wide, name=None, floor=None):
    """Fruits that lie on and beside each other within a circle: each as high as those below it ask for.

    `floor` is the ground's height for a radius."""
    found, balls = [], []
    for _ in range(count):
        parts, size = any_fruit(rng, name if rng.random() < 0.7 else None, "whole" if rng.random() < 0.75 else None)
        r = 0.3 * size.max() + 0.2 * size.min()
        if r > 0.6 * wide:
            continue
        best = None
        for _ in range(24):
            a, far = rng.uniform(0, 6.3), max(wide - r, 0) * math.sqrt(rng.random())
            x, z = far * math.cos(a), far * math.sin(a)
            y = (floor(far) if floor else 0.0) + size[1] / 2
            for bx, by, bz, br in balls:
                flat, touch = (x - bx) ** 2 + (z - bz) ** 2, (0.92 * (r + br)) ** 2
                if flat < touch:
                    y = max(y, by + math.sqrt(touch - flat))
            if best is None or y < best[1]:
                best = (x, y, z)
        if best[1] > 1.1 * wide + size[1] / 2:
            continue
        balls.append((*best, r))
        turn = turned(*rng.uniform(0, 6.3, 3)) if best[1] > size[1] * 0.6 and rng.random() < 0.5 else np.eye(3)
        middle = np.array([0, size[1] / 2, 0])
        found += [m.moved(-middle).moved(best, turn) for m in parts]
    return found


def bowl(rng, r):
    """A bowl, a basket or a plate, and its floor's height for a radius."""
    deep, m = (
        r * rng.uniform(0.1, 0.6),
        material(rng, pick(rng, WHITE, WOOD, (0.2, 0.3, 0.5), None), spread(rng, 0.5, 4) / r),
    )
    t = np.linspace(0, 1, 12)
    outer = np.stack([r * (0.35 + 0.65 * t), deep * t**1.6], 1)
    inner = np.stack([r * 0.97 * (0.33 + 0.64 * t[::-1]), deep * t[::-1] ** 1.6 + 0.03 * r], 1)
    body = lathe(np.concatenate([[[0, 0]], outer, inner, [[0, 0.03 * r]]]), m, 48)
    return [body], lambda far: deep * np.clip((far / r - 0.35) / 0.65, 0, 1) ** 1.6 + 0.035 * r
