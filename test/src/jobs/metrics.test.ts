import { expect, test } from "bun:test";
import { harness, settle } from "./harness.ts";

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
