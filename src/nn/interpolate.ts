import { Tensor } from "../../ffi/index.ts";
import { type Kernel, type TapOptions, type Taps, taps } from "./resample.ts";

/** Resamples one axis of a tensor. `from` and `to` choose the outputs that are wanted. */
export function resizeAxis(
  x: Tensor,
  axis: number,
  table: Taps,
  from = 0,
  to = table.size,
  offset = 0,
): Tensor {
  const shape = x.shape.map((_, i) => (i === axis ? to - from : 1));
  let sum: Tensor | undefined;
  for (let k = 0; k < table.count; k++) {
    const indices = new Int32Array(to - from);
    const weights = new Float32Array(to - from);
    for (let i = from; i < to; i++) {
      indices[i - from] = table.indices[i * table.count + k]! - offset;
      weights[i - from] = table.weights[i * table.count + k]!;
    }
    if (weights.every((w) => w === 0)) continue;
    const picked = x.take(Tensor.from(indices, [indices.length]), axis);
    const term = weights.every((w) => w === 1)
      ? picked
      : picked.mul(Tensor.from(weights, shape).astype(x.dtype));
    sum = sum === undefined ? term : sum.add(term);
  }
  return sum!;
}

/** Resizes [batch, rows, columns, channels] as PyTorch's `interpolate` does. */
export function resize(
  x: Tensor,
  height: number,
  width: number,
  kernel: Kernel,
  options: TapOptions & { factors?: readonly [number, number] } = {},
): Tensor {
  const { factors, ...rest } = options;
  const [, rows, columns] = x.shape as [number, number, number];
  const table = (input: number, output: number, factor: number | undefined) =>
    taps(kernel, input, output, factor === undefined ? rest : { ...rest, factor });
  const tall = height === rows && !factors ? x : resizeAxis(x, 1, table(rows, height, factors?.[0]));
  return width === columns && !factors ? tall : resizeAxis(tall, 2, table(columns, width, factors?.[1]));
}
