/**
 * What every file store keeps to, wherever its bytes lie. A back end runs it by `testFileStore(backend)`.
 *
 * @module
 */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { FileRecord } from "../../src/files/file.ts";
import type { FileStore } from "../../src/files/store.ts";

export interface OpenFileStore {
  store: FileStore;
  /** Names of all that holds bytes of files, halves of writes among them. */
  left(): Promise<string[]>;
  /** Takes a file's bytes away behind the store's back. */
  lose(record: FileRecord): Promise<void>;
  /** As if that many other files had come and gone. */
  skip(files: number): unknown;
  /** How many removed files are remembered. */
  remembered(): Promise<number>;
}

export interface FileStoreBackend {
  name: string;
  /** `now` gives Unix seconds. */
  open(options?: { now?(): number }): Promise<OpenFileStore>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

export function testFileStore({ name, open }: FileStoreBackend): void {
  describe(name, () => {
    describe("storing", () => {
      test("gives a record and the same bytes back, whatever the content comes as", async () => {
        const { store } = await open({ now: () => 1234.5 });
        const content = crypto.getRandomValues(new Uint8Array(60_000));
        async function* inPieces() {
          for (let at = 0; at < content.length; at += 777) yield content.subarray(at, at + 777);
        }
        const list = [content.subarray(0, 0), content.subarray(0, 12_345), content.subarray(12_345)];
        for (const source of [content, list, new Blob([content]), new Blob([content]).stream(), inPieces()]) {
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

      test("gives parts of the bytes", async () => {
        const { store } = await open();
        const record = await store.store(bytes("0123456789"), {});
        const part = async (start: number, end: number) =>
          new Response(await store.read(record, { start, end })).text();
        expect(await Promise.all([part(0, 10), part(2, 5), part(9, 10), part(0, 0)])).toEqual([
          "0123456789",
          "234",
          "9",
          "",
        ]);
      });

      test("a piece may be used again by its sender once write resolves", async () => {
        const { store } = await open();
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
        const { store } = await open();
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
        const { store } = await open();
        expect((await store.store(bytes("x"), { filename, content_type })).content_type).toBe(expected);
      });

      test("a filename is kept as written and never becomes a path", async () => {
        const { store, left } = await open();
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
        expect(await left()).toHaveLength(names.length);
        for (const name of await left()) expect(name).toMatch(/^file_[0-9a-f]{32}$/);
      });

      test("a filename loses what no name holds", async () => {
        const { store } = await open();
        const name = async (filename: string) => (await store.store(bytes("x"), { filename })).filename;
        expect(await name("a\r\nb\0c\x1b[31m")).toBe("abc[31m");
        expect(await name("\ud800x")).toBe("\ufffdx");
        expect(await name("\n")).toBe("upload");
        expect(Array.from(await name("漢".repeat(5000)))).toHaveLength(512);
      });

      test("staged bytes are no file before they are inserted", async () => {
        const { store, left } = await open();
        const record = await store.stage(bytes("x"), {});
        expect(await store.get(record.file_id)).toBeUndefined();
        expect((await store.list()).data).toEqual([]);
        await store.insert(record);
        expect(await store.get(record.file_id)).toEqual(record);
        const other = await store.stage(bytes("y"), {});
        await store.discard(other);
        expect(await left()).toEqual([record.file_id]);
      });

      test("content that breaks off leaves nothing", async () => {
        const { store, left } = await open();
        async function* broken() {
          yield bytes("half");
          throw new Error("connection lost");
        }
        await expect(store.store(broken(), {})).rejects.toThrow("connection lost");
        expect(await left()).toEqual([]);
      });
    });

    describe("ids", () => {
      test.each(["../x", "file_", "file_0123", "file_XYZ", `file_${"a".repeat(33)}`, "' OR 1=1 --", ""])(
        "%p is nobody's",
        async (id) => {
          const { store } = await open();
          expect(await store.get(id)).toBeUndefined();
          expect(await store.delete(id)).toBe(false);
        },
      );
    });

    describe("lists", () => {
      test("are newest first, in pages that survive deletions", async () => {
        const { store } = await open();
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
        const { store, skip, remembered } = await open();
        const removed: string[] = [];
        const passed = [500_000, 1_000_000, 0, 0];
        for (const files of passed) {
          const { file_id } = await store.store(bytes("x"), {});
          await store.delete(file_id);
          removed.push(file_id);
          await skip(files);
        }
        expect(await remembered()).toBe(2);
        await expect(store.list({ after: removed[1]! })).rejects.toMatchObject({ code: "invalid_parameter" });
        expect(await store.list({ after: removed[2]! })).toEqual({ data: [], has_more: false });
      });

      test("refuse to go on after what never was a file", async () => {
        const { store } = await open();
        for (const after of [`file_${"0".repeat(32)}`, "../x"]) {
          await expect(store.list({ after })).rejects.toMatchObject({ code: "invalid_parameter" });
        }
      });
    });

    describe("deleting", () => {
      test("takes the record and the bytes", async () => {
        const { store, left } = await open();
        const record = await store.store(bytes("x"), {});
        expect(await store.delete(record.file_id)).toBe(true);
        expect(await store.delete(record.file_id)).toBe(false);
        expect(await store.get(record.file_id)).toBeUndefined();
        await expect(store.local(record)).rejects.toMatchObject({ code: "file_not_found" });
        for (const end of [0, 1])
          await expect(store.read(record, { start: 0, end })).rejects.toMatchObject({
            code: "file_not_found",
          });
        expect(await left()).toEqual([]);
      });
      test("works when the bytes are gone already", async () => {
        const { store, lose } = await open();
        const record = await store.store(bytes("x"), {});
        await lose(record);
        expect(await store.delete(record.file_id)).toBe(true);
      });
    });

    describe("the sweep at start", () => {
      test("removes what no record names, and tells what is missing", async () => {
        const { store, left, lose } = await open();
        const kept = await store.store(bytes("kept"), {});
        const lost = await store.store(bytes("lost"), {});
        await lose(lost);
        await store.stage(bytes("orphan"), {});
        const half = await store.writer({});
        await half.write(new Uint8Array(300_000));
        expect(await left()).toHaveLength(3);
        expect(await store.sweep(0)).toEqual({ removed: 2, missing: [lost.file_id] });
        expect(await left()).toEqual([kept.file_id]);
        await half.abort();
      });
    });

    describe("uploads by a link", () => {
      async function* inPieces(content: Uint8Array) {
        for (let at = 0; at < content.length; at += 777) yield content.subarray(at, at + 777);
      }
      const picture = { filename: "../a.png", size: 10_000 };

      test("become a file under another id, once", async () => {
        const { store, left } = await open();
        const content = crypto.getRandomValues(new Uint8Array(picture.size));
        const { id } = await store.uploads.begin(picture, 60);
        expect(id).toMatch(/^upload_[0-9a-f]{32}$/);
        await store.uploads.receive(id, inPieces(new Uint8Array(picture.size)));
        await store.uploads.receive(id, inPieces(content));
        expect(await left()).toEqual([]);
        const [record, same] = await Promise.all([store.uploads.complete(id), store.uploads.complete(id)]);
        expect(same).toEqual(record);
        expect(await store.uploads.complete(id)).toEqual(record);
        expect(record).toMatchObject({
          filename: "../a.png",
          content_type: "image/png",
          size: picture.size,
          sha256: sha256(content),
        });
        expect(await left()).toEqual([record.file_id]);
        await expect(store.uploads.receive(id, inPieces(content))).rejects.toMatchObject({
          code: "upload_not_found",
        });
        await store.delete(record.file_id);
        await expect(store.uploads.complete(id)).rejects.toMatchObject({ code: "upload_not_found" });
      });

      test("may be empty", async () => {
        const { store } = await open();
        const { id } = await store.uploads.begin({ filename: "", size: 0 }, 60);
        await store.uploads.receive(id, inPieces(new Uint8Array()));
        expect(await store.uploads.complete(id)).toMatchObject({ filename: "upload", size: 0 });
      });

      test("keep to the announced size", async () => {
        const { store, left } = await open();
        const { id } = await store.uploads.begin(picture, 60);
        const send = (size: number) => store.uploads.receive(id, inPieces(new Uint8Array(size)));
        await expect(send(picture.size + 1)).rejects.toMatchObject({ code: "too_large" });
        await expect(send(picture.size - 1)).rejects.toMatchObject({ code: "upload_incomplete" });
        await expect(store.uploads.complete(id)).rejects.toMatchObject({ code: "upload_incomplete" });
        expect((await store.list()).data).toEqual([]);
        expect(await left()).toEqual([]);
        await send(picture.size);
        expect((await store.uploads.complete(id)).size).toBe(picture.size);
      });

      test("that break off change nothing of what came before", async () => {
        const { store } = await open();
        const { id } = await store.uploads.begin({ filename: "a", size: 5 }, 60);
        await store.uploads.receive(id, inPieces(bytes("first")));
        async function* broken() {
          yield bytes("sec");
          throw new Error("connection lost");
        }
        await expect(store.uploads.receive(id, broken())).rejects.toThrow("connection lost");
        const record = await store.uploads.complete(id);
        expect(await Bun.file(await store.local(record)).text()).toBe("first");
      });

      test.each(["../x", "upload_", `upload_${"0".repeat(32)}`, `upload_${"0".repeat(32)}.json`, ""])(
        "%p is no upload",
        async (id) => {
          const { store } = await open();
          const code = "upload_not_found";
          await expect(store.uploads.complete(id)).rejects.toMatchObject({ code });
          await expect(store.uploads.receive(id, inPieces(bytes("x")))).rejects.toMatchObject({ code });
        },
      );

      test("go after a day", async () => {
        let now = Date.now() / 1000;
        const { store } = await open({ now: () => now });
        const { id } = await store.uploads.begin({ filename: "a", size: 1 }, 60);
        await store.uploads.receive(id, inPieces(bytes("x")));
        await store.sweep(0);
        now += 86_400 + 60;
        await store.sweep(86_400);
        await expect(store.uploads.complete(id)).rejects.toMatchObject({ code: "upload_not_found" });
      });
    });

    test("of those that share the files, one at a time does a part of the upkeep", async () => {
      const { store } = await open();
      const turns = await Promise.all([1, 2, 3].map(() => store.takeTurn("prune", 3600)));
      expect(turns.filter(Boolean)).toHaveLength(1);
      expect(await store.takeTurn("sweep", 3600)).toBe(true);
      expect(await store.takeTurn("prune", 0)).toBe(true);
    });

    describe("retention", () => {
      async function withFiles(sizes: readonly number[]) {
        let time = 100;
        const made = await open({ now: () => time++ });
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
        expect(await left()).toHaveLength(2);
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
  });
}
