import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  choosePrecision,
  hasBfloat16,
  hasInteger,
  kernels,
  precisionInUse,
  productsFor,
  productsForQuantized,
  useKernels,
} from "../../ffi/index.ts";
import { openForTests } from "./open.ts";

openForTests();

let before: string;
beforeAll(() => {
  before = kernels();
});
afterAll(() => {
  useKernels(before);
  choosePrecision("float32");
});

test("auto leaves depth in float32, and takes bfloat16 for pictures where the processor multiplies it", () => {
  choosePrecision("auto");
  expect(productsFor("depth")).toBe("float32");
  expect(productsFor("diffusion")).toBe(hasBfloat16() ? "bfloat16" : "float32");
  expect(precisionInUse()).toMatchObject({ setting: "auto", depth: "float32" });
  expect(precisionInUse().reason === null).toBe(hasBfloat16());
});

test("float32 is for all networks", () => {
  choosePrecision("float32");
  expect(precisionInUse()).toEqual({
    setting: "float32",
    depth: "float32",
    diffusion: "float32",
    quantized: "float32",
    reason: null,
  });
});

test("float32 takes AMX's kernels with the accuracy of float32, and leaves others as they are", () => {
  for (const set of ["base", before]) {
    useKernels(set);
    choosePrecision("auto");
    expect(kernels()).toBe(set);
    choosePrecision("float32");
    expect(kernels()).toBe(set === "amx" ? "amx_float32" : set);
  }
  useKernels(before);
});

test("quantized transformers take integers under auto where there is an instruction, and never against float32", () => {
  for (const set of ["off", "base", before]) {
    useKernels(set);
    choosePrecision("auto");
    const integer = hasInteger() && !set.startsWith("amx");
    expect(productsForQuantized()).toBe(integer ? "integer" : productsFor("diffusion"));
    choosePrecision("auto", "float");
    expect(productsForQuantized()).toBe(productsFor("diffusion"));
    choosePrecision("float32");
    expect(productsForQuantized()).toBe("float32");
  }
  useKernels(before);
  if (!hasInteger()) return;
  choosePrecision("float32", "integer");
  expect(precisionInUse()).toMatchObject({ diffusion: "float32", quantized: "integer" });
});

test("integers are refused where no instruction multiplies them, and the setting stays", () => {
  useKernels("off");
  choosePrecision("float32", "float");
  expect(() => choosePrecision("auto", "integer")).toThrow(
    /no instruction for integers .* set it to auto or float/,
  );
  expect(precisionInUse()).toMatchObject({ setting: "float32", quantized: "float32" });
  useKernels(before);
});

test("bfloat16 is refused where no instruction multiplies it, and the setting stays", () => {
  useKernels("off");
  choosePrecision("float32");
  expect(() => choosePrecision("bfloat16")).toThrow(
    /no instruction for bfloat16 .* set it to auto or float32/,
  );
  expect(precisionInUse().setting).toBe("float32");
  useKernels(before);
  if (!hasBfloat16()) return;
  choosePrecision("bfloat16");
  expect(precisionInUse()).toMatchObject({ depth: "bfloat16", diffusion: "bfloat16", reason: null });
});
