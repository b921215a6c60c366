import { describe, expect, test } from "bun:test";
import { resizeFloats, resizeOpenCv, resizePillow } from "../../../src/images/pixels.ts";
import type { Kernel, TapOptions } from "../../../src/images/resample.ts";
import { roundHalfEven } from "../../../src/images/round.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference, expected } from "../models/fixtures.ts";

openForTests();

const recorded = expected("resampling");
const [height, width, channels] = recorded.get("values").shape as [number, number, number];
const floats = { data: recorded.get("values").values, width, height, channels };
const bytes = { data: recorded.bytes("rgb"), width, height, channels };

const sizesOf = (form: string) =>
  recorded.names
    .filter((name) => name.startsWith(`${form}/`))
    .map(
      (name) =>
        [
          name,
          ...name
            .slice(form.length + 1)
            .split("x")
            .map(Number),
        ] as [string, number, number],
    );

const forms: readonly (readonly [string, Kernel, TapOptions])[] = [
  ["torch-bilinear", "bilinear", {}],
  ["torch-bilinear-corners", "bilinear", { alignCorners: true }],
  ["torch-bicubic", "bicubic", {}],
  ["torch-bicubic-corners", "bicubic", { alignCorners: true }],
  ["torch-bilinear-antialias", "bilinear", { antialias: true }],
  ["torch-bicubic-antialias", "bicubic", { antialias: true }],
  ["opencv-cubic", "bicubic", {}],
];

describe.each(forms)("%s", (form, kernel, options) => {
  test.each(sizesOf(form))("%s", (name, rows, columns) => {
    const { data } = resizeFloats(floats, columns, rows, kernel, options);
    // OpenCV keeps its coordinates in single precision.
    expect(difference(data, recorded.get(name).values)).toBeLessThan(form.startsWith("opencv") ? 2e-5 : 2e-7);
  });
});

describe.each(["nearest", "bilinear", "bicubic", "lanczos"] as const)("pillow-%s, to the byte", (filter) => {
  test.each(sizesOf(`pillow-${filter}`))("%s", (name, rows, columns) => {
    expect(resizePillow(bytes, columns, rows, filter).data).toEqual(new Uint8Array(recorded.bytes(name)));
  });
});

describe.each(["cubic", "area"] as const)("opencv-%s-bytes, all but the odd one to the byte", (method) => {
  test.each(sizesOf(`opencv-${method}-bytes`))("%s", (name, rows, columns) => {
    const { data } = resizeOpenCv(bytes, columns, rows, method);
    const off = recorded.bytes(name).map((value, i) => Math.abs(value - data[i]!));
    // OpenCV sums in fixed point and rounds a few of a thousand the other way.
    expect(Math.max(...off)).toBeLessThanOrEqual(1);
    expect(off.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(Math.ceil(0.01 * off.length));
  });
});

test("halves round to the even neighbour", () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, -0, -2, 2, 3]);
});
