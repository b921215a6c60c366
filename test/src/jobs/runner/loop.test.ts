import { describe, expect, test } from "bun:test";
import { Refusal } from "../../../../src/errors.ts";
import type { Waited } from "../../../../src/jobs/scheduler.ts";
import { fakeOperation, harness, refused, settle } from "../harness.ts";

describe("a job", () => {
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

describe("a job whose files cannot be reached", () => {
  const away = () => new Refusal("files_unavailable", "away");

  /** A queue of several machines, as far as it postpones. */
  function sharing(...outcomes: ("put" | "over")[]) {
    const made = harness({
      operation: {
        async prepare(params, context) {
          if (params.bad) throw away();
          return fakeOperation().prepare(params as never, context);
        },
      },
    });
    made.store.postpone = async (id, claim) => {
      const outcome = outcomes.shift();
      if (outcome === "over") return "over";
      const put = await made.store.requeue(id, claim);
      // later, another machine takes it
      made.database.run("UPDATE jobs SET params = '{}' WHERE id = ?", [id]);
      return put;
    };
    return made;
  }

  test("waits again, and runs once they can be", async () => {
    const { scheduler, submit, lines } = sharing("put");
    await scheduler.start();
    const { id } = await submit({ bad: "yes" });
    await settle();
    expect(await scheduler.job(id)).toMatchObject({ status: "succeeded", error: null });
    expect(lines.filter((line) => line.includes("waits for the place of its files"))).toHaveLength(1);
    expect(scheduler.health().queue_len).toBe(0);
  });

  test("fails once it has waited long enough, and where nothing else can help", async () => {
    const { scheduler, submit } = sharing("over");
    await scheduler.start();
    const { id } = await submit({ bad: "yes" });
    await settle();
    expect(await scheduler.job(id)).toMatchObject({ status: "failed", error_code: "files_unavailable" });
  });

  test("does not fail while it is only prepared beside another one", async () => {
    const { scheduler, engine, submit, state } = sharing("put");
    engine.answer = undefined;
    await scheduler.start();
    await submit();
    const { id } = await submit({ bad: "yes" });
    await settle();
    expect(await state(id)).toBe("queued");
    await scheduler.cancel(id);
  });
});

test("the signal of a job's inputs is aborted when the job is over", async () => {
  const signals: AbortSignal[] = [];
  const { scheduler, submit, state } = harness({
    operation: {
      async prepare(params, context) {
        signals.push(context.signal);
        return fakeOperation().prepare(params as never, context);
      },
    },
  });
  await scheduler.start();
  const [one, two] = [await submit(), await submit()];
  await settle();
  expect([await state(one.id), await state(two.id)]).toEqual(["succeeded", "succeeded"]);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
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
