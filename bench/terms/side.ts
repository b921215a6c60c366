/**
 * The depth map of one picture, by a library and an instruction set: `bun bench/terms/side.ts LIBRARY SET NETWORK OUT`.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLibrary, useKernels } from "../../ffi/index.ts";
import { DepthAnything } from "../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../src/models/depth-pro/depth-pro.ts";

const [library, set, folder, out] = process.argv.slice(2) as [string, string, string, string];
openLibrary(library, { device: "cpu" });
useKernels(set);

const recorded = join(folder, "picture.rgb");
const picture = existsSync(recorded)
  ? { data: new Uint8Array(readFileSync(recorded)), width: 1024, height: 768, channels: 3 }
  : {
      data: Uint8Array.from({ length: 256 * 192 * 3 }, (_, i) => (i * 89 + ((i * i) % 97)) % 256),
      width: 256,
      height: 192,
      channels: 3,
    };
function depth(): Float32Array {
  if (readFileSync(join(folder, "config.json"), "utf8").includes("depth_pro")) {
    using model = DepthPro.load([folder]);
    return model.predict(picture).canonical;
  }
  using model = DepthAnything.load([folder]);
  return model.predict(model.preprocess(picture, { inputSize: 266, bound: "short" })).depth;
}
writeFileSync(out, depth());
