import { z } from "@hono/zod-openapi";
import {
  generateProse,
  imageResponse,
  pictureFields,
  promptField,
  startFields,
  trainProse,
  trainRequest,
} from "../diffusion/contract.ts";
import { maskFields } from "../diffusion/mask.ts";
import { FileBesideAdapters } from "../schemas.ts";

export const schedulers = ["flow_match_euler_discrete"] as const;

const model = z
  .string()
  .nullish()
  .openapi({
    description:
      "Model variant, see GET /v1/image/flux2/models: `klein-9b`, `klein-4b`, `klein-base-4b` or `klein-base-9b`. Omit for the default: " +
      "what the server's settings name, else `klein-9b`, else `klein-4b` where only that is on this machine.",
  });

const shared = {
  ...pictureFields("the variant's default (klein 4, klein-base 40)"),
  guidance: z
    .number()
    .nullish()
    .openapi({
      description:
        "How strictly the prompt is followed, 0 to 100. Omit for the variant's default (klein-base 4.0). It has an effect on the base variants " +
        "alone, where it is more than 1; the distilled ones take no guidance.",
    }),
  scheduler: z.string().default("flow_match_euler_discrete").openapi({
    description: "How the noise falls from step to step. `flow_match_euler_discrete` is the only one.",
  }),
};

export const GenerateRequest = z
  .looseObject({
    model,
    prompt: promptField,
    ...startFields,
    ...shared,
  })
  .openapi("GenerateRequest");
export type GenerateRequest = z.infer<typeof GenerateRequest>;

export const EditRequest = z
  .looseObject({
    model,
    prompt: z.string().min(1).openapi({ description: "What to do with the pictures." }),
    images: z.array(FileBesideAdapters).min(1).openapi({
      description:
        "1 to 8 pictures: stored files, http(s) URLs or data URLs. Each is seen in its own shape, at about 1024 x 1024 pixels at most.",
    }),
    image_strength: z.number().nullish().openapi({
      description: "Must be in 0 to 1. It has no effect: the pictures are references, not a start.",
    }),
    ...maskFields,
    ...shared,
  })
  .openapi("EditRequest");
export type EditRequest = z.infer<typeof EditRequest>;

export const ImageResponse = imageResponse(
  "What the run used, so that it can be repeated: kind, model, prompt, seed, width, height, steps, guidance, quantize, scheduler, " +
    "format, quality, loras, image_strength, the file ids of the input pictures. `guidance_ignored`, `image_strength_ignored` and " +
    "`prompt_cut` are there when they are true.",
);

export const TrainRequest = trainRequest({
  training_mode: z.enum(["text", "edit"]).default("text"),
  guidance: z.number().default(1),
  lora_rank: z.int().min(1).default(8),
  lora_include_ff: z.boolean().default(true),
});

export const prose = {
  title: "kiapi FLUX.2 API",
  summary: "Pictures from words, and pictures changed by words, with FLUX.2 klein in few steps.",
  description: `Makes and changes pictures with [FLUX.2 klein](https://huggingface.co/black-forest-labs/FLUX.2-klein-4B) by Black Forest Labs.

## generate and edit
- **generate** makes a picture from a prompt. With \`init_image\` it starts from a picture, of which \`image_strength\` says how much
  stays.
- **edit** takes one or several pictures and a prompt that says what to do with them. With \`mask\` a part of the
  first picture is repainted and the rest stays.

Every model does both.

## Models
| model | steps | guidance | licence |
|---|---|---|---|
| **klein-9b** | 4 | none | not for commercial use; the download asks for a token |
| **klein-4b** | 4 | none | Apache-2.0; fits a machine with 16 GB |
| **klein-base-4b** | 40 | 4.0 | Apache-2.0 |
| **klein-base-9b** | 40 | 4.0 | not for commercial use; the download asks for a token |

Without \`model\` a request gets what the setting \`flux2_default_model\` names, else klein-9b, or klein-4b where that is on this machine
and klein-9b is not.

## Prompts
A prompt has at most 512 tokens with its frame. A longer one loses its end, which the result says with \`prompt_cut\`.

## Size and speed
Width and height are multiples of 16 and at most 2048. Time grows with pixels, steps and reference pictures. Guidance doubles it.

## Weights
\`quantize\` sets the bits of the network's weights (default 8). Files that have few bits already keep them.

## LoRA
Up to 4 adapters in \`loras\`, in the names of the authors, diffusers, PEFT, ComfyUI and kohya. An adapter for another model is refused
with \`lora_mismatch\`; those of the 4B and the 9B models do not fit each other.
`,
  generate: generateProse,
  edit: {
    summary: "Edit",
    description:
      "Changes pictures as a prompt says. Answers like `/v1/image/flux2/generate`: bytes, or the Job whose `result` is ImageResponse.",
  },
  train: trainProse,
} as const;
