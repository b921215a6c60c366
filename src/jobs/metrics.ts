/** Counters since the start, for `/metrics`. */
import type { Job } from "./job.ts";
import { durationBounds, type JobMetrics } from "./scheduler.ts";

type Ended = JobMetrics["ended"][number];
type Counted = Pick<JobMetrics, "ended" | "loads" | "load_seconds" | "evictions" | "out_of_memory">;

export function createMetrics() {
  const ended = new Map<string, Ended>();
  const evictions = { budget: 0, expired: 0, transient: 0, unload: 0, fault: 0, out_of_memory: 0 };
  let loads = 0;
  let loadSeconds = 0;
  let outOfMemory = 0;
  /** Seconds that a job took lately, the last ones counting most. */
  let usual = 5;

  return {
    ended(job: Job) {
      const { type, status } = job;
      if (status === "queued" || status === "running") return;
      const ran = job.started_at !== null && job.finished_at !== null;
      const seconds = ran ? Math.max(job.finished_at! - job.started_at!, 0) : 0;
      if (status === "succeeded") usual = usual * 0.8 + seconds * 0.2;
      const key = `${type} ${status}`;
      const before = ended.get(key);
      ended.set(key, {
        type,
        status,
        count: (before?.count ?? 0) + 1,
        seconds: (before?.seconds ?? 0) + seconds,
        buckets: durationBounds.map(
          (bound, index) => (before?.buckets[index] ?? 0) + Number(seconds <= bound),
        ),
      });
    },
    loaded(seconds: number) {
      loads++;
      loadSeconds += seconds;
    },
    evicted(reason: keyof JobMetrics["evictions"]) {
      evictions[reason]++;
    },
    outOfMemory() {
      outOfMemory++;
    },
    usualSeconds: () => usual,
    state: (): Counted => ({
      ended: [...ended.values()],
      loads,
      load_seconds: loadSeconds,
      evictions: { ...evictions },
      out_of_memory: outOfMemory,
    }),
  };
}
