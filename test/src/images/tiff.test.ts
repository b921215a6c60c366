import { describe, expect, test } from "bun:test";
import { Refusal } from "../../../src/errors.ts";
import { decodePicture } from "../../../src/images/decode.ts";
import { loadSharp } from "../../../src/images/sharp.ts";
import { plainTiff } from "../../../src/images/tiff.ts";

const maxPixels = 1000;
type Samples = Uint16Array | Int16Array | Int8Array | Uint32Array | Float32Array;
const formatOf = (samples: Samples) =>
  samples instanceof Float32Array ? 3 : samples instanceof Int16Array || samples instanceof Int8Array ? 2 : 1;

/** A TIFF file of one row of samples, without compression. */
function tiffOf(samples: Samples, channels: 1 | 3, options: { whiteIsZero?: boolean } = {}): Uint8Array {
  const short = (value: number) => [3, channels, value] as const;
  const width = samples.length / channels;
  const entries = 10;
  const lists = 8 + 2 + entries * 12 + 4;
  const start = lists + 4 * channels;
  const each = (at: number, value: number) => (channels === 1 ? value : lists + at);
  const bits = samples.BYTES_PER_ELEMENT * 8;
  const fields: (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, 4, 1, width],
    [257, 4, 1, 1],
    [258, ...short(each(0, bits))],
    [259, 3, 1, 1],
    [262, 3, 1, channels === 3 ? 2 : options.whiteIsZero ? 0 : 1],
    [273, 4, 1, start],
    [277, 3, 1, channels],
    [278, 4, 1, 1],
    [279, 4, 1, samples.byteLength],
    [339, ...short(each(2 * channels, formatOf(samples)))],
  ];
  const file = Buffer.alloc(start + samples.byteLength);
  file.write("II*\0\b\0\0\0", "latin1");
  file.writeUInt16LE(entries, 8);
  fields.forEach(([tag, type, count, value], i) => {
    const at = 10 + i * 12;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  for (let c = 0; c < channels; c++) {
    file.writeUInt16LE(bits, lists + 2 * c);
    file.writeUInt16LE(formatOf(samples), lists + 2 * (channels + c));
  }
  file.set(new Uint8Array(samples.buffer), start);
  return new Uint8Array(file);
}

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
    const error = await decodePicture(tiffOf(samples, channels), { maxPixels }).catch((cause) => cause);
    expect(error).toBeInstanceOf(Refusal);
    expect({ code: error.code, status: error.status, message: error.message }).toEqual({
      code: "unclear_image",
      status: 422,
      message: `input image is a TIFF of ${what}, which do not say what is white: save it with 8 or 16 bits for each sample`,
    });
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
