/**
 * Takes jobs from the queue for a lane.
 *
 * @module
 */
import type { Reporter } from "../notify/reporter.ts";
import type { Claimed, JobStore, Offer } from "../store/store.ts";
import type { Finisher } from "./finish.ts";

interface Parts {
  store: JobStore;
  finisher: Finisher;
  reporter: Reporter;
  quit: AbortSignal;
  offer(except: readonly string[]): Offer;
  /** The store refused for good. The error ends the job that the claim was for; false when there is none. */
  refused(error: unknown): Promise<boolean>;
}

export class Claims {
  /** Jobs that ended since the last claim began. It may have been for one of them. */
  readonly #abandoned = new Set<string>();
  #underWay = Promise.resolve();

  constructor(readonly parts: Parts) {}

  /** The next job, running. Gives nothing at a shutdown. */
  take(): Promise<Claimed | undefined> {
    const claim = this.#take();
    this.#underWay = claim.then(
      () => {},
      () => {},
    );
    return claim;
  }

  abandon(id: string): void {
    this.#abandoned.add(id);
  }

  /** Whether the job that was taken has ended since. */
  hasEnded(id: string): boolean {
    return this.#abandoned.has(id);
  }

  /** Resolves when no claim is under way. */
  settled(): Promise<void> {
    return this.#underWay;
  }

  async #take(): Promise<Claimed | undefined> {
    const { store, finisher, reporter, quit, offer, refused } = this.parts;
    this.#abandoned.clear();
    let claimed: Claimed | undefined;
    try {
      claimed = await finisher.persist(() => store.claim(offer(finisher.unwritten())));
    } catch (error) {
      return (await refused(error)) && !quit.aborted ? this.#take() : undefined;
    }
    if (!claimed) return undefined;
    const { job, claim } = claimed;
    if (quit.aborted) {
      await store.requeue(job.id, claim).catch(() => {});
      return undefined;
    }
    reporter.started(job);
    return claimed;
  }
}
