"""Networks in files: a run's checkpoint, and what the program carries."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from net import Conv, MiniDepth


def folded(net):
    """The network's tensors by name, each convolution with the batch norm behind it in one."""
    tensors = {}
    for name, module in net.named_modules():
        if isinstance(module, Conv):
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = module.fold()
        elif isinstance(module, torch.nn.Linear) or name == "decoder.head":
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = module.weight, module.bias
    return {name: tensor.detach().half().contiguous() for name, tensor in sorted(tensors.items())}


def save_net(net, config, file):
    """In half precision, norms folded. The metadata holds the configuration."""
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    save_file(folded(net), file, {"format": "pt", "config": json.dumps(config)})


def read_folded(file):
    """A network that computes what the file says: its batch norms change nothing."""
    with safe_open(file, "pt") as opened:
        net = MiniDepth(json.loads(opened.metadata()["config"]))
    tensors = load_file(file)
    with torch.no_grad():
        for name, module in net.named_modules():
            if isinstance(module, Conv):
                conv, norm = module
                conv.weight.copy_(tensors[f"{name}.weight"])
                norm.weight.fill_(1)
                norm.running_var.fill_(1 - norm.eps)
                norm.running_mean.zero_()
                norm.bias.copy_(tensors[f"{name}.bias"])
            elif isinstance(module, torch.nn.Linear) or name == "decoder.head":
                module.weight.copy_(tensors[f"{name}.weight"])
                module.bias.copy_(tensors[f"{name}.bias"])
    return net.eval()


def load_net(file):
    """From a run's checkpoint, its slow average; or from what `save_net` wrote."""
    if str(file).endswith(".safetensors"):
        return read_folded(file)
    state = torch.load(file, weights_only=True)
    net = MiniDepth(state["config"])
    net.load_state_dict(state["average"])
    return net.eval()
