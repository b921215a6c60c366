/** Our side: the steps from noise to latents. `bun our_side.ts FOLDER OUT [HOW]` */
import { clearCache, scope, Tensor } from "../../ffi/index.ts";
import { denoise } from "../../src/models/flux2/denoise.ts";
import { loadTransformer } from "../../src/models/flux2/load.ts";
import { measured, opened } from "../side.ts";

const { folder, out, how, input } = await opened();
const [noise, text, sigmas] = [input("noise"), input("text"), input("sigmas")];
const [channels, rows, columns] = noise.shape as [number, number, number];
const transformer = loadTransformer([folder], how);
const swapped = (data: Float32Array<ArrayBuffer>, from: number, to: number) =>
  scope(() =>
    Tensor.from(data, [from, to]).transpose(1, 0).contiguous().read("float32"),
  ) as Float32Array<ArrayBuffer>;
measured(out, () => {
  const { data } = denoise({
    transformer,
    sigmas: [...sigmas.data],
    start: { data: swapped(noise.data, channels, rows * columns), rows, columns },
    references: [],
    positive: { data: text.data, tokens: text.shape[0]! },
    guidance: 1,
    // As the engine does between blocks.
    step: clearCache,
  });
  return swapped(data, rows * columns, channels);
});
