import type { Variant } from "../capability.ts";
import { mfluxFiles, savedByMflux } from "../downloads.ts";
import type { Models } from "../model.ts";

export const family = "zimage";

/** What a request gets that does not say otherwise. */
export interface Usual {
  steps: number;
  /** Null where the model was distilled and takes none. */
  guidance: number | null;
  /** How far the schedule is shifted when the model's folder has no scheduler. */
  shift: number;
}

const usual: Readonly<Record<string, Usual>> = {
  turbo: { steps: 9, guidance: null, shift: 3 },
  base: { steps: 28, guidance: 4, shift: 6 },
};
export const usualOf = (variant: string): Usual => usual[variant]!;

const mflux = "filipstrand/Z-Image-Turbo-mflux-4bit";

export const variants: readonly Variant[] = [
  {
    name: "turbo",
    aliases: [],
    repo: mflux,
    features: ["text"],
    licence: {
      name: "Apache-2.0 (the copy's card names Tongyi Qianwen)",
      url: `https://huggingface.co/${mflux}`,
      commercial: true,
    },
    downloads: [
      {
        kind: "huggingface",
        repo: mflux,
        revision: "b3a8f31115a11f2f9e2fa0bfbc8d78dcc3e6568b",
        files: mfluxFiles,
      },
    ],
    note: "distilled: a picture in 9 steps, without guidance; the weights have 4 bits already",
    diskGb: 5.9,
    bits: 4,
    copies: [
      {
        ...savedByMflux(
          8,
          "mflux-community/z-image-turbo-mflux-q8",
          11,
          "4ccff28917346aa9daae49cd3c477cf5260a242c",
        ),
        licence: {
          name: "Apache-2.0",
          url: "https://huggingface.co/mflux-community/z-image-turbo-mflux-q8",
          commercial: true,
        },
      },
    ],
  },
  {
    name: "base",
    aliases: [],
    repo: "Tongyi-MAI/Z-Image",
    features: ["text"],
    licence: { name: "Apache-2.0", url: "https://huggingface.co/Tongyi-MAI/Z-Image", commercial: true },
    downloads: [
      {
        kind: "huggingface",
        repo: "Tongyi-MAI/Z-Image",
        revision: "main",
        files: ["model_index.json", "scheduler/*", "text_encoder/*", "tokenizer/*", "transformer/*", "vae/*"],
      },
    ],
    diskGb: 20.5,
    copies: [
      savedByMflux(
        4,
        "mflux-community/z-image-base-mflux-q4",
        5.9,
        "087eaf40738482a1a99394ce1b490ab12738c1f6",
      ),
    ],
  },
];

export const models: Models = { family, variants, defaultVariant: () => "turbo" };
