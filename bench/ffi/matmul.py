"""PyTorch's half of matmul.ts: reads "m k n" per line, answers with milliseconds."""

import sys
import time

import torch

torch.set_num_threads(2)
operands = {}
print("ready", flush=True)
for line in sys.stdin:
    m, k, n = map(int, line.split())
    if (m, k, n) not in operands:
        operands[m, k, n] = torch.randn(m, k), torch.randn(n, k)
    a, b = operands[m, k, n]
    start = time.perf_counter()
    a @ b.T
    print((time.perf_counter() - start) * 1000, flush=True)
