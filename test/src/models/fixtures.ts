import { join } from "node:path";
import type { Tensor } from "../../../ffi/index.ts";
import { openSafetensors } from "../../../src/weights/safetensors-file.ts";

export const depthFixtures = join(import.meta.dir, "../../fixtures/depth");
export const fixture = (name: string) => join(depthFixtures, name);

export interface Recorded {
  shape: readonly number[];
  values: Float32Array;
}

/** What a reference program recorded. */
export interface Expected {
  names: readonly string[];
  /** The part of a name before the slash: inputs that the program ran. */
  cases: readonly string[];
  has(name: string): boolean;
  get(name: string): Recorded;
  bytes(name: string): Uint8Array;
}

export function expected(name: string): Expected {
  using file = openSafetensors(join(depthFixtures, "expected", `${name}.safetensors`));
  const all = new Map(
    [...file.tensors].map(([key, { shape, dtype }]) => {
      using tensor = file.take(key);
      return [key, { shape, dtype, data: dtype === "uint8" ? tensor.read("uint8") : tensor.read("float32") }];
    }),
  );
  const one = (key: string) => {
    const found = all.get(key);
    if (found === undefined) throw new Error(`the fixture ${name} has no ${key}`);
    return found;
  };
  return {
    names: [...all.keys()].sort(),
    cases: [...new Set([...all.keys()].map((key) => key.split("/")[0]!))].sort(),
    has: (key) => all.has(key),
    get: (key) => ({ shape: one(key).shape, values: one(key).data as Float32Array }),
    bytes: (key) => one(key).data as Uint8Array,
  };
}

/** The largest difference, as a share of the largest expected value. */
export function difference(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (actual.length !== wanted.length)
    throw new Error(`${actual.length} values where ${wanted.length} were expected`);
  let error = 0;
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    // NaN fails, whatever it stands beside.
    error = Math.max(
      error,
      Number.isNaN(actual[i]! - wanted[i]!) ? Number.POSITIVE_INFINITY : Math.abs(actual[i]! - wanted[i]!),
    );
    largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  return error / largest;
}

export const values = (tensor: Tensor) => tensor.read("float32");
