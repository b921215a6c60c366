/**
 * Matrices of 8 bits in safetensors files, as ComfyUI and LightX2V publish them: with one scale for a matrix, one for each row, or none.
 * Nothing here knows MLX.
 *
 * @module
 */
import { CheckpointError } from "./checkpoint-error.ts";
import { type Entry, elements } from "./entry.ts";

/** Names of a scale beside `….weight`. */
const scales = ["scale_weight", "weight_scale"] as const;
/** For programs that also compute in 8 bits, and marks of such files. */
const beside = /(^|\.)(scaled_fp8|scale_input|input_scale|comfy_quant)$/;

/** Puts scales to their matrices. Files without matrices of 8 bits stay as they are. */
export function withScales(entries: readonly Entry[], label: string): readonly Entry[] {
  if (!entries.some(({ blocks }) => blocks === "F8_E4M3")) return entries;
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const used = new Set<Entry>();
  const scaled = entries.map((entry) => {
    if (entry.blocks !== "F8_E4M3") return entry;
    const stem = entry.name.replace(/weight$/, "");
    const scale = scales.map((name) => byName.get(stem + name)).find((found) => found !== undefined);
    if (!scale) return entry;
    used.add(scale);
    if (!fits(scale, entry))
      throw new CheckpointError(
        label,
        `${scale.name.slice(0, 100)} is neither one scale for the matrix nor one for each row`,
      );
    return { ...entry, scale };
  });
  return scaled.filter((entry, i) => !used.has(entries[i]!) && !beside.test(entry.name));
}

function fits({ dtype, shape, blocks }: Entry, { shape: [rows] }: Entry): boolean {
  const isFloat = dtype === "float32" || dtype === "float16" || dtype === "bfloat16";
  const count = elements(shape);
  return isFloat && blocks === undefined && (count === 1 || (count === rows && shape[0] === rows));
}
