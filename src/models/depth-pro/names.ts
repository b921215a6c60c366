import { type Rename, renaming } from "../../weights/naming.ts";

/** Apple's names are ours. The -hf layout has names of its own, and splits queries, keys and values. */
export function naming(names: readonly string[]): Rename {
  return names.some((name) => name.startsWith("depth_pro.")) ? hf : (name) => name;
}

const translated = renaming([
  [/^fov_model\.fov_encoder\.neck/, "fov.encoder.1"],
  [/^fov_model\.fov_encoder\./, "fov.encoder.0."],
  [/^fov_model\.conv/, "fov.downsample.0"],
  [/^fov_model\.head\.layers/, "fov.head"],
  [/^depth_pro\.encoder\./, "encoder."],
  [/^depth_pro\.neck\.feature_upsample\.image_block\.layers\.0/, "encoder.upsample_lowres"],
  [
    /^depth_pro\.neck\.feature_upsample\.scaled_images\.(\d)\.layers/,
    (_, i) => `encoder.upsample${2 - Number(i)}`,
  ],
  [
    /^depth_pro\.neck\.feature_upsample\.intermediate\.(\d)\.layers/,
    (_, i) => `encoder.upsample_latent${1 - Number(i)}`,
  ],
  [/^depth_pro\.neck\.fuse_image_with_low_res/, "encoder.fuse_lowres"],
  [/^depth_pro\.neck\.feature_projection\.projections\.(\d)/, (_, i) => `decoder.convs.${4 - Number(i)}`],
  [/^fusion_stage\.intermediate\.(\d)/, (_, i) => `decoder.fusions.${4 - Number(i)}`],
  [/^fusion_stage\.final/, "decoder.fusions.0"],
  [
    /(fusions\.\d)\.residual_layer(\d)\.convolution(\d)/,
    (_, block, unit, i) => `${block}.resnet${unit}.residual.${2 * Number(i) - 1}`,
  ],
  [/(fusions\.\d)\.projection/, "$1.out_conv"],
  [/^head\.layers/, "head"],
  [/\.model\.embeddings\.position_embeddings/, ".pos_embed"],
  [/\.model\.embeddings\.patch_embeddings\.projection/, ".patch_embed.proj"],
  [/\.model\.embeddings\./, "."],
  [/\.model\.encoder\.layer\./, ".blocks."],
  [/\.model\.layernorm/, ".norm"],
  [/\.attention\.output\.dense/, ".attn.proj"],
  [/\.layer_scale(\d)\.lambda1/, ".ls$1.gamma"],
]);

const thirds = ["query", "key", "value"];

const hf: Rename = (name) => {
  const split = /^(.*)\.attention\.attention\.(query|key|value)\.(weight|bias)$/.exec(name);
  if (split === null) return translated(name);
  const [, block, third, kind] = split as unknown as [string, string, string, string];
  return { name: translated(`${block}.attn.qkv.${kind}`), part: thirds.indexOf(third), of: 3 };
};
