/**
 * A whole run of one picture, phase by phase: the memory that MLX held at most beside the plan, and the seconds. Weights may be random
 * ones of the published sizes (`bench/published.ts`).
 *
 *     bun bench/whole.ts flux2/klein-4b FOLDER [--bits 8] [--side 512] [--steps 1]
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { clearCache, memory, openLibrary, resetPeak } from "../ffi/index.ts";
import { library, nativeFolder } from "../ffi/native.ts";
import { contextOf, findFamily } from "../src/capabilities/catalogue.ts";
import { families } from "../src/capabilities/registry.ts";
import type { Need } from "../src/engine/need.ts";
import type { Part, Values } from "../src/engine/task.ts";
import { defaultSettings } from "../src/settings/load.ts";
import { tasks } from "../src/tasks.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    bits: { type: "string", default: "8" },
    side: { type: "string", default: "512" },
    steps: { type: "string", default: "1" },
  },
});
const [model, folder] = positionals as [string, string];
const [name, variant] = model.split("/") as [string, string];
const side = Number(values.side);

const settings = { ...defaultSettings(), model_paths: { [model]: folder } };
const context = contextOf(families, settings, { places: {} as never, embedded: null, budget: Infinity });
const family = findFamily(families, name)!;
const [operation] = family.operations as unknown as [
  {
    request: { parse(value: unknown): never };
    check(request: never, context: unknown): Record<string, unknown>;
    need(params: unknown, context: unknown): Need;
    prepare(params: unknown, context: unknown): Promise<{ input: Values }>;
  },
];
const request = operation.request.parse({
  model: variant,
  prompt: "a lighthouse at night, waves, and a red boat",
  width: side,
  height: side,
  steps: Number(values.steps),
  quantize: Number(values.bits),
  seed: 1,
});
const params = operation.check(request, context);
const need = operation.need(params, context);
const { input } = await operation.prepare(params, { ...context, signal: new AbortController().signal });

openLibrary(join(await nativeFolder({ usual: "" }), library));
const task = tasks[name]!;
const gb = (bytes: number) => (bytes / 1e9).toFixed(2).padStart(7);
console.log("phase      part      plan GB  loaded GB | plan GB   peak GB  peak/plan  load s   run s");
let state: Values = input;
for (const phase of need.phases) {
  const parts: Record<string, Part> = {};
  const begun = performance.now();
  resetPeak();
  const before = memory().active;
  let planned = 0;
  for (const part of phase.parts) {
    const source = {
      family: name,
      variant,
      paths: [folder],
      bits: part.bits === undefined ? need.bits : part.bits,
      options: {},
    };
    parts[part.name] = task.load(part.name, source, () => {});
    planned += part.bytes;
  }
  clearCache();
  const loaded = memory().active - before;
  const loading = memory().peak;
  const ready = performance.now();
  resetPeak();
  state = { ...state, ...task.run(phase.name, parts, state, () => {}) };
  const done = performance.now();
  const peak = memory().peak;
  const plan = planned + phase.workingBytes;
  console.log(
    `${phase.name.padEnd(10)} ${phase.parts
      .map((part) => part.name)
      .join()
      .padEnd(12)}${gb(planned)}  ${gb(loaded)}  | ${gb(plan)}  ${gb(peak)}` +
      `     ${(peak / plan).toFixed(2)}  (loading ${gb(loading)})  ${((ready - begun) / 1000).toFixed(1)}  ${((done - ready) / 1000).toFixed(1)}`,
  );
  for (const part of Object.values(parts)) part[Symbol.dispose]();
  clearCache();
}
const resident = Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024;
console.log(`largest resident size ${gb(resident)} GB`);
