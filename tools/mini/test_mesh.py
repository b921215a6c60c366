"""Tests of the renderer of meshes and of the kinds of scenes that it draws. Run: python -m unittest test_mesh"""

import unittest

import numpy as np

import scenes
from meshed import kinds, mesh
from meshed.render import expose_meshes
from render import KINDS, Stock, expose, render_scene
from world import Camera, Scene, material, turned

SIDE = 48
stock = Stock()


def view(height=1.5, pitch=-0.2, yaw=0.3, roll=0.1, angle=1.0):
    return Camera(np.array([0.3, height, -0.2]), turned(yaw, -pitch, roll), angle)


def plain():
    rng = np.random.default_rng(3)
    return Scene(view()), lambda: material(rng)


def before(scene, x, y, z):
    """A place in the world, of one before the camera."""
    return scene.camera.position + scene.camera.turn @ np.array([x, y, z])


def both(scene, side=SIDE):
    """Depth by this renderer and by the ray caster."""
    return expose_meshes(scene, stock, side, 1)[1], expose(scene, stock, side, 1)[1]


class SameDepth(unittest.TestCase):
    """What the ray caster finds of shapes, the meshes in their place have too."""

    def test_boxes_rooms_and_grounds_have_the_same_depth_to_the_last_pixel(self):
        scene, m = plain()
        scene.room((0, 2, 0), (6, 2.5, 6), m(), turned(0.2))
        scene.floor(0.3, m(), turned(0, 0.05))
        for x in (-1.0, 0.2, 1.1):
            scene.box(before(scene, x, 0.2 * x, 3 + x), (0.3, 0.5, 0.2), m(), turned(x, 0.4, 0.2))
        found, wanted = both(scene)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)

    def test_a_box_of_triangles_has_the_depth_of_a_box(self):
        scene, m = plain()
        at, turn = before(scene, 0.1, -0.2, 2.5), turned(0.5, 0.3, 0.2)
        scene.box(at, (0.4, 0.6, 0.3), m(), turn)
        other = Scene(scene.camera)
        other.mesh(mesh.box(m(), (0.4, 0.6, 0.3)).moved(at, turn))
        found, wanted = expose_meshes(other, stock, SIDE, 1)[1], expose(scene, stock, SIDE, 1)[1]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)

    def test_round_shapes_have_the_same_depth_but_for_their_facets(self):
        scene, m = plain()
        scene.ball(before(scene, -0.6, 0, 3), (0.5, 0.7, 0.4), m(), turned(0.4, 0.5))
        scene.tube(before(scene, 0.7, 0, 3), (0.4, 0.7, 0.5), m(), turned(0.4, 0.5), taper=0.6)
        scene.tube(before(scene, 0.0, -0.9, 3), (0.4, 0.2, 0.4), m(), taper=-0.3)
        found, wanted = both(scene, 160)
        hit = np.isfinite(found) & np.isfinite(wanted)
        self.assertGreater(hit.sum(), 3000)
        self.assertLess((np.isfinite(found) ^ np.isfinite(wanted)).mean(), 0.01)
        self.assertLess(np.quantile(np.abs(found[hit] / wanted[hit] - 1), 0.98), 0.004)

    def test_land_has_the_same_depth_but_for_its_facets(self):
        scene = scenes.hills(np.random.default_rng(4))
        scene.shapes.clear()
        found, wanted = both(scene)
        hit = np.isfinite(found) & np.isfinite(wanted)
        self.assertGreater(hit.sum(), 300)
        self.assertLess(np.quantile(np.abs(found[hit] / wanted[hit] - 1), 0.9), 0.03)


class Light(unittest.TestCase):
    def drawn(self, scene, seed=1):
        return expose_meshes(scene, stock, SIDE, seed)[0]

    def test_a_mirror_shows_what_is_before_it(self):
        shown = []
        for mirror in (0.0, 0.9):
            rng = np.random.default_rng(6)
            scene = Scene(Camera(np.array([0.0, 1, 0]), turned(0), 0.8))
            glass, red = material(rng, (0.5, 0.5, 0.5), amount=0), material(rng, amount=0)
            glass.mirror, glass.relief, glass.gloss = mirror, 0.0, 0.0
            red.colours, red.glow = np.tile([1.0, 0, 0], (3, 1)), 1.0
            scene.mesh(mesh.box(glass, (2, 2, 0.1)).moved((0, 1, 3)))
            # Behind the camera, on its left: in the mirror it is on the left too.
            scene.mesh(mesh.box(red, (1, 1, 0.1)).moved((-1.5, 1, -1)))
            light = self.drawn(scene)
            shown.append(light[..., 0] - light[..., 1])
        self.assertLess(shown[0].max(), 0.5)
        self.assertGreater(shown[1][SIDE // 2, SIDE // 8], 0.8)
        self.assertLess(shown[1][SIDE // 2, 3 * SIDE // 4], 0.5)

    def test_a_shadow_lies_under_a_ball_in_the_sun(self):
        rng = np.random.default_rng(1)
        scene = Scene(Camera(np.array([0.0, 3, 0]), turned(0, np.pi / 2), 1.0))
        floor = material(rng, (0.5, 0.5, 0.5), amount=0)
        floor.gloss = floor.relief = floor.mottle = floor.grain = 0.0
        scene.floor(0, floor)
        scene.lights.append([0, 0.7, 0.7, 0, 1, 1, 1, 1, 0.0, 0.0])
        scene.mesh(mesh.ball(floor, radius=0.2).moved((0, 0.6, 0)))
        light = self.drawn(scene).mean(2)
        pixel = 6 * np.tan(0.5) / SIDE
        # The sun stands at +x, so the shadow's middle is at -0.6; the picture's right is +x.
        column, middle = int(SIDE / 2 - 0.6 / pixel), SIDE // 2
        self.assertLess(light[middle, column], 0.6 * light[middle, SIDE - 3])
        self.assertLess(light[middle, column], 0.6 * light[middle, 2])

    def test_lamps_do_not_shade_what_they_light(self):
        rng, found = np.random.default_rng(2), []
        for glow in (0.0, 1.0):
            scene = Scene(Camera(np.array([0.0, 1, 0]), turned(0), 1.0), above=np.zeros(3), below=np.zeros(3))
            bulb = material(rng, (0.9, 0.9, 0.9))
            bulb.glow = glow
            scene.mesh(mesh.box(material(rng, (0.5, 0.5, 0.5)), (3, 3, 0.1)).moved((0, 1, 4)))
            scene.mesh(mesh.ball(bulb, radius=0.2).moved((0, 1, 2)))
            scene.lights.append([1, 0, 1, 2, 1, 1, 1, 3, 0.0, 0.0])
            found.append(self.drawn(scene)[4, 4].mean())
        self.assertEqual(found[0], 0)
        self.assertGreater(found[1], 0.05)


class Kinds(unittest.TestCase):
    def test_every_kind_of_every_module_draws_what_is_before_its_camera(self):
        for name, (kind, weight) in kinds.KINDS.items():
            with self.subTest(name):
                self.assertGreater(weight, 0)
                scene = kind(np.random.default_rng(5))
                self.assertTrue(scene.meshes)
                light, depth = expose_meshes(scene, stock, 32, 1)
                self.assertTrue(np.all(np.isfinite(light)) and np.all(light >= 0))
                self.assertGreater(depth.min(), 0)
                self.assertTrue(np.isfinite(depth).any())

    def test_folders_have_their_shares_of_the_scenes_and_names_fit_into_the_files(self):
        totals = {}
        for name, (_, weight) in kinds.KINDS.items():
            self.assertLessEqual(len(name.encode()), 32)
            folder = name.split("/")[0]
            totals[folder] = totals.get(folder, 0) + weight
        self.assertAlmostEqual(totals["people"], 28)
        self.assertAlmostEqual(totals["animals"] + totals["flowers"], 20)
        self.assertAlmostEqual(totals["objects"], 22)

    def test_a_scene_is_the_same_whenever_it_is_drawn(self):
        for number in (3, 4):
            first = render_scene(number, stock, 32, KINDS["meshed"], restyled=True)
            render_scene(number + 10, stock, 32, KINDS["meshed"], restyled=True)
            again = render_scene(number, Stock(), 32, KINDS["meshed"], restyled=True)
            np.testing.assert_array_equal(first[0], again[0])
            np.testing.assert_array_equal(first[1], again[1])
            self.assertEqual(first[2], again[2])


if __name__ == "__main__":
    unittest.main()
