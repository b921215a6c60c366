/**
 * The layers of Qwen-Image's transformer.
 *
 * @module
 */
import type { TensorTable } from "../../weights/tensor-table.ts";
import { linear, tableOf } from "../diffusion/memory.ts";

/** Layers of the transformer, the modulation's among them, as the checkpoint names them: what an adapter may change. */
export function linearNames(blocks: number): string[] {
  const ofBlock = [
    ...["to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_out.0", "to_add_out"].map(
      (name) => `attn.${name}`,
    ),
    ...["img_mlp", "txt_mlp"].flatMap((mlp) => [`${mlp}.net.0.proj`, `${mlp}.net.2`]),
    "img_mod.1",
    "txt_mod.1",
  ];
  return [
    "img_in",
    "txt_in",
    "proj_out",
    "norm_out.linear",
    "time_text_embed.timestep_embedder.linear_1",
    "time_text_embed.timestep_embedder.linear_2",
    ...Array.from({ length: blocks }, (_, i) =>
      ofBlock.map((name) => `transformer_blocks.${i}.${name}`),
    ).flat(),
  ];
}

const [width, hidden, text, channels, blocks] = [3072, 12_288, 3584, 64, 60];

/** Numbers that a published layer gives and takes. */
function sizeOf(name: string): [outputs: number, inputs: number] {
  if (name === "img_in") return [width, channels];
  if (name === "txt_in") return [width, text];
  if (name === "proj_out") return [channels, width];
  if (name === "norm_out.linear") return [2 * width, width];
  if (name.endsWith(".linear_1")) return [width, 256];
  if (name.endsWith("_mod.1")) return [6 * width, width];
  if (name.endsWith(".net.0.proj")) return [hidden, width];
  if (name.endsWith(".net.2")) return [width, hidden];
  return [width, width];
}

let kept: TensorTable | undefined;
/** The published matrices, listed once. */
export function publishedLayers(): TensorTable {
  kept ??= tableOf(linearNames(blocks).flatMap((name) => linear(name, ...sizeOf(name))));
  return kept;
}
