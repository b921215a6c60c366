import { join } from "node:path";
import { concat, type Tensor } from "../../ffi/index.ts";
import { openSafetensors, type Safetensors } from "../../src/weights/safetensors-file.ts";

/** A group of cases made by `test/reference/ops.py`. */
export function openFixtures(group: string): Safetensors {
  return openSafetensors(join(import.meta.dir, "../fixtures/ops", `${group}.safetensors`));
}

/** The same values with gaps between them in memory. */
export function strided(x: Tensor): Tensor {
  if (x.ndim === 0) return x;
  const wide = concat([x.expandDims(-1), x.expandDims(-1)], -1);
  return wide.slice([], x.shape.map((length) => length).concat(1)).squeeze(-1);
}

/** The largest difference, relative to the largest expected value. Equal infinities and NaNs count as equal. */
export function error(actual: Tensor, expected: Tensor): number {
  const [a, b] = [actual.astype("float32").read("float32"), expected.astype("float32").read("float32")];
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) {
      if (Number.isFinite(b[i])) largest = Math.max(largest, Math.abs(b[i]!));
      continue;
    }
    const difference = Math.abs(a[i]! - b[i]!);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return worst === 0 ? 0 : worst / largest;
}
