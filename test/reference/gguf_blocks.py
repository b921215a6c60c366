"""Numbers in blocks (GGUF) and in 8 bits, with what the gguf and ml_dtypes packages make of them."""

from pathlib import Path

import gguf
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

FOLDER = Path(__file__).parents[1] / "fixtures/blocks"
FOLDER.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(11)
Type = gguf.GGMLQuantizationType


# Where a block's half precision numbers are, and how many of them.
HALVES = {
    Type.Q4_1: (0, 2),
    Type.Q5_1: (0, 2),
    Type.Q2_K: (80, 2),
    Type.Q3_K: (108, 1),
    Type.Q4_K: (0, 2),
    Type.Q5_K: (0, 2),
    Type.Q6_K: (208, 1),
}
SMALL = [Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1]
LARGE = [Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K]


def blocks(kind, rows, columns):
    """Random bytes, whose half precision numbers are finite: some of them tiny, negative or zero."""
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    raw = random.integers(0, 256, (rows * columns // numbers, size), dtype=np.uint8)
    at, halves = HALVES.get(kind, (0, 1))
    steps = random.normal(0, 0.01, (len(raw), halves)).astype(np.float16)
    steps[0], steps[1], steps[2] = 6e-8, 0, 65504
    raw[:, at : at + 2 * halves] = steps.view(np.uint8)
    return raw.reshape(rows, -1)


writer = gguf.GGUFWriter(FOLDER / "blocks.gguf", "qwen_image")
writer.add_array("tokenizer.tokens", ["a", "", "ü"])
writer.add_array("numbers", [1, 2, 3])
writer.add_custom_alignment(64)
expected = {}
for kind in SMALL + LARGE:
    rows, columns = 6, 96 if kind in SMALL else 512
    raw = blocks(kind, rows, columns)
    writer.add_tensor(kind.name, raw, raw_dtype=kind)
    expected[kind.name] = gguf.dequantize(raw, kind).reshape(rows, columns)
plain = random.normal(0, 1, (3, 5)).astype(np.float32)
writer.add_tensor("F32", plain)
expected["F32"] = plain
writer.add_tensor("F16", plain.astype(np.float16))
expected["F16"] = plain.astype(np.float16).astype(np.float32)
bfloat16 = plain.astype(ml_dtypes.bfloat16)
writer.add_tensor("BF16", bfloat16.view(np.uint8), raw_dtype=Type.BF16)
expected["BF16"] = bfloat16.astype(np.float32)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

expected["F8_E4M3"] = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn).astype(np.float32)
save_file(expected, FOLDER / "expected.safetensors")
