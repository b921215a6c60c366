"""Writes a run's network as the program carries it: half precision, batch norms folded into the convolutions before them.

    python export.py --run DIR/checkpoint.pt --out assets/mini/mini.safetensors
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from evaluate import load_net
from net import CONFIG, Conv, MiniDepth


def folded(net):
    """The network's tensors by name, each convolution with the batch norm behind it in one."""
    tensors = {}
    for name, module in net.named_modules():
        if isinstance(module, Conv):
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = module.fold()
        elif isinstance(module, torch.nn.Linear) or name == "decoder.head":
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = module.weight, module.bias
    return {name: tensor.detach().half().contiguous() for name, tensor in sorted(tensors.items())}


def unfold(file):
    """A network that computes what the file says: its batch norms change nothing."""
    net, tensors = MiniDepth(CONFIG), load_file(file)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, help="a run's checkpoint")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    tensors = folded(load_net(arguments.run))
    Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, arguments.out, {"format": "pt", "config": json.dumps(CONFIG)})
    print(f"{sum(t.numel() for t in tensors.values())} numbers, {Path(arguments.out).stat().st_size} bytes")


if __name__ == "__main__":
    main()
