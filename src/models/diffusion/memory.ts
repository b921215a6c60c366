/**
 * Memory of the parts of a pipeline, from the tensors of their files: of those on this machine where they are here, else as they are
 * published.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import { kernelRows, type Panels, packedNumbers, widestPanels } from "../../nn/weight-memory.ts";
import { type Listed, partTable, type TensorTable } from "../../weights/tensor-table.ts";

export type Shapes = readonly (readonly [name: string, shape: readonly number[]])[];

export const linear = (name: string, outputs: number, inputs: number, bias = false): Shapes => [
  [`${name}.weight`, [outputs, inputs]],
  ...(bias ? [[`${name}.bias`, [outputs]] as const] : []),
];

export const times = (count: number, each: (i: number) => Shapes): Shapes =>
  Array.from({ length: count }, (_, i) => each(i)).flat();

export const tableOf = (shapes: Shapes): TensorTable =>
  new Map(shapes.map(([name, shape]) => [name, { dtype: "BF16", shape }]));

/** The tensors of a pipeline's parts. */
export interface Pipeline {
  transformer: TensorTable;
  textEncoder: TensorTable;
  vae: TensorTable;
}

/** Bytes of each part, and of what each phase works in. */
export interface Footprint {
  textEncoder: number;
  vae: number;
  transformer: number;
  encode: number;
  look: number;
  denoise: number;
  decode: number;
}

/** Pixels of the noise that previews are fitted to. */
export const previewPixels = 128 * 128;

/** Those of a model's files, and of parts that are not here the published ones. */
export const pipelineOf = (paths: readonly string[], published: Pipeline): Pipeline => ({
  transformer: partTable(paths, "transformer") ?? published.transformer,
  textEncoder: partTable(paths, "text_encoder") ?? published.textEncoder,
  vae: partTable(paths, "vae") ?? published.vae,
});

/** Bytes that a step cache holds: tokens of the made picture, how the first block changes them, and the others under each text. */
export const stepCacheBytes = (pixels: number, width: number, texts: number, float: number): number =>
  (pixels / 256) * width * (1 + texts) * float;

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const groupSize = 64;

export interface PartOptions {
  bits: Bits;
  /** Bytes of a number that the network computes with. */
  float: number;
  /** Tensors that the network does not take. */
  unused?: RegExp;
  /** Matrices that have eight bits where the others have four. */
  finer?: RegExp;
  /** Matrices that stay as the file has them. */
  plain?: RegExp;
  /** Rows that are converted although they look like matrices. */
  single?: RegExp;
  packing?: Packing | undefined;
}

/** What a processor's kernels make of matrices. Where they are not known yet, what takes most: the widest panels, and products of float32. */
export interface Packing {
  panels: Panels;
  products: "float32" | "bfloat16";
}
const widest: Packing = { panels: widestPanels, products: "float32" };

/** Bytes that a network's tensors take once they are loaded. */
export function partBytes(table: TensorTable, options: PartOptions): number {
  const { unused } = options;
  let bytes = 0;
  for (const [name, tensor] of table) if (!unused?.test(name)) bytes += bytesOf(name, tensor, options);
  return Math.round(bytes);
}

/**
 * Matrices stay in the file's half precision until they are used; all else is converted. For products of bfloat16 all matrices have 16
 * bits. A processor's kernels pack what they multiply, in whole panels; a GPU packs nothing.
 */
function bytesOf(
  name: string,
  { dtype, shape }: Listed,
  { bits, float, finer, plain, single, packing = widest }: PartOptions,
): number {
  const count = product(shape);
  if (dtype === "U32") return 4 * count;
  if (plain?.test(name)) return count * (dtype === "F32" ? 4 : 2);
  const filled = (rows: number) =>
    float === 4 && rows > 0 ? packedNumbers(rows, count / rows, packing.panels) : count;
  if (single?.test(name)) return float * count;
  const halves = float === 4 && packing.products === "bfloat16";
  if (shape.length !== 2 || /\.(scales|biases)$/.test(name)) {
    const rows = kernelRows(name, shape, { flat: undefined, turned: undefined });
    return filled(rows) * (rows > 0 && halves ? 2 : float);
  }
  const own = bits === 4 && finer?.test(name) ? 8 : bits;
  if (own !== null && shape[1]! % groupSize === 0) return count * (own / 8 + (2 * float) / groupSize);
  return filled(shape[0]!) * (dtype === "F32" && !halves ? float : 2);
}

/**
 * The bits of files that are quantized as a whole, by a matrix that takes as many numbers as it gives; undefined when some matrices
 * are not. A request cannot change them.
 */
export function ownBits(table: TensorTable, blocks: RegExp, square: string): Bits | undefined {
  const matrices = [...table].filter(
    ([name, { shape }]) => shape.length === 2 && blocks.test(name) && name.endsWith(".weight"),
  );
  if (matrices.length === 0 || matrices.some(([, { dtype }]) => dtype !== "U32")) return undefined;
  const [outputs, packed] = table.get(square)?.shape ?? [];
  const bits = (32 * (packed ?? 0)) / (outputs ?? 1);
  return [3, 4, 5, 6, 8].includes(bits) ? (bits as Bits) : undefined;
}

/** The size of an axis of the first tensor that a name fits, or 1. */
export function sizeOf(table: TensorTable, name: RegExp, axis = 0): number {
  for (const [key, { shape }] of table) if (name.test(key)) return shape[axis] ?? 1;
  return 1;
}

/** The bits of the text encoder go by the transformer's, never by the memory that is free: a seed gives one picture. */
export const encoderBits = (bits: Bits): Bits => (bits === null ? null : bits >= 5 ? 8 : 4);
