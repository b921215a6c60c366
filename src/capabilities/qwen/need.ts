import { gigabyte, type Need, type PhaseNeed } from "../../engine/need.ts";
import type { Bits } from "../../engine/task.ts";
import * as memory from "../../models/qwen-image/memory.ts";
import { partTable } from "../../weights/tensor-table.ts";
import type { CheckContext } from "../capability.ts";
import { fewerBits, type SmallerRequest, smallerSizes, whatFits } from "../diffusion/smaller.ts";
import { floatBytes } from "../footprint.ts";
import { chooseBits } from "../model.ts";
import { filesOf, guided, type Params } from "./params.ts";
import { ownSettings } from "./settings.ts";
import { models } from "./variants.ts";

/** Sizes of a variant's networks, of its files where they are here; and its bits, where they are quantized as a whole. */
function memoryOf(
  variant: string,
  context: CheckContext,
): { size: memory.PipelineSize; ownBits: Bits | undefined } {
  const activation = context.activation(models.family, variant);
  const paths = "source" in activation ? activation.source.paths : [];
  const [transformer, textEncoder, coder] = ["transformer", "text_encoder", "vae"].map((part) =>
    partTable(paths, part),
  );
  const { published } = memory;
  return {
    size: {
      transformer: transformer ? memory.transformerOf(transformer) : published.transformer,
      textEncoder: textEncoder ? memory.textEncoderOf(textEncoder) : published.textEncoder,
      coder: coder ? memory.coderOf(coder) : published.coder,
    },
    ownBits: transformer && memory.ownBits(transformer),
  };
}

interface Planned {
  job: memory.Job;
  bytes: memory.Footprint;
  size: memory.PipelineSize;
  transient: boolean;
  ownBits: Bits | undefined;
  /** Bytes of the denoising where both prompts run at once; null where there is one prompt, or the setting forbids it. */
  atOnce: number | null;
}

/** Both prompts run at once where the plan has room for them. It goes by sizes and settings, never by the memory that is free. */
function planned(params: Params, context: CheckContext): Planned {
  const { settings } = context;
  const own = ownSettings(settings);
  const { size, ownBits } = memoryOf(params.model, context);
  const { bits, transient } =
    ownBits === undefined
      ? chooseBits(params.quantize, own.qwen_default_quantize)
      : { bits: ownBits, transient: false };
  const job = {
    bits,
    pixels: params.width * params.height,
    steps: params.steps,
    references: "images" in params ? filesOf(params).length : 0,
    referencePixels: own.qwen_reference_pixels,
    tile: own.qwen_vae_tile,
    cachedTexts: params.step_cache === null ? 0 : guided(params) ? 2 : 1,
  };
  const footprint = (batch: boolean) => memory.footprint({ ...job, batch }, size, floatBytes);
  const both = guided(params) && own.qwen_batch_guidance ? footprint(true) : null;
  const atOnce = both && both.transformer + both.denoise;
  const batch = atOnce !== null && atOnce <= context.budget();
  const bytes = batch ? both! : footprint(false);
  return { job: { ...job, batch }, bytes, size, transient, ownBits, atOnce };
}

/** Whether a job runs its two prompts at once. */
export const batched = (params: Params, context: CheckContext): boolean => planned(params, context).job.batch;

export function needOf(params: Params, context: CheckContext): Need {
  const { job, bytes, transient, atOnce, ...rest } = planned(params, context);
  const { bits, batch } = job;
  return {
    variant: params.model,
    bits,
    phases: phasesOf(bytes, filesOf(params).length > 0 || params.preview),
    options: {},
    transient,
    smaller: (budget) => whatFits(budget, smallerRequests(params, { ...rest, job })),
    ...(atOnce !== null &&
      !batch && {
        notes: [
          `The prompt and the negative prompt run one after the other: at once they would need ${(atOnce / gigabyte).toFixed(1)} GB.`,
        ],
      }),
  };
}

function phasesOf(bytes: memory.Footprint, looks: boolean): PhaseNeed[] {
  // Neither is quantized. The text encoder goes first: what it gave is kept.
  const textEncoder = { name: "text_encoder", bytes: bytes.textEncoder, bits: null, priority: -2 };
  const vae = { name: "vae", bytes: bytes.vae, bits: null };
  const modulation = { name: "modulation", bytes: bytes.modulation, priority: -1 };
  return [
    { name: "encode", parts: [textEncoder], workingBytes: bytes.encode, share: 0.08 },
    ...(looks ? [{ name: "look", parts: [vae], workingBytes: bytes.look, share: 0.04 }] : []),
    { name: "modulate", parts: [modulation], workingBytes: bytes.modulate, share: 0.03 },
    {
      name: "denoise",
      parts: [{ name: "transformer", bytes: bytes.transformer }],
      workingBytes: bytes.denoise,
      share: 0.75,
    },
    { name: "decode", parts: [vae], workingBytes: bytes.decode, share: 0.1 },
  ];
}

const smallerReferences = [768, 512, 256].map((side) => side ** 2);
const smallerTiles = [512, 256, 128];

/** Requests and settings that need less, with one prompt at a time. */
function* smallerRequests(
  { width, height }: Params,
  { job, size, ownBits }: Pick<Planned, "job" | "size" | "ownBits">,
): Iterable<SmallerRequest> {
  const peak = (change: Partial<memory.Job>) =>
    memory.peak(memory.footprint({ ...job, batch: false, ...change }, size, floatBytes));
  if (ownBits === undefined)
    for (const bits of fewerBits(job.bits))
      yield { kind: "bits", name: `quantize ${bits}`, bytes: peak({ bits }) };
  for (const side of smallerSizes(width, height))
    yield {
      kind: "size",
      name: `${side.width}x${side.height} pixels`,
      bytes: peak({ pixels: side.width * side.height }),
    };
  for (let references = job.references - 1; references > 0; references--)
    yield {
      kind: "pictures",
      name: references === 1 ? "1 picture" : `${references} pictures`,
      bytes: peak({ references }),
    };
  if (job.references > 0)
    for (const referencePixels of smallerReferences.filter((each) => each < job.referencePixels))
      yield {
        kind: "reference",
        name: `a server with qwen_reference_pixels: ${referencePixels}`,
        bytes: peak({ referencePixels }),
      };
  for (const tile of smallerTiles.filter((each) => each < job.tile))
    yield { kind: "tile", name: `a server with qwen_vae_tile: ${tile}`, bytes: peak({ tile }) };
}
