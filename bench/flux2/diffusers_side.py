"""diffusers' side: the steps from noise to latents on PyTorch. Counts the products of a step, too, in float32.

python diffusers_side.py FOLDER OUT [float32|bfloat16]
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import torch
from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel
from safetensors.torch import load_file
from torch.utils.flop_counter import FlopCounterMode

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.set_grad_enabled(False)
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
dtype = getattr(torch, sys.argv[3] if len(sys.argv) > 3 else "float32")
transformer = Flux2Transformer2DModel.from_pretrained(folder / "transformer", torch_dtype=dtype).eval()
inputs = load_file(folder / "inputs.safetensors")
noise, text, sigmas = inputs["noise"][None], inputs["text"][None].to(dtype), inputs["sigmas"].tolist()
ids = {"img_ids": Flux2KleinPipeline._prepare_latent_ids(noise), "txt_ids": Flux2KleinPipeline._prepare_text_ids(text)}


def velocity(latents, now):
    given = {"hidden_states": latents.to(dtype), "encoder_hidden_states": text, "timestep": torch.tensor([now]), **ids}
    return transformer(**given, return_dict=False)[0].float()


start = latents = Flux2KleinPipeline._pack_latents(noise)
begun, busy = time.perf_counter(), time.process_time()
for now, then in zip(sigmas, sigmas[1:]):
    latents = latents + (then - now) * velocity(latents, now)
seconds, used = time.perf_counter() - begun, time.process_time() - busy
latents[0].T.contiguous().numpy().tofile(out)
told = {"seconds": seconds, "processor": used, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
if dtype == torch.float32:
    with FlopCounterMode(display=False) as counter:
        velocity(start, 1.0)
    told["operations"] = counter.get_total_flops() / 2
print(json.dumps(told))
