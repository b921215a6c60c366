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
    save_tensors(folded(net), config, file)


def save_tensors(tensors, config, file):
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file, {"format": "pt", "config": json.dumps(config)})


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


def unfold(net, file, batches):
    """Puts a written network into one that learns. Blocks that the file has not got stay as they are. Every norm gets the mean and the
    deviation of what reaches it from `batches`, and gives back what it takes: at the beginning nothing changes."""
    tensors, convs = load_file(file), {name: module for name, module in net.named_modules() if isinstance(module, Conv)}
    sums = {name: torch.zeros(3, module[1].num_features, dtype=torch.float64) for name, module in convs.items()}

    def measure(name):
        def look(_module, _inputs, output):
            values = output.detach().double().transpose(0, 1).flatten(1)
            sums[name] += torch.stack(
                [torch.full_like(values[:, 0], values.shape[1]), values.sum(1), (values**2).sum(1)]
            )

        return look

    with torch.no_grad():
        for name, module in net.named_modules():
            if f"{name}.weight" not in tensors:
                continue
            if isinstance(module, Conv):
                conv, norm = module
                conv.weight.copy_(tensors[f"{name}.weight"])
                norm.weight.fill_(1)
                norm.running_var.fill_(1 - norm.eps)
                norm.running_mean.zero_()
                norm.bias.copy_(tensors[f"{name}.bias"])
            else:
                module.weight.copy_(tensors[f"{name}.weight"])
                module.bias.copy_(tensors[f"{name}.bias"])
        hooks = [module[0].register_forward_hook(measure(name)) for name, module in convs.items()]
        net.eval()
        for batch in batches:
            net(batch)
        for hook in hooks:
            hook.remove()
        for name, (_, norm) in convs.items():
            count, total, squares = sums[name]
            mean = total / count
            variance = (squares / count - mean**2).clamp(min=1e-8)
            if f"{name}.weight" in tensors:
                norm.bias.add_(mean.float())
                norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
    return net


# How many of the ten bits of a weight's mantissa are kept: the program carries its files compressed, and all ten would take a third more.
KEPT = 6


def rounded(tensors):
    """Matrices and convolutions with KEPT bits of mantissa: no normal number changes by more than 0.8 %."""
    off = 10 - KEPT
    found = dict(tensors)
    for name, tensor in tensors.items():
        if tensor.ndim > 1:
            bits = tensor.contiguous().view(torch.int16).int()
            found[name] = (((bits + (1 << (off - 1))) >> off) << off).short().view(torch.float16)
    return found


# What ends a branch: times a share it adds that share of the branch.
ENDS = (".project.", ".context.", ".conv2.")


def blended(first, second, share):
    """Tensors between those of two exported networks, `share` of the way to the second. The first may lack blocks, as if they added
    nothing."""
    between = {}
    for name, tensor in second.items():
        if name in first:
            between[name] = (first[name].float() * (1 - share) + tensor.float() * share).half()
        elif any(end in name for end in ENDS):
            between[name] = (tensor.float() * share).half()
        else:
            between[name] = tensor
    return between


def exported(checkpoint, share):
    """Tensors and configuration that a run gives: its own, or `share` of the way to them from those that it went on with."""
    config = torch.load(checkpoint, weights_only=True)["config"]
    tensors, first = folded(load_net(checkpoint)), Path(checkpoint).parent / "first.safetensors"
    return (blended(load_file(first), tensors, share) if first.exists() else tensors), config


def load_net(file):
    """From a run's checkpoint, its slow average; or from what `save_net` wrote."""
    if str(file).endswith(".safetensors"):
        return read_folded(file)
    state = torch.load(file, weights_only=True)
    net = MiniDepth(state["config"])
    net.load_state_dict(state["average"])
    return net.eval()
