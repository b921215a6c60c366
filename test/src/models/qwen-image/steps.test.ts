import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { liveHandles } from "../../../../ffi/index.ts";
import type { Interval } from "../../../../src/models/diffusion/interval.ts";
import { StepCache } from "../../../../src/models/diffusion/step-cache.ts";
import type { Text, Tokens } from "../../../../src/models/diffusion/tokens.ts";
import { denoise } from "../../../../src/models/qwen-image/diffusion.ts";
import { loadModulator, loadSchedule, loadTransformer } from "../../../../src/models/qwen-image/load.ts";
import { sigmas } from "../../../../src/models/qwen-image/schedule.ts";
import { openForTests } from "../../../ffi/open.ts";
import { recorded } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";
import { model } from "./fixtures.ts";

openForTests();
const folder = join(import.meta.dir, "../../../fixtures/qwen-steps");
const { get } = recorded(folder, "pipeline.safetensors");
const { width, height, steps, cases } = JSON.parse(readFileSync(join(folder, "pipeline.json"), "utf8")) as {
  width: number;
  height: number;
  steps: number;
  cases: { threshold: number; reused: number }[];
};
const values = (name: string) => Float32Array.from(get(name).values);
const start = (): Tokens => ({ data: values("noise"), rows: height / 16, columns: width / 16 });
const positive = (): Text => ({ data: values("text"), tokens: 11 });
const negative = (): Text => ({ data: values("text").map((value) => -value), tokens: 11 });

interface Way {
  guided?: boolean;
  batch?: boolean;
  threshold?: number;
  interval?: Interval;
}

/** The latents of a run, how many of its steps were reused, and how often the network ran a whole text's blocks. */
function run({ guided = false, batch = false, threshold, interval }: Way) {
  using modulator = loadModulator([model]);
  using transformer = loadTransformer([model]);
  using cache = threshold === undefined ? undefined : new StepCache(threshold);
  const used = sigmas(steps, (width * height) / 256, loadSchedule([model]));
  const all = transformer.forwardAll.bind(transformer);
  let texts = 0;
  transformer.forwardAll = (...given) => {
    texts += given[1].length;
    return all(...given);
  };
  const { data } = denoise({
    transformer,
    sigmas: used,
    modulation: modulator.forward(used.slice(0, -1)),
    start: start(),
    references: [],
    positive: positive(),
    negative: guided ? negative() : undefined,
    guidance: 3,
    batch,
    cache,
    ...(interval && { interval }),
  });
  return { data, reused: cache?.reused ?? 0, texts };
}

describe("a step cache", () => {
  test("reuses the steps that diffusers' first-block cache reuses, and gives its latents", () => {
    const before = liveHandles();
    for (const { threshold, reused } of cases) {
      const made = run({ threshold });
      expect([threshold, made.reused]).toEqual([threshold, reused]);
      expect(difference(made.data, values(`latents.${threshold}`))).toBeLessThan(1e-4);
    }
    expect(new Set(cases.map(({ reused }) => reused)).size).toBeGreaterThan(2);
    expect(liveHandles()).toBe(before);
  }, 60_000);

  test("of no share changes nothing", () => {
    expect(run({ threshold: 0 }).data).toEqual(run({}).data);
  }, 60_000);

  test("decides the same whether both texts run at once or one after the other", () => {
    for (const interval of [undefined, [0.2, 0.8]] as const) {
      const way = { guided: true, threshold: 0.8, ...(interval && { interval }) };
      const [one, both] = [run(way), run({ ...way, batch: true })];
      expect(one.reused).toBeGreaterThan(0);
      expect(both.reused).toBe(one.reused);
      expect(difference(both.data, one.data)).toBeLessThan(1e-4);
    }
  }, 60_000);
});

describe("an interval of guidance", () => {
  test("runs the negative prompt in that part of the steps alone", () => {
    expect(run({ guided: true }).texts).toBe(2 * steps);
    expect(run({ guided: true, interval: [0, 0.5] }).texts).toBe(1.5 * steps);
    expect(run({ guided: true, interval: [0.25, 0.5], batch: true }).texts).toBe(1.25 * steps);
  }, 60_000);

  test("of all steps is guidance as usual, of none a run without", () => {
    const usual = run({ guided: true });
    expect(run({ guided: true, interval: [0, 1] }).data).toEqual(usual.data);
    expect(run({ guided: true, interval: [0.99, 1] }).data).toEqual(run({}).data);
    expect(run({ guided: true, interval: [0, 0.5] }).data).not.toEqual(usual.data);
  }, 60_000);
});
