import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../../src/errors.ts";
import { decodePicture } from "../../../src/images/decode.ts";
import { loadSharp } from "../../../src/images/sharp.ts";

const folder = join(import.meta.dir, "../../fixtures/images");
const expected: Record<string, { mode: string; width: number; height: number; rgb: string }> = JSON.parse(
  readFileSync(join(folder, "expected.json"), "utf8"),
);
const maxPixels = 1_000_000;
const decode = (name: string, cap = maxPixels) => decodePicture(join(folder, name), { maxPixels: cap });

async function refusal(promise: Promise<unknown>): Promise<Refusal> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error as Refusal;
}

describe("decodePicture gives what Pillow gives", () => {
  test.each(Object.keys(expected))("for %s", async (name) => {
    const { rgb, ...facts } = expected[name]!;
    const picture = await decode(name);
    expect({ mode: picture.mode, width: picture.width, height: picture.height }).toEqual(facts);
    const wanted = Uint8Array.fromBase64(rgb);
    expect(picture.pixels.length).toBe(wanted.length);
    const off = Array.from(wanted, (value, i) => Math.abs(value - picture.pixels[i]!));
    if (name === "cmyk.jpg") {
      // A printer's profile is not Pillow's plain subtraction, but an inverted picture would be off by far more.
      expect(off.reduce((sum, value) => sum + value) / off.length).toBeLessThan(40);
    } else {
      // Decoders of lossy formats may round differently.
      expect(Math.max(...off)).toBeLessThanOrEqual(name.endsWith(".jpg") ? 3 : 0);
    }
  });

  test("and from bytes as from a path", async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, "turn-6.png")));
    expect(await decodePicture(bytes, { maxPixels })).toEqual(await decode("turn-6.png"));
  });

  test("in a buffer of its own, which can be moved", async () => {
    const { pixels, width, height } = await decode("rgb.png");
    expect(structuredClone(pixels, { transfer: [pixels.buffer] }).length).toBe(width * height * 3);
    expect(pixels.length).toBe(0);
  });
});

test("colours are brought to sRGB through the file's own profile", async () => {
  const pixels = new Uint8Array([200, 100, 50, 10, 200, 90]);
  const tagged = (icc: string) =>
    loadSharp()(pixels, { raw: { width: 2, height: 1, channels: 3 } })
      .withMetadata({ icc })
      .png()
      .toBuffer();
  for (const profile of ["p3", "srgb"]) {
    const png = await tagged(profile);
    // The stored numbers are other ones where the profile is.
    const stored = await loadSharp()(png, { ignoreIcc: true }).raw().toBuffer();
    expect([profile, stored.equals(pixels)]).toEqual([profile, profile === "srgb"]);
    const decoded = (await decodePicture(png, { maxPixels })).pixels;
    expect([profile, decoded.every((value, i) => Math.abs(value - pixels[i]!) <= 1)]).toEqual([
      profile,
      true,
    ]);
  }
});

test("AVIF is read", async () => {
  const background = { r: 200, g: 100, b: 50 };
  const avif = await loadSharp()({ create: { width: 30, height: 20, channels: 3, background } })
    .avif()
    .toBuffer();
  expect(await decodePicture(avif, { maxPixels })).toMatchObject({ width: 30, height: 20, mode: "RGB" });
});

describe("a picture over what is wanted is brought down while it is decoded", () => {
  test("in proportion, upright, and tells the size that it had", async () => {
    const within = { pixels: 96, side: 1000 };
    for (const name of ["rgb.png", "turn-6.png"]) {
      const picture = await decodePicture(join(folder, name), { maxPixels, within });
      const { pixels, width, height, original } = picture;
      expect({ width, height, original }).toEqual({
        width: 12,
        height: 8,
        original: { width: 24, height: 16 },
      });
      expect(pixels.length).toBe(12 * 8 * 3);
    }
    const small = await decodePicture(join(folder, "rgb.png"), {
      maxPixels,
      within: { pixels: 384, side: 24 },
    });
    expect(small.pixels).toEqual((await decode("rgb.png")).pixels);
    expect(small.original).toEqual({ width: 24, height: 16 });
  });

  test("to its long side, and never to nothing", async () => {
    const strip = await loadSharp()({ create: { width: 5000, height: 1, channels: 3, background: "teal" } })
      .png()
      .toBuffer();
    const { width, height, original } = await decodePicture(strip, {
      maxPixels,
      within: { pixels: 1e6, side: 1000 },
    });
    expect([width, height, original.width]).toEqual([1000, 1, 5000]);
  });

  test("to a half where that leaves enough, and else to what is wanted", async () => {
    const widthOf = async (pixels: number) => {
      const within = { pixels, side: 1000, halves: true };
      const { width, original } = await decodePicture(join(folder, "rgb.jpg"), { maxPixels, within });
      expect(original).toEqual({ width: 24, height: 16 });
      return width;
    };
    // Of 384 pixels a half of each side leaves 96.
    expect([await widthOf(180), await widthOf(300), await widthOf(384)]).toEqual([12, 21, 24]);
  });

  test("and its focal length stays that of the original", async () => {
    const options = { maxPixels, within: { pixels: 96, side: 1000 } };
    const { focalLengthPx } = await decodePicture(join(folder, "focal-turned.jpg"), options);
    expect(focalLengthPx).toBe((await decode("focal-turned.jpg")).focalLengthPx);
  });
});

test("all eight turns give the same picture", async () => {
  const turned = readdirSync(folder).filter((name) => /^turn-\d\.png$/.test(name));
  expect(turned.length).toBe(8);
  const upright = await decode("rgb.png");
  for (const name of turned) expect((await decode(name)).pixels).toEqual(upright.pixels);
});

describe("the focal length comes from the 35 mm tag", () => {
  const diagonal = Math.hypot(24, 16) / Math.hypot(36, 24);

  test("scaled by the diagonals", async () => {
    expect((await decode("focal-26.jpg")).focalLengthPx).toBeCloseTo(26 * diagonal, 9);
  });
  test("of the picture after its turn", async () => {
    const picture = await decode("focal-turned.jpg");
    expect([picture.width, picture.height]).toEqual([24, 16]);
    expect(picture.focalLengthPx).toBeCloseTo(50 * diagonal, 9);
  });
  test.each(["focal-zero.jpg", "focal-plain-only.jpg", "rgb.jpg"])("and not from %s", async (name) => {
    expect((await decode(name)).focalLengthPx).toBeUndefined();
  });
});

describe("decodePicture refuses", () => {
  test.each([
    ["text.png", "it is not a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF picture"],
    ["drawing.svg", "it is not a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF picture"],
    ["empty.png", "it is not a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF picture"],
    ["cut.jpg", "the file is damaged or cut short"],
    ["cut.png", "the file is damaged or cut short"],
    ["missing.png", "the file is damaged or cut short"],
  ])("%s, without a path in its message", async (name, reason) => {
    const error = await refusal(decode(name));
    expect({ code: error.code, message: error.message }).toEqual({
      code: "invalid_image",
      message: `input image could not be opened: ${reason}`,
    });
  });

  test("a TIFF of 64-bit numbers, which is not damaged but of a kind that is not read", async () => {
    const error = await refusal(decodePicture(tiffOfDoubles(), { maxPixels }));
    expect(error.message).toBe(
      "input image could not be opened: this kind of TIFF is not read: save it with 8 or 16 bits for each sample",
    );
  });

  test("more pixels than allowed, and says how many", async () => {
    const error = await refusal(decode("rgb.png", 383));
    expect({ code: error.code, message: error.message }).toEqual({
      code: "too_many_pixels",
      message: "input image has 384 pixels, exceeding the cap 383",
    });
    expect((await decode("rgb.png", 384)).width).toBe(24);
    const named = await refusal(
      decodePicture(join(folder, "rgb.png"), { maxPixels: 383, setting: "max_input_pixels" }),
    );
    expect(named.message).toBe(
      "input image has 384 pixels, exceeding the cap 383. The setting max_input_pixels changes the cap",
    );
  });

  test("but counts one frame of an animation, not all", async () => {
    expect((await decode("animated.gif", 384)).height).toBe(16);
  });
});

test("decoded pixels can be moved to another thread, as the engine's input is", async () => {
  const { pixels } = await decode("turn-6.png");
  const { length } = pixels;
  const moved = structuredClone(pixels, { transfer: [pixels.buffer] });
  expect(moved.length).toBe(length);
  expect(pixels.length).toBe(0);
});

/** One pixel of three numbers of 64 bits, each channel in a plane of its own, as scientific programs write them. */
function tiffOfDoubles(): Uint8Array {
  const triples = { bits: [64, 64, 64], floats: [3, 3, 3], offsets: [164, 172, 180], lengths: [8, 8, 8] };
  const fields: [tag: number, type: number, count: number, value: number][] = [
    [256, 3, 1, 1],
    [257, 3, 1, 1],
    [258, 3, 3, 188],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [273, 4, 3, 200],
    [277, 3, 1, 3],
    [278, 3, 1, 1],
    [279, 4, 3, 212],
    [284, 3, 1, 2],
    [339, 3, 3, 194],
  ];
  const file = Buffer.alloc(224);
  file.write("II*\0");
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(fields.length, 8);
  fields.forEach(([tag, type, count, value], i) => {
    const at = 10 + 12 * i;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  triples.bits.forEach((value, i) => void file.writeUInt16LE(value, 188 + 2 * i));
  triples.floats.forEach((value, i) => void file.writeUInt16LE(value, 194 + 2 * i));
  triples.offsets.forEach((value, i) => void file.writeUInt32LE(value, 200 + 4 * i));
  triples.lengths.forEach((value, i) => void file.writeUInt32LE(value, 212 + 4 * i));
  return new Uint8Array(file);
}
