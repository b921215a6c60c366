/**
 * How far Qwen-Image's networks are from the reference at every stage that was recorded. The tests hold the numbers to their
 * limits; `scripts/docs/fidelity.ts` prints them.
 *
 * @module
 */
import { scope, Tensor } from "../../../../ffi/index.ts";
import {
  loadModulator,
  loadTextEncoder,
  loadTransformer,
  loadVae,
} from "../../../../src/models/qwen-image/load.ts";
import { stepOf } from "../../../../src/models/qwen-image/modulation.ts";
import { difference } from "../fixtures.ts";
import { channelsLast, model, numbers, recorded, single } from "./fixtures.ts";

export type Errors = Record<string, number>;

/** Transformers that were recorded: one picture, two references, and references that are taken for clean. */
export const transformers = ["plain", "references", "zero"] as const;

export function measureTransformer(
  name: (typeof transformers)[number],
  options: { bits?: 3 | 4 | 5 | 6 | 8 } = {},
): Errors {
  const { get } = recorded(`dit-${name}.safetensors`);
  using transformer = loadTransformer([model], options);
  using modulator = loadModulator([model], options);
  modulator.config.zero_cond_t = name === "zero";
  const flat = [...get("shapes").values];
  const grids = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const);
  const errors: Errors = {};
  scope(() => {
    const modulation = stepOf(modulator.forward([...get("sigma").values]), 0);
    const text = single(get("text"));
    const latents = single(get("latents"));
    const places = transformer.places(grids, text.shape[0]!);
    const out = transformer.forward(latents, text, places, modulation, undefined, (block, { img, txt }) => {
      errors[`block${block}.img`] = difference(numbers(img), get(`block${block}.img`).values);
      errors[`block${block}.txt`] = difference(numbers(txt), get(`block${block}.txt`).values);
    });
    const wanted = get("out").values.subarray(0, out.size);
    errors.out = difference(numbers(out), wanted);
  });
  return errors;
}

export function measureVae(): Errors {
  const { get } = recorded("vae.safetensors");
  using vae = loadVae([model]);
  const errors: Errors = {};
  const tap = (name: string, x: Tensor) => {
    errors[name] = difference(numbers(x.at(0)), numbers(channelsLast(get(name))));
  };
  scope(() => {
    errors.encoded = difference(
      numbers(vae.encode(channelsLast(get("picture")), tap)),
      numbers(channelsLast(get("encoded"))),
    );
    errors.decoded = difference(
      numbers(vae.decode(channelsLast(get("latents")), tap)),
      numbers(channelsLast(get("decoded"))),
    );
  });
  return errors;
}

/** The language model's layers on words alone, and what it makes of two pictures and words about them. */
export function measureText(): Errors {
  const { get } = recorded("text.safetensors");
  using encoder = loadTextEncoder([model]);
  const ids = (name: string) => [...get(name).values];
  const errors: Errors = {};
  scope(() => {
    encoder.states(ids("plain.ids"), [], undefined, (layer, x) => {
      errors[`layer${layer}`] = difference(numbers(x), get(`plain.${layer}`).values);
    });
    const { values } = get("both.patches");
    const grid = get("both.grid").values;
    let from = 0;
    const patches = [0, 1].map((i) => {
      const [rows, columns] = [grid[3 * i + 1]!, grid[3 * i + 2]!];
      const part = values.subarray(from, from + rows * columns * 1176);
      from += part.length;
      return { values: Tensor.from(part, [rows * columns, 1176]), rows, columns };
    });
    const seen = encoder.see(patches);
    const vision = seen.flatMap(({ tokens }) => [...numbers(tokens)]);
    errors["two pictures"] = difference(vision, get("both.vision").values);
    const out = encoder.states(ids("both.ids"), seen);
    errors["words about them"] = difference(numbers(out), get("both.out").values);
  });
  return errors;
}
