/**
 * What the products of networks multiply on a processor: the settings `cpu_precision` and `cpu_quantized`.
 *
 * @module
 */
import { hasBfloat16, hasInteger, kernels, useKernels } from "./kernels.ts";
import { NativeError } from "./library.ts";

export type Precision = "auto" | "float32" | "bfloat16";
/** Of the transformers of diffusion, where their weights are quantized. */
export type QuantizedPrecision = "auto" | "float" | "integer";

/** The precision of a processor in use, by kind of network. */
export interface PrecisionInUse {
  setting: Precision;
  depth: "float32" | "bfloat16";
  diffusion: "float32" | "bfloat16";
  /** Of transformers whose weights are quantized. */
  quantized: "float32" | "bfloat16" | "integer";
  /** Why `auto` takes float32 everywhere. */
  reason: string | null;
}

let setting: Precision = "auto";
let quantizedSetting: QuantizedPrecision = "auto";

/**
 * `float32` also takes the kernels that have its accuracy in every op, where AMX's usual ones have less.
 *
 * @throws {NativeError} for what the processor does not multiply.
 */
export function choosePrecision(wanted: Precision, quantized: QuantizedPrecision = "auto"): void {
  if (wanted === "bfloat16" && !hasBfloat16())
    throw new NativeError(`[precision] cpu_precision is bfloat16, and ${lacking}: set it to auto or float32`);
  if (quantized === "integer" && !hasInteger())
    throw new NativeError(
      `[precision] cpu_quantized is integer, and ${lackingInteger}: set it to auto or float`,
    );
  if (wanted === "float32" && kernels() === "amx") useKernels("amx_float32");
  setting = wanted;
  quantizedSetting = quantized;
}

const lacking =
  "this processor, or the instruction set that EASEL_CPU_KERNELS names, has no instruction for bfloat16 (AVX512_BF16, AMX or Arm's BFMMLA)";

const lackingInteger =
  "this processor, or the instruction set that EASEL_CPU_KERNELS names, has no instruction for integers of 8 bits (AVX2, VNNI or Arm's SDOT)";

/**
 * `auto` leaves depth in float32, since its maps are measures. The weights of generating networks are bfloat16 as they are
 * published, so they take it where the processor does.
 */
export function productsFor(kind: "depth" | "diffusion"): "float32" | "bfloat16" {
  if (setting !== "auto") return setting;
  return kind === "diffusion" && hasBfloat16() ? "bfloat16" : "float32";
}

/**
 * `auto` takes integers where there is an instruction for them, unless `cpu_precision` asks for float32. AMX multiplies bfloat16 faster
 * than VNNI multiplies integers.
 */
export function productsForQuantized(): "float32" | "bfloat16" | "integer" {
  const taken = setting !== "float32" && hasInteger() && !kernels().startsWith("amx");
  if (quantizedSetting === "integer" || (quantizedSetting === "auto" && taken)) return "integer";
  return productsFor("diffusion");
}

export const precisionInUse = (): PrecisionInUse => ({
  setting,
  depth: productsFor("depth"),
  diffusion: productsFor("diffusion"),
  quantized: productsForQuantized(),
  reason: setting === "auto" && !hasBfloat16() ? lacking : null,
});
