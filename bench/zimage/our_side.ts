/** Our side: the steps from noise to latents. `bun our_side.ts FOLDER OUT [HOW]` */
import { clearCache, scope, Tensor } from "../../ffi/index.ts";
import { denoise } from "../../src/models/zimage/denoise.ts";
import { loadTransformer } from "../../src/models/zimage/load.ts";
import { pack, unpack } from "../../src/models/zimage/pictures.ts";
import { measured, opened } from "../side.ts";

const { folder, out, how, input } = await opened();
const [noise, text, sigmas] = [input("noise"), input("text"), input("sigmas")];
const [, height, width] = noise.shape as [number, number, number];
const [rows, columns] = [height / 2, width / 2];
const transformer = loadTransformer([folder], how);
const read = (made: () => Tensor) =>
  scope(() => made().contiguous().read("float32")) as Float32Array<ArrayBuffer>;
measured(out, () => {
  const { data } = denoise({
    transformer,
    sigmas: [...sigmas.data],
    start: { data: read(() => pack(Tensor.from(noise.data, noise.shape).transpose(1, 2, 0))), rows, columns },
    positive: { data: text.data, tokens: text.shape[0]! },
    guidance: 0,
    // As the engine does between blocks.
    step: clearCache,
  });
  return read(() => unpack(Tensor.from(data, [rows * columns, 64]), rows, columns).transpose(2, 0, 1));
});
