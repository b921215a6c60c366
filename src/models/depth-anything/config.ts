import type { VitConfig } from "../../nn/vit.ts";
import type { Checkpoint, Json } from "../../weights/checkpoint.ts";

export interface DptConfig {
  /** Channels of a tap, of the four levels, of the fusion, of the last hidden layer. */
  inputs: number;
  channels: readonly [number, number, number, number];
  features: number;
  hidden: number;
  outputs: number;
  patch: number;
  /** Depth Anything 3 any-view: tokens are normalized and places in the plane are added. */
  places: boolean;
  sky: boolean;
}

/** What the last numbers become. */
export type Readout =
  | { kind: "relu" }
  /** A share of the largest depth, in metres. */
  | { kind: "sigmoid"; maxDepth: number }
  | { kind: "exp" };

export interface NetworkConfig {
  version: 2 | 3;
  vit: VitConfig;
  head: DptConfig;
  readout: Readout;
  camera: boolean;
}

const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const numbers = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.every((item) => Number.isInteger(item)) ? value : undefined;

/**
 * Sizes of the network whose tensors stand below `prefix`: from the tensors, and from `config.json` what they do not tell. `given`
 * is the part of `config.json` that describes this network.
 */
export function readConfig(
  checkpoint: Checkpoint,
  prefix: string,
  given: Json | undefined,
  maxDepth: number | undefined,
): NetworkConfig {
  const shape = (name: string): readonly number[] =>
    checkpoint.shape(prefix + name) ??
    checkpoint.fail(`not a Depth Anything checkpoint: ${prefix}${name} is missing`);
  const has = (name: string) => checkpoint.has(prefix + name);
  const vit = "backbone.pretrained.";
  const [, table, dim] = shape(`${vit}pos_embed`) as [number, number, number];
  const patch = shape(`${vit}patch_embed.proj.weight`)[2] ?? 0;
  const depth = checkpoint.layers(`${prefix}${vit}blocks.`);
  const swiglu = has(`${vit}blocks.0.mlp.w12.weight`);
  const anyView = has(`${vit}camera_token`);
  const sky = has("head.scratch.sky_output_conv2.0.weight");
  const version = anyView || sky ? 3 : 2;
  const backbone = object(object(given).backbone_config);
  const hf = version === 2 && given !== undefined && "backbone_config" in given;
  const start = Array.from({ length: depth }, (_, i) => i).findIndex((i) =>
    has(`${vit}blocks.${i}.attn.q_norm.weight`),
  );
  const heads =
    number(backbone.num_attention_heads) ??
    (anyView && start >= 0 ? dim / shape(`${vit}blocks.${start}.attn.q_norm.weight`)[0]! : dim / 64);
  if (!(Number.isInteger(heads) && heads > 0 && Number.isInteger(dim / heads) && patch > 0))
    checkpoint.fail(`${dim} channels do not divide into heads of 64`);
  if (anyView && start < 0) checkpoint.fail("it has a camera token but no norms of queries");
  const outs = numbers(backbone.out_indices) ?? stages(backbone.out_features);
  const taps =
    outs?.map((i) => i - 1) ?? numbers(object(object(given).net).out_layers) ?? usualTaps(depth, anyView);
  if (taps?.length !== 4 || taps.some((i) => i < 0 || i >= depth))
    return checkpoint.fail(
      `a network of ${depth} blocks is of no known size, and config.json does not describe it`,
    );
  const first = shape(`head.projects.0.weight`);
  const metric = object(given).depth_estimation_type === "metric";
  const largest = metric ? (number(object(given).max_depth) ?? 1) : maxDepth;
  const eps = number(backbone.layer_norm_eps) ?? 1e-6;
  return {
    version,
    vit: {
      dim,
      depth,
      heads,
      hidden: swiglu ? shape(`${vit}blocks.0.mlp.w3.weight`)[1]! : shape(`${vit}blocks.0.mlp.fc1.weight`)[0]!,
      ffn: swiglu ? "swiglu" : "gelu",
      patch,
      grid: Math.round(Math.sqrt(table - 1)),
      positions: hf ? "size" : "offset",
      blockEps: eps,
      finalEps: version === 3 ? 1e-5 : eps,
      taps: taps.map((block) => ({ block, normalized: true })),
      ...(anyView ? { anyView: { start, rotationBase: 100, headEps: 1e-5 } } : {}),
    },
    head: {
      inputs: first[1]!,
      channels: [0, 1, 2, 3].map((i) => shape(`head.projects.${i}.weight`)[0]!) as [
        number,
        number,
        number,
        number,
      ],
      features: shape("head.scratch.layer1_rn.weight")[0]!,
      hidden: shape("head.scratch.output_conv2.0.weight")[0]!,
      outputs: shape("head.scratch.output_conv2.2.weight")[0]!,
      patch,
      places: anyView,
      sky,
    },
    readout:
      version === 3
        ? { kind: "exp" }
        : largest !== undefined
          ? { kind: "sigmoid", maxDepth: largest }
          : { kind: "relu" },
    camera: has("cam_dec.fc_fov.0.weight"),
  };
}

/** transformers may name blocks "stage3" instead of counting them. */
function stages(names: unknown): readonly number[] | undefined {
  return Array.isArray(names) ? names.map((name) => Number(String(name).replace("stage", ""))) : undefined;
}

function usualTaps(depth: number, anyView: boolean): readonly number[] | undefined {
  if (depth === 12) return anyView ? [5, 7, 9, 11] : [2, 5, 8, 11];
  if (depth === 24) return anyView ? [11, 15, 19, 23] : [4, 11, 17, 23];
  if (depth === 40) return anyView ? [19, 27, 33, 39] : [9, 19, 29, 39];
  return depth === 4 && !anyView ? [0, 1, 2, 3] : undefined;
}
