"""Writes what the other engines load, beside the weights: the network's input, and the network as ONNX and as OpenVINO's own format.

python export.py FOLDER SIDE
"""

import sys
from pathlib import Path

import numpy as np
import openvino
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "depth"))
from reference import network, pixels  # noqa: E402

folder, side = Path(sys.argv[1]), int(sys.argv[2])


class Depth(torch.nn.Module):
    """The network with the map as its only output."""

    def __init__(self):
        super().__init__()
        self.model = network(folder)

    def forward(self, pixels):
        return self.model(pixels).predicted_depth


x = pixels(folder, side)
np.save(folder / "input.npy", x.numpy())
torch.onnx.export(Depth(), (x,), folder / "model.onnx", input_names=["pixels"], output_names=["depth"], dynamo=True)
openvino.save_model(openvino.convert_model(folder / "model.onnx"), folder / "model.xml", compress_to_fp16=False)
