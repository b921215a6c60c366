import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { insertFiles } from "../../../../src/files/shared/postgres-records.ts";
import type { Connection } from "../../../../src/fleet/connect.ts";
import type { Ending, JobStore, Offer } from "../../../../src/jobs/store/store.ts";
import { file } from "../../../contract/jobs-store.ts";
import { moveClock, stopClock } from "../../../fleet/clock.ts";
import { connection, fleetDatabase } from "../../../fleet/fleet.ts";
import { empty, jobStore, nodeOf } from "../../../fleet/jobs.ts";
import { hasPostgres } from "../../../fleet/servers.ts";
import { arrival } from "../arrival.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

const offer = (more: Partial<Offer> = {}): Offer => ({
  lane: "engine",
  except: [],
  types: ["fake"],
  variants: ["fake/a", "fake/b"],
  warm: [],
  budget: 100,
  ...more,
});
const job = (variant = "fake/a", bytes = 1, type = "fake") => ({
  ...arrival(type),
  demand: { variant, warmKey: `${variant}@full`, bytes },
});
const succeeded = (...ids: string[]): Ending => ({ status: "succeeded", result: {}, files: ids.map(file) });
const files = () => `file_${crypto.randomUUID().replaceAll("-", "")}`;

describe.skipIf(!hasPostgres)("nodes that share a queue", () => {
  let owner: Connection;
  let database: Connection;
  beforeAll(async () => {
    const { url, nodeUrl } = await fleetDatabase();
    owner = connection(url);
    await stopClock(owner, 1000);
    database = connection(nodeUrl);
  });
  beforeEach(() => empty(owner));
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await owner?.[Symbol.asyncDispose]();
  });
  const tick = (seconds: number) => moveClock(owner, seconds);
  const node = (more: Parameters<typeof nodeOf>[0] = {}) => jobStore(database, nodeOf(more));
  const create = async (store: JobStore, ...jobs: ReturnType<typeof job>[]) => {
    const ids: string[] = [];
    for (const each of jobs) ids.push((await store.create(each)).job.id);
    return ids;
  };
  const idOf = async (store: JobStore, more: Partial<Offer> = {}) => (await store.claim(offer(more)))?.job.id;

  test("leave a job whose files are away alone for growing pauses, ten minutes long", async () => {
    const store = await node({ lease: 300 });
    const [id] = await create(store, job());
    const pauses: number[] = [];
    let waited = 0;
    for (let times = 0; times < 50; times++) {
      const claimed = (await store.claim(offer()))!;
      expect(claimed.job.id).toBe(id!);
      const put = await store.postpone!(id!, claimed.claim);
      expect(await store.postpone!(id!, claimed.claim)).toBe(put === "over" ? "over" : undefined);
      if (put === "over") break;
      expect(put).toMatchObject({ status: "queued" });
      let pause = 0;
      for (; pause < 100 && !(await store.ahead(offer())); pause++) await tick(1);
      pauses.push(pause);
      waited += pause;
      await store.beat({ running: [] });
    }
    expect(pauses.slice(0, 6)).toEqual([5, 5, 10, 20, 40, 60]);
    expect(waited).toBeWithin(600, 661);
    // no attempt was spent
    expect((await store.recover()).interrupted).toEqual([]);
  });

  test("give a job its ten minutes again when an outage comes long after another one", async () => {
    const store = await node({ lease: 300 });
    const away = async (seconds: number) => {
      await store.beat({ running: [] });
      const { job, claim } = (await store.claim(offer()))!;
      for (let ran = 0; ran < seconds; ran += 100) {
        await tick(Math.min(100, seconds));
        await store.beat({ running: [] });
      }
      const put = await store.postpone!(job.id, claim);
      return put === "over" ? put : put?.status;
    };
    await create(store, job());
    expect(await away(0)).toBe("queued");
    await tick(5);
    // It reached its files, ran, and could not store its result.
    expect(await away(2000)).toBe("queued");
    await tick(5);
    // Its place refuses every result.
    expect(await away(2000)).toBe("over");

    await empty(owner);
    const waiting = await node({ lease: 300 });
    await create(waiting, job());
    const first = (await waiting.claim(offer()))!;
    await waiting.postpone!(first.job.id, first.claim);
    // No machine was there to ask for it.
    for (let gone = 0; gone < 1000; gone += 100) {
      await tick(100);
      await waiting.beat({ running: [] });
    }
    const second = (await waiting.claim(offer()))!;
    expect(await waiting.postpone!(second.job.id, second.claim)).toMatchObject({ status: "queued" });
  });

  test("take each job once, in order, however many ask", async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => node()));
    const ids = await create(stores[0]!, ...Array.from({ length: 20 }, () => job()));
    const taken: string[] = [];
    const each = stores.map(async (store) => {
      for (;;) {
        const id = await idOf(store);
        if (id === undefined) return;
        taken.push(id);
      }
    });
    await Promise.all(each);
    expect(taken.toSorted()).toEqual(ids.toSorted());
    expect((await stores[0]!.beat({ running: [] })).queued).toBe(0);
  });

  test("leave to others what they do not know, have not, or cannot hold", async () => {
    const store = await node();
    const [unknown, foreign, large, fits] = await create(
      store,
      job("fake/a", 1, "newer"),
      job("fake/c"),
      job("fake/b", 101),
      job("fake/b", 100),
    );
    expect(await idOf(store)).toBe(fits!);
    expect(await idOf(store)).toBeUndefined();
    expect(await idOf(store, { types: ["newer"] })).toBe(unknown!);
    expect(await idOf(store, { variants: ["fake/c"] })).toBe(foreign!);
    expect(await idOf(store, { budget: 101 })).toBe(large!);
  });

  test("prefer a job whose model is in memory, if it came within the window of the oldest one", async () => {
    const store = await node({ window: 60, lease: 1000 });
    const warm = { warm: ["fake/b@full"] };
    const [cold1] = await create(store, job("fake/a"));
    await tick(60);
    const [warm1] = await create(store, job("fake/b"));
    await tick(1);
    const [warm2] = await create(store, job("fake/b"));
    expect(await idOf(store, warm)).toBe(warm1!);
    expect(await idOf(store, warm)).toBe(cold1!);
    expect(await idOf(store, warm)).toBe(warm2!);
  });

  test("leave for last what another one prepares, but do not leave it for ever", async () => {
    const [here, there] = [await node({ lease: 1000 }), await node({ lease: 1000 })];
    const [first, second] = await create(here, job(), job());
    expect((await here.ahead(offer()))?.id).toBe(first!);
    expect((await there.ahead(offer()))?.id).toBe(second!);
    expect(await idOf(there)).toBe(second!);
    expect(await idOf(there)).toBe(first!);
    const [third, fourth] = await create(here, job(), job());
    await here.ahead(offer());
    await tick(31);
    expect(await idOf(there)).toBe(third!);
    expect(await idOf(here)).toBe(fourth!);
  });

  test("take nothing without a lease, and have their jobs taken when it is over", async () => {
    const lost = await node({ lease: 15 });
    const [first] = await create(lost, job(), job());
    expect(await idOf(lost)).toBe(first!);
    await tick(14);
    const other = await node();
    expect(await other.recover()).toEqual({ requeued: [], interrupted: [] });
    await tick(1);
    expect(await idOf(lost)).toBeUndefined();
    expect(await other.recover()).toEqual({ requeued: [first!], interrupted: [] });
    expect((await lost.beat({ running: [] })).held).toEqual([]);
    // at its old place, before what came later
    expect(await other.claim(offer())).toMatchObject({ claim: 2, job: { id: first } });
    await tick(15);
    const third = await node();
    const { interrupted } = await third.recover();
    expect(interrupted).toMatchObject([{ id: first, status: "failed", error_code: "interrupted" }]);
  });

  test("a holder whose claim is over ends nothing and puts nothing back", async () => {
    const frozen = await node();
    const [id] = (await create(frozen, job())) as [string];
    const stale = (await frozen.claim(offer()))!;
    await tick(16);
    const other = await node();
    await other.recover();
    const claimed = (await other.claim(offer()))!;
    expect(claimed.claim).toBe(stale.claim + 1);
    const late = files();
    const result = succeeded(late);
    expect(await frozen.end(id, ["running"], result, undefined, stale.claim)).toBeUndefined();
    // the number alone is not enough: after a failover it may come twice
    expect(await frozen.end(id, ["running"], result, undefined, claimed.claim)).toBeUndefined();
    expect(await frozen.requeue(id, stale.claim)).toBeUndefined();
    expect(await owner.durable.run((sql) => sql`SELECT 1 FROM files`)).toHaveLength(0);
    expect((await frozen.beat({ running: [] })).held).toEqual([]);
    const good = files();
    const ended = await other.end(id, ["running"], succeeded(good), undefined, claimed.claim);
    expect(ended).toMatchObject({ status: "succeeded", artifacts: [good] });
    expect(await frozen.end(id, ["running"], result, undefined, stale.claim)).toBeUndefined();
    expect(await other.get(id)).toEqual(ended!);
  });

  test("an end whose answer was lost succeeds again, with the same files only", async () => {
    const store = await node();
    const [id] = (await create(store, job())) as [string];
    const { claim } = (await store.claim(offer()))!;
    const made = files();
    const ended = await store.end(id, ["running"], succeeded(made), undefined, claim);
    expect(await store.end(id, ["running"], succeeded(made), undefined, claim)).toEqual(ended!);
    expect(await store.end(id, ["running"], succeeded(files()), undefined, claim)).toBeUndefined();
    const failed = { status: "failed", error: "no", error_code: "timed_out" } as const;
    expect(await store.end(id, ["running"], failed, undefined, claim)).toBeUndefined();
    expect(await store.end(id, ["running"], succeeded(made))).toBeUndefined();
  });

  test("hear with their beat of jobs that were canceled elsewhere, and tell how far theirs are", async () => {
    const [worker, api] = [await node(), await node()];
    const ids = await create(api, job(), job());
    await worker.claim(offer());
    await worker.claim(offer());
    const running = ids.map((id) => ({ id, progress: 0.25, progress_label: "denoising" }));
    expect((await worker.beat({ running })).held.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(await api.get(ids[0]!)).toMatchObject({ progress: 0.25, progress_label: "denoising" });
    await api.end(ids[0]!, ["queued", "running"], { status: "canceled" });
    expect((await worker.beat({ running })).held.map(({ id }) => id)).toEqual([ids[1]!]);
    expect(await api.get(ids[0]!)).toMatchObject({ status: "canceled" });
  });

  test("fill one queue, exactly to its end", async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => node()));
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        stores[n % 4]!.create({ ...job(), maxQueue: 25 }).then(
          () => "created",
          (error) => error.code,
        ),
      ),
    );
    expect(Object.groupBy(outcomes, (outcome) => outcome)).toMatchObject({
      created: { length: 25 },
      queue_full: { length: 15 },
    });
  });

  test("count a long queue once a second for all, and a short one with each beat", async () => {
    const [here, there] = [await node({ lease: 300 }), await node({ lease: 300 })];
    const lengths = async () => [
      (await here.beat({ running: [] })).queued,
      (await there.beat({ running: [] })).queued,
    ];
    await create(here, job(), job());
    expect(await lengths()).toEqual([2, 2]);
    await create(here, job());
    expect(await lengths()).toEqual([3, 3]);
    const add = (count: number) =>
      owner.durable.run(
        (sql) => sql`
          INSERT INTO jobs (seq, place, id, type, params, status, variant)
          SELECT n, n, 'job_' || n, 'fake', '{}', 'queued', 'fake/a'
          FROM (SELECT nextval('jobs_seq_seq') AS n FROM generate_series(1, ${count}::int)) AS s`,
      );
    await add(1000);
    expect(await lengths()).toEqual([1003, 1003]);
    await add(1);
    expect(await lengths()).toEqual([1003, 1003]);
    await tick(1);
    expect(await lengths()).toEqual([1004, 1004]);
    // a count from before the database's clock was set back is no new one
    await add(1);
    await tick(-3600);
    expect(await lengths()).toEqual([1005, 1005]);
  });

  test("make one job of one key, whoever is asked", async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => node()));
    // the second key is the first one's neighbour in a request of several pictures
    for (const key of ["k", "k\x001", "k\\0001"]) {
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          stores[n % 4]!.create({ ...job(), idempotency: { key, hash: "h" } }),
        ),
      );
      expect(made.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(made.map(({ job: { id } }) => id)).size).toBe(1);
    }
    expect((await stores[0]!.list()).data).toHaveLength(3);
  });

  test("keep the files that a job names from retention until it has ended", async () => {
    const store = await node();
    const input = files();
    await owner.durable.run((sql) => insertFiles(sql, [file(input)]));
    const [id] = (await create(store, {
      ...job(),
      params: { image: { type: "file_id", file_id: input } },
    })) as [string];
    expect(await store.filesInUse()).toEqual(new Set([input]));
    await store.end(id, ["queued"], { status: "canceled" });
    expect(await store.filesInUse()).toEqual(new Set());
  });

  test("write errors that hold NUL, and messages to webhooks of jobs that are canceled together", async () => {
    const store = await node();
    const webhook = { url: "https://example.com/hook" };
    const [id] = (await create(store, { ...job(), webhook } as never)) as [string];
    await create(store, { ...job(), webhook } as never, job());
    const failed = { status: "failed", error: "bad\0 name", error_code: "invalid_image" } as const;
    expect(await store.end(id, ["queued"], failed)).toMatchObject({ error: "bad name" });
    const canceled = await store.cancelQueued();
    expect(canceled.map(({ webhook_delivery: told }) => told?.status)).toEqual(["pending", undefined]);
    expect(await store.deliveries.claim(10, 30)).toHaveLength(2);
  });
});
