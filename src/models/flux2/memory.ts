/**
 * How much memory a picture of FLUX.2 klein takes, phase by phase, from the tensors of the model and the size of the request.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";
import { coderBytes, coderTable, decodeWorking, encodeWorking } from "../autoencoder-kl/memory.ts";
import {
  encoderBits,
  type Footprint,
  linear,
  ownBits as ownBitsOf,
  type Packing,
  type Pipeline,
  partBytes,
  previewPixels,
  sizeOf,
  stepCacheBytes,
  tableOf,
  times,
} from "../diffusion/memory.ts";
import { qwen3Bytes, qwen3Table, qwen3Working } from "../qwen3/memory.ts";

export type ModelSize = "4B" | "9B";

const sizes = {
  "4B": { width: 3072, double: 5, single: 20, text: 7680, encoder: "4B" },
  "9B": { width: 4096, double: 8, single: 24, text: 12_288, encoder: "8B" },
} as const;
const [channels, head] = [128, 128];

function transformerTable(size: ModelSize): TensorTable {
  const { width, double, single, text } = sizes[size];
  const hidden = 3 * width;
  const norm = (name: string) => [`${name}.weight`, [head]] as const;
  return tableOf([
    ...linear("time_guidance_embed.timestep_embedder.linear_1", width, 256),
    ...linear("time_guidance_embed.timestep_embedder.linear_2", width, width),
    ...linear("double_stream_modulation_img.linear", 6 * width, width),
    ...linear("double_stream_modulation_txt.linear", 6 * width, width),
    ...linear("single_stream_modulation.linear", 3 * width, width),
    ...linear("x_embedder", width, channels),
    ...linear("context_embedder", width, text),
    ...times(double, (i) => {
      const at = `transformer_blocks.${i}`;
      const square = [
        "to_q",
        "to_k",
        "to_v",
        "to_out.0",
        "add_q_proj",
        "add_k_proj",
        "add_v_proj",
        "to_add_out",
      ];
      return [
        ...square.flatMap((name) => linear(`${at}.attn.${name}`, width, width)),
        ...["norm_q", "norm_k", "norm_added_q", "norm_added_k"].map((name) => norm(`${at}.attn.${name}`)),
        ...["ff", "ff_context"].flatMap((name) => [
          ...linear(`${at}.${name}.linear_in`, 2 * hidden, width),
          ...linear(`${at}.${name}.linear_out`, width, hidden),
        ]),
      ];
    }),
    ...times(single, (i) => {
      const at = `single_transformer_blocks.${i}.attn`;
      return [
        ...linear(`${at}.to_qkv_mlp_proj`, 3 * width + 2 * hidden, width),
        ...linear(`${at}.to_out`, width, width + hidden),
        norm(`${at}.norm_q`),
        norm(`${at}.norm_k`),
      ];
    }),
    ...linear("norm_out.linear", 2 * width, width),
    ...linear("proj_out", channels, width),
  ]);
}

const kept = new Map<ModelSize, Pipeline>();
/** The published tensors of a size, listed once. */
export function published(size: ModelSize): Pipeline {
  const known = kept.get(size) ?? {
    transformer: transformerTable(size),
    textEncoder: qwen3Table(sizes[size].encoder),
    vae: coderTable(32, { normalized: true }),
  };
  kept.set(size, known);
  return known;
}

/** The bits of files that are quantized as a whole. */
export const ownBits = (table: TensorTable): Bits | undefined =>
  ownBitsOf(table, /^transformer_blocks\./, "transformer_blocks.0.attn.to_q.weight");

export interface Job {
  bits: Bits;
  width: number;
  height: number;
  /** Pixels of each reference picture, and of the first picture. */
  references: readonly number[];
  first: boolean;
  /** Whether there is a negative prompt. */
  guided: boolean;
  stepCache?: boolean;
}

const window = 512;
const encoderLayers = 27;
const encoderTaps = 3;
/** Activations of a token in a block of one stream, in multiples of the width and of the inner layer of the MLP. */
const liveWidths = 16;
const liveHidden = 6;

/** Under the published names and the authors'. */
const finer =
  /^((model\.)?diffusion_model\.)?(double_stream_modulation_|single_stream_modulation|x_embedder|img_in|proj_out|final_layer\.linear)/;

/** Bytes of the parts and of each phase, with numbers of `float` bytes. */
export function footprint(job: Job, pipeline: Pipeline, float: number, packing?: Packing): Footprint {
  const { transformer, textEncoder, vae } = pipeline;
  const pixels = job.width * job.height;
  const seen = job.references.reduce((sum, each) => sum + each, 0);
  const tokens = (pixels + seen) / 256 + window;
  const d = sizeOf(transformer, /^(x_embedder|img_in)\.weight$/);
  const f = sizeOf(transformer, /(ff\.linear_in|img_mlp\.0)\.weight$/) / 2;
  const text = window * encoderTaps * sizeOf(textEncoder, /input_layernorm\.weight$/) * 4;
  const largest = Math.max(previewPixels, job.first ? pixels : 0, ...job.references);
  return {
    textEncoder: qwen3Bytes(textEncoder, encoderLayers, encoderBits(job.bits), float, packing),
    vae: coderBytes(vae, float, packing),
    transformer: partBytes(transformer, { bits: job.bits, float, finer, packing }),
    encode: qwen3Working(textEncoder, window, encoderTaps, float),
    look: encodeWorking(vae, largest, float),
    denoise: Math.round(
      tokens * (liveWidths * d + liveHidden * f) * float +
        text * (job.guided ? 4 : 2) +
        (job.stepCache ? stepCacheBytes(pixels, d, job.guided ? 2 : 1, float) : 0),
    ),
    decode: decodeWorking(vae, pixels, float),
  };
}
