/**
 * How far SeedVR2's networks are from the reference at every stage that was recorded. The tests hold the numbers to their limits;
 * `scripts/docs/fidelity.ts` prints them.
 *
 * @module
 */
import { join } from "node:path";
import sharp from "sharp";
import { scope, Tensor } from "../../../../ffi/index.ts";
import { Blend, tilesOf } from "../../../../src/images/tiles.ts";
import { type ColorFix, fixColors } from "../../../../src/models/seedvr2/color.ts";
import { loadText, loadTransformer, loadVae } from "../../../../src/models/seedvr2/load.ts";
import type { Transformer } from "../../../../src/models/seedvr2/transformer.ts";
import { decode, denoise, encode, enlarge } from "../../../../src/models/seedvr2/upscale.ts";
import type { Vae } from "../../../../src/models/seedvr2/vae.ts";
import { difference } from "../fixtures.ts";
import { channelsLast, folder, json, numbers, recorded } from "./fixtures.ts";

export const variants = ["3b", "7b"] as const;
export type Errors = Record<string, number>;

/** Inside a network, and behind the colour fix, which sorts. */
export const limits = { stage: 2e-5, colors: 1e-4, levels: 1 };

export function measureTransformer(transformer: Transformer, variant: string, steps: number[] = []): Errors {
  const get = recorded(`dit-${variant}.safetensors`);
  const errors: Errors = {};
  const text = get("txt");
  scope(() => {
    const out = transformer.forward(
      channelsLast(get("vid")),
      Tensor.from(text.values, text.shape.slice(1)),
      1000,
      (done, total) => steps.push(done / total),
      (block, { vid, txt }) => {
        errors[`block${block}.vid`] = difference(numbers(vid), get(`block${block}.vid`).values);
        errors[`block${block}.txt`] = difference(numbers(txt), get(`block${block}.txt`).values);
      },
    );
    errors.out = difference(numbers(out), numbers(channelsLast(get("out"))));
  });
  return errors;
}

export function measureVae(vae: Vae): Errors {
  const get = recorded("vae.safetensors");
  const errors: Errors = {};
  const tap = (name: string, x: Tensor) => {
    errors[name] = difference(numbers(x.at(0)), numbers(channelsLast(get(name))));
  };
  scope(() => {
    errors.encoded = difference(
      numbers(vae.encode(channelsLast(get("image")), tap)),
      numbers(channelsLast(get("encoded"))),
    );
    errors.decoded = difference(
      numbers(vae.decode(channelsLast(get("latent")), tap)),
      numbers(channelsLast(get("decoded"))),
    );
  });
  return errors;
}

/** Tiles of 64 pixels that share 16, on a picture of 136×112. */
export function measureTiles(vae: Vae): Errors {
  const get = recorded("vae.safetensors");
  return scope(() => {
    const image = channelsLast(get("tiled.image"));
    const [rows, columns] = [image.shape[0]! / 8, image.shape[1]! / 8];
    const coded = new Blend(rows, columns, 16, 2);
    const drawn = new Blend(8 * rows, 8 * columns, 3, 16);
    const latents = channelsLast(get("tiled.encoded"));
    for (const tile of tilesOf(rows, columns, 8, 2)) {
      const { top, left } = tile;
      const [down, right] = [top + tile.rows, left + tile.columns];
      const part = image.slice([8 * top, 8 * left], [8 * down, 8 * right]);
      coded.add(tile, numbers(vae.encode(part)));
      const scaled = { top: 8 * top, left: 8 * left, rows: 8 * tile.rows, columns: 8 * tile.columns };
      drawn.add(scaled, numbers(vae.decode(latents.slice([top, left], [down, right]))));
    }
    return {
      "encoded in tiles": difference(coded.finish().data, numbers(latents)),
      "decoded in tiles": difference(drawn.finish().data, numbers(channelsLast(get("tiled.decoded")))),
    };
  });
}

export const colorFixes = ["wavelet-lab", "wavelet", "lab"] as const;

export function measureColors(how: ColorFix): number {
  const get = recorded("color.safetensors");
  return scope(() => {
    const fixed = fixColors(channelsLast(get("content")), channelsLast(get("style")), how);
    return difference(numbers(fixed), numbers(channelsLast(get(how))));
  });
}

export interface Case {
  variant: string;
  input: string;
  resolution: string | number;
  softness: number;
  seed: number;
  width: number;
  height: number;
  output: string;
}

export const pipelines = json("pipeline.json") as Case[];

/** Levels by which the bytes of a whole run differ, and how many do. */
export async function measurePipeline({ variant, input, softness, seed, width, height, output }: Case) {
  const raw = await sharp(join(folder, input)).raw().toBuffer({ resolveWithObject: true });
  const wanted = await sharp(join(folder, output)).raw().toBuffer();
  using vae = loadVae([folder]).vae;
  using transformer = loadTransformer([join(folder, variant), folder], variant).transformer;
  const text = loadText([folder], transformer.config.text);
  const source = { data: raw.data, width: raw.info.width, height: raw.info.height, channels: 3 };
  const style = enlarge(source, width, height, softness);
  const tiling = { tile: 512, overlap: 64 };
  const low = encode(vae, style, tiling);
  const made = decode(vae, denoise(transformer, low, text, seed), style, "wavelet-lab", tiling);
  if (made.length !== wanted.length) throw new Error(`${made.length} bytes where ${wanted.length} are due`);
  let most = 0;
  let off = 0;
  made.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - wanted[i]!));
    if (value !== wanted[i]) off++;
  });
  return { most, off, count: made.length };
}
