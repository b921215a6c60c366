import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { TaskError } from "../../../../src/engine/engine.ts";
import type { Connection } from "../../../../src/fleet/connect.ts";
import { createPostgresNotices } from "../../../../src/jobs/notify/postgres-notices.ts";
import type { JobEvent } from "../../../../src/jobs/scheduler.ts";
import { silent } from "../../../../src/log.ts";
import { connection, fleetDatabase } from "../../../fleet/fleet.ts";
import { empty } from "../../../fleet/jobs.ts";
import { type QueueNode, type QueueNodeOptions, queueNode, until } from "../../../fleet/queue-node.ts";
import { hasPostgres } from "../../../fleet/servers.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

/** Collects the events of an iteration while it goes on. */
function collect(events: AsyncIterable<JobEvent>): { seen: JobEvent[]; end: Promise<JobEvent[]> } {
  const seen: JobEvent[] = [];
  const all = async () => {
    for await (const event of events) seen.push(event);
    return seen;
  };
  return { seen, end: all() };
}

describe.skipIf(!hasPostgres)("notices between nodes", () => {
  let owner: Connection;
  let url: string;
  const open: { node: QueueNode; connection: Connection }[] = [];
  beforeAll(async () => {
    const made = await fleetDatabase();
    owner = connection(made.url);
    url = made.nodeUrl;
  });
  beforeEach(() => empty(owner));
  afterEach(async () => {
    for (const { node, connection } of open.splice(0)) {
      for (const call of node.engine.calls) call.finish();
      await node.stop();
      await connection[Symbol.asyncDispose]();
    }
  });
  afterAll(async () => owner?.[Symbol.asyncDispose]());

  const start = async (options: Omit<QueueNodeOptions, "connection"> = {}) => {
    const own = connection(url);
    const node = await queueNode({ connection: own, ...options });
    open.push({ node, connection: own });
    return node;
  };
  test("forget a job that another node ended, or that waits again", async () => {
    await using first = connection(url);
    await using second = connection(url);
    const make = (own: Connection) =>
      createPostgresNotices({ connection: own, node: crypto.randomUUID(), log: silent });
    const [worker, other] = await Promise.all([make(first), make(second)]);
    const status = (job: string, status: string) =>
      ({ event: "status", data: { job_id: job, status } }) as const;
    const [ended, waits] = ["job_1", "job_2"] as const;
    for (const job of [ended, waits]) worker.tell(job, status(job, "running"));
    worker.watch([ended, waits]);
    expect([worker.isWatched(ended), worker.isWatched(waits)]).toEqual([true, true]);
    worker.tell(waits, status(waits, "queued"));
    expect(worker.isWatched(waits)).toBe(false);
    other.tell(ended, { event: "canceled", data: { job_id: ended } });
    await until(() => !worker.isWatched(ended));
    worker.close();
    other.close();
  });

  /** A node that takes requests and one whose engine waits for the test. */
  const pair = async (options: Omit<QueueNodeOptions, "connection"> = {}) => {
    const front = await start({ variants: [] });
    const worker = await start(options);
    worker.engine.answer = undefined;
    return { front, worker };
  };
  const progress = (node: QueueNode, done: number, payload?: Record<string, unknown>) =>
    node.engine.calls[0]!.running.onProgress?.({
      label: "denoising",
      done,
      total: 4,
      ...(payload && { payload: payload as never }),
    });
  /** Reports a step until a follower has it: steps close together are left out. */
  const reach = (node: QueueNode, done: number, seen: readonly JobEvent[]) =>
    until(() => {
      progress(node, done);
      return seen.some(({ data }) => data.step === done);
    });

  test("carry a job's events to a client at another node, from its place to its end", async () => {
    const { front, worker } = await pair();
    const running = await worker.submit();
    await until(() => worker.engine.calls.length === 1);
    const id = await front.submit();
    const { seen, end } = collect(await front.scheduler.events(id));
    await until(() => seen.length > 0);
    expect(seen[0]!.data).toMatchObject({ job_id: id, status: "queued", queue_position: 0 });
    worker.engine.calls[0]!.finish();
    await until(() => worker.engine.calls.length === 1 && worker.engine.log.at(-1) === "run estimate");
    await until(async () => (await front.scheduler.job(running)).status === "succeeded");
    await until(() => seen.some(({ data }) => data.status === "running"));
    for (const done of [1, 2, 3, 4]) await reach(worker, done, seen);
    worker.engine.calls[0]!.finish();
    const whole = await end;
    expect(whole.at(-1)).toMatchObject({ event: "succeeded", data: { id, status: "succeeded" } });
    expect(whole.at(-1)!.data).toEqual({ ...(await front.scheduler.job(id)) });
    const ids = whole.map((event) => event.id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(whole.filter(({ event }) => event !== "status")).toHaveLength(1);
  });

  test("let a client go on at any node from the last event that it has", async () => {
    const { front, worker } = await pair();
    const id = await front.submit();
    const first = collect(await front.scheduler.events(id));
    await until(() => worker.engine.calls.length === 1);
    await reach(worker, 1, first.seen);
    const last = first.seen.at(-1)!.id;
    const second = collect(await worker.scheduler.events(id, { lastEventId: last }));
    await reach(worker, 2, second.seen);
    worker.engine.calls[0]!.finish();
    const [whole, rest] = await Promise.all([first.end, second.end]);
    expect(Math.min(...rest.map((event) => event.id))).toBeGreaterThan(last);
    for (const events of [whole, rest]) expect(events.at(-1)!.event).toBe("succeeded");
    // whoever has the end gets nothing more, whoever has less gets it
    for (const node of [front, worker])
      for (const end of [whole.at(-1)!.id, rest.at(-1)!.id])
        expect(await collect(await node.scheduler.events(id, { lastEventId: end })).end).toEqual([]);
    const again = await collect(await front.scheduler.events(id, { lastEventId: last })).end;
    expect(again.at(-1)!.event).toBe("succeeded");
  });

  test("have the row as last event, even when every stored event is lost", async () => {
    const { front, worker } = await pair();
    worker.engine.answer = (call) => call.fail(new TaskError("no", "failed"));
    const id = await front.submit();
    await until(async () => (await front.scheduler.job(id)).status === "failed");
    await owner.durable.run((sql) => sql`DELETE FROM job_events`);
    const seen = await collect(await front.scheduler.events(id)).end;
    expect(seen).toMatchObject([{ event: "failed", data: { id, error_code: "model_failed" } }]);
  });

  test("store no step of a job that nobody follows", async () => {
    const { front, worker } = await pair();
    const id = await front.submit();
    await until(() => worker.engine.calls.length === 1);
    for (const done of [1, 2, 3]) progress(worker, done);
    await worker.scheduler.beat();
    expect(await front.scheduler.job(id)).toMatchObject({
      progress_label: "denoising",
      progress: 0.98 * 0.75,
    });
    worker.engine.calls[0]!.finish();
    await until(async () => (await front.scheduler.job(id)).status === "succeeded");
    expect([...(await owner.durable.run((sql) => sql`SELECT * FROM job_events`))]).toEqual([]);
  });

  test("carry previews of any size, and keep the last one only", async () => {
    const { front, worker } = await pair({ preview: async (payload) => ({ picture: payload.latents }) });
    const id = await front.submit();
    const { seen, end } = collect(await front.scheduler.events(id));
    await until(() => worker.engine.calls.length === 1);
    const pictures = ["a", "b"].map((letter) => letter.repeat(30_000));
    for (const [index, picture] of pictures.entries()) {
      // until the worker has heard that somebody follows
      await until(() => {
        progress(worker, index + 1, { latents: picture });
        return seen.some(({ event, data }) => event === "preview" && data.picture === picture);
      });
    }
    const stored = await owner.durable.run((sql) => sql`SELECT data FROM job_events WHERE event = 'preview'`);
    expect(stored).toHaveLength(1);
    worker.engine.calls[0]!.finish();
    expect((await end).at(-1)!.event).toBe("succeeded");
  });

  test("stop a job that is canceled at another node, and tell those who wait there", async () => {
    const { front, worker } = await pair();
    const id = await front.submit();
    await until(() => worker.engine.calls.length === 1);
    const waiting = worker.scheduler.wait(id, 600_000);
    const following = collect(await worker.scheduler.events(id));
    expect(await front.scheduler.cancel(id)).toMatchObject({ status: "canceled" });
    await until(() => worker.engine.calls.length === 0);
    expect(await waiting).toMatchObject({ kind: "ended", job: { id, status: "canceled" } });
    expect((await following.end).at(-1)!.event).toBe("canceled");
    expect(worker.files.staged.size).toBe(0);
  });

  test("show a job that was deleted elsewhere as canceled, to those who wait and those who follow", async () => {
    const { front, worker } = await pair();
    const blocking = await worker.submit();
    await until(() => worker.engine.calls.length === 1);
    const id = await front.submit();
    const waiting = front.scheduler.wait(id, 600_000);
    const following = collect(await front.scheduler.events(id));
    await until(() => following.seen.length > 0);
    await worker.scheduler.remove(id);
    expect(await waiting).toMatchObject({ kind: "ended", job: { id, status: "canceled" } });
    expect((await following.end).at(-1)).toMatchObject({ event: "canceled", data: { status: "canceled" } });
    await worker.scheduler.cancel(blocking);
  });

  test("are not needed: with a listener that hears nothing, jobs run and ends are seen", async () => {
    const { front, worker } = await pair();
    worker.engine.answer = (call) => call.finish();
    // PostgreSQL tells nobody: what listens is closed on the server
    const deafen = () =>
      owner.durable.run(
        (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE query LIKE '%LISTEN%' AND datname = current_database() AND pid <> pg_backend_pid()`,
      );
    const silence = setInterval(() => void deafen().catch(() => {}), 100);
    try {
      const id = await front.submit();
      expect(await front.scheduler.wait(id, 600_000)).toMatchObject({
        kind: "ended",
        job: { status: "succeeded" },
      });
    } finally {
      clearInterval(silence);
    }
  });
});
