/**
 * The sizes that Depth Anything sees a picture at, and the memory that it takes. Plans use it before the network is loaded, so
 * nothing here knows MLX.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import { roundHalfEven } from "../../images/round.ts";
import type { Size, Sizing } from "../../images/sizing.ts";
import {
  type Amounts,
  amountsOf,
  axisOf,
  weightBytes as bytesOf,
  type Kinds,
  type Panels,
} from "../../nn/weight-memory.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";

/** A network's sizes that its memory follows from. */
export interface NetworkSize {
  /** Numbers of its weights. */
  amounts: Amounts;
  /** Width of a token, attention heads, and channels of the head's largest map at full size. */
  width: number;
  heads: number;
  channels: number;
}

/** A published network: millions of numbers, heads of 64. */
const of = (millions: Amounts, width: number, channels: number): NetworkSize => ({
  amounts: { matrices: millions.matrices * 1e6, others: millions.others * 1e6, single: 1 },
  width,
  heads: width / 64,
  channels,
});

export const v2: Readonly<Record<"small" | "base" | "large" | "giant", NetworkSize>> = {
  small: of({ matrices: 21.2, others: 3.6 }, 384, 32),
  base: of({ matrices: 84.9, others: 12.6 }, 768, 64),
  large: of({ matrices: 302, others: 33.3 }, 1024, 128),
  giant: of({ matrices: 1132, others: 126.2 }, 1536, 192),
};
export const v3: Readonly<Record<"small" | "base" | "large" | "giant" | "mono" | "nested", NetworkSize>> = {
  small: of({ matrices: 21.2, others: 3.8 }, 384, 32),
  base: of({ matrices: 84.9, others: 13.4 }, 768, 64),
  large: of({ matrices: 302, others: 35 }, 1024, 128),
  giant: of({ matrices: 1132, others: 40 }, 1536, 128),
  mono: of({ matrices: 302, others: 32.2 }, 1024, 128),
  nested: of({ matrices: 1434, others: 91 }, 1536, 128),
};

/** Tensors of the published files that one picture does not need, under every layout's names. */
const unused =
  /mask_token$|refinenet4\.resConfUnit1\.|fusion_stage\.layers\.0\.residual_layer1\.|_aux\.|(^|\.)cam_enc\.|(^|\.)gs_(head|adapter)\.|(^|\.)cam_dec\.(fc_t|fc_qvec)\./;

const kinds: Kinds = {
  matrix: /(blocks|encoder\.layer)\.\d+\..*weight$/,
  unused,
  flat: /(patch_embed\.proj|patch_embeddings\.projection|resize_layers\.3|layers\.3\.resize|cam_dec\.(backbone\.[02]|fc_fov\.0))\.weight$/,
  turned: /(resize_layers\.[01]|layers\.[01]\.resize)\.weight$/,
};

/** The sizes of files on this machine, from their headers; undefined where they are of another network. */
export function sizeOfFiles(table: TensorTable, panels?: Panels): NetworkSize | undefined {
  const width = axisOf(table, /(pos_embed|position_embeddings)$/, 2);
  const channels = axisOf(table, /(scratch\.output_conv1|(^|\.)head\.conv1)\.weight$/);
  if (width === undefined || channels === undefined) return undefined;
  const amounts = amountsOf(table, kinds, panels);
  return { amounts, width, heads: Math.max(1, width / 64), channels };
}

/** Networks with at least this many weights keep half-precision matrices on a processor. */
const many = 9e8;

export function weightBytes({ amounts }: NetworkSize, bits: Bits, float: number): number {
  const half = float === 4 && amounts.matrices + amounts.others > many;
  return bytesOf(amounts, { bits, float, half });
}

/** The size that each version runs at unless a request names one: the rules of its authors. */
export const usualSizing: Readonly<Record<2 | 3, Sizing>> = {
  2: { inputSize: 518, bound: "short" },
  3: { inputSize: 504, bound: "long" },
};

export const patch = 14;

/** Smallest and largest side that a request may run the network at. */
export const inputSizes = { min: 126, max: 4096 } as const;

/** Sizes that a picture goes through: V2 goes to its last at once, V3 by way of the wanted side. */
export function networkSizes(
  version: 2 | 3,
  { width, height }: Size,
  { inputSize, bound }: Sizing,
  patchSize = patch,
): readonly [Size, Size] {
  const scale = inputSize / (bound === "long" ? Math.max : Math.min)(width, height);
  const both = (change: (side: number) => number): Size => ({ width: change(width), height: change(height) });
  if (version === 2) {
    const fit = (length: number) => {
      const patches = (scale * length) / patchSize;
      const nearest = roundHalfEven(patches) * patchSize;
      if (bound === "short") return nearest >= inputSize ? nearest : Math.ceil(patches) * patchSize;
      return Math.max(nearest <= inputSize ? nearest : Math.floor(patches) * patchSize, patchSize);
    };
    const size = both(fit);
    return [size, size];
  }
  const first = both((length) => Math.max(1, roundHalfEven(length * scale)));
  const nearest = (length: number) => Math.max(Math.floor(length / patchSize + 0.5) * patchSize, patchSize);
  return [first, { width: nearest(first.width), height: nearest(first.height) }];
}

/** Attention works on this many rows of its scores at a time, and on no more bytes of them. */
const queryRows = 512;
const scoreBytes = 64e6;
/** Maps at the full size are made in strips, of which this many bytes are alive at once: at least, and at most. */
const leastStrips = 12e6;
const mostStrips = 150e6;

/** Bytes of the activations at their peak, for a network's picture of that size, with numbers of `float` bytes. */
export function workingBytes({ width, heads, channels }: NetworkSize, size: Size, float: number): number {
  const area = size.width * size.height;
  const tokens = area / patch ** 2 + 1;
  // The maps that the head holds, in single precision everywhere, and strips of those at the full size; one block's own values, the
  // four outputs that the head starts from, a chunk of scores.
  const map = area * channels * 4;
  const head = 0.75 * map + Math.min(leastStrips + 1.75 * map, mostStrips);
  const block = tokens * width * (3 + 4 + 2);
  const taps = 4 * tokens * width * 2;
  const scores = Math.min(2 * heads * Math.min(queryRows, tokens) * tokens * float, scoreBytes);
  return Math.round(head + (block + taps) * float + scores);
}
