/**
 * The memory that Qwen-Image takes, phase by phase. Plans use it before the networks are loaded, so nothing here knows MLX.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import { heldScores } from "../../nn/score-memory.ts";
import {
  type Amounts,
  amountsOf,
  axisOf,
  type Kinds,
  type Panels,
  weightBytes,
} from "../../nn/weight-memory.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";
import { stepCacheBytes } from "../diffusion/memory.ts";

/** What the memory follows from: numbers of the weights, and the sizes that activations go by. */
export interface TransformerSize {
  /** Layers that look at the amount of noise alone, which are loaded by themselves. */
  modulation: Amounts;
  blocks: Amounts;
  width: number;
  layers: number;
}
export interface TextEncoderSize {
  amounts: Amounts;
  width: number;
  hidden: number;
}
export interface CoderSize {
  amounts: Amounts;
  channels: number;
}
export interface PipelineSize {
  transformer: TransformerSize;
  textEncoder: TextEncoderSize;
  coder: CoderSize;
}

/** The published networks, of 20.4, 7.7 and 0.1 billion numbers. */
export const published: PipelineSize = {
  transformer: {
    modulation: { matrices: 6_823_870_464, finer: 3_397_386_240, others: 2_224_128 },
    blocks: { matrices: 13_600_948_224, others: 3_358_272 },
    width: 3072,
    layers: 60,
  },
  textEncoder: {
    amounts: {
      matrices: 7_604_731_904,
      ragged: 140_083_200,
      others: 2_354_176,
      fill: { matrices: 327_680, ragged: 163_840, others: 0 },
    },
    width: 3584,
    hidden: 18_944,
  },
  coder: {
    amounts: { matrices: 0, others: 44_599_603, fill: { matrices: 0, ragged: 0, others: 768 } },
    channels: 96,
  },
};

/** Names of modulating layers, as published and as mflux saves them. */
const modulating = /^time_text_embed\.|\.(img|txt)_mod(\.1|_linear)\.|^norm_out\.linear\./;
const finer = /\.img_mod(\.1|_linear)\./;
const unused = /^lm_head\.|\.time_conv\.|inv_freq$/;
/** Everything of two axes, but for what belongs to quantized weights. */
const matrix = /^(?!.*\.(scales|biases)$)/;

const named = (table: TensorTable, wanted: (name: string) => boolean): TensorTable =>
  new Map([...table].filter(([name]) => wanted(name)));

export function transformerOf(table: TensorTable, panels?: Panels): TransformerSize {
  const kinds = { matrix, finer, unused };
  const layers = new Set([...table.keys()].map((name) => /^transformer_blocks\.\d+/.exec(name)?.[0]));
  layers.delete(undefined);
  return {
    modulation: amountsOf(
      named(table, (name) => modulating.test(name)),
      kinds,
      panels,
    ),
    blocks: amountsOf(
      named(table, (name) => !modulating.test(name)),
      kinds,
      panels,
    ),
    width: axisOf(table, /^img_in\.bias$/) ?? 1,
    layers: layers.size,
  };
}

export const textEncoderOf = (table: TensorTable, panels?: Panels): TextEncoderSize => ({
  amounts: amountsOf(table, { matrix, unused, table: /embed_tokens\.weight$/ }, panels),
  width: axisOf(table, /embed_tokens\.weight$/, 1) ?? 1,
  hidden: axisOf(table, /layers\.0\.mlp\.gate_proj\.weight$/) ?? 1,
});

/** The coder's kernels lose their taps of time. */
const coderKinds: Kinds = {
  matrix: /$^/,
  unused,
  kept(name, shape) {
    const taps = shape.length === 5 ? (name.includes(".conv3d.") ? shape[1]! : shape[2]!) : 1;
    return shape.reduce((a, b) => a * b, 1) / taps;
  },
};

export const coderOf = (table: TensorTable, panels?: Panels): CoderSize => ({
  amounts: amountsOf(table, coderKinds, panels),
  channels: axisOf(table, /^encoder\.conv_in(\.conv3d)?\.bias$/) ?? 1,
});

/**
 * The bits of a transformer whose files are quantized as a whole; undefined when some of its matrices are not. A request cannot
 * change them.
 */
export function ownBits(table: TensorTable): Bits | undefined {
  const matrices = [...table].filter(
    ([name, { shape }]) =>
      shape.length === 2 && name.startsWith("transformer_blocks.") && name.endsWith(".weight"),
  );
  if (matrices.length === 0 || matrices.some(([, { dtype }]) => dtype !== "U32")) return undefined;
  // This one takes as many numbers as it gives.
  const [outputs, packed] = table.get("transformer_blocks.0.attn.to_q.weight")?.shape ?? [];
  const bits = (32 * (packed ?? 0)) / (outputs ?? 1);
  return [3, 4, 5, 6, 8].includes(bits) ? (bits as Bits) : undefined;
}

const languageHeads = 28;
/** Tokens of a text at its longest, and of a picture as the language model sees it. */
const textTokens = 1100;
const seenTokens = 200;
/** Activations of a token in multiples of the network's width, besides the two of its MLP's inner layer. */
const liveTokens = 14;
/** Maps of the coder's smallest width at full size, of which this many are alive at once. */
const liveMaps = 10;
/** A picture of no more pixels than this many tiles is coded as a whole. */
const wholeTiles = 2;

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
  /** Texts that a step cache keeps something of; 0 without one. */
  cachedTexts?: number;
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

/** Bytes of the largest phase with its part. */
export const peak = (bytes: Footprint): number =>
  Math.max(
    bytes.textEncoder + bytes.encode,
    bytes.vae + Math.max(bytes.look, bytes.decode),
    bytes.modulation + bytes.modulate,
    bytes.transformer + bytes.denoise,
  );

/** Bytes of the parts and of each phase, with numbers of `float` bytes. */
export function footprint(
  job: Job,
  { transformer, textEncoder, coder }: PipelineSize,
  float: number,
): Footprint {
  const { bits, pixels, steps, references, referencePixels, tile, batch, cachedTexts = 0 } = job;
  const { width, layers } = transformer;
  const hidden = 4 * width;
  const read = textTokens + references * seenTokens;
  const tokens = (pixels + references * referencePixels) / 256 + read;
  // Without a GPU one matrix at a time is widened or unpacked.
  const unpacked = float === 2 ? 0 : width * hidden * float;
  const scores = float === 2 ? 0 : languageHeads * read ** 2 * float;
  // The coder's attention runs at an eighth of the side, where its maps are small.
  const map = (area: number) => {
    const coded = Math.min(area, wholeTiles * tile * tile);
    return Math.max(liveMaps * coder.channels * coded * float, heldScores(coded / 64, float)) + 24 * area;
  };
  const levels = 2 * 4 * layers * 6 * width * (steps + 1);
  const sides = batch ? 2 : 1;
  return {
    // Matrices stay in the half precision of their files until they are used.
    textEncoder: weightBytes(textEncoder.amounts, { bits: null, float, half: true }),
    vae: weightBytes(coder.amounts, { bits: null, float }),
    modulation: weightBytes(transformer.modulation, { bits, float, half: true }),
    transformer: weightBytes(transformer.blocks, { bits, float, half: true }),
    encode: Math.round(
      read * (liveTokens * textEncoder.width + 3 * textEncoder.hidden) * float + scores + unpacked,
    ),
    look: Math.round(map(Math.max(pixels, references > 0 ? referencePixels : 0))),
    // The modulation of all steps is in memory twice while it is handed on.
    modulate: 2 * levels + unpacked,
    denoise: Math.round(
      sides * tokens * (liveTokens * width + 2 * hidden) * float +
        unpacked +
        2 * levels +
        (cachedTexts > 0 ? stepCacheBytes(pixels, width, cachedTexts, float) : 0),
    ),
    decode: Math.round(map(pixels)),
  };
}
