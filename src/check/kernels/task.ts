/**
 * Computes every case on the engine's device and says how far each is off. It keeps nothing loaded.
 *
 * @module
 */
import { kernels, scope, version } from "../../../ffi/index.ts";
import type { Task } from "../../engine/task.ts";
import { type Case, makeCases } from "./cases.ts";
import type { Numbers } from "./reference.ts";

/** The largest difference as a share of the largest expected number; infinite when a result is NaN. */
export function errorOf(got: Numbers, wanted: Numbers): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let [most, size] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(got[i]! - wanted[i]!);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, difference);
    size = Math.max(size, Math.abs(wanted[i]!));
  }
  return most / (size || 1);
}

function lookAt({ name, compute, expected, tolerance }: Case) {
  try {
    const error = errorOf(
      scope(() => compute().read("float32")),
      expected(),
    );
    return { name, ok: error <= tolerance, error, tolerance };
  } catch (error) {
    return {
      name,
      ok: false,
      error: null,
      tolerance,
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

export const task: Task = {
  family: "kernels",
  load: () => ({ [Symbol.dispose]() {} }),
  run(_phase, _parts, _input, progress) {
    const cases = makeCases();
    const results = cases.map((each, i) => {
      progress("estimating", i, cases.length);
      return lookAt(each);
    });
    return { mlx: version(), kernels: kernels(), results };
  },
};
