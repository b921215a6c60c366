import { describe, expect, test } from "bun:test";
import { decodePicture } from "../../../src/images/decode.ts";
import { encodePicture, type PictureFormat } from "../../../src/images/encode.ts";
import { describesRgb, withProfile } from "../../../src/images/profile.ts";
import { loadSharp } from "../../../src/images/sharp.ts";
import { profileOfGrey } from "./grey-profile.ts";

const sharp = loadSharp();
const maxPixels = 1_000_000;
const [width, height] = [16, 12];
/** Saturated colours and soft ones. */
const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
  const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
  return [17 * x, 23 * y, 255 - 11 * (x + y)][c]!;
});
const raw = { raw: { width, height, channels: 3 as const } };
/** The same numbers, said to be of another colour space. */
const p3 = (await sharp(await sharp(pixels, raw).withIccProfile("p3").png().toBuffer()).metadata()).icc!;
const tagged = await withProfile(await sharp(pixels, raw).png().toBuffer(), "png", p3);

const levels = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
/** What a colour-managed viewer shows. */
const shown = (file: Uint8Array) => sharp(file).removeAlpha().toColourspace("srgb").raw().toBuffer();

describe("colours: own", () => {
  test("leaves the pixels of a Display P3 picture as they are, and gives the profile along", async () => {
    const own = await decodePicture(tagged, { maxPixels, colours: "own" });
    expect(own.pixels).toEqual(pixels);
    expect(Buffer.from(own.profile!).equals(p3)).toBe(true);
    const converted = await decodePicture(tagged, { maxPixels });
    expect(converted.profile).toBeUndefined();
    expect(levels(converted.pixels, pixels)).toBeGreaterThan(10);
  });

  test("gives transparency, turns and 16 bits as ever", async () => {
    const alpha = Uint8Array.from({ length: width * height }, (_, i) => i);
    const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? alpha[i >> 2]! : pixels[3 * (i >> 2) + (i % 4)]!,
    );
    const flat = await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    const turned = await sharp(flat).withMetadata({ orientation: 3 }).png().toBuffer();
    const own = await decodePicture(await withProfile(turned, "png", p3), {
      maxPixels,
      alpha: true,
      colours: "own",
    });
    expect(own.alpha).toEqual(alpha.toReversed());
    expect(own.profile).toBeDefined();
    const wide = await sharp(
      Uint16Array.from(pixels, (value) => value * 257),
      raw,
    )
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    const narrowed = await decodePicture(await withProfile(wide, "png", p3), { maxPixels, colours: "own" });
    expect([levels(narrowed.pixels, pixels), narrowed.profile !== undefined]).toEqual([0, true]);
  });

  test("brings grey with a profile of its own to sRGB", async () => {
    const grey = Uint8Array.from({ length: width * height }, (_, i) => i);
    const png = await sharp(grey, { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const bright = await withProfile(png, "png", profileOfGrey(1.5));
    expect((await sharp(bright).metadata()).icc).toBeDefined();
    const own = await decodePicture(bright, { maxPixels, colours: "own" });
    expect(own.profile).toBeUndefined();
    const curve = (v: number) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
    const wanted = Array.from({ length: 3 * width * height }, (_, i) =>
      Math.round(255 * curve((grey[Math.floor(i / 3)]! / 255) ** 1.5)),
    );
    expect(levels(own.pixels, wanted)).toBeLessThanOrEqual(2);
    expect(own).toEqual(await decodePicture(bright, { maxPixels }));
  });

  test("brings CMYK to sRGB, with a profile and without one", async () => {
    for (const keep of [true, false]) {
      const cmyk = sharp(pixels, raw).toColourspace("cmyk");
      const jpeg = await (keep ? cmyk.withIccProfile("cmyk") : cmyk).jpeg({ quality: 100 }).toBuffer();
      const { space, icc } = await sharp(jpeg).metadata();
      expect([space, icc !== undefined]).toEqual(["cmyk", keep]);
      const own = await decodePicture(jpeg, { maxPixels, colours: "own" });
      expect([own.mode, own.profile]).toEqual(["CMYK", undefined]);
      expect(own.pixels).toEqual((await decodePicture(jpeg, { maxPixels })).pixels);
      // ink cannot be as bright as light, but no channel may be another one
      const off = own.pixels.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]!), 0);
      expect(off / pixels.length).toBeLessThan(40);
    }
  });

  test("takes a profile that is none, or of another kind, for nothing", async () => {
    const plain = await sharp(pixels, raw).png().toBuffer();
    expect(describesRgb(p3)).toBe(true);
    for (const bad of [p3.subarray(0, 100), new Uint8Array(5000), profileOfGrey(2.2), new Uint8Array()]) {
      expect(describesRgb(bad)).toBe(false);
      const picture = await decodePicture(await withProfile(plain, "png", bad), {
        maxPixels,
        colours: "own",
      });
      expect(picture.profile).toBeUndefined();
      expect(picture.pixels).toEqual(pixels);
    }
    const huge = Buffer.concat([p3, new Uint8Array(5 << 20)]);
    expect(describesRgb(huge)).toBe(false);
  });
});

describe("a picture with its own colours", () => {
  const forms: [PictureFormat, string | undefined, 3 | 4][] = [];
  for (const format of ["png", "jpeg", "webp"] as const)
    for (const description of [undefined, "what it is"])
      for (const channels of [3, 4] as const)
        if (format !== "jpeg" || channels === 3) forms.push([format, description, channels]);

  test.each(forms)(
    "keeps its profile and its look as %s, description %p, %d channels",
    async (format, description, channels) => {
      const data =
        channels === 3
          ? pixels
          : Uint8Array.from({ length: 4 * width * height }, (_, i) =>
              i % 4 === 3 ? 255 - (i >> 2) : pixels[3 * (i >> 2) + (i % 4)]!,
            );
      const options = { format, quality: 100, ...(description !== undefined && { description }) };
      const raster = { pixels: data, width, height, channels };
      const file = await encodePicture(raster, { ...options, profile: p3 });
      const untagged = await encodePicture(raster, options);
      const metadata = await sharp(file).metadata();
      expect(Buffer.from(metadata.icc!).equals(p3)).toBe(true);
      expect([metadata.width, metadata.height, metadata.channels]).toEqual([width, height, channels]);
      expect(Buffer.from(file).includes("what it is")).toBe(description !== undefined);
      // the same numbers with another meaning
      const stored = (bytes: Uint8Array) => sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
      expect((await stored(file)).equals(await stored(untagged))).toBe(true);
      if (format === "png")
        expect(levels(await shown(file), await shown(tagged))).toBeLessThanOrEqual(channels === 3 ? 0 : 1);
    },
  );

  test("keeps a profile that is longer than a segment of a JPEG holds", async () => {
    const long = Buffer.concat([p3, crypto.getRandomValues(new Uint8Array(65_000)), new Uint8Array(80_000)]);
    long.writeUInt32BE(long.length, 0);
    for (const format of ["png", "jpeg", "webp"] as const) {
      const file = await encodePicture({ pixels, width, height, channels: 3 }, { format, profile: long });
      const { icc } = await sharp(file).metadata();
      expect([format, Buffer.from(icc!).equals(long)]).toEqual([format, true]);
    }
  });

  test("has the sides and the transparency of a WebP without extensions", async () => {
    const wide = { width: 700, height: 3, channels: 4 as const };
    const data = Uint8Array.from({ length: 4 * 2100 }, (_, i) => (i * 31) % 251);
    for (const lossless of [true, false]) {
      const plain = await sharp(data, { raw: wide }).webp({ lossless, quality: 100 }).toBuffer();
      const file = await withProfile(plain, "webp", p3);
      const metadata = await sharp(file).metadata();
      expect(metadata).toMatchObject({ width: 700, height: 3, hasAlpha: true });
      expect(Buffer.from(metadata.icc!).equals(p3)).toBe(true);
      expect(
        (await sharp(file, { ignoreIcc: true }).raw().toBuffer()).equals(await sharp(plain).raw().toBuffer()),
      ).toBe(true);
    }
  });
});
