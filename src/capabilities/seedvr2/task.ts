import { TaskError } from "../../engine/engine.ts";
import { requireFinite } from "../../engine/finite.ts";
import type { Part, Source, Task, Values } from "../../engine/task.ts";
import { resizePillow } from "../../images/pixels.ts";
import { MiniUpscaler } from "../../models/mini-upscaler/mini-upscaler.ts";
import { loadText, loadTransformer, loadVae } from "../../models/seedvr2/load.ts";
import type { Transformer } from "../../models/seedvr2/transformer.ts";
import { decode, denoise, encode, enlarge } from "../../models/seedvr2/upscale.ts";
import { Vae } from "../../models/seedvr2/vae.ts";
import type { DenoiseOutput, EncodeOutput, UpscaleInput, UpscaleOutput } from "./phase.ts";

/** The transformer with the one text it was distilled with. */
class Denoiser implements Disposable {
  constructor(
    readonly transformer: Transformer,
    readonly text: { data: Float32Array; tokens: number },
  ) {}

  [Symbol.dispose](): void {
    this.transformer[Symbol.dispose]();
  }
}

export const task: Task = {
  family: "seedvr2",

  load(part, source: Source, progress, note = () => {}) {
    const options = {
      bits: source.bits,
      place: source.cache && { ...source.cache, network: `seedvr2-${source.variant}-${part}`, note },
      step: (done: number, total: number) => progress("loading", done, total),
    };
    if (part === "model") return MiniUpscaler.load(source.paths, { step: options.step });
    if (part === "vae") return loadVae(source.paths, options).vae;
    const { transformer } = loadTransformer(source.paths, source.variant, options);
    try {
      return new Denoiser(transformer, loadText(source.paths, transformer.config.text));
    } catch (error) {
      transformer[Symbol.dispose]();
      throw error;
    }
  },

  run(phase, parts, values: Values, progress) {
    const input = values as UpscaleInput;
    const { width, height, tile, overlap } = input;
    switch (phase) {
      case "enlarge": {
        const from = { data: input.pixels, width: input.inputWidth, height: input.inputHeight, channels: 3 };
        const image = partOf(parts.model, MiniUpscaler).upscale(from, input, (done, total) =>
          progress("enlarging", done, total),
        );
        return { ...outputOf(image, input, "float32"), pixels: new Uint8Array() };
      }
      case "encode": {
        const from = { data: input.pixels, width: input.inputWidth, height: input.inputHeight, channels: 3 };
        const style = enlarge(from, width, height, input.softness);
        const low = encode(partOf(parts.vae, Vae), style, { tile, overlap }, (done, total) =>
          progress("encoding", done, total),
        );
        return { pixels: new Uint8Array(), style: style.data, low } satisfies EncodeOutput;
      }
      case "denoise": {
        const { low } = values as EncodeOutput;
        const { transformer, text } = partOf(parts.transformer, Denoiser);
        const clean = denoise(transformer, low, text, input.seed, (done, total) =>
          progress("denoising", done, total),
        );
        return { clean, precision: transformer.precision } satisfies DenoiseOutput;
      }
      default: {
        const { style, clean, precision } = values as EncodeOutput & DenoiseOutput;
        const picture = { data: style, width, height, channels: 3 };
        const image = decode(
          partOf(parts.vae, Vae),
          clean,
          picture,
          input.colorFix,
          { tile, overlap },
          (done, total) => progress("decoding", done, total),
          requireFinite,
        );
        return outputOf(image, input, precision);
      }
    }
  },
};

/** The result, transparent where the input is and the format has it. */
function outputOf(
  image: Uint8Array,
  { alpha, inputWidth, inputHeight, width, height }: UpscaleInput,
  precision: string,
): UpscaleOutput {
  if (!alpha) return { image, channels: 3, width, height, precision };
  const plane = { data: alpha, width: inputWidth, height: inputHeight, channels: 1 };
  const mask = resizePillow(plane, width, height, "bicubic").data;
  return { image: withAlpha(image, mask), channels: 4, width, height, precision };
}

function partOf<T extends Part>(part: Part | undefined, kind: new (...args: never[]) => T): T {
  if (part instanceof kind) return part;
  throw new TaskError("the part is not one of SeedVR2", "failed");
}

function withAlpha(colors: Uint8Array, alpha: Uint8Array): Uint8Array {
  const out = new Uint8Array(alpha.length * 4);
  for (let i = 0, from = 0, to = 0; i < alpha.length; i++) {
    out[to++] = colors[from++]!;
    out[to++] = colors[from++]!;
    out[to++] = colors[from++]!;
    out[to++] = alpha[i]!;
  }
  return out;
}
