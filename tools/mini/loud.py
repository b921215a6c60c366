"""Loud patterns that tell nothing of shape, and how a scene gets them: print, text, spots, stripes, tartan, fractals, mosaics."""

import math

import numpy as np

from textures import PATTERNS, SIDE, noise, pyramid
from world import spread

FIRST = PATTERNS
"""Number of the first loud pattern: they stand behind the others."""


def spotted(rng, x, y):
    """What reaction and diffusion make of noise: spots, stripes, mazes."""
    fx, fy = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE))
    turn, long = rng.uniform(0, math.pi), rng.uniform(1, 2.5) if rng.random() < 0.5 else 1.0
    along, across = fx * math.cos(turn) + fy * math.sin(turn), fy * math.cos(turn) - fx * math.sin(turn)
    frequency = np.hypot(along * long, across)
    best = spread(rng, 0.02, 0.12)
    gain = np.exp(-((np.log(frequency + 1e-6) - math.log(best)) ** 2) / 0.15)
    field, bias = rng.standard_normal((SIDE, SIDE)), rng.uniform(-0.4, 0.4)
    for _ in range(12):
        grown = np.fft.ifft2(np.fft.fft2(field) * gain).real
        field = np.tanh(2.5 * grown / (grown.std() + 1e-9) + bias)
    return field * 0.5 + 0.5


def text(rng, x, y):
    """Lines of signs of some strokes each, in columns of words."""
    rows = int(rng.integers(3, 14))
    tall = SIDE / rows
    field = np.zeros((SIDE, SIDE))
    for row in range(rows):
        at = rng.uniform(0, 4)
        while at < SIDE - tall * 0.6:
            if rng.random() < 0.2:
                at += tall * 0.5
                continue
            wide = tall * rng.uniform(0.3, 0.6)
            top, low = int((row + 0.15) * tall), int((row + rng.uniform(0.7, 0.8)) * tall)
            left, right = int(at), int(at + wide)
            pen = max(int(tall * 0.13), 1)
            for stroke in range(6):
                if rng.random() < 0.45:
                    continue
                if stroke < 3:
                    y0 = top + (low - top - pen) * stroke // 2
                    field[y0 : y0 + pen, left:right] = 1
                else:
                    x0 = left + (right - left - pen) * (stroke - 3) // 2
                    field[top:low, max(x0, 0) : x0 + pen] = 1
            at += wide + pen + 1
    return field if rng.random() < 0.5 else 1 - field


def dots(rng, x, y):
    count, r = rng.integers(1, 9), rng.uniform(0.15, 0.45)
    shifted = x * count + 0.5 * (np.floor(y * count) % 2) * (rng.random() < 0.5)
    return (np.hypot(shifted % 1 - 0.5, (y * count) % 1 - 0.5) < r) * 1.0


def tartan(rng, x, y):
    def bands(t):
        edges = np.sort(rng.random(rng.integers(3, 9)))
        return rng.random(len(edges) + 1)[np.searchsorted(edges, t % 1)]

    return 0.5 * bands(x * rng.integers(1, 4)) + 0.5 * bands(y * rng.integers(1, 4))


def bold(rng, x, y):
    """Few broad bands, as flags have, sometimes with a sign on them."""
    edges = np.sort(rng.random(rng.integers(1, 5)))
    tones = np.arange(len(edges) + 1) % 2 * rng.uniform(0.6, 1)
    field = tones[np.searchsorted(edges, x if rng.random() < 0.5 else y)]
    if rng.random() < 0.5:
        turn, r = np.arctan2(y - 0.5, x - 0.5), np.hypot(x - 0.5, y - 0.5)
        points = rng.integers(3, 9)
        field = np.where(r < 0.3 * (0.7 + 0.3 * np.cos(points * turn)), 1 - field, field)
    return field


def julia(rng, x, y):
    """A fractal, mirrored so that it repeats."""
    u, v = np.abs(2 * x - 1), np.abs(2 * y - 1)
    z = (u - rng.uniform(0, 1)) * 2.4 + 1j * (v - rng.uniform(0, 1)) * 2.4
    angle = rng.uniform(0, 2 * math.pi)
    c = 0.7885 * np.exp(1j * angle)
    count = np.zeros(x.shape)
    for _ in range(24):
        z = np.where(np.abs(z) < 4, z * z + c, z)
        count += np.abs(z) < 4
    return (count / 24) ** rng.uniform(0.4, 1.5)


def rings(rng, x, y):
    field = np.full(x.shape, rng.random())
    for _ in range(rng.integers(1, 7)):
        r = np.hypot((x - rng.random() + 0.5) % 1 - 0.5, (y - rng.random() + 0.5) % 1 - 0.5)
        size, count = rng.uniform(0.08, 0.45), rng.integers(1, 6)
        field = np.where(r < size, np.floor(r / size * count) % 2, field)
    return field


def motif(rng, x, y):
    """A printed flower or figure, over and over."""
    count = int(rng.integers(1, 5))
    u, v = (x * count) % 1 - 0.5, (y * count) % 1 - 0.5
    turn, r = np.arctan2(v, u), np.hypot(u, v)
    field = np.zeros(x.shape)
    for _ in range(rng.integers(1, 4)):
        petals, wide = rng.integers(2, 9), rng.uniform(0.1, 0.45)
        inside = r < wide * (0.6 + 0.4 * np.cos(petals * turn + rng.uniform(0, 6)))
        field = np.where(inside, rng.random(), field)
    return field


def collage(rng, x, y):
    """Tones on hard-edged pieces that overlap: pictures, labels, camouflage."""
    field = noise(rng, SIDE, 3) * 0.3
    for _ in range(rng.integers(4, 20)):
        piece = noise(rng, SIDE, rng.uniform(2.5, 4))
        field = np.where(piece > rng.uniform(0.62, 0.85), rng.random(), field)
    return field


def waves(rng, x, y):
    warp = (noise(rng, SIDE, 3.2) - 0.5) * rng.uniform(0, 4)
    return (
        np.sin(2 * math.pi * (x * rng.integers(-3, 4) + y * rng.integers(1, 10)) + warp) > rng.uniform(-0.6, 0.6)
    ) * 1.0


def strokes(rng, x, y):
    """Blades, hairs, needles: short lines of about one direction."""
    field = noise(rng, SIDE, 2.5) * 0.5
    way, loose = rng.uniform(0, math.pi), rng.uniform(0.1, 1)
    for _ in range(260):
        turn, long = way + rng.normal() * loose, rng.uniform(5, 22)
        t = np.arange(0, long, 0.7)
        at = rng.uniform(0, SIDE, 2)
        columns = (at[0] + t * math.cos(turn)).astype(int) % SIDE
        rows = (at[1] + t * math.sin(turn)).astype(int) % SIDE
        field[rows, columns] = field[(rows + 1) % SIDE, columns] = rng.random()
    return field


KINDS = (spotted, spotted, text, dots, tartan, bold, julia, rings, motif, collage, waves, strokes)
COUNT = 8 * len(KINDS)


def make_loud(rng):
    """[COUNT, numbers], to stand behind the usual patterns."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return np.stack([pyramid(np.clip(KINDS[i % len(KINDS)](rng, x, y), 0, 1)) for i in range(COUNT)])


def loudened(rng, m, scale=None):
    """Prints a loud pattern on a material, in place, and returns it."""
    m.patterns = (FIRST + int(rng.integers(COUNT)), *m.patterns[1:])
    m.amount = rng.uniform(0.75, 1.3)
    m.scale = m.scale * rng.uniform(0.3, 1) if scale is None else scale
    m.mottle *= rng.random() < 0.3
    m.relief *= rng.random() < 0.2
    first = m.colours[0]
    if rng.random() < 0.5:
        m.colours[1] = np.clip(first + (1 if first.mean() < 0.4 else -1) * rng.uniform(0.25, 0.7), 0.02, 1)
    elif rng.random() < 0.6:
        m.colours[1] = rng.uniform(0.02, 0.9, 3)
    return m


def restyle(rng, scene):
    """Prints patterns on some of what a scene is made of."""
    if rng.random() < 0.45:
        return scene
    share, changed = rng.uniform(0.05, 0.5), set()
    for shape in scene.shapes:
        m = shape.material
        if id(m) in changed or m.hole or m.glow:
            continue
        changed.add(id(m))
        if rng.random() < share:
            loudened(rng, m)
    return scene
