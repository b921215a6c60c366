"""diffusers' side: the steps from noise to latents on PyTorch.

python diffusers_side.py FOLDER OUT
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
from diffusers import ZImageTransformer2DModel
from safetensors.torch import load_file

torch.set_num_threads(2)
torch.set_grad_enabled(False)
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
transformer = ZImageTransformer2DModel.from_pretrained(folder / "transformer", torch_dtype=torch.float32).eval()
inputs = load_file(folder / "inputs.safetensors")
latents, text, sigmas = inputs["noise"][:, None], inputs["text"], inputs["sigmas"].tolist()
begun, busy = time.perf_counter(), time.process_time()
for now, then in zip(sigmas, sigmas[1:]):
    velocity = -transformer([latents], torch.tensor([1 - now]), [text], return_dict=False)[0][0]
    latents = latents + (then - now) * velocity
seconds, used = time.perf_counter() - begun, time.process_time() - busy
latents[:, 0].contiguous().numpy().tofile(out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "processor": used, "peak": peak}))
