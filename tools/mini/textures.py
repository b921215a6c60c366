"""Grey patterns that repeat, with their halvings for what is far, and silhouettes for things cut out of a flat board."""

import numpy as np

SIDE = 128
PATTERNS = 90
MASK_SIDE = 96
MASKS = 72


def noise(rng, side, slope):
    """Noise with a spectrum that falls as frequency**(-slope / 2), as photographs have; between 0 and 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) / frequency ** (slope / 2)).real
    field = (field - field.mean()) / (field.std() + 1e-9)
    return np.clip(field * 0.25 + 0.5, 0, 1)


def cells(rng, x, y, grain):
    points = rng.random((rng.integers(6, 40), 2))
    nearest, value = np.full(x.shape, 9.0), np.zeros(x.shape)
    for px, py in points:
        distance = np.hypot((x - px + 0.5) % 1 - 0.5, (y - py + 0.5) % 1 - 0.5)
        value = np.where(distance < nearest, rng.random(), value)
        nearest = np.minimum(nearest, distance)
    return value * 0.7 + grain * 0.3 if rng.random() < 0.5 else np.clip(nearest * 5, 0, 1)


def bricks(rng, x, y, grain):
    rows, columns = rng.integers(2, 9), rng.integers(1, 5)
    across = (x * columns + 0.5 * (np.floor(y * rows) % 2) * rng.integers(0, 2)) % 1
    gap = rng.uniform(0.03, 0.3)
    tone = rng.random((rows, columns * 2))[
        np.floor(y * rows).astype(int) % rows, np.floor(x * columns * 2).astype(int) % (columns * 2)
    ]
    return ((across > gap) & ((y * rows) % 1 > gap)) * (rng.uniform(0.3, 0.6) + 0.2 * tone) + 0.3 * grain


def stripes(rng, x, y, grain):
    wave = np.sin(2 * np.pi * (x * rng.integers(1, 9) + y * rng.integers(0, 3)) + 4 * (grain - 0.5) * rng.random())
    return (wave * 0.5 + 0.5) ** rng.uniform(0.3, 3)


def checks(rng, x, y, grain):
    count = 2 * rng.integers(1, 6)
    return ((np.floor(x * count) + np.floor(y * count)) % 2) * 0.7 + 0.3 * grain


def planks(rng, x, y, grain):
    rows = rng.integers(3, 12)
    tone = rng.random(rows)[np.floor(y * rows).astype(int)]
    grown = noise(rng, len(x), 2)[:, (np.arange(len(x)) // 8) % len(x)]
    return 0.5 * tone + 0.5 * grown - 0.5 * ((y * rows) % 1 < 0.06)


def rectangles(rng, x, _y, grain):
    field = np.full(x.shape, rng.random())
    for _ in range(rng.integers(4, 40)):
        left, top = rng.integers(0, len(x), 2)
        width, height = rng.integers(3, len(x) // 2, 2)
        field[top : top + height, left : left + width] = rng.random()
    return field * 0.85 + grain * 0.15


def plain_noise(rng, x, _y, _grain):
    return noise(rng, len(x), rng.uniform(0.6, 3.2))


KINDS = (plain_noise, plain_noise, plain_noise, stripes, checks, bricks, cells, planks, rectangles)


def pyramid(field):
    """The field and its halvings down to 2×2, in one row."""
    levels = [field.astype(np.float32)]
    while len(levels[-1]) > 2:
        a = levels[-1]
        levels.append((a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) / 4)
    return np.concatenate([level.ravel() for level in levels])


def level_starts():
    sides = [SIDE >> level for level in range(SIDE.bit_length() - 1)]
    return np.cumsum([0, *(side * side for side in sides)])[:-1].astype(np.int32)


def make_patterns(rng):
    """[PATTERNS, numbers]: kind k stands at every index that is k modulo len(KINDS)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    rows = []
    for index in range(PATTERNS):
        grain = noise(rng, SIDE, rng.uniform(1, 3))
        rows.append(pyramid(np.clip(KINDS[index % len(KINDS)](rng, x, y, grain), 0, 1)))
    return np.stack(rows)


def limb(x, y, a, b, ra, rb):
    """Inside of a stroke from `a` to `b` whose half width goes from `ra` to `rb`; positive inside."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = np.clip(((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
    return ra + (rb - ra) * t - np.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def figure(rng, x, y):
    """Somebody standing: head, trunk, arms, legs. y goes up, -1 to 1."""
    wide = rng.uniform(0.8, 1.25)
    field = np.maximum(
        limb(x, y, (0, 0.74), (0, 0.8), 0.13, 0.12), limb(x, y, (0, 0.5), (0, 0.05), 0.2 * wide, 0.17 * wide)
    )
    for side in (-1, 1):
        knee = (side * rng.uniform(0.08, 0.3), -0.45)
        foot = (knee[0] + rng.uniform(-0.15, 0.25) * side, -0.95)
        elbow = (side * rng.uniform(0.25, 0.5), rng.uniform(0.0, 0.45))
        hand = (elbow[0] + rng.uniform(-0.3, 0.3), elbow[1] + rng.uniform(-0.35, 0.3))
        for a, b, ra, rb in (
            ((side * 0.1, 0), knee, 0.12, 0.09),
            (knee, foot, 0.09, 0.07),
            ((side * 0.17 * wide, 0.5), elbow, 0.08, 0.06),
            (elbow, hand, 0.06, 0.05),
        ):
            field = np.maximum(field, limb(x, y, a, b, ra, rb))
    return field * 4


def animal(rng, x, y):
    body, leg = rng.uniform(0.2, 0.35), rng.uniform(0.05, 0.1)
    head = (rng.uniform(0.55, 0.8), rng.uniform(0.2, 0.7))
    field = np.maximum(
        limb(x, y, (-0.45, 0), (0.4, 0.05), body, body * 0.9), limb(x, y, (0.4, 0.1), head, body * 0.6, 0.15)
    )
    field = np.maximum(field, limb(x, y, head, (head[0] + 0.15, head[1] - 0.08), 0.17, 0.08))
    field = np.maximum(field, limb(x, y, (-0.5, 0.1), (-0.9, rng.uniform(-0.5, 0.6)), 0.07, 0.03))
    for place in (-0.5, -0.35, 0.3, 0.45):
        field = np.maximum(field, limb(x, y, (place, 0), (place + rng.uniform(-0.15, 0.15), -0.95), leg * 1.6, leg))
    return field * 4


def blob(rng, x, y):
    wobble = noise(rng, MASK_SIDE, rng.uniform(2.2, 3.6)) - 0.5
    return (0.72 - np.hypot(x, y) + wobble * rng.uniform(0.6, 2)) * 2


def leaves(rng, x, y):
    """Many small leaves, denser in the middle."""
    field = np.full(x.shape, -1.0)
    for _ in range(rng.integers(25, 90)):
        a = np.clip(rng.normal(0, 0.4, 2), -0.85, 0.85)
        turn, long = rng.uniform(0, 2 * np.pi), rng.uniform(0.06, 0.25)
        b = (a[0] + long * np.cos(turn), a[1] + long * np.sin(turn))
        field = np.maximum(field, limb(x, y, a, b, long * 0.4, 0.01))
    return field * 6


def plant(rng, x, y):
    field = np.full(x.shape, -1.0)
    for _ in range(rng.integers(4, 16)):
        tip = (rng.uniform(-0.9, 0.9), rng.uniform(-0.2, 0.95))
        field = np.maximum(field, limb(x, y, (rng.normal(0, 0.1), -1), tip, 0.05, rng.uniform(0.01, 0.12)))
        if rng.random() < 0.4:
            field = np.maximum(field, rng.uniform(0.08, 0.22) - np.hypot(x - tip[0], y - tip[1]))
    return field * 6


def bare_tree(rng, x, y):
    field = limb(x, y, (0, -1), (0, 0), 0.07, 0.05)
    tips = [((0.0, 0.0), np.pi / 2, 0.45, 0.05)]
    for _ in range(4):
        grown = []
        for start, turn, long, wide in tips:
            for _ in range(rng.integers(2, 4)):
                way = turn + rng.normal(0, 0.6)
                end = (start[0] + long * np.cos(way), start[1] + long * np.sin(way))
                field = np.maximum(field, limb(x, y, start, end, wide, wide * 0.7))
                grown.append((end, way, long * 0.65, wide * 0.7))
        tips = grown[:40]
    return field * 8


def bars(rng, x, y):
    upright = rng.uniform(0.15, 0.5) - np.abs(((x * rng.integers(3, 9)) % 1) - 0.5)
    across = 0.06 - np.abs(np.abs(y) - rng.uniform(0.4, 0.9))
    return np.maximum(upright, across) * 4


OUTLINES = (figure, figure, animal, blob, blob, leaves, plant, bare_tree, bars)


def make_masks(rng):
    """[MASKS, side, side], positive inside; outline k stands at every index that is k modulo len(OUTLINES)."""
    y, x = np.mgrid[1 : -1 : MASK_SIDE * 1j, -1 : 1 : MASK_SIDE * 1j]
    return np.stack([OUTLINES[i % len(OUTLINES)](rng, x, y) for i in range(MASKS)]).clip(-1, 1).astype(np.float32)


def mask_index(rng, outline):
    """A random silhouette of one outline, such as `figure`."""
    kinds = [i for i in range(MASKS) if OUTLINES[i % len(OUTLINES)] is outline]
    return int(kinds[rng.integers(len(kinds))])
