import type { Bits } from "../../engine/task.ts";
import type { Variant } from "../capability.ts";
import { floatBytes, weightBytes } from "../depth/weights.ts";

const variant = (name: string, aliases: string[], repo: string): Variant => ({
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
});

export const variants: readonly Variant[] = [
  variant("image", ["qwen-image", "Qwen/Qwen-Image"], "Qwen/Qwen-Image"),
  variant(
    "edit-2509",
    ["qwen-edit", "qwen-image-edit", "Qwen/Qwen-Image-Edit-2509"],
    "Qwen/Qwen-Image-Edit-2509",
  ),
  variant("image-2512", ["qwen-image-2512", "Qwen/Qwen-Image-2512"], "Qwen/Qwen-Image-2512"),
  variant("edit-2511", ["qwen-image-edit-2511", "Qwen/Qwen-Image-Edit-2511"], "Qwen/Qwen-Image-Edit-2511"),
];

export const isEdit = (variant: string) => variant.startsWith("edit");

// Parameters in millions.
const transformer = { parameters: 13_604, quantizable: 13_603 };
const modulation = { parameters: 6826, quantizable: 6825 };
const textEncoder = 7747;
/** The picture coder, without the taps of time. */
const coder = 50;

const width = 3072;
const hidden = 4 * width;
const languageHeads = 28;
const languageWidth = 3584;
const languageHidden = 18_944;
/** Tokens of a text at its longest, and of a picture as the language model sees it. */
const textTokens = 1100;
const seenTokens = 200;
/** Activations of a token in multiples of the network's width, besides the two of its MLP's inner layer. */
const liveTokens = 14;
/** Maps of the coder's smallest width at full size, of which so many are alive at once. */
const liveMaps = 8;
const coderChannels = 96;
/** A picture of no more pixels than so many tiles is coded as a whole. */
const wholeTiles = 2;

export interface Job {
  bits: Bits;
  pixels: number;
  steps: number;
  /** Pictures of an edit. */
  references: number;
  referencePixels: number;
  tile: number;
  /** Whether the prompt and the negative prompt run at once. */
  batch: boolean;
}

export interface Footprint {
  textEncoder: number;
  vae: number;
  modulation: number;
  transformer: number;
  encode: number;
  look: number;
  modulate: number;
  denoise: number;
  decode: number;
}

/** Unquantized weights stay in half precision on every device. */
const bytesOf = (network: { parameters: number; quantizable: number }, bits: Bits) =>
  bits === null ? 2e6 * network.parameters : weightBytes(network, bits);

/** Bytes of the parts and of each phase. */
export function footprint({ bits, pixels, steps, references, referencePixels, tile, batch }: Job): Footprint {
  const finer = bits === 4 ? 8 : bits;
  const read = textTokens + references * seenTokens;
  const tokens = (pixels + references * referencePixels) / 256 + read;
  // Without a GPU one matrix at a time is widened or unpacked.
  const unpacked = floatBytes === 2 ? 0 : width * hidden * floatBytes;
  const scores = floatBytes === 2 ? 0 : languageHeads * read ** 2 * floatBytes;
  const map = (area: number) =>
    liveMaps * coderChannels * Math.min(area, wholeTiles * tile * tile) * floatBytes + 24 * area;
  const half = { parameters: modulation.parameters / 2, quantizable: modulation.quantizable / 2 };
  const levels = 2 * 4 * 60 * 6 * width * (steps + 1);
  return {
    textEncoder: 2e6 * textEncoder,
    vae: 1e6 * coder * floatBytes,
    modulation: bytesOf(half, bits) + bytesOf(half, finer),
    transformer: bytesOf(transformer, bits),
    encode: Math.round(
      read * (liveTokens * languageWidth + 3 * languageHidden) * floatBytes + scores + unpacked,
    ),
    look: Math.round(map(Math.max(pixels, references > 0 ? referencePixels : 0))),
    // The modulation of all steps is in memory twice while it is handed on.
    modulate: 2 * levels + unpacked,
    denoise: Math.round(
      (batch ? 2 : 1) * tokens * (liveTokens * width + 2 * hidden) * floatBytes + unpacked + 2 * levels,
    ),
    decode: Math.round(map(pixels)),
  };
}
