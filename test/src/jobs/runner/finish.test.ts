import { describe, expect, test } from "bun:test";
import { Refusal, type RefusalCode } from "../../../../src/errors.ts";
import type { FileRecord } from "../../../../src/files/file.ts";
import { harness, settle } from "../harness.ts";

describe("a job", () => {
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

  test("keeps its files when the answer to its end was lost at a shutdown", async () => {
    const { scheduler, store, files, submit, state } = harness();
    await scheduler.start();
    const end = store.end.bind(store);
    const discarded: string[] = [];
    files.discard = async ({ file_id }) => void discarded.push(file_id);
    let stopped: Promise<void> | undefined;
    store.end = async (...args) => {
      await end(...args);
      stopped ??= scheduler.stop();
      throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR" });
    };
    const { id } = await submit();
    await settle();
    await stopped;
    expect(await state(id)).toBe("succeeded");
    expect(discarded).toEqual([]);
  });

  describe("that fails", () => {
    const [own, named] = [`file_${"a".repeat(32)}`, `file_${"b".repeat(32)}`];
    const params = {
      image: { type: "data_url", media_type: "image/png", size: 3, file_id: own },
      mask: { type: "file_id", file_id: named },
    };
    /** What is left of its two files, once every job of the same request has failed like that. */
    const left = async (code: RefusalCode, jobs: number) => {
      const { scheduler, files, submit } = harness({
        operation: {
          prepare: async () => {
            throw new Refusal(code, "refused");
          },
        },
      });
      for (const file_id of [own, named]) files.kept.set(file_id, { file_id } as FileRecord);
      for (let i = 0; i < jobs; i++) await submit({ ...params });
      const counts: number[] = [];
      const { delete: remove } = files;
      files.delete = async (id) => {
        counts.push((await scheduler.list({ status: "queued" })).data.length);
        return remove(id);
      };
      await scheduler.start();
      await settle();
      return { files: [...files.kept.keys()], counts };
    };

    test("by its picture or parameters deletes the files that came inside its request", async () => {
      for (const code of ["invalid_image", "unclear_image", "too_many_pixels", "invalid_parameter"] as const)
        expect((await left(code, 1)).files).toEqual([named]);
    });

    test("leaves them to other jobs of its request, and the last one takes them along", async () => {
      expect(await left("invalid_image", 3)).toEqual({ files: [named], counts: [0] });
    });

    test("by something that may pass keeps them for a retry", async () => {
      for (const code of ["model_failed", "timed_out", "over_budget"] as const)
        expect((await left(code, 1)).files).toEqual([own, named]);
    });
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

  test("is in the log once while its end waits, and again with the error that ends the waiting", async () => {
    const { scheduler, store, clock, lines, submit } = harness();
    await scheduler.start();
    const end = store.end.bind(store);
    const errors = ["database is locked", "database is locked", "no such table: jobs"];
    store.end = async (...args) => {
      const text = errors.shift();
      if (text === undefined) return end(...args);
      throw Object.assign(new Error(text), text.includes("locked") && { code: "SQLITE_BUSY" });
    };
    const { id } = await submit();
    await settle();
    await clock.advance(10_000);
    expect(await scheduler.job(id)).toMatchObject({ status: "failed", error_code: "store_failed" });
    const said = lines.filter((line) => line.includes("the job store does not work"));
    expect(said.map((line) => /DEBUG|ERROR/i.exec(line)![0].toLowerCase())).toEqual([
      "error",
      "debug",
      "error",
    ]);
    expect(said[2]).toContain("no such table: jobs");
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
    store.claim = broken;
    const { id: second } = await submit();
    expect(await scheduler.wait(second, 1000)).toMatchObject({ kind: "ended", job: { status: "failed" } });
    await settle();
    expect(engine.log.filter((line) => line.startsWith("run"))).toHaveLength(1);
    expect(scheduler.health().queue_len).toBe(0);
  });

  test("that cannot be started for lack of space fails by it, as do those that clients wait for; then all goes on", async () => {
    const { scheduler, store, engine, clock, submit, state } = harness();
    await scheduler.start();
    const claim = store.claim.bind(store);
    const end = store.end.bind(store);
    const full = async () => {
      throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
    };
    store.claim = full;
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
    store.claim = claim;
    await clock.advance(30_000);
    expect(await state(second.id)).toBe("succeeded");
    expect(engine.log.filter((line) => line.startsWith("run"))).toHaveLength(1);

    // Not even its failure can be written: whoever waits hears of it, and the record follows.
    store.claim = full;
    store.end = full;
    const fourth = await submit();
    const told = scheduler.wait(fourth.id, 600_000);
    await clock.advance(60_000);
    expect(await told).toMatchObject({ kind: "ended", job: { status: "failed", error_code: "disk_full" } });
    store.claim = claim;
    store.end = end;
    await clock.advance(60_000);
    expect(await scheduler.job(fourth.id)).toMatchObject({ status: "failed", error_code: "disk_full" });
    expect(scheduler.health().queue_len).toBe(0);
  });
});
