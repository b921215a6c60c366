"""PyTorch's side: reads "name numbers" a line, runs that op once on random numbers, answers in milliseconds."""

import sys
import time

import torch
from torch.nn import functional as F

torch.set_grad_enabled(False)
torch.set_num_threads(int(sys.argv[1]))
made = {}


def make(name, n):
    if name == "conv":
        h, w, c, o, kernel, stride, groups = (*n, 1)[:7]
        x, weight, bias = torch.randn(1, c, h, w), torch.randn(o, c // groups, kernel, kernel), torch.randn(o)
        return lambda: F.conv2d(x, weight, bias, stride=stride, padding=kernel // 2, groups=groups)
    if name == "deconv":
        h, w, c, o, kernel = n
        x, weight, bias = torch.randn(1, c, h, w), torch.randn(c, o, kernel, kernel), torch.randn(o)
        return lambda: F.conv_transpose2d(x, weight, bias, stride=kernel)
    if name == "sdpa":
        heads, length, width = n
        q, k, v = (torch.randn(1, heads, length, width) for _ in range(3))
        return lambda: F.scaled_dot_product_attention(q, k, v)
    if name == "linear":
        m, k, o = n
        x, weight, bias = torch.randn(m, k), torch.randn(o, k), torch.randn(o)
        return lambda: F.linear(x, weight, bias)
    if name == "packed":
        m, k, o = n
        x, weight, bias = torch.randn(m, k), torch.randn(o, k), torch.randn(o)
        return lambda: F.gelu(F.linear(x, weight, bias))
    if name == "gated":
        m, k = n
        gate, x = torch.randn(m, 2 * k).chunk(2, dim=1)
        return lambda: F.silu(gate) * x
    if name == "group_norm":
        h, w, c, groups = n
        x, weight, bias = torch.randn(1, c, h, w), torch.randn(c), torch.randn(c)
        return lambda: F.group_norm(x, groups, weight, bias)
    if name in ("bilinear", "bicubic", "nearest"):
        h, w, c, height, width = n
        x = torch.randn(1, c, h, w)
        corners = True if name == "bilinear" else None
        return lambda: F.interpolate(x, (height, width), mode=name, align_corners=corners)
    x = torch.randn(*n)
    weight, bias = torch.randn(n[-1]), torch.randn(n[-1])
    return {
        "softmax": lambda: x.softmax(-1),
        "gelu": lambda: F.gelu(x),
        "gelu_tanh": lambda: F.gelu(x, approximate="tanh"),
        "silu": lambda: F.silu(x),
        "layer_norm": lambda: F.layer_norm(x, n[-1:], weight, bias),
        "rms_norm": lambda: F.rms_norm(x, n[-1:], weight),
    }[name]


print("ready", flush=True)
for line in sys.stdin:
    if line not in made:
        name, *numbers = line.split()
        made = {line: make(name, list(map(int, numbers)))}
    started = time.perf_counter()
    made[line]()
    print((time.perf_counter() - started) * 1e3, flush=True)
