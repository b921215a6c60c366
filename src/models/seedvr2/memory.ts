/**
 * The memory that SeedVR2 takes, phase by phase. Plans use it before the network is loaded, so nothing here knows MLX.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import { heldScores } from "../../nn/score-memory.ts";
import { type Amounts, amountsOf, axisOf, type Panels, weightBytes } from "../../nn/weight-memory.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";

export interface TransformerSize {
  amounts: Amounts;
  width: number;
  hidden: number;
}

/** The published networks. */
export const published: Readonly<Record<"3b" | "7b", TransformerSize>> = {
  "3b": { amounts: { matrices: 3390.3e6, others: 1.2e6 }, width: 2560, hidden: 6912 },
  "7b": { amounts: { matrices: 8236.5e6, others: 3.1e6 }, width: 3072, hidden: 12288 },
};

/** The published picture coder, whose kernels lose their taps of time. */
export const publishedCoder: Amounts = { matrices: 2.1e6, others: 84.1e6 };

/** The sizes of a transformer's file, from its header; undefined where it is another network's. */
export function sizeOfFile(table: TensorTable, panels?: Panels): TransformerSize | undefined {
  const width = axisOf(table, /vid_in\.proj\.weight$/);
  const hidden = axisOf(table, /blocks\.0\.mlp\.(vid|all)\.proj_in\.weight$/);
  if (width === undefined || hidden === undefined) return undefined;
  return { amounts: amountsOf(table, { matrix: /weight$/ }, panels), width, hidden };
}

/** The numbers of a coder's file: a kernel [out, in, time, rows, columns] is folded over time. */
export const coderOfFile = (table: TensorTable): Amounts =>
  amountsOf(table, {
    matrix: /weight$/,
    kept: (_, shape) => shape.reduce((a, b) => a * b, 1) / (shape.length === 5 ? shape[2]! : 1),
  });

/** Maps of 128 channels at a tile's full size, of which this many are alive at once in the decoder. */
const liveMaps = 6;
const tileChannels = 128;
/** Copies of the picture that the colour fix holds. */
const colorCopies = 20;
/** Activations of a token in multiples of the network's width, besides the two of its MLP's inner layer. */
const liveTokens = 12;

export interface Footprint {
  transformer: number;
  vae: number;
  encode: number;
  denoise: number;
  decode: number;
}

/** Bytes of the parts and of each phase for a result of that many pixels, with numbers of `float` bytes. */
export function footprint(
  { amounts, width, hidden }: TransformerSize,
  coder: Amounts,
  { bits, pixels, tile, float }: { bits: Bits; pixels: number; tile: number; float: number },
): Footprint {
  const tilePixels = Math.min(pixels, tile * tile);
  const picture = pixels * 3 * 4;
  const tokens = pixels / 256;
  // On the CPU one quantized matrix at a time is unpacked.
  const unpacked = bits === null || float === 2 ? 0 : width * hidden * float;
  // The coder's attention runs at an eighth of the side, where its maps are small.
  const coding = Math.max(liveMaps * tileChannels * tilePixels * float, heldScores(tilePixels / 64, float));
  return {
    transformer: weightBytes(amounts, { bits, float }),
    vae: weightBytes(coder, { bits, float }),
    encode: coding + 2 * picture,
    denoise: Math.round(tokens * (liveTokens * width + 2 * hidden) * float) + unpacked,
    decode: coding + (3 + colorCopies) * picture,
  };
}
