import { type Dtype, device, kernels } from "../../ffi/index.ts";

let gpu: boolean | undefined;

/** Whether MLX computes on a GPU. */
export function onGpu(): boolean {
  gpu ??= device().kind === "gpu";
  return gpu;
}

/** What transformers compute in: bfloat16 on a GPU, float32 on a CPU, where half precision is slow. */
export const computeType = (): Dtype => (onGpu() ? "bfloat16" : "float32");

/**
 * Whether memory has to be bounded by hand: rows of attention, strips of convolutions. MLX's own ops on the CPU write out every score
 * and every unfolded column; a GPU's and our own kernels do not.
 */
export const piecewise = (): boolean => !onGpu() && kernels() === "off";
