"""Writes what the other engines load, beside the weights: the network's input, and the network as ONNX and as OpenVINO's own format.

python export.py FOLDER SIDE
"""

import sys
from pathlib import Path

import numpy as np
import openvino
import torch
from torch.nn import functional as F
from transformers import DepthAnythingForDepthEstimation, DepthProForDepthEstimation

folder, side = Path(sys.argv[1]), int(sys.argv[2])
torch.set_grad_enabled(False)
pro = "depth_pro" in (folder / "config.json").read_text()
kind = DepthProForDepthEstimation if pro else DepthAnythingForDepthEstimation
model = kind.from_pretrained(folder, dtype=torch.float32).eval()


class Depth(torch.nn.Module):
    """The network with the map as its only output."""

    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model(pixels).predicted_depth


picture = torch.from_numpy(np.frombuffer((folder / "picture.rgb").read_bytes(), np.uint8).reshape(768, 1024, 3).copy())
x = picture.permute(2, 0, 1)[None].float() / 255
mean, std = (
    (0.5, 0.5)
    if pro
    else (torch.tensor([[[0.485]], [[0.456]], [[0.406]]]), torch.tensor([[[0.229]], [[0.224]], [[0.225]]]))
)
size = (1536, 1536) if pro else (side, round(side * 1024 / 768 / 14) * 14)
x = (F.interpolate(x, size, mode="bilinear" if pro else "bicubic", align_corners=False) - mean) / std
np.save(folder / "input.npy", x.numpy())
torch.onnx.export(Depth(), (x,), folder / "model.onnx", input_names=["pixels"], output_names=["depth"], dynamo=True)
openvino.save_model(openvino.convert_model(folder / "model.onnx"), folder / "model.xml", compress_to_fp16=False)
