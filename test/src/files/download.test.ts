import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../src/errors.ts";
import { attachment, planDownload } from "../../../src/files/download.ts";
import type { FileRecord } from "../../../src/files/file.ts";
import { temporaryStore } from "./folder.ts";

const record: FileRecord = {
  file_id: `file_${"a".repeat(32)}`,
  filename: "a.png",
  content_type: "image/png",
  size: 100,
  sha256: "f".repeat(64),
  created_at: 1_766_200_000.75,
  meta: {},
};
const etag = `"${record.sha256}"`;
const modified = "Sat, 20 Dec 2025 03:06:40 GMT";
const plan = (headers: Record<string, string> = {}, of: Partial<FileRecord> = {}) =>
  planDownload({ ...record, ...of }, new Headers(headers));
const refused = (headers: Record<string, string>, of: Partial<FileRecord> = {}) => {
  try {
    plan(headers, of);
  } catch (error) {
    return error as Refusal;
  }
  throw new Error("was not refused");
};

test("a download without conditions is the whole file, to be saved and never run", () => {
  expect(plan()).toEqual({
    status: 200,
    slice: { start: 0, end: 100 },
    headers: {
      "content-type": "image/png",
      "content-disposition": 'attachment; filename="a.png"',
      "content-length": "100",
      "accept-ranges": "bytes",
      etag,
      "last-modified": modified,
      "cache-control": "private, no-cache",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "cross-origin-resource-policy": "same-origin",
    },
  });
});

test("text has a charset", () => {
  expect(plan({}, { content_type: "text/html" }).headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(plan({}, { content_type: "text/plain; charset=latin1" }).headers["content-type"]).toBe(
    "text/plain; charset=latin1",
  );
});

describe("ranges", () => {
  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=0-", 0, 100],
    ["bytes=10-19", 10, 20],
    ["bytes=90-500", 90, 100],
    ["bytes=99-99", 99, 100],
    ["bytes=-1", 99, 100],
    ["bytes=-500", 0, 100],
    ["Bytes = 5 - 6", 5, 7],
  ])("%s is 206", (range, start, end) => {
    const { status, slice, headers } = plan({ range });
    expect({ status, slice }).toEqual({ status: 206, slice: { start, end } });
    expect(headers["content-range"]).toBe(`bytes ${start}-${end - 1}/100`);
    expect(headers["content-length"]).toBe(String(end - start));
  });
  test.each(["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999-"])("%s is 416", (range) => {
    const error = refused({ range });
    expect(error).toBeInstanceOf(Refusal);
    expect(error.status).toBe(416);
    expect(error.headers["content-range"]).toBe("bytes */100");
  });
  test.each([
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=5-4",
    "lines=1-2",
    "bytes=0-1,5-6",
    `bytes=${"0-1,".repeat(5000)}0-1`,
    "bytes=9999999999999999999-",
    "x",
  ])("a header that is not one range gives the whole file", (range) => {
    expect(plan({ range })).toMatchObject({ status: 200, slice: { start: 0, end: 100 } });
  });
  test("of an empty file there is no range", () => {
    expect(plan({}, { size: 0 })).toMatchObject({ status: 200, slice: { start: 0, end: 0 } });
    expect(refused({ range: "bytes=0-" }, { size: 0 }).status).toBe(416);
    expect(refused({ range: "bytes=-5" }, { size: 0 }).status).toBe(416);
  });
  test("any header gives a slice inside the file, or a refusal", () => {
    const headers = fc.oneof(
      fc
        .tuple(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.bigInt({ min: 0n, max: 2n ** 70n }))
        .map(([a, b]) => `bytes=${a}-${b}`),
      fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat(300).map((n) => `bytes=-${n}`),
      fc.string({ unit: fc.constantFrom(..."bytes=-,0123456789 "), maxLength: 30 }),
    );
    fc.assert(
      fc.property(headers, fc.nat(200), (range, size) => {
        try {
          const { status, slice } = plan({ range }, { size });
          expect(slice!.start).toBeGreaterThanOrEqual(0);
          expect(slice!.end).toBeLessThanOrEqual(size);
          if (status === 206) expect(slice!.start).toBeLessThan(slice!.end);
          else expect(slice).toEqual({ start: 0, end: size });
        } catch (error) {
          expect(error).toMatchObject({ code: "range_not_satisfiable" });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("conditions", () => {
  test.each([
    { "if-none-match": etag },
    { "if-none-match": `"x", W/${etag}` },
    { "if-none-match": "*" },
    { "if-modified-since": modified },
    { "if-modified-since": "Fri, 01 Jan 2027 00:00:00 GMT" },
    { "if-none-match": etag, range: "bytes=0-1" },
  ])("%p is 304 without a body", (headers) => {
    expect(plan(headers as Record<string, string>)).toEqual({
      status: 304,
      slice: null,
      headers: { etag, "last-modified": modified, "cache-control": "private, no-cache" },
    });
  });
  test.each([
    { "if-none-match": '"other"' },
    { "if-modified-since": "Sat, 20 Dec 2025 03:06:39 GMT" },
    { "if-modified-since": "yesterday" },
    { "if-none-match": '"other"', "if-modified-since": modified },
  ])("%p is 200", (headers) => {
    expect(plan(headers as Record<string, string>).status).toBe(200);
  });
  test.each([
    [etag, 206],
    [modified, 206],
    ['"other"', 200],
    [`W/${etag}`, 200],
    ["Fri, 01 Jan 2027 00:00:00 GMT", 200],
    ["nonsense", 200],
  ])("If-Range %s is %i", (condition, status) => {
    expect(plan({ range: "bytes=0-1", "if-range": condition }).status).toBe(status as 200);
  });
});

describe("the name in the answer", () => {
  test.each([
    ["a b.png", 'attachment; filename="a b.png"'],
    ["größe.png", "attachment; filename=\"gr__e.png\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.png"],
    ['q"\\%.png', "attachment; filename=\"q___.png\"; filename*=UTF-8''q%22_%25.png"],
    ["../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'],
    ["it's (1)*.png", 'attachment; filename="it\'s (1)*.png"'],
  ])("%p", (name, header) => {
    expect(attachment(name)).toBe(header);
  });
  test("is a header that can be sent, whatever the name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const value = attachment(name);
        expect(new Headers({ "content-disposition": value }).get("content-disposition")).toBe(value);
        expect(value).toMatch(/^attachment; filename="[^"\\/\r\n]*"(; filename\*=UTF-8''[\w.~!%-]*)?$/);
      }),
    );
  });
});

test("a plan answers over a socket as it says", async () => {
  const { store } = await temporaryStore();
  const content = crypto.getRandomValues(new Uint8Array(50_000));
  const stored = await store.store(content, { filename: "a.bin" });
  const path = await store.local(stored);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { status, headers, slice } = planDownload(stored, request.headers);
      return new Response(slice && Bun.file(path).slice(slice.start, slice.end), { status, headers });
    },
  });
  afterAll(() => server.stop(true));
  const whole = await fetch(server.url);
  expect(new Uint8Array(await whole.arrayBuffer())).toEqual(content);
  expect(whole.headers.get("content-length")).toBe("50000");
  const part = await fetch(server.url, { headers: { range: "bytes=1000-1999" } });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe("bytes 1000-1999/50000");
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(content.subarray(1000, 2000));
  for (const headers of [
    { range: "bytes=0-1", "if-range": '"other"' },
    { range: "bytes=0-1,5-6" },
    { range: "bytes=5-4" },
  ]) {
    const ignored = await fetch(server.url, { headers: headers as Record<string, string> });
    expect([ignored.status, (await ignored.arrayBuffer()).byteLength]).toEqual([200, 50_000]);
  }
  const head = await fetch(server.url, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "50000", ""]);
  const same = await fetch(server.url, { headers: { "if-none-match": `"${stored.sha256}"` } });
  expect([same.status, await same.text()]).toEqual([304, ""]);
});
