/**
 * The mixed load that crash tests put on a scheduler. It writes down every promise that it was given, one line each, before it goes on.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, TaskError } from "../../../../src/engine/engine.ts";
import { gigabyte } from "../../../../src/engine/residency.ts";
import { Cancelled } from "../../../../src/engine/task.ts";
import type { FileStore } from "../../../../src/files/store.ts";
import { systemClock } from "../../../../src/jobs/clock.ts";
import type { SchedulerOptions } from "../../../../src/jobs/create-scheduler.ts";
import { createWebhooks, type Webhooks } from "../../../../src/jobs/notify/webhooks.ts";
import type { Scheduler } from "../../../../src/jobs/scheduler.ts";
import type { JobStore } from "../../../../src/jobs/store/store.ts";
import { createLog } from "../../../../src/log.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";
import { noPrompts } from "../../prompts.ts";
import type { FakeParams } from "../harness.ts";

export interface Load {
  /** Parts of the scheduler, all but its notices. */
  options: SchedulerOptions & { webhooks: Webhooks };
  /** Submits, cancels, deletes, waits and retries until the process is killed. */
  run(scheduler: Scheduler): Promise<never>;
}

/** The same load for the same seed (a linear congruential generator is random enough). */
export function crashLoad({
  dir,
  seed,
  store,
  files,
}: {
  dir: string;
  seed: number;
  store: JobStore;
  files: FileStore;
}): Load {
  let state = seed * 2654435761;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const promised = (line: string) => appendFileSync(join(dir, "journal"), `${line}\n`);
  const engine: Engine = {
    load: async () => ({ bytes: gigabyte }),
    evict: async () => {},
    stats: async () => ({
      active: 0,
      peak: 0,
      cache: 0,
      parts: {},
      device: "fake",
      kind: "cpu" as const,
      architecture: "",
    }),
    async run(_family, _phase, _parts, input, { signal, onProgress } = {}) {
      for (let step = 1; step <= 3; step++) {
        await Bun.sleep(random(3));
        if (signal?.aborted) throw new Cancelled();
        onProgress?.({ label: "denoising", done: step, total: 3 });
      }
      if (input.outcome === "fails") throw new TaskError("it fails", "failed");
      return { output: {}, input, peak: 0 };
    },
  };

  const settings = defaultSettings({ max_queue: 40, memory_limit_gb: 3, shutdown_grace_s: 5 });

  const log = createLog({ level: "error", format: "text" });
  const webhooks = createWebhooks({
    deliveries: store.deliveries,
    async post(_url, { headers, body }) {
      if (random(3) === 0) throw new Error("connection refused");
      promised(`told ${JSON.parse(body).id} ${headers["webhook-id"]}`);
      return { status: 200 };
    },
    secret: `whsec_${Buffer.alloc(32).toString("base64")}`,
    clock: systemClock,
    log,
  });

  const options = {
    store,
    engine,
    files: {
      resolve: async () => {
        throw new Error("no references here");
      },
      stage: ({ bytes, ...about }) => files.stage(bytes, about),
      discard: (record) => files.discard(record),
      delete: (id) => files.delete(id),
    },
    operationOf: () => ({
      family: "fake",
      operation: {
        need: ({ model }: FakeParams) => ({
          variant: String(model),
          bits: null,
          transient: false,
          options: {},
          phases: ["encode", "denoise"].map((name) => ({
            name,
            parts: [{ name, bytes: gigabyte }],
            workingBytes: 0,
            share: 1,
          })),
        }),
        async prepare({ outcome }: { outcome: string }) {
          await Bun.sleep(random(4));
          if (outcome === "is bad") throw new Error("the picture is broken");
          return { input: { outcome }, facts: {} };
        },
        publish: async (
          params: { outputs: number },
          _facts: unknown,
          _output: unknown,
          { jobId }: { jobId: string },
        ) => ({
          artifacts: Array.from({ length: params.outputs }, (_, index) => ({
            bytes: new Uint8Array(1000 + index).fill(index),
            filename: `${index}.bin`,
            content_type: "application/octet-stream",
            meta: { job: jobId },
          })),
          result: (records) => ({ files: records.length }),
        }),
      },
    }),
    describe: () => ({ domain: "image", repo: "fake" }),
    memory: () => ({ total: 8 * gigabyte }),
    check: {
      settings,
      prompts: noPrompts,
      budget: () => Infinity,
      activation: () => ({ source: { paths: [] } }),
    },
    webhooks,
    log,
  } satisfies SchedulerOptions;

  async function run(scheduler: Scheduler): Promise<never> {
    const ids: string[] = [];
    const any = () => ids[random(ids.length)]!;
    const quietly = (work: Promise<unknown>) => work.catch(() => {});

    async function submit() {
      const outcome = ["works", "works", "works", "works", "fails", "is bad"][random(6)]!;
      const idempotency = random(3) === 0 ? { key: `key ${random(50)}`, hash: "same" } : undefined;
      const { job } = await scheduler.submit({
        type: "fake",
        params: { model: random(4), outcome, outputs: 1 + random(3) },
        ...(idempotency && { idempotency }),
        ...(random(2) === 0 && { webhook: { url: "https://example.com/hook" } }),
      });
      promised(`accepted ${job.id}${idempotency ? ` ${idempotency.key}` : ""}`);
      ids.push(job.id);
    }

    async function cancel() {
      const id = any();
      await scheduler.cancel(id);
      promised(`ended ${id} canceled`);
    }

    async function remove() {
      const id = any();
      promised(`deleting ${id}`);
      await scheduler.remove(id);
      promised(`deleted ${id}`);
    }

    async function wait() {
      const waited = await scheduler.wait(any(), 50);
      if (waited.kind === "ended") promised(`ended ${waited.job.id} ${waited.job.status}`);
    }

    async function retry() {
      const { job } = await scheduler.retry(any());
      promised(`accepted ${job.id}`);
    }

    for (;;) {
      const act =
        ids.length < 5 ? submit : [submit, submit, submit, wait, wait, cancel, remove, retry][random(8)]!;
      await quietly(act === wait ? Promise.race([act(), Bun.sleep(2)]) : act());
      await Bun.sleep(random(3));
    }
  }
  return { options, run };
}
