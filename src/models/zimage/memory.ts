/**
 * How much memory a picture of Z-Image takes, phase by phase, from the tensors of the model and the size of the request.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";
import { coderBytes, coderTable, decodeWorking } from "../autoencoder-kl/memory.ts";
import {
  encoderBits,
  type Footprint,
  linear,
  ownBits as ownBitsOf,
  type Packing,
  type Pipeline,
  partBytes,
  previewPixels,
  type Shapes,
  sizeOf,
  stepCacheBytes,
  tableOf,
  times,
} from "../diffusion/memory.ts";
import { layersOf, qwen3Bytes, qwen3Table, qwen3Working } from "../qwen3/memory.ts";

const [width, hidden, head, time, caption, patch] = [3840, 10_240, 128, 256, 2560, 64];

function block(at: string, modulated: boolean): Shapes {
  const norms = ["attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2"];
  return [
    ...["to_q", "to_k", "to_v", "to_out.0"].flatMap((name) =>
      linear(`${at}.attention.${name}`, width, width),
    ),
    [`${at}.attention.norm_q.weight`, [head]],
    [`${at}.attention.norm_k.weight`, [head]],
    ...linear(`${at}.feed_forward.w1`, hidden, width),
    ...linear(`${at}.feed_forward.w2`, width, hidden),
    ...linear(`${at}.feed_forward.w3`, hidden, width),
    ...norms.map((name) => [`${at}.${name}.weight`, [width]] as const),
    ...(modulated ? linear(`${at}.adaLN_modulation.0`, 4 * width, time, true) : []),
  ];
}

function transformerTable(): TensorTable {
  return tableOf([
    ["x_pad_token", [1, width]],
    ["cap_pad_token", [1, width]],
    ...linear("all_x_embedder.2-1", width, patch, true),
    ...linear("t_embedder.mlp.0", 1024, 256, true),
    ...linear("t_embedder.mlp.2", time, 1024, true),
    ["cap_embedder.0.weight", [caption]],
    ...linear("cap_embedder.1", width, caption, true),
    ...times(30, (i) => block(`layers.${i}`, true)),
    ...times(2, (i) => block(`noise_refiner.${i}`, true)),
    ...times(2, (i) => block(`context_refiner.${i}`, false)),
    ...linear("all_final_layer.2-1.adaLN_modulation.1", width, time, true),
    ...linear("all_final_layer.2-1.linear", patch, width, true),
  ]);
}

let kept: Pipeline | undefined;
/** The published tensors, listed once. */
export function published(): Pipeline {
  kept ??= { transformer: transformerTable(), textEncoder: qwen3Table("4B"), vae: coderTable(16) };
  return kept;
}

/** The bits of files that are quantized as a whole. */
export const ownBits = (table: TensorTable): Bits | undefined =>
  ownBitsOf(table, /^layers\./, "layers.0.attention.to_q.weight");

export interface Job {
  bits: Bits;
  width: number;
  height: number;
  /** Whether there is a negative prompt. */
  guided: boolean;
  stepCache?: boolean;
}

const window = 512;
/** Activations of a token in multiples of the width, and of the inner layer of the MLP. */
const liveWidths = 14;
const liveHidden = 6;

/** Bytes of the parts and of each phase, with numbers of `float` bytes. */
export function footprint(job: Job, pipeline: Pipeline, float: number, packing?: Packing): Footprint {
  const { transformer, textEncoder, vae } = pipeline;
  const pixels = job.width * job.height;
  const tokens = Math.ceil(pixels / 256 / 32) * 32 + window;
  const d = sizeOf(transformer, /^layers\.0\.attention_norm1\.weight$/);
  const f = sizeOf(transformer, /^layers\.0\.feed_forward\.w1\.weight$/);
  const angles = 2 * tokens * 64 * 4 * (job.guided ? 2 : 1);
  return {
    textEncoder: qwen3Bytes(textEncoder, layersOf(textEncoder) - 1, encoderBits(job.bits), float, packing),
    vae: coderBytes(vae, float, packing),
    transformer: partBytes(transformer, {
      bits: job.bits,
      float,
      unused: /^norm_final\.weight$/,
      single: /pad_token$/,
      packing,
    }),
    encode: qwen3Working(textEncoder, window, 1, float),
    look: decodeWorking(vae, previewPixels, float),
    denoise: Math.round(
      tokens * (liveWidths * d + liveHidden * f) * float +
        angles +
        (job.stepCache ? stepCacheBytes(pixels, d, job.guided ? 2 : 1, float) : 0),
    ),
    decode: decodeWorking(vae, pixels, float),
  };
}
