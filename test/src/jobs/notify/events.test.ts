import { describe, expect, test } from "bun:test";
import type { Job } from "../../../../src/jobs/job.ts";
import { createEvents } from "../../../../src/jobs/notify/events.ts";
import type { JobEvent } from "../../../../src/jobs/scheduler.ts";
import { harness, settle } from "../harness.ts";

async function all(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  const list: JobEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

const names = (events: readonly JobEvent[]) =>
  events.map(({ event, data }) => (event === "status" ? data.progress_label : event));

describe("events of a job", () => {
  test("tell of its place, its progress and its end, and end with it", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = (call) => {
      call.running.onProgress?.({ label: "estimating", done: 1, total: 1 });
      call.finish();
    };
    const { id } = await submit();
    const following = all(await scheduler.events(id));
    await scheduler.start();
    const seen = await following;
    expect(names(seen)).toEqual(["queued", "preparing", "loading", "estimating", "saving", "succeeded"]);
    expect(seen.at(-1)!.data).toEqual({ ...(await scheduler.job(id)) });
    expect(seen.find(({ data }) => data.progress_label === "estimating")!.data).toMatchObject({
      job_id: id,
      status: "running",
      progress: 0.98,
      eta_s: 0,
      step: 1,
      steps: 1,
    });
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  test("are given again from where a client lost them", async () => {
    const { scheduler, submit } = harness();
    await scheduler.start();
    const { id } = await submit();
    await settle();
    const whole = await all(await scheduler.events(id));
    for (let index = 0; index < whole.length; index++) {
      const rest = await all(await scheduler.events(id, { lastEventId: whole[index]!.id }));
      expect(rest).toEqual(whole.slice(index + 1));
    }
  });

  test("tell a waiting job when the queue moves", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    await submit();
    const second = await submit();
    const { id } = await submit();
    const following = all(await scheduler.events(id));
    await settle();
    await scheduler.cancel(second.id);
    await settle();
    await scheduler.cancel(id);
    const places = (await following)
      .map(({ data }) => data.queue_position)
      .filter((place) => place !== undefined);
    expect(places.at(-1)).toBe(0);
  });

  test("after a restart are the state and then what comes, or the end alone", async () => {
    const first = harness();
    first.engine.answer = undefined;
    await first.scheduler.start();
    const { id } = await first.submit();
    await settle();
    const [last] = (await first.scheduler.events(id).then(async (events) => {
      for await (const event of events) return [event];
    }))!;
    const second = harness({ database: first.database });
    const following = all(await second.scheduler.events(id, { lastEventId: last!.id }));
    await second.scheduler.start();
    const seen = await following;
    expect(names(seen).at(-1)).toBe("succeeded");
    expect(seen.length).toBeGreaterThan(1);
    const third = harness({ database: first.database });
    expect(names(await all(await third.scheduler.events(id)))).toEqual(["succeeded"]);
  });

  test("carry a preview to those who listen, made into JSON by the operation", async () => {
    const { scheduler, engine, submit } = harness({
      operation: { preview: async (payload) => ({ picture: payload.latents }) },
    });
    engine.answer = undefined;
    await scheduler.start();
    const { id } = await submit();
    const following = all(await scheduler.events(id));
    await settle();
    const { running } = engine.calls[0]!;
    running.onProgress?.({ label: "denoising", done: 1, total: 4, payload: { latents: "x" } });
    await settle();
    engine.calls[0]!.finish();
    const preview = (await following).find(({ event }) => event === "preview")!;
    expect(preview.data).toEqual({ job_id: id, progress: 0.98 * 0.25, picture: "x" });
  });

  test("tell the step, the time that is left, and 1 only with the end", async () => {
    const { scheduler, engine, clock, files, submit } = harness();
    engine.answer = undefined;
    const saving = Promise.withResolvers<void>();
    const { stage } = files;
    files.stage = async (artifact, signal) => {
      await saving.promise;
      return stage(artifact, signal);
    };
    await scheduler.start();
    const { id } = await submit({ outputs: 2 });
    const following = all(await scheduler.events(id));
    await settle();
    for (const done of [0, 1, 2, 3, 4]) {
      engine.calls[0]!.running.onProgress?.({ label: "denoising", done, total: 4 });
      await clock.advance(2000);
    }
    engine.calls[0]!.finish();
    await settle();
    expect((await scheduler.job(id)).progress).toBe(0.98);
    saving.resolve();
    const seen = (await following).map(({ data }) => data);
    expect(
      seen
        .filter(({ progress_label: label }) => label === "denoising")
        .map(({ step, steps, eta_s }) => [step, steps, eta_s]),
    ).toEqual([
      [0, 4, null],
      [1, 4, 6],
      [2, 4, 4],
      [3, 4, 2],
      [4, 4, 0],
    ]);
    const fractions = seen.map(({ progress }) => progress as number | null);
    expect(fractions.indexOf(1)).toBe(fractions.length - 1);
  });

  test("end for a listener that leaves, and for all at a shutdown", async () => {
    const { scheduler, submit } = harness();
    const { id } = await submit();
    const gone = new AbortController();
    const leaving = all(await scheduler.events(id, { signal: gone.signal }));
    const staying = all(await scheduler.events(id));
    await settle();
    gone.abort();
    expect(names(await leaving)).toEqual(["queued"]);
    await scheduler.stop();
    expect(names(await staying)).toEqual(["queued"]);
  });
});

const asNew = { after: 0, present: async () => ({ event: "status", data: { early: false } }) as const };

test("createEvents() keeps the last events of a job that says much, and of previews only the newest", async () => {
  const events = createEvents(() => 0);
  for (let step = 0; step < 1000; step++) {
    events.tell("job", { event: "preview", data: { step } });
    events.tell("job", { event: "status", data: { step } });
  }
  events.tell("job", { event: "succeeded", data: {} });
  const seen = await all(await events.follow({ id: "job" } as Job, asNew));
  expect(seen.length).toBeLessThanOrEqual(256);
  expect(seen.filter(({ event }) => event === "preview").map(({ data }) => data.step)).toEqual([999]);
  expect(seen.at(-1)!.event).toBe("succeeded");
});

test("createEvents() forgets the events of jobs that ended long ago: their state is all that is told", async () => {
  const events = createEvents(() => 0);
  for (let job = 0; job < 1000; job++) events.tell(`${job}`, { event: "succeeded", data: { early: true } });
  const present = async () => ({ event: "succeeded", data: { early: false } }) as const;
  const told = async (job: string) =>
    (await all(await events.follow({ id: job } as Job, { after: 0, present }))).map(({ data }) => data.early);
  expect(await told("0")).toEqual([false]);
  expect(await told("999")).toEqual([true]);
});
