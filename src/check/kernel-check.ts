/**
 * Lets the engine compute one case for each kind of kernel, and judges the results.
 *
 * @module
 */
import type { Engine } from "../engine/engine.ts";

export interface KernelResult {
  name: string;
  ok: boolean;
  /** As a share of the largest expected number; null where the kernel could not run. */
  error: number | null;
  tolerance: number;
  /** What MLX said. */
  message?: string;
}

const key = "kernels";

export interface KernelCheck {
  results: readonly KernelResult[];
  /** Versions: of MLX, and which of our own kernels a processor uses. */
  mlx: string;
  kernels: string;
}

/** Computes every case on the engine's device. */
export async function checkKernels(engine: Engine): Promise<KernelCheck> {
  await engine.load(key, "model", { family: key, variant: key, paths: [], bits: null, options: {} });
  const { output } = await engine.run(key, "check", { model: key }, {});
  await engine.evict(key);
  return output as unknown as KernelCheck;
}

/** An error that no rounding makes: a kernel that cannot be trusted at all. */
const gross = 0.05;

/** The results of kernels that do not run, or whose numbers are far from the expected ones. */
export const broken = (results: readonly KernelResult[]): KernelResult[] =>
  results.filter(({ ok, error }) => !ok && !(error !== null && error <= gross));

/** One line for each kernel that failed. */
export function kernelFaults(results: readonly KernelResult[]): string[] {
  return results
    .filter(({ ok }) => !ok)
    .map(({ name, error, tolerance, message }) =>
      error === null
        ? `${name}: ${message}`
        : `${name}: wrong by ${error.toExponential(1)} of its largest number; ${tolerance.toExponential(1)} may be`,
    );
}
