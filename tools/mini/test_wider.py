"""Tests of the bodies with limbs, the loud patterns and the scenes made of them. Run: python -m unittest test_wider"""

import math
import unittest

import numpy as np

import loud
import wider
from bodies import POSES, body, creature, limb
from photograph import develop
from raycast import CYLINDER, ELLIPSOID
from render import KINDS, Stock, render_scene
from world import Camera, Scene, bounds, material, turned

stock = Stock()


def empty():
    return Scene(Camera(np.zeros(3), turned(0), 1.0))


class Bodies(unittest.TestCase):
    def test_a_limb_reaches_from_the_one_end_to_the_other_and_narrows(self):
        rng = np.random.default_rng(1)
        for _ in range(20):
            scene, (a, b) = empty(), rng.normal(size=(2, 3))
            limb(scene, a, b, 0.2, 0.1, material(rng))
            rod, first, last = scene.shapes
            self.assertEqual([shape.kind for shape in scene.shapes], [CYLINDER, ELLIPSOID, ELLIPSOID])
            np.testing.assert_allclose(rod.centre + rod.turn @ [0, rod.half[1], 0], b, atol=1e-9)
            np.testing.assert_allclose(rod.centre - rod.turn @ [0, rod.half[1], 0], a, atol=1e-9)
            np.testing.assert_allclose(np.linalg.det(rod.turn), 1)
            self.assertAlmostEqual(rod.half[0] * (1 - rod.taper), last.half[0])
            self.assertAlmostEqual(rod.half[0], first.half[0])

    def test_bodies_stand_on_the_ground_in_every_pose(self):
        for pose in POSES:
            for seed in range(5):
                scene = empty()
                body(np.random.default_rng(seed), scene, 1.0, 3.0, y=0.5, tall=1.8, pose=pose)
                lowest = bounds(scene.shapes)[0][:, 1].min()
                self.assertLess(abs(lowest - 0.5), 0.15, pose)
        for seed in range(10):
            scene = empty()
            creature(np.random.default_rng(seed), scene, 0.0, 3.0, 0.5)
            self.assertLess(abs(bounds(scene.shapes)[0][:, 1].min()), 0.4)


class Loud(unittest.TestCase):
    def test_patterns_repeat_within_their_range_and_are_not_plain(self):
        found = loud.make_loud(np.random.default_rng(3))
        self.assertEqual(len(found), loud.COUNT)
        self.assertTrue(np.all((found >= 0) & (found <= 1)))
        self.assertGreater(np.median(found.std(1)), 0.15)
        self.assertEqual(len(stock.patterns), loud.FIRST + loud.COUNT)

    def test_leaves_and_lamps_keep_their_surface(self):
        rng, scene = np.random.default_rng(5), empty()
        for i in range(300):
            m = material(rng)
            m.hole, m.glow = 0.3 * (i % 3 == 0), 1.0 * (i % 3 == 1)
            scene.ball((0, 0, 5), 1, m)
        for _ in range(10):
            loud.restyle(rng, scene)
        printed = [shape.material for shape in scene.shapes if shape.material.patterns[0] >= loud.FIRST]
        self.assertGreater(len(printed), 30)
        self.assertFalse([m for m in printed if m.hole or m.glow])


class Developing(unittest.TestCase):
    def test_every_film_and_program_gives_a_picture(self):
        light = np.random.default_rng(1).uniform(0, 2, (48, 48, 3))
        inverse = np.full((48, 48), 0.5)
        found = [develop(light, inverse, np.random.default_rng(seed), 0.3) for seed in range(60)]
        for picture in found:
            self.assertEqual((picture.shape, picture.dtype), ((48, 48, 3), np.uint8))
        self.assertGreater(len({picture.tobytes() for picture in found}), 55)


class Kinds(unittest.TestCase):
    def test_what_stands_on_a_table_seen_from_above_is_nearer_than_the_table(self):
        nearer = 0
        for number in range(6):
            _, inverse, _ = render_scene(number, stock, 48, {"tablescape": (wider.tablescape, 1)}, restyled=True)
            nearer += np.quantile(inverse, 0.99) > 1.05 * np.median(inverse)
        self.assertGreaterEqual(nearer, 5)

    def test_a_restyled_scene_is_the_same_whenever_it_is_rendered(self):
        for kinds in ("restyled", "wider"):
            first = render_scene(31, stock, 32, KINDS[kinds], restyled=True)
            again = render_scene(31, Stock(), 32, KINDS[kinds], restyled=True)
            np.testing.assert_array_equal(first[0], again[0])
            np.testing.assert_array_equal(first[1], again[1])

    def test_a_plain_scene_has_none_of_it(self):
        # The scenes that are measured on are those that they always were.
        rng = np.random.default_rng(2)
        self.assertTrue(all(max(material(rng).patterns) < loud.FIRST for _ in range(200)))
        self.assertTrue(math.isclose(stock.patterns[: loud.FIRST].sum(), Stock().patterns[: loud.FIRST].sum()))


if __name__ == "__main__":
    unittest.main()
