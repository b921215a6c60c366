/**
 * A quick look at latents: each cell as one pixel, by a linear map that is fitted to what the picture coder makes of noise.
 *
 * @module
 */
import { matmul, random, scope, Tensor } from "../../../ffi/index.ts";
import type { Vae } from "./vae.ts";

/** Red, green and blue of a constant and of each channel: [1 + channels, 3]. */
export type Projection = Float32Array<ArrayBuffer>;

/** Cells on a side of the noise that the map is fitted to. */
const side = 16;

export function fitProjection(vae: Vae): Projection {
  const channels = vae.config.z_dim;
  return scope(() => {
    const latents = random.normal([side, side, channels], random.key(0));
    const drawn = vae.decode(latents).reshape(side, vae.cell, side, vae.cell, 3).mean([1, 3]).read("float32");
    return leastSquares(latents.read("float32"), drawn, channels);
  });
}

function leastSquares(inputs: Float32Array, outputs: Float32Array, channels: number): Projection {
  const size = channels + 1;
  const rows = Array.from({ length: size }, () => new Float64Array(size + 3));
  for (let i = 0; i < side * side; i++) {
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
