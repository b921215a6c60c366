import { describe, expect, test } from "bun:test";
import { TaskError } from "../../../../src/engine/engine.ts";
import type { Need } from "../../../../src/engine/need.ts";
import { gigabyte } from "../../../../src/engine/residency.ts";
import { harness, refused, settle, threePhases } from "../harness.ts";

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

  test("are planned without being loaded, with the change that would make them fit", async () => {
    const { scheduler, engine } = harness({ settings: { memory_limit_gb: 3 } });
    await scheduler.start();
    const need = (gb: number): Need => ({
      variant: "a",
      bits: null,
      phases: [
        { name: "estimate", parts: [{ name: "model", bytes: gb * gigabyte }], workingBytes: 0, share: 1 },
      ],
      options: {},
      transient: false,
      smaller: (budget) => `at most ${budget / gigabyte} GB`,
    });
    expect(scheduler.plan("fake", need(2))).toMatchObject({ peak_bytes: 2 * gigabyte, fits: true });
    expect(scheduler.plan("fake", need(4))).toEqual({
      peak_bytes: 4 * gigabyte,
      budget_bytes: 3 * gigabyte,
      fits: false,
      smaller: "at most 3 GB",
    });
    expect(engine.log).toEqual([]);
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
    await submit({ phases: threePhases });
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

  test("show once in the health, also when their parts have different bits", async () => {
    const { scheduler, engine, clock, submit } = harness({ settings: { default_ttl_s: 100 } });
    await scheduler.start();
    const [encode, denoise] = ["encode", "denoise"].map((name) => ({ name, workingBytes: 0, share: 0.5 }));
    const phases = [
      { ...encode!, parts: [{ name: "text_encoder", bytes: gigabyte, bits: null }] },
      { ...denoise!, parts: [{ name: "transformer", bytes: gigabyte }] },
    ];
    await submit({ bits: 8, phases });
    await clock.advance(10_000);
    expect([...engine.loaded.keys()]).toEqual(["fake/base/text_encoder@full", "fake/base/transformer@8"]);
    const { loaded, resident_gb } = scheduler.health().memory;
    expect(loaded).toMatchObject([{ family: "fake", name: "base", weight_gb: 2, idle_s: 10 }]);
    expect(resident_gb).toBe(2);
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
