import { published } from "../../models/flux2/memory.ts";
import { authorsLayers } from "../../models/flux2/names.ts";
import type { Capability } from "../capability.ts";
import { adapterNetwork } from "../diffusion/networks.ts";
import { family, usualOf } from "./variants.ts";

const counted = (names: readonly string[], pattern: RegExp) =>
  names.filter((name) => pattern.test(name)).length;

const names = {
  family,
  sign: "transformer_blocks.0.attn.to_q",
  published: (variant: string) => published(usualOf(variant).size).transformer,
  others: (layers: readonly string[]) =>
    authorsLayers(
      counted(layers, /^transformer_blocks\.\d+\.attn\.to_q$/),
      counted(layers, /^single_transformer_blocks\.\d+\.attn\.to_out$/),
    ),
};

export const adapters: NonNullable<Capability["adapters"]> = (variant, context) =>
  adapterNetwork(names, variant, context);
