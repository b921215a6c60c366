import { afterAll, beforeAll } from "bun:test";
import { kernels, random, useKernels } from "../../ffi/index.ts";
import { openForTests } from "../ffi/open.ts";

/** Opens the library for a file of tests that choose kernels, and puts back those it took by itself, which it tells of. */
export function testsKernels(): () => string {
  let before = "";
  beforeAll(() => {
    openForTests();
    before = kernels();
  });
  afterAll(() => useKernels(before));
  return () => before;
}

export const normal = (seed: number, ...shape: number[]) => random.normal(shape, random.key(seed));
