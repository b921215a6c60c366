"""The side of an engine that loads a graph: the steps from noise to latents.

python graph_side.py onnxruntime|openvino f32|bf16 THREADS NAME FOLDER OUT
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

engine, numbers, threads, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
folder, out = Path(sys.argv[5]), sys.argv[6]
inputs = load_file(folder / "inputs.safetensors")


def onnxruntime():
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
    return lambda given: session.run(None, given)[0]


def openvino():
    import openvino as ov

    core = ov.Core()
    if numbers == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        sys.exit("the processor has no instruction that OpenVINO takes for bfloat16")
    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": numbers}
    compiled = core.compile_model(folder / f"{name}.xml", "CPU", hints)
    return lambda given: compiled(given)[0]


velocity = {"onnxruntime": onnxruntime, "openvino": openvino}[engine]()
latents, text, sigmas = inputs["noise"], inputs["text"], inputs["sigmas"]
begun, busy = time.perf_counter(), time.process_time()
for now, then in zip(sigmas, sigmas[1:]):
    latents = latents + (then - now) * velocity({"latents": latents, "text": text, "sigma": np.array([now])})
seconds, used = time.perf_counter() - begun, time.process_time() - busy
latents.astype(np.float32).tofile(out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "processor": used, "peak": peak}))
