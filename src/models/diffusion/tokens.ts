/**
 * Numbers that travel between the phases of a diffusion model, and what all such models do with them.
 *
 * @module
 */
import { random, scope, Tensor } from "../../../ffi/index.ts";

export type Step = (done: number, total: number) => void;

export interface Size {
  width: number;
  height: number;
}

/** Tokens of a picture, [rows · columns, channels]. */
export type Tokens = { data: Float32Array<ArrayBuffer>; rows: number; columns: number };
/** States of a text, [tokens, channels]. */
export type Text = { data: Float32Array<ArrayBuffer>; tokens: number };

export const textTensor = ({ data, tokens }: Text) => Tensor.from(data, [tokens, data.length / tokens]);
export const tokensTensor = ({ data, rows, columns }: Tokens) =>
  Tensor.from(data, [rows * columns, data.length / (rows * columns)]);

export const numbers = (tensor: Tensor) => tensor.read("float32") as Float32Array<ArrayBuffer>;

/** Standard normal numbers. A seed gives those of other programs on MLX. */
export const drawn = (shape: readonly number[], seed: number): Tensor =>
  scope(() => random.normal(shape, random.key(seed)));

/** Where a run begins that starts from a picture: the picture under noise of amount `sigma`. */
export function mixed(clean: Tokens, noise: Tokens, sigma: number): Tokens {
  const data = clean.data.map((value, i) => (1 - sigma) * value + sigma * noise.data[i]!);
  return { ...clean, data };
}

/** The step at which a run starts that begins with a picture. The more of it shall stay, the later. */
export function firstStep(steps: number, strength: number): number {
  return strength > 0 ? Math.max(1, Math.trunc(steps * strength)) : 0;
}

/** 1, … 1 / steps, evenly spaced. */
export const evenly = (steps: number): number[] =>
  Array.from({ length: steps }, (_, i) => 1 - (i * (1 - 1 / steps)) / Math.max(1, steps - 1));

/** A picture in −1 … 1 as bytes. */
export const bytesOf = (picture: Tensor): Uint8Array =>
  scope(() => picture.div(2).add(0.5).clip(0, 1).mul(255).round().astype("uint8").read("uint8"));

/** The waves of `scale · value`, cosines first: how networks are given a number. */
export function wavesOf(value: number, channels: number, scale = 1): number[] {
  const half = channels / 2;
  const angles = Array.from({ length: half }, (_, i) => {
    const frequency = Math.fround(Math.exp(Math.fround((-Math.log(10_000) * i) / half)));
    return Math.fround(scale * Math.fround(Math.fround(value) * frequency));
  });
  return [...angles.map(Math.cos), ...angles.map(Math.sin)];
}
