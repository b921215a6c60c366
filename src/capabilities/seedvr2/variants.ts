import type { Bits } from "../../engine/task.ts";
import type { Size } from "../../images/sizing.ts";
import * as mini from "../../models/mini-upscaler/memory.ts";
import { heldScores } from "../../nn/score-memory.ts";
import type { Download, PhaseNeed, Variant } from "../capability.ts";
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

/** Sizes of a run. */
export interface Extent {
  /** A square of half the result's side where it is not known. */
  input?: Size;
  /** Pixels of the result. */
  pixels: number;
  tile: number;
}

export interface UpscaleVariant extends Variant {
  /** What a run does one after the other, and the memory of each. */
  phases(bits: Bits, extent: Extent): readonly PhaseNeed[];
  /** What a request that does not fit may ask for instead. */
  smaller(bits: Bits): string;
}

const fewerBits = (bits: Bits) =>
  bits === null || bits > 3 ? "a lower quantize, or a smaller resolution" : "a smaller resolution";

const squareOf = (pixels: number): Size => ({ width: Math.sqrt(pixels), height: Math.sqrt(pixels) });

/** A model of SeedVR2's authors. */
const published = (
  name: string,
  { diskGb, aliases, smaller }: Pick<UpscaleVariant, "diskGb" | "aliases" | "smaller">,
): UpscaleVariant => ({
  name,
  aliases,
  repo: `numz/SeedVR2_comfyUI#${name}`,
  features: ["image", "upscale"],
  licence,
  downloads: downloads(name),
  diskGb,
  smaller,
  phases(bits, { pixels, tile }) {
    const bytes = footprint(name, bits, pixels, tile);
    const vae = { name: "vae", bytes: bytes.vae };
    return [
      { name: "encode", parts: [vae], workingBytes: bytes.encode, share: 0.2 },
      {
        name: "denoise",
        parts: [{ name: "transformer", bytes: bytes.transformer }],
        workingBytes: bytes.denoise,
        share: 0.4,
      },
      { name: "decode", parts: [vae], workingBytes: bytes.decode, share: 0.4 },
    ];
  },
});

export const variants: readonly UpscaleVariant[] = [
  published("3b", { aliases: ["seedvr2-3b", "seedvr2"], diskGb: 7.3, smaller: fewerBits }),
  published("7b", {
    aliases: ["seedvr2-7b", "seedvr2-7B"],
    diskGb: 17,
    smaller: () => "the model 3b, or a smaller resolution",
  }),
  {
    name: "mini",
    aliases: ["seedvr2-mini"],
    repo: "easel/mini-upscaler",
    features: ["image", "upscale", "try-out"],
    note: "A small model to try things out, with no downloads. It sharpens and adds no detail. For real work: easel activate --model seedvr2/3b",
    licence: {
      name: "Apache-2.0",
      url: "https://www.apache.org/licenses/LICENSE-2.0",
      commercial: true,
    },
    downloads: [],
    embedded: "mini-upscaler.safetensors",
    diskGb: 0,
    smaller: () => "a smaller resolution",
    phases: (_bits, { pixels, input = squareOf(pixels / 4) }) => [
      {
        name: "enlarge",
        parts: [{ name: "model", bytes: mini.weightBytes }],
        workingBytes: mini.workingBytes(input, pixels),
        share: 1,
      },
    ],
  },
];

const family = "seedvr2";

export const models: Models = {
  family,
  variants,
  // A model that the operator gave a path is meant, also when nothing is there: the try-out model must not answer in its place.
  defaultVariant: (context) =>
    variants.find(
      ({ name }) =>
        `${family}/${name}` in context.settings.model_paths || "source" in context.activation(family, name),
    )?.name ?? "mini",
};

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
