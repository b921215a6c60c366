"""Writes random weights of a published size, as transformers would, and one picture: what both sides of the bench load.

python make.py v2-small|v2-base|v2-large|depth-pro FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    DepthProConfig,
    DepthProForDepthEstimation,
    Dinov2Config,
)

torch.manual_seed(0)
torch.set_grad_enabled(False)

SIZES = {
    "v2-small": (384, 12, 6, 64, [48, 96, 192, 384], [3, 6, 9, 12]),
    "v2-base": (768, 12, 12, 128, [96, 192, 384, 768], [3, 6, 9, 12]),
    "v2-large": (1024, 24, 16, 256, [256, 512, 1024, 1024], [5, 12, 18, 24]),
}


def network(name):
    if name == "depth-pro":
        vit = dict(
            model_type="dinov2",
            hidden_size=1024,
            num_hidden_layers=24,
            num_attention_heads=16,
            image_size=384,
            patch_size=16,
        )
        return DepthProForDepthEstimation(
            DepthProConfig(
                use_fov_model=True,
                image_model_config=dict(vit),
                patch_model_config=dict(vit),
                fov_model_config=dict(vit),
            )
        )
    dim, depth, heads, features, channels, taps = SIZES[name]
    backbone = Dinov2Config(
        hidden_size=dim,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        image_size=518,
        patch_size=14,
        out_indices=taps,
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    return DepthAnythingForDepthEstimation(
        DepthAnythingConfig(
            backbone_config=backbone,
            reassemble_hidden_size=dim,
            neck_hidden_sizes=channels,
            fusion_hidden_size=features,
            head_hidden_size=32,
            patch_size=14,
        )
    )


name, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
model = network(name)
for key, p in model.named_parameters():
    if p.ndim <= 1:
        p.copy_(0.1 * torch.randn_like(p) + (1 if key.endswith("weight") or "lambda1" in key else 0))
    elif "token" in key or "position_embeddings" in key:
        p.copy_(0.02 * torch.randn_like(p))
    else:
        p.copy_(torch.randn_like(p) / p[0].numel() ** 0.5)
(model.head.layers[4] if name == "depth-pro" else model.head.conv3).bias.fill_(1)
# Names inside the model differ between releases of transformers; save_pretrained() writes the published ones.
(model.half() if name == "depth-pro" else model).save_pretrained(folder)
y, x = np.mgrid[0:768, 0:1024]
picture = 127 + 80 * np.stack([np.sin(x / (9 + 5 * c) + y / 31) for c in range(3)], -1)
picture += np.random.default_rng(0).normal(0, 10, picture.shape)
(folder / "picture.rgb").write_bytes(np.clip(np.round(picture), 0, 255).astype(np.uint8).tobytes())
