import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodePicture } from "../../../../src/images/decode.ts";
import { nclxOf, profileOf } from "../../../../src/images/heif/nclx.ts";
import { describesRgb } from "../../../../src/images/profile.ts";

const folder = join(import.meta.dir, "../../../fixtures/images/nclx");
const expected: Record<string, { width: number; height: number; rgb: string }> = JSON.parse(
  readFileSync(join(folder, "expected.json"), "utf8"),
);
const maxPixels = 2 ** 20;

describe("colours that are named by numbers become sRGB", () => {
  test.each(Object.keys(expected))(
    "in %s",
    async (name) => {
      const { rgb, ...size } = expected[name]!;
      const { pixels, ...found } = await decodePicture(join(folder, name), { maxPixels });
      expect(found).toMatchObject({ ...size, original: size });
      const wanted = Uint8Array.fromBase64(rgb);
      const each = Array.from(pixels, (value, i) => Math.abs(value - wanted[i]!));
      expect(each.reduce((sum, value) => sum + value) / each.length).toBeLessThan(1);
      // Near black a step of the wide colours is several of sRGB's.
      expect(Math.max(...each)).toBeLessThanOrEqual(12);
    },
    60_000,
  );

  test("or stay, with a profile that says what they mean", async () => {
    for (const name of ["p3.heic", "p3.avif"]) {
      const own = await decodePicture(join(folder, name), { maxPixels, colours: "own" });
      expect(describesRgb(own.profile!)).toBe(true);
      const srgb = await decodePicture(join(folder, name), { maxPixels });
      expect(srgb.profile).toBeUndefined();
      expect(own.pixels).not.toEqual(srgb.pixels);
    }
  }, 60_000);

  test("with the transparency of an AVIF picture, turned with it", async () => {
    const { alpha, width, height, mode } = await decodePicture(join(folder, "p3-turned.avif"), {
      maxPixels,
      alpha: true,
    });
    expect([width, height, mode, alpha!.length]).toEqual([16, 24, "RGBA", 16 * 24]);
    expect(new Set(alpha).size).toBeGreaterThan(20);
  }, 60_000);
});

describe("the numbers of a file", () => {
  const file = readFileSync(join(folder, "p3.avif"));

  test("are those of its picture", () => {
    expect(nclxOf(file)).toEqual({ primaries: 12, transfer: 13 });
    expect(nclxOf(readFileSync(join(folder, "bt709-limited.heic")))).toEqual({ primaries: 1, transfer: 13 });
  });

  test("are none where the file is damaged, cut short or no picture", () => {
    for (let end = 0; end < 400; end++)
      expect([undefined, 12]).toContain(nclxOf(file.subarray(0, end))?.primaries);
    for (let at = 0; at < 400; at++)
      for (const value of [0, 1, 0x7f, 0xff]) {
        const damaged = Uint8Array.from(file);
        damaged[at] = value;
        expect(() => nclxOf(damaged)).not.toThrow();
      }
    expect(nclxOf(new Uint8Array(1000).fill(0xff))).toBeUndefined();
  });

  test("make a profile for wide colours alone, and not for HDR", () => {
    for (const primaries of [9, 12]) expect(describesRgb(profileOf({ primaries, transfer: 13 })!)).toBe(true);
    expect(profileOf({ primaries: 1, transfer: 13 })).toBeUndefined();
    for (const transfer of [8, 16, 18]) expect(profileOf({ primaries: 9, transfer })).toBeUndefined();
    expect(profileOf(undefined)).toBeUndefined();
  });
});
