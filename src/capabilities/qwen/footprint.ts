/**
 * How much memory a job takes, phase by phase, from the tensors of the model and the size of the request.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import { heldScores } from "../../nn/score-memory.ts";
import type { Listed, TensorTable } from "../../weights/formats/safetensors.ts";
import { floatBytes } from "../footprint.ts";
import { published, type Tensors } from "./tensors.ts";

const languageHeads = 28;
/** Tokens of a text at its longest, and of a picture as the language model sees it. */
const textTokens = 1100;
const seenTokens = 200;
/** Activations of a token in multiples of the network's width, besides the two of its MLP's inner layer. */
const liveTokens = 14;
/** Maps of the coder's smallest width at full size, of which so many are alive at once. */
const liveMaps = 8;
/** A picture of no more pixels than so many tiles is coded as a whole. */
const wholeTiles = 2;
const groupSize = 64;

export interface Job {
  bits: Bits;
  pixels: number;
  steps: number;
  /** Pictures of an edit. */
  references: number;
  referencePixels: number;
  tile: number;
  /** Whether the prompt and the negative prompt run at once. */
  batch: boolean;
}

export interface Footprint {
  textEncoder: number;
  vae: number;
  modulation: number;
  transformer: number;
  encode: number;
  look: number;
  modulate: number;
  denoise: number;
  decode: number;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Layers that look at the amount of noise alone, under the published names and mflux's. */
const modulating = /^time_text_embed\.|\.(img|txt)_mod(\.1|_linear)\.|^norm_out\.linear\./;
const finer = /\.img_mod(\.1|_linear)\./;
const unused = /^lm_head\.|\.time_conv\.|inv_freq$/;

/** What a tensor takes in memory. Matrices stay in the file's half precision until they are used; all else is converted. */
function bytesOf(name: string, { dtype, shape }: Listed, bits: Bits, float: number): number {
  const numbers = product(shape);
  if (dtype === "U32") return 4 * numbers;
  if (shape.length !== 2) return float * numbers;
  if (/\.(scales|biases)$/.test(name)) return float * numbers;
  const own = bits === 4 && finer.test(name) ? 8 : bits;
  if (own !== null && shape[1]! % groupSize === 0) return numbers * (own / 8 + (2 * float) / groupSize);
  return numbers * (dtype === "F32" ? float : 2);
}

function sum(
  table: TensorTable,
  bits: Bits,
  float: number,
  wanted: (name: string) => boolean = () => true,
): number {
  let bytes = 0;
  for (const [name, tensor] of table)
    if (!unused.test(name) && wanted(name)) bytes += bytesOf(name, tensor, bits, float);
  return Math.round(bytes);
}

/** The coder's kernels lose their taps of time. */
function coderBytes(table: TensorTable, float: number): number {
  let bytes = 0;
  for (const [name, { shape }] of table) {
    const taps = shape.length === 5 ? (name.includes(".conv3d.") ? shape[1]! : shape[2]!) : 1;
    if (!unused.test(name)) bytes += (float * product(shape)) / taps;
  }
  return Math.round(bytes);
}

/** Sizes that the activations go by. */
function sizesOf({ transformer, textEncoder, vae }: Tensors) {
  const first = (table: TensorTable, name: RegExp, axis = 0) => {
    for (const [key, { shape }] of table) if (name.test(key)) return shape[axis] ?? 1;
    return 1;
  };
  const blocks = new Set([...transformer.keys()].map((name) => /^transformer_blocks\.\d+/.exec(name)?.[0]));
  blocks.delete(undefined);
  return {
    width: first(transformer, /^img_in\.bias$/),
    blocks: blocks.size,
    languageWidth: first(textEncoder, /embed_tokens\.weight$/, 1),
    languageHidden: first(textEncoder, /layers\.0\.mlp\.gate_proj\.weight$/),
    channels: first(vae, /^encoder\.conv_in(\.conv3d)?\.bias$/),
  };
}

/** Bytes of the parts and of each phase, with numbers of `float` bytes. */
export function footprint(job: Job, tensors: Tensors = published(), float = floatBytes): Footprint {
  const { bits, pixels, steps, references, referencePixels, tile, batch } = job;
  const { width, blocks, languageWidth, languageHidden, channels } = sizesOf(tensors);
  const hidden = 4 * width;
  const read = textTokens + references * seenTokens;
  const tokens = (pixels + references * referencePixels) / 256 + read;
  // Without a GPU one matrix at a time is widened or unpacked.
  const unpacked = float === 2 ? 0 : width * hidden * float;
  const scores = float === 2 ? 0 : languageHeads * read ** 2 * float;
  // The coder's attention runs at an eighth of the side, where its maps are small.
  const map = (area: number) => {
    const coded = Math.min(area, wholeTiles * tile * tile);
    return Math.max(liveMaps * channels * coded * float, heldScores(coded / 64, float)) + 24 * area;
  };
  const levels = 2 * 4 * blocks * 6 * width * (steps + 1);
  const sides = batch ? 2 : 1;
  return {
    textEncoder: sum(tensors.textEncoder, null, float),
    vae: coderBytes(tensors.vae, float),
    modulation: sum(tensors.transformer, bits, float, (name) => modulating.test(name)),
    transformer: sum(tensors.transformer, bits, float, (name) => !modulating.test(name)),
    encode: Math.round(read * (liveTokens * languageWidth + 3 * languageHidden) * float + scores + unpacked),
    look: Math.round(map(Math.max(pixels, references > 0 ? referencePixels : 0))),
    // The modulation of all steps is in memory twice while it is handed on.
    modulate: 2 * levels + unpacked,
    denoise: Math.round(sides * tokens * (liveTokens * width + 2 * hidden) * float + unpacked + 2 * levels),
    decode: Math.round(map(pixels)),
  };
}
