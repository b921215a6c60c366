"""Kinds of scenes of gardens, of leaves close by, of views through trees and windows, of rocks."""

import math

import numpy as np

from meshed.land.landscape import ahead, far, give, lawn, soil, stand, undergrowth, wood
from meshed.land.plants import (
    Relief,
    big_leaves,
    bush,
    clear,
    flowers,
    land,
    leaf_materials,
    rock,
    scattered,
    spray,
    unit,
)
from meshed.mesh import ball, lathe, sheet
from meshed.shared.houses import dome, house, lattice, pagoda, style, tower
from meshed.shared.pile import Pile, finish, looking
from world import BARK, DARK, GRASS, LEAF, SAND, STONE, WHITE, WOOD, material, outdoors, pick, spread, turned


def subject(rng, pile, z):
    """A building far away that `framed_view` shows."""
    k, s = rng.integers(5), style(rng)
    if k == 0:
        pagoda(rng, pile, rng.normal() * z * 0.1, z, z * rng.uniform(0.05, 0.12), z * rng.uniform(0.3, 0.7), s)
    elif k == 1:
        lattice(rng, pile, rng.normal() * z * 0.1, z, z * 0.1, z * rng.uniform(0.4, 0.9), s["trim"])
    elif k == 2:
        for _ in range(rng.integers(1, 4)):
            tower(
                rng,
                pile,
                rng.normal() * z * 0.2,
                z + rng.normal() * 3,
                z * rng.uniform(0.03, 0.08),
                z * rng.uniform(0.2, 0.6),
                s,
            )
        house(
            rng,
            pile,
            rng.normal() * z * 0.1,
            z,
            z * rng.uniform(0.2, 0.5),
            z * rng.uniform(0.1, 0.25),
            z * 0.2,
            rng.normal() * 0.4,
            s=s,
        )
    elif k == 3:
        r = z * rng.uniform(0.08, 0.15)
        house(rng, pile, 0, z, r * 3, r * 1.2, r * 2, rng.normal() * 0.2, s=s)
        pile.add(lathe(dome(rng, r, r, pick(rng, 0, 0.5)), columns=28), s["roof"], (0, r * 1.2, z + r))
    else:
        for i in range(rng.integers(2, 7)):
            house(
                rng,
                pile,
                rng.normal() * z * 0.4,
                z + 8 * i,
                rng.uniform(5, 12),
                rng.uniform(3, 12),
                8,
                rng.normal() * 0.5,
            )


def framed_view(rng):
    """Leaves or branches close by in a corner or around the frame, and far away a building or a landscape."""
    height = Relief(rng, rng.uniform(20, 60), rng.uniform(0, 2))
    shot = stand(rng, height, rng.uniform(1, 2.2), rng.normal(0.1, 0.08), rng.uniform(0.5, 1.2))
    scene = outdoors(rng, shot)
    scene.defocus = 0.35
    give(scene, [land(height, soil(rng), shot.position, far=300)])
    z, pile = spread(rng, 12, 70), Pile(shot.position)
    subject(rng, pile, z)
    pile.pour(scene)
    if rng.random() < 0.5:
        give(scene, wood(rng, height, z * 0.6, z * 2.5, int(rng.integers(3, 16)), least=z * 0.15, leaves=900))
    corners = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1, 1)]
    bare, near = rng.random() < 0.15, spread(rng, 0.4, 1.8)
    leaf = near * rng.uniform(0.06, 0.28)
    ms, bark = leaf_materials(rng, leaf, 3), material(rng, BARK, 5)
    for _ in range(rng.integers(1, 7)):
        sx, sy = corners[rng.integers(len(corners))]
        d, t = near * rng.uniform(0.85, 1.6), shot.tangent
        at = shot.position + shot.turn @ (
            np.array([sx * t * rng.uniform(0.5, 1.4), sy * t * rng.uniform(0.8, 1.5), 1]) * d
        )
        to = shot.position + shot.turn @ (
            np.array([sx * t * rng.uniform(0, 0.7), sy * t * rng.uniform(0.3, 0.9), 1]) * d
        )
        way = to - at
        give(
            scene,
            spray(
                rng, at, way, max(np.linalg.norm(way), 0.2 * d) * 1.5, leaf, ms, bark, int(rng.integers(20, 140)), bare
            ),
        )
    return clear(scene)


def leaves_close(rng):
    """A twig, a bush or a plant with large leaves that fills the frame, with something soft behind."""
    shot = looking(rng, np.array([0, 1.2, 0]), [0, 1.2 + rng.normal() * 0.3, 1], rng.uniform(0.4, 1.0), 0.3)
    scene = outdoors(rng, shot)
    scene.defocus = 0.6
    height = Relief(rng, 20, 0.6)
    give(scene, [land(height, soil(rng), shot.position, far=150)])
    near = spread(rng, 0.4, 1.5)
    leaf = near * spread(rng, 0.06, 0.4)
    ms, bark = leaf_materials(rng, leaf, 3), material(rng, pick(rng, BARK, LEAF), 6)
    for _ in range(rng.integers(1, 7)):
        at = shot.position + np.array([rng.normal() * 0.4, rng.normal() * 0.4 - 0.4, 1.15 + rng.random() * 0.5]) * near
        way = rng.normal(size=3) * [1, 0.6, 0.4] + [0, 0.6, -0.1]
        give(scene, spray(rng, at, way, near * rng.uniform(0.5, 1.2), leaf, ms, bark, int(rng.integers(15, 120))))
    if rng.random() < 0.4:
        at = shot.position + np.column_stack([rng.normal(size=(20, 2)) * 0.35, rng.uniform(0.9, 1.5, 20)]) * near
        m = material(rng, rng.uniform(0.1, 0.95, 3), 3 / leaf)
        for p in at[: rng.integers(1, 14)]:
            n = int(rng.integers(5, 16))
            scene.mesh(
                big_leaves(
                    rng, np.repeat(p[None], n, 0), unit(rng.normal(size=(n, 3)) + [0, 0.2, -0.8]), leaf * 0.7, m, 0.6
                )
            )
    far(rng, scene, height, rng.uniform(3, 25))
    return clear(scene)


def garden(rng):
    """Beds of flowers, hedges, lawns, pots, a table with chairs."""
    height = Relief(rng, 30, 0.15)
    shot = stand(rng, height, spread(rng, 0.4, 2.5), rng.normal(-0.15, 0.1), rng.uniform(0.5, 1.3))
    scene = outdoors(rng, shot)
    scene.defocus = 0.3
    give(scene, [land(height, soil(rng, pick(rng, GRASS, GRASS, SAND, STONE)), shot.position, far=150)])
    for _ in range(rng.integers(1, 5)):
        c, half = ahead(rng, 1, 1.8, 9)[0], rng.uniform(0.4, 2, 2)
        p = c + rng.uniform(-1, 1, (int(rng.integers(10, 90)), 2)) * half
        p = p[p[:, 1] > 0.6]
        if len(p):
            give(
                scene,
                flowers(rng, np.column_stack([p[:, 0], height(p[:, 0], p[:, 1]), p[:, 1]]), rng.uniform(0.15, 0.6)),
            )
    for _ in range(rng.integers(0, 4)):
        z = spread(rng, 4, 20)
        half = (rng.uniform(1, 6), rng.uniform(0.3, 1.1), rng.uniform(0.3, 0.5))
        made = bush(rng, 1, int(rng.integers(1000, 2500)), square=half)
        x, turn = rng.normal() * z * 0.3, turned(pick(rng, 0, rng.normal() * 0.3, math.pi / 2 * (z > 8)))
        give(scene, [m.moved((x, 0, z), turn) for m in made])
    for x, z in ahead(rng, int(rng.integers(0, 6)), 2.2, 14):
        give(scene, [m.moved((x, 0, z)) for m in bush(rng, rng.uniform(0.25, 0.7), 700)])
    pile = Pile(shot.position)
    if rng.random() < 0.6:
        furniture(rng, pile, *ahead(rng, 1, 2.2, 7, 0.3)[0])
    for x, z in ahead(rng, int(rng.integers(0, 6)), 1.8, 9):
        r = rng.uniform(0.12, 0.35)
        pile.add(
            lathe(
                [
                    [r * 0.7, 0],
                    [r, 1.7 * r],
                    [r * 1.1, 1.7 * r],
                    [r * 1.1, 1.9 * r],
                    [r * 0.9, 1.9 * r],
                    [0.01, 1.7 * r],
                ],
                columns=20,
            ),
            finish(rng, (0.6, 0.3, 0.2)),
            (x, 0, z),
        )
        give(scene, [m.moved((x, 1.7 * r, z)) for m in bush(rng, r * 1.1, 350)])
    pile.pour(scene)
    if rng.random() < 0.5:
        give(scene, lawn(rng, height, 0.7, 7, int(rng.integers(1000, 3500)), rng.uniform(0.03, 0.12)))
    give(scene, wood(rng, height, 6, 30, int(rng.integers(0, 7)), tall=rng.uniform(3, 8), leaves=1500))
    far(rng, scene, height, rng.uniform(12, 25))
    return clear(scene)


def furniture(rng, pile, x, z):
    """A table with chairs about it, for a garden."""
    m, r, h = finish(rng, pick(rng, WOOD, WHITE, DARK, None)), rng.uniform(0.4, 0.8), rng.uniform(0.6, 0.75)
    if rng.random() < 0.5:
        pile.add(lathe([[0.01, h - 0.03], [r, h - 0.03], [r, h], [0.01, h]], columns=28, smooth=False), m, (x, 0, z))
        pile.bars(m, (x, 0, z), (x, h, z), 0.05, 10)
        pile.boxes(m, (x, 0.02, z), (r * 0.5, 0.02, r * 0.5))
    else:
        for v in np.linspace(-r, r, 7):
            pile.boxes(m, (x, h, z + v * 0.7), (r * 1.3, 0.015, r * 0.08))
        legs = np.array([[x + sx * r, h / 2, z + sz * r * 0.6] for sx in (-1, 1) for sz in (-1, 1)])
        pile.boxes(m, legs, (0.03, h / 2, 0.03))
    for _ in range(rng.integers(1, 5)):
        a = rng.uniform(0, 6.3)
        at, turn = (
            np.array([x + math.sin(a) * (r + 0.45), 0, z + math.cos(a) * (r + 0.45)]),
            turned(a + rng.normal() * 0.3),
        )
        for v in np.linspace(-0.2, 0.2, 4):
            pile.boxes(m, at + turn @ [0, 0.43, v], (0.22, 0.012, 0.045), turn)
            pile.boxes(m, at + turn @ [0, 0.62 + v * 0.9, 0.24], (0.22, 0.05, 0.012), turn)
        for sx in (-1, 1):
            for sz, up in ((-1, 0.43), (1, 0.85)):
                pile.boxes(m, at + turn @ [sx * 0.2, up / 2, sz * 0.22], (0.02, up / 2, 0.02), turn)
    for _ in range(rng.integers(0, 6)):
        q = rng.uniform(0.03, 0.1)
        pile.add(
            ball(rows=10, columns=14),
            finish(rng),
            (x + rng.normal() * r * 0.3, h + q, z + rng.normal() * r * 0.3),
            scale=q,
        )


def rocks(rng):
    """Boulders, cliffs and rubble."""
    height = Relief(rng, rng.uniform(3, 20), rng.uniform(0.3, 4), 0.55)
    shot = stand(rng, height, rng.uniform(0.4, 3), rng.normal(-0.05, 0.15), rng.uniform(0.5, 1.3), 0.1)
    scene = outdoors(rng, shot)
    stone = soil(rng, pick(rng, STONE, SAND, (0.45, 0.35, 0.28), (0.3, 0.3, 0.32)))
    give(scene, [land(height, soil(rng) if rng.random() < 0.5 else stone, shot.position, far=200)])
    for _ in range(rng.integers(2, 6)):
        size = spread(rng, 0.1, 2)
        made = [rock(rng, size, stone if rng.random() < 0.6 else None)]
        give(
            scene,
            scattered(
                rng, made, ahead(rng, int(rng.integers(5, 26)), 1.2 + size * 2.2, 14 + 8 * size), height, 0.3, 1.2
            ),
        )
    if rng.random() < 0.5:
        noise, tilt, back = (
            Relief(rng, rng.uniform(2, 9), rng.uniform(1, 5), 0.6, ridged=True),
            rng.uniform(0, 0.5),
            spread(rng, 6, 30),
        )
        u, v = np.meshgrid(
            np.linspace(-3, 3, 90) * back, np.linspace(-0.1, 1, 70) * back * rng.uniform(0.4, 1.5), indexing="ij"
        )
        scene.mesh(
            sheet(np.stack([u, v - 1, back + v * tilt + noise(u, v) + np.abs(u) * rng.uniform(-0.2, 0.3)], -1), stone)
        )
    give(
        scene,
        wood(rng, height, 6, 60, int(rng.integers(0, 10)), tall=rng.uniform(2, 8)),
        undergrowth(rng, height, 2, 20, int(rng.integers(0, 8)), 0.5),
    )
    return clear(scene)


KINDS = {
    "framed_view": (framed_view, 7),
    "leaves_close": (leaves_close, 6),
    "garden": (garden, 6),
    "rocks": (rocks, 4),
}
