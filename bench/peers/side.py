"""An engine's side: loads the network, runs it a few times on the input, prints seconds and memory as JSON.

python side.py onnxruntime|openvino|openvino-bf16 FOLDER THREADS REPEATS OUT
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

engine, folder, threads, repeats, out = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
x = np.load(folder / "input.npy")


def onnxruntime():
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    return (lambda: session.run(None, {"pixels": x})[0]), "f32"


def openvino(precision):
    import openvino as ov

    core = ov.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        print(json.dumps({"absent": "the processor has no instruction that OpenVINO takes for bfloat16"}))
        sys.exit()
    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(folder / "model.xml", "CPU", hints)
    used = str(compiled.get_property("INFERENCE_PRECISION_HINT"))
    return (lambda: compiled(x)[0]), used


started = time.perf_counter()
if engine == "onnxruntime":
    run, precision = onnxruntime()
else:
    run, precision = openvino("bf16" if engine.endswith("bf16") else "f32")
load = time.perf_counter() - started
seconds, cpu = [], []
for _ in range(repeats):
    started, worked = time.perf_counter(), time.process_time()
    depth = run()
    seconds.append(time.perf_counter() - started)
    cpu.append(time.process_time() - worked)
np.asarray(depth, np.float32).tofile(out)
peak = max(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"load": load, "seconds": seconds, "cpu": cpu, "peak": peak * 1024, "precision": precision}))
