/**
 * Bytes of a network's weights in memory, from how many numbers it has. For plans, before anything is loaded: nothing here knows
 * MLX.
 *
 * @module
 */
import type { Bits } from "../engine/task.ts";
import type { TensorTable } from "../weights/tensor-table.ts";

/** How many numbers a network has, by how they lie in memory once they are loaded. */
export interface Amounts {
  /** In matrices that quantize. */
  matrices: number;
  /** Of those, in matrices that keep eight bits where the others have four. */
  finer?: number;
  /** In matrices that do not quantize, because their rows do not divide into groups. */
  ragged?: number;
  /** Share of both that the files hold in single precision. */
  single?: number;
  /** All others, which are converted to the precision of the computation. */
  others: number;
  /** Bytes of weights that the files hold quantized: they stay as they are. */
  packed?: number;
}

export interface Precision {
  bits: Bits;
  /** Bytes of a number that the network computes with. */
  float: number;
  /** Matrices stay in the half precision of their files until they are used. */
  half?: boolean;
}

/** Quantized weights come in groups that share a scale and a bias. */
const groupSize = 64;

export function weightBytes(
  { matrices, finer = 0, ragged = 0, single = 0, others, packed = 0 }: Amounts,
  { bits, float, half = false }: Precision,
): number {
  const plain = half ? single * float + (1 - single) * 2 : float;
  const quantized = (own: number) => own / 8 + (2 * float) / groupSize;
  const coarse = bits === null ? plain : quantized(bits);
  const fine = bits === 4 ? quantized(8) : coarse;
  return Math.round((matrices - finer) * coarse + finer * fine + ragged * plain + others * float + packed);
}

export interface Kinds {
  /** Names of the matrices of its linear layers; everything else of two axes is converted. */
  matrix: RegExp;
  finer?: RegExp;
  /** Tensors that the network does not take. */
  unused?: RegExp;
  /** Numbers of a tensor that stay in memory, where they are fewer than the file has. */
  kept?(name: string, shape: readonly number[]): number;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The amounts of a network, from the headers of its files. */
export function amountsOf(
  table: TensorTable,
  { matrix, finer, unused, kept = (_, shape) => product(shape) }: Kinds,
): Amounts {
  const sums = { matrices: 0, finer: 0, ragged: 0, others: 0, packed: 0 };
  let single = 0;
  for (const [name, { dtype, shape }] of table) {
    if (unused?.test(name)) continue;
    const count = kept(name, shape);
    if (dtype === "U32") sums.packed += 4 * count;
    else if (shape.length !== 2 || !matrix.test(name)) sums.others += count;
    else {
      if (dtype === "F32") single += count;
      if (shape[1]! % groupSize !== 0) sums.ragged += count;
      else {
        sums.matrices += count;
        if (finer?.test(name)) sums.finer += count;
      }
    }
  }
  const both = sums.matrices + sums.ragged;
  return { ...sums, single: both === 0 ? 0 : single / both };
}

/** The size of an axis of the first tensor that a name fits, or undefined. */
export function axisOf(table: TensorTable, name: RegExp, axis = 0): number | undefined {
  for (const [key, { shape }] of table) if (name.test(key)) return shape[axis];
  return undefined;
}
