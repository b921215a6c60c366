import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles, memory, resetPeak } from "../../../../ffi/index.ts";
import type {
  DenoiseOutput,
  EncodeOutput,
  UpscaleInput,
} from "../../../../src/capabilities/seedvr2/phase.ts";
import { task } from "../../../../src/capabilities/seedvr2/task.ts";
import { Cancelled, type Progress, type Source, type Values } from "../../../../src/engine/task.ts";
import { weightBytes, workingBytes } from "../../../../src/models/mini-upscaler/memory.ts";
import { openForTests } from "../../../ffi/open.ts";

openForTests();

const source: Source = {
  family: "seedvr2",
  variant: "3b",
  paths: ["3b", ""].map((folder) => join(import.meta.dir, "../../../fixtures/seedvr2", folder)),
  bits: null,
  options: {},
};

test("every phase counts its tiles or blocks, and stops at the next one when told to", () => {
  using vae = task.load("vae", source, () => {});
  using transformer = task.load("transformer", source, () => {});
  const input: UpscaleInput = {
    pixels: new Uint8Array(3 * 144 * 160).map((_, i) => i % 251),
    inputWidth: 160,
    inputHeight: 144,
    width: 160,
    height: 144,
    softness: 0,
    seed: 1,
    tile: 128,
    overlap: 64,
    colorFix: "none",
  };
  let values: Values = input;
  for (const [phase, label, total] of [
    ["encode", "encoding", 4],
    ["denoise", "denoising", 4],
    ["decode", "decoding", 4],
  ] as const) {
    const seen: [string, number, number][] = [];
    const stop: Progress = (...step) => {
      seen.push(step.slice(0, 3) as [string, number, number]);
      if (step[1] === 2) throw new Cancelled();
    };
    expect(() => task.run(phase, { vae, transformer }, values, stop)).toThrow(Cancelled);
    expect(seen).toEqual([
      [label, 1, total],
      [label, 2, total],
    ]);
    values = { ...values, ...task.run(phase, { vae, transformer }, values, () => {}) };
  }
  expect(values).toMatchObject({ width: 160, height: 144, channels: 3 });
}, 60_000);

test("NaN and infinity do not become a picture, wherever they come up", () => {
  const paths = [join(import.meta.dir, "../../../fixtures/seedvr2")];
  using vae = task.load(
    "vae",
    { family: "seedvr2", variant: "3b", paths, bits: null, options: {} },
    () => {},
  );
  const clean = { rows: 4, columns: 4, channels: 16, data: new Float32Array(256) };
  const input: UpscaleInput & Pick<EncodeOutput, "style"> & DenoiseOutput = {
    pixels: new Uint8Array(3 * 256),
    inputWidth: 16,
    inputHeight: 16,
    width: 32,
    height: 32,
    softness: 0,
    seed: 1,
    tile: 512,
    overlap: 64,
    colorFix: "wavelet-lab",
    style: new Uint8Array(3 * 1024).fill(90),
    clean,
    precision: "float32",
  };
  const decode = () => task.run("decode", { vae }, input, () => {});
  expect(decode()).toMatchObject({ width: 32, height: 32, channels: 3 });
  clean.data[7] = Number.NaN;
  expect(decode).toThrow("NaN or infinite values");
});

describe("the built-in upscaler", () => {
  const mini: Source = {
    ...source,
    variant: "mini",
    paths: [join(import.meta.dir, "../../../../assets/mini/mini-upscaler.safetensors")],
  };
  const input = (inputWidth: number, inputHeight: number, factor: number): UpscaleInput => ({
    pixels: new Uint8Array(3 * inputWidth * inputHeight).map((_, i) => i % 251),
    inputWidth,
    inputHeight,
    width: factor * inputWidth,
    height: factor * inputHeight,
    softness: 0,
    seed: 1,
    tile: 512,
    overlap: 64,
    colorFix: "none",
  });

  test("counts its tiles, and a cancelled run leaves at the next one with nothing left behind", () => {
    using model = task.load("model", mini, () => {});
    const handles = liveHandles();
    const told: [string, number, number][] = [];
    const stop: Progress = (...step) => {
      told.push(step.slice(0, 3) as [string, number, number]);
      if (step[1] === 2) throw new Cancelled();
    };
    expect(() => task.run("enlarge", { model }, input(1200, 20, 2), stop)).toThrow(Cancelled);
    expect(told).toEqual([
      ["enlarging", 1, 3],
      ["enlarging", 2, 3],
    ]);
    expect(liveHandles()).toBe(handles);
  });

  test("its loaded weights are as large as planned, and the file is less than 2 MB", () => {
    expect(Bun.file(mini.paths[0]!).size).toBeLessThan(2e6);
    const before = memory().active;
    using _ = task.load("model", mini, () => {});
    expect(memory().active - before).toBe(weightBytes);
  });

  test.each([
    [900, 700, 2],
    [600, 500, 3],
    [500, 400, 4],
    [1, 3000, 4],
    [2000, 3, 2],
    [8, 8, 1],
  ])("takes no more memory for a picture of %d × %d and a factor of %d than is planned", (w, h, factor) => {
    using model = task.load("model", mini, () => {});
    const { active } = memory();
    resetPeak();
    task.run("enlarge", { model }, input(w, h, factor), () => {});
    expect(memory().peak - active).toBeLessThan(workingBytes({ width: w, height: h }, w * h * factor ** 2));
  });
});
