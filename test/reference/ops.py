"""Values of every operation of ffi/, by NumPy and PyTorch, into test/fixtures/ops/.

    python -m venv .venv && .venv/bin/pip install -r test/reference/requirements.txt
    .venv/bin/python test/reference/ops.py

A case is a few tensors named "case/input" and its result "case/out". Inputs are float32 and not square; results are computed in
float64 where that makes sense.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

OUT = Path(__file__).parent.parent / "fixtures" / "ops"
rng = np.random.default_rng(20261121)
tensors: dict[str, np.ndarray] = {}


def normal(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def case(name, out, **inputs):
    if isinstance(out, torch.Tensor):
        out = out.numpy()
    out = np.asarray(out)
    if out.dtype == np.float64:
        out = out.astype(np.float32)
    for key, value in {**inputs, "out": out}.items():
        if isinstance(value, torch.Tensor):
            value = value.numpy()
        tensors[f"{name}/{key}"] = np.array(value, order="C")


def save(group):
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(tensors, OUT / f"{group}.safetensors")
    tensors.clear()


def wide(x):
    return torch.from_numpy(np.asarray(x)).double()


def elementwise():
    x = normal(3, 5)
    positive = np.abs(normal(3, 5)) + np.float32(0.1)
    y = normal(3, 5)
    d = x.astype(np.float64)
    p = positive.astype(np.float64)
    for name, out in {
        "neg": -d,
        "abs": np.abs(d),
        "square": d * d,
        "exp": np.exp(d),
        "sin": np.sin(d),
        "cos": np.cos(d),
        "tanh": np.tanh(d),
        "erf": torch.erf(wide(x)),
        "sigmoid": torch.sigmoid(wide(x)),
        "silu": F.silu(wide(x)),
        "gelu": F.gelu(wide(x)),
        "geluTanh": F.gelu(wide(x), approximate="tanh"),
        "relu": np.maximum(d, 0),
        "floor": np.floor(d),
        "ceil": np.ceil(d),
    }.items():
        case(name, out, x=x)
    for name, out in {"sqrt": np.sqrt(p), "rsqrt": 1 / np.sqrt(p), "reciprocal": 1 / p, "log": np.log(p)}.items():
        case(name, out, x=positive)
    halves = np.array([[-2.5, -1.5, -0.5], [0.5, 1.5, 2.5]], np.float32)
    case("round", np.round(halves), x=halves)
    case("clip", np.clip(d, -0.5, 0.75), x=x)
    special = np.array([0.0, np.inf, -np.inf, np.nan], np.float32)
    case("isnan", np.isnan(special), x=special)
    case("isfinite", np.isfinite(special), x=special)
    e = y.astype(np.float64)
    row = normal(5)
    for name, f in {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "maximum": np.maximum,
        "minimum": np.minimum,
    }.items():
        case(name, f(d, e), x=x, y=y)
        case(f"{name}Row", f(d, row.astype(np.float64)), x=x, y=row)
        case(f"{name}Number", f(d, 0.75), x=x)
    case("pow", np.power(p, e), x=positive, y=y)
    case("powNumber", np.power(p, 1.7), x=positive)
    whole = rng.integers(-2, 3, (3, 5)).astype(np.float32)
    other = rng.integers(-2, 3, (3, 5)).astype(np.float32)
    for name, f in {"equal": np.equal, "greater": np.greater, "less": np.less}.items():
        case(name, f(whole, other), x=whole, y=other)
        case(f"{name}Number", f(whole, 1), x=whole)
    yes, no = whole > 0, other > 0
    case("and", yes & no, x=yes, y=no)
    case("or", yes | no, x=yes, y=no)
    case("not", ~yes, x=yes)
    case("where", np.where(yes, x, y), c=yes, x=x, y=y)
    save("elementwise")


def reductions():
    x = normal(2, 3, 5)
    d = x.astype(np.float64)
    for name, f in {
        "sum": np.sum,
        "mean": np.mean,
        "prod": np.prod,
        "max": np.max,
        "min": np.min,
        "variance": np.var,
    }.items():
        case(f"{name}All", f(d), x=x)
        case(f"{name}Last", f(d, axis=-1), x=x)
        case(f"{name}Two", f(d, axis=(0, 2), keepdims=True), x=x)
    b = x > -0.5
    case("allLast", b.all(-1), x=b)
    case("anyFirst", b.any(0, keepdims=True), x=b)
    case("argmax", np.argmax(x, 1).astype(np.uint32), x=x)
    case("argmin", np.argmin(x, -1).astype(np.uint32), x=x)
    case("sort", np.sort(x, 1), x=x)
    case("argsort", np.argsort(x, -1, kind="stable").astype(np.uint32), x=x)
    case("cumsum", np.cumsum(d, 1), x=x)
    case("softmaxLast", F.softmax(wide(x) * 9, -1), x=x * np.float32(9))
    case("softmaxFirst", F.softmax(wide(x), 0), x=x)
    save("reductions")


def shapes():
    x = normal(2, 3, 5)
    y = normal(2, 4, 5)
    case("reshape", x.reshape(3, 10), x=x)
    case("transpose", x.transpose(2, 0, 1), x=x)
    case("transposeAll", x.T, x=x)
    case("expandDims", x[:, None, :, :, None], x=x)
    case("squeeze", x[:, :1].squeeze(1), x=x[:, :1])
    case("broadcastTo", np.broadcast_to(x[:, :1], (2, 4, 5)), x=x[:, :1])
    case("flip", x[:, ::-1, ::-1], x=x)
    case("slice", x[0:1, 1:3, 0:5:2], x=x)
    case("sliceNegative", x[:, :, -3:-1], x=x)
    case("sliceBackwards", x[:, :, 4:0:-2], x=x)
    updated = x.copy()
    updated[:, 1:3, 0:4:2] = 7 + y[:, :2, :2]
    case("withSlice", updated, x=x, y=7 + y[:, :2, :2])
    case("at", x[1], x=x)
    case("atLast", x[..., -2], x=x)
    index = np.array([[2, 0], [1, 1]], np.int32)
    case("take", x[:, index], x=x, i=index)
    along = rng.integers(0, 3, (2, 4, 5)).astype(np.int32)
    case("takeAlong", np.take_along_axis(x, along, 1), x=x, i=along)
    put = x.copy()
    places = np.array([[[2], [0], [4]], [[1], [1], [3]]], np.int32)
    values = normal(2, 3, 1)
    np.put_along_axis(put, places, values, 2)
    case("putAlong", put, x=x, i=places, y=values)
    case("padConstant", np.pad(x, ((0, 0), (1, 2), (3, 0)), constant_values=1.5), x=x)
    case("padEdge", np.pad(x, ((0, 0), (1, 2), (3, 0)), mode="edge"), x=x)
    case("repeat", np.repeat(x, 3, 1), x=x)
    case("tile", np.tile(x, (2, 1, 3)), x=x)
    case("concat", np.concatenate([x, y], 1), x=x, y=y)
    case("stack", np.stack([x, x * 2], 1), x=x, y=x * 2)
    save("shapes")


def attention_cases():
    def heads(b, h, n, d):
        return normal(b, h, n, d)

    def attend(q, k, v, **options):
        return F.scaled_dot_product_attention(wide(q), wide(k), wide(v), **options)

    q, k, v = heads(2, 4, 7, 16), heads(2, 4, 9, 16), heads(2, 4, 9, 16)
    case("sdpa", attend(q, k, v), q=q, k=k, v=v)
    mask = normal(7, 9)
    case("sdpaMask", attend(q, k, v, attn_mask=wide(mask)), q=q, k=k, v=v, mask=mask)
    seen = rng.random((2, 1, 7, 9)) < 0.6
    seen[..., 0] = True
    case("sdpaBool", attend(q, k, v, attn_mask=torch.from_numpy(seen)), q=q, k=k, v=v, mask=seen)
    square_k, square_v = k[:, :, :7], v[:, :, :7]
    case("sdpaCausal", attend(q, square_k, square_v, is_causal=True), q=q, k=square_k, v=square_v)
    few_k, few_v = heads(2, 2, 9, 16), heads(2, 2, 9, 16)
    case("sdpaGrouped", attend(q, few_k.repeat(2, 1), few_v.repeat(2, 1)), q=q, k=few_k, v=few_v)


def networks():
    x, w, b = normal(2, 3, 6), normal(5, 6), normal(5)
    case("linear", F.linear(wide(x), wide(w), wide(b)), x=x, w=w, b=b)
    case("linearPlain", F.linear(wide(x), wide(w)), x=x, w=w)
    m, n = normal(4, 3, 6), normal(4, 6, 2)
    case("matmul", m.astype(np.float64) @ n, x=m, y=n)
    base = normal(3, 2)
    case("addmm", 0.5 * (m[0].astype(np.float64) @ n[0]) + 2 * base, c=base, x=m[0], y=n[0])

    for name, shape, weight, options in [
        ("conv", (2, 6, 9, 11), (4, 6, 3, 3), dict(padding=1)),
        ("convPoint", (2, 6, 9, 11), (4, 6, 1, 1), dict()),
        ("convPatch", (1, 3, 8, 12), (5, 3, 4, 4), dict(stride=4)),
        ("convStride", (2, 6, 9, 11), (4, 6, 3, 5), dict(stride=(2, 1), padding=(1, 2))),
        ("convDilated", (1, 6, 9, 11), (4, 6, 3, 3), dict(padding=2, dilation=2)),
        ("convGroups", (2, 6, 9, 11), (4, 3, 3, 3), dict(padding=1, groups=2)),
        ("convDepthwise", (1, 6, 9, 11), (6, 1, 3, 3), dict(padding=1, groups=6)),
    ]:
        cx, cw, cb = normal(*shape), normal(*weight, scale=0.3), normal(weight[0])
        y = F.conv2d(wide(cx), wide(cw), wide(cb), **options)
        case(name, y.permute(0, 2, 3, 1), x=cx.transpose(0, 2, 3, 1), w=cw.transpose(0, 2, 3, 1), b=cb)
    cx, cw = normal(1, 3, 4, 6, 5), normal(2, 3, 3, 3, 3, scale=0.3)
    y = F.conv3d(F.pad(wide(cx), (1, 1, 1, 1, 2, 0)), wide(cw))
    case("convVolume", y.permute(0, 2, 3, 4, 1), x=cx.transpose(0, 2, 3, 4, 1), w=cw.transpose(0, 2, 3, 4, 1))
    cx, cw = normal(1, 3, 5, 4), normal(3, 2, 4, 4, scale=0.3)
    y = F.conv_transpose2d(wide(cx), wide(cw), stride=2, padding=1)
    flipped = cw.transpose(1, 2, 3, 0)[:, ::-1, ::-1]
    case("convTransposed", y.permute(0, 2, 3, 1), x=cx.transpose(0, 2, 3, 1), w=flipped)

    attention_cases()

    x, w, b = normal(2, 5, 12, scale=3) + np.float32(1), normal(12), normal(12)
    case("layerNorm", F.layer_norm(wide(x), (12,), wide(w), wide(b), 1e-5), x=x, w=w, b=b)
    case("layerNormPlain", F.layer_norm(wide(x), (12,), eps=1e-6), x=x)
    case("rmsNorm", F.rms_norm(wide(x), (12,), wide(w), 1e-6), x=x, w=w)
    case("rmsNormPlain", F.rms_norm(wide(x), (12,), None, 1e-6), x=x)
    image = normal(2, 12, 5, 7, scale=2) + np.float32(0.5)
    y = F.group_norm(wide(image), 4, wide(w), wide(b), 1e-6)
    case("groupNorm", y.permute(0, 2, 3, 1), x=image.transpose(0, 2, 3, 1), w=w, b=b)
    save("networks")


def packed(q, bits):
    """Rows of numbers as one little-endian stream of bits."""
    stream = ((q[..., None] >> np.arange(bits)) & 1).astype(np.uint8).reshape(len(q), -1)
    return np.packbits(stream, axis=1, bitorder="little").view(np.uint32)


def quantized():
    for bits in (2, 3, 4, 5, 6, 8):
        for group in (32, 64, 128) if bits in (4, 8) else (64,):
            rows, columns = 4, 256
            q = rng.integers(0, 1 << bits, (rows, columns))
            scales, biases = normal(rows, columns // group, scale=0.1), normal(rows, columns // group)
            w = q * np.repeat(scales, group, 1).astype(np.float64) + np.repeat(biases, group, 1)
            x = normal(3, columns)
            name = f"q{bits}g{group}"
            case(name, x @ w.T, x=x, weight=packed(q, bits), scales=scales, biases=biases, full=w.astype(np.float32))
    case("weights", normal(1), w=normal(16, 256))
    save("quantized")


def threefry(key, x0, x1):
    """Threefry-2x32 with 20 rounds (Salmon and others, 2011)."""
    rotations = ((13, 15, 26, 6), (17, 29, 16, 24))
    keys = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for i in range(5):
        for r in rotations[i % 2]:
            x0 = x0 + x1
            x1 = ((x1 << np.uint32(r)) | (x1 >> np.uint32(32 - r))) ^ x0
        x0 = x0 + keys[(i + 1) % 3]
        x1 = x1 + keys[(i + 2) % 3] + np.uint32(i + 1)
    return x0, x1


def random():
    for seed in (0, 7, 0x0123456789ABCDEF):
        key = np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32)
        half = 500
        with np.errstate(over="ignore"):
            first, second = threefry(key, np.arange(half, dtype=np.uint32), np.arange(half, 2 * half, dtype=np.uint32))
        bits = np.concatenate([first, second])
        part = bits.astype(np.float64) / 0xFFFFFFFF
        case(f"bits{seed}", bits, key=key)
        case(f"uniform{seed}", 3 + 2 * part, key=key)
        case(
            f"normal{seed}",
            np.sqrt(2) * torch.erfinv(torch.from_numpy(2 * part - 1).clamp(-1 + 2**-24, 1 - 2**-24)),
            key=key,
        )
    save("random")


def dtypes():
    """The same numbers in every type, rounded by PyTorch."""
    x = np.array([0, 1, -1, 0.1, -2.7, 3.5, 65504, 1e-7, 1 / 3, 255.4, 1e5, 2**-20, np.inf, -np.inf], np.float32)
    t = torch.from_numpy(x)
    for name, dtype in {"float16": torch.float16, "bfloat16": torch.bfloat16}.items():
        half = t.to(dtype)
        case(name, half.float(), x=x, bits=half.view(torch.int16).numpy().view(np.uint16).view(np.uint8))
    whole = np.array([0, 1, 2, 100, 255], np.float32)
    for name, dtype in {
        "int32": np.int32,
        "uint32": np.uint32,
        "int64": np.int64,
        "uint8": np.uint8,
        "bool": np.bool_,
    }.items():
        case(name, whole.astype(dtype), x=whole)
    save("dtypes")


if __name__ == "__main__":
    torch.manual_seed(0)
    elementwise()
    reductions()
    shapes()
    networks()
    quantized()
    random()
    dtypes()
