import type { Variant } from "../capability.ts";
import type { Models } from "../model.ts";

/** Lightning's adapters in half precision. */
const lightning = (repo: string, file: (steps: number) => string): NonNullable<Variant["fast"]> =>
  [4, 8].map((steps) => ({
    steps,
    download: { kind: "huggingface", repo, revision: "main", files: [file(steps)] },
  }));

const variant = (
  name: string,
  aliases: string[],
  repo: string,
  fast?: NonNullable<Variant["fast"]>,
): Variant => ({
  name,
  aliases,
  repo,
  features: ["image", "text"],
  licence: { name: "Apache-2.0", url: `https://huggingface.co/${repo}`, commercial: true },
  downloads: [
    {
      kind: "huggingface",
      repo,
      revision: "main",
      files: ["transformer/*", "text_encoder/*", "vae/*", "tokenizer/*", "scheduler/*"],
    },
  ],
  diskGb: 58,
  ...(fast && { fast }),
});

export const variants: readonly Variant[] = [
  variant("image", ["qwen-image", "Qwen/Qwen-Image"], "Qwen/Qwen-Image"),
  variant(
    "edit-2509",
    ["qwen-edit", "qwen-image-edit", "Qwen/Qwen-Image-Edit-2509"],
    "Qwen/Qwen-Image-Edit-2509",
    lightning(
      "lightx2v/Qwen-Image-Lightning",
      (steps) => `Qwen-Image-Edit-2509/Qwen-Image-Edit-2509-Lightning-${steps}steps-V1.0-bf16.safetensors`,
    ),
  ),
  variant("image-2512", ["qwen-image-2512", "Qwen/Qwen-Image-2512"], "Qwen/Qwen-Image-2512"),
  variant(
    "edit-2511",
    ["qwen-image-edit-2511", "Qwen/Qwen-Image-Edit-2511"],
    "Qwen/Qwen-Image-Edit-2511",
    lightning(
      "lightx2v/Qwen-Image-Edit-2511-Lightning",
      (steps) => `Qwen-Image-Edit-2511-Lightning-${steps}steps-V1.0-bf16.safetensors`,
    ),
  ),
];

export const isEdit = (variant: string) => variant.startsWith("edit");

/** Names of the variants that edit, or of those that generate. */
export const variantsThat = (edit: boolean) =>
  variants.filter(({ name }) => isEdit(name) === edit).map(({ name }) => name);

export const models: Models = { family: "qwen", variants, defaultVariant: () => "image" };
