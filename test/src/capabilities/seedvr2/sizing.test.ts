import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resultSize } from "../../../../src/capabilities/seedvr2/result-size.ts";
import { checkResultSize, readResolution } from "../../../../src/capabilities/seedvr2/sizing.ts";
import { Refusal } from "../../../../src/errors.ts";

const limits = { minResolution: 16, maxResolution: 2048, maxScale: 4 };
const cases = JSON.parse(
  readFileSync(join(import.meta.dir, "../../../fixtures/seedvr2/sizes.json"), "utf8"),
) as { width: number; height: number; resolution: number | string; size: [number, number] }[];

test("resultSize() agrees with the reference on every size", () => {
  for (const { width, height, resolution, size } of cases) {
    const target = readResolution(resolution, limits);
    const made = resultSize(width, height, target);
    expect([width, height, resolution, made.width, made.height]).toEqual([
      width,
      height,
      resolution,
      ...size,
    ]);
  }
});

describe("readResolution()", () => {
  test.each([
    [15, "resolution must be in 16..2048"],
    [2049, "resolution must be in 16..2048"],
    ["15", "resolution must be in 16..2048"],
    ["nanx", "resolution scale must look like '2x' or '1.5x'"],
    ["1e0x", "resolution scale must look like '2x' or '1.5x'"],
    [" 2 x", "resolution scale must look like '2x' or '1.5x'"],
    [".5x", "resolution scale must look like '2x' or '1.5x'"],
    ["-1x", "resolution scale must look like '2x' or '1.5x'"],
    ["x", "resolution scale must look like '2x' or '1.5x'"],
    ["0x", "resolution scale must be > 0 and <= 4.0x"],
    ["5x", "resolution scale must be > 0 and <= 4.0x"],
    ["2X", "resolution must be an integer shortest-edge target or a scale like '2x'"],
    ["", "resolution must be an integer shortest-edge target or a scale like '2x'"],
    ["abc", "resolution must be an integer shortest-edge target or a scale like '2x'"],
    ["1_080", "resolution must be an integer shortest-edge target or a scale like '2x'"],
  ])("refuses %p in the original's words", (resolution, message) => {
    expect(() => readResolution(resolution, limits)).toThrow(message);
  });

  test("takes numbers as text, with blanks around them", () => {
    expect(readResolution(" 1080 ", limits)).toEqual({ pixels: 1080 });
    expect(readResolution("1.5x", limits)).toEqual({ factor: 1.5 });
  });
});

describe("checkResultSize()", () => {
  test("refuses what the cap forbids and what would be nothing, as 422", () => {
    const strip = resultSize(8192, 64, { pixels: 2048 });
    expect(strip.width).toBe(262144);
    for (const size of [strip, resultSize(37, 90, { factor: 0.3 })]) {
      try {
        checkResultSize(size, { width: 37, height: 90 }, 67108864);
        throw new Error("it was let through");
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
        expect((error as Refusal).status).toBe(422);
      }
    }
  });

  test("says of a tiny picture that it is too small, and what to ask for", () => {
    for (const [width, height] of [
      [1, 1],
      [1, 300],
      [7, 7],
    ] as const)
      expect(() =>
        checkResultSize(resultSize(width, height, { factor: 2 }), { width, height }, 67108864),
      ).toThrow(`a picture of ${width}x${height} is too small for this resolution`);
    const size = resultSize(1, 1, { pixels: 64 });
    checkResultSize(size, { width: 1, height: 1 }, 67108864);
  });
});
