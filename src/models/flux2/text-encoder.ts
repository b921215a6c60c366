import { concat, scope, type Tensor } from "../../../ffi/index.ts";
import type { Tokenizer } from "../diffusion/tokenizer.ts";
import type { Step } from "../diffusion/tokens.ts";
import { noThinking, type Prompted, prompted, promptWindow } from "../qwen3/prompt.ts";
import type { Qwen3 } from "../qwen3/qwen3.ts";

/** Layers after which states are taken. */
export const taps = [9, 18, 27] as const;

/**
 * Qwen3 as FLUX.2 klein reads prompts with it: states of three depths side by side, for the whole window. The transformer has learned
 * with the rows of the padding, so they are computed, too.
 */
export class TextEncoder implements Disposable {
  readonly #padding: number;

  constructor(
    readonly language: Qwen3,
    readonly tokenizer: Tokenizer,
  ) {
    this.#padding = tokenizer.special("<|endoftext|>");
  }

  prompted(prompt: string): Prompted {
    return prompted(this.tokenizer, prompt, noThinking);
  }

  /** [512, 3 widths] */
  encode({ tokens }: Pick<Prompted, "tokens">, step?: Step): Tensor {
    const all = Array.from({ length: promptWindow }, (_, i) => tokens[i] ?? this.#padding);
    return scope(() => {
      const states = this.language.forward(all, taps, { real: tokens.length, ...(step && { step }) });
      return concat(states, 1).astype("float32");
    });
  }

  [Symbol.dispose](): void {
    this.language[Symbol.dispose]();
  }
}
