/**
 * Steps that take what the blocks behind the first gave at an earlier step, where the first block says that little has changed: the
 * first-block cache of ParaAttention and diffusers.
 *
 * @module
 */
import { dispose, evaluate, keep, scope, type Tensor } from "../../../ffi/index.ts";

/** A run of the network under some texts. All tensors are the made picture's tokens [tokens, width], one for each text. */
export interface Pass {
  /** The tokens behind all blocks, given those around the first block; null where the other blocks have to run. */
  shortcut(before: readonly Tensor[], after: readonly Tensor[]): Tensor[] | null;
  /** Keeps what the blocks behind the first have changed. */
  record(after: readonly Tensor[], last: readonly Tensor[]): void;
}

export class StepCache implements Disposable {
  /** How the first block changed the tokens under the prompt, at the last step that ran all blocks. */
  #first: Tensor | null = null;
  /** How the other blocks changed them at that step, by the number of the text. */
  readonly #rest = new Map<number, Tensor>();
  #texts: readonly number[] = [];
  #skips = false;
  /** Steps that ran the first block alone. */
  reused = 0;

  /** Skips where the first block's change differs by less than this share from that of the last step that ran all blocks. */
  constructor(private readonly threshold: number) {}

  /** Begins a step under numbered texts. The first one decides for all, whether they run at once or one after the other. */
  begin(texts: readonly number[]): void {
    this.#texts = texts;
  }

  /** A run under some of the step's texts; the prompt's comes first. */
  pass(texts: readonly number[]): Pass {
    return {
      shortcut: (before, after) => {
        if (texts[0] === this.#texts[0]) this.#decide(before[0]!, after[0]!);
        return this.#skips ? after.map((x, i) => x.add(this.#rest.get(texts[i]!)!)) : null;
      },
      record: (after, last) => {
        last.forEach((x, i) => {
          this.#replace(texts[i]!, keep(scope(() => x.sub(after[i]!))));
        });
      },
    };
  }

  #decide(before: Tensor, after: Tensor): void {
    const change = scope(() => after.sub(before));
    this.#skips =
      this.#texts.every((text) => this.#rest.has(text)) && this.#differs(change) <= this.threshold;
    if (this.#skips) {
      this.reused++;
      return;
    }
    this.#first?.[Symbol.dispose]();
    this.#first = keep(change);
    evaluate(change);
    // What a text gave at an older step does not belong to this change.
    for (const [text, rest] of this.#rest)
      if (!this.#texts.includes(text)) {
        rest[Symbol.dispose]();
        this.#rest.delete(text);
      }
  }

  #differs(change: Tensor): number {
    const first = this.#first;
    if (!first) return Number.POSITIVE_INFINITY;
    return scope(() => change.sub(first).abs().mean().div(first.abs().mean()).item()) as number;
  }

  #replace(text: number, rest: Tensor): void {
    evaluate(rest);
    this.#rest.get(text)?.[Symbol.dispose]();
    this.#rest.set(text, rest);
  }

  [Symbol.dispose](): void {
    dispose([this.#first, ...this.#rest.values()]);
    this.#first = null;
    this.#rest.clear();
  }
}
