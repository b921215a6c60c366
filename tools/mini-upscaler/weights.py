"""Networks in files: a run's checkpoint, and what the program carries."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from net import MiniUpscaler


def save_net(net, config, file):
    """In half precision. The metadata holds the configuration."""
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in sorted(net.state_dict().items())}
    save_file(tensors, file, {"format": "pt", "config": json.dumps(config)})


def load_net(file):
    """From a run's checkpoint, its slow average; or from what `save_net` wrote."""
    if str(file).endswith(".safetensors"):
        with safe_open(file, "pt") as opened:
            net = MiniUpscaler(json.loads(opened.metadata()["config"]))
        net.load_state_dict({name: tensor.float() for name, tensor in load_file(file).items()})
        return net.eval()
    state = torch.load(file, weights_only=True)
    net = MiniUpscaler(state["config"])
    net.load_state_dict(state["average"])
    return net.eval()
