import { dequantize, Tensor } from "../../ffi/index.ts";
import { quantizationOf } from "./linear.ts";
import type { Weights } from "./weights.ts";

/** A row of a table for each token. The table stays in the file's type, or quantized where the file has it so. */
export class Embedding {
  readonly #rows: (indices: Tensor) => Tensor;

  constructor(
    w: Weights,
    readonly count: number,
    readonly width: number,
  ) {
    if (!w.has("scales")) {
      const table = w.make("weight", [count, width], (t) => t);
      this.#rows = (indices) => table.take(indices, 0);
      return;
    }
    const quantization = quantizationOf(w, width);
    const { bits, groupSize } = quantization;
    const groups = [count, width / groupSize];
    const weight = w.make("weight", [count, (width * bits) / 32], (t) => t);
    const scales = w.take("scales", groups);
    const biases = w.take("biases", groups);
    this.#rows = (indices) => {
      const [packed, scale, bias] = [weight, scales, biases].map((table) => table.take(indices, 0));
      return dequantize({ weight: packed!, scales: scale!, biases: bias! }, quantization);
    };
  }

  /** [tokens, width]. Every token must be one of the table's. */
  forward(tokens: readonly number[]): Tensor {
    return this.#rows(Tensor.from(Int32Array.from(tokens)));
  }
}
