import type { Tensor } from "../../../ffi/index.ts";
import { scope } from "../../../ffi/index.ts";
import type { Tokenizer } from "../diffusion/tokenizer.ts";
import type { Step } from "../diffusion/tokens.ts";
import { type Prompted, prompted } from "../qwen3/prompt.ts";
import type { Qwen3 } from "../qwen3/qwen3.ts";

/** Qwen3 as Z-Image reads prompts with it: the states before its last layer, of the real tokens alone. */
export class TextEncoder implements Disposable {
  constructor(
    readonly language: Qwen3,
    readonly tokenizer: Tokenizer,
  ) {}

  prompted(prompt: string): Prompted {
    return prompted(this.tokenizer, prompt);
  }

  /** [tokens, channels] */
  encode({ tokens }: Pick<Prompted, "tokens">, step?: Step): Tensor {
    const { language } = this;
    return scope(() => {
      const [states] = language.forward(tokens, [language.layers.length], step && { step });
      return states!.astype("float32");
    });
  }

  [Symbol.dispose](): void {
    this.language[Symbol.dispose]();
  }
}
