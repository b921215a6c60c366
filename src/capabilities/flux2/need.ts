import type { Need } from "../../engine/need.ts";
import type { Bits } from "../../engine/task.ts";
import { encoderBits, pipelineOf } from "../../models/diffusion/memory.ts";
import { footprint, ownBits, published } from "../../models/flux2/memory.ts";
import type { CheckContext } from "../capability.ts";
import { floatBytes } from "../footprint.ts";
import { chooseBits } from "../model.ts";
import { filesOf, guided, type Params } from "./params.ts";
import { ownSettings } from "./settings.ts";
import { family, usualOf } from "./variants.ts";

/** Pixels of a reference picture at most. */
const referencePixels = 1024 * 1024;

/** The bits that a job runs with: the files' own where they have few already. */
export function bitsOf({ model, quantize }: Pick<Params, "model" | "quantize">, context: CheckContext) {
  const usual = published(usualOf(model).size);
  const activation = context.activation(family, model);
  const pipeline = "source" in activation ? pipelineOf(activation.source.paths, usual) : usual;
  const own = ownBits(pipeline.transformer);
  const chosen =
    own === undefined
      ? chooseBits(quantize, ownSettings(context.settings).flux2_default_quantize)
      : { bits: own, transient: false };
  return { ...chosen, pipeline };
}

/** `references` holds the pixels of the pictures of an edit, once they are known. */
export function needOf(params: Params, context: CheckContext, references?: readonly number[]): Need {
  const { bits, transient, pipeline } = bitsOf(params, context);
  const { width, height } = params;
  const files = filesOf(params);
  const edit = "images" in params;
  const bytes = footprint(
    {
      bits,
      width,
      height,
      references: edit ? (references ?? files.map(() => referencePixels)) : [],
      first: edit ? params.mask !== null : files.length > 0,
      guided: guided(params),
      stepCache: params.step_cache !== null,
    },
    pipeline,
    floatBytes,
  );
  // The text encoder goes first: what it gave is kept.
  const textEncoder = {
    name: "text_encoder",
    bytes: bytes.textEncoder,
    bits: encoderBits(bits),
    priority: -2,
  };
  const vae = { name: "vae", bytes: bytes.vae, bits: null };
  const looks = files.length > 0 || params.preview;
  return {
    variant: params.model,
    bits,
    phases: [
      { name: "encode", parts: [textEncoder], workingBytes: bytes.encode, share: 0.1 },
      ...(looks ? [{ name: "look", parts: [vae], workingBytes: bytes.look, share: 0.05 }] : []),
      {
        name: "denoise",
        parts: [{ name: "transformer", bytes: bytes.transformer }],
        workingBytes: bytes.denoise,
        share: 0.7,
      },
      { name: "decode", parts: [vae], workingBytes: bytes.decode, share: 0.15 },
    ],
    options: {},
    transient,
    smaller: smallerOf(params.model, bits),
  };
}

function smallerOf(model: string, bits: Bits): string {
  const fewer = bits === null || bits > 3 ? "a lower quantize, or a smaller size" : "a smaller size";
  return usualOf(model).size === "9B" ? `the model ${model.replace("9b", "4b")}, ${fewer}` : fewer;
}
