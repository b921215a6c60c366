/** Z-Image's networks and pictures against diffusers, on a tiny random checkpoint. */
import { describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clearCache,
  liveHandles,
  memory,
  random,
  resetPeak,
  saveSafetensors,
  scope,
  Tensor,
} from "../../../../ffi/index.ts";
import { project } from "../../../../src/models/diffusion/preview.ts";
import { bytesOf, numbers, type Text } from "../../../../src/models/diffusion/tokens.ts";
import { denoise } from "../../../../src/models/zimage/denoise.ts";
import { loadShift, loadTextEncoder, loadTransformer, loadVae } from "../../../../src/models/zimage/load.ts";
import { decode, noise, previewOf, unpack } from "../../../../src/models/zimage/pictures.ts";
import { sigmas, usualShift } from "../../../../src/models/zimage/schedule.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";
import { openForTests } from "../../../ffi/open.ts";
import { levels, pixelsOf } from "../diffusion/pixels.ts";
import { zimage } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";
import { measureText, measureTransformer, measureVae, model, transformers } from "./measure.ts";

openForTests();

const json = (file: string): unknown => JSON.parse(readFileSync(join(zimage, file), "utf8"));

describe("the networks of Z-Image", () => {
  test.each(transformers)("agree with the reference in every block of the transformer: %s", (name) => {
    const before = liveHandles();
    const errors = measureTransformer(name);
    expect(Object.keys(errors)).toEqual(["refined", "context", "block0", "block1", "velocity"]);
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

  test("agree in every layer of the text encoder, whose last one is not loaded", () => {
    const errors = measureText();
    expect(Object.keys(errors)).toEqual(["state0", "state1", "state2", "state3"]);
    for (const [place, error] of Object.entries(errors)) expect([place, error < 1e-5]).toEqual([place, true]);
  });

  test.each([3, 4, 5, 6, 8] as const)("run with %d-bit weights near what they stand for", (bits) => {
    const { velocity } = measureTransformer("padded", { bits });
    expect(velocity!).toBeLessThan({ 3: 1, 4: 0.6, 5: 0.3, 6: 0.15, 8: 0.05 }[bits]);
    expect(velocity!).toBeGreaterThan(1e-5);
  });
});

describe("sigmas()", () => {
  const cases = json("schedule.json") as { kind: "turbo" | "base"; steps: number; sigmas: number[] }[];

  test.each(cases.map((each) => [`${each.kind}, ${each.steps} steps`, each] as const))(
    "are those of the reference: %s",
    (_, { kind, steps, sigmas: wanted }) => {
      const ours = sigmas(steps, usualShift[kind]);
      expect(ours.length).toBe(steps + 1);
      expect(difference(ours, wanted)).toBeLessThan(1e-6);
    },
  );

  test("are shifted as the scheduler's config says, where there is one", () => {
    expect(loadShift([model])).toBe(3);
    expect(loadShift([join(model, "vae")])).toBeNull();
  });
});

test("prompts become the reference's tokens, special spellings among them, and lose what is past 512", () => {
  const cases = json("tokens.json") as [string, number[]][];
  using encoder = loadTextEncoder([model]);
  for (const [prompt, wanted] of cases) {
    const { tokens, cut } = encoder.prompted(prompt);
    expect([prompt, tokens]).toEqual([prompt, wanted]);
    expect(cut).toBe(wanted.length === 512);
  }
  expect(cases.filter(([, tokens]) => tokens.length === 512).length).toBeGreaterThan(0);
});

interface Case {
  name: string;
  kind: "turbo" | "base";
  width: number;
  height: number;
  steps: number;
  guidance: number;
  prompt: string;
  negative_prompt: string | null;
  seed: number;
}

test("noise is what MLX's generator draws for the seed, not rounded, one plane a channel", () => {
  scope(() => {
    const { data, rows, columns } = noise({ width: 48, height: 32 }, 16, 5);
    expect([rows, columns]).toEqual([2, 3]);
    const drawn = random.normal([16, 4, 6], random.key(5)).transpose(1, 2, 0).contiguous();
    const cells = unpack(Tensor.from(data, [6, 64]), 2, 3).contiguous();
    expect(numbers(cells)).toEqual(numbers(drawn));
  });
});

test("a transformer in single precision is converted while it is read, never held whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "zimage-"));
  try {
    cpSync(model, folder, { recursive: true });
    const file = join(folder, "transformer/diffusion_pytorch_model.safetensors");
    scope(() => {
      using opened = openSafetensors(file);
      const wide = [...opened.tensors.keys()].map(
        (name) => [name, opened.take(name).astype("float32")] as const,
      );
      saveSafetensors(file, Object.fromEntries(wide));
    });
    clearCache();
    const before = memory().active;
    resetPeak();
    using transformer = loadTransformer([folder], { bits: 4 });
    expect(memory().peak - before).toBeLessThan(0.5 * statSync(file).size);
    expect(transformer.linears.get("layers.0.attention.to_q")!.bits).toBe(4);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("a picture", () => {
  const cases = json("pipeline.json") as Case[];

  test.each(cases.map((each) => [each.name, each] as const))(
    "is the reference's within one level: %s",
    async (name, { kind, width, height, steps, guidance, prompt, negative_prompt, seed }) => {
      const before = liveHandles();
      const wanted = await pixelsOf(zimage, `${name}.png`);
      const image = scope(() => {
        using encoder = loadTextEncoder([model]);
        const encoded = (text: string): Text => {
          const states = encoder.encode(encoder.prompted(text));
          return { data: numbers(states), tokens: states.shape[0]! };
        };
        using transformer = loadTransformer([model]);
        const clean = denoise({
          transformer,
          sigmas: sigmas(steps, usualShift[kind]),
          start: noise({ width, height }, 16, seed),
          positive: encoded(prompt),
          negative: guidance > 1 ? encoded(negative_prompt ?? "") : undefined,
          guidance,
        });
        using vae = loadVae([model]);
        return bytesOf(decode(vae, clean));
      });
      expect(levels(image, wanted.data)).toBeLessThanOrEqual(1);
      expect(liveHandles()).toBe(before);
    },
  );

  test("can be seen on the way by a map of its latents", () => {
    using vae = loadVae([model]);
    scope(() => {
      const projection = previewOf(vae);
      expect(projection.length).toBe(17 * 3);
      const tokens = noise({ width: 64, height: 96 }, 16, 3);
      const cells = unpack(Tensor.from(tokens.data, [24, 64]), 6, 4);
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
