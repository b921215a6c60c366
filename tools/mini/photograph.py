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
