/**
 * A photograph's way to a depth map, stage by stage in one process: `bun run bench photo/stages [PICTURE] [ROUNDS]`.
 *
 * @module
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { openLibrary } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { drawMap } from "../../src/capabilities/depth/engine/draw.ts";
import { drawPreview, previewSize, thinned } from "../../src/capabilities/depth/engine/preview.ts";
import type { EstimateInput } from "../../src/capabilities/depth/phase.ts";
import { encodeDepth, encodePreview } from "../../src/capabilities/depth/result.ts";
import { decodePicture } from "../../src/images/decode.ts";
import { encodeNpz } from "../../src/images/npz.ts";
import { MiniDepth } from "../../src/models/mini/mini-depth.ts";
import { spread } from "../statistics.ts";
import { photograph } from "./picture.ts";

const [path = await photograph(4032, 3024), rounds = "7"] = process.argv.slice(2);
openLibrary(join(await nativeFolder({ usual: "" }), library));
const model = MiniDepth.load([join(import.meta.dir, "../../assets/mini/mini.safetensors")]);

const spent = new Map<string, { wall: number[]; processor: number[] }>();
async function timed<T>(stage: string, work: () => T | Promise<T>): Promise<T> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  const made = await work();
  const { user, system } = process.cpuUsage(before);
  const list = spent.get(stage) ?? { wall: [], processor: [] };
  list.wall.push(performance.now() - start);
  list.processor.push((user + system) / 1000);
  spent.set(stage, list);
  return made;
}

for (let round = 0; round <= Number(rounds); round++) {
  // The first round compiles.
  if (round === 1) spent.clear();
  const { pixels, width, height, original } = await timed("decode", () =>
    decodePicture(path, { maxPixels: 2 ** 26, within: { pixels: 2 ** 24, side: 2 ** 14 } }),
  );
  const whole = { data: pixels, width, height, channels: 3 };
  const seen = await timed("network's picture", () => model.preprocess(whole));
  const { depth } = await timed("network", () => model.predict(seen));
  const input: EstimateInput = {
    pixels,
    width,
    height,
    original,
    at: "picture",
    preview: true,
    render: { values: "inverse", normalization: "minmax", invert: false, colormap: "grey", format: "png8" },
  };
  await timed("preview", () => {
    const size = previewSize(input);
    if (!size) return;
    const small = model.resizeMap(depth, seen, size, { seen, whole: thinned(whole, size) });
    return encodePreview(drawPreview(small, size, input));
  });
  const map = await timed("map at full size", () => model.resizeMap(depth, seen, original, { seen, whole }));
  const drawn = await timed("grey levels", () =>
    drawMap({ depth: map, ...original, unit: model.unit() }, input),
  );
  await timed("PNG", () => encodeDepth(drawn));
  const shape = [original.height, original.width];
  await timed("NPZ", async () => void (await encodeNpz({ depth: { data: map, shape } })));
}
console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB\n`);
console.log("| stage | wall, ms | processor, ms |\n|---|---|---|");
for (const [stage, { wall, processor }] of spent)
  console.log(`| ${stage} | ${spread(wall, 0)} | ${spread(processor, 0)} |`);
