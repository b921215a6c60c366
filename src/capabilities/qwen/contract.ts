import { z } from "@hono/zod-openapi";
import {
  generateProse,
  imageResponse,
  pictureFields,
  promptField,
  startFields,
} from "../diffusion/contract.ts";
import { maskFields } from "../diffusion/mask.ts";
import { FileBesideAdapters } from "../schemas.ts";

const shared = {
  ...pictureFields("the server's default (30)"),
  negative_prompt: z.string().nullish().openapi({
    description: "What the picture shall not show. It has an effect where `guidance` is more than 1.",
  }),
  scheduler: z.string().default("linear").openapi({
    description:
      "How the noise falls from step to step. `linear`; `flow_match_euler_discrete` and the class names of both mean the same.",
  }),
};

const fast = (description: string) =>
  z
    .union([z.literal(4), z.literal(8)])
    .nullish()
    .openapi({
      description: `${description} Omitted \`steps\` and \`guidance\` are then that number and 1.`,
    });

export const GenerateRequest = z
  .looseObject({
    model: z.string().nullish().openapi({
      description:
        "Model variant, see GET /v1/image/qwen/models: `image` (default) or `image-2512`. `/edit` takes the others.",
    }),
    prompt: promptField,
    ...startFields,
    guidance: z
      .number()
      .nullish()
      .openapi({
        description:
          "How strictly the prompt is followed, 0 to 100. Omit for the server's default (4.0). At 1 and below there is no guidance and a step takes " +
          "half the time.",
      }),
    fast: fast(
      "Makes the picture in 4 or 8 steps with the adapter that the setting `qwen_lightning_4` or `qwen_lightning_8` names.",
    ),
    ...shared,
  })
  .openapi("GenerateRequest");
export type GenerateRequest = z.infer<typeof GenerateRequest>;

export const EditRequest = z
  .looseObject({
    model: z.string().nullish().openapi({
      description:
        "Model variant, see GET /v1/image/qwen/models: `edit-2509` (default) or `edit-2511`. `/generate` takes the others.",
    }),
    prompt: z.string().min(1).openapi({
      description: "What to do with the pictures. It may call them `Picture 1`, `Picture 2`, …",
    }),
    images: z.array(FileBesideAdapters).min(1).openapi({
      description:
        "1 to 8 pictures: stored files, http(s) URLs or data URLs. Each is seen in its own shape, at about 1024 x 1024 pixels.",
    }),
    guidance: z
      .number()
      .nullish()
      .openapi({
        description:
          "How strictly the prompt is followed, 0 to 100. Omit for the server's default (2.5). At 1 and below there is no guidance and a step takes " +
          "half the time.",
      }),
    ...maskFields,
    fast: fast(
      "Makes the edit in 4 or 8 steps with the adapter that `easel activate --fast` fetches, or that the settings name for the variant, such as `qwen_edit_2509_lightning_4`.",
    ),
    ...shared,
  })
  .openapi("EditRequest");
export type EditRequest = z.infer<typeof EditRequest>;

export const ImageResponse = imageResponse(
  "What the run used, so that it can be repeated: model, prompt, seed, width, height, steps, guidance, quantize, scheduler, format, " +
    "quality, loras, the file ids of the input pictures, and what decides the picture besides: `vae_tile`, `vae_tile_overlap`.",
);

export const prose = {
  title: "kiapi Qwen Image API",
  summary: "Pictures from words, and pictures changed by words, with Qwen-Image.",
  description: `Makes pictures with [Qwen-Image](https://huggingface.co/Qwen/Qwen-Image), which is good at text inside pictures, and changes
pictures with [Qwen-Image-Edit](https://huggingface.co/Qwen/Qwen-Image-Edit-2509).

## generate and edit
- **generate** makes a picture from a prompt. With \`init_image\` it starts from a picture, of which \`image_strength\` says how much
  stays.
- **edit** takes one or several pictures and a prompt that says what to do with them. With \`mask\` a part of the
  first picture is repainted and the rest stays.

## Models
\`generate\` takes **image** (default) and **image-2512**, \`edit\` takes **edit-2509** (default) and **edit-2511**.

## Size and speed
Width and height are multiples of 16 and at most 2048. Time grows with pixels and steps. \`guidance\` of 1 halves it; \`fast\` needs 4
or 8 steps instead of 30, with an adapter that was made for it.

## Weights
\`quantize\` sets the bits of the network's weights (default 8). Keep it unset for the copy that stays in memory.

## LoRA
Up to 4 adapters in \`loras\`, in the spellings of diffusers, PEFT, ComfyUI and kohya. An adapter for another model is refused with
\`lora_mismatch\`.
`,
  generate: generateProse,
  edit: {
    summary: "Edit",
    description:
      "Changes pictures as a prompt says. Answers like `/v1/image/qwen/generate`: bytes, or the Job whose `result` is ImageResponse.",
  },
} as const;
