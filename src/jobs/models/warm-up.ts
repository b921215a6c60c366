import type { JobContext, WarmTarget } from "../context.ts";
import type { ModelCache } from "./model-cache.ts";

/** Loads models before their first request, one at a time. */
export class WarmUp {
  readonly #left: WarmTarget[];
  /** Whether the last one is over. */
  isOver: boolean;

  constructor(
    readonly context: JobContext,
    readonly models: ModelCache,
  ) {
    this.#left = [...context.warm];
    this.isOver = this.#left.length === 0;
  }

  /** Loads the next model. One that fails is passed over. */
  async step(signal: AbortSignal): Promise<void> {
    const target = this.#left.shift();
    if (target) await this.#load(target, signal);
    this.isOver = this.#left.length === 0;
  }

  async #load({ name, family, need }: WarmTarget, signal: AbortSignal): Promise<void> {
    const { log } = this.context;
    try {
      for (const index of need.phases.keys()) await this.models.load(family, need, index, { signal });
      log.info("model warmed up", { model: name, family });
    } catch (error) {
      if (!signal.aborted) log.warning("a model cannot be warmed up", { model: name, family, error });
    }
  }
}
