"""PyTorch's side: loads the weights, runs the network a few times on the picture, prints seconds, memory and operations as JSON.

python torch_side.py FOLDER SIDE THREADS REPEATS [OUT]
"""

import json
import sys
import time
from pathlib import Path

import torch
from reference import network, pixels
from torch.utils.flop_counter import FlopCounterMode

folder, side, threads, repeats = Path(sys.argv[1]), *map(int, sys.argv[2:5])
torch.set_num_threads(threads)
started = time.perf_counter()
model = network(folder)
load = time.perf_counter() - started
x = pixels(folder, side)
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
