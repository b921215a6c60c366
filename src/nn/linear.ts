import {
  type Ending,
  linear,
  Packed,
  type Quantized,
  type QuantizedProducts,
  quantizedLinear,
  type Tensor,
} from "../../ffi/index.ts";
import { computed } from "./computed.ts";
import type { Weights } from "./weights.ts";

const groupSize = 64;

type Bits = 3 | 4 | 5 | 6 | 8;
type Groups = 32 | 64 | 128;

/** A change of a matrix as the product of two thin ones: x Wᵀ + (x downᵀ) upᵀ. */
export interface LowRank {
  /** [rank, inputs] */
  down: Tensor;
  /** [outputs, rank], scaled. */
  up: Tensor;
}

/** x Wᵀ + b. The matrix is plain, half precision widened when used, or quantized, by us or in the file already. */
export class Linear {
  readonly weight: Tensor | Packed | Quantized;
  readonly bias: Tensor | undefined;
  readonly bits: Bits | null;
  readonly groupSize: Groups = groupSize;
  /** What its products multiply. */
  readonly products: QuantizedProducts;
  /** The low-rank update of an adapter. Not owned. */
  adapter: LowRank | null = null;

  constructor(
    w: Weights,
    readonly inputs: number,
    readonly outputs: number,
    { bias = true } = {},
  ) {
    const { bits = null, half = false, products = "float32", quantizedProducts = products } = w.options;
    w.linears.set(w.prefix.slice(0, -1), this);
    this.bias = bias ? w.take("bias", [outputs]) : undefined;
    if (w.has("scales")) {
      this.products = quantizedProducts;
      ({ bits: this.bits, groupSize: this.groupSize } = quantizationOf(w, inputs));
      const groups = inputs / this.groupSize;
      this.weight = {
        weight: w.make("weight", [outputs, (inputs * this.bits) / 32], (t) => t),
        scales: w.take("scales", [outputs, groups]),
        biases: w.take("biases", [outputs, groups]),
      };
      return;
    }
    this.bits = inputs % groupSize === 0 ? bits : null;
    this.products = this.bits === null ? products : quantizedProducts;
    const shape = [outputs, inputs];
    if (this.bits !== null) {
      const quantization = { bits: this.bits, groupSize } as const;
      this.weight = w.quantized("weight", shape, quantization);
    } else {
      this.weight = half ? w.halfMatrix("weight", shape) : w.matrix("weight", shape);
    }
  }

  /** The ending is part of the product where that saves a pass over the result. */
  forward(x: Tensor, ending: Ending = {}): Tensor {
    if (this.adapter === null) return this.#product(x, ending);
    const change = linear(linear(x, this.adapter.down), this.adapter.up);
    return ended(this.#product(x).add(change), ending);
  }

  #product(x: Tensor, ending: Ending = {}): Tensor {
    const { weight, bias } = this;
    if (!("scales" in weight)) {
      if (weight instanceof Packed || weight.dtype === x.dtype) return linear(x, weight, bias, ending);
      // At once: the widened matrices of a whole block would lie in memory together.
      return computed(() => linear(x, weight.astype(x.dtype), bias, ending));
    }
    const quantization = { bits: this.bits!, groupSize: this.groupSize };
    return ended(quantizedLinear(x, weight, quantization, bias, this.products), ending);
  }
}

/** What holds for most of the weights of some layers; undefined of none. */
export function ofMost<T>(linears: Iterable<Linear>, of: (linear: Linear) => T): T | undefined {
  const sizes = new Map<T, number>();
  for (const linear of linears)
    sizes.set(of(linear), (sizes.get(of(linear)) ?? 0) + linear.inputs * linear.outputs);
  let most: T | undefined;
  for (const [kind, size] of sizes) if (size > (sizes.get(most as T) ?? 0)) most = kind;
  return most;
}

/** An ending by itself. */
export function ended(x: Tensor, { curve = "none", scale, residual }: Ending): Tensor {
  let y = curve === "none" ? x : x[curve]();
  if (scale) y = y.mul(scale);
  return residual ? residual.add(y) : y;
}

/** How a matrix in a file is quantized: its sizes tell, layer by layer. */
export function quantizationOf(w: Weights, inputs: number): { bits: Bits; groupSize: Groups } {
  const packed = w.shape("weight")?.[1] ?? 0;
  const groups = w.shape("scales")?.[1] ?? 0;
  const bits = (32 * packed) / inputs;
  const size = inputs / groups;
  if (![3, 4, 5, 6, 8].includes(bits) || ![32, 64, 128].includes(size))
    w.checkpoint.fail(`${w.prefix.slice(0, 100)}weight is quantized in a way that is not known`);
  return { bits: bits as Bits, groupSize: size as Groups };
}
