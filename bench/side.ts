/** What our sides of `bench/steps.ts` share: inputs, and figures of the process. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasBfloat16, hasInteger, kernels, openLibrary, type QuantizedProducts } from "../ffi/index.ts";
import { library, nativeFolder } from "../ffi/native.ts";
import type { LoadOptions } from "../src/models/diffusion/parts.ts";
import { openSafetensors } from "../src/weights/safetensors-file.ts";

export type How = Pick<LoadOptions, "bits" | "products" | "quantizedProducts">;

/** Of "float32", "bfloat16", or, with quantized weights, "integer:8", "bfloat16:4" and the like. */
function how(given: string): How {
  const [products, bits] = given.split(":") as [QuantizedProducts, string?];
  if ((products === "bfloat16" && !hasBfloat16()) || (products === "integer" && !hasInteger())) {
    console.error(`the kernels in use have no instruction for products of ${products}`);
    process.exit(1);
  }
  const plain = products === "integer" ? "float32" : products;
  return bits === undefined
    ? { products: plain }
    : { products: plain, bits: Number(bits) as 8 | 4, quantizedProducts: products };
}

/** Of `our_side.ts FOLDER OUT [HOW]`. */
export async function opened(): Promise<{
  folder: string;
  out: string;
  how: How;
  input(name: string): Input;
}> {
  const [folder, out, given = "float32"] = process.argv.slice(2) as [string, string, string?];
  openLibrary(join(await nativeFolder({ usual: "" }), library));
  return {
    folder,
    out,
    how: how(given),
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
  console.log(JSON.stringify({ seconds, processor: used, peak, kernels: kernels() }));
}
