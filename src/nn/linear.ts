import {
  dequantize,
  linear,
  type Quantized,
  quantize,
  quantizedLinear,
  type Tensor,
} from "../../ffi/index.ts";
import { onGpu } from "./device.ts";
import type { Weights } from "./weights.ts";

const groupSize = 64;

/** A change of a matrix as the product of two thin ones: x Wᵀ + (x downᵀ) upᵀ. */
export interface LowRank {
  /** [rank, inputs] */
  down: Tensor;
  /** [outputs, rank], scaled. */
  up: Tensor;
}

/** x Wᵀ + b. The matrix is plain, half precision widened when used, or quantized. */
export class Linear {
  readonly weight: Tensor | Quantized;
  readonly bias: Tensor | undefined;
  readonly bits: 3 | 4 | 5 | 6 | 8 | null;
  /** What an adapter adds; whoever sets it owns it. */
  adapter: LowRank | null = null;

  constructor(
    w: Weights,
    readonly inputs: number,
    readonly outputs: number,
    { bias = true } = {},
  ) {
    const { dtype, bits = null, half = false } = w.options;
    this.bits = inputs % groupSize === 0 ? bits : null;
    const shape = [outputs, inputs];
    if (this.bits !== null) {
      const quantization = { bits: this.bits, groupSize } as const;
      this.weight = w.make("weight", shape, (t) => ({ ...quantize(t.astype(dtype), quantization) }));
    } else {
      this.weight = half
        ? w.make("weight", shape, (t) =>
            t.dtype === "float16" || t.dtype === "bfloat16" ? t : t.astype(dtype),
          )
        : w.take("weight", shape);
    }
    this.bias = bias ? w.take("bias", [outputs]) : undefined;
  }

  forward(x: Tensor): Tensor {
    const y = this.#product(x);
    if (this.adapter === null) return y;
    return y.add(linear(linear(x, this.adapter.down), this.adapter.up));
  }

  #product(x: Tensor): Tensor {
    if (!("scales" in this.weight)) {
      const { weight } = this;
      return linear(x, weight.dtype === x.dtype ? weight : weight.astype(x.dtype), this.bias);
    }
    const quantization = { bits: this.bits!, groupSize } as const;
    // A quantized product is a scalar loop on the CPU: unpacking the matrix first is many times faster.
    return onGpu()
      ? quantizedLinear(x, this.weight, quantization, this.bias)
      : linear(x, dequantize(this.weight, quantization), this.bias);
  }
}
