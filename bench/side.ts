/** What our sides of `bench/steps.ts` share: inputs, and figures of the process. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLibrary } from "../ffi/index.ts";
import { library, nativeFolder } from "../ffi/native.ts";
import { openSafetensors } from "../src/weights/safetensors-file.ts";

export async function opened(): Promise<{ folder: string; out: string; input(name: string): Input }> {
  const [folder, out] = process.argv.slice(2) as [string, string];
  openLibrary(join(await nativeFolder({ usual: "" }), library));
  return {
    folder,
    out,
    input(name) {
      using file = openSafetensors(join(folder, "inputs.safetensors"));
      using tensor = file.take(name);
      return { data: tensor.read("float32") as Input["data"], shape: [...tensor.shape] };
    },
  };
}

export interface Input {
  data: Float32Array<ArrayBuffer>;
  shape: number[];
}

/** Runs the steps, writes what they give, and tells the figures. */
export function measured(out: string, body: () => Float32Array): void {
  const processor = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const [begun, busy] = [performance.now(), processor()];
  const made = body();
  const seconds = (performance.now() - begun) / 1000;
  const used = processor() - busy;
  writeFileSync(out, made);
  const peak = Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024;
  console.log(JSON.stringify({ seconds, processor: used, peak }));
}
