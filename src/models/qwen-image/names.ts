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
