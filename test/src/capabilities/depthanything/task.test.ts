import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles, memory, resetPeak } from "../../../../ffi/index.ts";
import type { EstimateInput, EstimateOutput } from "../../../../src/capabilities/depth/phase.ts";
import { task } from "../../../../src/capabilities/depthanything/task.ts";
import { variants } from "../../../../src/capabilities/depthanything/variants.ts";
import { TaskError } from "../../../../src/engine/engine.ts";
import { Cancelled, type Progress } from "../../../../src/engine/task.ts";
import { boundFor } from "../../../../src/images/sizing.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference, expected, fixture } from "../../models/fixtures.ts";

openForTests();

const source = (variant: string, path: string) => ({
  family: "depthanything",
  variant,
  paths: [fixture(path)],
  bits: null,
  options: {},
});
const silent: Progress = () => {};

type Wanted = Partial<EstimateInput> & { values?: "inverse" | "depth" };

function input(
  pixels: Uint8Array,
  width: number,
  height: number,
  { values, ...rest }: Wanted,
): EstimateInput {
  return {
    pixels,
    width,
    height,
    original: { width, height },
    at: "picture",
    render: {
      values: values ?? "inverse",
      normalization: "minmax",
      invert: false,
      colormap: "grey",
      format: "png8",
    },
    ...rest,
  };
}

const models = [
  ["v2-small", "v2-hf"],
  ["v2-metric-indoor-small", "v2-metric-hf"],
  ["v2-small", "v2-original"],
  ["v2-giant", "v2-giant"],
  ["v3-small", "v3-small"],
  ["v3-mono-large", "v3-mono"],
  ["v3-nested-giant-large", "v3-nested"],
] as const;

const cases = models.flatMap(([variant, name]) =>
  expected(name)
    .cases.filter((key) => key.startsWith("picture"))
    .map((key) => [variant, name, key] as const),
);

test.each(cases)("%s of %s makes the reference's depth of %s", (variant, name, key) => {
  const recorded = expected(name);
  const [, size, inputSize] = /picture-(\d+x\d+)-(\d+)/.exec(key)!;
  const [height, width] = size!.split("x").map(Number) as [number, number];
  const handles = liveHandles();
  {
    using part = task.load("model", source(variant, name), silent);
    const output = task.run(
      "estimate",
      { model: part },
      input(recorded.bytes(`${key}/picture`), width, height, { inputSize: Number(inputSize) }),
      silent,
    ) as EstimateOutput;
    const wanted = recorded.get(`${key}/depth`).values;
    expect([output.width, output.height]).toEqual([width, height]);
    // V3 resizes bytes, and OpenCV's fixed-point sums round one in many thousands the other way.
    expect(difference(output.depth, wanted)).toBeLessThan(name.startsWith("v3") ? 2e-3 : 1e-4);
    const [min, max] = [Math.min(...wanted), Math.max(...wanted)];
    const grey = wanted.map((value) => Math.floor(((value - min) / (max - min)) * 255 + 0.5));
    expect(Math.max(...grey.map((level, i) => Math.abs(level - output.image[i]!)))).toBeLessThanOrEqual(1);
  }
  expect(liveHandles()).toBe(handles);
});

const picture = (width: number, height: number) =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 251);

test("progress grows to its total, in loading and in running", () => {
  const told: [string, number, number][] = [];
  const progress: Progress = (label, done, total) => told.push([label, done, total]);
  using part = task.load("model", source("v2-small", "v2-hf"), progress);
  expect(told.length).toBeGreaterThan(100);
  expect(told.every(([label]) => label === "loading")).toBe(true);
  told.length = 0;
  task.run("estimate", { model: part }, input(picture(80, 60), 80, 60, { inputSize: 56 }), progress);
  expect(told.every(([label, done, total]) => label === "estimating" && done <= total)).toBe(true);
  expect(told.at(-1)![1]).toBe(told.at(-1)![2]);
  expect(told.length).toBeGreaterThan(8);
});

test("a cancelled estimate leaves at the next block and frees what it made", () => {
  using part = task.load("model", source("v2-small", "v2-hf"), silent);
  const handles = liveHandles();
  let calls = 0;
  const cancel: Progress = () => {
    if (++calls === 3) throw new Cancelled("the job was cancelled");
  };
  expect(() =>
    task.run("estimate", { model: part }, input(picture(80, 60), 80, 60, { inputSize: 56 }), cancel),
  ).toThrow(Cancelled);
  expect(calls).toBe(3);
  expect(liveHandles()).toBe(handles);
});

test("a map at the network's size has that size", () => {
  using part = task.load("model", source("v2-small", "v2-hf"), silent);
  const output = task.run(
    "estimate",
    { model: part },
    input(picture(80, 60), 80, 60, { inputSize: 64, at: "network" }),
    silent,
  ) as EstimateOutput;
  expect([output.width, output.height, output.depth.length]).toEqual([84, 70, 84 * 70]);
  expect(output.image.length).toBe(84 * 70);
});

test("a focal length makes metres of the metric V3 network, and is scaled with the picture", () => {
  using part = task.load("model", source("v3-metric-large", "v3-mono"), silent);
  using plain = task.load("model", source("v3-mono-large", "v3-mono"), silent);
  const run = (model: typeof part, focalLengthPx?: number) =>
    task.run(
      "estimate",
      { model },
      input(picture(140, 70), 140, 70, {
        inputSize: 70,
        values: "depth",
        ...(focalLengthPx !== undefined && { focalLengthPx }),
      }),
      silent,
    ) as EstimateOutput;
  const relative = run(plain, 200);
  const metric = run(part, 200);
  expect([relative.unit, run(part).unit, metric.unit]).toEqual(["relative", "relative", "metre"]);
  expect(
    difference(
      metric.depth,
      relative.depth.map((value) => (value * 100) / 300),
    ),
  ).toBeLessThan(1e-6);
});

test("an any-view network tells the focal length of the picture as it was sent", () => {
  const recorded = expected("v3-small");
  using part = task.load("model", source("v3-small", "v3-small"), silent);
  const run = (width: number, height: number, pixels: Uint8Array) =>
    (
      task.run(
        "estimate",
        { model: part },
        input(pixels, width, height, { inputSize: 70, at: "network" }),
        silent,
      ) as EstimateOutput
    ).focalLengthPx!;
  const pixels = recorded.bytes("picture-61x83-70/picture");
  const focal = run(83, 61, pixels);
  expect(focal).toBeGreaterThan(20);
  // Each pixel twice in each direction: the same picture, seen at the same angle by twice the pixels.
  const doubled = new Uint8Array(4 * pixels.length);
  for (let y = 0; y < 122; y++)
    for (let x = 0; x < 166; x++)
      for (let c = 0; c < 3; c++)
        doubled[(y * 166 + x) * 3 + c] = pixels[((y >> 1) * 83 + (x >> 1)) * 3 + c]!;
  expect(run(166, 122, doubled) / focal).toBeCloseTo(2, 1);
});

test("a strip of one pixel's height is refused with the size it would need", () => {
  using part = task.load("model", source("v2-small", "v2-hf"), silent);
  const run = () =>
    task.run("estimate", { model: part }, input(picture(9000, 1), 9000, 1, { inputSize: 518 }), silent);
  expect(run).toThrow(TaskError);
  expect(run).toThrow(/9000×1 is too long and thin/);
});

test("quantized weights stay near the plain ones", () => {
  using plain = task.load("model", source("v2-small", "v2-original"), silent);
  using eight = task.load("model", { ...source("v2-small", "v2-original"), bits: 8 }, silent);
  const run = (model: typeof plain) =>
    (
      task.run(
        "estimate",
        { model },
        input(picture(80, 60), 80, 60, { inputSize: 56 }),
        silent,
      ) as EstimateOutput
    ).depth;
  const error = difference(run(eight), run(plain));
  expect(error).toBeLessThan(0.05);
  expect(error).toBeGreaterThan(0);
});

test("the map of a picture that was brought down has the size, and the focal length, of the original", () => {
  using part = task.load("model", source("v2-small", "v2-hf"), silent);
  const original = { width: 321, height: 241 };
  const output = task.run(
    "estimate",
    { model: part },
    input(picture(80, 60), 80, 60, { inputSize: 56, original, focalLengthPx: 300 }),
    silent,
  ) as EstimateOutput;
  expect([output.width, output.height, output.depth.length]).toEqual([321, 241, 321 * 241]);
  expect(output.image.length).toBe(321 * 241);
  expect(output.focalLengthPx).toBe(300);
});

describe("the try-out model", () => {
  const mini = {
    ...source("mini", ""),
    paths: [join(import.meta.dir, "../../../../assets/mini/mini.safetensors")],
  };

  test("runs as the others do, and a cancelled run of it leaves at the next block", () => {
    using part = task.load("model", mini, silent);
    const handles = liveHandles();
    const told: number[][] = [];
    const output = task.run(
      "estimate",
      { model: part },
      input(picture(80, 60), 80, 60, {}),
      (_, done, total) => told.push([done, total]),
    ) as EstimateOutput;
    expect([output.width, output.height, output.unit]).toEqual([80, 60, "relative_inverse"]);
    expect(told.length).toBeGreaterThan(8);
    expect(told.at(-1)![0]).toBe(told.at(-1)![1]!);
    let calls = 0;
    const cancel: Progress = () => {
      if (++calls === 3) throw new Cancelled("the job was cancelled");
    };
    expect(() => task.run("estimate", { model: part }, input(picture(80, 60), 80, 60, {}), cancel)).toThrow(
      Cancelled,
    );
    expect(calls).toBe(3);
    expect(liveHandles()).toBe(handles);
  });

  test.each([
    [1, 65_535],
    [65_535, 1],
    [1, 900_000],
    [8, 80_000],
    [80_000, 8],
    [400, 300],
    [4096, 64],
  ])(
    "takes no more memory for a picture of %i by %i pixels than is planned",
    (width, height) => {
      const { network } = variants.find(({ name }) => name === "mini")!;
      using part = task.load("model", mini, silent);
      const { active } = memory();
      for (const inputSize of [192, 4096]) {
        resetPeak();
        task.run(
          "estimate",
          { model: part },
          input(
            picture(width, height),
            width,
            height,
            boundFor({ width, height }, { inputSize, bound: "short" }),
          ),
          silent,
        );
        const took = memory().peak - active;
        const planned = network
          .memory()
          .workingBytes(
            network.sizeSeen({ width, height }, boundFor({ width, height }, { inputSize, bound: "short" })),
          );
        expect(took).toBeLessThan(planned);
        expect(planned).toBeLessThan(1.5 * took + 2e6);
        expect(planned).toBeLessThan(150e6);
      }
    },
    180_000,
  );
});
