/** FLUX.2's transformer under the authors' names, which stable-diffusion.cpp wants. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { concat, saveSafetensors, scope } from "../../ffi/index.ts";
import { authorsLayers, naming } from "../../src/models/flux2/names.ts";
import { openSafetensors } from "../../src/weights/safetensors-file.ts";

const norms = (block: string) => ["query", "key"].map((which) => `${block}norm.${which}_norm.scale`);

/** Writes `authors.safetensors` beside the folder `transformer`. */
export function writeAuthors(folder: string): void {
  const config = JSON.parse(readFileSync(join(folder, "transformer/config.json"), "utf8"));
  const [double, single]: [number, number] = [config.num_layers, config.num_single_layers];
  const layers = authorsLayers(double, single);
  const ours = naming(layers.map(([name]) => `${name}.weight`));
  const blocks = (name: string, count: number, parts: readonly string[]) =>
    Array.from({ length: count }, (_, i) => parts.flatMap((part) => norms(`${name}.${i}.${part}`))).flat();
  const ofNorms = [
    ...blocks("double_blocks", double, ["img_attn.", "txt_attn."]),
    ...blocks("single_blocks", single, [""]),
  ];
  using file = openSafetensors(join(folder, "transformer/diffusion_pytorch_model.safetensors"));
  scope(() => {
    const matrices = layers.map(([name, places]) => {
      const parts = places.flatMap(({ name, halvesSwapped }) => {
        const tensor = file.take(`${name}.weight`);
        if (!halvesSwapped) return [tensor];
        const [rows, columns] = tensor.shape as [number, number];
        const middle = rows / 2;
        return [tensor.slice([middle, 0], [rows, columns]), tensor.slice([0, 0], [middle, columns])];
      });
      return [`${name}.weight`, parts.length > 1 ? concat(parts, 0) : parts[0]!] as const;
    });
    const vectors = ofNorms.map((name) => [name, file.take(ours(name, []) as string)] as const);
    const tensors = Object.fromEntries([...matrices, ...vectors]);
    if (layers.flatMap(([, places]) => places).length + vectors.length !== file.tensors.size)
      throw new Error("the authors' names do not cover the transformer");
    saveSafetensors(join(folder, "authors.safetensors"), tensors);
  });
}
