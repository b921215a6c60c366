"""Makes random weights: a middle-sized transformer of Qwen-Image's form, and the states of two texts.

python make.py FOLDER
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np

LAYERS, HEADS, HEAD, JOINT = 8, 8, 128, 3584
WIDTH = HEADS * HEAD

folder = Path(sys.argv[1])
(folder / "transformer").mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
tensors = {}


def add(name, *shape, norm=False, zero=False):
    fan = shape[-1] if len(shape) > 1 else 1
    noise = rng.standard_normal(shape, np.float32) * (0.02 if len(shape) == 1 else 0.5 / np.sqrt(fan))
    tensors[name] = mx.array(np.zeros(shape, np.float32) if zero else 1 + noise if norm else noise).astype(mx.bfloat16)


def linear(name, inputs, outputs, zero_bias=False):
    add(f"{name}.weight", outputs, inputs)
    add(f"{name}.bias", outputs, zero=zero_bias)


linear("img_in", 64, WIDTH)
add("txt_norm.weight", JOINT, norm=True)
linear("txt_in", JOINT, WIDTH)
linear("time_text_embed.timestep_embedder.linear_1", 256, WIDTH)
linear("time_text_embed.timestep_embedder.linear_2", WIDTH, WIDTH)
# mflux leaves this bias out.
linear("norm_out.linear", WIDTH, 2 * WIDTH, zero_bias=True)
linear("proj_out", WIDTH, 64)
for i in range(LAYERS):
    block = f"transformer_blocks.{i}"
    for name in ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"):
        linear(f"{block}.attn.{name}", WIDTH, WIDTH)
    for name in ("norm_q", "norm_k", "norm_added_q", "norm_added_k"):
        add(f"{block}.attn.{name}.weight", HEAD, norm=True)
    for stream in ("img", "txt"):
        linear(f"{block}.{stream}_mod.1", WIDTH, 6 * WIDTH)
        linear(f"{block}.{stream}_mlp.net.0.proj", WIDTH, 4 * WIDTH)
        linear(f"{block}.{stream}_mlp.net.2", 4 * WIDTH, WIDTH)
mx.save_safetensors(str(folder / "transformer" / "diffusion_pytorch_model.safetensors"), tensors)
config = {"num_layers": LAYERS, "num_attention_heads": HEADS, "attention_head_dim": HEAD, "joint_attention_dim": JOINT}
(folder / "transformer" / "config.json").write_text(json.dumps(config) + "\n")
texts = {
    "positive": rng.standard_normal((80, JOINT), np.float32),
    "negative": rng.standard_normal((7, JOINT), np.float32),
}
mx.save_safetensors(str(folder / "texts.safetensors"), {k: mx.array(v) for k, v in texts.items()})
