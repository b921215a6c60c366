/** An app of one toy family whose jobs end as a test says, for the tests of its routes. */
import { createApp } from "../../../../../src/http/app.ts";
import type { Job } from "../../../../../src/jobs/job.ts";
import type { Scheduler, Waited } from "../../../../../src/jobs/scheduler.ts";
import type { NewJob } from "../../../../../src/jobs/store/store.ts";
import { idle, tempFiles, testDeps } from "../../deps.ts";
import { toy } from "../../toy.ts";

export const id = `job_${"0".repeat(31)}1`;
export const png = Buffer.from("picture").toString("base64");
export const dataUrl = `data:image/png;base64,${png}`;

/** An app whose jobs end as the test says. */
export async function setup(waited?: (job: Job) => Waited | Promise<Waited>, settings = {}) {
  const files = await tempFiles();
  const submitted: NewJob[] = [];
  let job: Job | undefined;
  const scheduler: Scheduler = {
    ...idle,
    async submit(wanted) {
      submitted.push(wanted);
      for (const file of wanted.files ?? []) await files.insert(file);
      job = {
        type: wanted.type,
        params: wanted.params,
        id,
        status: "queued",
        result: null,
        artifacts: [],
        error: null,
        error_code: null,
        created_at: 1,
        started_at: null,
        finished_at: null,
        progress: null,
        progress_label: "queued",
        webhook_delivery: null,
      };
      return { job, created: true, queue_position: 4 };
    },
    wait: async () => waited?.(job!) ?? { kind: "timeout" },
  };
  const deps = testDeps(settings, { capabilities: [toy], scheduler, files });
  const app = createApp(deps);
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request("/v1/image/toy/play", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { app, post, files, submitted, deps };
}

export const ended = (change: Partial<Job>) => (job: Job) => ({
  kind: "ended" as const,
  job: { ...job, ...change },
});
export const image = { url: "https://example.com/a.png" };
