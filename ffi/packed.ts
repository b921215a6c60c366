/**
 * Matrices in the order in which the kernels of a Linux CPU read them, so that no call has to arrange them again.
 *
 * @module
 */
import { c } from "./library.ts";
import { handleOf, type Tensor, wrap } from "./tensor.ts";

/** A matrix [outputs, inputs] that only `linear` can read. Whatever kernels are chosen later, those it was made for do. */
export class Packed {
  constructor(
    readonly data: Tensor,
    readonly shape: readonly [number, number],
    readonly packing: number,
  ) {}

  get nbytes(): number {
    return this.data.nbytes;
  }
}

/** The numbers that a product multiplies; its sums are float32. The last is bfloat16 by float32 instructions, on any processor. */
export const products = ["float32", "bfloat16", "bfloat16ByFloat32"] as const;
export type Products = (typeof products)[number];

/**
 * The same for a quantized matrix. `integer` rounds rows to 8 bits with a scale for each group, and adds integers; it is float32 where
 * `hasInteger` says no, and for the few rows that only the matrix's own reading takes time.
 */
export type QuantizedProducts = Products | "integer";

/** Forms of packed weights, by their numbers in the shim: floats, halves that are widened, and two of bfloat16. */
export const formOf = (kind: QuantizedProducts, { halves = false } = {}): number =>
  kind === "float32" ? +halves : 1 + [...products, "integer"].indexOf(kind);

export interface Packing {
  products?: Products;
  /** A matrix in half precision stays so, and is widened some columns at a time. */
  halves?: boolean;
}

/**
 * The matrix in that order, in place of the matrix; or the matrix itself, where MLX's own op reads it: on a GPU, in half precision
 * unless `halves` or `products` ask for more, or with kernels off.
 */
export function packed(
  weight: Tensor,
  { products = "float32", halves = false }: Packing = {},
): Tensor | Packed {
  const [outputs, inputs] = weight.shape;
  const half = weight.dtype === "float16" || weight.dtype === "bfloat16";
  const taken = weight.dtype === "float32" || (half && (halves || products !== "float32"));
  if (!taken || weight.ndim !== 2 || !outputs || !inputs) return weight;
  const packing = c.easel_packing(formOf(products, { halves: half }));
  if (packing < 0) return weight;
  return new Packed(wrap(c.easel_pack(handleOf(weight), packing)), [outputs, inputs], packing);
}
