/**
 * The names of Z-Image's tensors: those of diffusers are the network's own. mflux's folders, the files for ComfyUI and adapters have
 * others.
 *
 * @module
 */
import { type Rename, renaming, type Slot } from "../../weights/naming.ts";
import type { Placement } from "../diffusion/names.ts";

const fused = ["to_q", "to_k", "to_v"];

/** The original names, without what some files put in front of them. */
const original = renaming([
  [/^(model\.)?diffusion_model\./, ""],
  [/^x_embedder\./, "all_x_embedder.2-1."],
  [/^final_layer\./, "all_final_layer.2-1."],
  [/\.attention\.out\./, ".attention.to_out.0."],
  [/\.attention\.q_norm\./, ".attention.norm_q."],
  [/\.attention\.k_norm\./, ".attention.norm_k."],
]);

const mflux = renaming([
  [/^t_embedder\.linear1\./, "t_embedder.mlp.0."],
  [/^t_embedder\.linear2\./, "t_embedder.mlp.2."],
  [/^all_final_layer\.2-1\.adaLN_modulation\.0\./, "all_final_layer.2-1.adaLN_modulation.1."],
]);

export function naming(names: readonly string[]): Rename {
  if (names.some((name) => name.startsWith("t_embedder.linear1."))) return mflux;
  if (!names.some((name) => name.includes(".attention.qkv."))) return (name) => name;
  return (name): Slot | Slot[] => {
    const own = original(name);
    if (!own.includes(".attention.qkv.")) return own;
    return fused.map((part, index) => ({ name: own.replace("qkv", part), rows: { index, of: 3 } }));
  };
}

/** Never read: the norm before the last layer has no weight. */
export const unused = [/^norm_final\.weight$/];

/** How adapters in the original names map to the network's layers. */
export function originalLayers(names: Iterable<string>): [string, Placement[]][] {
  const made: [string, Placement[]][] = [
    ["x_embedder", [{ name: "all_x_embedder.2-1" }]],
    ["final_layer.linear", [{ name: "all_final_layer.2-1.linear" }]],
    ["final_layer.adaLN_modulation.1", [{ name: "all_final_layer.2-1.adaLN_modulation.1" }]],
  ];
  for (const name of names) {
    if (name.endsWith(".attention.to_out.0")) made.push([name.replace("to_out.0", "out"), [{ name }]]);
    if (name.endsWith(".attention.to_q"))
      made.push([
        name.replace("to_q", "qkv"),
        fused.map((part, index) => ({ name: name.replace("to_q", part), part: { index, of: 3 } })),
      ]);
  }
  return made;
}
