/**
 * A quick look at latents: each cell as one pixel, by a linear map that is fitted to what the picture coder makes of noise.
 *
 * @module
 */
import { matmul, scope, Tensor } from "../../../ffi/index.ts";

/** Red, green and blue of a constant and of each channel: [1 + channels, 3]. */
export type Projection = Float32Array<ArrayBuffer>;

/** Fits the map to what `draw` makes of latents [rows, columns, channels]: [cell · rows, cell · columns, 3]. */
export function fitProjection(latents: Tensor, draw: (latents: Tensor) => Tensor): Projection {
  const [rows, columns, channels] = latents.shape as [number, number, number];
  return scope(() => {
    const picture = draw(latents);
    const cell = picture.shape[0]! / rows;
    const drawn = picture.reshape(rows, cell, columns, cell, 3).mean([1, 3]).read("float32");
    return leastSquares(latents.read("float32"), drawn, channels);
  });
}

function leastSquares(inputs: Float32Array, outputs: Float32Array, channels: number): Projection {
  const size = channels + 1;
  const cells = inputs.length / channels;
  const rows = Array.from({ length: size }, () => new Float64Array(size + 3));
  for (let i = 0; i < cells; i++) {
    const x = [1, ...inputs.subarray(i * channels, (i + 1) * channels)];
    for (let a = 0; a < size; a++) {
      const row = rows[a]!;
      for (let b = 0; b < size; b++) row[b]! += x[a]! * x[b]!;
      for (let c = 0; c < 3; c++) row[size + c]! += x[a]! * outputs[3 * i + c]!;
    }
  }
  // Noise makes the equations well behaved: each diagonal dominates, no rows need to change places.
  for (let a = 0; a < size; a++) {
    const pivot = rows[a]!;
    const by = pivot[a]!;
    for (let b = 0; b < size + 3; b++) pivot[b]! /= by;
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = row[a]!;
      for (let b = 0; b < size + 3; b++) row[b]! -= factor * pivot[b]!;
    }
  }
  return Float32Array.from(rows.flatMap((row) => [...row.subarray(size)]));
}

export type Preview = { pixels: Uint8Array; width: number; height: number };

/** Latents [rows, columns, channels] as a small picture. */
export function project(latents: Tensor, projection: Projection): Preview {
  const [height, width, channels] = latents.shape as [number, number, number];
  return scope(() => {
    const map = Tensor.from(projection, [channels + 1, 3]);
    const pixels = matmul(latents.reshape(-1, channels), map.slice([1]))
      .add(map.at(0))
      .div(2)
      .add(0.5)
      .clip(0, 1)
      .mul(255)
      .round()
      .astype("uint8")
      .read("uint8");
    return { pixels, width, height };
  });
}
