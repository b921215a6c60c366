import { expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../src/errors.ts";
import { isOneColour, refuseOneColour } from "../../../src/images/solid-color.ts";

const grey = { data: new Uint8Array(48).fill(128), channels: 3 };
const red = { data: Uint8Array.from({ length: 48 }, (_, index) => (index % 3 === 0 ? 255 : 0)), channels: 3 };
const picture = { data: Uint8Array.from({ length: 48 }, (_, index) => index), channels: 3 };

test("isOneColour() compares whole pixels", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 20 }),
      (pixels) => {
        const same = pixels.every((pixel) => pixel.join() === pixels[0]!.join());
        expect(isOneColour({ data: Uint8Array.from(pixels.flat()), channels: 3 })).toBe(same);
      },
    ),
  );
});

test("refuseOneColour() refuses one colour out of a picture or out of words, and lets all else through", () => {
  expect(() => refuseOneColour(grey, [picture])).toThrow(Refusal);
  expect(() => refuseOneColour(red)).toThrow("one single colour");
  refuseOneColour(grey, [red]);
  refuseOneColour(grey, [picture, red]);
  refuseOneColour(picture, [grey]);
  refuseOneColour(picture);
});
