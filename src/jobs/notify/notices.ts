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
  /** A job of this variant waits; null when that is not known. */
  work: { variant: string | null };
  /** A job ended on another node. */
  ended: { id: string; hasMessage: boolean };
}

export interface Following {
  /** Gives the events after this id. */
  after: number;
  signal?: AbortSignal | undefined;
  /** The job's state, for a client whose earlier events are gone. Rejects when the job is gone. */
  present(): Promise<Told>;
}

export interface Notices {
  /** Adds an event of a job. */
  tell(job: string, told: Told): void;
  /** Events of a job up to its terminal one. */
  follow(job: Job, following: Following): Promise<AsyncIterable<JobEvent>>;
  /** Whether a client follows a job that runs here. */
  isWatched(job: string): boolean;
  /** The jobs that are followed here and want to be told when the queue moves. */
  followed(): string[];
  /** The running jobs of this node that are followed on any node. */
  watch(jobs: readonly string[]): void;
  send<Name extends keyof Signals>(name: Name, value: Signals[Name]): void;
  /** The returned function ends it. */
  on<Name extends keyof Signals>(name: Name, listener: (value: Signals[Name]) => void): () => void;
  /** Removes old events. */
  trim(): Promise<void>;
  /** Ends every iteration. */
  close(): void;
}

export const isTerminal = ({ event }: Told): boolean => event !== "status" && event !== "preview";

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
