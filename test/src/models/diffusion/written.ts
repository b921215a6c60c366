import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveSafetensors, scope, Tensor } from "../../../../ffi/index.ts";
import type { Lora } from "../../../../src/models/diffusion/adapters.ts";
import type { Recorded } from "./recorded.ts";

/** How a program spells the two matrices of a layer. */
export type Style = (layer: string) => { up: string; down: string; alpha?: string };

const kohya = (layer: string) => `lora_unet_${layer.replaceAll(".", "_")}`;
export const styles: Record<string, Style> = {
  diffusers: (l) => ({ up: `transformer.${l}.lora_B.weight`, down: `transformer.${l}.lora_A.weight` }),
  ComfyUI: (l) => ({ up: `diffusion_model.${l}.lora_B.weight`, down: `diffusion_model.${l}.lora_A.weight` }),
  PEFT: (l) => ({
    up: `base_model.model.${l}.lora_B.default.weight`,
    down: `base_model.model.${l}.lora_A.default.weight`,
  }),
  kohya: (l) => ({
    up: `${kohya(l)}.lora_up.weight`,
    down: `${kohya(l)}.lora_down.weight`,
    alpha: `${kohya(l)}.alpha`,
  }),
};

/** A folder for adapters that a test writes. */
export function adapterFolder() {
  const place = mkdtempSync(join(tmpdir(), "adapters-"));
  let count = 0;
  const write = (tensors: () => Record<string, Tensor>, scale = 1): Lora => {
    const path = join(place, `${count++}.safetensors`);
    scope(() => saveSafetensors(path, tensors()));
    return { path, label: "style.safetensors", scale };
  };
  return { write, remove: () => rmSync(place, { recursive: true }) };
}

/** Adapters of some layers in a style: `get` gives what was recorded for a layer. */
export function styled(
  style: Style,
  layers: readonly string[],
  get: (name: string) => Recorded,
  alpha: number | null,
): Record<string, Tensor> {
  const tensorOf = (name: string) => Tensor.from(get(name).values, get(name).shape);
  return Object.fromEntries(
    layers.flatMap((layer) => {
      const keys = style(layer);
      return [
        [keys.down, tensorOf(`${layer}.down`)],
        [keys.up, tensorOf(`${layer}.up`)],
        ...(keys.alpha && alpha !== null ? [[keys.alpha, Tensor.from([alpha], [1])]] : []),
      ] as [string, Tensor][];
    }),
  );
}
