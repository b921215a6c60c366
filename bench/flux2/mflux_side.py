"""mflux's side: the steps from noise to latents, with mflux's own transformer.

LD_PRELOAD=.cache/bench-openblas/libblas-for-mlx.so python mflux_side.py FOLDER OUT [float32|bfloat16]
"""

import json
import resource
import sys
import time
from pathlib import Path

import mlx.core as mx
import numpy as np
from mflux.models.common.config import ModelConfig
from mflux.models.flux2.latent_creator.flux2_latent_creator import Flux2LatentCreator
from mflux.models.flux2.model.flux2_text_encoder.prompt_encoder import Flux2PromptEncoder
from mflux.models.flux2.model.flux2_transformer.transformer import Flux2Transformer
from mlx.utils import tree_flatten

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
ModelConfig.precision = dtype = getattr(mx, sys.argv[3] if len(sys.argv) > 3 else "float32")
config = json.loads((folder / "transformer" / "config.json").read_text())
config.pop("guidance_embeds")
transformer = Flux2Transformer(**config)
tensors = mx.load(str(folder / "transformer" / "diffusion_pytorch_model.safetensors"))


def published(name):
    name = name.replace("time_guidance_embed.linear_", "time_guidance_embed.timestep_embedder.linear_")
    return name.replace("attn.to_out.", "attn.to_out.0.") if name.startswith("transformer_blocks") else name


names = [name for name, _ in tree_flatten(transformer.parameters())]
transformer.load_weights([(name, tensors[published(name)].astype(dtype)) for name in names])
mx.eval(transformer.parameters())
del tensors
inputs = mx.load(str(folder / "inputs.safetensors"))
channels, rows, columns = inputs["noise"].shape
latents = inputs["noise"].reshape(1, channels, -1).transpose(0, 2, 1)
text = inputs["text"][None].astype(dtype)
sigmas = inputs["sigmas"].tolist()
img_ids = Flux2LatentCreator.prepare_grid_ids(mx.zeros((1, channels, rows, columns)), t_coord=0)
txt_ids = Flux2PromptEncoder.prepare_text_ids(text)
mx.eval(latents, text, img_ids, txt_ids)


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


begun, busy = time.perf_counter(), processor()
for now, then in zip(sigmas, sigmas[1:]):
    latents = latents + (then - now) * transformer(latents.astype(dtype), text, mx.array([now]), img_ids, txt_ids)
    mx.eval(latents)
seconds, used = time.perf_counter() - begun, processor() - busy
np.asarray(latents[0].transpose(1, 0), dtype=np.float32).tofile(out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "processor": used, "peak": peak}))
