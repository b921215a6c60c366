import type { Variant } from "../capability.ts";
import { savedByMflux } from "../downloads.ts";
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
  more: Pick<Variant, "fast" | "copies"> = {},
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
  ...more,
});

export const variants: readonly Variant[] = [
  variant("image", ["qwen-image", "Qwen/Qwen-Image"], "Qwen/Qwen-Image", {
    copies: [
      savedByMflux(6, "mflux-community/qwen-image-mflux-q6", 31, "c628fe4392d963557c3013c2709e6d3b67bca79d"),
    ],
  }),
  variant(
    "edit-2509",
    ["qwen-edit", "qwen-image-edit", "Qwen/Qwen-Image-Edit-2509"],
    "Qwen/Qwen-Image-Edit-2509",
    {
      fast: lightning(
        "lightx2v/Qwen-Image-Lightning",
        (steps) => `Qwen-Image-Edit-2509/Qwen-Image-Edit-2509-Lightning-${steps}steps-V1.0-bf16.safetensors`,
      ),
    },
  ),
  variant("image-2512", ["qwen-image-2512", "Qwen/Qwen-Image-2512"], "Qwen/Qwen-Image-2512", {
    copies: [
      savedByMflux(
        4,
        "mflux-community/qwen-image-2512-mflux-q4",
        27.6,
        "ec35d366eeb701838007c1720c3d80f2f7fbf9f4",
      ),
    ],
  }),
  variant("edit-2511", ["qwen-image-edit-2511", "Qwen/Qwen-Image-Edit-2511"], "Qwen/Qwen-Image-Edit-2511", {
    fast: lightning(
      "lightx2v/Qwen-Image-Edit-2511-Lightning",
      (steps) => `Qwen-Image-Edit-2511-Lightning-${steps}steps-V1.0-bf16.safetensors`,
    ),
    copies: [
      savedByMflux(8, "mflux-community/qwen-image-edit-2511-mflux-q8", 37.5),
      savedByMflux(6, "mflux-community/qwen-image-edit-2511-mflux-q6", 32.4),
      savedByMflux(
        4,
        "mflux-community/qwen-image-edit-2511-mflux-q4",
        29,
        "720ad94d982b3dc22f9122ee96af31221d542d47",
      ),
    ],
  }),
];

export const isEdit = (variant: string) => variant.startsWith("edit");

/** Whether a variant's network takes the pictures of an edit as free of noise. Its published config says so; copies have none. */
export const hasCleanReferences = (variant: string) => variant === "edit-2511";

/** Names of the variants that edit, or of those that generate. */
export const variantsThat = (edit: boolean) =>
  variants.filter(({ name }) => isEdit(name) === edit).map(({ name }) => name);

export const models: Models = { family: "qwen", variants, defaultVariant: () => "image" };
