/**
 * What the names and shapes in an adapter's file say: which layers it changes, and whether a network has them. Nothing here knows MLX.
 *
 * @module
 */
import type { TensorTable } from "../../weights/tensor-table.ts";

/** Says no to an adapter, with the name of its file and the keys at fault. */
export class LoraError extends Error {
  override name = "LoraError" as const;
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

export interface Pair extends Omit<Placement, "name"> {
  up?: string;
  down?: string;
  alpha?: string;
}

const listed = (keys: readonly string[]) => {
  const shown = keys.slice(0, 8).map((key) => key.slice(0, 100));
  return shown.join(", ") + (keys.length > shown.length ? ` and ${keys.length - shown.length} more` : "");
};

/** What a file changes, by the network's names, and the keys that belong to a text encoder. */
export function mapped(keys: Iterable<string>, label: string, targets: Targets, called = "this model") {
  const pairs = new Map<string, Pair>();
  const unused: string[] = [];
  const strange: string[] = [];
  for (const key of keys) {
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
    throw new LoraError(`${label} does not fit ${called}: it has no layer for ${listed(strange)}`);
  if (pairs.size === 0) throw new LoraError(`${label} changes nothing in ${called}`);
  return { pairs, unused };
}

/** Whether two matrices of a file make a change of a layer. `inputs` is undefined where the layer's own are not known. */
export function fitsLayer(
  up: readonly number[],
  down: readonly number[],
  { outputs, inputs }: LayerSize,
  parts: number,
): boolean {
  const flat = (shape: readonly number[]) => shape.length >= 2 && shape.slice(2).every((size) => size === 1);
  const [rank = 0] = down;
  return (
    flat(up) &&
    flat(down) &&
    up[0] === parts * outputs &&
    up[1] === rank &&
    (inputs === undefined || down[1] === inputs)
  );
}

export interface LayerSize {
  outputs: number;
  /** Undefined where quantized files do not tell it. */
  inputs: number | undefined;
}

/** The layers of a network that adapters may change. */
export interface AdapterNetwork {
  targets: Targets;
  sizes: ReadonlyMap<string, LayerSize>;
}

/** The network whose tensors have the names in the table; `others` gives the names that files have for its layers besides. */
export function networkOf(
  table: TensorTable,
  others: (names: readonly string[]) => Iterable<readonly [string, readonly Placement[]]> = () => [],
): AdapterNetwork {
  const sizes = new Map<string, LayerSize>();
  for (const [key, { dtype, shape }] of table) {
    if (shape.length !== 2 || !key.endsWith(".weight")) continue;
    const [outputs, inputs] = shape as [number, number];
    sizes.set(key.slice(0, -".weight".length), { outputs, inputs: dtype === "U32" ? undefined : inputs });
  }
  return { targets: targetsOf(sizes.keys(), others([...sizes.keys()])), sizes };
}

/** Says by names and shapes alone why an adapter does not fit a network; undefined when it fits. */
export function whyNot(
  tensors: TensorTable,
  label: string,
  network: AdapterNetwork,
  called = "this model",
): string | undefined {
  try {
    for (const [name, { up, down, part }] of mapped(tensors.keys(), label, network.targets, called).pairs) {
      if (up === undefined || down === undefined)
        return `${label} has only one half of the change of ${name}`;
      const size = network.sizes.get(name);
      const [upShape, downShape] = [tensors.get(up)!.shape, tensors.get(down)!.shape];
      if (downShape[0] === 0) return `${label} has rank 0 for ${name}`;
      if (size && !fitsLayer(upShape, downShape, size, part?.of ?? 1))
        return (
          `${label} does not fit ${called}: ${name} takes [${size.inputs ?? "?"}] to [${size.outputs}], and the file has ` +
          `[${downShape.join(", ")}] and [${upShape.join(", ")}]`
        );
    }
    return undefined;
  } catch (error) {
    if (error instanceof LoraError) return error.message;
    throw error;
  }
}
