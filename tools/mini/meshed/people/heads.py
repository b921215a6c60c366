"""Heads with noses, brows, sockets, lips, ears, chins; hair, beards, hats, glasses. The front is towards +z."""

import math

import numpy as np

from loud import loudened
from meshed.flesh import capsule, carved, ellipsoid, fused, nearest, split
from meshed.mesh import Mesh, ball, directions, lathe, sweep
from world import DARK, METAL, material, pick, turned

SKIN, LIP, HAIR, CLOTH = range(4)


def tone(rng):
    """A colour of skin, from very dark to very pale."""
    t = rng.random()
    base = np.array([0.16, 0.09, 0.06]) * (1 - t) + np.array([0.88, 0.66, 0.54]) * t
    return base * rng.uniform(0.8, 1.2) * np.array([1, rng.uniform(0.92, 1.05), rng.uniform(0.85, 1.1)])


def hair_tone(rng):
    """A colour of hair."""
    dark, light = ((0.02, 0.02, 0.02), (0.06, 0.04, 0.03), (0.03, 0.02, 0.02)), ((0.6, 0.58, 0.56), (0.85, 0.84, 0.82))
    return pick(rng, *dark, (0.2, 0.1, 0.05), (0.55, 0.38, 0.16), *light, (0.4, 0.13, 0.05))


def strands(rng):
    """A material of hair."""
    m = material(rng, (0.3, 0.3, 0.3), rng.uniform(8, 20), rng.uniform(0.3, 1))
    m.colours[:] = np.clip(np.array(hair_tone(rng)) * np.array([[1], [rng.uniform(0.5, 1.7)], [0.8]]), 0.008, 1)
    m.relief = rng.uniform(0, 0.8)
    return m


def plain(rng, colour, amount=0.1, scale=6.0, gloss=0.0):
    """A surface of nearly one colour."""
    m = material(rng, colour, scale, amount)
    m.colours[:] = np.clip(np.asarray(colour) * rng.uniform(0.9, 1.1), 0.01, 1)
    m.relief, m.gloss, m.mottle = 0.0, gloss, m.mottle * 0.3
    m.grain *= rng.random() < 0.3
    return m


def skull(rng, rows, jaw, nose, smile, neck):
    """Adds what is under the skin of a face."""
    b = 0.018
    rows += [
        ellipsoid((0, 0.03, -0.012), (0.075, 0.086, 0.094), blend=b),
        ellipsoid((0, -0.02, 0.025), (0.061, 0.085, 0.066), blend=b),
        ellipsoid((0, -0.066, 0.018), (0.055 * jaw, 0.042, 0.056), blend=0.03),
        ellipsoid((0, -0.1, 0.06), (0.026 * jaw, 0.017, 0.02), blend=0.03),
    ]
    for s in (-1, 1):
        rows += [
            ellipsoid((s * 0.044, -0.015, 0.055), (0.022, 0.018, 0.024), blend=0.03),
            capsule((s * 0.045, 0.034, 0.068), (0, 0.03, 0.083), 0.011, blend=0.02),
            carved(ellipsoid((s * 0.032, 0.012, 0.092), (0.019, 0.012, 0.018), blend=0.012)),
            ellipsoid((s * 0.078, 0, -0.008), (0.008, 0.031, 0.019), turned(s * 0.35, 0.15), blend=0.008),
            carved(ellipsoid((s * 0.088, 0.004, -0.004), (0.007, 0.017, 0.009), blend=0.004)),
        ]
    if neck:
        rows.append(capsule((0, -0.05, -0.025), (0, -0.19, -0.035), 0.052, 0.057, blend=0.03))
    tip = 0.108 * (0.97 + 0.06 * nose)
    rows += [
        capsule((0, 0.022, 0.082), (0, -0.022, tip), 0.008, 0.011 * nose, blend=0.015),
        ellipsoid((0, -0.024, tip), (0.012 * nose, 0.011, 0.012), blend=0.01),
    ]
    rows += [ellipsoid((s * 0.014 * nose, -0.028, 0.093), (0.009, 0.008, 0.012), blend=0.008) for s in (-1, 1)]
    wide, open_mouth = rng.uniform(0.023, 0.031), max(rng.normal(-0.004, 0.007), 0.0)
    if open_mouth:
        rows.append(
            carved(
                ellipsoid((0, -0.061 - open_mouth / 2, 0.088), (wide * 0.85, 0.003 + open_mouth, 0.016), blend=0.004)
            )
        )
    for s in (-1, 1):
        corner = (s * wide, -0.06 + 0.008 * smile, 0.072)
        rows += [
            capsule(corner, (s * 0.006, -0.0555, 0.086), 0.003, 0.0038, label=LIP, blend=0.006),
            capsule(corner, (s * 0.006, -0.065 - 1.2 * open_mouth, 0.084), 0.003, 0.0048, label=LIP, blend=0.006),
        ]


def hair(rng, rows, style):
    """Adds hair before the face is added, so that the face stands out of it."""
    if style == "bald":
        return
    thick = {"short": 0.004, "crop": 0.001, "afro": 0.05}.get(style, 0.012)
    centre, half = (0, 0.036, -0.018), np.array([0.078, 0.088, 0.094]) + thick
    rows.append(ellipsoid(centre, half, label=HAIR, blend=0.01))
    low = rng.uniform(0.0, 0.02)
    if style == "afro":
        rows.append(ellipsoid((0, 0.05, -0.03), (0.12, 0.12, 0.115), label=HAIR))
    if style in ("long", "bob", "curls"):
        end = {"bob": -0.09, "curls": -0.13, "long": rng.uniform(-0.3, -0.15)}[style]
        rows.append(capsule((0, 0.0, -0.06), (0, end, -0.08), 0.085, 0.075, 0.55, (0, 0, 1), label=HAIR))
        for s in (-1, 1):
            rows.append(
                capsule(
                    (s * 0.066, 0.03, -0.01),
                    (s * rng.uniform(0.07, 0.095), end, rng.uniform(-0.03, 0.03)),
                    0.026,
                    0.022,
                    label=HAIR,
                )
            )
    if style == "curls":
        for _ in range(18):
            v = rng.normal(size=3) * [1, 1, 1]
            v = v / np.linalg.norm(v)
            rows.append(
                ellipsoid(
                    np.array(centre) + v * half * [1.05, 1.05, 0.95], rng.uniform(0.02, 0.035), label=HAIR, blend=0.006
                )
            )
    if style == "bun":
        rows.append(ellipsoid((0, 0.08, -0.12), 0.045, label=HAIR, blend=0.01))
    if style == "tail":
        rows.append(capsule((0, 0.06, -0.11), (rng.normal() * 0.03, -0.12, -0.14), 0.03, 0.015, label=HAIR, blend=0.01))
    line = 0.0 if style in ("afro", "curls") else low
    rows.append(carved(ellipsoid((0, -0.015, 0.1), (0.066, 0.098 - line, 0.075), label=HAIR, blend=0.006)))
    if style in ("short", "crop", "bun", "tail"):
        for s in (-1, 1):
            rows.append(carved(ellipsoid((s * 0.08, -0.05, 0.02), (0.04, 0.06, 0.06), label=HAIR, blend=0.006)))
        rows.append(carved(ellipsoid((0, -0.1, -0.06), (0.1, 0.07, 0.08), label=HAIR, blend=0.006)))


def beard(rng, rows):
    """Adds a beard or a moustache after the face."""
    k = rng.random()
    if k < 0.6:
        long = rng.uniform(0, 0.06) * (rng.random() < 0.5)
        rows.append(ellipsoid((0, -0.078 - long / 2, 0.03), (0.06, 0.05 + long / 2, 0.056), label=HAIR, blend=0.006))
        rows.append(carved(ellipsoid((0, -0.015, 0.08), (0.07, 0.028, 0.06), label=HAIR, blend=0.004)))
    if k > 0.3:
        for s in (-1, 1):
            rows.append(capsule((0, -0.043, 0.094), (s * 0.032, -0.058, 0.076), 0.008, 0.006, label=HAIR, blend=0.006))


def teeth(rng):
    """What shows in an open mouth."""
    dark, white = plain(rng, (0.08, 0.02, 0.02), 0.0), plain(rng, (0.8, 0.78, 0.7), 0.0, gloss=0.3)
    return [
        ball(dark, 7, 12).moved((0, -0.065, 0.066), scale=(0.024, 0.016, 0.008)),
        ball(white, 7, 12).moved((0, -0.056, 0.07), scale=(0.019, 0.006, 0.009)),
    ]


def eyes(rng, skin, brow, gaze):
    """Eyeballs, irises, lids and brows."""
    white, iris = (
        plain(rng, (0.8, 0.78, 0.75), 0.0, gloss=0.5),
        plain(rng, pick(rng, (0.03, 0.02, 0.02), (0.1, 0.05, 0.02), (0.1, 0.2, 0.3)), 0.0),
    )
    out = []
    for s in (-1, 1):
        centre = np.array([s * 0.032, 0.012, 0.067])
        way = turned(gaze[0], gaze[1]) @ np.array([0, 0, 1.0])
        out.append(ball(white, 7, 10, 0.0125).moved(centre))
        out.append(ball(iris, 6, 8, 0.0062).moved(centre + way * 0.0085))
        out.append(ball(skin, 7, 10, 0.0136).moved(centre + [0, 0.0042, -0.0018]))
        if brow is not None:
            arc = [(s * 0.012, 0.032, 0.093), (s * 0.03, 0.04, 0.087), (s * 0.05, 0.033, 0.07)]
            out.append(sweep(arc, (0.0045, 0.005, 0.002), brow, 8, 0.6))
    return out


def glasses(rng):
    rim = plain(rng, pick(rng, DARK, METAL, (0.4, 0.1, 0.05), (0.7, 0.55, 0.2)), 0.0, gloss=0.5)
    dark = plain(rng, (0.02, 0.02, 0.025), 0.0, gloss=0.9) if rng.random() < 0.4 else None
    wide, tall, thick = rng.uniform(0.02, 0.028), rng.uniform(0.015, 0.024), rng.uniform(0.0012, 0.003)
    u, out = np.linspace(0, 2 * math.pi, 25), []
    corner = rng.uniform(0.5, 1)
    for s in (-1, 1):
        c, d = np.cos(u), np.sin(u)
        ring = np.stack(
            [
                s * 0.033 + wide * np.sign(c) * np.abs(c) ** corner,
                0.01 + tall * np.sign(d) * np.abs(d) ** corner,
                0.098 - 0.008 * np.abs(c) ** 2 * (c * s > 0),
            ],
            1,
        )
        out.append(sweep(ring, thick, rim, 6))
        out.append(
            sweep([(s * (0.033 + wide), 0.014, 0.09), (s * 0.078, 0.016, 0.03), (s * 0.08, 0.01, -0.02)], thick, rim, 6)
        )
        if dark is not None:
            out.append(ball(dark, 7, 14).moved((s * 0.033, 0.01, 0.096), scale=(wide, tall, 0.003)))
    out.append(sweep([(-0.014, 0.014, 0.1), (0, 0.017, 0.104), (0.014, 0.014, 0.1)], thick, rim, 6))
    return out


def hat(rng, kind, m, trim):
    """Meshes of a hat on the head."""
    tilt, top = turned(0, rng.uniform(-0.2, 0.05)), np.array([0, 0.05, -0.015])
    dome = [(0.091 * math.cos(v), 0.085 * math.sin(v)) for v in np.linspace(0, math.pi / 2 - 0.01, 8)]
    if kind == "beanie":
        shape = [lathe([(0.086, -0.02), (0.094, 0.0), (0.094, 0.02), *((r, y * 1.15 + 0.02) for r, y in dome)], m)]
    elif kind == "cap":
        peak = ball(trim, 8, 20).moved((0, -0.005, 0.1), turned(0, rng.uniform(0.05, 0.35)), (0.072, 0.007, 0.075))
        shape = [lathe([(0.088, -0.01), *dome], m), peak]
    elif kind == "brim":
        wide, tall = rng.uniform(0.13, 0.26), rng.uniform(0.07, 0.13)
        up = rng.uniform(-0.03, 0.04)
        profile = [
            (wide, up),
            (wide * 0.98, up + 0.006),
            (0.11, 0.008),
            (0.088, 0.012),
            (0.088, 0.03),
            (0.08, tall),
            (0.05, tall + 0.012),
            (1e-3, tall),
        ]
        shape = [lathe([(0.085, 0.0), *profile], m), lathe([(0.09, 0.013), (0.09, 0.034)], trim)]
    elif kind == "peaked":
        peak = ball(trim, 8, 20).moved((0, 0.0, 0.09), turned(0, 0.45), (0.07, 0.006, 0.06))
        band = lathe([(0.089, -0.005), (0.09, 0.035)], trim)
        shape = [band, lathe([(0.09, 0.034), (0.125, 0.055), (0.122, 0.07), (0.06, 0.085), (1e-3, 0.083)], m), peak]
    else:
        edge = [(0.112, -0.012), (0.118, -0.004), (0.112, 0.004)]
        shape = [
            lathe([(0.104, -0.01), (0.108, 0.01), *((r * 1.18, y * 1.05 + 0.01) for r, y in dome)], m),
            lathe(edge, trim),
        ]
        nape = [(0.1 * math.sin(u), -0.03, -0.1 * math.cos(u)) for u in np.linspace(-1.3, 1.3, 12)]
        shape.append(sweep(nape, 0.03, m, 10))
    return [
        Mesh(p.points * np.array([1, 1, 1.08], np.float32), p.faces, p.material, p.local, p.smooth).moved(top, tilt)
        for p in shape
    ]


def cloth(rng):
    """A material of clothes: black, white, one strong colour, any, or a loud print."""
    k = rng.random()
    if k < 0.22:
        return plain(rng, rng.uniform(0.008, 0.05, 3), 0.1)
    if k < 0.38:
        return plain(rng, np.full(3, rng.uniform(0.65, 0.9)), 0.1)
    if k < 0.6:
        colour = rng.permutation([rng.uniform(0.4, 0.85), rng.uniform(0.02, 0.6), rng.uniform(0.01, 0.12)])
        return plain(rng, colour, rng.uniform(0, 0.3))
    m = material(rng, scale=rng.uniform(3, 12))
    return loudened(rng, m, rng.uniform(2.5, 14)) if k > 0.72 else m


def head(rng, cells=56, skin=None, style=None, top=None, female=None, extras=True, neck=True, young=False):
    """Meshes of a head, its neck included. `top` is a kind of hat or None."""
    female = rng.random() < 0.45 if female is None else female
    skin = skin or plain(rng, tone(rng), rng.uniform(0, 0.25), 8)
    style = style or (
        pick(rng, "long", "bob", "bun", "tail", "curls", "long")
        if female
        else pick(rng, "short", "short", "crop", "bald", "afro", "curls")
    )
    style = "short" if top and style in ("afro", "curls", "bun") else style
    locks = strands(rng)
    scarf = top == "scarf"
    rows = []
    if scarf:
        rows.append(ellipsoid((0, 0.03, -0.015), (0.092, 0.102, 0.112), label=CLOTH, blend=0.02))
        rows.append(capsule((0, -0.06, -0.02), (0, -0.19, 0.0), 0.082, 0.12, label=CLOTH, blend=0.04))
        rows.append(carved(ellipsoid((0, -0.01, 0.11), (0.06, 0.092, 0.08), label=CLOTH, blend=0.006)))
    else:
        hair(rng, rows, style)
    skull(
        rng,
        rows,
        rng.uniform(0.8, 1.0) if female else rng.uniform(0.9, 1.25),
        rng.uniform(0.8, 1.35),
        rng.uniform(-0.5, 1.2),
        neck,
    )
    if not (female or young) and rng.random() < 0.35:
        beard(rng, rows)
    stuff = cloth(rng)
    lip = plain(rng, skin.colours[0] * np.array([0.95, 0.6, 0.6]) if not female else (0.5, 0.12, 0.12), 0.1)
    mesh = fused(rows, cells)
    scores = nearest(np.array(rows), mesh.points.astype(float), 4)
    if style in ("curls", "afro", "long", "bob"):
        waves = rng.normal(size=(5, 3)) * 90
        rough = np.sin(mesh.points @ waves.T + rng.uniform(0, 6, 5)).mean(1) * (scores.argmin(1) == HAIR)
        mesh = Mesh(mesh.points + directions(mesh) * rough[:, None] * 0.006, mesh.faces, None, mesh.local)
    out = split(mesh, scores, (skin, lip, locks, stuff))
    if extras:
        out += eyes(rng, skin, locks if rng.random() < 0.9 else None, rng.normal(0, (0.25, 0.1)))
        out += teeth(rng)
        if rng.random() < 0.28:
            out += glasses(rng)
    if top and not scarf:
        trim = plain(rng, rng.uniform(0.01, 0.7, 3), 0.0) if rng.random() < 0.5 else stuff
        out += hat(rng, top, stuff, trim)
    return out
