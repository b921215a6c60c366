/**
 * What the products of networks multiply on a processor: the setting `cpu_precision`.
 *
 * @module
 */
import { hasBfloat16 } from "./kernels.ts";
import { NativeError } from "./library.ts";

export type Precision = "auto" | "float32" | "bfloat16";

/** The precision of a processor in use, by kind of network. */
export interface PrecisionInUse {
  setting: Precision;
  depth: "float32" | "bfloat16";
  diffusion: "float32" | "bfloat16";
  /** Why `auto` takes float32 everywhere. */
  reason: string | null;
}

let setting: Precision = "auto";

/** @throws {NativeError} for bfloat16 on a processor that does not multiply it. */
export function choosePrecision(wanted: Precision): void {
  if (wanted === "bfloat16" && !hasBfloat16())
    throw new NativeError(`[precision] cpu_precision is bfloat16, and ${lacking}: set it to auto or float32`);
  setting = wanted;
}

const lacking =
  "this processor, or the instruction set that EASEL_CPU_KERNELS names, has no instruction for bfloat16 (AVX512_BF16, AMX or Arm's BFMMLA)";

/**
 * `auto` leaves depth in float32, since its maps are measures. The weights of generating networks are bfloat16 as they are
 * published, so they take it where the processor does.
 */
export function productsFor(kind: "depth" | "diffusion"): "float32" | "bfloat16" {
  if (setting !== "auto") return setting;
  return kind === "diffusion" && hasBfloat16() ? "bfloat16" : "float32";
}

export const precisionInUse = (): PrecisionInUse => ({
  setting,
  depth: productsFor("depth"),
  diffusion: productsFor("diffusion"),
  reason: setting === "auto" && !hasBfloat16() ? lacking : null,
});
