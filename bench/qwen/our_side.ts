/**
 * Our side: what `mflux_side.py` does, with the networks of `src/models`.
 *
 *     bun bench/qwen/our_side.ts FOLDER OUT SIDE STEPS GUIDANCE
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLibrary } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { denoise, noise } from "../../src/models/qwen-image/diffusion.ts";
import { loadModulator, loadSchedule, loadTransformer } from "../../src/models/qwen-image/load.ts";
import { sigmas } from "../../src/models/qwen-image/schedule.ts";
import { openSafetensors } from "../../src/weights/safetensors-file.ts";

const [folder, out, ...numbers] = process.argv.slice(2) as [string, string, ...string[]];
const [side, steps, guidance] = numbers.map(Number) as [number, number, number];
openLibrary(join(await nativeFolder({ usual: "" }), library));

using texts = openSafetensors(join(folder, "texts.safetensors"));
const text = (name: string) => {
  using tensor = texts.take(name);
  return { data: tensor.read("float32") as Float32Array<ArrayBuffer>, tokens: tensor.shape[0]! };
};
const [positive, negative] = [text("positive"), text("negative")];
const modulator = loadModulator([folder], { products: "float32" });
// As mflux: a processor with an instruction for bfloat16 would take that.
const transformer = loadTransformer([folder], { products: "float32" });
const start = noise({ width: side, height: side }, 64, 1);

const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const [begun, busy] = [performance.now(), processor()];
const all = sigmas(steps, side ** 2 / 256, loadSchedule([folder]));
const modulation = modulator.forward(all.slice(0, -1));
modulator[Symbol.dispose]();
const made = denoise({
  transformer,
  sigmas: all,
  modulation,
  start,
  references: [],
  positive,
  negative: guidance > 1 ? negative : undefined,
  guidance,
  batch: true,
});
const seconds = (performance.now() - begun) / 1000;
const used = processor() - busy;
writeFileSync(out, made.data);
const peak = Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024;
console.log(JSON.stringify({ seconds, processor: used, peak }));
