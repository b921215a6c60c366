"""mflux's side: the steps from noise to latents, with mflux's own transformer, guidance and scheduler.

    LD_PRELOAD=.cache/bench-openblas/libblas-for-mlx.so python mflux_side.py FOLDER OUT SIDE STEPS GUIDANCE

The preloaded library of bench/openblas.ts gives mflux's MLX OpenBLAS; the wheel's own BLAS is many times slower.
"""

import json
import re
import resource
import sys
import time
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten

sys.path.insert(0, str(Path(__file__).parents[2] / "test/reference"))
import isolated  # noqa: E402

isolated.use(isolated.MFLUX)

from mflux.models.common.config import ModelConfig
from mflux.models.common.config.config import Config
from mflux.models.qwen.model.qwen_transformer.qwen_transformer import QwenTransformer
from mflux.models.qwen.variants.txt2img.qwen_image import QwenImage

# On a CPU half precision only costs time.
ModelConfig.precision = mx.float32
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
side, steps, guidance = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
sizes = json.loads((folder / "transformer" / "config.json").read_text())
transformer = QwenTransformer(**{k: v for k, v in sizes.items()})
tensors = mx.load(str(folder / "transformer" / "diffusion_pytorch_model.safetensors"))


def published(name):
    name = name.replace("attn.attn_to_out.", "attn.to_out.")
    name = re.sub(r"\.(img|txt)_mod_linear\.", r".\1_mod.1.", name)
    name = re.sub(r"\.(img|txt)_ff\.mlp_in\.", r".\1_mlp.net.0.proj.", name)
    return re.sub(r"\.(img|txt)_ff\.mlp_out\.", r".\1_mlp.net.2.", name)


values = [(name, tensors[published(name)].astype(mx.float32)) for name, _ in tree_flatten(transformer.parameters())]
transformer.load_weights(values)
mx.eval(transformer.parameters())
del tensors, values
texts = mx.load(str(folder / "texts.safetensors"))
positive, negative = texts["positive"][None], texts["negative"][None]
masks = [mx.ones(text.shape[:2], dtype=mx.int32) for text in (positive, negative)]
config = Config(
    width=side, height=side, guidance=guidance, scheduler="linear", model_config=ModelConfig.qwen_image(),
    num_inference_steps=steps,
)  # fmt: skip
latents = mx.random.normal([1, (side // 16) ** 2, 64], key=mx.random.key(1))
mx.eval(latents, positive, negative, masks)


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


begun, busy = time.perf_counter(), processor()
for t in range(steps):
    noise = transformer(
        t=t, config=config, hidden_states=latents, encoder_hidden_states=positive, encoder_hidden_states_mask=masks[0]
    )
    other = transformer(
        t=t, config=config, hidden_states=latents, encoder_hidden_states=negative, encoder_hidden_states_mask=masks[1]
    )
    guided = QwenImage.compute_guided_noise(noise, other, guidance)
    latents = config.scheduler.step(noise=guided, timestep=t, latents=latents)
    mx.eval(latents)
seconds, busy = time.perf_counter() - begun, processor() - busy
np.array(latents).astype(np.float32).tofile(out)
peak = max(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "processor": busy, "peak": peak * 1024}))
