import { publishedLayers } from "../../models/qwen-image/names.ts";
import type { Capability } from "../capability.ts";
import { adapterNetwork } from "../diffusion/networks.ts";

const names = {
  family: "qwen",
  sign: "transformer_blocks.0.attn.to_q",
  published: publishedLayers,
};

export const adapters: NonNullable<Capability["adapters"]> = (variant, context) =>
  adapterNetwork(names, variant, context);
