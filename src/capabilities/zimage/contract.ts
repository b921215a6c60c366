import { z } from "@hono/zod-openapi";
import {
  imageResponse,
  pictureFields,
  promptField,
  trainProse,
  trainRequest,
} from "../diffusion/contract.ts";

export const GenerateRequest = z
  .looseObject({
    model: z
      .string()
      .nullish()
      .openapi({
        description:
          "Model variant, see GET /v1/image/zimage/models: `turbo` (default), which needs few steps, or `base`, which is slower and follows " +
          "guidance.",
      }),
    prompt: promptField,
    negative_prompt: z.string().nullish().openapi({
      description:
        "What the picture shall not show. It has an effect on `base`, where `guidance` is more than 1; `turbo` takes no guidance.",
    }),
    guidance: z
      .number()
      .nullish()
      .openapi({
        description:
          "How strictly the prompt is followed, 0 to 100. Omit for the variant's default (turbo none, base 4.0). At 1 and below there is no " +
          "guidance and a step takes half the time.",
      }),
    ...pictureFields("the variant's default (turbo 9, base 28)"),
  })
  .openapi("GenerateRequest");
export type GenerateRequest = z.infer<typeof GenerateRequest>;

export const ImageResponse = imageResponse(
  "What the run used, so that it can be repeated: model, mode, prompt, negative_prompt, seed, width, height, steps, guidance, quantize, " +
    "format, quality, loras. `guidance_ignored` and `prompt_cut` are there when they are true.",
);

export const TrainRequest = trainRequest({
  guidance: z.number().default(0),
  lora_rank: z.int().min(1).default(16),
  lora_include_ff: z.boolean().default(false),
});

export const prose = {
  title: "kiapi Z-Image API",
  summary: "Pictures from words with Z-Image, which needs little memory and few steps.",
  description: `Makes pictures with [Z-Image](https://huggingface.co/Tongyi-MAI/Z-Image) by Alibaba's Tongyi lab: 6 billion parameters, good at
photographs and at text in English and Chinese.

## Models
- **turbo** (default) was distilled: 9 steps, no guidance. Its usual download has weights of 4 bits (5.9 GB) and fits a machine with
  16 GB.
- **base** is the whole model: 28 steps and guidance of 4.0.

There is no editing; [FLUX.2](/v1/image/flux2/openapi.json) and Qwen-Image do that.

## Prompts
A prompt has at most 512 tokens with its frame, in Chinese, English or another language. A longer one loses its end, which the
result says with \`prompt_cut\`.

## Size and speed
Width and height are multiples of 16 and at most 2048. Time grows with pixels and steps; guidance doubles it.

## Weights
\`quantize\` sets the bits of the network's weights (default 8). Files that have few bits already keep them.

## LoRA
Up to 4 adapters in \`loras\`, in the names of diffusers, PEFT, ComfyUI and kohya, with fused or separate attention. An adapter for
another model is refused with \`lora_mismatch\`.
`,
  generate: {
    summary: "Generate",
    description:
      "Makes a picture from a prompt. A synchronous call that does not ask for JSON gets the picture's bytes; otherwise the Job, whose " +
      "`result` is ImageResponse. An asynchronous call is answered 202 at once.",
  },
  train: trainProse,
} as const;
