/** FLUX.2's networks and pictures against diffusers, on a tiny random checkpoint. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { liveHandles, scope, Tensor } from "../../../../ffi/index.ts";
import { project } from "../../../../src/models/diffusion/preview.ts";
import { bytesOf, firstStep, mixed, numbers, type Text } from "../../../../src/models/diffusion/tokens.ts";
import { denoise } from "../../../../src/models/flux2/denoise.ts";
import { isDistilled, loadTextEncoder, loadTransformer, loadVae } from "../../../../src/models/flux2/load.ts";
import {
  cellsBy,
  decode,
  encode,
  noise,
  previewOf,
  referenceOf,
  resized,
  tensorOf,
} from "../../../../src/models/flux2/pictures.ts";
import { sigmas } from "../../../../src/models/flux2/schedule.ts";
import { openForTests } from "../../../ffi/open.ts";
import { levels, pixelsOf } from "../diffusion/pixels.ts";
import { flux2 } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";
import { measureText, measureTransformer, measureVae, model, transformers } from "./measure.ts";

openForTests();

const json = (file: string): unknown => JSON.parse(readFileSync(join(flux2, file), "utf8"));

describe("the networks of FLUX.2", () => {
  test.each(transformers)("agree with the reference in every block of the transformer: %s", (name) => {
    const before = liveHandles();
    const errors = measureTransformer(name);
    expect(Object.keys(errors).length).toBe(7);
    for (const [place, error] of Object.entries(errors)) expect([place, error < 1e-5]).toEqual([place, true]);
    expect(liveHandles()).toBe(before);
  });

  test.each([
    ["whole", undefined],
    ["in strips of eight rows, with the statistics of the whole", 1],
  ])("agree at every stage of the picture coder, in both directions: %s", (_, bytes) => {
    const before = liveHandles();
    const errors = measureVae(bytes);
    expect(Object.keys(errors).length).toBe(12);
    for (const [place, error] of Object.entries(errors)) expect([place, error < 1e-5]).toEqual([place, true]);
    expect(liveHandles()).toBe(before);
  });

  test("agree on what prompts become, padding included", () => {
    const errors = measureText();
    expect(Object.keys(errors)).toEqual(["short", "long"]);
    for (const [place, error] of Object.entries(errors)) expect([place, error < 1e-5]).toEqual([place, true]);
  });

  test.each([3, 4, 5, 6, 8] as const)("run with %d-bit weights near what they stand for", (bits) => {
    const { velocity } = measureTransformer("references", { bits });
    expect(velocity!).toBeLessThan({ 3: 1, 4: 0.6, 5: 0.3, 6: 0.15, 8: 0.05 }[bits]);
    expect(velocity!).toBeGreaterThan(1e-5);
  });

  test("keep the modulation and both ends at eight bits where the rest has four", () => {
    using transformer = loadTransformer([model], { bits: 4 });
    const bits = (name: string) => transformer.linears.get(name)!.bits;
    for (const name of ["double_stream_modulation_img.linear", "single_stream_modulation.linear", "proj_out"])
      expect([name, bits(name)]).toEqual([name, 8]);
    expect(bits("transformer_blocks.0.attn.to_q")).toBe(4);
  });
});

describe("sigmas()", () => {
  const cases = json("schedule.json") as {
    width: number;
    height: number;
    steps: number;
    sigmas: number[];
  }[];

  test.each(cases.map((each) => [`${each.width}x${each.height}, ${each.steps} steps`, each] as const))(
    "are those of the reference: %s",
    (_, { width, height, steps, sigmas: wanted }) => {
      const ours = sigmas(steps, (width * height) / 256);
      expect(ours.length).toBe(steps + 1);
      expect(difference(ours, wanted)).toBeLessThan(1e-6);
    },
  );
});

test("prompts become the reference's tokens with thinking switched off, and lose what is past 512", () => {
  const cases = json("tokens.json") as [string, number[]][];
  using encoder = loadTextEncoder([model]);
  for (const [prompt, wanted] of cases) {
    const { tokens, cut } = encoder.prompted(prompt);
    expect([prompt, tokens]).toEqual([prompt, wanted]);
    expect(cut).toBe(wanted.length === 512);
  }
  expect(cases.filter(([, tokens]) => tokens.length === 512).length).toBeGreaterThan(0);
});

test("a folder says whether its model was distilled; without an index the variant's name does", () => {
  expect(isDistilled([model], false)).toBe(true);
  expect(isDistilled([join(model, "vae")], false)).toBe(false);
});

interface Case {
  name: string;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  prompt: string;
  seed: number;
  distilled: boolean;
  images: string[];
  init_image?: string;
  image_strength?: number;
}

describe("a picture", () => {
  const cases = json("pipeline.json") as Case[];

  test.each(cases.map((each) => [each.name, each] as const))(
    "is the reference's within one level: %s",
    async (name, run) => {
      const { width, height, steps, guidance, prompt, seed, distilled } = run;
      const before = liveHandles();
      const wanted = await pixelsOf(flux2, `${name}.png`);
      const pictures = await Promise.all(run.images.map((file) => pixelsOf(flux2, file)));
      const first = run.init_image && (await pixelsOf(flux2, run.init_image));
      const image = scope(() => {
        using vae = loadVae([model]);
        const seen = pictures.map((picture) => encode(vae, tensorOf(referenceOf(picture))));
        using encoder = loadTextEncoder([model]);
        const encoded = (text: string): Text => {
          const states = encoder.encode(encoder.prompted(text));
          return { data: numbers(states), tokens: states.shape[0]! };
        };
        using transformer = loadTransformer([model]);
        const start = noise({ width, height }, 128, seed);
        const used = sigmas(steps, (width * height) / 256).slice(firstStep(steps, run.image_strength ?? 0));
        const clean = denoise({
          transformer,
          sigmas: used,
          start: first
            ? mixed(encode(vae, tensorOf(resized(first, { width, height }))), start, used[0]!)
            : start,
          references: seen,
          positive: encoded(prompt),
          negative: !distilled && guidance > 1 ? encoded("") : undefined,
          guidance,
        });
        return bytesOf(decode(vae, clean));
      });
      expect(levels(image, wanted.data)).toBeLessThanOrEqual(1);
      expect(liveHandles()).toBe(before);
    },
  );

  test("can be seen on the way by a map of its latents", () => {
    using vae = loadVae([model]);
    scope(() => {
      const { projection, statistics } = previewOf(vae);
      expect(projection.length).toBe(33 * 3);
      const tokens = noise({ width: 64, height: 96 }, 128, 3);
      const cells = cellsBy(statistics, Tensor.from(tokens.data, [24, 128]), 6, 4);
      const { pixels, width, height } = project(cells, projection);
      expect([width, height]).toEqual([8, 12]);
      const drawn = decode(vae, tokens).reshape(12, 8, 8, 8, 3).mean([1, 3]).read("float32");
      const look = Float32Array.from(pixels, (value) => (value / 255) * 2 - 1);
      const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
      const rest = drawn.reduce((sum, value, i) => sum + (value - look[i]!) ** 2, 0);
      const whole = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(rest / whole).toBeLessThan(0.95);
    });
  });
});
