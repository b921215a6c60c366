import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmdirSync } from "node:fs";
import * as disk from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openDatabase } from "../../../src/database.ts";
import { Refusal } from "../../../src/errors.ts";
import type { Disk } from "../../../src/files/blobs.ts";
import { openLocalStore } from "../../../src/files/local.ts";
import { insertFile } from "../../../src/files/records.ts";
import { testFileStore } from "../../contract/files-store.ts";
import { filesUnder, temporaryFolder, temporaryStore } from "./folder.ts";

testFileStore({
  name: "the file store in a local folder",
  async open(options = {}) {
    const { store, database, left } = await temporaryStore(options);
    return {
      store,
      left: async () => left().map((path) => basename(path)),
      lose: async (record) => disk.unlink(await store.local(record)),
      skip: (files) =>
        void database.run("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'files'", [files]),
      remembered: async () =>
        database.query<{ n: number }, []>("SELECT count(*) AS n FROM removed_files").get()!.n,
    };
  },
});

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a local folder", () => {
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

  test("only the owner of the server may read the bytes", async () => {
    const { store, root } = await temporaryStore();
    const record = await store.store(bytes("x"), {});
    expect((await disk.stat(await store.local(record))).mode & 0o777).toBe(0o600);
    expect((await disk.stat(join(root, "blobs"))).mode & 0o777).toBe(0o700);
  });
  test("a link in the place of a file's bytes is not followed", async () => {
    const folder = temporaryFolder();
    const { store, root } = await temporaryStore({}, folder);
    const record = await store.store(bytes("x"), {});
    const other = join(folder, "other.txt");
    await disk.writeFile(other, "y");
    const path = join(root, "blobs", record.file_id);
    await disk.unlink(path);
    await disk.symlink(other, path);
    for (const ask of [() => store.local(record), () => store.read(record, { start: 0, end: 1 })])
      await expect(ask()).rejects.toMatchObject({ code: "file_not_found" });
    expect(await store.delete(record.file_id)).toBe(true);
    expect(await disk.readFile(other, "utf8")).toBe("y");
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
  test("a folder of another database is refused, so that no sweep empties it", async () => {
    const folder = temporaryFolder();
    const { store, root, left } = await temporaryStore({}, folder);
    await store.store(bytes("x"), {});
    const other = openDatabase(join(folder, "other.db"));
    await expect(openLocalStore({ database: other, root })).rejects.toThrow("another data_dir");
    expect(left()).toHaveLength(1);
    const again = await openLocalStore({ database: openDatabase(join(folder, "easel.db")), root });
    expect((await again.list()).data).toHaveLength(1);
  });

  test("keeps other people's files through a sweep", async () => {
    const { store, root, left } = await temporaryStore();
    await disk.writeFile(join(root, "blobs", "notes.txt"), "mine");
    await disk.writeFile(join(root, "incoming", "notes.txt"), "mine");
    expect(await store.sweep(0)).toEqual({ removed: 0, missing: [] });
    expect(left()).toEqual(["blobs/notes.txt", "incoming/notes.txt"]);
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
      expect(await reopened.sweep(0)).toEqual({ removed: 0, missing: [] });
      await store.store(content, {});
    },
  );

  test("a record that cannot be written takes its bytes along", async () => {
    const { store, left, database } = await temporaryStore();
    database.run("PRAGMA query_only = ON");
    await expect(store.store(bytes("x"), {})).rejects.toThrow("readonly");
    expect(left()).toEqual([]);
  });

  test("an announced size that cannot fit is refused before a byte is written", async () => {
    const { store, left } = await temporaryStore();
    await expect(store.writer({ expected: 2 ** 52 })).rejects.toMatchObject({ code: "disk_full" });
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
