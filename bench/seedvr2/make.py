"""Makes random weights: the picture coder at its published size, and a middle-sized transformer of the 3B's form.

python make.py FOLDER
"""

import sys
from pathlib import Path

import mlx.core as mx
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from sides import TRANSFORMER, networks, published_names

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
transformer, vae = networks()
for name, module in {"seedvr2_ema_3b_fp16": transformer, "ema_vae_fp16": vae}.items():
    tensors = {}
    for key, value in published_names(module).items():
        fan = np.prod(value.shape[1:]) if value.ndim > 1 else 1
        if key.endswith("rope.freqs"):
            new = np.array(value)
        elif "norm" in key and key.endswith("weight") or key.endswith("scale"):
            new = 1 + 0.1 * rng.standard_normal(value.shape)
        else:
            new = rng.standard_normal(value.shape) * (0.02 if value.ndim == 1 else 0.7 / np.sqrt(fan))
        tensors[key] = mx.array(new.astype(np.float16))
    mx.save_safetensors(str(folder / f"{name}.safetensors"), tensors)
text = rng.standard_normal((58, TRANSFORMER["txt_in_dim"])).astype(np.float16)
mx.save_safetensors(str(folder / "pos_emb.safetensors"), {"embedding": mx.array(text)})
(folder / "config.json").write_text('{"rope": "lang", "window": [4, 3, 3]}\n')
y, x = np.mgrid[0:256, 0:256]
picture = np.stack([x, y, 128 + 100 * np.sin(x / 9 + y / 13)], -1) + rng.normal(0, 10, (256, 256, 3))
Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(folder / "input.png")
