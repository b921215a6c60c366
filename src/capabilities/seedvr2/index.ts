import type { Operation } from "../capability.ts";
import type { Family } from "../family.ts";
import { prose } from "./contract.ts";
import { upscale, warm } from "./operation.ts";
import { rows, settingProblems } from "./settings.ts";
import { models } from "./variants.ts";

export const seedvr2: Family = {
  ...models,
  domain: "image",
  label: "SeedVR2",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  operations: [upscale as Operation],
  pageFields: ["color_fix", "tile", "quantize", "seed"],
  warm,
  settings: rows,
  settingProblems,
  verbs: [
    {
      name: "upscale",
      summary: "make a picture larger and sharper",
      takes: "pictures",
      path: "/upscale",
      options: [
        {
          name: "resolution",
          kind: "size",
          value: "<size>",
          help: "shorter side in pixels, or a factor such as 2x",
        },
        {
          name: "softness",
          kind: "real",
          value: "<share>",
          help: "0 keeps the input's sharpness, 1 blurs it away first",
        },
        {
          name: "color_fix",
          kind: "text",
          value: "<way>",
          help: "where the colours come from: wavelet-lab, wavelet, lab or none",
        },
        { name: "seed", kind: "whole", value: "<number>", help: "makes the result repeatable" },
        { name: "quality", kind: "whole", value: "<percent>", help: "of JPEG and WebP" },
      ],
      result: "file_id",
      suffix: "-upscaled",
      formats: ["png", "jpeg", "webp"],
    },
  ],
  probe: {
    shows: "picture",
    side: 256,
    request: (model, image) => ({
      path: "/upscale",
      body: { model, image, resolution: "2x", seed: 1 },
    }),
  },
};
