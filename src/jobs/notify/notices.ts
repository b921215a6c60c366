/**
 * Notices, as the rest of the queue sees them: events of jobs for those who follow them, and signals between the parts of the queue.
 *
 * @module
 */
import type { Job } from "../job.ts";
import type { JobEvent } from "../scheduler.ts";

/** An event before it has its id. */
export type Told = Pick<JobEvent, "event" | "data">;

export interface Signals {
  /** A job waits. */
  work: Pick<Job, "type">;
  /** A job ended on another node. */
  ended: Pick<Job, "id">;
}

export interface Following {
  /** Gives the events after this id. */
  after: number;
  signal?: AbortSignal | undefined;
  /** The job's state, for a client whose earlier events are gone. */
  present(): Promise<Told>;
}

export interface Notices {
  /** Adds an event of a job. */
  tell(job: string, told: Told): void;
  /** Events of a job up to its terminal one. */
  follow(job: string, following: Following): Promise<AsyncIterable<JobEvent>>;
  /** Ids of the jobs that somebody follows. */
  watched(): string[];
  send<Name extends keyof Signals>(name: Name, value: Signals[Name]): void;
  /** The returned function ends it. */
  on<Name extends keyof Signals>(name: Name, listener: (value: Signals[Name]) => void): () => void;
  /** Ends every iteration. */
  close(): void;
}

export class Listeners {
  readonly #listeners: { [Name in keyof Signals]: Set<(value: Signals[Name]) => void> } = {
    work: new Set(),
    ended: new Set(),
  };

  on<Name extends keyof Signals>(name: Name, listener: (value: Signals[Name]) => void): () => void {
    const listeners: Set<typeof listener> = this.#listeners[name];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  call<Name extends keyof Signals>(name: Name, value: Signals[Name]): void {
    for (const listener of this.#listeners[name]) listener(value);
  }
}
