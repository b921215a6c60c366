import { CheckpointError } from "../../weights/checkpoint-error.ts";
import type { Tokenizer } from "../diffusion/tokenizer.ts";

/** Tokens that a prompt may have with its template. The image models have seen no more. */
export const promptWindow = 512;

export interface Prompted {
  tokens: number[];
  /** Whether the prompt was longer than the window and lost its end. */
  cut: boolean;
}

/** The user's turn as the chat template writes it; `answer` is what the assistant's begins with. */
export function prompted(tokenizer: Tokenizer, prompt: string, answer = ""): Prompted {
  const all = tokenizer.encodeMarked(
    `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n${answer}`,
  );
  if (all.length === 0) throw new CheckpointError("tokenizer", "it gives no tokens");
  return { tokens: all.slice(0, promptWindow), cut: all.length > promptWindow };
}

/** How a model is told not to think before it answers. */
export const noThinking = "<think>\n\n</think>\n\n";
