import type { VitConfig } from "../../nn/vit.ts";
import type { Checkpoint, Json } from "../../weights/checkpoint.ts";

export interface DepthProConfig {
  /** Side of the square picture that the network sees: four patches of the encoder. */
  size: number;
  patchEncoder: VitConfig;
  imageEncoder: VitConfig;
  fovEncoder: VitConfig | undefined;
  /** Tokens that are cut off where patches of the finest level meet; twice as many at the next. */
  trim: number;
  /** Channels of the decoder, and of the encoder's features from fine to coarse. */
  decoder: number;
  latents: readonly [number, number];
  features: readonly [number, number, number];
}

/** Apple's file has no config: these are the blocks whose outputs its decoder reads. */
const usualHooks = [11, 5];
const pyramid = { ratios: [0.25, 0.5, 1], overlaps: [0, 0.5, 0.25] };

const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const numbers = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === "number") ? value : undefined;

/** Sizes from the tensors, and from `config.json` what they do not tell. */
export function readConfig(checkpoint: Checkpoint): DepthProConfig {
  const given = checkpoint.config ?? {};
  const shape = (name: string): readonly number[] =>
    checkpoint.shape(name) ?? checkpoint.fail(`not a Depth Pro checkpoint: ${name} is missing`);
  const hooks = numbers(given.intermediate_hook_ids) ?? usualHooks;
  for (const [field, usual] of [
    ["scaled_images_ratios", pyramid.ratios],
    ["scaled_images_overlap_ratios", pyramid.overlaps],
  ] as const) {
    const found = numbers(given[field]) ?? usual;
    if (found.length !== usual.length || found.some((value, i) => value !== usual[i]))
      checkpoint.fail(`${field} must be [${usual.join(", ")}]`);
  }
  if (hooks.length !== 2) checkpoint.fail("intermediate_hook_ids must name two blocks");
  const vit = (prefix: string, described: unknown, taps: readonly number[]) =>
    readVit(checkpoint, shape, prefix, object(described), taps);
  const patchEncoder = vit("encoder.patch_encoder.", given.patch_model_config, hooks);
  const side = patchEncoder.grid * patchEncoder.patch;
  const size = 4 * side;
  const declared = number(object(checkpoint.json("preprocessor_config.json")?.size).height);
  if (declared !== undefined && declared !== size)
    checkpoint.fail(`the size in preprocessor_config.json must be ${size}`);
  return {
    size,
    patchEncoder,
    imageEncoder: vit("encoder.image_encoder.", given.image_model_config, []),
    fovEncoder: checkpoint.has("fov.encoder.0.pos_embed")
      ? vit("fov.encoder.0.", given.fov_model_config, [])
      : undefined,
    trim: number(given.merge_padding_value) ?? patchEncoder.grid / 8,
    decoder: shape("decoder.fusions.0.out_conv.weight")[0]!,
    latents: [shape("encoder.upsample_latent0.1.weight")[1]!, shape("encoder.upsample_latent1.1.weight")[1]!],
    features: [0, 1, 2].map((i) => shape(`encoder.upsample${i}.0.weight`)[0]!) as [number, number, number],
  };
}

function readVit(
  checkpoint: Checkpoint,
  shape: (name: string) => readonly number[],
  prefix: string,
  described: Json,
  hooks: readonly number[],
): VitConfig {
  const [, table, dim] = shape(`${prefix}pos_embed`) as [number, number, number];
  const depth = checkpoint.layers(`${prefix}blocks.`);
  const heads = number(described.num_attention_heads) ?? dim / 64;
  if (!(Number.isInteger(heads) && heads > 0 && Number.isInteger(dim / heads)))
    checkpoint.fail(`${dim} channels do not divide into heads of 64`);
  if (hooks.some((block) => !(block >= 0 && block < depth)))
    checkpoint.fail(`an encoder of ${depth} blocks has no blocks ${hooks.join(" and ")}`);
  const eps = number(described.layer_norm_eps) ?? 1e-6;
  return {
    dim,
    depth,
    heads,
    hidden: shape(`${prefix}blocks.0.mlp.fc1.weight`)[0]!,
    ffn: "gelu",
    patch: shape(`${prefix}patch_embed.proj.weight`)[2]!,
    grid: Math.round(Math.sqrt(table - 1)),
    positions: "native",
    blockEps: eps,
    finalEps: eps,
    taps: [{ block: depth - 1, normalized: true }, ...hooks.map((block) => ({ block, normalized: false }))],
  };
}
