/**
 * What every job store keeps to, whatever it is made of. A back end runs it by `testJobStore(backend)`.
 *
 * @module
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../src/errors.ts";
import type { FileRecord } from "../../src/files/file.ts";
import type { Ending, JobStore, Notification, Offer } from "../../src/jobs/store/store.ts";
import { arrival as job } from "../src/jobs/arrival.ts";
import { testDeliveries } from "./deliveries.ts";

export interface OpenJobStore {
  store: JobStore;
  /** Moves the store's clock on by that many seconds. It begins at 1000. */
  tick(seconds?: number): void | Promise<void>;
  /** Leaves the store room for a small job, but not for one of 100 kB. */
  fill(): void | Promise<void>;
  /** As if that many other jobs had come and gone. */
  skip(jobs: number): void | Promise<void>;
  /** As if the server that runs the jobs had crashed and was started again. */
  restart(): void | Promise<void>;
  /** How many removed jobs are remembered. */
  remembered(): Promise<number>;
  /** Ids of the files that have a record, in the order in which they were written. */
  kept(): Promise<string[]>;
  /** Lets no record of that file be written, because there is one already. */
  refuse(file_id: string): Promise<void>;
}

export interface JobStoreBackend {
  name: string;
  open(options?: { notification?: Notification | undefined }): Promise<OpenJobStore>;
}

export const engine = (except: readonly string[] = []): Offer => ({
  lane: "engine",
  except,
  types: ["fake", "third", "other", "a", "b", "depthpro"],
  variants: ["fake/base"],
  warm: [],
  budget: 10,
});
const downloads: Offer = {
  lane: "activation",
  except: [],
  types: ["activation"],
  variants: [""],
  warm: [],
  budget: 0,
};
const download = { ...job("activation"), demand: { variant: "", warmKey: "", bytes: 0 } };
export const file = (file_id: string): FileRecord => ({
  file_id,
  filename: "a.png",
  content_type: "image/png",
  size: 1,
  sha256: "",
  created_at: 0,
  meta: {},
});
const succeeded: Ending = { status: "succeeded", result: { ok: true }, files: [] };
export const failed: Ending = { status: "failed", error: "no", error_code: "model_failed" };
export const canceled: Ending = { status: "canceled" };

/** Jobs of these types, one after the other. */
async function createEach(store: JobStore, types: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const type of types) ids.push((await store.create(job(type))).job.id);
  return ids;
}

export function testJobStore({ name, open }: JobStoreBackend): void {
  // some tests open hundreds of stores
  setDefaultTimeout(60_000);
  describe(name, () => {
    describe("end()", () => {
      test("is won by exactly one of all that try, in any order", async () => {
        const ending = fc.constantFrom<Ending>(succeeded, failed, canceled);
        await fc.assert(
          fc.asyncProperty(
            fc.array(ending, { minLength: 1, maxLength: 6 }),
            fc.boolean(),
            async (endings, started) => {
              const { store } = await open();
              const { id } = (await store.create(job())).job;
              if (started) await store.claim(engine());
              const live = ["queued", "running"] as const;
              const won = (await Promise.all(endings.map((each) => store.end(id, live, each)))).filter(
                Boolean,
              );
              expect(won).toHaveLength(1);
              expect(await store.get(id)).toEqual(won[0]!);
              expect(await store.claim(engine())).toBeUndefined();
              expect(await store.requeue(id, 1)).toBeUndefined();
            },
          ),
        );
      });

      test("keeps the files' records in the same commit, or none of it", async () => {
        const { store, kept, refuse } = await open();
        await refuse("file_b");
        const { id } = (await store.create(job())).job;
        await store.claim(engine());
        const files = [file("file_a"), file("file_b")];
        await expect(
          store.end(id, ["running"], { status: "succeeded", result: {}, files }),
        ).rejects.toThrow();
        expect(await kept()).toEqual(["file_b"]);
        expect(await store.get(id)).toMatchObject({ status: "running", artifacts: [] });
        const one = { status: "succeeded", result: { a: 1 }, files: [file("file_a")] } as const;
        expect(await store.end(id, ["running"], one)).toMatchObject({
          status: "succeeded",
          artifacts: ["file_a"],
          result: { a: 1 },
          progress: 1,
          progress_label: "done",
        });
        expect(await kept()).toEqual(["file_b", "file_a"]);
      });

      test("keeps how far a failed job was", async () => {
        const { store } = await open();
        const { id } = (await store.create(job())).job;
        await store.claim(engine());
        const seen = { progress: 0.4, progress_label: "denoising" };
        expect(await store.end(id, ["running"], failed, seen)).toMatchObject({ ...seen, error: "no" });
      });
    });

    describe("create()", () => {
      test("keeps params as they are", async () => {
        const { store } = await open();
        await fc.assert(
          fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (params) => {
            const written = JSON.parse(JSON.stringify(params));
            const { id } = (await store.create(job("fake", params))).job;
            expect(await store.get(id)).toMatchObject({ params: written });
          }),
          { numRuns: 50 },
        );
      });

      test("says that the disk is full, and keeps nothing then", async () => {
        const { store, fill } = await open();
        await fill();
        const error = await store.create(job("fake", { text: "x".repeat(100_000) })).catch((error) => error);
        expect(error).toBeInstanceOf(Refusal);
        expect(error.code).toBe("disk_full");
        expect((await store.list()).data).toEqual([]);
        expect((await store.create(job())).created).toBe(true);
      });

      test("keeps the records of the files it came with in the same commit, once for a repeated key", async () => {
        const { store, kept, refuse } = await open();
        const keyed = {
          ...job(),
          idempotency: { key: "k", hash: "h" },
          files: [file("file_a"), file("file_b")],
        };
        await store.create(keyed);
        expect((await store.create(keyed)).created).toBe(false);
        expect(await kept()).toEqual(["file_a", "file_b"]);
        await refuse("file_bad");
        await expect(store.create({ ...job(), files: [file("file_bad")] })).rejects.toThrow();
        expect((await store.list()).data).toHaveLength(1);
      });

      test("knows a key only as long as its job is there", async () => {
        const { store } = await open();
        const keyed = { ...job(), idempotency: { key: "k", hash: "h" } };
        const first = await store.create(keyed);
        expect((await store.create(keyed)).job.id).toBe(first.job.id);
        await store.delete(first.job.id);
        expect((await store.create(keyed)).created).toBe(true);
      });
    });

    describe("create() into a full queue", () => {
      test("is refused, however many come at once, and a known key still finds its job", async () => {
        const { store } = await open();
        const keyed = { ...job(), maxQueue: 5, idempotency: { key: "k", hash: "h" } };
        const { id } = (await store.create(keyed)).job;
        const refused = (error: unknown) => (error as Refusal).code;
        const codes = await Promise.all(
          Array.from({ length: 12 }, () =>
            store.create({ ...job(), maxQueue: 5 }).then(() => "created", refused),
          ),
        );
        expect(codes.filter((code) => code === "created")).toHaveLength(4);
        expect(new Set(codes)).toEqual(new Set(["created", "queue_full"]));
        expect((await store.create(keyed)).job.id).toBe(id);
        await store.claim(engine());
        expect((await store.create({ ...job(), maxQueue: 5 })).created).toBe(true);
      });
    });

    describe("list()", () => {
      const fill = async (store: JobStore, count: number, { starts = true } = {}) => {
        const ids: string[] = [];
        const waiting: string[] = [];
        for (let n = 0; n < count; n++) {
          const { id } = (await store.create(job(n % 3 === 0 ? "third" : "other"))).job;
          if (starts && n % 2 === 0) await store.claim(engine(waiting));
          else waiting.push(id);
          ids.unshift(id);
        }
        return ids;
      };

      test("gives the newest first, page by page, whatever is removed in between", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 1, max: 12 }),
            fc.integer({ min: 0, max: 30 }),
            async (limit, count) => {
              const { store } = await open();
              const ids = await fill(store, count);
              const seen: string[] = [];
              let after: string | undefined;
              for (;;) {
                const page = await store.list({ limit, after });
                expect(page.data.length).toBeLessThanOrEqual(limit);
                seen.push(...page.data.map(({ id }) => id));
                if (!page.has_more) break;
                expect(page.data).toHaveLength(limit);
                after = page.data.at(-1)!.id;
                await store.delete(after);
              }
              expect(seen).toEqual(ids);
            },
          ),
          { numRuns: 30 },
        );
      });

      test("narrows by status and type", async () => {
        const { store } = await open();
        await fill(store, 12);
        const running = (await store.list({ status: "running" })).data;
        expect(running).toHaveLength(6);
        const both = await store.list({ status: "running", type: "third", limit: 1 });
        expect(both.data).toHaveLength(1);
        expect(both.has_more).toBe(true);
        expect(running.filter(({ type }) => type === "third").map(({ id }) => id)).toContain(
          both.data[0]!.id,
        );
      });

      test("gives at most 1000 without a limit and says that there are more", async () => {
        const { store } = await open();
        await fill(store, 1001, { starts: false });
        const page = await store.list();
        expect([page.data.length, page.has_more]).toEqual([1000, true]);
      });

      test("refuses a place that never was", async () => {
        const { store } = await open();
        const error = await store.list({ after: `job_${"0".repeat(32)}` }).catch((error) => error);
        expect(error).toBeInstanceOf(Refusal);
        expect(error.code).toBe("invalid_parameter");
      });
    });

    describe("the queue", () => {
      test("goes in order of arrival, with positions, and a requeued job has its old place", async () => {
        const { store } = await open();
        const [a, b, c] = await createEach(store, ["fake", "fake", "fake"]);
        expect((await store.ahead(engine()))?.id).toBe(a!);
        expect((await store.ahead(engine([a!, b!])))?.id).toBe(c!);
        expect(await Promise.all([a, b, c].map((id) => store.position(id!)))).toEqual([0, 1, 2]);
        const claimed = await store.claim(engine());
        expect(claimed?.job).toMatchObject({ id: a, status: "running", progress_label: "preparing" });
        expect(await store.position(c!)).toBe(1);
        const running = [{ id: a!, progress: 0.5, progress_label: "denoising" }];
        expect(await store.beat({ running })).toMatchObject({
          held: [{ id: a!, claim: claimed!.claim, watched: false }],
          queued: 2,
        });
        await store.requeue(a!, claimed!.claim);
        expect(await store.beat({ running: [] })).toMatchObject({ held: [], queued: 3 });
        expect((await store.ahead(engine()))?.id).toBe(a!);
        expect(await store.counts()).toEqual({ queued: 3, running: 0, succeeded: 0, failed: 0, canceled: 0 });
      });

      test("cancels everything that waits in one commit, or what is of a type", async () => {
        const { store } = await open();
        const ids = await createEach(store, ["a", "b", "a", "b"]);
        await store.claim(engine());
        expect((await store.cancelQueued("b")).map(({ id }) => id).sort()).toEqual([ids[1]!, ids[3]!].sort());
        const [last] = await store.cancelQueued();
        expect(last).toMatchObject({ id: ids[2], status: "canceled", finished_at: expect.any(Number) });
        expect(await store.cancelQueued()).toEqual([]);
        expect((await store.counts()).running).toBe(1);
      });

      test("downloads wait in a lane of their own", async () => {
        const { store } = await open();
        const first = (await store.create(download)).job;
        const picture = (await store.create(job("depthpro"))).job;
        const second = (await store.create(download)).job;
        expect((await store.ahead(engine()))?.id).toBe(picture.id);
        expect((await store.ahead(downloads))?.id).toBe(first.id);
        expect(await store.ahead(engine([picture.id]))).toBeUndefined();
        expect(await store.claim(engine([picture.id]))).toBeUndefined();
        expect(await Promise.all([picture, second].map(({ id }) => store.position(id)))).toEqual([0, 1]);
      });

      test("tells which files its jobs still need", async () => {
        const { store } = await open();
        const [used, done] = ["a", "b"].map((letter) => `file_${letter.repeat(32)}`);
        await store.create(job("fake", { image: { type: "file_id", file_id: used }, prompt: "file_x" }));
        const { id } = (await store.create(job("fake", { images: [{ file_id: done }] }))).job;
        await store.end(id, ["queued"], canceled);
        expect(await store.filesInUse()).toEqual(new Set([used!]));
      });
    });

    describe("recover()", () => {
      test("tries a job that was running once more, and no more than that", async () => {
        const { store, restart } = await open();
        const { id } = (await store.create(job())).job;
        await store.claim(engine());
        await restart();
        expect(await store.recover()).toEqual({ requeued: [id], interrupted: [] });
        await store.beat({ running: [] });
        expect((await store.claim(engine()))?.job).toMatchObject({ id, status: "running" });
        await restart();
        expect(await store.recover()).toMatchObject({ requeued: [], interrupted: [{ id }] });
        expect(await store.get(id)).toMatchObject({ status: "failed", error_code: "interrupted" });
        expect(await store.recover()).toEqual({ requeued: [], interrupted: [] });
      });

      test("does not count runs that a shutdown put back", async () => {
        const { store, restart } = await open();
        const { id } = (await store.create(job())).job;
        for (let round = 0; round < 5; round++) {
          const claimed = await store.claim(engine());
          await store.requeue(id, claimed!.claim);
        }
        await store.claim(engine());
        await restart();
        expect((await store.recover()).requeued).toEqual([id]);
      });
    });

    describe("endedOf()", () => {
      test("tells which jobs have ended and which are gone", async () => {
        const { store } = await open();
        const ids: string[] = [];
        for (let n = 0; n < 3; n++) ids.push((await store.create(job())).job.id);
        const [queued, ended, deleted] = ids as [string, string, string];
        const end = await store.end(ended, ["queued"], failed);
        await store.delete(deleted);
        expect(await store.endedOf([queued, ended, deleted])).toEqual({ ended: [end!], gone: [deleted] });
        expect(await store.endedOf([])).toEqual({ ended: [], gone: [] });
      });
    });

    describe("prune() and delete()", () => {
      test("remember a pruned id and forget a deleted one", async () => {
        const { store, tick } = await open();
        const ids: string[] = [];
        for (let n = 0; n < 4; n++) ids.push((await store.create(job())).job.id);
        await store.end(ids[0]!, ["queued"], failed);
        await tick(100);
        await store.end(ids[1]!, ["queued"], failed);
        expect(await store.prune(50)).toBe(1);
        expect(await store.get(ids[0]!)).toBe("pruned");
        expect(await store.get(ids[1]!)).toMatchObject({ status: "failed" });
        // What has not ended is never pruned, however old.
        expect(await store.prune(-1)).toBe(1);
        expect((await store.list()).data.map(({ id }) => id)).toEqual([ids[3]!, ids[2]!]);
        expect(await store.delete(ids[2]!)).toMatchObject({ id: ids[2], status: "queued" });
        expect(await store.get(ids[2]!)).toBeUndefined();
        expect(await store.delete(ids[2]!)).toBeUndefined();
        expect(await store.delete(ids[0]!)).toBeUndefined();
      });
    });

    describe("a removed job", () => {
      test.each(["deleted", "pruned"])("that was %s is remembered for a million others", async (how) => {
        const { store, skip, remembered } = await open();
        const removed: string[] = [];
        for (const others of [500_000, 1_000_000, 0, 0]) {
          const { id } = (await store.create(job())).job;
          if (how === "deleted") await store.delete(id);
          else {
            await store.end(id, ["queued"], failed);
            await store.prune(-1);
          }
          removed.push(id);
          await skip(others);
        }
        expect(await remembered()).toBe(2);
        await expect(store.list({ after: removed[1]! })).rejects.toMatchObject({ code: "invalid_parameter" });
        expect(await store.list({ after: removed[2]! })).toEqual({ data: [], has_more: false });
      });
    });

    testDeliveries(open);
  });
}
