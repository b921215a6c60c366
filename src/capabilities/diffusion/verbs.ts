/**
 * Options of the commands that make pictures from words.
 *
 * @module
 */
import type { VerbOption } from "../family.ts";
import { shortcutOptions } from "./shortcuts.ts";

export const pictureOptions: readonly VerbOption[] = [
  { name: "width", kind: "whole", value: "<pixels>", help: "a multiple of 16" },
  { name: "height", kind: "whole", value: "<pixels>", help: "a multiple of 16" },
  { name: "steps", kind: "whole", value: "<count>", help: "denoising steps" },
  { name: "guidance", kind: "real", value: "<number>", help: "how strictly to follow the prompt" },
  { name: "seed", kind: "whole", value: "<number>", help: "makes the result repeatable" },
  { name: "quality", kind: "whole", value: "<percent>", help: "of JPEG and WebP" },
  {
    name: "lora",
    kind: "adapter",
    value: "<path[:scale]>",
    help: "a LoRA file, or its name in lora_dir (repeatable)",
  },
  ...shortcutOptions,
];

export const negativePrompt: VerbOption = {
  name: "negative_prompt",
  kind: "text",
  value: "<text>",
  help: "what the picture must not show",
};

export const scheduler: VerbOption = {
  name: "scheduler",
  kind: "text",
  value: "<name>",
  help: "noise schedule",
};

export const startPicture: readonly VerbOption[] = [
  { name: "init_image", kind: "picture", value: "<path>", help: "start from this picture" },
  {
    name: "image_strength",
    kind: "real",
    value: "<share>",
    help: "how much of the start picture stays, 0 to 1",
  },
];

const madePicture = { result: "file_id", formats: ["png", "jpeg", "webp"] } as const;
export const generateVerb = {
  ...madePicture,
  name: "generate",
  summary: "make a picture from words",
  takes: "prompt",
  path: "/generate",
  suffix: "",
} as const;
export const editVerb = {
  ...madePicture,
  name: "edit",
  summary: "change pictures as the words say; several pictures become one",
  takes: "prompt and pictures",
  path: "/edit",
  suffix: "-edit",
} as const;
