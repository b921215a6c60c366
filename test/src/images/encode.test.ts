import { describe, expect, test } from "bun:test";
import { encodePicture } from "../../../src/images/encode.ts";
import { loadSharp } from "../../../src/images/sharp.ts";

const sharp = loadSharp();
const ramp = (length: number, step: number) => Array.from({ length }, (_, i) => i * step);

describe("encodePicture", () => {
  test("keeps 16-bit grey to the last bit", async () => {
    const pixels = new Uint16Array([0, 1, 255, 256, 32768, 65535]);
    const png = await encodePicture({ pixels, width: 3, height: 2, channels: 1 }, { format: "png" });
    const { data, info } = await sharp(png)
      .toColourspace("grey16")
      .raw({ depth: "ushort" })
      .toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(1);
    expect([...new Uint16Array(data.buffer, data.byteOffset, 6)]).toEqual([...pixels]);
    expect((await sharp(png).metadata()).bitsPerSample).toBe(16);
  });

  test("stores 8-bit grey as one channel", async () => {
    const pixels = new Uint8Array(ramp(6, 40));
    const png = await encodePicture({ pixels, width: 3, height: 2, channels: 1 }, { format: "png" });
    const { channels, depth } = await sharp(png).metadata();
    expect([channels, depth]).toEqual([1, "uchar"]);
    const { data } = await sharp(png).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
    expect([...data]).toEqual([...pixels]);
  });

  test.each(["png", "jpeg", "webp"] as const)("writes colour as %s", async (format) => {
    const pixels = new Uint8Array(16 * 16 * 3).fill(130);
    const bytes = await encodePicture(
      { pixels, width: 16, height: 16, channels: 3 },
      { format, quality: 100 },
    );
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect((await sharp(bytes).metadata()).format).toBe(format);
    expect(info.channels).toBe(3);
    expect([...data].every((value) => Math.abs(value - 130) <= 2)).toBe(true);
  });

  test.each([
    ["larger", 64, 48],
    ["smaller", 5, 3],
    ["to one row", 7, 1],
  ])("resizes exactly: %s", async (_, width, height) => {
    for (const pixels of [new Uint8Array(ramp(16 * 12, 1)), new Uint16Array(ramp(16 * 12, 300))]) {
      const png = await encodePicture(
        { pixels, width: 16, height: 12, channels: 1 },
        { format: "png", resize: { width, height } },
      );
      const metadata = await sharp(png).metadata();
      expect([metadata.width, metadata.height, metadata.channels]).toEqual([width, height, 1]);
      expect(metadata.bitsPerSample).toBe(pixels.BYTES_PER_ELEMENT * 8);
    }
  });

  test("writes text into a PNG that still opens", async () => {
    const png = await encodePicture(
      { pixels: new Uint8Array(4), width: 2, height: 2, channels: 1 },
      { format: "png", text: { scale: "0.25", offset: "später ✓" } },
    );
    const metadata = await sharp(png).metadata();
    expect(metadata.comments).toEqual([
      { keyword: "scale", text: "0.25" },
      { keyword: "offset", text: "später ✓" },
    ]);
    expect((await sharp(png).toColourspace("b-w").raw().toBuffer()).length).toBe(4);
  });
});
