import { describe, expect, test } from "bun:test";
import { TaskError } from "../../../src/engine/engine.ts";
import { harness, refused, settle, threePhases } from "./harness.ts";

describe("remove()", () => {
  test("cancels a running job and takes its record away", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const { id } = await submit();
    await settle();
    expect(await scheduler.remove(id)).toMatchObject({ job: { status: "running" }, files: [] });
    await settle();
    expect((await refused(scheduler.job(id))).code).toBe("job_not_found");
    expect((await refused(scheduler.remove(id))).code).toBe("job_not_found");
    expect(engine.calls).toEqual([]);
  });

  test("takes the job's files along when asked, and leaves those that another job needs", async () => {
    const { scheduler, engine, files, submit } = harness();
    await scheduler.start();
    const record = (file_id: string) => ({
      filename: "a.png",
      content_type: "image/png",
      size: 1,
      sha256: "",
      created_at: 0,
      meta: {},
      file_id,
    });
    const [inside, needed, uploaded] = ["1", "2", "3"].map((digit) => `file_${digit.repeat(32)}`);
    for (const id of [inside!, needed!, uploaded!]) files.kept.set(id, record(id));
    const { id } = await submit({
      images: [
        { type: "data_url", media_type: "image/png", size: 1, file_id: inside },
        { type: "data_url", media_type: "image/png", size: 1, file_id: needed },
        { type: "file_id", file_id: uploaded },
      ],
    });
    await settle();
    const { artifacts } = await scheduler.job(id);
    engine.answer = undefined;
    await submit({ image: { type: "file_id", file_id: needed } });
    const { files: deleted } = await scheduler.remove(id, { files: true });
    expect(deleted.toSorted()).toEqual([...artifacts, inside!].toSorted());
    expect([...files.kept.keys()]).toEqual([needed!, uploaded!]);
    const { id: other } = await submit();
    await settle();
    expect((await scheduler.remove(other)).files).toEqual([]);
  });

  test("takes a queued job out of the queue", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    await submit();
    const { id } = await submit();
    await settle();
    expect(await scheduler.remove(id)).toMatchObject({ job: { status: "queued" } });
    expect(scheduler.health().queue_len).toBe(0);
    engine.calls[0]!.finish();
    await settle();
    expect(engine.log.filter((line) => line.startsWith("run"))).toHaveLength(1);
  });
});

describe("retry()", () => {
  test("makes a new job of a failed one's parameters", async () => {
    const { scheduler, engine, submit, state } = harness();
    await scheduler.start();
    engine.answer = (call) => call.fail(new TaskError("no", "failed"));
    const failed = await submit({ model: "base", gb: 2 });
    await settle();
    engine.answer = (call) => call.finish();
    const { job, created } = await scheduler.retry(failed.id);
    expect(created).toBe(true);
    expect(job.id).not.toBe(failed.id);
    expect(job.params).toEqual({ model: "base", gb: 2 });
    await settle();
    expect(await state(job.id)).toBe("succeeded");
    expect(await state(failed.id)).toBe("failed");
  });

  test("is refused while the job has not ended, and once it succeeded, each in words of its own", async () => {
    const { scheduler, engine, submit } = harness();
    await scheduler.start();
    engine.answer = undefined;
    const job = await submit();
    await settle();
    const early = await refused(scheduler.retry(job.id));
    expect([early.code, early.message]).toEqual([
      "job_not_finished",
      `job '${job.id}' is running; it can be retried once it failed`,
    ]);
    engine.calls[0]!.finish();
    await settle();
    const late = await refused(scheduler.retry(job.id));
    expect([late.code, late.status, late.message]).toEqual([
      "job_succeeded",
      409,
      `job '${job.id}' succeeded; only a failed or canceled job can be retried`,
    ]);
  });

  test("makes one job for one idempotency key, however often it is asked", async () => {
    const { scheduler, engine, submit } = harness();
    await scheduler.start();
    engine.answer = (call) => call.fail(new TaskError("no", "failed"));
    const failed = await submit({ model: "base", gb: 2 });
    await settle();
    const key = { key: "again", hash: "h" };
    const first = await scheduler.retry(failed.id, key);
    const second = await scheduler.retry(failed.id, key);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.job.id).toBe(first.job.id);
    expect((await refused(scheduler.retry(failed.id, { ...key, hash: "other" }))).code).toBe(
      "idempotency_mismatch",
    );
  });
});

describe("submit()", () => {
  test("refuses what exceeds the budget, with the need, the budget and the way out, and keeps nothing", async () => {
    const { scheduler, submit } = harness({ settings: { memory_limit_gb: 20 } });
    const refusal = await refused(submit({ model: "image", gb: 22, workingGb: 8 }));
    expect(refusal.code).toBe("over_budget");
    expect(refusal.status).toBe(503);
    expect(refusal.message).toBe(
      "model 'image' needs ~30.0 GB but the budget is 20.0 GB with nothing left to evict; " +
        "ask for a smaller input_size, or set memory_limit_gb to 30 or more",
    );
    expect((await scheduler.list()).data).toEqual([]);
  });

  test("takes a job whose largest phase fits, though all phases together do not", async () => {
    const { submit } = harness({ settings: { memory_limit_gb: 5 } });
    expect((await submit({ phases: threePhases })).status).toBe("queued");
  });

  test("refuses with Retry-After when max_queue jobs wait, however many come at once", async () => {
    const { scheduler, engine, submit } = harness({ settings: { max_queue: 3 } });
    engine.answer = undefined;
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => submit()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    const refusal = await refused(submit());
    expect(refusal.code).toBe("queue_full");
    expect(Number(refusal.headers["Retry-After"])).toBeGreaterThan(0);
    await scheduler.start();
    await settle();
    // One of the three runs by now.
    expect((await submit()).status).toBe("queued");
    expect((await refused(submit())).code).toBe("queue_full");
  });

  test("gives the same job for the same idempotency key, also when the queue is full by then", async () => {
    const { scheduler } = harness({ settings: { max_queue: 1 } });
    const request = { type: "fake", params: {}, idempotency: { key: "k", hash: "h" } };
    const first = await scheduler.submit(request);
    const again = await scheduler.submit(request);
    expect([first.created, again.created]).toEqual([true, false]);
    expect(again.job.id).toBe(first.job.id);
    expect((await scheduler.replay({ key: "k", hash: "h" }))?.id).toBe(first.job.id);
    expect(await scheduler.replay({ key: "other", hash: "h" })).toBeUndefined();
    const other = { ...request, idempotency: { key: "k", hash: "other" } };
    expect((await refused(scheduler.submit(other))).code).toBe("idempotency_mismatch");
    expect((await refused(scheduler.replay(other.idempotency))).code).toBe("idempotency_mismatch");
    expect(scheduler.health().queue_len).toBe(1);
  });
});

describe("wait()", () => {
  test("gives the job when it ends, and a timeout when it does not", async () => {
    const { scheduler, engine, clock, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const { id } = await submit();
    const short = scheduler.wait(id, 1000);
    const long = scheduler.wait(id, 60_000);
    await clock.advance(2000);
    expect(await short).toEqual({ kind: "timeout" });
    engine.calls[0]!.finish();
    expect(await long).toMatchObject({ kind: "ended", job: { status: "succeeded" } });
    expect(await scheduler.wait(id, 0)).toMatchObject({ kind: "ended", job: { status: "succeeded" } });
  });

  test("hears of a cancelled and of a deleted job as canceled", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    for (const take of ["cancel", "remove"] as const) {
      const { id } = await submit();
      const waiting = scheduler.wait(id, 60_000);
      await settle();
      await scheduler[take](id);
      expect(await waiting).toMatchObject({ kind: "ended", job: { id, status: "canceled" } });
    }
  });
});

test("old ended jobs are pruned by jobs_ttl_days, and their ids are remembered as gone", async () => {
  const { scheduler, clock, submit, state } = harness({ settings: { jobs_ttl_days: 2 } });
  await scheduler.start();
  const old = await submit();
  await clock.advance(86_400_000);
  const young = await submit();
  await clock.advance(1.5 * 86_400_000);
  expect((await refused(scheduler.job(old.id))).code).toBe("job_pruned");
  expect((await refused(scheduler.cancel(old.id))).code).toBe("job_pruned");
  expect((await refused(scheduler.remove(old.id))).code).toBe("job_pruned");
  expect(await state(young.id)).toBe("succeeded");
});

describe("cancelAll()", () => {
  test("takes what waits and leaves what runs, unless that is asked for too", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const running = await submit();
    await settle();
    const waiting = [await submit(), await submit(), await submit()];
    expect(await scheduler.cancelAll({ status: ["queued"] })).toBe(3);
    for (const { id } of waiting) expect((await scheduler.job(id)).status).toBe("canceled");
    expect((await scheduler.job(running.id)).status).toBe("running");
    expect(scheduler.health().queue_len).toBe(0);
    expect(await scheduler.cancelAll({ status: ["queued", "running"], type: "other" })).toBe(0);
    expect(await scheduler.cancelAll({ status: ["queued", "running"] })).toBe(1);
    await settle();
    expect((await scheduler.job(running.id)).status).toBe("canceled");
  });
});
