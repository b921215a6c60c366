"""Fish, snails, insects, spiders, frogs and tortoises as meshes, on y = 0 and looking along +z."""

import math

import numpy as np

from meshed.animals.coats import coated, dye, fur
from meshed.flesh import capsule, ellipsoid, fused, scores_of, split, wobble
from meshed.mesh import Mesh, ball, grid_faces, sheet, sized, smoothed_path, sweep
from world import DARK, LEAF, WHITE, material, pick, spread

BRIGHT = (
    (0.85, 0.35, 0.05),
    (0.9, 0.75, 0.1),
    (0.1, 0.3, 0.75),
    (0.75, 0.08, 0.08),
    (0.05, 0.05, 0.05),
    WHITE,
    (0.15, 0.5, 0.5),
    (0.5, 0.52, 0.5),
    (0.35, 0.4, 0.2),
)


def dyes(rng, count=3):
    """Materials for the colours of one animal."""
    return [dye(rng, pick(rng, *BRIGHT, rng.uniform(0.03, 0.9, 3)), 0.3) for _ in range(count)]


def printed_on(rng, mesh, made, stripes=True):
    """A mesh cut into colours by bars across, bars along, spots or its back."""
    p = mesh.local.astype(float)
    span = p.max(0) - p.min(0)
    layers, used = [np.ones(len(p))], [made[0]]
    for _ in range(rng.integers(1, 4)):
        wave = p[:, 2] / span[2] * rng.uniform(12, 50) + wobble(rng, p / span.max(), 0.5)
        layers.append(
            pick(
                rng,
                np.sin(wave) - rng.uniform(0, 0.6) if stripes else p[:, 1] - 9,
                np.sin(p[:, 1] / span[1] * rng.uniform(8, 30)) - 0.3,
                wobble(rng, p / span.max(), rng.uniform(0.1, 0.4)) - 0.7,
                (p[:, 1] - p[:, 1].mean()) / span[1] - rng.uniform(-0.2, 0.2),
                rng.uniform(-0.3, 0.3) + p[:, 2] / span[2],
            )
        )
        used.append(pick(rng, *made))
    return split(mesh, scores_of(layers), used)


def fish(rng):
    """A fish with fins; it swims along +z."""
    made, n = dyes(rng), 34
    t = np.linspace(0, 1, n)
    tall, wide = rng.uniform(0.15, 0.6), rng.uniform(0.08, 0.2)
    form = np.sin(np.pi * np.clip(0.06 + 0.9 * t ** rng.uniform(0.6, 1.0), 0, 1)) ** 0.8
    bend = rng.normal() * 0.15
    a = np.arange(24) * 2 * math.pi / 24
    x = wide * form[:, None] * np.cos(a) + bend * (1 - t[:, None]) ** 2
    y = tall * (form + 0.06)[:, None] * np.sin(a)
    body = Mesh(
        np.stack([x, y, np.broadcast_to(t[:, None] * 2 - 1, y.shape)], -1).reshape(-1, 3),
        grid_faces(n, 24, True),
        made[0],
    )
    parts = printed_on(rng, body, made)

    def fin(z0, z1, up, long, back, m):
        v, u = np.meshgrid(np.linspace(0, 1, 8), np.linspace(0, 1, 14), indexing="ij")
        edge = (0.5 + 0.5 * np.sin(np.pi * u)) * (1 + 0.08 * np.sin(u * 40))
        z = z0 + (z1 - z0) * u - back * v
        at = np.interp((z0 + (z1 - z0) * u + 1) / 2, t, form) * tall * 0.85
        return sheet(
            np.stack([bend * (1 - (z + 1) / 2) ** 2 + 0.02 * np.sin(u * 9) * v, up * (at + v * edge * long), z], -1), m
        )

    parts += [
        fin(-0.6, 0.4, 1, rng.uniform(0.1, 0.4), 0.25, pick(rng, *made)),
        fin(-0.7, -0.1, -1, rng.uniform(0.1, 0.3), 0.25, pick(rng, *made)),
    ]
    v, u = np.meshgrid(np.linspace(0, 1, 10), np.linspace(-1, 1, 16), indexing="ij")
    fork, big = rng.uniform(0, 0.3), rng.uniform(0.3, 0.8)
    tail = np.stack(
        [bend * (1 + v * 0.6), u * (0.06 + big * v * 0.7), -0.95 - v * big * (0.7 + fork * np.abs(u) * 2)], -1
    )
    parts.append(sheet(tail, pick(rng, *made)))
    for side in (-1, 1):
        flap = np.stack([side * (wide + 0.2 * v), -0.1 * tall - 0.15 * v + u * 0.12 * v, 0.35 - 0.35 * v], -1)
        parts.append(sheet(flap, pick(rng, *made)))
        z = 0.72
        at = np.interp((z + 1) / 2, t, form)
        parts.append(
            ball(material(rng, WHITE, amount=0.1), 9, 12, 0.065).moved((side * wide * at * 0.9, tall * at * 0.25, z))
        )
        parts.append(
            ball(material(rng, DARK, amount=0.1), 9, 12, 0.045).moved(
                (side * (wide * at * 0.9 + 0.035), tall * at * 0.25, z)
            )
        )
    return sized(parts, spread(rng, 0.03, 0.25))


def snail(rng):
    """A snail with a spiral shell."""
    made, n = dyes(rng), 110
    t = np.linspace(0, 1, n)
    a = t * 2 * math.pi * rng.uniform(2.4, 3.6)
    r = 0.06 + 0.42 * t**1.7
    path = np.stack([(1 - t) * rng.uniform(0.1, 0.5), r * np.sin(a), r * np.cos(a)], 1)
    turn = a[-1] + math.pi / 2
    path = np.stack(
        [
            path[:, 0],
            path[:, 1] * math.cos(turn) + path[:, 2] * math.sin(turn),
            path[:, 2] * math.cos(turn) - path[:, 1] * math.sin(turn),
        ],
        1,
    )
    house = sweep(path, 0.04 + 0.26 * t**1.5, made[0], 18)
    rows, k = len(path) + 2, np.arange(18)
    around, along = np.tile(k * 2 * math.pi / 18, rows), np.repeat(np.linspace(0, 1, rows), 18)
    layers = [
        np.ones(len(around)),
        pick(
            rng,
            np.sin(around * rng.integers(1, 4) + 1) - 0.3,
            np.sin(along * rng.uniform(80, 200)) - 0.2,
            0 * along - 1,
        ),
    ]
    parts = [p.moved((0, 0.62, -0.1)) for p in split(house, scores_of(layers), made[:2])]
    skin = material(rng, pick(rng, (0.5, 0.4, 0.28), (0.25, 0.2, 0.17), (0.7, 0.6, 0.4)), 8, 0.6)
    foot = [
        capsule((0, 0.08, -1.1), (0, 0.12, -0.3), 0.06, 0.2),
        capsule((0, 0.12, -0.3), (0, 0.14, 0.6), 0.22, 0.18),
        capsule((0, 0.14, 0.6), (0, 0.32, 0.95), 0.18, 0.15),
    ]
    parts.append(fused(foot, 40, 0.06, skin))
    for side in (-1, 1):
        tip = np.array([side * rng.uniform(0.12, 0.3), rng.uniform(0.65, 0.85), 1.15])
        parts.append(sweep(np.linspace((side * 0.06, 0.38, 0.98), tip, 5), [0.035, 0.03, 0.025, 0.022, 0.04], skin, 7))
        parts.append(sweep(np.linspace((side * 0.06, 0.26, 1.05), (side * 0.12, 0.24, 1.25), 4), 0.025, skin, 6))
    return sized(parts, rng.uniform(0.012, 0.03))


def legs(rng, count, start, reach, wide, m):
    """Pairs of legs with knees, down to y = 0."""
    found = []
    for k in range(count):
        z = start[2] * (1 - 2 * k / max(count - 1, 1))
        for side in (-1, 1):
            foot = np.array([side * reach * rng.uniform(0.8, 1.15), 0.0, z * 2.2 + rng.normal() * 0.1 * reach])
            root = np.array([side * start[0], start[1], z])
            knee = (root + foot) / 2 + [side * 0.05 * reach, start[1] * rng.uniform(0.8, 1.8), 0]
            found.append(sweep(smoothed_path([root, knee, foot], 9), np.linspace(1, 0.5, 9) * wide, m, 6))
    return found


def insect(rng):
    """A beetle, a ladybird, a bee or fly, a spider, an ant, a dragonfly, a caterpillar or a grasshopper."""
    made, dark = dyes(rng), material(rng, pick(rng, DARK, DARK, (0.3, 0.15, 0.05)), amount=0.2)
    k = rng.integers(6)
    if k == 0:
        long = rng.uniform(1, 1.7)
        shell = ball(made[0], 22, 30).moved((0, 0.22, 0), scale=np.array([0.72, 0.6, 0.75 * long]))
        shell.points[:, 1] = np.maximum(shell.points[:, 1], 0.18)
        p = shell.points.astype(float)
        layers = [np.ones(len(p)), 0.03 - np.abs(p[:, 0])]
        for _ in range(rng.integers(0, 6)):
            c = p[rng.integers(len(p))]
            layers.append(
                rng.uniform(0.12, 0.25)
                - np.linalg.norm((p - c * [0, 1, 1]) * [1, 1, 1] - [abs(c[0]), 0, 0] * np.sign(p[:, :1]), axis=1)
            )
        parts = split(shell, scores_of(layers), [made[0], dark, *[made[1]] * (len(layers) - 2)])
        parts += [
            ball(pick(rng, dark, made[2]), 12, 18).moved((0, 0.3, 0.78 * long), scale=np.array([0.48, 0.3, 0.3])),
            ball(dark, 10, 14, 0.22).moved((0, 0.26, 0.78 * long + 0.3)),
        ]
        parts += legs(rng, 3, np.array([0.45, 0.25, 0.35 * long]), 0.95, 0.05, dark)
        top, size = (0, 0.4, 0.78 * long + 0.4), rng.uniform(0.004, 0.02)
    elif k == 1:
        body = fused(
            [ellipsoid((0, 0.5, -0.75), (0.36, 0.36, 0.62)), ellipsoid((0, 0.55, 0.05), (0.36, 0.36, 0.38))],
            46,
            0.1,
            made[0],
        )
        body.local = body.points
        parts = printed_on(rng, body, [made[0], dark, made[1]])
        parts += fur(rng, parts[0], 2500, 0.14, 0.02, (0, 0.2, -0.8))
        parts += [ball(dark, 12, 16, 0.28).moved((0, 0.5, 0.5))] + [
            ball(made[2], 9, 12).moved((side * 0.2, 0.54, 0.55), scale=(0.14, 0.2, 0.18)) for side in (-1, 1)
        ]
        pale = material(rng, (0.75, 0.75, 0.72), 3, 0.5)
        v, u = np.meshgrid(np.linspace(0, 1, 16), np.linspace(-1, 1, 9), indexing="ij")
        lift, back = rng.uniform(0.0, 0.8), rng.uniform(0.2, 1.3)
        for side in (-1, 1):
            for long, z in ((1.4, 0.2), (1.0, -0.05)):
                w = 0.26 * long * np.sin(np.pi * np.clip(v * 0.9 + 0.06, 0, 1)) ** 0.7
                x, zz = v * long, u * w
                parts.append(
                    sheet(
                        np.stack(
                            [
                                side * (0.2 + x * math.cos(back) + zz * math.sin(back)),
                                0.8 + x * math.sin(lift) * 0.7,
                                z - x * math.sin(back) + zz * math.cos(back),
                            ],
                            -1,
                        ),
                        pale,
                    )
                )
        parts += legs(rng, 3, np.array([0.25, 0.4, 0.3]), 0.6, 0.045, dark)
        top, size = (0, 0.65, 0.7), rng.uniform(0.005, 0.012)
    elif k == 2:
        back = fused(
            [
                ellipsoid((0, 0.55, -0.7), np.array([0.55, 0.5, 0.7]) * rng.uniform(0.7, 1.1)),
                ellipsoid((0, 0.5, 0.15), (0.36, 0.28, 0.4)),
            ],
            44,
            0.05,
            made[0],
        )
        back.local = back.points
        parts = printed_on(rng, back, made)
        if rng.random() < 0.6:
            parts += fur(rng, back, 2500, 0.14, 0.02, (0, 0.2, -0.8))
        parts += legs(rng, 4, np.array([0.25, 0.45, 0.28]), 1.5, 0.07, pick(rng, dark, made[0]))
        top, size = None, rng.uniform(0.004, 0.02)
    elif k == 3:
        n, parts = int(rng.integers(7, 12)), []
        hump = rng.uniform(0, 0.5)
        for j in range(n):
            y = 0.25 + hump * math.sin(j * math.pi / (n - 1)) ** 2 * 2
            seg = ball(made[j % 2 if rng.random() < 0.8 else 2], 11, 16).moved(
                (0.15 * math.sin(j * 0.7), y, (j - n / 2) * 0.33), scale=np.array([0.25, 0.25, 0.23])
            )
            parts.append(seg)
            if j % 3 != 1:
                parts += [ball(dark, 6, 8, 0.07).moved((side * 0.16, y - 0.22, (j - n / 2) * 0.33)) for side in (-1, 1)]
        if rng.random() < 0.5:
            parts += [
                h for m in list(parts) if len(m.faces) > 200 for h in fur(rng, m, 120, 0.3, 0.015, (0, 0.8, -0.3), 1.5)
            ]
        top, size = (0, 0.35, n / 2 * 0.33), rng.uniform(0.006, 0.014)
    elif k == 4:
        body = sweep(
            np.stack([np.zeros(30), 0.5 + 0.1 * np.linspace(-1, 0, 30) ** 2, np.linspace(-2.4, 0.2, 30)], 1),
            0.09 + 0.03 * np.sin(np.arange(30)),
            made[0],
            12,
        )
        parts = printed_on(rng, body, made)
        parts += [
            ball(made[1], 12, 16).moved((0, 0.5, 0.35), scale=(0.25, 0.28, 0.4)),
            ball(made[2], 12, 16).moved((0, 0.52, 0.8), scale=(0.27, 0.2, 0.2)),
        ]
        v, u = np.meshgrid(np.linspace(0, 1, 20), np.linspace(-1, 1, 9), indexing="ij")
        w, pale = (
            0.24 * np.sin(np.pi * np.clip(v * 0.85 + 0.12, 0, 1)) ** 0.6,
            material(rng, pick(rng, (0.7, 0.72, 0.72), (0.5, 0.4, 0.2), None), 6, 0.8),
        )
        for side in (-1, 1):
            for z, back in ((0.5, 0.0), (0.2, 0.25)):
                parts.append(
                    sheet(
                        np.stack(
                            [side * v * 2.0, 0.68 + 0.05 * np.sin(v * 5) + 0.15 * v, z + u * w - back * v * 2], -1
                        ),
                        pale,
                    )
                )
        parts += legs(rng, 3, np.array([0.12, 0.3, 0.2]), 0.4, 0.03, dark)
        top, size = None, rng.uniform(0.01, 0.016)
    else:
        green = dye(rng, pick(rng, LEAF, (0.5, 0.4, 0.2), (0.3, 0.5, 0.1)), 0.3)
        parts = [
            fused(
                [
                    capsule((0, 0.5, -1.5), (0, 0.55, 0.2), 0.14, 0.24),
                    ellipsoid((0, 0.6, 0.5), (0.22, 0.26, 0.26)),
                    ellipsoid((0, 0.62, 0.78), (0.17, 0.28, 0.17)),
                ],
                60,
                0.08,
                green,
            )
        ]
        for side in (-1, 1):
            parts.append(
                sweep(
                    smoothed_path([(side * 0.2, 0.5, -0.1), (side * 0.4, 1.25, -1.0), (side * 0.5, 0.03, -1.6)], 14),
                    np.interp(np.arange(14), [0, 4, 7, 13], [0.1, 0.12, 0.05, 0.03]),
                    pick(rng, green, made[1]),
                    8,
                )
            )
            parts.append(ball(made[1], 8, 10).moved((side * 0.15, 0.72, 0.82), scale=(0.06, 0.1, 0.08)))
            parts.append(ball(made[0], 9, 16).moved((side * 0.12, 0.66, -0.75), scale=(0.06, 0.17, 1.0)))
        parts += legs(rng, 2, np.array([0.15, 0.4, 0.4]), 0.45, 0.04, green)
        top, size = (0, 0.85, 0.9), rng.uniform(0.008, 0.016)
    if top is not None:
        for side in (-1, 1):
            tip = np.array(top) + [side * rng.uniform(0.2, 0.7), rng.uniform(0.0, 0.6), rng.uniform(0.3, 0.9)]
            parts.append(sweep(smoothed_path([top, np.array(top) + [side * 0.15, 0.25, 0.2], tip], 8), 0.025, dark, 5))
    return sized(parts, size)


def squat(rng):
    """A frog, a tortoise or a lizard."""
    made, dark = (
        [dye(rng, c, 0.3) for c in ((0.25, 0.42, 0.12), (0.75, 0.7, 0.4), (0.15, 0.12, 0.08))],
        material(rng, DARK, amount=0.1),
    )
    if rng.random() < 0.4:
        made = dyes(rng)
    k, lumps = rng.integers(3), []
    if k == 0:
        lumps = [
            capsule((0, 0.28, -0.4), (0, 0.5, 0.35), 0.3, 0.3, label=0),
            ellipsoid((0, 0.55, 0.6), (0.36, 0.22, 0.34), label=4),
        ]
        for side in (-1, 1):
            lumps += [
                capsule((side * 0.25, 0.25, -0.5), (side * 0.6, 0.35, 0.1), 0.16, 0.12, label=1),
                capsule((side * 0.6, 0.35, 0.1), (side * 0.5, 0.06, -0.5), 0.12, 0.06, label=2),
                capsule((side * 0.5, 0.06, -0.5), (side * 0.75, 0.03, 0.05), 0.06, 0.05, label=2),
                capsule((side * 0.28, 0.4, 0.3), (side * 0.45, 0.2, 0.35), 0.11, 0.08, label=1),
                capsule((side * 0.45, 0.2, 0.35), (side * 0.38, 0.04, 0.6), 0.07, 0.06, label=2),
                ellipsoid((side * 0.22, 0.72, 0.62), 0.12, label=4),
            ]
        eyes, size = [(side * 0.27, 0.76, 0.67) for side in (-1, 1)], rng.uniform(0.03, 0.07)
    else:
        neck = np.array([0, 0.35, 0.8])
        head = neck + [rng.normal() * 0.1, rng.uniform(0.05, 0.3), 0.35]
        lumps = [
            capsule(neck - [0, 0.1, 0.4], head, 0.2, 0.15, label=3),
            ellipsoid(head + [0, 0, 0.12], (0.18, 0.16, 0.26), label=4),
        ]
        long = 0.55 if k == 1 else 0.9
        for side in (-1, 1):
            for z in (-long, long * 0.8):
                lumps += [
                    capsule((side * 0.2, 0.3, z), (side * 0.62, 0.25, z + rng.normal() * 0.12), 0.16, 0.12, label=1),
                    capsule(
                        (side * 0.62, 0.25, z), (side * 0.66, 0.06, z + 0.15 + rng.normal() * 0.1), 0.13, 0.1, label=2
                    ),
                ]
        lumps.append(capsule((0, 0.32, -0.7), (0, 0.32, 0.5), 0.28, 0.25, label=0))
        if k == 2:
            path = smoothed_path(
                [(0, 0.32, -0.7), (0.1, 0.25, -1.4), (rng.normal() * 0.5, 0.15, -2.1), (rng.normal(), 0.1, -2.7)], 8
            )
            lumps += [
                capsule(a, b, 0.24 - 0.03 * j, 0.21 - 0.03 * j, label=6)
                for j, (a, b) in enumerate(zip(path[:-1], path[1:], strict=True))
            ]
        eyes, size = [head + [side * 0.16, 0.08, 0.2] for side in (-1, 1)], rng.uniform(0.06, 0.2)
    skin = fused(lumps, 64, 0.07)
    parts = coated(rng, skin, lumps, pick(rng, "plain", "belly", "spots", "rosettes", "stripes", "patches"), made)
    parts += [ball(dark, 9, 12, 0.07).moved(e) for e in eyes]
    if k == 1:
        shell = ball(made[1], 30, 48).moved((0, 0.35, 0), scale=np.array([0.72, 0.55, 0.95]))
        shell.points[:, 1] = np.maximum(shell.points[:, 1], 0.3)
        p = shell.points.astype(float)
        plates = np.cos(p[:, 2] * 7.5) * 0.5 + np.cos(p[:, 0] * 8) * 0.5
        shell.points[:, 1] += (0.06 * np.clip(plates, -0.3, 1) * (p[:, 1] > 0.32)).astype(np.float32)
        parts += split(
            shell,
            scores_of([np.ones(len(p)), 0.12 - plates, plates - rng.uniform(0.5, 0.8)]),
            [made[1], made[2], pick(rng, *made)],
        )
    return sized(parts, size)
