import type { Bits } from "../../engine/task.ts";
import { heldScores } from "../../nn/score-memory.ts";
import type { Download, Variant } from "../capability.ts";
import { floatBytes, weightBytes } from "../footprint.ts";
import type { Models } from "../model.ts";

const licence = {
  name: "Apache-2.0",
  url: "https://huggingface.co/ByteDance-Seed/SeedVR2-3B",
  commercial: true,
};

/** The weights as they were repacked for ComfyUI, and the text embedding from the authors. */
const downloads = (variant: string): Download[] => [
  {
    kind: "huggingface",
    repo: "numz/SeedVR2_comfyUI",
    revision: "main",
    files: [`seedvr2_ema_${variant}_fp16.safetensors`, "ema_vae_fp16.safetensors"],
  },
  { kind: "huggingface", repo: "ByteDance-Seed/SeedVR2-3B", revision: "main", files: ["pos_emb.pt"] },
];

export const variants: readonly Variant[] = [
  {
    name: "3b",
    aliases: ["seedvr2-3b", "seedvr2"],
    repo: "numz/SeedVR2_comfyUI#3b",
    features: ["image", "upscale"],
    licence,
    downloads: downloads("3b"),
    diskGb: 7.3,
  },
  {
    name: "7b",
    aliases: ["seedvr2-7b", "seedvr2-7B"],
    repo: "numz/SeedVR2_comfyUI#7b",
    features: ["image", "upscale"],
    licence,
    downloads: downloads("7b"),
    diskGb: 17,
  },
];

export const models: Models = { family: "seedvr2", variants, defaultVariant: () => "3b" };

interface Network {
  parameters: number;
  quantizable: number;
  width: number;
  hidden: number;
}

const networks: Readonly<Record<string, Network>> = {
  "3b": { parameters: 3391.5, quantizable: 3390.3, width: 2560, hidden: 6912 },
  "7b": { parameters: 8239.6, quantizable: 8236.5, width: 3072, hidden: 12288 },
};

/** The coder's convolutions never quantize. */
const coder = { parameters: 250.7, quantizable: 2.1 };

/** Maps of 128 channels at a tile's full size, of which so many are alive at once in the decoder. */
const liveMaps = 6;
const tileChannels = 128;
/** Copies of the picture that the colour fix holds. */
const colorCopies = 20;
/** Activations of a token in multiples of the network's width, besides the two of its MLP's inner layer. */
const liveTokens = 12;

export interface Footprint {
  transformer: number;
  vae: number;
  encode: number;
  denoise: number;
  decode: number;
}

/** Bytes of the parts and of each phase for a result of so many pixels. */
export function footprint(variant: string, bits: Bits, pixels: number, tile: number): Footprint {
  const network = networks[variant] ?? networks["3b"]!;
  const tilePixels = Math.min(pixels, tile * tile);
  const picture = pixels * 3 * 4;
  const tokens = pixels / 256;
  // On the CPU one quantized matrix at a time is unpacked.
  const unpacked = bits === null || floatBytes === 2 ? 0 : network.width * network.hidden * floatBytes;
  // The coder's attention runs at an eighth of the side, where its maps are small.
  const coding = Math.max(
    liveMaps * tileChannels * tilePixels * floatBytes,
    heldScores(tilePixels / 64, floatBytes),
  );
  return {
    transformer: weightBytes(network, bits),
    vae: weightBytes(coder, bits),
    encode: coding + 2 * picture,
    denoise: Math.round(tokens * (liveTokens * network.width + 2 * network.hidden) * floatBytes) + unpacked,
    decode: coding + (3 + colorCopies) * picture,
  };
}
