"""Draws scenes of meshes: rays by Embree, the rest in numba. Cameras, materials and lights are those of `raycast.py`."""

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from meshed.shapes import triangles_of
from meshed.surfaces import (
    add_light,
    aimed,
    borders,
    doubtful,
    fogged,
    hemisphere,
    mean_directions,
    painted,
    shared,
    surfaces,
)
from sky import rays, sky_of

SHADOWS = 3
"""How many lights cast shadows."""
GLOSSY = 0.6
"""Surfaces with more gloss than this reflect what is before them."""


class Solid:
    """A scene's triangles, relative to the camera's place, and the Embree scenes that rays are cast at."""

    def __init__(self, scene, side, patterns):
        found, materials = triangles_of(scene, side, patterns)
        self.points, self.faces, self.local = found.points - scene.camera.position, found.faces, found.local
        self.material, self.smooth, self.body = found.material, found.smooth, found.body
        self.looks = np.array([m.numbers() for m in materials], float)
        self.mirror = np.array([m.mirror for m in materials], float)
        self.normals = mean_directions(self.points, self.faces, self.smooth)
        self.local_normals = mean_directions(self.local, self.faces, self.smooth)
        self.thrown = self.embree(self.faces)
        dark = self.looks[self.material, 17] <= 0
        # Glowing surfaces cast no shadow, so that a lamp does not shade what it lights.
        self.shading = self.thrown if dark.all() else self.embree(self.faces[dark]) if dark.any() else None

    def embree(self, faces):
        """An Embree scene of some of the faces."""
        found = EmbreeScene(robust=True)
        TriangleMesh(found, self.points.astype(np.float32), np.ascontiguousarray(faces))
        return found

    def cast(self, origins, directions, limit=None):
        """The triangle that each ray hits first, -1 for none, and how far."""
        limits = None if limit is None else np.full(len(origins), limit, np.float32)
        found = self.thrown.run(
            np.asarray(origins, np.float32), np.asarray(directions, np.float32), dists=limits, output=1
        )
        return found["primID"], found["tfar"]

    def shaded(self, origins, directions, limit):
        """Whether something is on each ray before `limit`, in lengths of its direction."""
        if self.shading is None or not len(origins):
            return np.zeros(len(origins), bool)
        limits = np.full(len(origins), limit, np.float32)
        return self.shading.run(origins, directions, dists=limits, query="OCCLUDED") >= 0

    @property
    def table(self):
        """The arrays that the loops of `surfaces.py` take."""
        return self.points, self.faces, self.normals, self.local, self.local_normals, self.smooth


class Drawing:
    """Draws one scene: the data that all steps use, and the steps."""

    def __init__(self, scene, stock, side, seed):
        self.scene, self.stock, self.side = scene, stock, side
        self.rng = np.random.default_rng([seed, 5])
        self.solid = Solid(scene, side, stock.patterns)
        self.pixel = 2 * scene.camera.tangent / side

    def jitter(self, count):
        """Random numbers from -0.5 to 0.5, [count, 3]."""
        return self.rng.random((count, 3), np.float32) - 0.5

    def seen(self, light, leave, n, which, ways, amount, pixels):
        """The share of a light that reaches each place; more rays are cast where a shadow ends."""
        limit = 300.0 if light[0] == 0 else 0.999
        share = np.ones(len(which))
        lit = np.flatnonzero(amount > 0)
        share[lit] = ~self.solid.shaded(leave[which[lit]].astype(np.float32), ways[lit], limit)
        if light[8] > 0 and len(lit):
            again = lit[doubtful(self.side, pixels[which[lit]], share[lit])]
            for _ in range(3):
                more, _ = aimed(light, self.scene.camera.position, leave, n, which[again], self.jitter(len(again)))
                share[again] += ~self.solid.shaded(leave[which[again]].astype(np.float32), more, limit)
            share[again] /= 4
        return share

    def shade(self, directions, hits, found, travelled, pixels, around, mirrored=True):
        """The light along rays that hit; `around` is the light from the surroundings, and how open the place is."""
        scene, solid = self.scene, self.solid
        material = solid.material[hits]
        colours = painted(
            directions,
            hits,
            found,
            travelled,
            self.pixel,
            solid.material,
            solid.looks,
            solid.table,
            self.stock.patterns,
        )
        _, n, _, _, leave = found
        gloss, glow = solid.looks[material, 16], solid.looks[material, 17][:, None]
        lift = 0.5 + 0.5 * n[:, 1:2]
        total = (scene.above * lift + scene.below * (1 - lift)) * (0.2 + 0.8 * around[:, 3:]) + around[:, :3]
        which = np.flatnonzero(glow[:, 0] < 1)
        for number, light in enumerate(np.array(scene.lights, float).reshape(-1, 10)):
            ways, amount = aimed(light, scene.camera.position, leave, n, which, self.jitter(len(which)))
            share = np.ones(len(which))
            if number < SHADOWS:
                share = self.seen(light, leave, n, which, ways, amount, pixels)
            add_light(light, which, ways, amount, share, directions, n, gloss, total)
        out = colours * (total * (1 - glow) + 1.6 * glow)
        if gloss.any() or solid.mirror.any():
            self.shine(out, directions, hits, found, travelled, pixels, mirrored)
        return out

    def shine(self, out, directions, hits, found, travelled, pixels, mirrored):
        """Adds to `out` what glossy surfaces reflect of the sky, and mirrors of the scene."""
        (t, n, _, _, leave), material = found, self.solid.material[hits]
        gloss, mirror = self.solid.looks[material, 16], self.solid.mirror[material]
        view = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        facing = np.clip(-(view * n).sum(1), 0, 1)
        clear = (gloss > GLOSSY) | (mirror > 0)
        edge = np.where(clear, 0, gloss * np.maximum(0.88 - facing, 0) ** 3)[:, None]
        out += edge * (self.scene.above * 1.3 - out)
        which = np.flatnonzero(clear)
        if not mirrored or not len(which):
            return
        rough = 0.05 * (1 - np.maximum(gloss[which], mirror[which])) * facing[which]
        d, m = view[which], n[which] + rough[:, None] * self.jitter(len(which))
        ways = d - 2 * (d * m).sum(1, keepdims=True) * m
        # Reflected rays are bent away from the face, so that none goes into the surface.
        a, b, c = (self.solid.points[self.solid.faces[hits[which], k]] for k in range(3))
        flat = np.cross(b - a, c - a)
        towards = np.sign((flat * d).sum(1, keepdims=True) + 1e-30)
        flat /= -towards * (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-30)
        ways += np.maximum(1e-3 - (ways * flat).sum(1, keepdims=True), 0) * 1.5 * flat
        light = self.reflected(leave[which], ways, travelled[which] + t[which], pixels[which])
        share = np.where(mirror[which] > 0, mirror[which], 0.06)
        share = (share + (1 - share) * (1 - facing[which]) ** 4 * np.maximum(gloss[which], mirror[which] > 0))[:, None]
        out[which] += share * (light - out[which])

    def reflected(self, origins, ways, travelled, pixels):
        """The light that reflected rays meet; surfaces in a mirror mirror nothing themselves."""
        hits, about = self.solid.cast(origins, ways)
        light = sky_of(self.scene, self.stock, ways, np.random.default_rng(0))
        which = np.flatnonzero(hits >= 0)
        if len(which):
            hits, ways = hits[which], np.ascontiguousarray(ways[which])
            found = surfaces(origins[which], ways, hits, about[which], self.solid.table)
            around = np.tile([0.0, 0, 0, 0.7], (len(which), 1))
            light[which] = self.shade(ways, hits, found, travelled[which], pixels[which], around, False)
        return light

    def surroundings(self, hits, depth, n, leave):
        """For every pixel the light reflected by surfaces close by, and how open its place is: [pixels, 4]."""
        scene, side = self.scene, self.side
        y, x = np.divmod(np.arange(side * side), side)
        which = np.repeat(np.flatnonzero((hits >= 0) & ((x + y) % 2 == 0)), 2)
        if not len(which):
            return np.tile([0.0, 0, 0, 1], (side * side, 1))
        a, b = self.rng.random((2, len(which)))
        struck, far = self.solid.cast(leave[which], hemisphere(n, which, a, b), scene.reach)
        far = np.where(struck >= 0, np.minimum(far / scene.reach, 1), 1)[:, None]
        look = self.solid.looks[self.solid.material[struck], :3] * 0.7
        back = 0.8 * (1 - far) * look * (scene.above + scene.below) * 0.4
        return shared(side, which, np.concatenate([back, far], 1), depth, n)


def expose_meshes(scene, stock, side, seed):
    """Linear light [side, side, 3] and depth [side, side], infinite in the sky, of a scene of meshes and shapes."""
    drawing = Drawing(scene, stock, side, seed)
    solid, camera = drawing.solid, scene.camera
    grid = rays(camera, side)
    directions, sky = grid.reshape(-1, 3), sky_of(scene, stock, grid, np.random.default_rng(seed)).reshape(-1, 3)
    hits, about = solid.cast(np.zeros_like(directions), directions)
    found = surfaces(np.zeros_like(directions), directions, hits, about, solid.table)
    depth, n, leave = found[0], found[1], found[4]
    around = drawing.surroundings(hits, depth, n, leave)
    border = borders(side, depth, n, np.where(hits >= 0, solid.body[hits], -1))
    # Borders get four rays, the inside of a surface one.
    inside, edge = np.flatnonzero(~border), np.repeat(np.flatnonzero(border), 4)
    fine = np.tile([[-0.25, -0.25], [0.25, -0.25], [-0.25, 0.25], [0.25, 0.25]], (len(edge) // 4, 1))
    fine = (fine + drawing.jitter(len(edge))[:, :2] * 0.5) * drawing.pixel
    closer = directions[edge] + fine[:, :1] * camera.turn[:, 0] + fine[:, 1:] * camera.turn[:, 1]
    edge_hits, edge_about = solid.cast(np.zeros_like(closer), closer)
    edge_found = surfaces(np.zeros_like(closer), closer, edge_hits, edge_about, solid.table)
    pixels, hits = np.concatenate([inside, edge]), np.concatenate([hits[inside], edge_hits])
    directions = np.concatenate([directions[inside], closer])
    found = tuple(np.concatenate([a[inside], b]) for a, b in zip(found, edge_found, strict=True))
    light, struck = sky[pixels], np.flatnonzero(hits >= 0)
    if len(struck):
        on = tuple(a[struck] for a in found)
        light[struck] = drawing.shade(
            directions[struck], hits[struck], on, np.zeros(len(struck)), pixels[struck], around[pixels[struck]]
        )
    light = fogged(scene, light, found[0])
    rays_of = np.where(border, 4, 1)[:, None]
    total = np.stack([np.bincount(pixels, light[:, c], side * side) for c in range(3)], -1) / rays_of
    return total.reshape(side, side, 3), depth.reshape(side, side)
