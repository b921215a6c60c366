import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "../../../../../src/http/app.ts";
import { temporaryStore } from "../../../files/folder.ts";
import { testDeps } from "../../deps.ts";

const { store } = await temporaryStore();
const app = createApp(testDeps({}, { files: store }));
const street = readFileSync(join(import.meta.dir, "../../../../../examples/street.jpg"));
const stored = await store.store(street, { filename: "street.jpg" });
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });
const place = `/v1/files/${stored.file_id}/thumbnail`;

test("a thumbnail is WebP, may be kept by browsers, and is not sent twice", async () => {
  const answer = await get(`${place}?size=64`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/webp"]);
  const etag = answer.headers.get("etag")!;
  expect(answer.headers.get("cache-control")).toStartWith("private");
  expect((await answer.arrayBuffer()).byteLength).toBeLessThan(street.length / 4);
  expect((await get(`${place}?size=64`, { "if-none-match": etag })).status).toBe(304);
  expect((await get(place)).headers.get("etag")).not.toBe(etag);
});

test("another size, an unknown file and a file without a picture are refused with their codes", async () => {
  const text = await store.store(new TextEncoder().encode("hello"), { filename: "a.txt" });
  const code = async (path: string) => {
    const answer = await get(path);
    return [answer.status, ((await answer.json()) as { code: string }).code];
  };
  expect(await code(`${place}?size=100`)).toEqual([422, "invalid_request"]);
  expect(await code("/v1/files/file_0123/thumbnail")).toEqual([404, "file_not_found"]);
  expect(await code(`/v1/files/${text.file_id}/thumbnail`)).toEqual([415, "no_thumbnail"]);
});

test("a deleted file has no thumbnail any more", async () => {
  const other = await store.store(street, { filename: "again.jpg" });
  const path = `/v1/files/${other.file_id}/thumbnail`;
  expect((await get(path)).status).toBe(200);
  await app.request(`/v1/files/${other.file_id}`, { method: "DELETE" });
  expect((await get(path)).status).toBe(404);
});
