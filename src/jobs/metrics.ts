/** Counters since the start, for `/metrics`. */
import type { Job } from "./job.ts";
import { durationBounds, type JobMetrics } from "./scheduler.ts";

type Ended = JobMetrics["ended"][number];
type Counted = Pick<
  JobMetrics,
  "queued" | "ended" | "loads" | "load_seconds" | "evictions" | "out_of_memory"
>;
export type EvictionReason = keyof JobMetrics["evictions"];

export class Metrics {
  /** Jobs that wait for their turn. */
  queued = 0;
  /** Seconds that a job took lately, the last ones counting most. */
  usualSeconds = 5;
  outOfMemory = 0;
  readonly #ended = new Map<string, Ended>();
  readonly #evictions = { budget: 0, expired: 0, transient: 0, unload: 0, fault: 0, out_of_memory: 0 };
  #loads = 0;
  #loadSeconds = 0;

  ended(job: Job): void {
    const { type, status } = job;
    if (status === "queued" || status === "running") return;
    const ran = job.started_at !== null && job.finished_at !== null;
    const seconds = ran ? Math.max(job.finished_at! - job.started_at!, 0) : 0;
    if (status === "succeeded") this.usualSeconds = this.usualSeconds * 0.8 + seconds * 0.2;
    const key = `${type} ${status}`;
    const before = this.#ended.get(key);
    this.#ended.set(key, {
      type,
      status,
      count: (before?.count ?? 0) + 1,
      seconds: (before?.seconds ?? 0) + seconds,
      buckets: durationBounds.map((bound, index) => (before?.buckets[index] ?? 0) + Number(seconds <= bound)),
    });
  }

  loaded(seconds: number): void {
    this.#loads++;
    this.#loadSeconds += seconds;
  }

  evicted(reason: EvictionReason): void {
    this.#evictions[reason]++;
  }

  state(): Counted {
    return {
      queued: this.queued,
      ended: [...this.#ended.values()],
      loads: this.#loads,
      load_seconds: this.#loadSeconds,
      evictions: { ...this.#evictions },
      out_of_memory: this.outOfMemory,
    };
  }
}
