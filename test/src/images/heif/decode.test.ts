import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../../../src/errors.ts";
import { decodePicture } from "../../../../src/images/decode.ts";
import { box, codedPicture, gridOf, heif, type Item, mirrored, sizeOf, turnedLeft, u8 } from "./boxes.ts";

const folder = join(import.meta.dir, "../../../fixtures/images/heic");
const expected: Record<string, { mode: string; width: number; height: number; rgb: string }> = JSON.parse(
  readFileSync(join(folder, "expected.json"), "utf8"),
);
const maxPixels = 2 ** 26;
const read = (name: string) => readFileSync(join(folder, name));
const decode = (source: string | Uint8Array) => decodePicture(source, { maxPixels });

async function refusalOf(source: string | Uint8Array, cap = maxPixels): Promise<Refusal> {
  const error = await decodePicture(source, { maxPixels: cap }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error as Refusal;
}

/** Differences of the values: the largest, and the mean. */
function off(a: Uint8Array, b: Uint8Array) {
  expect(a.length).toBe(b.length);
  const each = Array.from(a, (value, i) => Math.abs(value - b[i]!));
  return { most: Math.max(...each), mean: each.reduce((sum, value) => sum + value) / each.length };
}

describe("HEIC becomes what another decoder makes of it", () => {
  test.each(Object.keys(expected))("for %s", async (name) => {
    const { rgb, ...facts } = expected[name]!;
    const { mode, width, height, pixels } = await decode(join(folder, name));
    expect({ mode, width, height }).toEqual(facts);
    const { most, mean } = off(pixels, Uint8Array.fromBase64(rgb));
    // The way back from a profile rounds once more.
    expect(most).toBeLessThanOrEqual(name === "profile.heic" ? 4 : 2);
    expect(mean).toBeLessThan(1);
  });

  test("from bytes as from a path, and in memory that can be moved", async () => {
    const fromPath = await decode(join(folder, "turn-6.heic"));
    expect(await decode(read("turn-6.heic"))).toEqual(fromPath);
    expect(structuredClone(fromPath.pixels, { transfer: [fromPath.pixels.buffer] }).length).toBe(48 * 32 * 3);
  });

  test("with its profile, where the colours are to stay", async () => {
    const own = await decodePicture(read("profile.heic"), { maxPixels, colours: "own" });
    expect(own.profile!.length).toBeGreaterThan(200);
    const shown = Uint8Array.fromBase64(expected["profile.heic"]!.rgb);
    // Red and blue are exchanged by the profile alone.
    const swapped = own.pixels.map((_, i) => own.pixels[i - (i % 3) + 2 - (i % 3)]!);
    expect(off(swapped, shown).most).toBeLessThanOrEqual(4);
  });

  test("with its transparency, where it is asked for", async () => {
    const { alpha } = await decodePicture(read("alpha.heic"), { maxPixels, alpha: true });
    const grey = (await decode(read("grey.heic"))).pixels.filter((_, i) => i % 3 === 0);
    expect(off(alpha!, grey).mean).toBeLessThan(3);
  });

  test("and the focal length of its EXIF data", async () => {
    const { focalLengthPx } = await decode(join(folder, "turn-6.heic"));
    expect(focalLengthPx).toBeCloseTo((26 * Math.hypot(48, 32)) / Math.hypot(36, 24), 6);
  });
});

const tile = codedPicture(read("plain.heic"));
const tileProperties = [tile.configuration, sizeOf(64, 64)];
const tileItem = (id: number): Item => ({ id, type: "hvc1", data: tile.data, properties: tileProperties });
const plain = await decode(read("plain.heic"));

/** A picture of tiles that are all the same. */
function tiled(columns: number, rows: number, width: number, height: number, ...properties: Uint8Array[]) {
  const ids = Array.from({ length: columns * rows }, (_, i) => i + 2);
  const picture: Item = {
    id: 1,
    type: "grid",
    data: gridOf(columns, rows, width, height),
    properties: [sizeOf(width, height), ...properties],
    from: ids,
  };
  return heif([picture, ...ids.map(tileItem)]);
}

describe("a picture of tiles", () => {
  /** The value of one place of the tiled picture, from the picture of one tile. */
  const at = (x: number, y: number) => {
    const from = ((y % 64) * 64 + (x % 64)) * 3;
    return plain.pixels.slice(from, from + 3);
  };
  const pixelOf = ({ pixels, width }: { pixels: Uint8Array; width: number }, x: number, y: number) =>
    pixels.slice((y * width + x) * 3, (y * width + x) * 3 + 3);

  test("is put together and cut at its edges", async () => {
    const made = await decode(tiled(3, 2, 150, 100));
    expect([made.width, made.height]).toEqual([150, 100]);
    for (const [x, y] of [
      [0, 0],
      [149, 99],
      [63, 63],
      [64, 64],
      [140, 20],
    ] as const)
      expect(off(pixelOf(made, x, y), at(x, y)).most).toBeLessThanOrEqual(1);
  });

  test("is turned and mirrored as a whole", async () => {
    const turned = await decode(tiled(3, 2, 150, 100, turnedLeft(1)));
    expect([turned.width, turned.height]).toEqual([100, 150]);
    for (const [x, y] of [
      [0, 0],
      [99, 149],
      [50, 60],
    ] as const)
      expect(off(pixelOf(turned, x, y), at(149 - y, x)).most).toBeLessThanOrEqual(1);
    const mirror = await decode(tiled(3, 2, 150, 100, mirrored(1)));
    for (const [x, y] of [
      [0, 0],
      [149, 99],
      [50, 60],
    ] as const)
      expect(off(pixelOf(mirror, x, y), at(149 - x, y)).most).toBeLessThanOrEqual(1);
  });

  test("is brought down while it is decoded", async () => {
    const source = tiled(4, 4, 256, 250);
    const whole = await decode(source);
    const small = await decodePicture(source, { maxPixels, within: { pixels: 4096, side: 64 } });
    expect(small.original).toEqual({ width: 256, height: 250 });
    expect([small.width, small.height]).toEqual([64, 62]);
    const mean = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    expect(Math.abs(mean(small.pixels) - mean(whole.pixels))).toBeLessThan(1.5);
  });
});

describe("a hostile HEIC is refused, and the next picture is read", () => {
  const damaged = "input image could not be opened: the file is damaged or cut short";
  const chain = (length: number) => {
    const links = Array.from({ length }, (_, i) => ({
      id: i + 1,
      type: "iden",
      data: u8(0),
      properties: [sizeOf(64, 64)],
      from: [i + 2],
    }));
    return heif([...links, tileItem(length + 1)]);
  };
  const wrongSize = (width: number, height: number) =>
    heif([{ ...tileItem(1), properties: [tile.configuration, sizeOf(width, height)] }]);

  const hostile: Record<string, Uint8Array> = {
    "cut in its header": read("plain.heic").subarray(0, 200),
    "cut in its data": read("plain.heic").subarray(0, -200),
    "with nothing behind its brand": box("ftyp", Buffer.from("heic\0\0\0\0heic")),
    "whose data are something else": heif([{ ...tileItem(1), data: Buffer.alloc(1000, "text") }]),
    "that is made of itself": heif([
      { id: 1, type: "grid", data: gridOf(1, 1, 64, 64), properties: [sizeOf(64, 64)], from: [1] },
    ]),
    "made of tiles that are not there": heif([
      { id: 1, type: "grid", data: gridOf(2, 2, 128, 128), properties: [sizeOf(128, 128)], from: [7, 8, 9] },
    ]),
    "that is a sequence of pictures": Buffer.concat([
      box("ftyp", Buffer.from("hevc\0\0\0\0msf1hevc")),
      box("moov", box("mvhd", Buffer.alloc(100))),
    ]),
    "of a small picture that claims a large one": wrongSize(8000, 8000),
    "of deep references": chain(3000),
  };
  for (const [what, file] of Object.entries(hostile))
    test(`one ${what}`, async () => {
      const error = await refusalOf(file);
      expect({ what, code: error.code }).toEqual({ what, code: "invalid_image" });
      expect(error.message.startsWith("input image could not be opened: ")).toBe(true);
      expect((await decode(read("plain.heic"))).width).toBe(64);
    });

  test("one that claims more pixels than allowed, before anything is decoded", async () => {
    const error = await refusalOf(tiled(2, 1, 16384, 16384));
    expect({ code: error.code, message: error.message }).toEqual({
      code: "too_many_pixels",
      message: "input image has 268435456 pixels, exceeding the cap 67108864",
    });
    expect((await refusalOf(wrongSize(2 ** 31, 2 ** 31))).code).toMatch(/too_many_pixels|invalid_image/);
  });

  test("but many tiles of a picture that is allowed are read", async () => {
    const { width, height } = await decode(tiled(20, 10, 1280, 640));
    expect([width, height]).toEqual([1280, 640]);
  });

  test("one under another's name, by its contents", async () => {
    const error = await refusalOf(Buffer.concat([box("ftyp", Buffer.from("qt  \0\0\0\0qt  ")), box("mdat")]));
    expect(error.message).toBe(
      "input image could not be opened: it is not a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF picture",
    );
    expect((await refusalOf(box("ftyp", Buffer.from("heic\0\0\0\0heic"), read("plain.heic")))).message).toBe(
      damaged,
    );
  });

  test("and a cancelled job stops its decoder", async () => {
    const controller = new AbortController();
    const decoding = decodePicture(tiled(20, 10, 1280, 640), { maxPixels, signal: controller.signal });
    controller.abort(new Error("cancelled"));
    expect(decoding).rejects.toThrow("cancelled");
    await decoding.catch(() => {});
    expect((await decode(read("plain.heic"))).width).toBe(64);
  });
});
