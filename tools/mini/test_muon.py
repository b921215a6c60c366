"""The optimiser for matrices: `python -m unittest test_muon`."""

import unittest

import torch

import train
from muon import Muon, orthogonal
from net import Conv


class Matrices(unittest.TestCase):
    def test_singular_values_come_near_one(self):
        generator = torch.Generator().manual_seed(1)
        for rows, columns in ((16, 16), (12, 40), (40, 12)):
            values = torch.linalg.svdvals(orthogonal(torch.randn(3, rows, columns, generator=generator)))
            self.assertGreater(float(values.min()), 0.3)
            self.assertLess(float(values.max()), 1.4)

    def test_weak_directions_learn_as_fast_as_strong_ones(self):
        # A gradient ten thousand times as strong along one direction as along the other.
        weight = torch.nn.Parameter(torch.zeros(2, 2))
        optimiser = Muon([weight], 0.1, weight_decay=0)
        weight.grad = torch.diag(torch.tensor([1.0, 1e-4]))
        for _ in range(30):
            optimiser.step()
        strong, weak = (-weight.detach()).diagonal().tolist()
        self.assertGreater(weak, 0.01 * strong)

    def test_it_takes_what_turns_numbers_into_others_and_nothing_else(self):
        run = train.Run(1, 1e-3, looks=(0, 0, 1, 1), optimiser="muon")
        adam, muon = ({id(p) for group in o.param_groups for p in group["params"]} for o in run.optimisers)
        every = {id(p) for p in run.net.parameters()}
        self.assertEqual(adam | muon, every)
        self.assertFalse(adam & muon)
        convs = [module for module in run.net.modules() if isinstance(module, Conv)]
        self.assertTrue(all(id(conv[0].weight) in adam for conv in convs if conv[0].groups > 1))
        self.assertTrue(all(id(conv[1].weight) in adam for conv in convs))
        self.assertIn(id(run.net.encoder.down[0][0].weight), adam)
        self.assertIn(id(run.net.encoder.down[1][0].weight), muon)
        self.assertIn(id(run.net.decoder.head.weight), adam)


if __name__ == "__main__":
    unittest.main()
