import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { liveHandles, scope, Tensor } from "../../../../ffi/index.ts";
import { project } from "../../../../src/models/diffusion/preview.ts";
import { firstStep, mixed, type Tokens } from "../../../../src/models/diffusion/tokens.ts";
import { decode, denoise, encode, noise, previewOf } from "../../../../src/models/qwen-image/diffusion.ts";
import {
  loadModulator,
  loadSchedule,
  loadTextEncoder,
  loadTransformer,
  loadVae,
} from "../../../../src/models/qwen-image/load.ts";
import { patchesOf, resized, sizeOfArea, tensorOf } from "../../../../src/models/qwen-image/pictures.ts";
import { sigmas } from "../../../../src/models/qwen-image/schedule.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference } from "../fixtures.ts";
import { folder, model, recorded } from "./fixtures.ts";

openForTests();

interface Case {
  name: string;
  kind: "txt2img" | "img2img" | "edit";
  width: number;
  height: number;
  steps: number;
  prompt: string;
  negative_prompt: string | null;
  guidance: number;
  image_strength?: number;
}

const cases = JSON.parse(readFileSync(join(folder, "pipeline.json"), "utf8")) as Case[];
const { get } = recorded("pipeline.safetensors");
/** The reference program takes fewer pixels of a reference picture than the published pipeline. */
const areas = { seen: 384 * 384, latents: 128 * 128 };
const tiling = { tile: 1024, overlap: 64 };

async function picture(name: string) {
  const { data, info } = await sharp(join(folder, name)).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

const grid = (values: Float32Array, { width, height }: Case): Tokens => ({
  data: Float32Array.from(values),
  rows: height / 16,
  columns: width / 16,
});

describe("from words to a picture", () => {
  test.each(cases.map((each) => [each.name, each] as const))(
    "makes %s with the reference's latents, within one level",
    async (name, how) => {
      const before = liveHandles();
      const sources = await Promise.all(["first.png", "second.png"].map(picture));
      const wanted = await sharp(join(folder, `${name}.png`))
        .raw()
        .toBuffer();
      {
        using encoder = loadTextEncoder([model]);
        using modulator = loadModulator([model]);
        using transformer = loadTransformer([model]);
        using vae = loadVae([model]);
        modulator.config.zero_cond_t = name === "edit-zero";
        const edit = how.kind === "edit";
        const words = (prompt: string) =>
          scope(() => {
            const pictures = edit
              ? sources.map((each) =>
                  patchesOf(resized(each, sizeOfArea(each, areas.seen)), encoder.visionTower.config),
                )
              : [];
            const states = encoder.encode(prompt, encoder.see(pictures));
            return {
              data: states.read("float32") as Float32Array<ArrayBuffer>,
              tokens: states.shape[0]!,
            };
          });
        const all = sigmas(how.steps, (how.width * how.height) / 256, loadSchedule([model]));
        const first = firstStep(how.steps, how.image_strength ?? 0);
        const used = all.slice(first);
        let start = grid(get("noise").values, how);
        if (how.kind === "img2img") {
          const clean = scope(() => encode(vae, tensorOf(resized(sources[0]!, how)), tiling));
          expect(difference(clean.data, get("img2img.clean").values)).toBeLessThan(1e-4);
          start = mixed(clean, start, used[0]!);
        }
        const references = edit
          ? sources.map((each) =>
              scope(() => encode(vae, tensorOf(resized(each, sizeOfArea(each, areas.latents))), tiling)),
            )
          : [];
        const modulation = modulator.forward(used.slice(0, -1));
        const positive = words(how.prompt);
        const negative = how.guidance > 1 ? words(how.negative_prompt ?? (edit ? "" : " ")) : undefined;
        // Both texts one after the other, and at once.
        const [made, batched] = [false, true].map((batch) => {
          const seen: number[] = [];
          const { guidance } = how;
          const step = (done: number, total: number) => seen.push(done / total);
          const latents = denoise({
            ...{
              transformer,
              sigmas: used,
              modulation,
              start,
              references,
              positive,
              negative,
              guidance,
              batch,
            },
            step,
          });
          expect(seen.at(-1)).toBeCloseTo(1, 10);
          expect(seen).toEqual([...seen].sort((a, b) => a - b));
          expect(difference(latents.data, get(`${name}.latents`).values)).toBeLessThan(1e-4);
          return latents;
        }) as [Tokens, Tokens];
        expect(difference(batched.data, made.data)).toBeLessThan(1e-4);
        const pixels = decode(vae, made, tiling);
        expect(pixels.length).toBe(wanted.length);
        const most = pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
        expect(most).toBeLessThanOrEqual(1);
      }
      expect(liveHandles()).toBe(before);
    },
    60_000,
  );
});

test("a seed gives the noise of other programs on MLX", () => {
  const { data, rows, columns } = noise({ width: 32, height: 32 }, 8, 42);
  expect([rows, columns]).toEqual([2, 2]);
  expect([...data.subarray(0, 4)].map((value) => value.toFixed(5))).toEqual([
    "-2.02011",
    "0.00864",
    "-2.08288",
    "0.94690",
  ]);
});

test("tiles give a picture near the whole one, and the same again", () => {
  using vae = loadVae([model]);
  const tokens = noise({ width: 160, height: 128 }, 64, 1);
  const whole = decode(vae, tokens, tiling);
  const tiled = decode(vae, tokens, { tile: 80, overlap: 32 });
  expect(tiled).toEqual(decode(vae, tokens, { tile: 80, overlap: 32 }));
  expect(tiled).not.toEqual(whole);
  const off = tiled.reduce((sum, value, i) => sum + Math.abs(value - whole[i]!), 0) / whole.length;
  expect(off).toBeLessThan(30);
}, 60_000);

test("the quick look follows the picture", () => {
  const before = liveHandles();
  {
    using vae = loadVae([model]);
    const projection = previewOf(vae);
    expect(projection.length).toBe(17 * 3);
    scope(() => {
      const cells = Tensor.from(noise({ width: 256, height: 128 }, 64, 5).data, [16, 32, 16]);
      const { pixels, width, height } = project(cells, projection);
      expect([width, height]).toEqual([32, 16]);
      const drawn = vae.decode(cells).reshape(16, 8, 32, 8, 3).mean([1, 3]).read("float32");
      // The share of what varies in the pictures that the map explains.
      const look = Float32Array.from(pixels, (value) => (value / 255) * 2 - 1);
      const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
      const rest = drawn.reduce((sum, value, i) => sum + (value - look[i]!) ** 2, 0);
      const all = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(1 - rest / all).toBeGreaterThan(0.1);
    });
  }
  expect(liveHandles()).toBe(before);
}, 60_000);
