/**
 * How far FLUX.2's networks are from the reference at every stage that was recorded.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scope, type Tensor } from "../../../../ffi/index.ts";
import type { LoadOptions } from "../../../../src/models/diffusion/parts.ts";
import { loadTextEncoder, loadTransformer, loadVae } from "../../../../src/models/flux2/load.ts";
import { decode, encode } from "../../../../src/models/flux2/pictures.ts";
import { channelsLast, flux2, numbers, recorded, single } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";

export type Errors = Record<string, number>;
export const model = join(flux2, "model");

/** Recorded runs: one picture, and one with two references. */
export const transformers = ["plain", "references"] as const;

export function measureTransformer(
  name: (typeof transformers)[number],
  { paths = [model], ...options }: LoadOptions & { paths?: string[] } = {},
): Errors {
  const { get } = recorded(flux2, `dit-${name}.safetensors`);
  using transformer = loadTransformer(paths, options);
  const errors: Errors = {};
  scope(() => {
    const shapes = get("shapes").values;
    const grids = Array.from(
      { length: shapes.length / 2 },
      (_, i) => [shapes[2 * i]!, shapes[2 * i + 1]!] as const,
    );
    const all = single(get("latents"));
    let from = 0;
    const [target, ...references] = grids.map((grid) => {
      const tokens = all.slice([from], [from + grid[0] * grid[1], all.shape[1]!]);
      from += tokens.shape[0]!;
      return { tokens, grid };
    });
    const side = transformer.side(single(get("text")), target!.grid, references);
    const sigma = get("sigma").values[0]!;
    const out = transformer.forward(target!.tokens, sigma, side, undefined, (place, x) => {
      errors[place] = difference(numbers(x), get(place).values);
    });
    errors.velocity = difference(numbers(out), get("velocity").values);
  });
  return errors;
}

export function measureVae(bytes?: number): Errors {
  const { get } = recorded(flux2, "vae.safetensors");
  using vae = loadVae([model]);
  const errors: Errors = {};
  const tap = (name: string, x: Tensor) => {
    if (/^(encoder\.mid|decoder\.mid|down\d|up\d)$/.test(name))
      errors[name] = difference(numbers(x.at(0)), numbers(channelsLast(get(name))));
  };
  scope(() => {
    const { data } = encode(vae, channelsLast(get("picture")), {
      tap,
      ...(bytes !== undefined && { bytes }),
    });
    errors.encoded = difference(data, numbers(channelsLast(get("encoded"))));
    const tokens = channelsLast(get("latents"));
    const [rows, columns] = tokens.shape as [number, number];
    const decoded = decode(
      vae,
      { data: numbers(tokens) as Float32Array<ArrayBuffer>, rows, columns },
      { tap },
    );
    errors.decoded = difference(numbers(decoded), numbers(channelsLast(get("decoded"))));
  });
  return errors;
}

/** What prompts become, a short one whose window is mostly padding, and one that is cut. */
export function measureText(): Errors {
  const { get } = recorded(flux2, "text.safetensors");
  const prompts = JSON.parse(readFileSync(join(flux2, "text.json"), "utf8")) as Record<string, string>;
  using encoder = loadTextEncoder([model]);
  return Object.fromEntries(
    Object.entries(prompts).map(([name, prompt]) => [
      name,
      scope(() => difference(numbers(encoder.encode(encoder.prompted(prompt))), get(name).values)),
    ]),
  );
}
