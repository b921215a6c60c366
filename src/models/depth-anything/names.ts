import { type Rename, renaming } from "../../weights/naming.ts";

/**
 * The names of Depth Anything 3 are ours: `backbone.pretrained.*`, `head.*`, `cam_dec.*`. Its files begin each with "model.";
 * the V2 authors say `pretrained` and `depth_head`; the -hf layout splits queries, keys and values.
 */
export function naming(names: readonly string[]): Rename {
  if (names.some((name) => name.startsWith("backbone.embeddings."))) return hf;
  return renaming([
    [/^model\./, ""],
    [/^(module\.)?pretrained\./, "backbone.pretrained."],
    [/^(module\.)?depth_head\./, "head."],
  ]);
}

const vit = renaming([
  [/^backbone\.embeddings\.position_embeddings/, "backbone.pretrained.pos_embed"],
  [/^backbone\.embeddings\.patch_embeddings\.projection/, "backbone.pretrained.patch_embed.proj"],
  [/^backbone\.embeddings\./, "backbone.pretrained."],
  [/^backbone\.encoder\.layer\./, "backbone.pretrained.blocks."],
  [/^backbone\.layernorm/, "backbone.pretrained.norm"],
  [/\.attention\.output\.dense/, ".attn.proj"],
  [/\.layer_scale(\d)\.lambda1/, ".ls$1.gamma"],
  [/\.mlp\.weights_in/, ".mlp.w12"],
  [/\.mlp\.weights_out/, ".mlp.w3"],
]);

const head = renaming([
  [/^neck\.reassemble_stage\.layers\.(\d)\.projection/, "head.projects.$1"],
  [/^neck\.reassemble_stage\.layers\.(\d)\.resize/, "head.resize_layers.$1"],
  [/^neck\.convs\.(\d)/, (_, i) => `head.scratch.layer${Number(i) + 1}_rn`],
  [/^neck\.fusion_stage\.layers\.(\d)/, (_, i) => `head.scratch.refinenet${4 - Number(i)}`],
  [/(refinenet\d)\.residual_layer(\d)\.convolution(\d)/, "$1.resConfUnit$2.conv$3"],
  [/(refinenet\d)\.projection/, "$1.out_conv"],
  [/^head\.conv1/, "head.scratch.output_conv1"],
  [/^head\.conv2/, "head.scratch.output_conv2.0"],
  [/^head\.conv3/, "head.scratch.output_conv2.2"],
]);

const thirds = ["query", "key", "value"];

const hf: Rename = (name) => {
  const split = /^(.*)\.attention\.attention\.(query|key|value)\.(weight|bias)$/.exec(name);
  if (split === null) return head(vit(name));
  const [, block, third, kind] = split as unknown as [string, string, string, string];
  return { name: `${vit(`${block}.attn.qkv.${kind}`)}`, part: thirds.indexOf(third), of: 3 };
};
