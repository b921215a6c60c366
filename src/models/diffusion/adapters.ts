/**
 * Adapters: small files that change some matrices of the transformer by the product of two thin ones. They come in several
 * spellings; all are brought to the names of the network.
 *
 * @module
 */
import { concat, type Dtype, scope } from "../../../ffi/index.ts";
import type { Linear, LowRank } from "../../nn/linear.ts";
import { mistakenFor } from "../../weights/formats/mistaken.ts";
import { isUnreadable, openSafetensors, type Safetensors } from "../../weights/safetensors-file.ts";
import { fitsLayer, LoraError, mapped, type Pair, type Targets } from "./names.ts";

export interface Lora {
  path: string;
  /** What errors call it. */
  label: string;
  scale: number;
}

function opened(path: string, label: string): Safetensors {
  try {
    return openSafetensors(path);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const reason = mistakenFor(path) ?? error.message.replace("[safetensors] ", "");
    throw new LoraError(`${label} cannot be read as safetensors: ${reason}`);
  }
}

/** The keys of the text encoder in some adapters, which change nothing here. Throws when one fits no part of the network. */
export function checkLoras(loras: readonly Lora[], targets: Targets): string[] {
  return loras.flatMap(({ path, label }) => {
    using file = opened(path, label);
    return mapped(file.tensors.keys(), label, targets).unused;
  });
}

/**
 * Adds adapters to the layers that they change and gives what takes them off again. `targets` are those of the whole network, of
 * which `linears` may be a part. `hint` ends the message about an adapter whose sizes do not fit.
 */
export function applyLoras(
  loras: readonly Lora[],
  linears: ReadonlyMap<string, Linear>,
  targets: Targets,
  dtype: Dtype,
  hint = "",
): Disposable {
  const changes = new Map<string, LowRank[]>();
  for (const { path, label, scale } of loras) {
    using file = opened(path, label);
    for (const [name, pair] of mapped(file.tensors.keys(), label, targets).pairs) {
      const linear = linears.get(name);
      if (!linear) continue;
      const change = thin(file, { label, name, hint }, pair, linear, scale, dtype);
      changes.set(name, [...(changes.get(name) ?? []), change]);
    }
  }
  const changed = [...changes].map(([name, list]) => {
    const linear = linears.get(name)!;
    linear.adapter = {
      down:
        list.length === 1
          ? list[0]!.down
          : concat(
              list.map(({ down }) => down),
              0,
            ),
      up:
        list.length === 1
          ? list[0]!.up
          : concat(
              list.map(({ up }) => up),
              1,
            ),
    };
    return linear;
  });
  return {
    [Symbol.dispose]() {
      for (const linear of changed) linear.adapter = null;
    },
  };
}

function thin(
  file: Safetensors,
  { label, name, hint }: { label: string; name: string; hint: string },
  { up, down, alpha, part = { index: 0, of: 1 }, halvesSwapped = false }: Pair,
  { inputs, outputs }: Linear,
  scale: number,
  dtype: Dtype,
): LowRank {
  if (up === undefined || down === undefined)
    throw new LoraError(`${label} has only one half of the change of ${name}`);
  const [upShape, downShape] = [up, down].map((key) => file.tensors.get(key)!.shape) as [
    readonly number[],
    readonly number[],
  ];
  const [rank = 0] = downShape;
  if (rank === 0) throw new LoraError(`${label} has rank 0 for ${name}`);
  const fits = fitsLayer(upShape, downShape, { outputs, inputs }, part.of);
  if (!fits)
    throw new LoraError(
      `${label} does not fit this model: ${name} takes [${inputs}] to [${outputs}], and the file has ` +
        `[${downShape.join(", ")}] and [${upShape.join(", ")}]${hint}`,
    );
  const strength = alpha === undefined ? 1 : file.take(alpha).astype("float32").reshape(1).item() / rank;
  if (!Number.isFinite(strength)) throw new LoraError(`${label} has a NaN or infinite strength for ${name}`);
  return scope(() => {
    const wide = file.take(up).reshape(part.of, outputs, rank).at(part.index);
    const rows = halvesSwapped
      ? concat([wide.slice([outputs / 2]), wide.slice([], [outputs / 2, rank])], 0)
      : wide;
    const made = {
      down: file.take(down).reshape(rank, inputs).astype("float32"),
      up: rows.astype("float32").mul(scale * strength),
    };
    for (const tensor of Object.values(made))
      if (!tensor.isfinite().all().item())
        throw new LoraError(`${label} has NaN or infinite values for ${name}`);
    return { down: made.down.astype(dtype).contiguous(), up: made.up.astype(dtype).contiguous() };
  });
}
