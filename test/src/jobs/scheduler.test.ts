import { describe, expect, test } from "bun:test";
import { harness, settle } from "./harness.ts";

describe("a job", () => {
  test("goes from queued over running to succeeded, with its result and its files in one commit", async () => {
    const { scheduler, engine, files, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const job = await submit({ model: "base" });
    expect(job).toMatchObject({ status: "queued", progress: null, progress_label: "queued", artifacts: [] });
    expect(job.id).toMatch(/^job_[0-9a-f]{32}$/);
    await settle();
    expect(await scheduler.job(job.id)).toMatchObject({ status: "running", progress: 0 });
    engine.calls[0]!.finish({ depth: 7 });
    await settle();
    const ended = await scheduler.job(job.id);
    expect(ended).toMatchObject({
      status: "succeeded",
      progress: 1,
      progress_label: "done",
      error: null,
      error_code: null,
      result: { file_ids: ended.artifacts, facts: { prepared: true }, output: { depth: 7 } },
    });
    expect([...files.kept.keys()]).toEqual(ended.artifacts);
  });
});
