"""Draws sharp pictures to learn enlarging from: heaps of shapes with patterns, lines and letters, drawn at twice the size.

Shapes that cover each other, with sizes of a power law, have edges and spectra much like photographs. Picture n is the same wherever
it is drawn: its generator is made of n alone.
"""

import math
import string
import sys
from pathlib import Path

import numpy as np
from numba import njit
from PIL import Image, ImageDraw, ImageFont

sys.path.append(str(Path(__file__).parent.parent / "mini"))
from textures import SIDE as PATTERN_SIDE
from textures import make_patterns

PATTERN_SEED = 1
ELLIPSE, RECTANGLE, TRIANGLE, RING = range(4)
# Of a shape's row: form, place, half sizes, turn, colour, what the pattern does to it, pattern, its step, its turn, a wave, shading.
WIDTH = 22


@njit(cache=True, error_model="numpy")
def paint(canvas, shapes, patterns):
    """The shapes one over the other, the last in front."""
    height, width, _ = canvas.shape
    for s in range(len(shapes)):
        row = shapes[s]
        form, cx, cy, a, b, turn = int(row[0]), row[1], row[2], row[3], row[4], row[5]
        c, d = math.cos(turn), math.sin(turn)
        reach = math.sqrt(a * a + b * b) if form != ELLIPSE and form != RING else max(a, b)
        pattern = int(row[12])
        pc, ps = math.cos(row[14]) * row[13], math.sin(row[14]) * row[13]
        wc, ws = math.cos(row[17]) * row[16], math.sin(row[17]) * row[16]
        for y in range(max(int(cy - reach), 0), min(int(cy + reach) + 2, height)):
            for x in range(max(int(cx - reach), 0), min(int(cx + reach) + 2, width)):
                u, v = ((x - cx) * c + (y - cy) * d) / a, ((y - cy) * c - (x - cx) * d) / b
                r = u * u + v * v
                if form == RECTANGLE:
                    inside = abs(u) < 1 and abs(v) < 1
                elif form == TRIANGLE:
                    inside = v < 1 and v > 2 * abs(u) - 1
                elif form == RING:
                    inside = r < 1 and r > row[19]
                else:
                    inside = r < 1
                if not inside:
                    continue
                px, py = (x * pc - y * ps) % PATTERN_SIDE, (x * ps + y * pc) % PATTERN_SIDE
                i, j = int(px), int(py)
                fx, fy = px - i, py - j
                i1, j1 = (i + 1) % PATTERN_SIDE, (j + 1) % PATTERN_SIDE
                i, j = i % PATTERN_SIDE, j % PATTERN_SIDE
                top = patterns[pattern, j * PATTERN_SIDE + i] * (1 - fx) + patterns[pattern, j * PATTERN_SIDE + i1] * fx
                low = (
                    patterns[pattern, j1 * PATTERN_SIDE + i] * (1 - fx) + patterns[pattern, j1 * PATTERN_SIDE + i1] * fx
                )
                p = top * (1 - fy) + low * fy - 0.5 + row[15] * math.sin(x * wc + y * ws)
                light = 1 + row[18] * (u + v)
                if row[20] > 0:
                    light *= 0.4 + 0.75 * math.sqrt(max(1 - r * row[20], 0.0))
                for k in range(3):
                    canvas[y, x, k] = min(max((row[6 + k] + row[9 + k] * p) * light, 0.0), 1.0)


def soften(canvas, sigma):
    """Gaussian blur."""
    radius = int(3 * sigma) + 1
    weight = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma * sigma)).astype(np.float32)
    weight /= weight.sum()
    for axis in (0, 1):
        border = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
        padded, length = np.pad(canvas, border, "reflect"), canvas.shape[axis]
        canvas = sum(w * np.take(padded, range(i, i + length), axis) for i, w in enumerate(weight))
    return np.ascontiguousarray(canvas, dtype=np.float32)


def shapes_of(rng, count, side, smallest, patterns, powers=(1.5, 2.6)):
    largest = side * rng.uniform(0.1, 0.6)
    power = rng.uniform(*powers)
    # Sizes by a power law, drawn through the inverse of its distribution.
    low, high = smallest ** (1 - power), largest ** (1 - power)
    size = (low + rng.random(count) * (high - low)) ** (1 / (1 - power))
    rows = np.zeros((count, WIDTH))
    rows[:, 0] = rng.choice(4, count, p=(0.4, 0.3, 0.2, 0.1))
    rows[:, 1:3] = rng.uniform(-0.1, 1.1, (count, 2)) * side
    rows[:, 3] = size
    long = np.exp(np.where(rng.random(count) < 0.4, rng.uniform(0, 3, count), rng.uniform(0, 0.5, count)))
    rows[:, 3] *= np.sqrt(long)
    rows[:, 4] = np.maximum(size / np.sqrt(long), 0.8)
    rows[:, 5] = np.where(
        rng.random(count) < 0.3, rng.integers(0, 4, count) * math.pi / 2, rng.uniform(0, 2 * math.pi, count)
    )
    palette = rng.uniform(0.02, 0.98, (rng.integers(3, 12), 1)) + rng.normal(0, 0.14, (1, 3)) * rng.random()
    palette = palette + rng.normal(0, rng.choice((0.03, 0.08, 0.2)), (len(palette), 3))
    rows[:, 6:9] = np.clip(palette[rng.integers(len(palette), size=count)] + rng.normal(0, 0.08, (count, 1)), 0, 1)
    strength = np.where(rng.random(count) < 0.7, rng.uniform(0, 0.7, count), 0)[:, None]
    rows[:, 9:12] = strength * (1 + rng.normal(0, 0.2, (count, 3)))
    rows[:, 12] = rng.integers(len(patterns), size=count)
    rows[:, 13] = np.exp(rng.uniform(math.log(0.12), math.log(0.9), count))
    rows[:, 14] = rng.uniform(0, 2 * math.pi, count)
    rows[:, 15] = np.where(rng.random(count) < 0.15, rng.uniform(0.1, 0.6, count), 0)
    rows[:, 16] = np.exp(rng.uniform(math.log(0.15), math.log(1.5), count))
    rows[:, 17] = rng.uniform(0, 2 * math.pi, count)
    rows[:, 18] = rng.normal(0, 0.12, count)
    rows[:, 19] = rng.uniform(0.3, 0.95, count)
    rows[:, 20] = np.where(rng.random(count) < 0.3, rng.uniform(0.5, 1, count), 0)
    # Larger ones lie further back, mostly: else the small ones would vanish.
    return rows[np.argsort(-size * np.exp(rng.normal(0, 0.8, count)))]


def strokes_and_letters(rng, canvas):
    """Lines, curves and writing, as thin things are."""
    side = len(canvas)
    picture = Image.fromarray((canvas * 255 + 0.5).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    colour = lambda: tuple(int(v) for v in np.clip(rng.uniform(0, 255) + rng.normal(0, 40, 3), 0, 255))  # noqa: E731
    for _ in range(rng.integers(0, 40)):
        at, way, points = rng.uniform(0, side, 2), rng.uniform(0, 2 * math.pi), []
        bend, step = rng.normal(0, 0.1), rng.uniform(4, 25)
        for _ in range(rng.integers(2, 30)):
            points.append(tuple(at))
            at, way = at + step * np.array([math.cos(way), math.sin(way)]), way + bend + rng.normal(0, 0.05)
        draw.line(points + [tuple(at)], fill=colour(), width=int(rng.integers(1, 9)), joint="curve")
    letters = list(string.ascii_letters + string.digits + "     .,:;!?&%")
    for _ in range(rng.integers(0, 6)):
        font = ImageFont.load_default(float(rng.uniform(14, 90)))
        words = "".join(rng.choice(letters, rng.integers(2, 24)))
        draw.text(tuple(rng.uniform(-0.1, 0.9, 2) * side), words, fill=colour(), font=font)
    return np.asarray(picture, np.float32) / 255


def grown(rng, side):
    """Fur, bark, grass, cloth: noise whose spectrum falls like a photograph's and may have a direction; mean 0, deviation 1."""
    y, x = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    turn, long = rng.uniform(0, math.pi), math.exp(rng.uniform(0, 2.2)) if rng.random() < 0.6 else 1.0
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    frequency = np.hypot(along * long, across / long)
    frequency[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) / frequency ** rng.uniform(0.4, 1.4)).real
    field -= field.mean()
    return (field / (field.std() + 1e-9)).astype(np.float32)


def fine_picture(number, side, patterns):
    """uint8 picture of much that is small: leaves, gravel, fur."""
    rng = np.random.default_rng([number, 4243])
    big = 2 * side
    canvas = np.full((big, big, 3), rng.random(3), np.float32)
    paint(
        canvas, shapes_of(rng, int(rng.integers(1500, 9000)), big, rng.uniform(1.2, 4), patterns, (2.2, 3.2)), patterns
    )
    # Mostly faint: what is faint and fine is not noise.
    mean = canvas.mean((0, 1))
    canvas = mean + (canvas - mean) * np.float32(rng.uniform(0.2, 1))
    for _ in range(rng.integers(0, 3)):
        # A texture lies on some of the picture.
        place = np.clip(grown(rng, big // 8).repeat(8, 0).repeat(8, 1) * 2 + rng.uniform(-1, 2), 0, 1)[..., None]
        canvas *= 1 + place * rng.uniform(0.03, 0.3) * grown(rng, big)[..., None]
    if rng.random() < 0.4:
        canvas = soften(np.clip(canvas, 0, 1), rng.uniform(0.4, 1.1))
    small = np.clip(canvas, 0, 1).reshape(side, 2, side, 2, 3).mean((1, 3))
    if rng.random() < 0.5:
        small = small ** rng.uniform(0.6, 1.5)
    if rng.random() < 0.06:
        small = np.repeat(small.mean(2, keepdims=True), 3, 2)
    return (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)


def draw_picture(number, side, patterns):
    """uint8 picture of `side` pixels."""
    rng = np.random.default_rng([number, 4242])
    big = 2 * side
    canvas = np.full((big, big, 3), rng.random(3), np.float32)
    layers = 2 if rng.random() < 0.5 else 1
    for layer in range(layers):
        count = int(rng.integers(60, 1500)) // layers
        paint(canvas, shapes_of(rng, count, big, rng.uniform(1.5, 8), patterns), patterns)
        if layer + 1 < layers:
            # What lies behind is out of focus.
            canvas = soften(canvas, rng.uniform(1, 7))
    if rng.random() < 0.7:
        canvas = strokes_and_letters(rng, canvas)
    if rng.random() < 0.3:
        canvas = soften(canvas, rng.uniform(0.5, 1.6))
    small = canvas.reshape(side, 2, side, 2, 3).mean((1, 3))
    if rng.random() < 0.5:
        small = small ** rng.uniform(0.6, 1.5)
    if rng.random() < 0.06:
        small = np.repeat(small.mean(2, keepdims=True), 3, 2)
    return (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)


def stock():
    """The patterns that all pictures share."""
    return make_patterns(np.random.default_rng(PATTERN_SEED))[:, : PATTERN_SIDE * PATTERN_SIDE]
