/**
 * The steps from noise to a picture, over the networks.
 *
 * @module
 */
import { concat, scope, Tensor } from "../../../ffi/index.ts";
import { tilesOf } from "../../images/tiles.ts";
import { tileByTile } from "../../nn/tiled.ts";
import { type Interval, isInside } from "../diffusion/interval.ts";
import { type Kept, keeping } from "../diffusion/keeping.ts";
import { fitProjection, type Projection } from "../diffusion/preview.ts";
import type { StepCache } from "../diffusion/step-cache.ts";
import {
  bytesOf,
  drawn,
  numbers as read,
  type Size,
  type Step,
  type Text,
  type Tokens,
  textTensor,
  tokensTensor,
} from "../diffusion/tokens.ts";
import { guide } from "./guidance.ts";
import { type Modulation, stepOf } from "./modulation.ts";
import type { Grid } from "./rope.ts";
import type { Transformer } from "./transformer.ts";
import type { Vae } from "./vae.ts";

/** Cells of latents on a side of a token. */
const patch = 2;
/** Pixels on a side of a token: the coder halves three times, a token is two by two cells. */
export const tokenSide = 16;

/** [rows, columns, channels] to tokens of two by two cells, in the order channel, row, column. */
function pack(latents: Tensor): { tensor: Tensor; rows: number; columns: number } {
  const [height, width, channels] = latents.shape as [number, number, number];
  const [rows, columns] = [height / patch, width / patch];
  const tensor = latents
    .reshape(rows, patch, columns, patch, channels)
    .transpose(0, 2, 4, 1, 3)
    .reshape(rows * columns, channels * patch ** 2);
  return { tensor, rows, columns };
}

function unpack(tokens: Tensor, rows: number, columns: number): Tensor {
  const channels = tokens.shape[1]! / patch ** 2;
  return tokens
    .reshape(rows, columns, channels, patch, patch)
    .transpose(0, 3, 1, 4, 2)
    .reshape(rows * patch, columns * patch, channels);
}

/** A picture of at most this many tiles' pixels is not cut, because tiles cannot look past their edges. */
export const wholeTiles = 2;

export interface Tiling {
  /** Pixels of a tile's side, and how many of them neighbours share. */
  tile: number;
  overlap: number;
}

/** A picture [rows, columns, 3] in −1 … 1 to tokens. */
export function encode(vae: Vae, picture: Tensor, { tile, overlap }: Tiling, step: Step = () => {}): Tokens {
  return scope(() => {
    const { cell } = vae;
    const [rows, columns] = [picture.shape[0]! / cell, picture.shape[1]! / cell];
    const tiles = tilesFor(rows, columns, tile / cell, overlap / cell);
    const latents = tileByTile(
      tiles,
      ({ top, left, ...size }) =>
        vae.encode(
          picture.slice([top * cell, left * cell], [(top + size.rows) * cell, (left + size.columns) * cell]),
        ),
      { rows, columns, channels: vae.config.z_dim, overlap: overlap / cell, step },
    );
    const packed = pack(Tensor.from(latents.data, [rows, columns, latents.channels]));
    return { data: read(packed.tensor), rows: packed.rows, columns: packed.columns };
  });
}

const tilesFor = (rows: number, columns: number, tile: number, overlap: number) =>
  rows * columns <= wholeTiles * tile ** 2
    ? [{ top: 0, left: 0, rows, columns }]
    : tilesOf(rows, columns, tile, overlap);

/** Cells on a side of the noise that previews are fitted to. */
const previewSide = 16;

export const previewOf = (vae: Vae): Projection =>
  scope(() =>
    fitProjection(drawn([previewSide, previewSide, vae.config.z_dim], 0), (latents) => vae.decode(latents)),
  );

/** Noise for a picture. The seed's numbers are those of other programs on MLX. */
export function noise({ width, height }: Size, channels: number, seed: number): Tokens {
  const [rows, columns] = [height / tokenSide, width / tokenSide];
  return scope(() => ({ data: read(drawn([1, rows * columns, channels], seed)), rows, columns }));
}

export interface Denoising {
  transformer: Transformer;
  /** Noise levels, from that of the first step to 0. */
  sigmas: readonly number[];
  modulation: Modulation;
  start: Tokens;
  references: readonly Tokens[];
  /** Of an edit of a part: the picture that stays, the noise that it stands under on the way, and the mask. */
  kept?: Kept;
  positive: Text;
  /** Enables guidance. */
  negative?: Text | undefined;
  guidance: number;
  /** The part of the steps in which the negative prompt counts. */
  interval?: Interval | null;
  cache?: StepCache | undefined;
  /** Both texts at once instead of one after the other. */
  batch?: boolean;
  step?: Step;
  /** Called after a step with the predicted clean latents [rows, columns, channels]. */
  guess?: (done: number, latents: () => Tensor) => void;
}

/** From noise to the tokens of a picture. */
export function denoise(run: Denoising): Tokens {
  const { transformer, sigmas, modulation, start, references, guidance, batch = false } = run;
  const { step = () => {}, guess = () => {} } = run;
  const { rows, columns } = start;
  const total = sigmas.length - 1;
  return scope(() => {
    const grids: Grid[] = [start, ...references].map((tokens) => [tokens.rows, tokens.columns]);
    const conditions = references.map(tokensTensor);
    const side = (text: Text) => ({
      text: textTensor(text),
      places: transformer.places(grids, text.tokens),
    });
    const positive = side(run.positive);
    const negative = run.negative && guidance > 1 ? side(run.negative) : undefined;
    const sides = negative ? [positive, negative] : [positive];
    const keep = keeping(run.kept);
    let latents = tokensTensor(start);
    for (let i = 0; i < total; i++) {
      const sigma = sigmas[i]!;
      latents = scope(() => {
        const level = stepOf(modulation, i);
        const all = concat([latents, ...conditions], 0);
        const texts = isInside(run.interval, i, total) ? [...sides.keys()] : [0];
        const passes = batch ? [texts] : texts.map((text) => [text]);
        run.cache?.begin(texts);
        const [wanted, other] = passes.flatMap((pass, number) =>
          transformer.forwardAll(
            all,
            pass.map((text) => sides[text]!),
            level,
            (done, blocks) => step(i + (number + done / blocks) / passes.length, total),
            undefined,
            run.cache?.pass(pass),
          ),
        );
        const velocity = other ? guide(wanted!, other, guidance) : wanted!;
        guess(i + 1, () => unpack(keep(latents.sub(velocity.mul(sigma)), 0), rows, columns));
        return keep(latents.add(velocity.mul(sigmas[i + 1]! - sigma)), sigmas[i + 1]!);
      });
    }
    return { data: read(latents), rows, columns };
  });
}

/** The picture of some tokens, as bytes. */
export function decode(
  vae: Vae,
  tokens: Tokens,
  { tile, overlap }: Tiling,
  step: Step = () => {},
  look: (values: Float32Array) => void = () => {},
): Uint8Array {
  return scope(() => {
    const { cell } = vae;
    const latents = unpack(tokensTensor(tokens), tokens.rows, tokens.columns).contiguous();
    const [rows, columns] = latents.shape as [number, number];
    const tiles = tilesFor(rows, columns, tile / cell, overlap / cell);
    const { data } = tileByTile(
      tiles,
      ({ top, left, ...size }) =>
        vae.decode(latents.slice([top, left], [top + size.rows, left + size.columns])),
      { rows: rows * cell, columns: columns * cell, channels: 3, overlap, scale: cell, step, look },
    );
    return bytesOf(Tensor.from(data));
  });
}
