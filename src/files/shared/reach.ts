/**
 * Whether the place of the bytes answers. It is asked behind the question, and not often.
 *
 * @module
 */

/** Milliseconds between two questions. */
const askEvery = 5000;
/** Milliseconds after which a question without an answer means that the place is away. */
const patience = 15_000;

export class Reach {
  #answers = true;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  /** @param ask Rejects when the place does not answer. */
  constructor(
    readonly ask: () => Promise<unknown>,
    readonly every = askEvery,
  ) {}

  /** What the last question gave. */
  answers(): boolean {
    if (!this.#isAsking && performance.now() - this.#askedAt >= this.every) void this.#look();
    return this.#answers;
  }

  async #look(): Promise<void> {
    this.#isAsking = true;
    this.#askedAt = performance.now();
    // a folder of a network that went silent may answer never
    const timer = setTimeout(() => {
      this.#answers = false;
    }, patience);
    try {
      await this.ask();
      this.#answers = true;
    } catch {
      this.#answers = false;
    } finally {
      clearTimeout(timer);
      this.#isAsking = false;
    }
  }
}
