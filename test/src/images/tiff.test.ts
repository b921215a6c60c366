import { describe, expect, test } from "bun:test";
import { Refusal } from "../../../src/errors.ts";
import { decodeMask, decodePicture } from "../../../src/images/decode.ts";
import { loadSharp } from "../../../src/images/sharp.ts";
import { plainTiff } from "../../../src/images/tiff.ts";
import { tiffOf } from "./tiff-file.ts";

const maxPixels = 1000;
const decoded = async (file: Uint8Array) => [...(await decodePicture(file, { maxPixels })).pixels];

describe("samples whose meaning is clear become 8 bits", () => {
  test("of 16 bits, in colour and in grey", async () => {
    const values = [0, 0x1234, 0x80ff, 0xfeff, 0xffff, 0x4000];
    expect(await decoded(tiffOf(Uint16Array.from(values), 3))).toEqual(values.map((value) => value >> 8));
    expect(await decoded(tiffOf(Uint16Array.from([0, 0x80ff, 0xffff]), 1))).toEqual([
      ...[0, 0, 0],
      ...[128, 128, 128],
      ...[255, 255, 255],
    ]);
    expect(
      (await decoded(tiffOf(Uint16Array.from([0, 0xffff]), 1, { whiteIsZero: true }))).slice(0, 3),
    ).toEqual([255, 255, 255]);
  });

  test("of floating-point RGB, which is linear light", async () => {
    const linear = [0, 0.0214, 0.2158, 1, 0.5, 0.0031];
    const encoded = linear.map((value) =>
      Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055)),
    );
    const pixels = await decoded(tiffOf(Float32Array.from(linear), 3));
    pixels.forEach((value, i) => void expect(Math.abs(value - encoded[i]!)).toBeLessThanOrEqual(1));
    // Light a little brighter than white is white.
    expect(await decoded(tiffOf(Float32Array.of(1.3, -0.1, 1, 0, 0, 0), 3))).toEqual([255, 0, 255, 0, 0, 0]);
  });
});

describe("samples that do not say what is white are refused with 422", () => {
  test.each([
    ["negative light", Float32Array.of(-1, 0.2, 0.4, 0, 0, 1), 3, "floating-point numbers beyond 0 to 1"],
    [
      "levels as floating-point numbers",
      Float32Array.of(0, 120, 255),
      3,
      "floating-point numbers beyond 0 to 1",
    ],
    ["NaN", Float32Array.of(0, Number.NaN, 1, 0, 0, 0), 3, "floating-point numbers beyond 0 to 1"],
    ["heights", Float32Array.of(0.1, 0.7), 1, "grey floating-point numbers"],
    ["32 bits", Uint32Array.of(1, 2, 3), 3, "signed or 32-bit numbers"],
    ["a sign", Int16Array.of(-5, 0, 5), 3, "signed or 32-bit numbers"],
    ["a sign in 8 bits", Int8Array.of(-5, 0, 5), 3, "signed or 32-bit numbers"],
  ] as const)("%s", async (_, samples, channels, what) => {
    const file = tiffOf(samples, channels);
    const size = { width: samples.length / channels, height: 1 };
    for (const [kind, decode] of [
      ["input image", () => decodePicture(file, { maxPixels })],
      ["mask", () => decodeMask(file, { maxPixels, ...size, marks: "white" })],
      ["mask", () => decodeMask(file, { maxPixels, ...size, marks: "transparent" })],
    ] as const) {
      const error = await decode().catch((cause) => cause);
      expect(error).toBeInstanceOf(Refusal);
      expect({ code: error.code, status: error.status, message: error.message }).toEqual({
        code: "unclear_image",
        status: 422,
        message: `${kind} is a TIFF of ${what}, which do not say what is white: save it with 8 or 16 bits for each sample`,
      });
    }
  });
});

describe("a mask of samples whose meaning is clear", () => {
  test.each([
    ["16 bits, grey", Uint16Array.of(0, 0x80ff, 0xffff), 1, "white"],
    [
      "16 bits with transparency",
      Uint16Array.of(0, 0, 0, 0xffff, 0, 0, 0, 0x7fff, 0, 0, 0, 0),
      4,
      "transparent",
    ],
    [
      "floating-point RGB, linear light",
      Float32Array.of(0, 0, 0, 0.2158, 0.2158, 0.2158, 1, 1, 1),
      3,
      "white",
    ],
    [
      "floating-point RGB with transparency",
      Float32Array.of(0, 0, 0, 1, 0, 0, 0, 0.498, 0, 0, 0, 0),
      4,
      "transparent",
    ],
  ] as const)("%s", async (_, samples, channels, marks) => {
    const size = { width: samples.length / channels, height: 1 };
    const mask = await decodeMask(tiffOf(samples, channels), { maxPixels, ...size, marks });
    expect([mask[0], mask[2]]).toEqual([0, 255]);
    expect(Math.abs(mask[1]! - 128)).toBeLessThanOrEqual(1);
  });
});

test("plain pixels as a TIFF file are read back, with their profile", async () => {
  const icc = (
    await loadSharp()({ create: { width: 1, height: 1, channels: 3, background: "red" } })
      .withIccProfile("p3")
      .png()
      .toBuffer()
      .then((png) => loadSharp()(png).metadata())
  ).icc!;
  for (const channels of [3, 4] as const) {
    const { file, pixels } = plainTiff({ width: 5, height: 3, channels }, new Uint8Array(icc));
    pixels.forEach((_, i) => {
      pixels[i] = i * 4;
    });
    const image = loadSharp()(file, { ignoreIcc: true });
    expect((await image.metadata()).icc).toEqual(icc);
    expect(new Uint8Array(await image.raw().toBuffer())).toEqual(new Uint8Array(pixels));
  }
});
