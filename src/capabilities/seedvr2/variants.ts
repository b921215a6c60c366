import type { PhaseNeed } from "../../engine/need.ts";
import type { Bits } from "../../engine/task.ts";
import type { Size } from "../../images/sizing.ts";
import * as mini from "../../models/mini-upscaler/memory.ts";
import { filesOf } from "../../models/seedvr2/files.ts";
import * as memory from "../../models/seedvr2/memory.ts";
import { tensorTable } from "../../weights/tensor-table.ts";
import type { Download, Variant } from "../capability.ts";
import { canHaveFewerBits, floatBytes } from "../footprint.ts";
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
  /** The phases of a run, and the memory of each: of the files at `paths` where they are here, else of those published. */
  phases(bits: Bits, extent: Extent, paths: readonly string[]): readonly PhaseNeed[];
  /** Smaller requests to suggest when one does not fit. */
  smaller(bits: Bits): string;
  /** Fields of a request that change nothing. */
  ignores?: readonly ("quantize" | "color_fix" | "tile" | "seed")[];
}

const fewerBits = (bits: Bits) =>
  canHaveFewerBits(bits) ? "a lower quantize, or a smaller resolution" : "a smaller resolution";

const squareOf = (pixels: number): Size => ({ width: Math.sqrt(pixels), height: Math.sqrt(pixels) });

/** A model of SeedVR2's authors. */
const published = (
  name: keyof typeof memory.published,
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
  phases(bits, { pixels, tile }, paths) {
    const files = filesOf(paths, name);
    const [transformer, coder] = [files.transformer, files.vae].map((file) =>
      file === undefined ? undefined : tensorTable(file),
    );
    const bytes = memory.footprint(
      (transformer && memory.sizeOfFile(transformer)) ?? memory.published[name],
      coder ? memory.coderOfFile(coder) : memory.publishedCoder,
      { bits, pixels, tile, float: floatBytes },
    );
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
    ignores: ["quantize", "color_fix", "tile", "seed"],
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
