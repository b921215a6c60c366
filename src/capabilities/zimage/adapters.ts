import { published } from "../../models/zimage/memory.ts";
import { originalLayers } from "../../models/zimage/names.ts";
import type { Capability } from "../capability.ts";
import { adapterNetwork } from "../diffusion/networks.ts";
import { family } from "./variants.ts";

const names = {
  family,
  sign: "layers.0.attention.to_q",
  published: () => published().transformer,
  others: originalLayers,
};

export const adapters: NonNullable<Capability["adapters"]> = (variant, context) =>
  adapterNetwork(names, variant, context);
