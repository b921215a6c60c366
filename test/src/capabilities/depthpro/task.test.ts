import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteFile, liveHandles } from "../../../../ffi/index.ts";
import type { EstimateInput, EstimateOutput } from "../../../../src/capabilities/depth/phase.ts";
import { task } from "../../../../src/capabilities/depthpro/task.ts";
import { Cancelled, type Part, type Progress } from "../../../../src/engine/task.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference, expected, fixture } from "../../models/fixtures.ts";

openForTests();

const recorded = expected("depth-pro-hf");
const silent: Progress = () => {};

const load = (progress = silent, bits: 8 | null = null) =>
  task.load(
    "model",
    { family: "depthpro", variant: "base", paths: [fixture("depth-pro-hf")], bits, options: {} },
    progress,
  );

function estimate(part: Part, more: Partial<EstimateInput> = {}, progress = silent): EstimateOutput {
  const input: EstimateInput = {
    pixels: recorded.bytes("75x101/picture"),
    width: 101,
    height: 75,
    original: { width: 101, height: 75 },
    at: "picture",
    render: {
      values: "reciprocal",
      normalization: "minmax",
      invert: false,
      colormap: "grey",
      format: "png8",
    },
    ...more,
  };
  return task.run("estimate", { model: part }, input, progress) as EstimateOutput;
}

const inverse = (depth: Float32Array) => depth.map((value) => 1 / value);

test("an estimate is in metres, with the focal length that the network found, and near is bright", () => {
  const handles = liveHandles();
  {
    using part = load();
    const output = estimate(part);
    expect(output.unit).toBe("metre");
    expect([output.width, output.height]).toEqual([101, 75]);
    expect(difference([output.focalLengthPx!], recorded.get("75x101/focal").values)).toBeLessThan(1e-4);
    const wanted = inverse(recorded.get("75x101/depth").values);
    expect(difference(inverse(output.depth), wanted)).toBeLessThan(1e-4);
    const [min, max] = [Math.min(...wanted), Math.max(...wanted)];
    const grey = wanted.map((value) => Math.floor(((value - min) / (max - min)) * 255 + 0.5));
    expect(Math.max(...grey.map((level, i) => Math.abs(level - output.image[i]!)))).toBeLessThanOrEqual(1);
  }
  expect(liveHandles()).toBe(handles);
}, 60_000);

test("a focal length that is given takes the place of the network's", () => {
  using part = load();
  const output = estimate(part, { focalLengthPx: 90 });
  expect(output.focalLengthPx).toBe(90);
  const wanted = inverse(recorded.get("75x101/depth.focal-90").values);
  expect(difference(inverse(output.depth), wanted)).toBeLessThan(1e-4);
}, 60_000);

test("progress reaches its total, and a cancelled estimate leaves nothing behind", () => {
  using part = load();
  const told: [number, number][] = [];
  estimate(part, {}, (_label, done, total) => told.push([done, total]));
  expect(told.at(-1)![0]).toBe(told.at(-1)![1]);
  expect(told.length).toBeGreaterThan(40);

  const handles = liveHandles();
  let calls = 0;
  const cancel: Progress = () => {
    if (++calls === 10) throw new Cancelled("the job was cancelled");
  };
  expect(() => estimate(part, {}, cancel)).toThrow(Cancelled);
  expect(calls).toBe(10);
  expect(liveHandles()).toBe(handles);
}, 60_000);

test("loading can be cancelled and leaves nothing behind", () => {
  const handles = liveHandles();
  let calls = 0;
  expect(() =>
    load(() => {
      if (++calls === 40) throw new Cancelled("the job was cancelled");
    }),
  ).toThrow(Cancelled);
  expect(liveHandles()).toBe(handles);
});

test("quantized weights are kept in the cache, and read from there the next time", () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-depthpro-"));
  try {
    const run = () => {
      const before = ByteFile.bytesRead;
      using part = task.load(
        "model",
        {
          family: "depthpro",
          variant: "base",
          paths: [fixture("depth-pro-apple")],
          bits: 8,
          options: {},
          cache: { folder, maxBytes: null },
        },
        silent,
      );
      return { depth: estimate(part).depth, read: ByteFile.bytesRead - before };
    };
    const first = run();
    expect(readdirSync(join(folder, "quantized"))).toEqual([
      expect.stringMatching(/^depthpro-base-8bit-float32-[0-9a-f]+\.safetensors$/),
    ]);
    const second = run();
    expect(second.depth).toEqual(first.depth);
    expect(second.read).toBeLessThan(first.read);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
