"""Directions through the pixels, and the sky there."""

import numpy as np


def rays(camera, side):
    """Directions through the pixels' middles, forward part 1 along the camera's axis."""
    middle = (np.arange(side) + 0.5) * 2 / side - 1
    x, y = np.meshgrid(middle * camera.tangent, -middle * camera.tangent)
    return np.stack([x, y, np.ones_like(x)], -1) @ camera.turn.T


def sky_of(scene, stock, directions, rng):
    """The sky's colour in every direction."""
    up = directions[..., 1] / np.linalg.norm(directions, axis=-1)
    flat = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    share = np.sqrt(np.clip(up, 0, 1))[..., None]
    sky = scene.horizon * (1 - share) + scene.zenith * share
    if scene.clouds:
        cover, index, tone = scene.clouds
        height = np.maximum(up, 0.02) + 0.12
        u, v = flat[..., 0] / height, flat[..., 2] / height
        pattern = np.stack([stock.patterns[index][: 128 * 128], stock.patterns[index + 1][: 128 * 128]]).reshape(
            2, 128, 128
        )
        near = lambda a, s: a[(v * s * 128).astype(int) % 128, (u * s * 128).astype(int) % 128]  # noqa: E731
        amount = near(pattern[0], 0.12) * 0.6 + near(pattern[1], 0.31) * 0.4
        amount = (
            np.clip((amount - cover) * 4, 0, 1)[..., None] * (up > 0)[..., None] * np.clip(up * 12, 0, 1)[..., None]
        )
        sky = sky * (1 - amount) + tone * amount
    if scene.stars:
        sky = sky + ((rng.random(up.shape) < 0.004 * scene.stars) * rng.uniform(0.2, 1, up.shape))[..., None]
    return np.ascontiguousarray(sky)
