import type { Bits } from "../../engine/task.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";
import { linear, type Packing, partBytes, type Shapes, sizeOf, tableOf, times } from "../diffusion/memory.ts";

const vocabulary = 151_936;
const keys = 1024;
const attention = 4096;
const head = 128;

/** The published sizes. */
export const published = {
  "4B": { layers: 36, width: 2560, hidden: 9728, tied: true },
  "8B": { layers: 36, width: 4096, hidden: 12_288, tied: false },
} as const;

export function qwen3Table(size: keyof typeof published): TensorTable {
  const { layers, width, hidden, tied } = published[size];
  const one = (name: string): Shapes[number] => [name, [width]];
  return tableOf([
    ["model.embed_tokens.weight", [vocabulary, width]],
    one("model.norm.weight"),
    ...(tied ? [] : [["lm_head.weight", [vocabulary, width]] as const]),
    ...times(layers, (i) => {
      const at = `model.layers.${i}`;
      return [
        one(`${at}.input_layernorm.weight`),
        one(`${at}.post_attention_layernorm.weight`),
        ...linear(`${at}.self_attn.q_proj`, attention, width),
        ...linear(`${at}.self_attn.k_proj`, keys, width),
        ...linear(`${at}.self_attn.v_proj`, keys, width),
        ...linear(`${at}.self_attn.o_proj`, width, attention),
        [`${at}.self_attn.q_norm.weight`, [head]],
        [`${at}.self_attn.k_norm.weight`, [head]],
        ...linear(`${at}.mlp.gate_proj`, hidden, width),
        ...linear(`${at}.mlp.up_proj`, hidden, width),
        ...linear(`${at}.mlp.down_proj`, width, hidden),
      ];
    }),
  ]);
}

/** Layers of a table, under the published names and mflux's. */
export const layersOf = (table: TensorTable): number =>
  new Set([...table.keys()].flatMap((name) => /^(?:model\.)?layers\.(\d+)\./.exec(name)?.[1] ?? [])).size;

/** Bytes of the first `layers` layers and the table of tokens, which is not quantized unless the file has it so. */
export function qwen3Bytes(
  table: TensorTable,
  layers: number,
  bits: Bits,
  float: number,
  packing?: Packing,
): number {
  const beyond = [...Array(Math.max(0, layersOf(table) - layers)).keys()].map((i) => layers + i);
  const unused = new RegExp(
    `^(?:model\\.)?(?:norm\\.|rotary_emb\\.${beyond.length > 0 ? `|layers\\.(?:${beyond.join("|")})\\.` : ""})|^lm_head\\.`,
  );
  return partBytes(table, { bits, float, unused, plain: /embed_tokens\.weight$/, packing });
}

/** Activations of a token in multiples of the width, and of the inner layer of the MLP. */
const liveWidths = 10;
const liveHidden = 3;

/** Bytes that it works in for so many tokens, of whose states `kept` layers' are kept. */
export function qwen3Working(table: TensorTable, tokens: number, kept: number, float: number): number {
  const width = sizeOf(table, /input_layernorm\.weight$/);
  const hidden = sizeOf(table, /layers\.0\.mlp\.gate_proj\.weight$/);
  // Without a GPU one matrix at a time is widened or unpacked.
  const unpacked = float === 2 ? 0 : width * hidden * float;
  const states = tokens * kept * width * (float + 4);
  return Math.round(tokens * (liveWidths * width + liveHidden * hidden) * float + unpacked + states);
}
