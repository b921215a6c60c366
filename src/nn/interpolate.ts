import { resample, type Tensor } from "../../ffi/index.ts";
import { type Kernel, repeated, type TapOptions, taps } from "../images/resample.ts";

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
  const table = (input: number, output: number, factor: number | undefined) => {
    if (input === output && !factors) return null;
    return taps(kernel, input, output, factor === undefined ? rest : { ...rest, factor });
  };
  return resample(x, table(rows, height, factors?.[0]), table(columns, width, factors?.[1]));
}

/** Makes a square of `times` × `times` out of every pixel: `interpolate` by "nearest". */
export const enlarge = (x: Tensor, times: number): Tensor =>
  resample(x, repeated(x.shape[1]!, times), repeated(x.shape[2]!, times));
