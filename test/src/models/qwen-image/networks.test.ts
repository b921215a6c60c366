import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { liveHandles, scope, type Tensor } from "../../../../ffi/index.ts";
import { firstStep } from "../../../../src/models/diffusion/tokens.ts";
import { guide } from "../../../../src/models/qwen-image/guidance.ts";
import {
  loadModulator,
  loadTextEncoder,
  loadTransformer,
  loadVae,
} from "../../../../src/models/qwen-image/load.ts";
import { stepOf } from "../../../../src/models/qwen-image/modulation.ts";
import { lightning, sigmas } from "../../../../src/models/qwen-image/schedule.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference } from "../fixtures.ts";
import { channelsLast, folder, model, numbers, recorded, single } from "./fixtures.ts";
import { measureTransformer, measureVae, transformers } from "./measure.ts";

openForTests();

const standard = {
  base_image_seq_len: 256,
  max_image_seq_len: 8192,
  base_shift: 0.5,
  max_shift: 0.9,
  shift_terminal: 0.02,
};

describe("sigmas()", () => {
  const cases = JSON.parse(readFileSync(join(folder, "schedule.json"), "utf8")) as {
    kind: "standard" | "lightning";
    width: number;
    height: number;
    steps: number;
    sigmas: number[];
  }[];

  test.each(cases.map((each) => [`${each.kind} ${each.width}x${each.height} ${each.steps}`, each] as const))(
    "are those of the reference: %s",
    (_, { kind, width, height, steps, sigmas: wanted }) => {
      const ours = sigmas(steps, (width * height) / 256, kind === "standard" ? standard : lightning);
      expect(ours.length).toBe(steps + 1);
      expect(difference(ours, wanted)).toBeLessThan(1e-6);
    },
  );

  test("are 1 and 0 for one step, where the stretch has no length", () => {
    expect(sigmas(1, 4096, standard)).toEqual([1, 0]);
    expect(sigmas(1, 4096, lightning)).toEqual([1, 0]);
  });

  test.each([
    [30, 0.4, 12],
    [30, 0, 0],
    [3, 0.1, 1],
    [100, 0.29, 28],
    [4, 1, 4],
  ])("start at a later step the more of the picture stays: %d steps, %d", (steps, strength, first) => {
    expect(firstStep(steps, strength)).toBe(first);
  });
});

test("guidance keeps the length of each token", () => {
  const { get } = recorded("guidance.safetensors");
  scope(() => {
    const [positive, negative] = [get("positive"), get("negative")].map((each) =>
      single({ shape: [1, ...each.shape], values: each.values }),
    ) as [Tensor, Tensor];
    expect(difference(numbers(guide(positive, negative, 3.5)), get("guided").values)).toBeLessThan(1e-6);
  });
});

describe("the transformer", () => {
  test.each(transformers)("agrees with the reference in every block: %s", (name) => {
    const before = liveHandles();
    const errors = measureTransformer(name);
    expect(Object.keys(errors).length).toBe(5);
    for (const [place, error] of Object.entries(errors)) expect([place, error < 1e-5]).toEqual([place, true]);
    expect(liveHandles()).toBe(before);
  });

  test.each([3, 4, 5, 6, 8] as const)("runs with %d-bit weights near what they stand for", (bits) => {
    const { out } = measureTransformer("references", { bits });
    expect(out!).toBeLessThan({ 3: 0.6, 4: 0.4, 5: 0.2, 6: 0.1, 8: 0.03 }[bits]);
    expect(out!).toBeGreaterThan(1e-5);
  });

  test("keeps the picture's modulation at eight bits where the rest has four", () => {
    using modulator = loadModulator([model], { bits: 4 });
    expect(modulator.img_mod[0]!.bits).toBe(8);
    expect(modulator.txt_mod[0]!.bits).toBe(4);
  });
});

/** How alike two lists of numbers point. */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, left, right] = [0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    both += a[i]! * b[i]!;
    left += a[i]! ** 2;
    right += b[i]! ** 2;
  }
  return both / Math.sqrt(left * right);
}

describe("in half precision, as on a GPU,", () => {
  const dtype = "bfloat16" as const;

  test("the transformer points where the reference does", () => {
    const { get } = recorded("dit-plain.safetensors");
    using transformer = loadTransformer([model], { dtype });
    using modulator = loadModulator([model], { dtype });
    scope(() => {
      const modulation = stepOf(modulator.forward([...get("sigma").values]), 0);
      const text = single(get("text"));
      const places = transformer.places([[5, 6]], text.shape[0]!);
      const out = transformer.forward(single(get("latents")), text, places, modulation);
      expect(out.dtype).toBe("float32");
      expect(cosine(numbers(out), get("out").values)).toBeGreaterThan(0.999);
    });
  });

  test("the text encoder does", () => {
    const { get } = recorded("text.safetensors");
    using encoder = loadTextEncoder([model], { dtype });
    scope(() => {
      const out = encoder.states([...get("plain.ids").values], []);
      expect(out.dtype).toBe(dtype);
      expect(cosine(numbers(out), get("plain.3").values)).toBeGreaterThan(0.999);
    });
  });

  test("the picture coder does", () => {
    const { get } = recorded("vae.safetensors");
    using vae = loadVae([model], { dtype });
    scope(() => {
      const encoded = vae.encode(channelsLast(get("picture")));
      expect(cosine(numbers(encoded), numbers(channelsLast(get("encoded"))))).toBeGreaterThan(0.999);
      const decoded = vae.decode(channelsLast(get("latents")));
      expect(cosine(numbers(decoded), numbers(channelsLast(get("decoded"))))).toBeGreaterThan(0.999);
    });
  });
});

test("the picture coder agrees with the reference at every stage, folded from video to stills", () => {
  const before = liveHandles();
  {
    const errors = measureVae();
    expect(Object.keys(errors).length).toBe(19);
    for (const [place, error] of Object.entries(errors)) expect([place, error < 2e-5]).toEqual([place, true]);
    using vae = loadVae([model]);
    expect(vae.cell).toBe(8);
  }
  expect(liveHandles()).toBe(before);
});
