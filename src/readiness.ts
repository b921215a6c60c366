/** Whether the server takes jobs, and why not. */
export class Readiness {
  #reason: string | null = "the engine is starting";
  #isStopping = false;

  /** `problem` tells of a store that is full or broken. */
  constructor(readonly problem: () => string | null) {}

  reason(): string | null {
    return this.#reason ?? this.problem();
  }

  /** Begins work once it may, unless the server is stopped before. Gives the error of a start that failed. */
  async begin(mayStart: Promise<unknown>, start: () => Promise<void>): Promise<unknown> {
    try {
      await mayStart;
      if (this.#isStopping) return undefined;
      await start();
      if (!this.#isStopping) this.#reason = null;
      return undefined;
    } catch (error) {
      if (!this.#isStopping) this.#reason = this.problem() ?? "the engine could not be started";
      return error;
    }
  }

  stop(): void {
    this.#isStopping = true;
    this.#reason = "the server is shutting down";
  }
}
