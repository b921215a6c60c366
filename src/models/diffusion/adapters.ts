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

/** Says no to an adapter, with the name of its file and the keys at fault. */
export class LoraError extends Error {
  override name = "LoraError" as const;
}

export interface Lora {
  path: string;
  /** What errors call it. */
  label: string;
  scale: number;
}

type Role = "up" | "down" | "alpha";

const roles: readonly (readonly [RegExp, Role])[] = [
  [/\.(lora_up|lora_B|lora\.up)(\.[A-Za-z0-9_-]+)?(\.weight)?$/, "up"],
  [/\.(lora_down|lora_A|lora\.down)(\.[A-Za-z0-9_-]+)?(\.weight)?$/, "down"],
  [/\.alpha$/, "alpha"],
];
const prefixes =
  /^(base_model\.model\.)?((model\.)?diffusion_model\.|transformer\.|lora_unet_|lora_transformer_)?/;
const ofTextEncoder =
  /^(base_model\.model\.)?(text_encoder|lora_te\d*|te\d*|text_model|cond_stage_model)[._]/;

/** Forms of adapters that are more than two thin matrices. */
const otherForms: readonly (readonly [RegExp, string])[] = [
  [/\.(lokr_|hada_|lycoris_)|^lycoris_/, "LyCORIS (LoKr, LoHa)"],
  [/\.dora_scale$|\.lora_magnitude_vector/, "DoRA"],
  [/\.diff(_b)?$|\.set_weight$/, "whole differences of weights"],
];

/**
 * What a layer of a file changes in the network: a layer of it, perhaps as one of several that the file has fused (each takes its rows
 * of the wide matrix), perhaps with the halves of its rows in the other order.
 */
export interface Placement {
  name: string;
  part?: { index: number; of: number };
  halvesSwapped?: boolean;
}

/** Placements by the name that files give a layer, in which dots and underscores mean the same. */
export type Targets = ReadonlyMap<string, readonly Placement[]>;

/** Dots and underscores mean the same in some spellings. */
const spelled = (name: string) => name.replaceAll(".", "_");

/** The layers of a network under their own names, and under those of `others`. */
export const targetsOf = (
  names: Iterable<string>,
  others: Iterable<readonly [string, readonly Placement[]]> = [],
): Targets =>
  new Map([
    ...[...names].map((name) => [spelled(name), [{ name }]] as const),
    ...[...others].map(([name, placements]) => [spelled(name), placements] as const),
  ]);

interface Pair extends Omit<Placement, "name"> {
  up?: string;
  down?: string;
  alpha?: string;
}

const listed = (keys: readonly string[]) => {
  const shown = keys.slice(0, 8).map((key) => key.slice(0, 100));
  return shown.join(", ") + (keys.length > shown.length ? ` and ${keys.length - shown.length} more` : "");
};

/** What a file changes, by the network's names, and the keys that belong to a text encoder. */
function mapped(file: Safetensors, label: string, targets: Targets) {
  const pairs = new Map<string, Pair>();
  const unused: string[] = [];
  const strange: string[] = [];
  for (const key of file.tensors.keys()) {
    if (ofTextEncoder.test(key)) {
      unused.push(key);
      continue;
    }
    const form = otherForms.find(([pattern]) => pattern.test(key));
    if (form)
      throw new LoraError(
        `${label} is an adapter of another form, ${form[1]}, which is not supported: ${key.slice(0, 100)}`,
      );
    const role = roles.find(([pattern]) => pattern.test(key));
    const placements = role && targets.get(spelled(key.replace(role[0], "").replace(prefixes, "")));
    if (!role || placements === undefined) {
      strange.push(key);
      continue;
    }
    for (const { name, ...how } of placements) {
      const pair = pairs.get(name) ?? { ...how };
      if (pair[role[1]] !== undefined) throw new LoraError(`${label} changes ${name} twice`);
      pair[role[1]] = key;
      pairs.set(name, pair);
    }
  }
  if (strange.length > 0)
    throw new LoraError(`${label} does not fit this model: it has no layer for ${listed(strange)}`);
  if (pairs.size === 0) throw new LoraError(`${label} changes nothing in this model`);
  return { pairs, unused };
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
    return mapped(file, label, targets).unused;
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
    for (const [name, pair] of mapped(file, label, targets).pairs) {
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
  const flat = (shape: readonly number[]) => shape.length >= 2 && shape.slice(2).every((size) => size === 1);
  const fits =
    flat(upShape) &&
    flat(downShape) &&
    upShape[0] === part.of * outputs &&
    upShape[1] === rank &&
    downShape[1] === inputs;
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
