"""Faces of apes and monkeys: brows, long noses, swollen cheeks, lips. One unit is half a head; they look along +z."""

import numpy as np

from meshed.animals.beast_heads import ear
from meshed.animals.coats import dye, fur
from meshed.flesh import capsule, carved, ellipsoid, fused, nearest, scores_of, split, wobble
from meshed.mesh import ball
from world import DARK, WHITE, material, pick, turned

SKULL, BROW, NOSE, CHEEK, LIPS, NECK = range(6)
FACES = {
    "mandrill": dict(
        nose=0.2,
        long=0.75,
        cheeks=3,
        wide=0.62,
        colours=((0.3, 0.24, 0.12), (0.35, 0.5, 0.8), (0.8, 0.1, 0.1), (0.85, 0.6, 0.2)),
    ),
    "gorilla": dict(
        nose=0.26,
        long=0.4,
        cheeks=0,
        wide=0.72,
        colours=((0.06, 0.06, 0.06), (0.13, 0.12, 0.12), (0.1, 0.1, 0.1), (0.25, 0.25, 0.25)),
    ),
    "chimp": dict(
        nose=0.12,
        long=0.55,
        cheeks=0,
        wide=0.68,
        colours=((0.05, 0.05, 0.05), (0.5, 0.36, 0.28), (0.4, 0.28, 0.22), (0.6, 0.5, 0.42)),
    ),
    "orang": dict(
        nose=0.12,
        long=0.5,
        cheeks=-1,
        wide=0.7,
        colours=((0.6, 0.25, 0.06), (0.32, 0.22, 0.18), (0.25, 0.17, 0.14), (0.6, 0.3, 0.1)),
    ),
    "macaque": dict(
        nose=0.11,
        long=0.45,
        cheeks=1,
        wide=0.66,
        colours=((0.5, 0.43, 0.35), (0.8, 0.4, 0.35), (0.75, 0.3, 0.28), (0.75, 0.7, 0.62)),
    ),
    "proboscis": dict(
        nose=0.3,
        long=0.35,
        cheeks=1,
        wide=0.66,
        colours=((0.6, 0.35, 0.15), (0.75, 0.5, 0.4), (0.75, 0.45, 0.35), (0.8, 0.7, 0.5)),
    ),
}


def lumps_of(rng, name, form):
    """Lumps of a face, labelled by part."""
    long, wide, nose = form["long"] * rng.uniform(0.85, 1.15), form["wide"], form["nose"] * rng.uniform(0.85, 1.2)
    tip = 0.6 + long
    lumps = [
        ellipsoid((0, 0.15, -0.1), (0.8, 0.85, 0.85), label=SKULL),
        capsule((-0.42, 0.32, 0.62), (0.42, 0.32, 0.62), rng.uniform(0.14, 0.22), label=BROW),
        capsule((0, -0.25, 0.35), (0, -0.42, tip - 0.35), 0.55, wide * 0.62, label=CHEEK),
        ellipsoid((0, -0.42, tip - 0.3), (wide * 0.72, 0.42, 0.4), label=LIPS),
        ellipsoid((0, -0.68, tip - 0.38), (wide * 0.55, 0.22, 0.36), label=LIPS),
        capsule((0, -0.6, -0.5), (0, -1.2, -0.9), 0.6, 0.7, label=NECK),
    ]
    if name == "mandrill" or rng.random() < 0.2:
        lumps.append(capsule((0, 0.2, 0.75), (0, -0.2, tip + 0.02), nose * 0.75, nose * 1.1, label=NOSE))
        lumps.append(ellipsoid((0, -0.22, tip + 0.02), (nose * 1.35, nose * 0.8, nose * 0.7), label=NOSE))
    elif name == "proboscis":
        lumps.append(capsule((0, 0.1, 0.8), (0, -0.45, tip + 0.35), 0.14, nose * 0.9, label=NOSE))
    else:
        lumps.append(capsule((0, 0.1, 0.72), (0, -0.12, tip - 0.1), nose * 0.6, nose, label=NOSE))
        lumps += [ellipsoid((side * nose * 0.9, -0.16, tip - 0.1), nose * 0.75, label=NOSE) for side in (-1, 1)]
    for side in (-1, 1):
        for k in range(max(form["cheeks"], 0)):
            x = (0.28 + 0.13 * k) * rng.uniform(0.95, 1.05)
            lumps.append(
                capsule(
                    (side * x, 0.08 - 0.1 * k, 0.68 - 0.06 * k),
                    (side * (x + 0.05), -0.28, tip - 0.18 - 0.1 * k),
                    0.1 if form["cheeks"] > 1 else 0.2,
                    label=CHEEK,
                    blend=0.03,
                )
            )
        if form["cheeks"] < 0:
            lumps.append(ellipsoid((side * 0.85, -0.05, 0.15), (0.55, 0.85, 0.2), turned(side * 0.5), CHEEK))
        lumps.append(ellipsoid((side * 0.62, -0.05, 0.45), (0.2, 0.25, 0.22), label=CHEEK))
    eyes = [np.array([side * 0.3, 0.14, 0.82]) for side in (-1, 1)]
    lumps += [carved(ellipsoid(e + [0, 0, 0.03], (0.17, 0.11, 0.14), blend=0.05)) for e in eyes]
    holes = [
        np.array(
            [side * nose * 0.6, -0.3 if name != "proboscis" else -0.7, tip + (0.16 if name == "mandrill" else 0.05)]
        )
        for side in (-1, 1)
    ]
    lumps += [carved(ellipsoid(h, (nose * 0.35, nose * 0.3, nose * 0.5), blend=0.02)) for h in holes]
    lumps.append(carved(capsule((-wide * 0.5, -0.58, tip - 0.05), (wide * 0.5, -0.58, tip - 0.05), 0.03, blend=0.02)))
    lumps += [
        carved(
            capsule((side * wide * 0.5, -0.58, tip - 0.05), (side * wide * 0.66, -0.56, tip - 0.4), 0.03, blend=0.02)
        )
        for side in (-1, 1)
    ]
    return lumps, eyes, tip


def ape(rng, name=None, cells=84):
    """Meshes of an ape's head."""
    name = name or pick(rng, "mandrill", "mandrill", *FACES)
    form = FACES[name]
    lumps, eyes, tip = lumps_of(rng, name, form)
    skin = fused(lumps, cells, None)
    p = skin.points.astype(float)
    near = nearest(np.array([row for row in lumps if row[18] > 0]), p, 6)
    colours = (
        list(form["colours"])
        if rng.random() < 0.6
        else [rng.uniform(0.03, 0.85) * np.array([1, rng.uniform(0.5, 1), rng.uniform(0.3, 1)]) for _ in range(4)]
    )
    hair, bare, red, beard = (dye(rng, c, 1.0) for c in colours)
    bare.gloss = rng.uniform(0, 0.4)
    noise = wobble(rng, p, 0.4)

    def only(*parts):
        rest = [k for k in range(6) if k not in parts]
        return near[:, rest].min(1) - near[:, list(parts)].min(1)

    front = (
        p[:, 2] - rng.uniform(0.3, 0.55) + 0.06 * noise - 0.35 * np.maximum(p[:, 1] - 0.3, 0) - 0.2 * np.abs(p[:, 0])
    )
    layers, used = [np.ones(len(p)), front], [hair, bare]
    layers.append(np.minimum(only(NOSE) + 0.02, front))
    used.append(red)
    if rng.random() < 0.6:
        layers.append(np.minimum(only(LIPS) - rng.uniform(0, 0.1), front))
        used.append(pick(rng, red, beard, bare))
    layers.append(np.minimum(-p[:, 1] - rng.uniform(0.7, 0.85) + 0.08 * noise, 2 - p[:, 2]))
    used.append(beard)
    if form["cheeks"] > 1:
        groove = np.minimum(np.sin(np.abs(p[:, 0]) * 46 + 8 * p[:, 1] * 0.3), only(CHEEK)) - 0.15
        layers.append(np.minimum(groove, p[:, 2] - 0.75))
        used.append(dye(rng, np.asarray(colours[1]) * rng.uniform(0.3, 0.7), 1.0))
    if rng.random() < 0.4:
        layers.append(np.minimum(0.2 - np.min([np.linalg.norm((p - e) * [1, 1.4, 1], axis=1) for e in eyes], 0), front))
        used.append(pick(rng, hair, beard, dye(rng, (0.85, 0.7, 0.6), 1.0)))
    parts = split(skin, scores_of(layers), used)
    grown = []
    for m in parts:
        if m.material is hair or m.material is beard:
            long = rng.uniform(0.15, 0.45) if m.material is beard else rng.uniform(0.1, 0.3)
            grown += fur(
                rng,
                m,
                5000 if m.material is hair else 1800,
                long,
                0.02,
                (0, 0.1 if m.material is hair else -0.9, -0.8),
                0.5,
            )
    dark = material(rng, DARK, amount=0.1)
    iris = material(rng, pick(rng, (0.45, 0.22, 0.06), (0.65, 0.4, 0.1), (0.12, 0.07, 0.04)), amount=0.1)
    white = pick(rng, iris, dark, dark, material(rng, WHITE, amount=0.1))
    for e in eyes:
        parts += [
            ball(white, 10, 14, 0.115).moved(e - [0, 0, 0.05]),
            ball(iris, 10, 14, 0.075).moved(e + [0, 0, 0.015]),
            ball(dark, 8, 12, 0.045).moved(e + [0, 0, 0.058]),
        ]
    for side in (-1, 1):
        if rng.random() < 0.7:
            parts += [m.moved((0, -0.1, -0.2)) for m in ear("flap", 0.42, bare, bare, side, 0.9)]
    chest = fused(
        [ellipsoid((0, -2.3, -1.0), (1.5, 1.1, 0.9)), capsule((0, -0.9, -0.7), (0, -1.8, -0.9), 0.62, 0.9)],
        30,
        0.3,
        pick(rng, hair, hair, beard),
    )
    return parts + grown + [chest, *fur(rng, chest, 4000, 0.25, 0.025, (0, -0.9, 0.1), 0.5)]
