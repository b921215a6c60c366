"""Tests of the renderer, the training and the measure. Run: python -m unittest test_mini"""

import math
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import edges
import evaluate
import scenes
import train
import wider
from dataset import Scenes, Shard, shard_name
from net import CONFIG, MiniDepth
from raycast import BOX, CUTOUT, CYLINDER, ELLIPSOID, PLANE, ROOM, height, hit
from recipe import FIRST, FULL, FURTHER, MESHED, SMALL, TRIAL, TRIAL_FIRST, TRIAL_SECOND, TRIAL_THIRD, Stage
from render import KINDS, Stock, expose, packed, rays, render_scene
from weights import blended, folded, read_folded, save_net, save_tensors, unfold
from world import Camera, Scene, material, turned

SIDE = 48
stock = Stock()


def view(height=1.5, pitch=0.0, yaw=0.0, roll=0.0, angle=1.0):
    return Camera(np.array([0.3, height, -0.2]), turned(yaw, -pitch, roll), angle)


def plain(camera):
    rng = np.random.default_rng(3)
    scene = Scene(camera)
    return scene, lambda: material(rng)


def depth_of(scene, side=SIDE):
    return expose(scene, stock, side, 1)[1]


def hit_points(scene, depth):
    """Where the rays end, in the world."""
    return scene.camera.position + rays(scene.camera, len(depth)) * depth[..., None]


class CameraGeometry(unittest.TestCase):
    def test_depth_of_a_level_ground_follows_from_height_and_angle(self):
        scene, m = plain(view(height=1.6))
        scene.floor(0, m())
        depth = depth_of(scene)
        below = (np.arange(SIDE) + 0.5) * 2 / SIDE - 1
        expected = 1.6 / (below * math.tan(0.5))
        for row in range(SIDE // 2 + 4, SIDE):
            np.testing.assert_allclose(depth[row], expected[row], rtol=1e-9)
        self.assertTrue(np.all(np.isinf(depth[: SIDE // 2])))

    def test_a_wall_across_the_axis_has_one_depth_whatever_the_angle_of_view(self):
        for angle in (0.4, 1.5):
            for yaw, pitch, roll in ((0, 0, 0), (0.7, 0.3, 0.2)):
                camera = view(yaw=yaw, pitch=pitch, roll=roll, angle=angle)
                scene, m = plain(camera)
                scene.board(camera.position + camera.turn @ np.array([0, 0, 3.0]), (50, 50, 1), m(), camera.turn)
                np.testing.assert_allclose(depth_of(scene), 3.0, rtol=1e-9)

    def test_a_positive_pitch_looks_up_and_yaw_turns_right(self):
        from world import camera

        rng = np.random.default_rng(0)
        up = camera(rng, 1.5, 0.4, 1.0, roll=0.0)
        right = camera(rng, 1.5, 0.0, 1.0, roll=0.0, yaw=0.5)
        self.assertAlmostEqual((up.turn @ [0, 0, 1])[1], math.sin(0.4))
        self.assertAlmostEqual((right.turn @ [0, 0, 1])[0], math.sin(0.5))

    def test_the_picture_shows_right_on_the_right_and_up_above(self):
        scene, m = plain(view(height=0.0))
        scene.ball(scene.camera.position + [1.0, 0.6, 4.0], 0.3, m())
        rows, columns = np.nonzero(np.isfinite(depth_of(scene)))
        self.assertGreater(columns.mean(), SIDE / 2)
        self.assertLess(rows.mean(), SIDE / 2)


class ExactDepth(unittest.TestCase):
    """Every hit lies on the surface that it hit, and nothing lies before it."""

    def on_surface(self, shape, points):
        local = ((points - shape.centre) @ shape.turn) / shape.half
        x, y, z = local.T
        if shape.kind == ELLIPSOID:
            return np.abs((local**2).sum(1) - 1)
        if shape.kind in (BOX, ROOM):
            return np.abs(np.abs(local).max(1) - 1)
        if shape.kind == CUTOUT:
            return np.abs(z)
        if shape.kind == PLANE:
            return np.abs(y)
        side = np.abs(np.hypot(x, z) - (1 - shape.taper * (y + 1) / 2))
        return np.where(np.abs(np.abs(y) - 1) < 1e-9, 0, side)

    def test_hits_of_every_kind_of_shape_lie_on_it(self):
        rng = np.random.default_rng(5)
        seen = set()
        for attempt in range(8):
            scene, m = plain(view(pitch=-0.2, yaw=0.3, roll=0.1))
            scene.room((0, 2, 0), (6, 2.5, 6), m(), turned(0.2))
            scene.floor(0.05, m())
            for add in (scene.box, scene.ball, scene.tube, scene.board):
                for _ in range(4):
                    at = scene.camera.position + scene.camera.turn @ np.array(
                        [*rng.uniform(-1.2, 1.2, 2), rng.uniform(2, 4)]
                    )
                    add(
                        at,
                        rng.uniform(0.1, 0.6, 3),
                        m(),
                        turned(*rng.uniform(-3, 3, 3)),
                        taper=rng.uniform(-0.3, 0.9),
                        mask=int(rng.integers(-1, 20)),
                    )
            _, depth, number = expose(scene, stock, SIDE, attempt)
            points = hit_points(scene, depth)
            for i in np.unique(number[number >= 0]):
                shape = scene.shapes[i]
                seen.add(shape.kind)
                self.assertLess(self.on_surface(shape, points[number == i]).max(), 1e-6)
        self.assertEqual(seen, {PLANE, BOX, ROOM, ELLIPSOID, CYLINDER, CUTOUT})

    def test_the_tree_of_boxes_finds_what_trying_every_shape_finds(self):
        for number in (11, 12, 13):
            rng = np.random.default_rng(number)
            scene = scenes.street(rng) if number == 11 else scenes.room(rng) if number == 12 else scenes.foliage(rng)
            depth = depth_of(scene, 24)
            kind, form, mask, _, _, half, _ = packed(scene.shapes)
            directions = rays(scene.camera, 24)
            for y in range(24):
                for x in range(24):
                    nearest = min(
                        hit(
                            i,
                            *scene.camera.position,
                            *directions[y, x],
                            kind,
                            form,
                            mask,
                            half,
                            stock.patterns,
                            stock.masks,
                        )
                        for i in range(len(kind))
                    )
                    np.testing.assert_allclose(depth[y, x], nearest if nearest < 400 else np.inf, rtol=1e-12)

    def test_hits_of_land_lie_on_it(self):
        scene = scenes.hills(np.random.default_rng(4))
        scene.shapes.clear()
        grid, cell, tall = scene.terrain
        depth = depth_of(scene)
        points = hit_points(scene, depth)[np.isfinite(depth)]
        error = [abs(y - height(x, z, grid, float(cell), float(tall))) for x, y, z in points]
        self.assertGreater(len(error), 100)
        self.assertLess(np.quantile(error, 0.99), 1e-2)


class Rendering(unittest.TestCase):
    def test_a_scene_is_the_same_whenever_it_is_rendered(self):
        first = render_scene(21, stock, SIDE, scenes.TRAINED)
        render_scene(22, stock, SIDE, scenes.TRAINED)
        again = render_scene(21, Stock(), SIDE, scenes.TRAINED)
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
        self.assertEqual(first[2], again[2])
        self.assertTrue(np.any(first[0] != render_scene(23, stock, SIDE, scenes.TRAINED)[0]))

    def test_every_kind_renders(self):
        for name, kind in {**scenes.TRAINED, **scenes.HELD, **wider.KINDS}.items():
            picture, inverse, found = render_scene(7, stock, 32, {name: kind}, restyled=True)
            self.assertEqual((picture.shape, picture.dtype, found), ((32, 32, 3), np.uint8, name))
            self.assertTrue(np.all(np.isfinite(inverse)) and np.all(inverse >= 0) and inverse.max() > 0)

    def test_no_kind_is_both_trained_on_and_measured_on(self):
        trained = {function for name in KINDS if name != "held" for function, _ in KINDS[name].values()}
        self.assertFalse(trained & {function for function, _ in scenes.HELD.values()})


def written(folder, count=6, side=64):
    """A few rendered scenes on disk."""
    shard = Shard(folder, shard_name(0), count, side)
    for i in range(count):
        picture, inverse, kind = render_scene(i, stock, side, scenes.TRAINED)
        shard.picture[i], shard.inverse[i], shard.kind[i] = picture, inverse.astype(np.float16), kind.encode()
    return Scenes(folder)


class Training(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_crops_move_picture_and_depth_alike(self):
        shard = Shard(self.folder.name, shard_name(0), 1, 64)
        y, x = np.mgrid[0:64, 0:64]
        shard.picture[0] = np.stack([x * 4, y * 4, x * 0], -1)
        shard.inverse[0], shard.kind[0] = x * 4, b"ramp"
        picture, inverse = train.pick_batch(Scenes(self.folder.name), np.random.default_rng(1), 8, 48, 64)
        difference = (picture[:, 0, 2:-2, 2:-2] * 255 - inverse[:, 2:-2, 2:-2]).abs()
        self.assertLess(float(difference.max()), 4.5)

    def test_the_error_forgives_scale_and_shift_and_nothing_else(self):
        inverse = torch.rand(2, 32, 32, generator=torch.Generator().manual_seed(1)) + 0.1
        g = train.target_of(inverse)
        right, other = train.loss_of(g, inverse, 1.2)[1], train.loss_of(3 * g + 2, inverse, 1.2)[1]
        self.assertLess(float(right), 0.01)
        self.assertLess(float(other), 0.01)
        self.assertGreater(float(train.loss_of(g.flip(1), inverse, 1.2)[1]), 0.5)

    def test_a_few_steps_teach_it_something(self):
        found = written(self.folder.name)
        errors = train.train(train.Run(1, 2e-3), found, Stage(90, (), SMALL), 8, log=lambda _: None)
        self.assertTrue(np.all(np.mean(errors[-30:], 0) < 0.95 * np.mean(errors[:30], 0)))

    def test_a_run_that_was_stopped_gives_what_it_would_have_given(self):
        found, stage = written(self.folder.name, 3), Stage(4, (), SMALL, (1.0, 0.0))
        for optimiser in ("adam", "muon"):
            whole, part = (train.Run(1, 2e-3, optimiser=optimiser) for _ in range(2))
            train.train(whole, found, stage, 2, log=lambda _: None)
            train.train(part, found, stage, 2, log=lambda _: None, until=2)
            part.save(Path(self.folder.name) / "checkpoint.pt")
            resumed = train.Run(9, 2e-3, optimiser=optimiser)
            resumed.load(Path(self.folder.name) / "checkpoint.pt")
            train.train(resumed, found, stage, 2, log=lambda _: None)
            for a, b in zip(whole.net.state_dict().values(), resumed.net.state_dict().values(), strict=True):
                self.assertTrue(torch.equal(a, b))

    def test_the_command_renders_and_trains_by_its_recipe_and_gives_the_same_when_it_was_stopped(self):
        folders = [Path(self.folder.name) / name for name in ("whole", "stopped")]
        for folder, stopped in zip(folders, (False, True), strict=True):
            if stopped:
                train.make(folder / "first" / "first" / "first", replace(TRIAL_FIRST, stages=TRIAL_FIRST.stages[:1]))
                train.make(folder, replace(TRIAL, stages=TRIAL.stages[:1]))
            train.make(folder, TRIAL)
        nets = [torch.load(folder / "checkpoint.pt", weights_only=True) for folder in folders]
        self.assertEqual(nets[0]["step"], TRIAL.stages[-1].until)
        for part in ("net", "average"):
            for a, b in zip(nets[0][part].values(), nets[1][part].values(), strict=True):
                self.assertTrue(torch.equal(a, b))

    def test_a_stage_ends_when_its_workers_are_one(self):
        for recipe in (FIRST, FULL, FURTHER, MESHED, TRIAL_FIRST, TRIAL_SECOND, TRIAL_THIRD, TRIAL):
            for until in (train.SAVE, *(stage.until for stage in recipe.stages)):
                self.assertEqual(until % train.TOGETHER, 0)

    def test_no_scene_that_is_measured_on_is_trained_on(self):
        for first, count, _ in (*FIRST.scenes(), *FULL.scenes(), *FURTHER.scenes(), *MESHED.scenes()):
            self.assertLess(first + count, evaluate.HELD_FIRST)

    def test_scenes_that_are_not_there_are_missed(self):
        written(self.folder.name, 2)
        with self.assertRaisesRegex(ValueError, "has 2 scenes where 3 are asked for"):
            Scenes(self.folder.name, ((0, 3),))

    def test_folding_the_norms_changes_nothing_but_the_precision(self):
        net = MiniDepth(CONFIG)
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.uniform_(module.bias, -0.3, 0.3)
                torch.nn.init.uniform_(module.running_mean, -0.3, 0.3)
                torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        net.eval()
        file = Path(self.folder.name) / "net.safetensors"
        save_net(net, CONFIG, file)
        x = torch.randn(1, 3, 64, 96)
        with torch.no_grad():
            wanted, found = net(x), read_folded(file)(x)
        self.assertLess(float((wanted - found).abs().max()), 0.01 * float(wanted.abs().max()))
        self.assertLessEqual(sum(t.numel() for t in folded(net).values()), 1_000_000)

    def test_a_run_that_goes_on_with_another_network_begins_with_what_that_answers(self):
        torch.manual_seed(4)
        first, file = MiniDepth(CONFIG), Path(self.folder.name) / "first.safetensors"
        for module in first.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.uniform_(module.bias, -0.3, 0.3)
        save_net(first.eval(), CONFIG, file)
        deeper = MiniDepth({**CONFIG, "blocks": [1, 2, 4, 3], "looks": [0, 0, 1, 2]})
        x = torch.randn(6, 3, 64, 96)
        unfold(deeper, file, [x[:3], x[3:]])
        with torch.no_grad():
            wanted = read_folded(file)(x)
            for answer in (deeper.eval()(x), deeper.train()(x)):
                self.assertLess(float((wanted - answer).abs().max()), 0.01 * float(wanted.abs().max()))

    def test_a_network_between_two_is_the_one_or_the_other_at_the_ends(self):
        torch.manual_seed(5)
        first = folded(MiniDepth(CONFIG).eval())
        config = {**CONFIG, "blocks": [1, 1, 4, 4], "looks": [0, 0, 0, 1]}
        deeper = MiniDepth(config)
        for module in deeper.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        second = folded(deeper.eval())
        for name, tensor in blended(first, second, 1.0).items():
            self.assertTrue(torch.equal(tensor, second[name]))
        files = [Path(self.folder.name) / f"{name}.safetensors" for name in ("first", "begin")]
        save_tensors(first, CONFIG, files[0])
        save_tensors(blended(first, second, 0.0), config, files[1])
        x = torch.randn(1, 3, 64, 64)
        with torch.no_grad():
            a, b = (read_folded(file)(x) for file in files)
        self.assertLess(float((a - b).abs().max()), 1e-5)


class Measure(unittest.TestCase):
    def test_the_truth_scores_full_marks_whatever_its_scale_and_shift(self):
        _, inverse, _ = render_scene(3, stock, SIDE, scenes.TRAINED)
        mask = evaluate.counted(inverse)
        for p in (inverse, 5 * inverse + 2, -inverse):
            abs_rel, delta1 = evaluate.score_picture(p, inverse, mask)
            self.assertLess(abs_rel, 1e-6)
            self.assertEqual(delta1, 1)

    def test_scores_are_those_worked_out_by_hand(self):
        inverse = np.array([[1.0, 1.0, 0.5, 0.5]])
        abs_rel, delta1 = evaluate.score_picture(np.zeros_like(inverse), inverse, np.full((1, 4), True))
        # A constant comes out at the mean, 0.75: depth 4/3 where 1 and 2 are right.
        self.assertAlmostEqual(abs_rel, (1 / 3 + 1 / 3) / 2)
        self.assertEqual(delta1, 0)

    def test_sky_and_what_is_beyond_ten_times_near_do_not_count(self):
        inverse = np.full((20, 20), 1.0)
        inverse[:5], inverse[5:8], inverse[8:10] = 0, 1 / 70, 0.05
        mask = evaluate.counted(inverse)
        self.assertEqual((mask[:10].sum(), mask[10:].sum()), (0, 200))
        self.assertEqual(evaluate.counted(inverse, far=True)[5:].mean(), 1)

    def test_edges_of_the_truth_are_all_right_and_those_of_a_plain_map_all_wrong(self):
        inverse = np.full((40, 40), 0.2)
        inverse[10:30, 10:30] = 1
        self.assertEqual(evaluate.edge_accuracy(3 * inverse + 1, inverse), 1)
        self.assertEqual(evaluate.edge_accuracy(np.zeros_like(inverse), inverse), 0)
        self.assertIsNone(evaluate.edge_accuracy(inverse, np.ones_like(inverse)))

    def test_edges_a_little_beside_the_truth_count_and_those_further_off_do_not(self):
        inverse, beside, far = (np.full((40, 40), 0.2) for _ in range(3))
        inverse[:, 20:], beside[:, 21:], far[:, 30:] = 1, 1, 1
        self.assertEqual(evaluate.edge_accuracy(beside, inverse), 1)
        self.assertEqual(evaluate.edge_accuracy(far, inverse), 0)

    def test_a_blurred_edge_goes_where_the_picture_has_it(self):
        truth = np.full((128, 128), 0.2, np.float32)
        truth[:, 64:] = 1
        picture = np.repeat(truth[..., None], 3, 2) * 0.5
        blurred = edges.enlarge(truth[None, ::16, ::16], 32, 32)[0]
        seen = edges.enlarge(picture.transpose(2, 0, 1), 32, 32).transpose(1, 2, 0)
        plain = edges.enlarge(blurred[None], 128, 128)[0]
        sharp = edges.sharpen(blurred, seen, picture)
        self.assertLess(4 * np.abs(sharp - truth).mean(), np.abs(plain - truth).mean())


if __name__ == "__main__":
    unittest.main()
