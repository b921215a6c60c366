"""mflux's side: the whole way from a picture of 256² to one of 512², with the seconds of each part.

    LD_PRELOAD=.cache/bench-openblas/libblas-for-mlx.so python mflux_side.py FOLDER OUT [SIDE]

The preloaded library of bench/openblas.ts gives mflux's MLX OpenBLAS; the wheel's own BLAS is many times slower.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from sides import load, networks

import mlx.core as mx
import numpy as np

from mflux.models.common.config import ModelConfig
from mflux.models.common.vae.tiling_config import TilingConfig
from mflux.models.common.vae.vae_util import VAEUtil
from mflux.models.seedvr2.latent_creator.seedvr2_latent_creator import SeedVR2LatentCreator
from mflux.models.seedvr2.variants.upscale.seedvr2_util import SeedVR2Util
from mflux.utils.image_util import ImageUtil

# On a CPU the rounding to bfloat16 that mflux does behind each norm only costs time.
ModelConfig.precision = mx.float32
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
side = int(sys.argv[3]) if len(sys.argv) > 3 else 512
transformer, vae = networks()
load(transformer, folder / "seedvr2_ema_3b_fp16.safetensors")
load(vae, folder / "ema_vae_fp16.safetensors")
text = mx.load(str(folder / "pos_emb.safetensors"))["embedding"].astype(mx.float32)[None]
seconds = {}


def timed(name, body):
    started = time.perf_counter()
    result = body()
    mx.eval(result)
    seconds[name] = time.perf_counter() - started
    return result


begun = time.perf_counter()
image, height, width = SeedVR2Util.preprocess_image(folder / "input.png", side, 0.0)
latent = timed("encode", lambda: VAEUtil.encode(vae=vae, image=image, tiling_config=TilingConfig()))
condition = SeedVR2LatentCreator.create_condition(encoded_latent=latent)
noise = SeedVR2LatentCreator.create_noise_latents(seed=1, height=latent.shape[-2], width=latent.shape[-1])
vid = mx.concatenate([noise, condition], axis=1)
clean = timed("denoise", lambda: noise - transformer(txt=text, vid=vid, timestep=mx.array(1000.0)))
decoded = timed("decode", lambda: VAEUtil.decode(vae=vae, latent=clean, tiling_config=TilingConfig()))
decoded = decoded[:, :, :height, :width]
fixed = SeedVR2Util.apply_color_correction(decoded, image[:, :, :height, :width])
pixels = ImageUtil._to_numpy(ImageUtil._denormalize(fixed))
seconds["whole"] = time.perf_counter() - begun
(pixels[0] * 255).round().astype(np.uint8).tofile(out)
peak = max(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "peak": peak * 1024}))
