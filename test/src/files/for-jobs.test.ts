import { afterAll, describe, expect, test } from "bun:test";
import { unlink } from "node:fs/promises";
import type { FileRef } from "../../../src/files/file.ts";
import { jobFiles, pruneFiles } from "../../../src/files/for-jobs.ts";
import { createOutbound } from "../../../src/net/outbound.ts";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { temporaryStore } from "./folder.ts";

const remote = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/missing") return new Response("no", { status: 404 });
    if (pathname === "/stream")
      return new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new Uint8Array(10));
            await Bun.sleep(20);
            controller.error(new Error("gone"));
          },
        }),
      );
    const headers = pathname === "/" || pathname.endsWith("/") ? { "content-type": "image/jpeg; q=1" } : {};
    return new Response(new Uint8Array(2000).fill(5), { headers });
  },
});
afterAll(() => remote.stop(true));
const at = (path: string) => `http://pictures.test:${remote.port}${path}`;

async function service(settings: Partial<Settings> = {}, used: () => string[] = () => []) {
  let time = 1_000_000;
  const made = await temporaryStore({ now: () => time++ });
  const outbound = createOutbound({
    allowPrivate: false,
    allowedHosts: ["pictures.test"],
    resolve: async () => ["127.0.0.1"],
  });
  const all = defaultSettings(settings);
  const jobs = jobFiles(made.store, outbound, all);
  const files = {
    ...jobs,
    resolve: (reference: FileRef, kind: string, signal = new AbortController().signal) =>
      jobs.resolve(reference, kind, signal),
    prune: () => pruneFiles(made.store, all, async () => new Set(used()), time),
  };
  return { ...made, files, sleep: (seconds: number) => (time += seconds) };
}
const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("was not refused");
    },
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  );

describe("a file_id", () => {
  test("leads to its bytes", async () => {
    const { files, store } = await service();
    const stored = await store.store(new Uint8Array([1, 2, 3]), { filename: "a.png" });
    const { path, record } = await files.resolve({ type: "file_id", file_id: stored.file_id }, "image");
    expect(record).toEqual(stored);
    expect(new Uint8Array(await Bun.file(path).arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
  });
  test("that nobody has is refused by its kind", async () => {
    const { files } = await service();
    const id = `file_${"0".repeat(32)}`;
    expect(await refused(files.resolve({ type: "file_id", file_id: id }, "lora"))).toBe(
      `unknown_file: unknown lora file_id '${id}'`,
    );
    for (const file_id of ["../../etc/passwd", "file_1", "x".repeat(10_000)]) {
      expect(await refused(files.resolve({ type: "file_id", file_id }, "image"))).toBe(
        "unknown_file: unknown image file_id",
      );
    }
  });
  test("whose bytes are gone is told without a path", async () => {
    const { files, store, root } = await service();
    const stored = await store.store(new Uint8Array(3), {});
    await unlink(await store.local(stored));
    const message = await refused(files.resolve({ type: "file_id", file_id: stored.file_id }, "image"));
    expect(message).toStartWith("file_not_found: ");
    expect(message).not.toContain(root);
  });
});

describe("a url", () => {
  test("is fetched and kept as a file of its own", async () => {
    const { files, store } = await service();
    const { record, path } = await files.resolve({ type: "url", url: at("/a/b%20c.png?x=1") }, "image");
    expect(record).toMatchObject({
      filename: "b%20c.png",
      content_type: "image/png",
      size: 2000,
      meta: { source: "url", url: at("/a/b%20c.png?x=1"), kind: "image" },
    });
    expect(await store.get(record.file_id)).toEqual(record);
    expect(Bun.file(path).size).toBe(2000);
  });
  test("without a name gets its kind's and its type's", async () => {
    const { files } = await service();
    const { record } = await files.resolve({ type: "url", url: at("/") }, "init_image");
    expect(record).toMatchObject({ filename: "init_image.jpg", content_type: "image/jpeg" });
  });
  test.each([
    [
      "http://127.0.0.1/x",
      "private_url: image url host '127.0.0.1' resolves to non-public address 127.0.0.1",
    ],
    ["file:///etc/passwd", "invalid_reference: image url must be an absolute http:// or https:// URL"],
  ])("%s is refused", async (url, message) => {
    const { files, left } = await service();
    expect(await refused(files.resolve({ type: "url", url }, "image"))).toBe(message);
    expect(left()).toEqual([]);
  });
  test("that fails, breaks off or is too large leaves nothing", async () => {
    const { files, left, store } = await service({ max_upload_mb: 0.001 });
    expect(await refused(files.resolve({ type: "url", url: at("/missing") }, "image"))).toContain(
      "fetch_failed: failed to fetch image url",
    );
    expect(await refused(files.resolve({ type: "url", url: at("/stream") }, "image"))).toStartWith(
      "fetch_failed: ",
    );
    expect(await refused(files.resolve({ type: "url", url: at("/x") }, "image"))).toStartWith("too_large: ");
    expect(left()).toEqual([]);
    expect((await store.list()).data).toEqual([]);
  });
  test("is not fetched once the job is cancelled", async () => {
    const { files, left } = await service();
    const signal = AbortSignal.abort(new Error("cancelled"));
    await expect(files.resolve({ type: "url", url: at("/x") }, "image", signal)).rejects.toThrow("cancelled");
    expect(left()).toEqual([]);
  });
});

test("a stored data URL is found again by its id", async () => {
  const { files, store } = await service();
  const record = await store.store(new Blob(["hello"]), {
    filename: "image.webp",
    content_type: "image/webp",
  });
  const reference = { type: "data_url", media_type: "image/webp", size: 5, file_id: record.file_id } as const;
  expect(await Bun.file((await files.resolve(reference, "image")).path).text()).toBe("hello");
});

test("an artifact is durable once staged and a file once its record is committed", async () => {
  const { files, store } = await service();
  const record = await files.stage(
    {
      bytes: new Uint8Array([9]),
      filename: "r.png",
      content_type: "image/png",
      meta: { seed: 1 },
    },
    new AbortController().signal,
  );
  expect(await store.get(record.file_id)).toBeUndefined();
  await store.insert(record);
  expect(await store.get(record.file_id)).toMatchObject({ filename: "r.png", meta: { seed: 1 }, size: 1 });
});

test("retention follows the settings and spares what live jobs need", async () => {
  const used: string[] = [];
  const { files, store, sleep } = await service({ files_ttl_days: 1, files_max_gb: 3e-6 }, () => used);
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push((await store.store(new Uint8Array(1000), {})).file_id);
  used.push(ids[0]!);
  expect(await files.prune()).toEqual([ids[1]!]);
  sleep(2 * 86_400);
  expect(await files.prune()).toEqual([ids[2]!, ids[3]!]);
  expect((await store.list()).data.map((record) => record.file_id)).toEqual([ids[0]!]);
  const off = await service();
  await off.store.store(new Uint8Array(10), {});
  off.sleep(1e9);
  expect(await off.files.prune()).toEqual([]);
});
