"""Tests of pictures made of two, and of the error of a picture's parts. Run: python -m unittest test_pasted"""

import tempfile
import unittest

import numpy as np
import torch

import train
from dataset import Scenes, Shard, shard_name
from pasted import paste, subject_of

SIDE = 64


def ramp():
    """Inverse depth of a plain ground: farther from row to row, without a gap."""
    return np.repeat(np.geomspace(0.1, 1, SIDE)[:, None], SIDE, 1).astype(np.float16)


def standing():
    """Inverse depth of a ground far away with a box before it, and where the box is."""
    inverse, place = ramp() * np.float16(0.1), np.zeros((SIDE, SIDE), bool)
    place[24:52, 20:44] = True
    inverse[place] = 0.8
    return inverse, place


def picture_of(place, inside, outside):
    return np.where(place[..., None], np.array(inside, np.uint8), np.array(outside, np.uint8))


class Pasting(unittest.TestCase):
    def test_a_subject_before_a_gap_is_found(self):
        inverse, place = standing()
        found = subject_of(inverse, np.random.default_rng(1))
        np.testing.assert_array_equal(found, place)

    def test_nothing_is_found_in_a_plain_ramp(self):
        picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
        for seed in range(8):
            self.assertIsNone(subject_of(ramp(), np.random.default_rng(seed)))
            self.assertIsNone(paste(picture, ramp(), picture, ramp(), np.random.default_rng(seed)))

    def test_what_is_pasted_is_nearer_than_what_it_covers(self):
        inverse, place = standing()
        front = picture_of(place, (250, 0, 0), (0, 250, 0))
        back = np.full((SIDE, SIDE, 3), (0, 0, 250), np.uint8)
        for seed in range(20):
            picture, made = paste(back, ramp(), front, inverse, np.random.default_rng(seed))
            pasted = made != ramp()
            self.assertGreater(pasted.mean(), 0.01)
            self.assertGreater((made[pasted] > ramp()[pasted]).mean(), 0.9)
            # The picture shows the subject where the depth is the subject's, and nothing of what stood around it.
            self.assertGreater(np.median(picture[pasted][:, 0]), 200)
            self.assertGreater(np.median(picture[~pasted][:, 2]), 200)
            self.assertLess(picture[..., 1].max(), 130)


class Training(unittest.TestCase):
    def test_the_error_of_parts_forgives_a_scale_and_shift_of_each_part_and_nothing_else(self):
        generator = torch.Generator().manual_seed(1)
        g = torch.rand(2, 32, 48, generator=generator) + 0.1
        for count in (2, 4):
            scale, shift = (torch.rand(2, count, count, generator=generator) + 0.5 for _ in range(2))
            each = (x.repeat_interleave(32 // count, 1).repeat_interleave(48 // count, 2) for x in (scale, shift))
            scale, shift = each
            self.assertLess(float(train.parts_error(scale * g + shift, g, count)), 0.02)
            self.assertGreater(float(train.parts_error(g.flip(1), g, count)), 0.5)

    def test_stretched_pictures_use_all_the_range(self):
        x = 0.3 + 0.2 * torch.rand(2, 3, 60, 60, generator=torch.Generator().manual_seed(2))
        shares = torch.tensor([1.0, 0.0])[:, None, None, None]
        made = train.stretched(x, shares)
        self.assertTrue(torch.equal(made[1], x[1]))
        self.assertLess(abs(float(made[0].quantile(0.01))), 0.02)
        self.assertLess(abs(float(made[0].quantile(0.99)) - 1), 0.02)

    def test_a_batch_has_pasted_subjects_in_its_share_of_pictures(self):
        inverse, place = standing()
        with tempfile.TemporaryDirectory() as folder:
            shard = Shard(folder, shard_name(0), 1, SIDE)
            shard.picture[0], shard.inverse[0] = picture_of(place, (250, 0, 0), (0, 0, 250)), inverse
            shard.kind[0] = b"standing"
            scenes = Scenes(folder)
            changed = [
                not np.array_equal(train.pick_one(scenes, np.random.default_rng(seed), pasted)[1], inverse)
                for pasted in (0.0, 0.5, 1.0)
                for seed in range(40)
            ]
            none, half, every = np.reshape(changed, (3, 40)).mean(1)
            self.assertEqual(none, 0)
            self.assertTrue(0.25 < half < 0.75)
            self.assertGreater(every, 0.9)
            picture, depth = train.pick_batch(scenes, np.random.default_rng(1), 4, 48, 64, pasted=1.0)
            self.assertEqual((tuple(picture.shape), tuple(depth.shape)), ((4, 3, 48, 64), (4, 48, 64)))
            self.assertTrue(bool(torch.isfinite(picture).all() and torch.isfinite(depth).all()))


if __name__ == "__main__":
    unittest.main()
