/** Every tensor of the published Qwen-Image, by name and shape: what the constants of the memory plan are held to. */
import type { TensorTable } from "../../../../src/weights/tensor-table.ts";

export interface Tensors {
  transformer: TensorTable;
  textEncoder: TensorTable;
  vae: TensorTable;
}

/** Sizes of the networks; those of the published ones when nothing is said. */
export interface Sizes {
  blocks: number;
  width: number;
  head: number;
  latents: number;
  language: { layers: number; width: number; keys: number; hidden: number; vocabulary: number };
  vision: { layers: number; width: number; hidden: number };
  coder: { base: number; factors: readonly number[]; latents: number };
}

const usual: Sizes = {
  blocks: 60,
  width: 3072,
  head: 128,
  latents: 64,
  language: { layers: 28, width: 3584, keys: 512, hidden: 18_944, vocabulary: 152_064 },
  vision: { layers: 32, width: 1280, hidden: 3420 },
  coder: { base: 96, factors: [1, 2, 4, 4], latents: 16 },
};

type Shapes = [name: string, shape: number[]][];

const linear = (name: string, outputs: number, inputs: number, bias = true): Shapes => [
  [`${name}.weight`, [outputs, inputs]],
  ...(bias ? ([[`${name}.bias`, [outputs]]] as Shapes) : []),
];
const times = (count: number, each: (i: number) => Shapes): Shapes =>
  Array.from({ length: count }, (_, i) => each(i)).flat();

function ofTransformer({ blocks, width, head, latents, language }: Sizes): Shapes {
  const square = (name: string) => linear(name, width, width);
  return [
    ...linear("img_in", width, latents),
    ...linear("txt_in", width, language.width),
    ["txt_norm.weight", [language.width]],
    ...linear("time_text_embed.timestep_embedder.linear_1", width, 256),
    ...square("time_text_embed.timestep_embedder.linear_2"),
    ...times(blocks, (i) => {
      const at = `transformer_blocks.${i}`;
      const names = [
        "to_q",
        "to_k",
        "to_v",
        "add_q_proj",
        "add_k_proj",
        "add_v_proj",
        "to_out.0",
        "to_add_out",
      ];
      const norms = ["norm_q", "norm_k", "norm_added_q", "norm_added_k"];
      return [
        ...names.flatMap((name) => square(`${at}.attn.${name}`)),
        ...norms.map((name): Shapes[0] => [`${at}.attn.${name}.weight`, [head]]),
        ...["img", "txt"].flatMap((stream) => [
          ...linear(`${at}.${stream}_mod.1`, 6 * width, width),
          ...linear(`${at}.${stream}_mlp.net.0.proj`, 4 * width, width),
          ...linear(`${at}.${stream}_mlp.net.2`, width, 4 * width),
        ]),
      ];
    }),
    ...linear("norm_out.linear", 2 * width, width),
    ...linear("proj_out", latents, width),
  ];
}

function ofTextEncoder({ language, vision }: Sizes): Shapes {
  const { layers, width, keys, hidden, vocabulary } = language;
  return [
    ["model.embed_tokens.weight", [vocabulary, width]],
    ["model.norm.weight", [width]],
    ["lm_head.weight", [vocabulary, width]],
    ...times(layers, (i) => {
      const at = `model.layers.${i}`;
      return [
        [`${at}.input_layernorm.weight`, [width]],
        [`${at}.post_attention_layernorm.weight`, [width]],
        ...linear(`${at}.self_attn.q_proj`, width, width),
        ...linear(`${at}.self_attn.k_proj`, keys, width),
        ...linear(`${at}.self_attn.v_proj`, keys, width),
        ...linear(`${at}.self_attn.o_proj`, width, width, false),
        ...linear(`${at}.mlp.gate_proj`, hidden, width, false),
        ...linear(`${at}.mlp.up_proj`, hidden, width, false),
        ...linear(`${at}.mlp.down_proj`, width, hidden, false),
      ];
    }),
    ["visual.patch_embed.proj.weight", [vision.width, 3, 2, 14, 14]],
    ...times(vision.layers, (i) => {
      const at = `visual.blocks.${i}`;
      return [
        [`${at}.norm1.weight`, [vision.width]],
        [`${at}.norm2.weight`, [vision.width]],
        ...linear(`${at}.attn.qkv`, 3 * vision.width, vision.width),
        ...linear(`${at}.attn.proj`, vision.width, vision.width),
        ...linear(`${at}.mlp.gate_proj`, vision.hidden, vision.width),
        ...linear(`${at}.mlp.up_proj`, vision.hidden, vision.width),
        ...linear(`${at}.mlp.down_proj`, vision.width, vision.hidden),
      ];
    }),
    ["visual.merger.ln_q.weight", [vision.width]],
    ...linear("visual.merger.mlp.0", 4 * vision.width, 4 * vision.width),
    ...linear("visual.merger.mlp.2", width, 4 * vision.width),
  ];
}

function ofCoder({ coder: { base, factors, latents } }: Sizes): Shapes {
  const widths = factors.map((factor) => factor * base);
  const last = widths.at(-1)!;
  const conv = (
    name: string,
    outputs: number,
    inputs: number,
    kernel: readonly number[] = [3, 3, 3],
  ): Shapes => [
    [`${name}.weight`, [outputs, inputs, ...kernel]],
    [`${name}.bias`, [outputs]],
  ];
  const resnet = (at: string, inputs: number, outputs: number): Shapes => [
    [`${at}.norm1.gamma`, [inputs, 1, 1, 1]],
    ...conv(`${at}.conv1`, outputs, inputs),
    [`${at}.norm2.gamma`, [outputs, 1, 1, 1]],
    ...conv(`${at}.conv2`, outputs, outputs),
    ...(inputs === outputs ? [] : conv(`${at}.conv_shortcut`, outputs, inputs, [1, 1, 1])),
  ];
  const middle = (at: string): Shapes => [
    ...resnet(`${at}.resnets.0`, last, last),
    [`${at}.attentions.0.norm.gamma`, [last, 1, 1]],
    ...conv(`${at}.attentions.0.to_qkv`, 3 * last, last, [1, 1]),
    ...conv(`${at}.attentions.0.proj`, last, last, [1, 1]),
    ...resnet(`${at}.resnets.1`, last, last),
  ];
  const stages = widths.length;
  return [
    ...conv("encoder.conv_in", base, 3),
    ...times(stages, (i) => {
      const at = (inner: number) => `encoder.down_blocks.${3 * i + inner}`;
      const width = widths[i]!;
      return [
        ...resnet(at(0), widths[i - 1] ?? base, width),
        ...resnet(at(1), width, width),
        ...(i < stages - 1 ? conv(`${at(2)}.resample.1`, width, width, [3, 3]) : []),
        ...(i > 0 && i < stages - 1 ? conv(`${at(2)}.time_conv`, width, width, [3, 1, 1]) : []),
      ];
    }),
    ...middle("encoder.mid_block"),
    ["encoder.norm_out.gamma", [last, 1, 1, 1]],
    ...conv("encoder.conv_out", 2 * latents, last),
    ...conv("quant_conv", 2 * latents, 2 * latents, [1, 1, 1]),
    ...conv("post_quant_conv", latents, latents, [1, 1, 1]),
    ...conv("decoder.conv_in", last, latents),
    ...middle("decoder.mid_block"),
    ...times(stages, (i) => {
      const at = `decoder.up_blocks.${i}`;
      const width = widths[stages - 1 - i]!;
      const inputs = i === 0 ? width : widths[stages - i]! / 2;
      return [
        ...times(3, (r) => resnet(`${at}.resnets.${r}`, r === 0 ? inputs : width, width)),
        ...(i < stages - 1 ? conv(`${at}.upsamplers.0.resample.1`, width / 2, width, [3, 3]) : []),
        ...(i < 2 ? conv(`${at}.upsamplers.0.time_conv`, 2 * width, width, [3, 1, 1]) : []),
      ];
    }),
    ["decoder.norm_out.gamma", [base, 1, 1, 1]],
    ...conv("decoder.conv_out", 3, base),
  ];
}

const table = (shapes: Shapes): TensorTable =>
  new Map(shapes.map(([name, shape]) => [name, { dtype: "BF16", shape }]));

/** The published networks' tensors, or those of other sizes. */
export const publishedTensors = (sizes: Sizes = usual): Tensors => ({
  transformer: table(ofTransformer(sizes)),
  textEncoder: table(ofTextEncoder(sizes)),
  vae: table(ofCoder(sizes)),
});
