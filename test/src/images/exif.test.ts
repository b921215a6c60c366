import { expect, test } from "bun:test";
import fc from "fast-check";
import { focalLength35mm, focalLengthInPixels } from "../../../src/images/exif.ts";

/** A block with one entry in its first directory. */
function block(little: boolean, type: number, write: (view: DataView, at: number) => void): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 1, little);
  view.setUint16(10, 0xa405, little);
  view.setUint16(12, type, little);
  view.setUint32(14, 1, little);
  write(view, 18);
  return bytes;
}

test.each([true, false])("both byte orders are read (little: %p)", (little) => {
  expect(focalLength35mm(block(little, 3, (view, at) => view.setUint16(at, 28, little)))).toBe(28);
});

test("a fraction is read, and one over zero is none", () => {
  const fraction = (denominator: number) =>
    block(true, 5, (view, at) => {
      view.setUint32(at, 40, true);
      view.setUint32(40, 55, true);
      view.setUint32(44, denominator, true);
    });
  expect(focalLength35mm(fraction(2))).toBe(27.5);
  expect(focalLength35mm(fraction(0))).toBeUndefined();
});

test("any bytes at all are read without an error", () => {
  const header = fc.constantFrom(
    [0x49, 0x49, 42, 0],
    [0x4d, 0x4d, 0, 42],
    [0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49],
  );
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 120 }), (start, rest) => {
      const value = focalLength35mm(new Uint8Array([...start, ...rest]));
      return value === undefined || value > 0;
    }),
  );
});

test("50 mm on a 36×24 picture is 50 pixels", () => {
  expect(focalLengthInPixels(50, 36, 24)).toBe(50);
  expect(focalLengthInPixels(50, 2400, 3600)).toBeCloseTo(5000, 9);
});
