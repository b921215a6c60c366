import { describe, expect, test } from "bun:test";
import { TaskError } from "../../../src/engine/engine.ts";
import { gigabyte } from "../../../src/engine/residency.ts";
import { Refusal } from "../../../src/errors.ts";
import type { Waited } from "../../../src/jobs/scheduler.ts";
import { type FakeParams, fakeOperation, harness, settle } from "./harness.ts";

const refused = async (promise: Promise<unknown>): Promise<Refusal> => {
  const error = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error;
};

const fileRecord = {
  filename: "a.png",
  content_type: "image/png",
  size: 1,
  sha256: "",
  created_at: 0,
  meta: {},
};

const phases: FakeParams["phases"] = [
  {
    name: "encode",
    parts: [{ name: "encoder", bytes: 2 * gigabyte, priority: -1 }],
    workingBytes: 0,
    share: 1,
  },
  { name: "denoise", parts: [{ name: "transformer", bytes: 4 * gigabyte }], workingBytes: 0, share: 8 },
  { name: "decode", parts: [{ name: "vae", bytes: gigabyte }], workingBytes: 0, share: 1 },
];

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

  test("runs alone, in the order of arrival", async () => {
    const { scheduler, engine, submit, state } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const jobs = [await submit(), await submit(), await submit()];
    for (const [index, job] of jobs.entries()) {
      await settle();
      expect(engine.calls).toHaveLength(1);
      expect(await state(job.id)).toBe("running");
      expect(await scheduler.position(jobs[2]!.id)).toBe(Math.max(1 - index, 0));
      engine.calls[0]!.finish();
    }
    await settle();
    expect(await Promise.all(jobs.map(({ id }) => state(id)))).toEqual(Array(3).fill("succeeded"));
  });

  test("counts the steps of its phases by their shares, and names what it does", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const { id } = await submit({ phases });
    const at = async () => {
      const { progress, progress_label } = await scheduler.job(id);
      return [progress, progress_label];
    };
    await settle();
    expect(await at()).toEqual([0, "loading"]);
    engine.calls[0]!.running.onProgress?.({ label: "encoding", done: 1, total: 2 });
    expect(await at()).toEqual([0.049, "encoding"]);
    engine.calls[0]!.finish();
    await settle();
    engine.calls[0]!.running.onProgress?.({ label: "denoising", done: 3, total: 4 });
    expect((await at())[0]).toBeCloseTo(0.686);
    engine.calls[0]!.finish();
    await settle();
    engine.calls[0]!.running.onProgress?.({ label: "decoding", done: 1, total: 1 });
    expect(await at()).toEqual([0.98, "decoding"]);
    engine.calls[0]!.finish();
    await settle();
    expect(await at()).toEqual([1, "done"]);
  });

  test("hands each phase what the phases before it gave, without a copy, and publishes the last one's", async () => {
    const outputs: string[] = [];
    const pixels = new Uint8Array(4);
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async () => ({ input: { pixels }, facts: {} }),
        afterPhase: (phase) => void outputs.push(phase),
      },
    });
    const inputs: string[][] = [];
    engine.answer = (call) => {
      inputs.push(Object.keys(call.input));
      expect(pixels.byteLength).toBe(0);
      expect((call.input.pixels as Uint8Array).byteLength).toBe(4);
      call.finish({ [call.phase]: new Uint8Array([1]) });
    };
    await scheduler.start();
    const { id } = await submit({ phases });
    await settle();
    expect(inputs).toEqual([["pixels"], ["pixels", "encode"], ["pixels", "encode", "denoise"]]);
    expect(outputs).toEqual(["encode", "denoise", "decode"]);
    expect(Object.keys((await scheduler.job(id)).result!.output as object)).toEqual(["decode"]);
  });

  test("leaves out phases whose outcome its inputs hold already, and loads nothing for them", async () => {
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async () => ({
          input: {},
          facts: {},
          atTurn: async () => ({ input: { embedding: 1 }, skip: ["encode"] }),
        }),
      },
    });
    await scheduler.start();
    const { id } = await submit({ phases });
    await settle();
    expect(engine.log.filter((line) => line.startsWith("run"))).toEqual(["run denoise", "run decode"]);
    expect(engine.log.some((line) => line.includes("encoder"))).toBe(false);
    expect((await scheduler.job(id)).status).toBe("succeeded");
  });

  test("looks at what is known when its turn comes, not when its inputs were prepared", async () => {
    const known = new Set<string>();
    let asked = 0;
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async () => ({
          input: {},
          facts: {},
          async atTurn() {
            asked++;
            return { input: {}, skip: known.has("text") ? ["encode"] : [] };
          },
        }),
        afterPhase: (phase) => void (phase === "encode" && known.add("text")),
      },
    });
    await scheduler.start();
    await submit({ phases });
    await submit({ phases });
    await settle();
    const runs = engine.log.filter((line) => line.startsWith("run"));
    expect([asked, runs]).toEqual([
      2,
      ["run encode", "run denoise", "run decode", "run denoise", "run decode"],
    ]);
  });

  test("has its inputs prepared while the job before it runs", async () => {
    const prepared: unknown[] = [];
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async (params) => {
          prepared.push(params.model);
          return { input: {}, facts: {} };
        },
      },
    });
    engine.answer = undefined;
    await scheduler.start();
    await submit({ model: "first" });
    await submit({ model: "second" });
    await submit({ model: "third" });
    await settle();
    expect(engine.calls).toHaveLength(1);
    expect(prepared).toEqual(["first", "second"]);
    engine.calls[0]!.finish();
    await settle();
    expect(prepared).toEqual(["first", "second", "third"]);
  });

  test("with bad inputs fails before it takes the engine, while another one runs", async () => {
    const { scheduler, engine, submit, state } = harness({
      operation: {
        prepare: async ({ bad }) => {
          if (bad) throw new Refusal("invalid_image", bad);
          return { input: {}, facts: {} };
        },
      },
    });
    engine.answer = undefined;
    await scheduler.start();
    const first = await submit();
    const bad = await submit({ bad: "The picture is broken" });
    const last = await submit();
    await settle();
    expect(await scheduler.job(bad.id)).toMatchObject({
      status: "failed",
      error: "The picture is broken",
      error_code: "invalid_image",
      progress: null,
      progress_label: "preparing",
    });
    expect(await state(first.id)).toBe("running");
    expect(scheduler.health().queue_len).toBe(1);
    engine.calls[0]!.finish();
    await settle();
    expect(await state(last.id)).toBe("running");
  });

  test("that fails says why without a path of the server, and the next one works", async () => {
    const { scheduler, engine, submit, state } = harness();
    await scheduler.start();
    engine.answer = (call) =>
      call.fail(new TaskError("[load] /home/me/weights/a.safetensors is cut", "failed"));
    const broken = await submit();
    await settle();
    expect(await scheduler.job(broken.id)).toMatchObject({
      status: "failed",
      error: "[load] a.safetensors is cut",
      error_code: "model_failed",
    });
    engine.answer = (call) => call.finish();
    const next = await submit();
    await settle();
    expect(await state(next.id)).toBe("succeeded");
  });

  test.each(["failed", "invalid_result", "checkpoint_invalid"] as const)(
    "that fails by %s drops its model, so that the next one loads it anew",
    async (kind) => {
      const { scheduler, engine, submit } = harness();
      await scheduler.start();
      engine.answer = (call) => call.fail(new TaskError("a NaN", kind));
      await submit();
      await settle();
      expect(engine.loaded.size).toBe(0);
      expect(scheduler.health().memory.loaded).toEqual([]);
      engine.answer = (call) => call.finish();
      await submit();
      await settle();
      expect(engine.log.filter((line) => line.startsWith("load"))).toHaveLength(2);
    },
  );

  test("that was given a wrong input leaves its model in memory", async () => {
    const { scheduler, engine, submit } = harness();
    await scheduler.start();
    engine.answer = (call) => call.fail(new TaskError("lora.safetensors fits nowhere", "invalid_input"));
    await submit();
    await settle();
    expect(engine.loaded.size).toBe(1);
  });

  test("whose model is gone from the machine fails as not activated", async () => {
    const { scheduler, submit } = harness({ missing: ["apple/DepthPro"] });
    await scheduler.start();
    const { id } = await submit();
    await settle();
    expect(await scheduler.job(id)).toMatchObject({
      status: "failed",
      error_code: "not_activated",
      error: "model 'base' is not activated; missing: apple/DepthPro",
    });
  });

  test("that turns out too big once its inputs are known fails before anything is loaded", async () => {
    const { scheduler, engine, submit } = harness({
      operation: {
        async prepare() {
          const need = fakeOperation().need({ workingGb: 12 }, undefined as never);
          return { input: {}, facts: {}, need };
        },
      },
    });
    await scheduler.start();
    const { id } = await submit();
    await settle();
    expect(await scheduler.job(id)).toMatchObject({ status: "failed", error_code: "over_budget" });
    expect((await scheduler.job(id)).error).toContain("needs ~13.0 GB");
    expect(engine.log).toEqual([]);
  });

  test("that cannot be saved fails and leaves no file behind", async () => {
    const { scheduler, files, submit } = harness();
    const stage = files.stage;
    files.stage = async (artifact) => {
      if (artifact.filename === "fake_1.bin") throw new Refusal("disk_full", "No space is left");
      return stage(artifact);
    };
    await scheduler.start();
    const { id } = await submit({ outputs: 2 });
    await settle();
    expect(await scheduler.job(id)).toMatchObject({
      status: "failed",
      error_code: "disk_full",
      artifacts: [],
    });
    expect(files.staged.size + files.kept.size).toBe(0);
  });

  test("ends once the store can be written again, when it could not for a while", async () => {
    const { scheduler, store, clock, submit, state } = harness();
    await scheduler.start();
    const end = store.end.bind(store);
    let failures = 3;
    store.end = async (...args) => {
      if (failures-- > 0) throw Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
      return end(...args);
    };
    const { id } = await submit();
    await settle();
    expect(await state(id)).toBe("running");
    await clock.advance(10_000);
    expect(await state(id)).toBe("succeeded");
  });

  test("fails at once when its end cannot be stored and never will be, and leaves no file", async () => {
    const { scheduler, store, files, submit, state } = harness();
    await scheduler.start();
    const end = store.end.bind(store);
    store.end = async (id, from, ending, seen) => {
      if (ending.status === "succeeded") throw new Error("UNIQUE constraint failed: files.id");
      return end(id, from, ending, seen);
    };
    const { id } = await submit();
    await settle();
    expect(await scheduler.job(id)).toMatchObject({
      status: "failed",
      error: "The job's end could not be stored",
      error_code: "store_failed",
      artifacts: [],
    });
    expect(files.staged.size + files.kept.size).toBe(0);
    store.end = end;
    const { id: next } = await submit();
    await settle();
    expect(await state(next)).toBe("succeeded");
  });

  test("tells those who wait even when the store takes nothing any more, and is not tried for ever", async () => {
    const { scheduler, store, engine, submit } = harness();
    await scheduler.start();
    const broken = async () => {
      throw Object.assign(new Error("database disk image is malformed"), { code: "SQLITE_CORRUPT" });
    };
    store.end = broken;
    const { id } = await submit();
    expect(await scheduler.wait(id, 1000)).toMatchObject({
      kind: "ended",
      job: { id, status: "failed", error_code: "store_failed" },
    });
    store.start = broken;
    const { id: second } = await submit();
    expect(await scheduler.wait(second, 1000)).toMatchObject({ kind: "ended", job: { status: "failed" } });
    await settle();
    expect(engine.log.filter((line) => line.startsWith("run"))).toHaveLength(1);
    expect(scheduler.health().queue_len).toBe(0);
  });

  test("that cannot be started for lack of space fails by it, as do those that clients wait for; then all goes on", async () => {
    const { scheduler, store, engine, clock, submit, state } = harness();
    await scheduler.start();
    const start = store.start.bind(store);
    const end = store.end.bind(store);
    const full = async () => {
      throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
    };
    store.start = full;
    const first = await submit();
    const second = await submit();
    const third = await submit();
    const waiting = scheduler.wait(third.id, 600_000);
    await clock.advance(9000);
    expect(await Promise.all([first, second, third].map(({ id }) => state(id)))).toEqual(
      Array(3).fill("queued"),
    );
    await clock.advance(8000);
    expect(await scheduler.job(first.id)).toMatchObject({ status: "failed", error_code: "disk_full" });
    expect(await waiting).toMatchObject({
      kind: "ended",
      job: { status: "failed", error_code: "disk_full" },
    });
    expect(await state(second.id)).toBe("queued");
    store.start = start;
    await clock.advance(30_000);
    expect(await state(second.id)).toBe("succeeded");
    expect(engine.log.filter((line) => line.startsWith("run"))).toHaveLength(1);

    // Not even its failure can be written: whoever waits hears of it, and the record follows.
    store.start = full;
    store.end = full;
    const fourth = await submit();
    const told = scheduler.wait(fourth.id, 600_000);
    await clock.advance(60_000);
    expect(await told).toMatchObject({ kind: "ended", job: { status: "failed", error_code: "disk_full" } });
    store.start = start;
    store.end = end;
    await clock.advance(60_000);
    expect(await scheduler.job(fourth.id)).toMatchObject({ status: "failed", error_code: "disk_full" });
    expect(scheduler.health().queue_len).toBe(0);
  });

  test("that runs longer than job_timeout_s fails, and the engine is free for the next", async () => {
    const { scheduler, engine, clock, submit, state } = harness({ settings: { job_timeout_s: 60 } });
    engine.answer = undefined;
    await scheduler.start();
    const slow = await submit();
    const next = await submit();
    await clock.advance(59_000);
    expect(await state(slow.id)).toBe("running");
    await clock.advance(2000);
    expect(await scheduler.job(slow.id)).toMatchObject({ status: "failed", error_code: "timed_out" });
    expect(await state(next.id)).toBe("running");
    await clock.advance(58_000);
    expect(await state(next.id)).toBe("running");
  });
});

describe("cancel()", () => {
  test("ends a queued job at once, which then never runs", async () => {
    const { scheduler, engine, submit, state } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const first = await submit();
    const second = await submit();
    const third = await submit();
    await settle();
    expect(await scheduler.cancel(second.id)).toMatchObject({ status: "canceled", started_at: null });
    expect(scheduler.health().queue_len).toBe(1);
    engine.calls[0]!.finish();
    await settle();
    expect(await state(first.id)).toBe("succeeded");
    expect(await state(second.id)).toBe("canceled");
    expect(await state(third.id)).toBe("running");
    expect(engine.log.filter((line) => line.startsWith("run"))).toHaveLength(2);
  });

  test("stops a running job at its next step and drops its output", async () => {
    const { scheduler, engine, files, submit, state } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const job = await submit();
    const next = await submit();
    await settle();
    await scheduler.cancel(job.id);
    await settle();
    expect(await state(job.id)).toBe("canceled");
    expect(await state(next.id)).toBe("running");
    expect(files.staged.size).toBe(0);
  });

  test("wins over a one-step model that finishes all the same", async () => {
    const { scheduler, engine, files, submit, state } = harness();
    engine.answer = undefined;
    const run = engine.run;
    // This engine does not look at the signal.
    engine.run = (family, phase, parts, input) => run(family, phase, parts, input, {});
    await scheduler.start();
    const job = await submit();
    await settle();
    const call = engine.calls[0]!;
    await scheduler.cancel(job.id);
    call.finish();
    await settle();
    expect(await state(job.id)).toBe("canceled");
    expect(files.staged.size + files.kept.size).toBe(0);
  });

  test("says in the log when the engine works on for long, and when it is free", async () => {
    const { scheduler, engine, clock, submit, lines } = harness();
    engine.answer = undefined;
    const run = engine.run;
    engine.run = (family, phase, parts, input) => run(family, phase, parts, input, {});
    await scheduler.start();
    const { id } = await submit();
    await settle();
    await scheduler.cancel(id);
    await clock.advance(1000);
    expect(lines.filter((line) => line.includes("the engine"))).toEqual([]);
    await clock.advance(2000);
    engine.calls[0]!.finish();
    await settle();
    expect(lines.filter((line) => line.includes("the engine")).map((line) => line.slice(25).trim())).toEqual([
      `WARNING the engine still works on a job that was canceled job_id=${id}`,
      "INFO    the engine is free again seconds=3",
    ]);
  });

  test("while the model loads keeps the job from running", async () => {
    const { scheduler, engine, submit, state } = harness();
    const loading = Promise.withResolvers<void>();
    engine.beforeLoad = () => loading.promise;
    await scheduler.start();
    const job = await submit();
    await settle();
    expect(await state(job.id)).toBe("running");
    await scheduler.cancel(job.id);
    loading.resolve();
    await settle();
    expect(engine.log.filter((line) => line.startsWith("run"))).toEqual([]);
    expect(await state(job.id)).toBe("canceled");
  });

  test("while the inputs are fetched does not wait for them", async () => {
    const signals: AbortSignal[] = [];
    const { scheduler, submit, state } = harness({
      operation: {
        prepare: (params, { signal }) => {
          signals.push(signal);
          return params.bad ? new Promise(() => {}) : Promise.resolve({ input: {}, facts: {} });
        },
      },
    });
    await scheduler.start();
    const stuck = await submit({ bad: "never answers" });
    const next = await submit();
    await settle();
    await scheduler.cancel(stuck.id);
    await settle();
    expect(signals[0]!.aborted).toBe(true);
    expect(await state(next.id)).toBe("succeeded");
  });

  test("after the end is refused, and so is a second one", async () => {
    const { scheduler, submit } = harness();
    await scheduler.start();
    const { id } = await submit();
    await settle();
    expect((await refused(scheduler.cancel(id))).code).toBe("job_finished");
  });

  test("by many at once is won by one alone", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const { id } = await submit();
    await settle();
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => scheduler.cancel(id)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

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
    const record = (file_id: string) => ({ ...fileRecord, file_id });
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
    expect((await submit({ phases })).status).toBe("queued");
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

describe("models", () => {
  const loads = (log: string[]) => log.filter((line) => !line.startsWith("run"));

  test("stay in memory for the next job", async () => {
    const { scheduler, engine, submit } = harness();
    await scheduler.start();
    await submit();
    await submit();
    await settle();
    expect(loads(engine.log)).toEqual(["load fake/base/model@full"]);
  });

  test("leave by priority, then by the time they were unused, when another needs their room", async () => {
    const { scheduler, engine, clock, submit, lines } = harness({ settings: { memory_limit_gb: 3 } });
    await scheduler.start();
    for (const params of [{ model: "a" }, { model: "b", priority: -1 }, { model: "c" }]) {
      await submit(params);
      await clock.advance(1000);
    }
    engine.log.length = 0;
    await submit({ model: "d" });
    await settle();
    expect(loads(engine.log)).toEqual(["evict fake/b/model@full", "load fake/d/model@full"]);
    engine.log.length = 0;
    await submit({ model: "e" });
    await settle();
    expect(loads(engine.log)).toEqual(["evict fake/a/model@full", "load fake/e/model@full"]);
    expect(scheduler.metrics().evictions.budget).toBe(2);
    expect(lines.filter((line) => line.includes("evicting")).map((line) => line.slice(33).trim())).toEqual([
      'evicting a model model=fake/b/model@full gb=1 reason=budget for="fake/d estimate" needs_gb=1 budget_gb=3',
      'evicting a model model=fake/a/model@full gb=1 reason=budget for="fake/e estimate" needs_gb=1 budget_gb=3',
    ]);
  });

  test("of other bits than usual leave with their job, unless the next job wants the same", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    await submit({ bits: 4, transient: true });
    await submit({ bits: 4, transient: true });
    await submit();
    for (let job = 0; job < 3; job++) {
      await settle();
      engine.calls[0]!.finish();
    }
    await settle();
    expect(loads(engine.log)).toEqual([
      "load fake/base/model@4",
      "evict fake/base/model@4",
      "load fake/base/model@full",
    ]);
  });

  test("leave after default_ttl_s without use, and never before", async () => {
    const { scheduler, engine, clock, submit } = harness({ settings: { default_ttl_s: 300 } });
    await scheduler.start();
    await submit();
    await clock.advance(290_000);
    expect(engine.loaded.size).toBe(1);
    await submit();
    await clock.advance(290_000);
    expect(engine.loaded.size).toBe(1);
    await clock.advance(90_000);
    expect(engine.loaded.size).toBe(0);
    expect(scheduler.metrics().evictions.expired).toBe(1);
  });

  test("stay for ever when default_ttl_s is 0", async () => {
    const { scheduler, engine, clock, submit } = harness({ settings: { default_ttl_s: 0 } });
    await scheduler.start();
    await submit();
    await clock.advance(86_400_000);
    expect(engine.loaded.size).toBe(1);
    expect(scheduler.health().memory.loaded[0]).toMatchObject({ ttl_s: null, expires_in_s: null });
  });

  test("count as heavy as they turned out to be, also after they left", async () => {
    const { scheduler, engine, submit } = harness({ settings: { memory_limit_gb: 10 } });
    engine.weighs.set("fake/big/model@full", 8 * gigabyte);
    await scheduler.start();
    await submit({ model: "small", gb: 4 });
    engine.weighs.set("fake/small/model@full", 4 * gigabyte);
    await settle();
    await submit({ model: "big", gb: 1 });
    await settle();
    // Its 8 GB were found out by loading: the small one has to go after all if it weighs too much.
    expect(scheduler.health().memory.resident_gb).toBeLessThanOrEqual(10);
    await scheduler.unload("fake");
    const refusal = await refused(submit({ model: "big", gb: 1, workingGb: 3 }));
    expect(refusal.message).toContain("needs ~11.0 GB");
  });

  test("that outgrow the budget while they are loaded fail their job with the measured need", async () => {
    const { scheduler, engine, submit } = harness({ settings: { memory_limit_gb: 10 } });
    engine.weighs.set("fake/big/model@full", 12 * gigabyte);
    await scheduler.start();
    const { id } = await submit({ model: "big", gb: 9 });
    await settle();
    expect(await scheduler.job(id)).toMatchObject({ status: "failed", error_code: "over_budget" });
    expect((await scheduler.job(id)).error).toContain("~12.0 GB");
  });

  test("run again once, with all else evicted, when memory runs out", async () => {
    const { scheduler, engine, submit, state } = harness();
    await scheduler.start();
    await submit({ model: "other" });
    await settle();
    let failures = 1;
    engine.answer = (call) =>
      failures-- > 0 ? call.fail(new TaskError("out of memory", "out_of_memory")) : call.finish();
    engine.log.length = 0;
    const { id } = await submit();
    await settle();
    expect(engine.log).toEqual([
      "load fake/base/model@full",
      "run estimate",
      "evict fake/other/model@full",
      "evict fake/base/model@full",
      "load fake/base/model@full",
      "run estimate",
    ]);
    expect(await state(id)).toBe("succeeded");
    expect(scheduler.metrics().out_of_memory).toBe(1);
  });

  test("fail when memory runs out twice, while loading or running, and the next job works", async () => {
    const { scheduler, engine, submit, state } = harness();
    await scheduler.start();
    engine.failLoad = () => new TaskError("out of memory", "out_of_memory");
    const { id } = await submit();
    await settle();
    expect(await scheduler.job(id)).toMatchObject({ status: "failed", error_code: "out_of_memory" });
    expect(engine.log).toEqual(["load fake/base/model@full", "load fake/base/model@full"]);
    engine.failLoad = undefined;
    const next = await submit();
    await settle();
    expect(await state(next.id)).toBe("succeeded");
  });

  test("are unloaded on demand once no job uses them", async () => {
    const { scheduler, engine, submit } = harness();
    await scheduler.start();
    await submit({ model: "a" });
    await submit({ model: "b" });
    await settle();
    expect(await scheduler.unload("fake", "a")).toEqual({ unloaded: true, freed_bytes: gigabyte });
    expect([...engine.loaded.keys()]).toEqual(["fake/b/model@full"]);
    expect(await scheduler.unload("fake", "a")).toEqual({ unloaded: false, freed_bytes: 0 });
    engine.answer = undefined;
    await submit({ model: "b" });
    await settle();
    const unloading = scheduler.unload("fake");
    await settle();
    expect(engine.loaded.size).toBe(1);
    engine.calls[0]!.finish();
    expect(await unloading).toMatchObject({ unloaded: true });
  });

  test("are warmed up one after the other, jobs in between, and a failing one is passed over", async () => {
    const target = (name: string) => ({
      name,
      family: "fake",
      need: {
        variant: name,
        bits: null,
        options: {},
        transient: false,
        phases: [
          { name: "estimate", parts: [{ name: "model", bytes: gigabyte }], workingBytes: 0, share: 1 },
        ],
      },
    });
    const { scheduler, engine, submit, lines } = harness({
      warm: [target("a"), target("broken"), target("c")],
    });
    engine.failLoad = (key) => (key.includes("broken") ? new TaskError("cut", "failed") : undefined);
    expect(scheduler.health().warm).toBe(false);
    await submit({ model: "job" });
    await scheduler.start();
    await settle();
    expect(engine.log).toEqual([
      "load fake/a/model@full",
      "load fake/job/model@full",
      "run estimate",
      "load fake/broken/model@full",
      "load fake/c/model@full",
    ]);
    expect(scheduler.health().warm).toBe(true);
    expect(lines.filter((line) => line.includes("cannot be warmed up"))).toHaveLength(1);
  });

  test("show in the health with what they weigh and how long they have been idle", async () => {
    const { scheduler, clock, submit } = harness({ settings: { memory_limit_gb: null, default_ttl_s: 100 } });
    await scheduler.start();
    expect(scheduler.health()).toEqual({
      warm: true,
      queue_len: 0,
      memory: { loaded: [], resident_gb: 0, budget_gb: 80 },
    });
    await submit({ phases });
    await clock.advance(10_000);
    expect(scheduler.health().memory).toMatchObject({
      loaded: [
        {
          name: "base",
          family: "fake",
          domain: "image",
          repo: "fake/base",
          weight_gb: 3,
          priority: 0,
          idle_s: 10,
          ttl_s: 100,
          expires_in_s: 90,
        },
      ],
      resident_gb: 3,
    });
  });

  test("are not idle while they work, and one that expires meanwhile does so in 0 seconds", async () => {
    const { scheduler, engine, clock, submit } = harness({ settings: { default_ttl_s: 100 } });
    await scheduler.start();
    await submit({ model: "other" });
    await settle();
    engine.answer = undefined;
    await submit({ model: "base" });
    await clock.advance(250_000);
    const idle = () =>
      Object.fromEntries(
        scheduler
          .health()
          .memory.loaded.map(({ name, idle_s, expires_in_s }) => [name, [idle_s, expires_in_s]]),
      );
    expect(idle()).toEqual({ base: [0, 100], other: [250, 0] });
    engine.calls[0]!.finish();
    await clock.advance(10_000);
    expect(idle()).toEqual({ base: [10, 90] });
  });
});

describe("stop()", () => {
  test("lets the running job end within the grace and keeps the queue for the next start", async () => {
    const first = harness();
    first.engine.answer = undefined;
    await first.scheduler.start();
    const running = await first.submit();
    const queued = await first.submit();
    await settle();
    const waits = [first.scheduler.wait(running.id, 60_000), first.scheduler.wait(queued.id, 60_000)];
    const stopping = first.scheduler.stop();
    expect((await refused(first.submit())).code).toBe("shutting_down");
    await first.clock.advance(5000);
    first.engine.calls[0]!.finish();
    await settle();
    await stopping;
    expect(await Promise.all(waits)).toMatchObject([
      { kind: "ended", job: { status: "succeeded" } },
      { kind: "shutting_down" },
    ]);
    const second = harness({ database: first.database });
    await second.scheduler.start();
    await settle();
    expect(await second.state(queued.id)).toBe("succeeded");
  });

  test("puts a job that outlasts the grace back into the queue, however often", async () => {
    let database: ReturnType<typeof harness>["database"] | undefined;
    let id = "";
    for (let round = 0; round < 3; round++) {
      const { scheduler, engine, clock, submit, state, ...rest } = harness(database && { database });
      database = rest.database;
      engine.answer = undefined;
      await scheduler.start();
      if (round === 0) id = (await submit()).id;
      await settle();
      expect(await state(id)).toBe("running");
      const waiting = scheduler.wait(id, 600_000);
      const stopping = scheduler.stop();
      await clock.advance(31_000);
      await stopping;
      expect(await waiting).toEqual({ kind: "shutting_down" } satisfies Waited);
      expect(await scheduler.job(id)).toMatchObject({ status: "queued", started_at: null, progress: null });
      expect(engine.calls).toEqual([]);
    }
    const last = harness({ database: database! });
    await last.scheduler.start();
    await settle();
    expect(await last.state(id)).toBe("succeeded");
  });

  test("ends though a step never notices that it should", async () => {
    const { scheduler, engine, clock, submit, state } = harness();
    engine.run = () => new Promise(() => {});
    await scheduler.start();
    const { id } = await submit();
    await settle();
    const stopping = scheduler.stop();
    await clock.advance(40_000);
    await stopping;
    expect(await state(id)).toBe("queued");
  });

  test("refuses what waits for its turn between jobs", async () => {
    const { scheduler, engine, clock, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    await submit();
    await settle();
    const unloading = refused(scheduler.unload("fake"));
    const stopping = scheduler.stop();
    expect((await unloading).code).toBe("shutting_down");
    await clock.advance(40_000);
    await stopping;
  });
});

describe("after a crash", () => {
  test("a job that was running is tried once more, then ends interrupted", async () => {
    const first = harness();
    first.engine.answer = undefined;
    await first.scheduler.start();
    const { id } = await first.submit();
    await settle();
    const second = harness({ database: first.database });
    second.engine.answer = undefined;
    await second.scheduler.start();
    await settle();
    expect(await second.state(id)).toBe("running");
    const third = harness({ database: first.database });
    await third.scheduler.start();
    await settle();
    const job = await third.scheduler.job(id);
    expect(job).toMatchObject({ status: "failed", error_code: "interrupted" });
    expect(job.error).toStartWith("interrupted");
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

test("the machine is kept awake from the first job to the last, and no longer", async () => {
  let awake = 0;
  let times = 0;
  const { scheduler, engine, submit } = harness({
    awake: () => {
      awake++;
      times++;
      return () => awake--;
    },
  });
  engine.answer = undefined;
  await scheduler.start();
  expect(awake).toBe(0);
  await submit();
  await submit();
  await settle();
  expect(awake).toBe(1);
  engine.calls[0]!.finish();
  await settle();
  engine.calls[0]!.finish();
  await settle();
  expect([awake, times]).toEqual([0, 1]);
});

test("metrics count what ended, by type and status", async () => {
  const { scheduler, engine, clock, submit } = harness();
  engine.answer = undefined;
  await scheduler.start();
  await submit();
  await clock.advance(3000);
  engine.calls[0]!.finish();
  await settle();
  await scheduler.cancel((await submit()).id);
  await settle();
  const { ended, queued, running, loads } = scheduler.metrics();
  expect({ queued, running, loads }).toEqual({ queued: 0, running: 0, loads: 1 });
  expect(ended.map(({ type, status, count }) => [type, status, count])).toEqual([
    ["fake", "succeeded", 1],
    ["fake", "canceled", 1],
  ]);
  expect(ended[0]!.seconds).toBeCloseTo(3, 1);
  expect(ended[0]!.buckets.slice(0, 5)).toEqual([0, 0, 0, 0, 1]);
});
