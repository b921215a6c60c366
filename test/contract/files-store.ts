import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, rmdirSync } from "node:fs";
import * as disk from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/database.ts";
import { Refusal } from "../../../src/errors.ts";
import type { Disk } from "../../../src/files/blobs.ts";
import { openLocalStore } from "../../../src/files/local.ts";
import { insertFile } from "../../../src/files/records.ts";
import { filesUnder, temporaryFolder, temporaryStore } from "./folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

describe("storing", () => {
  test("gives a record and the same bytes back, whatever the content comes as", async () => {
    const { store } = await temporaryStore({ now: () => 1234.5 });
    const content = crypto.getRandomValues(new Uint8Array(60_000));
    async function* inPieces() {
      for (let at = 0; at < content.length; at += 777) yield content.subarray(at, at + 777);
    }
    for (const source of [content, new Blob([content]), new Blob([content]).stream(), inPieces()]) {
      const record = await store.store(source, { filename: "a.png", meta: { seed: 7 } });
      expect(record).toEqual({
        file_id: expect.stringMatching(/^file_[0-9a-f]{32}$/),
        filename: "a.png",
        content_type: "image/png",
        size: content.length,
        sha256: sha256(content),
        created_at: 1234.5,
        meta: { seed: 7 },
      });
      expect(await store.get(record.file_id)).toEqual(record);
      expect(new Uint8Array(await Bun.file(await store.local(record)).arrayBuffer())).toEqual(content);
    }
  });

  test("a piece may be used again by its sender once write resolves", async () => {
    const { store } = await temporaryStore();
    const piece = new Uint8Array(1000);
    const hash = createHash("sha256");
    const writer = await store.writer({});
    for (let round = 0; round < 600; round++) {
      piece.fill(round % 251);
      hash.update(piece);
      await writer.write(piece);
    }
    const record = await writer.commit();
    expect(record.sha256).toBe(hash.digest("hex"));
    expect(sha256(new Uint8Array(await Bun.file(await store.local(record)).arrayBuffer()))).toBe(
      record.sha256,
    );
  });

  test("an empty file is a file", async () => {
    const { store } = await temporaryStore();
    const record = await store.store(new Uint8Array(), {});
    expect(record).toMatchObject({ size: 0, filename: "upload", sha256: sha256(new Uint8Array()) });
    expect(await Bun.file(await store.local(record)).text()).toBe("");
  });

  test.each([
    ["a.PNG", undefined, "image/png"],
    ["a.png", "text/plain; charset=utf-8", "text/plain; charset=utf-8"],
    ["a.png", "text/html\r\nx: y", "image/png"],
    ["a.png", "nonsense", "image/png"],
    ["a.jpeg", "", "image/jpeg"],
    ["weights.safetensors", undefined, "application/octet-stream"],
    ["constructor", undefined, "application/octet-stream"],
    ["x.constructor", undefined, "application/octet-stream"],
    ["archive.tar.gz", undefined, "application/gzip"],
    ["png", undefined, "application/octet-stream"],
  ])("%p sent as %p is %p", async (filename, content_type, expected) => {
    const { store } = await temporaryStore();
    expect((await store.store(bytes("x"), { filename, content_type })).content_type).toBe(expected);
  });

  test("a filename is kept as written and never becomes a path", async () => {
    const { store, left } = await temporaryStore();
    const names = [
      "../../etc/passwd",
      "/abs/ü 漢字.png",
      "a.json",
      "CON",
      ".hidden",
      "x\\y",
      "\u202Egpj.exe",
      "x".repeat(400),
    ];
    for (const filename of names)
      expect((await store.store(bytes("x"), { filename })).filename).toBe(filename);
    expect(left()).toHaveLength(names.length);
    for (const name of left()) expect(name).toMatch(/^blobs\/file_[0-9a-f]{32}$/);
  });

  test("a filename loses what no name holds", async () => {
    const { store } = await temporaryStore();
    const name = async (filename: string) => (await store.store(bytes("x"), { filename })).filename;
    expect(await name("a\r\nb\0c\x1b[31m")).toBe("abc[31m");
    expect(await name("\ud800x")).toBe("\ufffdx");
    expect(await name("\n")).toBe("upload");
    expect(Array.from(await name("漢".repeat(5000)))).toHaveLength(512);
  });

  test("staged bytes are no file before they are inserted", async () => {
    const { store, left } = await temporaryStore();
    const record = await store.stage(bytes("x"), {});
    expect(await store.get(record.file_id)).toBeUndefined();
    expect((await store.list()).data).toEqual([]);
    await store.insert(record);
    expect(await store.get(record.file_id)).toEqual(record);
    const other = await store.stage(bytes("y"), {});
    await store.discard(other);
    expect(left()).toEqual([`blobs/${record.file_id}`]);
  });

  test("a record can be inserted inside somebody's transaction, and goes with it", async () => {
    const { store, database } = await temporaryStore();
    const record = await store.stage(bytes("x"), {});
    const commit = database.transaction((fails: boolean) => {
      insertFile(database, record);
      if (fails) throw new Error("rolled back");
    });
    expect(() => commit(true)).toThrow("rolled back");
    expect(await store.get(record.file_id)).toBeUndefined();
    commit(false);
    expect(await store.get(record.file_id)).toEqual(record);
  });

  test("content that breaks off leaves nothing", async () => {
    const { store, left } = await temporaryStore();
    async function* broken() {
      yield bytes("half");
      throw new Error("connection lost");
    }
    expect(store.store(broken(), {})).rejects.toThrow("connection lost");
    await Bun.sleep(20);
    expect(left()).toEqual([]);
  });

  test("only the owner of the server may read the bytes", async () => {
    const { store, root } = await temporaryStore();
    const record = await store.store(bytes("x"), {});
    expect((await disk.stat(await store.local(record))).mode & 0o777).toBe(0o600);
    expect((await disk.stat(join(root, "blobs"))).mode & 0o777).toBe(0o700);
  });
});

describe("ids", () => {
  test.each(["../x", "file_", "file_0123", "file_XYZ", `file_${"a".repeat(33)}`, "' OR 1=1 --", ""])(
    "%p is nobody's",
    async (id) => {
      const { store } = await temporaryStore();
      expect(await store.get(id)).toBeUndefined();
      expect(await store.delete(id)).toBe(false);
    },
  );
});

describe("lists", () => {
  test("are newest first, in pages that survive deletions", async () => {
    const { store } = await temporaryStore();
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift((await store.store(bytes(String(i)), {})).file_id);
    const page = async (limit?: number, after?: string) => {
      const { data, has_more } = await store.list({ limit, after });
      return [data.map((record) => ids.indexOf(record.file_id)), has_more] as const;
    };
    expect(await page()).toEqual([[0, 1, 2, 3, 4, 5, 6], false]);
    expect(await page(3)).toEqual([[0, 1, 2], true]);
    expect(await page(3, ids[2])).toEqual([[3, 4, 5], true]);
    expect(await page(1, ids[5])).toEqual([[6], false]);
    expect(await page(7, ids[6])).toEqual([[], false]);
    await store.delete(ids[2]!);
    expect(await page(3, ids[2])).toEqual([[3, 4, 5], true]);
    expect(await page(2)).toEqual([[0, 1], true]);
  });

  test("remember removed files for a million others", async () => {
    const { store, database } = await temporaryStore();
    const removed: string[] = [];
    const passed = [500_000, 1_000_000, 0, 0];
    for (const files of passed) {
      const { file_id } = await store.store(bytes("x"), {});
      await store.delete(file_id);
      removed.push(file_id);
      database.run("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'files'", [files]);
    }
    const kept = database.query<{ n: number }, []>("SELECT count(*) AS n FROM removed_files").get()!.n;
    expect(kept).toBe(2);
    await expect(store.list({ after: removed[1]! })).rejects.toMatchObject({ code: "invalid_parameter" });
    expect(await store.list({ after: removed[2]! })).toEqual({ data: [], has_more: false });
  });

  test("refuse to go on after what never was a file", async () => {
    const { store } = await temporaryStore();
    for (const after of [`file_${"0".repeat(32)}`, "../x"]) {
      expect(store.list({ after })).rejects.toMatchObject({ code: "invalid_parameter" });
    }
  });
});

describe("deleting", () => {
  test("takes the record and the bytes", async () => {
    const { store, left } = await temporaryStore();
    const record = await store.store(bytes("x"), {});
    expect(await store.delete(record.file_id)).toBe(true);
    expect(await store.delete(record.file_id)).toBe(false);
    expect(await store.get(record.file_id)).toBeUndefined();
    expect(store.local(record)).rejects.toMatchObject({ code: "file_not_found" });
    expect(left()).toEqual([]);
  });
  test("works when the bytes are gone already", async () => {
    const { store } = await temporaryStore();
    const record = await store.store(bytes("x"), {});
    await disk.unlink(await store.local(record));
    expect(await store.delete(record.file_id)).toBe(true);
  });

  test("takes the bytes first when the disk is so full that the record cannot be removed", async () => {
    let full = true;
    const { store, left } = await temporaryStore({
      spend(write) {
        if (!full) return write();
        full = false;
        throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
      },
    });
    const record = await store.store(bytes("x"), {});
    expect(await store.delete(record.file_id)).toBe(true);
    expect(await store.get(record.file_id)).toBeUndefined();
    expect(left()).toEqual([]);
  });
});

describe("the sweep at start", () => {
  test("removes what no record names, tells what is missing, and leaves other people's files alone", async () => {
    const { store, root, left } = await temporaryStore();
    const kept = await store.store(bytes("kept"), {});
    const lost = await store.store(bytes("lost"), {});
    await disk.unlink(await store.local(lost));
    await store.stage(bytes("orphan"), {});
    const half = await store.writer({});
    await half.write(new Uint8Array(300_000));
    await disk.writeFile(join(root, "blobs", "notes.txt"), "mine");
    await disk.writeFile(join(root, "incoming", "notes.txt"), "mine");
    expect(left()).toHaveLength(5);
    expect(await store.sweep()).toEqual({ removed: 2, missing: [lost.file_id] });
    expect(left()).toEqual([`blobs/${kept.file_id}`, "blobs/notes.txt", "incoming/notes.txt"].sort());
    await half.abort();
  });

  test("a folder of another database is refused, so that no sweep empties it", async () => {
    const folder = temporaryFolder();
    const { store, root, left } = await temporaryStore({}, folder);
    await store.store(bytes("x"), {});
    const other = openDatabase(join(folder, "other.db"));
    expect(openLocalStore({ database: other, root })).rejects.toThrow("another data_dir");
    expect(left()).toHaveLength(1);
    const again = await openLocalStore({ database: openDatabase(join(folder, "easel.db")), root });
    expect((await again.list()).data).toHaveLength(1);
  });
});

describe("retention", () => {
  async function withFiles(sizes: readonly number[]) {
    let time = 100;
    const made = await temporaryStore({ now: () => time++ });
    const ids: string[] = [];
    for (const size of sizes) ids.push((await made.store.store(new Uint8Array(size), {})).file_id);
    const prune = async (limits: { before?: number; maxBytes?: number }, used: number[] = []) => {
      const inUse = async () => new Set(used.map((index) => ids[index]!));
      return (await made.store.prune({ ...limits, inUse })).map((id) => ids.indexOf(id));
    };
    return { ...made, prune };
  }
  test("nothing goes without a limit", async () => {
    const { prune } = await withFiles([10, 10]);
    expect(await prune({})).toEqual([]);
  });
  test("old files go", async () => {
    const { prune, left } = await withFiles([1, 1, 1, 1]);
    expect(await prune({ before: 102 })).toEqual([0, 1]);
    expect(left()).toHaveLength(2);
  });
  test("the oldest go until the rest fits", async () => {
    const { prune, store } = await withFiles([10, 20, 30, 40]);
    expect(await prune({ maxBytes: 75 })).toEqual([0, 1]);
    expect(await store.totals()).toEqual({ count: 2, bytes: 70 });
    expect(await prune({ maxBytes: 70 })).toEqual([]);
  });
  test("what a live job needs stays, and the next oldest goes instead", async () => {
    const { prune } = await withFiles([10, 20, 30, 40]);
    expect(await prune({ maxBytes: 75, before: 101 }, [0])).toEqual([1, 2]);
    expect(await prune({ maxBytes: 0 }, [0, 3])).toEqual([]);
  });
});

describe("a disk that fails", () => {
  const failure = (code: string) =>
    Object.assign(new Error(`${code}: write failed at /secret/path`), { code });

  /** The real disk, but its n-th call fails. */
  function failing(code: string) {
    const state = { countdown: Number.POSITIVE_INFINITY, calls: 0 };
    const tick = () => {
      state.calls++;
      if (--state.countdown === 0) throw failure(code);
    };
    const wrap =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        tick();
        return call(...args);
      };
    const open = async (...args: Parameters<typeof disk.open>) => {
      tick();
      const handle = await disk.open(...args);
      const write = handle.write.bind(handle) as (...args: unknown[]) => Promise<unknown>;
      const sync = handle.sync.bind(handle);
      return Object.assign(handle, { write: wrap(write), sync: wrap(sync) });
    };
    const layer = { ...disk, open, rename: wrap(disk.rename), statfs: wrap(disk.statfs as never) };
    return { layer: layer as unknown as Disk, state };
  }

  test.each(["ENOSPC", "EDQUOT", "EIO"])(
    "%s at any call leaves no file, no bytes and a store that works",
    async (code) => {
      const { layer, state } = failing(code);
      const { store, left, database, root } = await temporaryStore({ disk: layer });
      const content = new Uint8Array(700_000).fill(3);
      await store.store(content, { expected: content.length });
      const before = left();
      const calls = state.calls;
      await store.store(content, { expected: content.length });
      const perStore = state.calls - calls;
      expect(perStore).toBeGreaterThanOrEqual(6);
      const whole = left();
      expect(whole).toHaveLength(before.length + 1);

      for (let n = 1; n <= perStore; n++) {
        state.countdown = n;
        const error = await store.store(content, { expected: content.length }).then(
          () => null,
          (error: unknown) => error,
        );
        state.countdown = Number.POSITIVE_INFINITY;
        if (code === "EIO") expect(error).toMatchObject({ code: "store_failed" });
        else {
          expect(error).toBeInstanceOf(Refusal);
          expect(error).toMatchObject({
            code: "disk_full",
            message: "no space is left on the server's disk",
          });
        }
        expect(left()).toEqual(whole);
      }
      expect((await store.list()).data).toHaveLength(2);
      const reopened = await openLocalStore({ database, root });
      expect(await reopened.sweep()).toEqual({ removed: 0, missing: [] });
      await store.store(content, {});
    },
  );

  test("a record that cannot be written takes its bytes along", async () => {
    const { store, left, database } = await temporaryStore();
    database.run("PRAGMA query_only = ON");
    expect(store.store(bytes("x"), {})).rejects.toThrow("readonly");
    await Bun.sleep(20);
    expect(left()).toEqual([]);
  });

  test("an announced size that cannot fit is refused before a byte is written", async () => {
    const { store, left } = await temporaryStore();
    expect(store.writer({ expected: 2 ** 52 })).rejects.toMatchObject({ code: "disk_full" });
    expect(left()).toEqual([]);
  });
});

describe("a real full disk", () => {
  const mount = (folder: string) =>
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stderr: "ignore" })
      .exitCode === 0;
  const unmount = (folder: string) => Bun.spawnSync(["umount", folder]);
  const probe = mkdtempSync(join(tmpdir(), "easel-mount-"));
  // Most people may not mount a file system; for them the simulated failures above stand alone.
  const canMount = process.platform === "linux" && process.getuid?.() === 0 && mount(probe);
  if (canMount) unmount(probe);
  rmdirSync(probe);

  test.if(canMount)("answers disk_full, leaves nothing, and works again when there is room", async () => {
    const folder = temporaryFolder();
    const small = join(folder, "small");
    await disk.mkdir(small);
    expect(mount(small)).toBe(true);
    try {
      const { store } = await temporaryStore({ root: join(small, "files") }, folder);
      async function* much() {
        for (let i = 0; i < 40; i++) yield new Uint8Array(100_000);
      }
      const error = await store.store(much(), {}).catch((error: unknown) => error);
      expect(error).toMatchObject({ code: "disk_full" });
      expect(filesUnder(join(small, "files"))).toEqual([]);
      expect((await store.store(new Uint8Array(1_000_000), {})).size).toBe(1_000_000);
    } finally {
      unmount(small);
    }
  });
});
