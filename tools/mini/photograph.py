"""From linear light to a picture as a camera and its software would leave it."""

import io

import numpy as np
from PIL import Image


def blur(a, sigma):
    radius = max(int(3 * sigma), 1)
    weight = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma * sigma)).astype(np.float32)
    weight /= weight.sum()
    edge = ((radius, radius), (radius, radius)) + ((0, 0),) * (a.ndim - 2)
    padded = np.pad(a, edge, "edge")
    rows = sum(weight[i] * padded[i : i + a.shape[0]] for i in range(2 * radius + 1))
    return sum(weight[i] * rows[:, i : i + a.shape[1]] for i in range(2 * radius + 1))


def defocus(light, inverse, rng):
    """Sharp at the depth of a place near the middle, soft away from it."""
    n = len(light)
    y, x = rng.integers(n // 4, 3 * n // 4, 2)
    away = np.clip(np.abs(inverse - inverse[y, x]) / (inverse.max() + 1e-6) * rng.uniform(2, 8), 0, 1)
    away = blur(away, 1.5)[..., None]
    strength = rng.uniform(0.006, 0.03) * n
    soft, softer = blur(light, strength * 0.4), blur(light, strength)
    mild = light + (soft - light) * np.clip(2 * away, 0, 1)
    return mild + (softer - mild) * np.clip(2 * away - 1, 0, 1)


def photograph(light, inverse, rng, open_lens):
    """uint8 picture of linear `light`: lens, exposure, curve, colour, noise, JPEG."""
    n = len(light)
    picture = light.astype(np.float32)
    if rng.random() < open_lens:
        picture = defocus(picture, inverse, rng)
    if rng.random() < 0.25:
        picture = picture + rng.uniform(0.05, 0.3) * blur(np.maximum(picture - 0.8, 0), n * 0.03)
    if rng.random() < 0.85:
        picture = picture * np.clip(rng.uniform(0.12, 0.45) / (np.median(picture) + 0.04), 0.3, 5)
    if rng.random() < 0.5:
        y, x = np.mgrid[0:n, 0:n] / n * 2 - 1
        picture = picture * (1 - rng.uniform(0, 0.35) * (x * x + y * y)[..., None])
    if rng.random() < 0.6:
        picture = picture / (1 + picture * rng.uniform(0.2, 0.8)) * 1.4
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.4, 0.7)
    picture = picture * (1 + rng.normal(0, 0.06, 3))
    grey = picture.mean(2, keepdims=True)
    picture = grey + (picture - grey) * (0 if rng.random() < 0.06 else rng.uniform(0.5, 1.3))
    picture = (picture - 0.5) * rng.uniform(0.8, 1.25) + 0.5 + rng.uniform(-0.08, 0.08)
    if rng.random() < 0.35:
        picture = blur(picture, rng.uniform(0.4, 1.2))
    if rng.random() < 0.6:
        grain = rng.standard_normal(picture.shape) if rng.random() < 0.5 else rng.standard_normal((n, n, 1))
        picture = picture + grain * rng.uniform(0.003, 0.025)
    picture = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    if rng.random() < 0.6:
        stored = io.BytesIO()
        Image.fromarray(picture).save(stored, "JPEG", quality=int(rng.integers(25, 95)))
        picture = np.asarray(Image.open(stored))
    return picture


def motion(a, length, turn):
    """Smeared along a line."""
    count = max(int(length), 2)
    shifts = [
        (t * np.array([np.sin(turn), np.cos(turn)])).round().astype(int) for t in np.linspace(-0.5, 0.5, count) * length
    ]
    reach = int(np.abs(shifts).max())
    padded = np.pad(a, ((reach, reach), (reach, reach), (0, 0)), "edge")
    n, m = a.shape[:2]
    return sum(padded[reach + y : reach + y + n, reach + x : reach + x + m] for y, x in shifts) / count


def stored(picture, rng):
    """Through JPEG, sometimes twice, and at another size in between."""
    for _ in range(rng.integers(0, 3)):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(25, 96)), subsampling=int(rng.integers(0, 3)))
        picture = Image.open(file).convert("RGB")
        if rng.random() < 0.25:
            n = picture.width
            small = int(n * rng.uniform(0.45, 1.5))
            picture = picture.resize((small, small), int(rng.integers(1, 4))).resize((n, n), Image.Resampling.BICUBIC)
    return picture


def develop(light, inverse, rng, open_lens):
    """As `photograph`, by more lenses, films and programs: curves, colour styles, sharpening, motion, chains of JPEGs."""
    if rng.random() < 0.3:
        return photograph(light, inverse, rng, open_lens)
    n = len(light)
    picture = light.astype(np.float32)
    if rng.random() < open_lens:
        picture = defocus(picture, inverse, rng).astype(np.float32)
    if rng.random() < 0.15:
        picture = picture + rng.uniform(0.03, 0.25) * blur(np.maximum(picture - 0.7, 0), n * rng.uniform(0.01, 0.06))
    if rng.random() < 0.06:
        picture = motion(picture, n * rng.uniform(0.01, 0.04), rng.uniform(0, np.pi))
    grey = picture.mean(2)
    exposure = rng.uniform(0.1, 0.4) / (np.quantile(grey[::4, ::4], rng.uniform(0.3, 0.8)) + 0.03)
    picture = picture * np.clip(exposure, 0.2, 8)
    warm = rng.normal(0, 0.09)
    picture = picture * np.array([1 + warm, 1 + rng.normal(0, 0.03), 1 - warm], np.float32)
    if rng.random() < 0.4:
        y, x = np.mgrid[0:n, 0:n].astype(np.float32) / n * 2 - 1
        picture = picture * (1 - rng.uniform(0, 0.5) * ((x * x + y * y) / 2)[..., None] ** rng.uniform(0.8, 2))
    curve = rng.integers(4)
    if curve == 0:
        picture = picture * (1 + picture / 4) / (1 + picture)
    elif curve == 1:
        picture = 1 - np.exp(-1.4 * picture)
    elif curve == 2:
        picture = np.clip(picture * (2.51 * picture + 0.03) / (picture * (2.43 * picture + 0.59) + 0.14), 0, None)
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.38, 0.65)
    if rng.random() < 0.5:
        s = rng.uniform(-0.5, 0.9)
        picture = picture + s * (picture * picture * (3 - 2 * picture) - picture)
    grey = (picture @ np.array([0.3, 0.59, 0.11], np.float32))[..., None]
    if rng.random() < 0.1:
        tone = np.array([1, 1, 1]) if rng.random() < 0.6 else np.array([1.05, 0.97, 0.82])
        picture = (picture @ rng.dirichlet((1, 2, 1)).astype(np.float32))[..., None] * tone
    else:
        picture = grey + (picture - grey) * rng.uniform(0.4, 1.6)
        if rng.random() < 0.25:
            dark, bright = rng.normal(0, 0.06, 3), rng.normal(0, 0.06, 3)
            picture = picture + dark * (1 - grey) + bright * grey
    if rng.random() < 0.2:
        low = rng.uniform(0, 0.2)
        picture = low + picture * (rng.uniform(0.8, 1) - low)
    if rng.random() < 0.3:
        picture = blur(picture, rng.uniform(0.4, 1.3))
    if rng.random() < 0.35:
        picture = picture + rng.uniform(0.3, 1.5) * (picture - blur(picture, rng.uniform(0.6, 1.6)))
    if rng.random() < 0.5:
        strength = spread_of(rng, 0.002, 0.025)
        grain = rng.standard_normal((n, n, 1)).astype(np.float32) + 0.6 * rng.standard_normal((n, n, 3)).astype(
            np.float32
        )
        picture = picture + (blur(grain, rng.uniform(0.4, 1)) * 2 if rng.random() < 0.4 else grain) * strength
    if rng.random() < 0.15:
        shift = 1 + int(n > 200)
        picture[..., 0] = np.roll(picture[..., 0], int(rng.integers(-shift, shift + 1)), 1)
        picture[..., 2] = np.roll(picture[..., 2], int(rng.integers(-shift, shift + 1)), 1)
    return np.asarray(stored(Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)), rng))


def spread_of(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
