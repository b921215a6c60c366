import type { Download, Variant } from "../capability.ts";
import type { Models } from "../model.ts";

const licence = {
  name: "Apache-2.0",
  url: "https://huggingface.co/ByteDance-Seed/SeedVR2-3B",
  commercial: true,
};

/** The weights as they were repacked for ComfyUI, and the text embedding from the authors. */
const downloads = (variant: string): Download[] => [
  {
    kind: "huggingface",
    repo: "numz/SeedVR2_comfyUI",
    revision: "main",
    files: [`seedvr2_ema_${variant}_fp16.safetensors`, "ema_vae_fp16.safetensors"],
  },
  { kind: "huggingface", repo: "ByteDance-Seed/SeedVR2-3B", revision: "main", files: ["pos_emb.pt"] },
];

export const variants: readonly Variant[] = [
  {
    name: "3b",
    aliases: ["seedvr2-3b", "seedvr2"],
    repo: "numz/SeedVR2_comfyUI#3b",
    features: ["image", "upscale"],
    licence,
    downloads: downloads("3b"),
    diskGb: 7.3,
  },
  {
    name: "7b",
    aliases: ["seedvr2-7b", "seedvr2-7B"],
    repo: "numz/SeedVR2_comfyUI#7b",
    features: ["image", "upscale"],
    licence,
    downloads: downloads("7b"),
    diskGb: 17,
  },
];

export const models: Models = { family: "seedvr2", variants, defaultVariant: () => "3b" };
