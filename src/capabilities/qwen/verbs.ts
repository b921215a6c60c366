import type { Verb, VerbOption } from "../family.ts";

const shared: readonly VerbOption[] = [
  { name: "negative_prompt", kind: "text", value: "<text>", help: "what the picture must not show" },
  { name: "width", kind: "whole", value: "<pixels>", help: "a multiple of 16" },
  { name: "height", kind: "whole", value: "<pixels>", help: "a multiple of 16" },
  { name: "steps", kind: "whole", value: "<count>", help: "denoising steps" },
  { name: "guidance", kind: "real", value: "<number>", help: "how strictly to follow the prompt" },
  { name: "seed", kind: "whole", value: "<number>", help: "makes the result repeatable" },
  { name: "scheduler", kind: "text", value: "<name>", help: "noise schedule" },
  { name: "quality", kind: "whole", value: "<percent>", help: "of JPEG and WebP" },
  { name: "lora", kind: "adapter", value: "<path[:scale]>", help: "a LoRA file (repeatable)" },
];

const made = { result: "file_id", formats: ["png", "jpeg", "webp"] } as const;

export const verbs: readonly Verb[] = [
  {
    ...made,
    name: "generate",
    summary: "make a picture from words",
    takes: "prompt",
    path: "/generate",
    options: [
      ...shared,
      {
        name: "fast",
        kind: "whole",
        value: "<steps>",
        help: "4 or 8 steps with the Lightning adapter of the settings",
      },
      { name: "init_image", kind: "picture", value: "<path>", help: "start from this picture" },
      {
        name: "image_strength",
        kind: "real",
        value: "<share>",
        help: "how much of the start picture stays, 0 to 1",
      },
    ],
    suffix: "",
  },
  {
    ...made,
    name: "edit",
    summary: "change pictures as the words say; several pictures become one",
    takes: "prompt and pictures",
    path: "/edit",
    options: shared,
    suffix: "-edit",
  },
];
