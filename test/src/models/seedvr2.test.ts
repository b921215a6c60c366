import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles, scope, Tensor } from "../../../ffi/index.ts";
import { loadTransformer, loadVae } from "../../../src/models/seedvr2/load.ts";
import { partition, windowsOf } from "../../../src/models/seedvr2/windows.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference } from "./fixtures.ts";
import { channelsLast, folder, json, numbers, recorded } from "./seedvr2/fixtures.ts";
import {
  colorFixes,
  type Errors,
  limits,
  measureColors,
  measurePipeline,
  measureTiles,
  measureTransformer,
  measureVae,
  pipelines,
  variants,
} from "./seedvr2/measure.ts";

openForTests();

function expectNear(errors: Errors, stages: number) {
  for (const [stage, error] of Object.entries(errors))
    expect([stage, error < limits.stage]).toEqual([stage, true]);
  expect(Object.keys(errors).length).toBe(stages);
}

describe("windowsOf()", () => {
  const cases = json("windows.json") as {
    height: number;
    width: number;
    shift: boolean;
    windows: [number, number, number, number][];
  }[];

  test.each(
    cases.map((each) => [`${each.height}x${each.width} ${each.shift ? "shifted" : "plain"}`, each] as const),
  )("cuts %s as the reference does", (_, { height, width, shift, windows }) => {
    const ours = windowsOf(height, width, shift, [4, 3, 3]);
    expect(ours.map(({ top, bottom, left, right }) => [top, bottom, left, right])).toEqual(windows);
    const { order, back } = partition(ours, width);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: height * width }, (_, i) => i));
    expect([...back.map((place) => order[place]!)]).toEqual(
      Array.from({ length: height * width }, (_, i) => i),
    );
  });

  test("makes uneven windows of the recorded network's tokens, plain and shifted", () => {
    // [33, 48, 42] of latents are 24×21 tokens
    for (const shifted of [false, true]) {
      const { groups } = partition(windowsOf(24, 21, shifted, [4, 3, 3]), 21);
      expect(groups.length).toBeGreaterThan(shifted ? 2 : 0);
    }
    expect(windowsOf(24, 21, true, [4, 3, 3])).not.toEqual(windowsOf(24, 21, false, [4, 3, 3]));
  });
});

describe.each(variants)("the transformer in the form of %s", (variant) => {
  test("agrees with the reference in every block, over even, uneven and shifted windows", () => {
    const before = liveHandles();
    {
      using transformer = loadTransformer([join(folder, variant)], variant).transformer;
      const steps: number[] = [];
      expectNear(measureTransformer(transformer, variant, steps), 2 * transformer.config.layers + 1);
      expect(steps.at(-1)).toBe(1);
    }
    expect(liveHandles()).toBe(before);
  });

  test.each([3, 4, 5, 6, 8] as const)("runs with %d-bit weights near what they stand for", (bits) => {
    const get = recorded(`dit-${variant}.safetensors`);
    using transformer = loadTransformer([join(folder, variant)], variant, { bits }).transformer;
    scope(() => {
      const text = get("txt");
      const words = Tensor.from(text.values, text.shape.slice(1));
      const out = numbers(transformer.forward(channelsLast(get("vid")), words, 1000));
      const error = difference(out, numbers(channelsLast(get("out"))));
      expect(error).toBeLessThan({ 3: 0.6, 4: 0.35, 5: 0.2, 6: 0.1, 8: 0.03 }[bits]);
      expect(error).toBeGreaterThan(1e-5);
    });
  });
});

describe("the picture coder", () => {
  test("agrees with the reference at every stage, folded from video to stills", () => {
    const before = liveHandles();
    {
      using vae = loadVae([folder]).vae;
      expectNear(measureVae(vae), 12);
    }
    expect(liveHandles()).toBe(before);
  });

  test("fades tiles into each other as the reference does", () => {
    using vae = loadVae([folder]).vae;
    expectNear(measureTiles(vae), 2);
  }, 60_000);
});

test.each(colorFixes)("fixColors() agrees with the reference in the mode %s", (how) => {
  expect(measureColors(how)).toBeLessThan(limits.colors);
});

test.each(pipelines.map((each) => [each.output, each] as const))(
  "from picture to picture, %s is made within one level",
  async (_, each) => {
    const before = liveHandles();
    const { most } = await measurePipeline(each);
    expect(most).toBeLessThanOrEqual(limits.levels);
    expect(liveHandles()).toBe(before);
  },
  120_000,
);
