import { expect, test } from "bun:test";
import { join } from "node:path";
import { library } from "../../../ffi/native.ts";
import { gaussian } from "../../../src/check/selftest-task.ts";
import { connect } from "../../../src/engine/client.ts";
import { type PhaseProgress, TaskError } from "../../../src/engine/engine.ts";
import { onDevice } from "../../../src/engine/host.ts";
import { Cancelled, type Source } from "../../../src/engine/task.ts";

const path = join(import.meta.dir, "../../../dist/native", library);
const source: Source = { family: "trouble", variant: "base", paths: [], bits: null, options: {} };

const start = (fault: (error: Error) => void = () => {}) => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  return { worker, engine: connect(worker, fault) };
};
const { engine } = start();
await engine.open(path);
const live = async () => (await engine.run("trouble", "live", {}, {})).output.handles;
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error) => error,
  );

test("a blur over the whole way gives what its definition says", async () => {
  const [width, height, sigma] = [37, 23, 1.5];
  const { bytes } = await engine.load("blur", "model", {
    ...source,
    family: "selftest",
    options: { sigma },
  });
  expect(bytes).toBeGreaterThan(0);
  const pixels = crypto.getRandomValues(new Uint8Array(width * height * 3));
  const before = pixels.slice();
  const steps: PhaseProgress[] = [];
  const { output, input, peak } = await engine.run(
    "selftest",
    "estimate",
    { model: "blur" },
    { pixels, width, height },
    { onProgress: (progress) => steps.push(progress) },
  );
  // the picture was moved there and back, not copied
  expect(pixels.byteLength).toBe(0);
  expect(input).toEqual({ pixels: before, width, height });
  expect(peak).toBeGreaterThan(width * height * 3 * 4);
  expect(steps).toEqual([{ label: "estimating", done: 0, total: 1 }]);

  const radius = Math.ceil(3 * sigma);
  const row = gaussian(radius, sigma);
  const clamp = (value: number, limit: number) => Math.min(Math.max(value, 0), limit - 1);
  let worst = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = -radius; i <= radius; i++)
          for (let j = -radius; j <= radius; j++)
            sum +=
              row[i + radius]! *
              row[j + radius]! *
              before[(clamp(y + i, height) * width + clamp(x + j, width)) * 3 + c]!;
        const got = (output.pixels as Uint8Array)[(y * width + x) * 3 + c]!;
        worst = Math.max(worst, Math.abs(got - sum));
      }
  expect(worst).toBeLessThan(0.5 + 1e-3);
  await engine.evict("blur");
});

test("evicting gives back every handle and byte, and may be repeated", async () => {
  const handles = await live();
  const { active } = await engine.stats();
  await engine.load("a", "model", source);
  expect(await engine.load("a", "model", source)).toEqual({ bytes: 4000 });
  expect((await engine.stats()).parts).toEqual({ a: 4000 });
  await engine.evict("a");
  await engine.evict("a");
  const after = await engine.stats();
  expect(after.parts).toEqual({});
  expect(after.active).toBe(active);
  expect(after.cache).toBe(0);
  expect(await live()).toBe(handles);
});

test("MLX's own text reaches the caller, the part is dropped, and the next run works", async () => {
  const handles = await live();
  await engine.load("a", "model", source);
  const error = await failure(engine.run("trouble", "shapes", { model: "a" }, {}));
  expect(error).toBeInstanceOf(TaskError);
  expect(error.kind).toBe("failed");
  expect(error.message).toContain("[matmul] Last dimension of first input with shape (2,3)");
  expect((await engine.stats()).parts).toEqual({});
  expect(await live()).toBe(handles);
});

test("too little memory is told from other failures", async () => {
  const handles = await live();
  const error = await failure(engine.run("trouble", "memory", {}, {}));
  expect(error).toMatchObject({ name: "TaskError", kind: "out_of_memory" });
  expect(await live()).toBe(handles);
});

test("a result with NaN or infinity fails", async () => {
  const error = await failure(engine.run("trouble", "nan", {}, {}));
  expect(error).toMatchObject({
    kind: "invalid_result",
    message: "The network produced NaN or infinite values",
  });
});

test("a refused input keeps the part", async () => {
  await engine.load("a", "model", source);
  const error = await failure(engine.run("trouble", "input", { model: "a" }, {}));
  expect(error).toMatchObject({ kind: "invalid_input", message: "width must be even" });
  expect(Object.keys((await engine.stats()).parts)).toEqual(["a"]);
  await engine.evict("a");
});

test("a broken checkpoint says so without this machine's folders, and leaves nothing", async () => {
  const handles = await live();
  const error = await failure(
    engine.load("b", "broken", { ...source, paths: ["/home/someone/models/depth-pro"] }),
  );
  expect(error).toMatchObject({
    kind: "checkpoint_invalid",
    message: 'depth-pro/model.safetensors lacks "a.weight"',
  });
  expect(await live()).toBe(handles);
});

test("a part that is not loaded, and a family that does not exist, are failures", async () => {
  expect(await failure(engine.run("trouble", "live", { model: "none" }, {}))).toMatchObject({
    kind: "failed",
    message: 'the part "model" is not loaded',
  });
  expect(await failure(engine.run("none", "live", {}, {}))).toMatchObject({ kind: "failed" });
});

test("a running task stops at its next step, keeps its part and leaves no handle", async () => {
  await engine.load("a", "model", source);
  const handles = await live();
  const controller = new AbortController();
  const error = await failure(
    engine.run(
      "trouble",
      "forever",
      { model: "a" },
      {},
      {
        signal: controller.signal,
        onProgress: ({ done }) => {
          if (done === 3) controller.abort();
        },
      },
    ),
  );
  expect(error).toBeInstanceOf(Cancelled);
  expect(Object.keys((await engine.stats()).parts)).toEqual(["a"]);
  expect(await live()).toBe(handles);
  await engine.evict("a");
});

test("a load can be cancelled, and leaves nothing", async () => {
  const handles = await live();
  const controller = new AbortController();
  const error = await failure(
    engine.load("s", "slow", source, { signal: controller.signal, onProgress: () => controller.abort() }),
  );
  expect(error).toBeInstanceOf(Cancelled);
  expect((await engine.stats()).parts).toEqual({});
  expect(await live()).toBe(handles);
});

test("a task of one step is cancelled too: its output is dropped", async () => {
  const controller = new AbortController();
  const running = engine.run(
    "trouble",
    "once",
    {},
    {},
    { signal: controller.signal, onProgress: () => controller.abort() },
  );
  expect(await failure(running)).toBeInstanceOf(Cancelled);
});

test("what is cancelled before it began never starts and keeps its input", async () => {
  const pixels = new Uint8Array(3);
  const running = engine.run("trouble", "echo", {}, { pixels }, { signal: AbortSignal.abort() });
  expect(await failure(running)).toBeInstanceOf(Cancelled);
  expect(pixels.byteLength).toBe(3);
});

test("a preview travels with the progress", async () => {
  const seen: unknown[] = [];
  await engine.run(
    "trouble",
    "preview",
    {},
    {},
    { onProgress: ({ payload }) => seen.push(payload?.preview) },
  );
  expect(seen).toEqual([new Uint8Array([1, 2, 3])]);
});

test("a view of a shared buffer takes only its own bytes along", async () => {
  const shared = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  const part = shared.subarray(2, 5);
  const { output } = await engine.run(
    "trouble",
    "echo",
    {},
    {
      part,
      pooled: Buffer.from("text"),
      floats: new Float32Array(shared.buffer, 4, 1),
      nested: [{ whole: new Float32Array([1.5]) }],
    },
  );
  expect(shared).toEqual(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
  expect(output.part).toEqual(new Uint8Array([3, 4, 5]));
  expect(Buffer.from(output.pooled as Uint8Array).toString()).toBe("text");
  expect((output.floats as Float32Array).length).toBe(1);
  expect(output.nested).toEqual([{ whole: new Float32Array([1.5]) }]);
});

test("a library that does not exist, or is none, is refused with the reason", async () => {
  for (const bad of ["/nowhere/libeasel.so", import.meta.path]) {
    const { worker, engine } = start();
    const error = await failure(engine.open(bad));
    expect(error).toMatchObject({ kind: "failed" });
    expect(error.message).toMatch(/^the native library cannot be loaded: .+/);
    worker.terminate();
  }
});

test("a fault of the engine itself is told once, and fails whatever waits", async () => {
  const { promise, resolve } = Promise.withResolvers<Error>();
  const { worker, engine } = start(resolve);
  worker.postMessage({ kind: "fault" });
  const running = engine.run("trouble", "forever", {}, {});
  running.catch(() => {});
  const fault = await promise;
  expect(fault.message).toStartWith("the engine stopped:");
  expect(await failure(engine.stats())).toBe(fault);
  worker.terminate();
});

test("what Metal recommends to stay within is told, and where nobody recommends anything nothing is", () => {
  const mac = {
    kind: "gpu",
    name: "Apple M4",
    architecture: "applegpu_g16g",
    memory: 64e9,
    recommended: 48e9,
  } as const;
  expect(onDevice(mac)).toEqual({
    device: "Apple M4",
    kind: "gpu",
    architecture: "applegpu_g16g",
    workingSet: 48e9,
  });
  expect(onDevice({ ...mac, kind: "cpu", name: "", recommended: 0 })).toEqual({
    device: "cpu",
    kind: "cpu",
    architecture: "applegpu_g16g",
  });
});
