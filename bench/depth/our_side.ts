/**
 * Our side: what `torch_side.py` does, with the networks of `src/models`.
 *
 *     EASEL_CPU_THREADS=2 [EASEL_CPU_PRECISION=bfloat16] bun bench/depth/our_side.ts FOLDER SIDE REPEATS [OUT]
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { choosePrecision, hasBfloat16, kernels, memory, openLibrary, resetPeak } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { DepthAnything } from "../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../src/models/depth-pro/depth-pro.ts";

const [folder, side, repeats, out] = process.argv.slice(2) as [string, string, string, string?];
openLibrary(join(await nativeFolder({ usual: "" }), library));

if (process.env.EASEL_CPU_PRECISION === "bfloat16") {
  if (!hasBfloat16()) {
    console.log(JSON.stringify({ absent: "the processor has no instruction for bfloat16" }));
    process.exit();
  }
  choosePrecision("bfloat16");
}

const pixels = {
  data: new Uint8Array(readFileSync(join(folder, "picture.rgb"))),
  width: 1024,
  height: 768,
  channels: 3,
};
const pro = readFileSync(join(folder, "config.json"), "utf8").includes("depth_pro");
const started = performance.now();
const model = pro ? DepthPro.load([folder]) : DepthAnything.load([folder]);
const load = (performance.now() - started) / 1000;
resetPeak();

function run(): Float32Array {
  if (model instanceof DepthPro) return model.predict(pixels).canonical;
  const picture = model.preprocess(pixels, { inputSize: Number(side), bound: "short" });
  return model.predict(picture).depth;
}

const seconds: number[] = [];
const cpu: number[] = [];
let depth = new Float32Array();
for (let i = 0; i < Number(repeats); i++) {
  const from = performance.now();
  const worked = process.cpuUsage();
  depth = run() as Float32Array<ArrayBuffer>;
  seconds.push((performance.now() - from) / 1000);
  const { user, system } = process.cpuUsage(worked);
  cpu.push((user + system) / 1e6);
}
if (out !== undefined) writeFileSync(out, depth);
const peak = Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024;
console.log(JSON.stringify({ load, seconds, cpu, peak, mlxPeak: memory().peak, kernels: kernels() }));
