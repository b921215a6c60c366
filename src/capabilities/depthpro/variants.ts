import type { Variant } from "../capability.ts";
import type { Models } from "../model.ts";

export const variants: readonly Variant[] = [
  {
    name: "base",
    aliases: ["depthpro", "depth-pro", "DepthPro"],
    repo: "apple/DepthPro",
    features: ["depth", "image"],
    licence: {
      name: "Apple Machine Learning Research Model License",
      url: "https://huggingface.co/apple/DepthPro/blob/main/LICENSE",
      commercial: false,
    },
    downloads: [
      {
        kind: "huggingface",
        repo: "apple/DepthPro-hf",
        revision: "main",
        files: ["config.json", "preprocessor_config.json", "model.safetensors"],
      },
    ],
    diskGb: 1.9,
  },
];

export const models: Models = { family: "depthpro", variants, defaultVariant: () => "base" };
