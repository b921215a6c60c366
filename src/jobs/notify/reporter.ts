/**
 * Turns what happens to a job into its events.
 *
 * @module
 */
import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { Job } from "../job.ts";
import type { Kind, Report } from "../runner/run.ts";
import type { JobStore } from "../store/store.ts";
import type { Events } from "./events.ts";

export interface ReportingOptions {
  events: Events;
  store: JobStore;
  kind(type: string): Kind | undefined;
  clock: Clock;
  log: Log;
}

/** Status events of one job closer together than this are left out, unless they say something new. */
const interval = 100;

export function createReporting({ events, store, kind, clock, log }: ReportingOptions) {
  let last = { job: "", label: "", at: 0 };

  function status(job: Job, more: Record<string, unknown> = {}) {
    const { id, status, progress, progress_label } = job;
    last = { job: id, label: progress_label, at: clock.now() };
    events.emit(id, "status", { job_id: id, status, progress, progress_label, ...more });
  }

  async function preview({ id, type, progress }: Job, payload: NonNullable<Report["payload"]>) {
    const picture = await kind(type)?.operation.preview?.(payload);
    if (picture) events.emit(id, "preview", { job_id: id, progress, ...picture });
  }

  return {
    status,

    /** The engine has done a step. */
    step(job: Job, { step, eta, payload }: Report) {
      const news = job.id !== last.job || job.progress_label !== last.label;
      const over = step !== undefined && step.done >= step.total;
      if (news || over || clock.now() - last.at >= interval) {
        status(job, {
          ...(step && { step: step.done, steps: step.total }),
          ...(eta !== undefined && { eta_s: eta === null ? null : Math.round(eta * 10) / 10 }),
        });
      }
      if (!payload || !events.watched().includes(job.id)) return;
      preview(job, payload).catch((error) =>
        log.warning("a preview cannot be made", { job_id: job.id, error }),
      );
    },

    /** The queue has moved: those who watch a waiting job hear its new place. */
    async positions() {
      try {
        for (const id of events.watched()) {
          const job = await store.get(id);
          if (job && job !== "pruned" && job.status === "queued") {
            status(job, { queue_position: await store.position(id) });
          }
        }
      } catch (error) {
        log.error("the job store cannot be read", { error });
      }
    },
  };
}
