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
from mflux.models.z_image.model.z_image_transformer.transformer import ZImageTransformer
from mlx.utils import tree_flatten

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
ModelConfig.precision = dtype = getattr(mx, sys.argv[3] if len(sys.argv) > 3 else "float32")
transformer = ZImageTransformer(**json.loads((folder / "transformer" / "config.json").read_text()))
tensors = mx.load(str(folder / "transformer" / "diffusion_pytorch_model.safetensors"))


def published(name):
    name = name.replace("t_embedder.linear1.", "t_embedder.mlp.0.").replace("t_embedder.linear2.", "t_embedder.mlp.2.")
    return name.replace("all_final_layer.2-1.adaLN_modulation.0.", "all_final_layer.2-1.adaLN_modulation.1.")


names = [name for name, _ in tree_flatten(transformer.parameters())]
transformer.load_weights([(name, tensors[published(name)].astype(dtype)) for name in names])
mx.eval(transformer.parameters())
del tensors
inputs = mx.load(str(folder / "inputs.safetensors"))
latents, text, sigmas = inputs["noise"][:, None], inputs["text"].astype(dtype), inputs["sigmas"].tolist()
mx.eval(latents, text)


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


begun, busy = time.perf_counter(), processor()
for now, then in zip(sigmas, sigmas[1:]):
    latents = latents + (then - now) * transformer(latents.astype(dtype), 1 - now, inputs["sigmas"], text)
    mx.eval(latents)
seconds, used = time.perf_counter() - begun, processor() - busy
np.asarray(latents[:, 0], dtype=np.float32).tofile(out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "processor": used, "peak": peak}))
