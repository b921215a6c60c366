/**
 * Sends a picture the whole way a request goes: encoded, decoded, blurred by the engine, encoded; and looks at every pixel.
 *
 * @module
 */
import type { Engine } from "../engine/engine.ts";
import { loadSharp } from "../images/sharp.ts";

const width = 96;
const height = 64;
const sigma = 2;
const radius = Math.ceil(3 * sigma);

/** Returns the device, or throws when a pixel differs from a Gaussian blur. */
export async function selftest(engine: Engine): Promise<string> {
  const sharp = loadSharp();
  const picture = pattern();
  const png = await sharp(picture, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const { data } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const source = { family: "selftest", variant: "blur", paths: [], bits: null, options: { sigma } } as const;
  await engine.load("selftest", "model", source);
  const input = { pixels: new Uint8Array(data), width, height };
  const { output } = await engine.run("selftest", "estimate", { model: "selftest" }, input);
  await engine.evict("selftest");
  const blurred = output.pixels as Uint8Array;
  await sharp(blurred, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const worst = furthest(blurred, picture);
  if (!(worst <= 0.501))
    throw new Error(`a blurred picture is wrong by ${worst.toFixed(2)} of 255 grey levels`);
  const { device } = await engine.stats();
  return `${device}, a blurred picture is right to rounding`;
}

/** Edges, a ramp and noise that is the same every time. */
function pattern(): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    state = (state * 48271) % 2147483647;
    const x = Math.floor(i / 3) % width;
    return i % 3 === 0 ? (x * 255) / (width - 1) : i % 3 === 1 ? (x > width / 2 ? 255 : 0) : state % 256;
  });
}

/** Blurs along rows, then along columns, which is the same as the engine's one convolution, and gives the largest difference. */
function furthest(got: Uint8Array, picture: Uint8Array): number {
  const raw = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = raw.reduce((a, b) => a + b);
  const clamp = (value: number, limit: number) => Math.min(Math.max(value, 0), limit - 1);
  const along = (from: ArrayLike<number>, dx: number, dy: number) =>
    Float64Array.from({ length: from.length }, (_, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return raw.reduce((total, weight, k) => {
        const [u, v] = [clamp(x + dx * (k - radius), width), clamp(y + dy * (k - radius), height)];
        return total + (weight / sum) * from[(v * width + u) * 3 + c]!;
      }, 0);
    });
  const wanted = along(along(picture, 1, 0), 0, 1);
  return wanted.reduce((worst, value, i) => Math.max(worst, Math.abs(value - got[i]!)), 0);
}
