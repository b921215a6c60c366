/**
 * Engine code that families of text-to-image models share.
 *
 * @module
 */
import { scope, type Tensor } from "../../../../ffi/index.ts";
import { TaskError } from "../../../engine/engine.ts";
import { notFinite } from "../../../engine/finite.ts";
import type { Part, Progress, ProgressLabel } from "../../../engine/task.ts";
import type { RunOptions } from "../../../models/autoencoder-kl/autoencoder-kl.ts";
import { LoraError } from "../../../models/diffusion/adapters.ts";
import { type Projection, project } from "../../../models/diffusion/preview.ts";
import { bytesOf, numbers, type Step } from "../../../models/diffusion/tokens.ts";
import type { Prompted } from "../../../models/qwen3/prompt.ts";
import type { EncodedPrompt } from "../../prompts/cache.ts";
import type { EncodeOutput, RunInput } from "../phase.ts";

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
