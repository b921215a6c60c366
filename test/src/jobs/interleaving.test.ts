import { expect, test } from "bun:test";
import fc from "fast-check";
import { TaskError } from "../../../src/engine/engine.ts";
import { gigabyte } from "../../../src/engine/residency.ts";
import { type FakeParams, harness, settle } from "./harness.ts";

const budgetGb = 6;

type Action =
  | { do: "submit"; params: FakeParams }
  | { do: "cancel" | "remove" | "retry"; which: number }
  | { do: "answer"; how: "finish" | "failed" | "out_of_memory" | "invalid_result" }
  | { do: "advance"; seconds: number }
  | { do: "unload" };

const params = fc.record({
  model: fc.constantFrom("a", "b", "c"),
  gb: fc.integer({ min: 1, max: 4 }),
  workingGb: fc.integer({ min: 0, max: 3 }),
  priority: fc.integer({ min: -1, max: 1 }),
  bits: fc.constantFrom(null, 4 as const),
  transient: fc.boolean(),
  bad: fc.constantFrom("", "", "", "the picture is broken"),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: params.map((params): Action => ({ do: "submit", params })) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("cancel" as const, "remove" as const, "retry" as const),
      which: fc.nat(20),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      how: fc.constantFrom(
        "finish" as const,
        "finish" as const,
        "failed" as const,
        "out_of_memory" as const,
        "invalid_result" as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), seconds: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.constant<Action>({ do: "unload" }) },
);

test("whatever comes in whatever order, one job runs at a time, within the budget, and each ends once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40, size: "max" }), async (actions) => {
      const { scheduler, engine, store, clock, submit, files } = harness({
        settings: { memory_limit_gb: budgetGb, job_timeout_s: 5000 },
        operation: {
          async prepare({ bad, workingGb = 0, name }) {
            if (bad) throw new Error(bad);
            return { input: { job: String(name), room: workingGb * gigabyte }, facts: {} };
          },
        },
      });
      engine.answer = undefined;
      // Models weigh something else than their requests estimate.
      for (const [model, gb] of Object.entries({ a: 3, b: 1, c: 2 })) {
        for (const bits of ["full", 4]) engine.weighs.set(`fake/${model}/model@${bits}`, gb * gigabyte);
      }
      const ends = new Map<string, string[]>();
      const began: string[] = [];
      const names: string[] = [];
      // What throws in the engine would only fail a job.
      const wrong: string[] = [];
      const retried = new Set<unknown>();
      const run = engine.run;
      engine.run = (family, phase, parts, input, running) => {
        // One at a time, and whatever is in memory with the room it works in stays within the budget.
        if (engine.calls.length > 0) wrong.push("two at a time");
        const loaded = [...engine.loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
        const room = Number(input.room);
        if (loaded + room > budgetGb * gigabyte) wrong.push(`${(loaded + room) / gigabyte} GB`);
        began.push(String(input.job));
        return run(family, phase, parts, input, running);
      };
      await scheduler.start();
      const ids: string[] = [];
      const follow = async (id: string) => {
        ids.push(id);
        ends.set(id, []);
        for await (const { event } of await scheduler.events(id)) {
          if (event !== "status") ends.get(id)!.push(event);
        }
      };
      for (const step of actions) {
        const id = "which" in step ? ids[step.which % Math.max(ids.length, 1)] : undefined;
        if (step.do === "submit") {
          const name = `job ${names.length}`;
          const job = await submit({ ...step.params, name }).catch(() => undefined);
          if (!job) continue;
          names.push(name);
          void follow(job.id);
        } else if (id && step.do === "retry") {
          const again = await scheduler.retry(id).catch(() => undefined);
          if (!again) continue;
          retried.add(again.job.params.name);
          void follow(again.job.id);
        } else if (id && (step.do === "cancel" || step.do === "remove")) {
          await scheduler[step.do](id).catch(() => {});
        } else if (step.do === "answer") {
          const call = engine.calls[0];
          if (step.how === "finish") call?.finish();
          else call?.fail(new TaskError("it fails", step.how));
        } else if (step.do === "advance") {
          await clock.advance(step.seconds * 1000);
        } else if (step.do === "unload") {
          void scheduler.unload("fake");
        }
        if (actions.indexOf(step) % 3 === 0) await settle();
        const { queued } = await store.counts();
        expect(Math.abs(scheduler.health().queue_len - queued)).toBeLessThanOrEqual(1);
      }
      for (let turn = 0; turn < 200; turn++) {
        await settle();
        if (!engine.calls[0]) break;
        engine.calls[0].finish();
      }
      await settle();
      expect(wrong).toEqual([]);
      expect(scheduler.health().queue_len).toBe(0);
      const counts = await store.counts();
      expect([counts.queued, counts.running]).toEqual([0, 0]);
      for (const id of ids) {
        expect(ends.get(id)).toHaveLength(1);
        const job = await store.get(id);
        if (job && job !== "pruned") expect(ends.get(id)).toEqual([job.status]);
      }
      // Files are there exactly for what succeeded.
      const kept = (await store.list()).data.flatMap(({ artifacts }) => artifacts);
      for (const id of kept) expect(files.kept.has(id)).toBe(true);
      // A job that memory failed runs twice at most, any other once.
      const once = began.filter((name) => !retried.has(name));
      const times = [...Map.groupBy(once, (name) => name).values()].map((runs) => runs.length);
      expect(Math.max(0, ...times)).toBeLessThanOrEqual(2);
      // Jobs begin in the order in which they came.
      const order = [...new Set(once)].map((name) => names.indexOf(name));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }),
    { numRuns: 150 },
  );
}, 60_000);
