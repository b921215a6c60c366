"""What the depth reference programs share: random weights that show every mistake, taps inside a network, files."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

FIXTURES = Path(os.environ.get("FIXTURES", Path(__file__).parent.parent / "fixtures" / "depth"))


def randomize(module, seed, half=True):
    """Redraws every parameter. Norms, layer scales and biases get values that a lost tensor would change."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            noise = torch.randn(p.shape, generator=generator)
            if p.ndim <= 1 or "gamma" in name or "lambda1" in name:
                value = 0.2 * noise
                if name.endswith("weight") or "gamma" in name or "lambda1" in name:
                    value = value + 1
            elif "token" in name or "pos_embed" in name or "position_embeddings" in name:
                value = 0.7 * noise
            else:
                value = noise / p[0].numel() ** 0.5
            p.copy_(value.half().float() if half else value)
    return module.eval()


class Taps(dict):
    """Collects the outputs of named modules while a network runs."""

    def watch(self, module, name, pick=lambda output: output):
        module.register_forward_hook(lambda m, i, o: self.__setitem__(name, pick(o).detach().clone()))


def fresh(name):
    folder = FIXTURES / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def save_expected(name, tensors):
    folder = FIXTURES / "expected"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, folder / f"{name}.safetensors")


def save_half(tensors, path):
    save_file({k: v.detach().half().contiguous() for k, v in tensors.items()}, path, metadata={"format": "pt"})


def save_json(value, path):
    Path(path).write_text(json.dumps(value, indent=1) + "\n")


def picture(seed, height, width):
    """A smooth picture with edges, so that resampling and the networks have something to see."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / random.uniform(3, 20) + y / random.uniform(3, 20) + k) for k in range(3)]
    image = 127 + 80 * np.stack(waves, -1) + random.normal(0, 12, (height, width, 3))
    image[height // 3 : height // 2, width // 4 : width // 2] = random.integers(0, 255, 3)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def nhwc(tensor):
    """Feature maps are stored as easel holds them: channels last, without the batch of one."""
    return tensor[0].permute(1, 2, 0) if tensor.ndim == 4 and tensor.shape[0] == 1 else tensor.permute(0, 2, 3, 1)
