"""Tests of the drawn pictures, the degradations, the network and the training. Run: python -m unittest test_upscaler"""

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import evaluate
import pictures
import train
from degrade import degrade, shrink, to_bytes
from enlarge import BORDER, enlarged
from net import CONFIG, FACTORS, MiniUpscaler, margin
from recipe import TRIAL
from weights import load_net, save_net

stock = pictures.stock()
RECIPE = TRIAL


def waves(height, width):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([128 + 90 * np.sin(x / 5 + c) * np.cos(y / 4) for c in range(3)], 2).round().astype(np.uint8)


class Pictures(unittest.TestCase):
    def test_a_picture_is_the_same_wherever_it_is_drawn_and_another_one_is_different(self):
        for draw in (pictures.draw_picture, pictures.fine_picture):
            first, again, other = (draw(n, 64, stock) for n in (3, 3, 4))
            self.assertTrue(np.array_equal(first, again))
            self.assertFalse(np.array_equal(first, other))
            self.assertEqual((first.shape, first.dtype), ((64, 64, 3), np.uint8))

    def test_pictures_have_edges_and_are_not_one_colour(self):
        for draw in (pictures.draw_picture, pictures.fine_picture):
            for number in range(8):
                picture = draw(number, 96, stock).astype(float)
                self.assertGreater(picture.std(), 4)
                self.assertGreater(np.abs(np.diff(picture, axis=1)).max(), 15)

    def test_softening_keeps_the_mean(self):
        canvas = np.random.default_rng(1).random((40, 50, 3)).astype(np.float32)
        soft = pictures.soften(canvas, 2.0)
        self.assertLess(soft.std(), 0.5 * canvas.std())
        self.assertAlmostEqual(float(soft.mean()), float(canvas.mean()), places=2)


class Degradations(unittest.TestCase):
    def test_a_small_picture_has_the_size_of_its_factor_and_the_same_for_the_same_seed(self):
        x = torch.rand(4, 3, 48, 72)
        for factor in FACTORS:
            small, again = (degrade(x, factor, np.random.default_rng(factor)) for _ in range(2))
            self.assertEqual(tuple(small.shape), (4, 3, 48 // factor, 72 // factor))
            self.assertTrue(torch.equal(small, again))
            self.assertTrue(0 <= float(small.min()) and float(small.max()) <= 1)

    def test_bicubic_shrinking_is_pillows(self):
        picture = waves(60, 80)
        x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
        mine = to_bytes(shrink(x, 2, "bicubic"))[0].permute(1, 2, 0).numpy()
        pillow = np.asarray(Image.fromarray(picture).resize((40, 30), Image.BICUBIC))
        self.assertLessEqual(np.abs(mine.astype(int) - pillow).max(), 1)


class Network(unittest.TestCase):
    def test_it_starts_as_a_bicubic_enlargement(self):
        net, small = MiniUpscaler(), waves(24, 32)
        for head in net.heads.values():
            torch.nn.init.zeros_(head.weight)
        for factor in FACTORS:
            bicubic = np.asarray(Image.fromarray(small).resize((32 * factor, 24 * factor), Image.BICUBIC))
            inner = (slice(3 * factor, -3 * factor),) * 2
            difference = np.abs(enlarged(net, small, factor).astype(int) - bicubic)[inner]
            self.assertLessEqual(difference.max(), 2)

    def test_what_is_further_off_than_its_margin_changes_nothing(self):
        torch.manual_seed(2)
        net, reach = MiniUpscaler().eval(), margin()
        self.assertLessEqual(reach, BORDER)
        x = torch.rand(1, 3, 64, 64)
        changed = x.clone()
        changed[..., 32 + reach + 1 :] = 0
        with torch.no_grad():
            a, b = (net(each, 2)[..., :66] for each in (x, changed))
        self.assertTrue(torch.equal(a, b))

    def test_what_is_written_is_what_is_read_and_small(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "net.safetensors"
            net = MiniUpscaler()
            save_net(net, CONFIG, file)
            self.assertLess(file.stat().st_size, 2e6)
            x = torch.rand(1, 3, 20, 20)
            with torch.no_grad():
                self.assertLess(float((net(x, 3) - load_net(file)(x, 3)).abs().max()), 2e-3)


class Training(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        torch.set_num_threads(1)

    def test_a_run_that_was_stopped_gives_what_it_would_have_given(self):
        whole = train.make(self.folder, RECIPE, log=lambda _: None)
        (self.folder / "checkpoint.pt").unlink()
        sources = train.sources_of(self.folder, RECIPE)
        half = train.Run(RECIPE)
        train.train(half, sources, until=8)
        half.save(self.folder / "checkpoint.pt")
        resumed = train.make(self.folder, RECIPE, log=lambda _: None)
        for a, b in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
            self.assertTrue(torch.equal(a, b))

    def test_it_learns_the_pictures_of_one_step_by_heart(self):
        recipe = replace(RECIPE, stages=(replace(RECIPE.stages[0], until=1000, fall=1000),))
        sources, run, errors = train.sources_of(self.folder, recipe), train.Run(recipe), []
        for _ in range(180):
            run.step = 100
            errors.append(run.train_step(sources))
        self.assertLess(errors[-1], 0.7 * errors[0])


class Measure(unittest.TestCase):
    def test_the_same_picture_is_right_and_a_noisy_one_is_as_wrong_as_its_noise(self):
        picture = waves(64, 64)
        self.assertGreater(evaluate.score(picture, picture).ssim, 0.9999)
        noisy = picture.astype(int) + 4 * (np.indices(picture.shape).sum(0) % 2 * 2 - 1)
        self.assertAlmostEqual(evaluate.score(noisy, picture).psnr, 20 * np.log10(255 / 4), places=3)

    def test_weights_that_are_no_better_than_lanczos_are_found(self):
        even = evaluate.Score(30, 0.9, 0)
        rows = {(factor, chain): {"one": (even, even)} for factor in FACTORS for chain in evaluate.CHAINS}
        self.assertEqual(len(list(evaluate.failures(rows))), 6)


if __name__ == "__main__":
    unittest.main()
