/**
 * One run of a network with random weights: a depth map of Depth Anything, or one step of Z-Image's transformer.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { random, scope } from "../../ffi/index.ts";
import { DepthAnything } from "../../src/models/depth-anything/depth-anything.ts";
import { denoise } from "../../src/models/zimage/denoise.ts";
import * as zimage from "../../src/models/zimage/load.ts";
import { noise } from "../../src/models/zimage/pictures.ts";
import { sigmas } from "../../src/models/zimage/schedule.ts";

export interface Network extends Disposable {
  title: string;
  run(): void;
}

/** From a folder of `bench/depth/make.py`, or of `bench/published.ts zimage/turbo FOLDER --blocks 1 --only transformer`. */
export function load(folder: string): Network {
  return basename(folder).startsWith("v2-") ? depth(folder) : step(folder);
}

function depth(folder: string): Network {
  const model = DepthAnything.load([folder]);
  const picture = {
    data: new Uint8Array(readFileSync(join(folder, "picture.rgb"))),
    width: 1024,
    height: 768,
    channels: 3,
  };
  return {
    title: `Depth Anything V2 ${basename(folder).slice(3)}, 518 pixels`,
    run: () => void model.predict(model.preprocess(picture, { inputSize: 518, bound: "short" })),
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}

function step(folder: string): Network {
  const transformer = zimage.loadTransformer([folder], {});
  return {
    title: `Z-Image, a step of 512×512, one block of each kind, ${transformer.ran.precision}`,
    run: () =>
      scope(() => {
        const width = transformer.config.caption;
        const text = random.normal([64, width], random.key(3)).read("float32");
        const start = noise({ width: 512, height: 512 }, transformer.config.patch / 4, 7);
        const positive = { data: text as Float32Array<ArrayBuffer>, tokens: 64 };
        denoise({ transformer, sigmas: sigmas(1, 3), start, positive, guidance: 1 });
      }),
    [Symbol.dispose]: () => transformer[Symbol.dispose](),
  };
}
