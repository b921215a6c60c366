/**
 * One client that follows a job of a fleet: what was stored, then the present state, then what comes, and at last the job's row.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { Connection } from "../../fleet/connect.ts";
import type { Job } from "../job.ts";
import type { JobEvent } from "../scheduler.ts";
import { type Following, isTerminal, type Told } from "./notices.ts";
import { type Heard, hasTerminal, idOf, storedEvents } from "./postgres-events.ts";

/** Milliseconds until a store that is away is asked again. */
const pause = 1000;

export class Follower {
  readonly #connection: Connection;
  readonly #job: Job;
  readonly #following: Following;
  readonly #heard: Heard[] = [];
  /** Whether the present state is to be told. */
  #isStale = true;
  #place: string | undefined;
  #isClosed = false;
  #wake = () => {};

  constructor(connection: Connection, job: Job, following: Following) {
    this.#connection = connection;
    this.#job = job;
    this.#following = following;
  }

  heard(event: Heard): void {
    this.#heard.push(event);
    this.#wake();
  }

  /** The job may have changed unheard. */
  refresh(): void {
    this.#isStale = true;
    this.#wake();
  }

  /** The job's status and place, as they were looked up. */
  isAt(place: string): void {
    const moved = this.#place !== undefined && this.#place !== place;
    this.#place = place;
    if (moved) this.refresh();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *events(): AsyncGenerator<JobEvent, void> {
    const { after, signal } = this.#following;
    const { id } = this.#job;
    let seen = after;
    const stop = () => this.close();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    try {
      if (after > 0 && (await this.#run((sql) => hasTerminal(sql, id, after)))) return;
      for (const event of await this.#run((sql) => storedEvents(sql, id, after))) {
        if (isTerminal(event)) break;
        seen = event.id;
        yield event;
      }
      while (!this.#isClosed) {
        const event = await this.#next();
        if (!event || event.id <= seen) continue;
        seen = event.id;
        yield event;
        if (isTerminal(event)) return;
      }
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** The next event, or nothing when something else may have happened. */
  async #next(): Promise<JobEvent | undefined> {
    const heard = this.#heard.shift();
    if (heard) return heard.data ? heard : this.#fetch(heard.id);
    if (this.#isStale) {
      this.#isStale = false;
      return this.#present();
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return undefined;
  }

  async #fetch(id: number): Promise<JobEvent | undefined> {
    const events = await this.#run((sql) => storedEvents(sql, this.#job.id, id - 1)).catch(() => []);
    return events.find((event) => event.id === id);
  }

  async #present(): Promise<JobEvent | undefined> {
    try {
      const told = await this.#following.present().catch((error: unknown) => this.#removed(error));
      const id = await this.#run((sql) => idOf(sql, this.#job.id, told));
      return { id, ...told };
    } catch {
      // the store is away
      this.#isStale = true;
      await Bun.sleep(pause);
      return undefined;
    }
  }

  /** A job that was deleted while it was followed shows as cancelled. */
  #removed(error: unknown): Told {
    const isGone =
      error instanceof Refusal && (error.code === "job_not_found" || error.code === "job_pruned");
    if (!isGone) throw error;
    return { event: "canceled", data: { ...this.#job, status: "canceled" } };
  }

  #run: Connection["lazy"]["run"] = (work) => this.#connection.lazy.run(work);
}
