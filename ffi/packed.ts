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

/**
 * The matrix in that order, in place of the matrix; or the matrix itself, where MLX's own op reads it: on a GPU, in half precision,
 * or with kernels off.
 */
export function packed(weight: Tensor): Tensor | Packed {
  const packing = c.easel_packing();
  const [outputs, inputs] = weight.shape;
  if (packing < 0 || weight.dtype !== "float32" || weight.ndim !== 2 || !outputs || !inputs) return weight;
  return new Packed(wrap(c.easel_pack(handleOf(weight), packing)), [outputs, inputs], packing);
}
