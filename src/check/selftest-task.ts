/**
 * A Gaussian blur, done as the networks do their work: weights in a part, one convolution, a picture back. `easel check --engine`
 * compares it with what it must give.
 *
 * @module
 */
import { conv2d, type Tensor, Tensor as Tensors } from "../../ffi/index.ts";
import type { Task } from "../engine/task.ts";

interface Kernel extends Disposable {
  weight: Tensor;
}

/** Weights of a Gaussian over 2 × radius + 1 places; they sum to 1. */
export function gaussian(radius: number, sigma: number): Float32Array {
  const raw = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = raw.reduce((a, b) => a + b, 0);
  return Float32Array.from(raw, (value) => value / sum);
}

export const task: Task = {
  family: "selftest",

  load(_part, source) {
    const sigma = Number(source.options.sigma);
    const radius = Math.ceil(3 * sigma);
    const row = gaussian(radius, sigma);
    const size = row.length;
    const plane = Float32Array.from(
      { length: size * size },
      (_, i) => row[Math.floor(i / size)]! * row[i % size]!,
    );
    // one filter a channel
    const weight = Tensors.from(plane, [1, size, size, 1]).repeat(3, 0).contiguous();
    return { weight, [Symbol.dispose]: () => weight[Symbol.dispose]() } satisfies Kernel;
  },

  run(_phase, parts, input, progress) {
    const { weight } = parts.model as Kernel;
    const { pixels, width, height } = input as { pixels: Uint8Array; width: number; height: number };
    const radius = (weight.shape[1]! - 1) / 2;
    const steps = Number(input.steps ?? 1);
    let image = Tensors.from(pixels, [1, height, width, 3]).astype("float32");
    for (let step = 0; step < steps; step++) {
      progress("estimating", step, steps);
      image = conv2d(image.pad([0, radius, radius, 0], [0, radius, radius, 0], "edge"), weight, {
        groups: 3,
      });
    }
    return { pixels: image.round().clip(0, 255).astype("uint8").read() as Uint8Array };
  },
};
