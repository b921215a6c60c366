import { layerNorm, type Tensor } from "../../ffi/index.ts";
import type { Weights } from "./weights.ts";

/** Normalizes the last axis, then scales and shifts it. */
export class LayerNorm {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(
    w: Weights,
    size: number,
    readonly eps: number,
  ) {
    this.weight = w.take("weight", [size]);
    this.bias = w.take("bias", [size]);
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps);
  }
}
