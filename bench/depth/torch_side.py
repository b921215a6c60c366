"""PyTorch's side: loads the weights, runs the network a few times on the picture, prints seconds, memory and operations as JSON.

python torch_side.py FOLDER SIDE THREADS REPEATS [OUT]
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from transformers import DepthAnythingForDepthEstimation, DepthProForDepthEstimation

folder, side, threads, repeats = Path(sys.argv[1]), *map(int, sys.argv[2:5])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
pro = "depth_pro" in (folder / "config.json").read_text()
kind = DepthProForDepthEstimation if pro else DepthAnythingForDepthEstimation
started = time.perf_counter()
model = kind.from_pretrained(folder, dtype=torch.float32).eval()
load = time.perf_counter() - started
picture = torch.from_numpy(np.frombuffer((folder / "picture.rgb").read_bytes(), np.uint8).reshape(768, 1024, 3).copy())
x = picture.permute(2, 0, 1)[None].float() / 255
mean, std = (
    (0.5, 0.5)
    if pro
    else (torch.tensor([[[0.485]], [[0.456]], [[0.406]]]), torch.tensor([[[0.229]], [[0.224]], [[0.225]]]))
)
# The size that the authors' rule gives the picture; the network's input is the same for both sides.
size = (1536, 1536) if pro else (side, round(side * 1024 / 768 / 14) * 14)
x = F.interpolate(x, size, mode="bilinear" if pro else "bicubic", align_corners=False)
x = (x - mean) / std
seconds, cpu = [], []
for _ in range(repeats):
    started, worked = time.perf_counter(), time.process_time()
    depth = model(x).predicted_depth
    seconds.append(time.perf_counter() - started)
    cpu.append(time.process_time() - worked)
if len(sys.argv) > 5:
    depth[0].numpy().tofile(sys.argv[5])
peak = max(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
# The same once more without numbers, only to count its products, each with its addition.
with FlopCounterMode(display=False) as counter:
    model.to("meta")(x.to("meta"))
operations = counter.get_total_flops() // 2
print(json.dumps({"load": load, "seconds": seconds, "cpu": cpu, "peak": peak * 1024, "operations": operations}))
