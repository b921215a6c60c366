// An engine thread with a family whose tasks go wrong in every way they can.
import { liveHandles, matmul, Tensor, zeros } from "../../../ffi/index.ts";
import { task as selftest } from "../../../src/check/selftest-task.ts";
import { TaskError } from "../../../src/engine/engine.ts";
import { host } from "../../../src/engine/host.ts";
import type { Task } from "../../../src/engine/task.ts";

declare const self: Worker;

class CheckpointError extends Error {
  override name = "CheckpointError";
}

const trouble: Task = {
  family: "trouble",
  load(part, source, progress) {
    const weight = zeros([1000], "float32").add(1);
    weight.read();
    progress("loading", 1, 2);
    if (part === "broken") throw new CheckpointError(`${source.paths[0]}/model.safetensors lacks "a.weight"`);
    if (part === "slow") for (let i = 0; ; i++) progress("loading", i % 2, 2);
    return { weight, [Symbol.dispose]: () => weight[Symbol.dispose]() } as Disposable;
  },
  run(phase, _parts, input, progress) {
    const x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
    switch (phase) {
      case "shapes":
        return { product: matmul(x, x).read() };
      case "memory":
        // more than any address space; never asked of the system in small pieces
        return {
          big: zeros([1 << 20, 1 << 20, 16], "float32")
            .add(1)
            .read(),
        };
      case "nan":
        return { depth: new Float32Array([1, Number.NaN]) };
      case "input":
        throw new TaskError("width must be even", "invalid_input");
      case "forever":
        for (let step = 0; ; step++) {
          progress("denoising", step % 100, 100);
          x.add(step).read();
        }
      case "once":
        progress("estimating", 0, 1);
        Bun.sleepSync(100);
        return { done: true };
      case "preview":
        progress("denoising", 1, 2, { preview: new Uint8Array([1, 2, 3]) });
        return {};
      case "live":
        return { handles: liveHandles() };
      case "echo":
        return { ...input };
      default:
        throw new Error(`no phase ${phase}`);
    }
  },
};

const answer = host({ trouble, selftest }, (reply, transfer = []) => self.postMessage(reply, transfer));
self.onmessage = ({ data }) => {
  if (data.kind === "fault") setTimeout(() => missing(), 0);
  else answer(data.id, data);
};
declare function missing(): void;
