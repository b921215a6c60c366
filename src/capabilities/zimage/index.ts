import type { Operation } from "../capability.ts";
import { generateVerb, negativePrompt, pictureOptions } from "../diffusion/verbs.ts";
import type { Family } from "../family.ts";
import { adapters } from "./adapters.ts";
import { prose, TrainRequest } from "./contract.ts";
import { generate, warm } from "./operation.ts";
import { ownSettings, rows, settingProblems } from "./settings.ts";
import { models, usualOf } from "./variants.ts";

export const zimage: Family = {
  ...models,
  domain: "image",
  label: "Z-Image",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  operations: [generate as Operation],
  unsupported: [
    {
      path: "/train",
      operationId: "train_zimage_endpoint_v1_image_zimage_train_post",
      ...prose.train,
      request: TrainRequest,
    },
  ],
  warm,
  adapters,
  openai: {
    generate: {
      operation: generate as Operation,
      defaults: (settings, variant) => ({
        width: ownSettings(settings).zimage_default_width,
        height: ownSettings(settings).zimage_default_height,
        steps: usualOf(variant).steps,
      }),
    },
  },
  settings: rows,
  settingProblems,
  verbs: [{ ...generateVerb, options: [negativePrompt, ...pictureOptions] }],
  probe: {
    shows: "picture",
    side: 256,
    request: (model, _image, { width, height }) => ({
      path: "/generate",
      body: { model, steps: 1, width, height, seed: 1, prompt: "a red ball on a table" },
    }),
  },
};
