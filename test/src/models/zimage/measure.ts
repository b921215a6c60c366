/**
 * How far Z-Image's networks are from the reference at every stage that was recorded.
 *
 * @module
 */
import { join } from "node:path";
import { scope, type Tensor } from "../../../../ffi/index.ts";
import type { LoadOptions } from "../../../../src/models/diffusion/parts.ts";
import { loadTextEncoder, loadTransformer, loadVae } from "../../../../src/models/zimage/load.ts";
import { channelsLast, numbers, recorded, tensor, zimage } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";

export type Errors = Record<string, number>;
export const model = join(zimage, "model");

/** Recorded runs: with token counts off multiples of 32, and on them. */
export const transformers = ["padded", "even"] as const;

/** [channels, rows, columns] to tokens in the order row, column, channel. */
function tokensOf(latents: Tensor): Tensor {
  const [rows, columns, channels] = latents.shape as [number, number, number];
  return latents
    .reshape(rows / 2, 2, columns / 2, 2, channels)
    .transpose(0, 2, 1, 3, 4)
    .reshape(-1, 4 * channels);
}

export function measureTransformer(
  name: (typeof transformers)[number],
  options: LoadOptions & { paths?: string[] } = {},
): Errors {
  const { get } = recorded(zimage, `dit-${name}.safetensors`);
  using transformer = loadTransformer(options.paths ?? [model], options);
  const errors: Errors = {};
  scope(() => {
    const map = channelsLast(get("latents"));
    const grid = [map.shape[0]! / 2, map.shape[1]! / 2] as const;
    const side = transformer.side(tensor(get("caption")), grid);
    const out = transformer.forward(tokensOf(map), get("sigma").values[0]!, side, undefined, (place, x) => {
      errors[place] = difference(numbers(x), get(place).values);
    });
    errors.velocity = difference(numbers(out), numbers(tokensOf(channelsLast(get("velocity")))));
  });
  return errors;
}

export function measureVae(bytes?: number): Errors {
  const { get } = recorded(zimage, "vae.safetensors");
  using vae = loadVae([model]);
  const errors: Errors = {};
  const tap = (name: string, x: Tensor) => {
    if (/^(encoder\.mid|decoder\.mid|down\d|up\d)$/.test(name))
      errors[name] = difference(numbers(x.at(0)), numbers(channelsLast(get(name))));
  };
  const { scaling, shift } = vae.config;
  scope(() => {
    const encoded = vae
      .encode(channelsLast(get("picture")), { tap, ...(bytes !== undefined && { bytes }) })
      .sub(shift!)
      .mul(scaling!);
    errors.encoded = difference(numbers(encoded), numbers(channelsLast(get("encoded"))));
    const decoded = vae.decode(channelsLast(get("latents")).div(scaling!).add(shift!), {
      tap,
      ...(bytes !== undefined && { bytes }),
    });
    errors.decoded = difference(numbers(decoded), numbers(channelsLast(get("decoded"))));
  });
  return errors;
}

/** The states after every layer that is loaded. */
export function measureText(): Errors {
  const { get } = recorded(zimage, "text.safetensors");
  using encoder = loadTextEncoder([model]);
  return scope(() => {
    const layers = encoder.language.layers.map((_, i) => i + 1);
    const states = encoder.language.forward([...get("ids").values], [0, ...layers]);
    return Object.fromEntries(
      states.map((state, i) => [`state${i}`, difference(numbers(state), get(`state${i}`).values)]),
    );
  });
}
