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
  /** Numbers that fill up what a processor's kernels pack, among the matrices, the ragged ones and the others. */
  fill?: { matrices: number; ragged: number; others: number };
}

/** What a packed matrix is filled up to: whole panels of rows and whole steps of columns. */
export interface Panels {
  rows: number;
  columns: number;
  /** Packed numbers lie in rows of so many: 16, or 32 where they are pairs. */
  row?: number;
}

/** Those of the widest kernels. Plans count them on every machine; wide networks hardly differ. */
export const widestPanels: Panels = { rows: 32, columns: 32 };

const up = (size: number, unit: number) => Math.ceil(size / unit) * unit;

/** Those of a device that packs nothing. */
export const noPanels: Panels = { rows: 1, columns: 1 };

/** Numbers that a packed matrix takes. */
export const packedNumbers = (rows: number, columns: number, panels: Panels): number =>
  panels.rows === 1
    ? rows * columns
    : up(up(rows, panels.rows) * up(columns, panels.columns), panels.row ?? 16);

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
  { matrices, finer = 0, ragged = 0, single = 0, others, packed = 0, fill }: Amounts,
  { bits, float, half = false }: Precision,
): number {
  const plain = half ? single * float + (1 - single) * 2 : float;
  const quantized = (own: number) => own / 8 + (2 * float) / groupSize;
  const coarse = bits === null ? plain : quantized(bits);
  const fine = bits === 4 ? quantized(8) : coarse;
  const weights = (matrices - finer) * coarse + finer * fine + ragged * plain + others * float + packed;
  return Math.round(weights + filledBytes(fill, { bits, float, plain }));
}

/** A GPU packs nothing, and quantized matrices are not packed before they are used. */
function filledBytes(
  fill: Amounts["fill"],
  { bits, float, plain }: { bits: Bits; float: number; plain: number },
): number {
  if (!fill || float !== 4) return 0;
  return ((bits === null ? fill.matrices : 0) + fill.ragged) * plain + fill.others * float;
}

export interface Kinds {
  /** Names of the matrices of its linear layers; everything else of two axes is converted. */
  matrix: RegExp;
  finer?: RegExp;
  /** Tensors that the network does not take. */
  unused?: RegExp;
  /** Numbers of a tensor that stay in memory, where they are fewer than the file has. */
  kept?(name: string, shape: readonly number[]): number;
  /** Matrices whose rows are looked up: they are not packed. */
  table?: RegExp;
  /** Kernels besides those of one pixel that are packed as a matrix: of all their inputs, or [inputs, outputs, …] turned. */
  flat?: RegExp;
  turned?: RegExp;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The amounts of a network, from the headers of its files. */
export function amountsOf(
  table: TensorTable,
  { matrix, finer, unused, kept = (_, shape) => product(shape), table: lookedUp, flat, turned }: Kinds,
  panels: Panels = widestPanels,
): Amounts {
  const sums = { matrices: 0, finer: 0, ragged: 0, others: 0, packed: 0 };
  const fill = { matrices: 0, ragged: 0, others: 0 };
  let single = 0;
  for (const [name, { dtype, shape }] of table) {
    if (unused?.test(name)) continue;
    const count = kept(name, shape);
    if (dtype === "U32") sums.packed += 4 * count;
    else if (shape.length !== 2 || !matrix.test(name)) {
      sums.others += count;
      fill.others += fillOf(kernelRows(name, shape, { flat, turned }), count, panels);
    } else {
      if (dtype === "F32") single += count;
      const kind = shape[1]! % groupSize === 0 ? "matrices" : "ragged";
      sums[kind] += count;
      fill[kind] += lookedUp?.test(name) ? 0 : fillOf(shape[0]!, count, panels);
      if (kind === "matrices" && finer?.test(name)) sums.finer += count;
    }
  }
  const both = sums.matrices + sums.ragged;
  return { ...sums, single: both === 0 ? 0 : single / both, fill };
}

const fillOf = (rows: number, count: number, panels: Panels) =>
  rows === 0 ? 0 : packedNumbers(rows, count / rows, panels) - count;

/** Rows of the matrix that a kernel is packed as; 0 where it is not packed. */
export function kernelRows(
  name: string,
  shape: readonly number[],
  { flat, turned }: { flat: RegExp | undefined; turned: RegExp | undefined },
): number {
  if (turned?.test(name)) return product(shape.slice(1));
  const inner = shape.slice(1).filter((size) => size > 1);
  const ofOnePixel = shape.length > 3 && inner.length === 1;
  return ofOnePixel || flat?.test(name) ? shape[0]! : 0;
}

/** The size of an axis of the first tensor that a name fits, or undefined. */
export function axisOf(table: TensorTable, name: RegExp, axis = 0): number | undefined {
  for (const [key, { shape }] of table) if (name.test(key)) return shape[axis];
  return undefined;
}
