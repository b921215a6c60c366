import type { Operation } from "../capability.ts";
import { maskOptions } from "../diffusion/mask.ts";
import { editVerb, generateVerb, pictureOptions, scheduler, startPicture } from "../diffusion/verbs.ts";
import type { Family } from "../family.ts";
import { adapters } from "./adapters.ts";
import { prose, TrainRequest } from "./contract.ts";
import { edit, generate, warm } from "./operation.ts";
import { models } from "./params.ts";
import { ownSettings, rows, settingProblems } from "./settings.ts";
import { free4b, usualOf } from "./variants.ts";

const openai = (operation: Operation) => ({
  operation,
  standard: free4b,
  defaults: (settings: Parameters<typeof ownSettings>[0], variant: string) => ({
    width: ownSettings(settings).flux2_default_width,
    height: ownSettings(settings).flux2_default_height,
    steps: usualOf(variant).steps,
  }),
});

export const flux2: Family = {
  ...models,
  domain: "image",
  label: "FLUX.2 klein",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  operations: [generate as Operation, edit as Operation],
  unsupported: [
    {
      path: "/train",
      operationId: "train_flux2_endpoint_v1_image_flux2_train_post",
      ...prose.train,
      request: TrainRequest,
    },
  ],
  warm,
  adapters,
  pageFields: ["mask"],
  openai: { generate: openai(generate as Operation), edit: openai(edit as Operation) },
  settings: rows,
  settingProblems,
  verbs: [
    { ...generateVerb, options: [...pictureOptions, scheduler, ...startPicture] },
    { ...editVerb, options: [...pictureOptions, scheduler, ...maskOptions] },
  ],
  probe: {
    shows: "picture",
    side: 256,
    request: (model, _image, { width, height }) => ({
      path: "/generate",
      body: { model, steps: 1, width, height, seed: 1, prompt: "a red ball on a table" },
    }),
  },
};
