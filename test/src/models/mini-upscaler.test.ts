import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles } from "../../../ffi/index.ts";
import { factorFor, margin, tileSide } from "../../../src/models/mini-upscaler/memory.ts";
import { MiniUpscaler } from "../../../src/models/mini-upscaler/mini-upscaler.ts";
import { CheckpointError } from "../../../src/weights/checkpoint-error.ts";
import { openForTests } from "../../ffi/open.ts";
import { expected } from "./fixtures.ts";

openForTests();

const folder = join(import.meta.dir, "../../fixtures/mini-upscaler");
const recorded = expected("../../mini-upscaler/expected");
const [height, width] = recorded.get("picture").shape as [number, number];
const picture = { data: recorded.bytes("picture"), width, height, channels: 3 };

/** The largest difference of two pictures in grey levels. */
const levels = (a: Uint8Array, b: Uint8Array) => {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

/** A picture without sharp places: what a pixel is, its neighbors nearly are. */
const waves = (w: number, h: number) => ({
  data: Uint8Array.from({ length: w * h * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % w, Math.floor(i / 3 / w)];
    return Math.round(128 + 60 * Math.sin(x / 9 + (i % 3)) + 50 * Math.cos(y / 7));
  }),
  width: w,
  height: h,
  channels: 3,
});

describe("the built-in upscaler", () => {
  let model: MiniUpscaler;
  let handles: number;
  beforeAll(() => {
    handles = liveHandles();
    model = MiniUpscaler.load([join(folder, "tiny.safetensors")]);
  });
  afterAll(() => {
    model[Symbol.dispose]();
    expect(liveHandles()).toBe(handles);
  });

  test.each([2, 3, 4] as const)("computes what PyTorch does at %d times the size", (factor) => {
    const large = model.enlarge(picture, factor);
    expect([large.width, large.height]).toEqual([factor * width, factor * height]);
    expect(levels(large.data, recorded.bytes(`${factor}x`))).toBeLessThanOrEqual(1);
  });

  test("makes of a picture in tiles what it makes of its parts with their surroundings", () => {
    const wide = waves(tileSide + 60, 300);
    const whole = model.enlarge(wide, 2).data;
    const [left, w] = [tileSide - 40, 80];
    const part = new Uint8Array(w * wide.height * 3);
    for (let y = 0; y < wide.height; y++)
      part.set(wide.data.subarray((y * wide.width + left) * 3, (y * wide.width + left + w) * 3), y * w * 3);
    const alone = model.enlarge({ ...wide, data: part, width: w }, 2).data;
    for (let y = 0; y < 2 * wide.height; y++) {
      const row = (data: Uint8Array, from: number, length: number) =>
        data.subarray((y * length + from) * 3, (y * length + from + 2 * (w - 2 * margin)) * 3);
      expect(
        levels(row(whole, 2 * (left + margin), 2 * wide.width), row(alone, 2 * margin, 2 * w)),
      ).toBeLessThanOrEqual(1);
    }
  });

  test.each([
    [106, 74],
    [100, 70],
    [20, 14],
    [53, 37],
    [300, 209],
    [53, 148],
  ])("gives exactly %d × %d", (w, h) => {
    const steps: number[] = [];
    const made = model.upscale(picture, { width: w, height: h, softness: 0 }, (done, total) =>
      steps.push(done / total),
    );
    expect(made).toHaveLength(w * h * 3);
    expect(steps.at(-1)).toBe(1);
  });

  test.each([
    [1, 1],
    [1, 700],
    [700, 1],
  ])("enlarges a picture of %d × %d", (w, h) => {
    const one = { ...waves(w, h), data: new Uint8Array(w * h * 3).fill(90) };
    const large = model.enlarge(one, 4);
    expect(large.data).toHaveLength(w * h * 48);
  });

  test("softness takes detail away", () => {
    const detail = (softness: number) => {
      const made = model.upscale(picture, { width: 2 * width, height: 2 * height, softness });
      let sum = 0;
      for (let i = 3; i < made.length; i++) sum += Math.abs(made[i]! - made[i - 3]!);
      return sum;
    };
    expect(detail(0.5)).toBeLessThan(detail(0));
    expect(detail(1)).toBeLessThan(detail(0.5));
  });

  test("stops where its caller throws", () => {
    expect(() =>
      model.enlarge(picture, 2, () => {
        throw new Error("stop here");
      }),
    ).toThrow("stop here");
  });

  test("refuses a file of another network and names what is missing", () => {
    const other = join(import.meta.dir, "../../fixtures/mini/tiny.safetensors");
    expect(() => MiniUpscaler.load([other])).toThrow(CheckpointError);
    expect(() => MiniUpscaler.load([other])).toThrow("first.weight");
    expect(liveHandles()).toBeGreaterThan(handles);
  });
});

test("the upscaler's smallest enlargement that reaches the wanted one is chosen, and none where nothing grows", () => {
  expect([0.5, 1, 1.2, 2, 2.1, 3, 3.5, 4, 20].map(factorFor)).toEqual([
    undefined,
    undefined,
    2,
    2,
    3,
    3,
    4,
    4,
    4,
  ]);
});
