import {
  type Dtype,
  device,
  type Products,
  productsFor,
  productsForQuantized,
  type QuantizedProducts,
} from "../../ffi/index.ts";

let gpu: boolean | undefined;

/** Whether MLX computes on a GPU. */
export function onGpu(): boolean {
  gpu ??= device().kind === "gpu";
  return gpu;
}

/** What transformers compute in: bfloat16 on a GPU, float32 on a CPU, where half precision is slow. */
export const computeType = (): Dtype => (onGpu() ? "bfloat16" : "float32");

/** What the products of a kind of network multiply: the setting `cpu_precision`. A GPU multiplies in `computeType`. */
export const productsOf = (kind: "depth" | "diffusion"): Products =>
  onGpu() ? "float32" : productsFor(kind);

/** The same of a diffusion transformer whose weights are quantized: the setting `cpu_quantized`. */
export const productsOfQuantized = (): QuantizedProducts => (onGpu() ? "float32" : productsForQuantized());
