import { resample, scope, Tensor } from "../../ffi/index.ts";
import type { Pixels } from "../images/pixels.ts";
import { type Kernel, repeated, section, type TapOptions, taps } from "../images/resample.ts";

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

/** Numbers of a picture that are floats at a time. */
const numbersAtOnce = 2 ** 20;

/**
 * A picture's bytes, resized as `resizeFloats` does and multiplied by a factor, a band of rows at a time: a photograph as floats would
 * take four times its bytes.
 */
export function resizePicture(
  { data, width, height, channels }: Pixels<Uint8Array>,
  to: { width: number; height: number },
  kernel: Kernel,
  factor: number,
): Float32Array<ArrayBuffer> {
  if (width === to.width && height === to.height) return Float32Array.from(data, (value) => value * factor);
  const made = new Float32Array(to.width * to.height * channels);
  const across = taps(kernel, width, to.width);
  for (const [i, weight] of across.weights.entries()) across.weights[i] = weight * factor;
  const line = channels * Math.max(width, to.width);
  const band = Math.max(1, Math.floor(numbersAtOnce / (line * Math.max(1, height / to.height))));
  for (let from = 0; from < to.height; from += band) {
    const range = [from, Math.min(from + band, to.height)] as const;
    const down = taps(kernel, height, to.height, { range });
    const first = down.indices.reduce((a, b) => Math.min(a, b));
    const last = down.indices.reduce((a, b) => Math.max(a, b)) + 1;
    const part = scope(() => {
      const rows = data.subarray(first * width * channels, last * width * channels);
      const floats = Tensor.from(rows, [1, last - first, width, channels], "float32");
      return resample(floats, section(down, 0, down.size, first), across);
    });
    made.set(part.read("float32"), from * to.width * channels);
    part.dispose();
  }
  return made;
}
