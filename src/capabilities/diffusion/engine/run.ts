/**
 * Engine code that families of text-to-image models share.
 *
 * @module
 */
import { scope, type Tensor } from "../../../../ffi/index.ts";
import { TaskError } from "../../../engine/engine.ts";
import { notFinite } from "../../../engine/finite.ts";
import type { Part, Progress, ProgressLabel } from "../../../engine/task.ts";
import { pasteKept } from "../../../images/paste.ts";
import { type Pixels, resizePillow } from "../../../images/pixels.ts";
import type { RunOptions } from "../../../models/autoencoder-kl/autoencoder-kl.ts";
import { LoraError } from "../../../models/diffusion/names.ts";
import { type Projection, project } from "../../../models/diffusion/preview.ts";
import { StepCache } from "../../../models/diffusion/step-cache.ts";
import { bytesOf, numbers, type Step } from "../../../models/diffusion/tokens.ts";
import type { Prompted } from "../../../models/qwen3/prompt.ts";
import type { EncodedPrompt } from "../../prompts/cache.ts";
import type { EncodeOutput, Kept, RunInput, Tokens } from "../phase.ts";

/** A text encoder that reads a window of tokens. */
export interface PromptReader {
  prompted(prompt: string): Prompted;
  encode(prompted: Prompted, step?: Step): Tensor;
}

/** Encodes the prompts that the cache does not have. */
export function encodePrompts(encoder: PromptReader, input: RunInput, progress: Progress): EncodeOutput {
  const texts = [
    ...(input.positive ? [] : [input.prompt]),
    ...(input.negative || input.negativePrompt === null ? [] : [input.negativePrompt]),
  ];
  const made = texts.map((text, i): EncodedPrompt => {
    const prompted = encoder.prompted(text);
    return scope(() => {
      const states = encoder.encode(prompted, (done, total) =>
        progress("encoding", i + done / total, texts.length),
      );
      return { data: numbers(states), tokens: states.shape[0]!, ...(prompted.cut && { cut: true }) };
    });
  });
  const positive = input.positive ?? made.shift()!;
  const negative = input.negative ?? made.shift();
  return { positive, ...(negative && { negative }), keys: input.keys };
}

/** Turns an adapter's fault into the job's error. */
export function withLoras<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof LoraError) throw new TaskError(error.message, "lora_mismatch");
    throw error;
  }
}

export function partOf<T extends Part>(part: Part | undefined, kind: new (...args: never[]) => T): T {
  if (part instanceof kind) return part;
  throw new TaskError(`the part is not a ${kind.name}`, "failed");
}

/** Most previews that a job sends. */
const previews = 8;

/** Sends a preview after some of the steps. */
export function previewing(progress: Progress, total: number, projection: Projection | undefined) {
  const every = Math.max(1, Math.ceil(total / previews));
  return (done: number, cells: () => Tensor): void => {
    if (projection && done < total && done % every === 0)
      progress("denoising", done, total, project(cells(), projection));
  };
}

/** Runs the steps with the cache that the request asks for, and says how many steps it has spared. */
export function withStepCache<T>(
  { stepCache }: RunInput,
  steps: (cache: StepCache | undefined) => T,
): { made: T; stepsReused: number } {
  using cache = stepCache === null ? undefined : new StepCache(stepCache);
  const made = steps(cache);
  return { made, stepsReused: cache?.reused ?? 0 };
}

/** The first picture of a masked edit, in the size of the result. */
export function keptOf(
  { pictures, mask, width, height }: RunInput,
  encode: (picture: Pixels<Uint8Array>) => Tokens,
): Kept | undefined {
  const [first] = pictures;
  if (!mask || !first) return undefined;
  const from = { data: first.pixels, width: first.width, height: first.height, channels: 3 };
  const picture = resizePillow(from, width, height, "lanczos");
  return { clean: encode(picture), pixels: picture.data, mask };
}

/** Puts the part of a picture that a mask keeps back into it. */
export const withKept = (image: Uint8Array, kept: Kept | null | undefined, width: number): Uint8Array =>
  kept ? pasteKept(image, kept.pixels, kept.mask, width) : image;

/** Steps of a coder are parts of a whole. */
export const shares =
  (progress: Progress, label: ProgressLabel): NonNullable<RunOptions["step"]> =>
  (share) =>
    progress(label, share, 1);

/** Bytes of what a coder draws. */
export function drawnBytes(draw: () => Tensor): Uint8Array {
  return scope(() => {
    const picture = draw();
    if (!picture.isfinite().all().item()) throw new TaskError(notFinite, "invalid_result");
    return bytesOf(picture);
  });
}
