/**
 * Adapters: small files that change some matrices of the transformer by the product of two thin ones. They come in several
 * spellings; all are brought to the names of the network.
 *
 * @module
 */
import {
  concat,
  type Dtype,
  NativeError,
  openSafetensors,
  type Safetensors,
  scope,
} from "../../../ffi/index.ts";
import type { Linear, LowRank } from "../../nn/linear.ts";

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

interface Pair {
  up?: string;
  down?: string;
  alpha?: string;
}

const listed = (keys: readonly string[]) => {
  const shown = keys.slice(0, 8).map((key) => key.slice(0, 100));
  return shown.join(", ") + (keys.length > shown.length ? ` and ${keys.length - shown.length} more` : "");
};

/** What a file changes, by the network's names, and the keys that belong to a text encoder. */
function mapped(file: Safetensors, label: string, targets: ReadonlyMap<string, string>) {
  const pairs = new Map<string, Pair>();
  const unused: string[] = [];
  const strange: string[] = [];
  for (const key of file.tensors.keys()) {
    if (ofTextEncoder.test(key)) {
      unused.push(key);
      continue;
    }
    const role = roles.find(([pattern]) => pattern.test(key));
    const name = role && targets.get(spelled(key.replace(role[0], "").replace(prefixes, "")));
    if (!role || name === undefined) {
      strange.push(key);
      continue;
    }
    const pair = pairs.get(name) ?? {};
    if (pair[role[1]] !== undefined) throw new LoraError(`${label} changes ${name} twice`);
    pair[role[1]] = key;
    pairs.set(name, pair);
  }
  if (strange.length > 0)
    throw new LoraError(`${label} is no adapter for this model: ${listed(strange)} fit nowhere`);
  if (pairs.size === 0) throw new LoraError(`${label} changes nothing in this model`);
  return { pairs, unused };
}

/** Dots and underscores mean the same in some spellings. */
const spelled = (name: string) => name.replaceAll(".", "_");

function opened(path: string, label: string): Safetensors {
  try {
    return openSafetensors(path);
  } catch (error) {
    if (error instanceof NativeError) throw new LoraError(`${label} is no safetensors file`);
    throw error;
  }
}

/** The keys of the text encoder in some adapters, which change nothing here. Throws when one fits no part of the network. */
export function checkLoras(loras: readonly Lora[], names: Iterable<string>): string[] {
  const targets = new Map([...names].map((name) => [spelled(name), name]));
  return loras.flatMap(({ path, label }) => {
    using file = opened(path, label);
    return mapped(file, label, targets).unused;
  });
}

/**
 * Adds adapters to the layers that they change and gives what takes them off again. `names` are those of the whole network, of
 * which `linears` may be a part.
 */
export function applyLoras(
  loras: readonly Lora[],
  linears: ReadonlyMap<string, Linear>,
  names: Iterable<string>,
  dtype: Dtype,
): Disposable {
  const targets = new Map([...names].map((name) => [spelled(name), name]));
  const changes = new Map<string, LowRank[]>();
  for (const { path, label, scale } of loras) {
    using file = opened(path, label);
    for (const [name, pair] of mapped(file, label, targets).pairs) {
      const linear = linears.get(name);
      if (!linear) continue;
      const change = thin(file, label, name, pair, linear, scale, dtype);
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
  label: string,
  name: string,
  { up, down, alpha }: Pair,
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
    upShape[0] === outputs &&
    upShape[1] === rank &&
    downShape[1] === inputs;
  if (!fits)
    throw new LoraError(
      `${label} is no adapter for this model: ${name} takes [${inputs}] to [${outputs}], and the file has ` +
        `[${downShape.join(", ")}] and [${upShape.join(", ")}]`,
    );
  const strength = alpha === undefined ? 1 : file.take(alpha).astype("float32").reshape(1).item() / rank;
  if (!Number.isFinite(strength)) throw new LoraError(`${label} has a value that is no number in ${name}`);
  return scope(() => {
    const made = {
      down: file.take(down).reshape(rank, inputs).astype("float32"),
      up: file
        .take(up)
        .reshape(outputs, rank)
        .astype("float32")
        .mul(scale * strength),
    };
    for (const tensor of Object.values(made))
      if (!tensor.isfinite().all().item())
        throw new LoraError(`${label} has values that are no numbers in ${name}`);
    return { down: made.down.astype(dtype).contiguous(), up: made.up.astype(dtype).contiguous() };
  });
}
