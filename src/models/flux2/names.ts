/**
 * The names of FLUX.2's tensors: those of diffusers are the network's own. The authors' single files, mflux's folders and adapters
 * have others.
 *
 * @module
 */
import { type Rename, renaming, type Slot } from "../../weights/naming.ts";
import type { Placement } from "../diffusion/names.ts";

/** The authors' layers that have one layer here. */
const plain: readonly (readonly [RegExp, string])[] = [
  [/^img_in(?=\.|$)/, "x_embedder"],
  [/^txt_in(?=\.|$)/, "context_embedder"],
  [/^time_in\.in_layer/, "time_guidance_embed.timestep_embedder.linear_1"],
  [/^time_in\.out_layer/, "time_guidance_embed.timestep_embedder.linear_2"],
  [/^(double_stream_modulation_(?:img|txt)|single_stream_modulation)\.lin(?=\.|$)/, "$1.linear"],
  [/^final_layer\.linear/, "proj_out"],
  [/^final_layer\.adaLN_modulation\.1/, "norm_out.linear"],
  [/^double_blocks\.(\d+)\.img_attn\.proj/, "transformer_blocks.$1.attn.to_out.0"],
  [/^double_blocks\.(\d+)\.txt_attn\.proj/, "transformer_blocks.$1.attn.to_add_out"],
  [/^double_blocks\.(\d+)\.img_mlp\.0/, "transformer_blocks.$1.ff.linear_in"],
  [/^double_blocks\.(\d+)\.img_mlp\.2/, "transformer_blocks.$1.ff.linear_out"],
  [/^double_blocks\.(\d+)\.txt_mlp\.0/, "transformer_blocks.$1.ff_context.linear_in"],
  [/^double_blocks\.(\d+)\.txt_mlp\.2/, "transformer_blocks.$1.ff_context.linear_out"],
  [/^single_blocks\.(\d+)\.linear1/, "single_transformer_blocks.$1.attn.to_qkv_mlp_proj"],
  [/^single_blocks\.(\d+)\.linear2/, "single_transformer_blocks.$1.attn.to_out"],
];

const norms: readonly (readonly [RegExp, string])[] = (["query", "key"] as const).flatMap((which) => {
  const letter = which[0] === "q" ? "q" : "k";
  const scale = (at: string) => new RegExp(`^${at}\\.norm\\.${which}_norm\\.(?:scale|weight)$`);
  return [
    [scale("double_blocks\\.(\\d+)\\.img_attn"), `transformer_blocks.$1.attn.norm_${letter}.weight`],
    [scale("double_blocks\\.(\\d+)\\.txt_attn"), `transformer_blocks.$1.attn.norm_added_${letter}.weight`],
    [scale("single_blocks\\.(\\d+)"), `single_transformer_blocks.$1.attn.norm_${letter}.weight`],
  ] as const;
});

const authors = renaming([[/^(model\.)?diffusion_model\./, ""], ...norms, ...plain]);

const fused = { img: ["to_q", "to_k", "to_v"], txt: ["add_q_proj", "add_k_proj", "add_v_proj"] } as const;
const qkv = /^double_blocks\.(\d+)\.(img|txt)_attn\.qkv\./;
/** Here the scale stands before the shift, in the authors' files behind it. */
const lastModulation = "norm_out.linear";

const ofAuthors: Rename = (name): Slot | Slot[] => {
  const bare = name.replace(/^(model\.)?diffusion_model\./, "");
  const [, block, stream] = qkv.exec(bare) ?? [];
  if (stream)
    return fused[stream as "img" | "txt"].map((part, index) => ({
      name: bare.replace(qkv, `transformer_blocks.${block}.attn.${part}.`),
      rows: { index, of: 3 },
    }));
  const own = authors(name);
  return own.startsWith(`${lastModulation}.`)
    ? [0, 1].map((part) => ({ name: own, part, of: 2, rows: { index: 1 - part, of: 2 } }))
    : own;
};

const ofMflux = renaming([
  [/^time_guidance_embed\.linear_/, "time_guidance_embed.timestep_embedder.linear_"],
  [/^(transformer_blocks\.\d+\.attn\.to_out)\.(?=weight|scales|biases)/, "$1.0."],
]);

export function naming(names: readonly string[]): Rename {
  if (names.some((name) => name.includes("double_blocks.0.img_attn.qkv."))) return ofAuthors;
  return names.some((name) => name.startsWith("time_guidance_embed.linear_1.")) ? ofMflux : (name) => name;
}

/** How adapters in the authors' names map to the network's layers. */
export function authorsLayers(double: number, single: number): [string, Placement[]][] {
  const layers = (at: string, count: number, names: readonly string[]) =>
    Array.from({ length: count }, (_, i) => names.map((name) => `${at}.${i}.${name}`)).flat();
  const one = [
    "img_in",
    "txt_in",
    "time_in.in_layer",
    "time_in.out_layer",
    "double_stream_modulation_img.lin",
    "double_stream_modulation_txt.lin",
    "single_stream_modulation.lin",
    "final_layer.linear",
    ...layers("double_blocks", double, [
      ...["img_attn.proj", "txt_attn.proj"],
      ...["img_mlp.0", "img_mlp.2", "txt_mlp.0", "txt_mlp.2"],
    ]),
    ...layers("single_blocks", single, ["linear1", "linear2"]),
  ].map((name): [string, Placement[]] => [name, [{ name: authors(name) }]]);
  const three = (["img", "txt"] as const).flatMap((stream) =>
    Array.from({ length: double }, (_, i): [string, Placement[]] => [
      `double_blocks.${i}.${stream}_attn.qkv`,
      fused[stream].map((part, index) => ({
        name: `transformer_blocks.${i}.attn.${part}`,
        part: { index, of: 3 },
      })),
    ]),
  );
  return [
    ...one,
    ...three,
    ["final_layer.adaLN_modulation.1", [{ name: lastModulation, halvesSwapped: true }]],
  ];
}
