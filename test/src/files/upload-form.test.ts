import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { Refusal } from "../../../src/errors.ts";
import { FormError, readForm, readUpload } from "../../../src/files/upload-form.ts";
import { temporaryStore } from "./folder.ts";

const { store, left } = await temporaryStore();
const maxBytes = 3 * 1024 * 1024;

const requestOf = (request: Request) => ({
  body: request.body,
  contentType: request.headers.get("content-type"),
  contentLength: request.headers.get("content-length"),
});
const failures: unknown[] = [];
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    try {
      return Response.json((await readUpload(requestOf(request), { store, maxBytes })).record);
    } catch (error) {
      failures.push(error);
      if (error instanceof Refusal)
        return Response.json({ code: error.code, detail: error.message }, { status: error.status });
      if (error instanceof FormError) return Response.json({ detail: error.issues }, { status: 422 });
      return Response.json({ detail: String(error) }, { status: 500 });
    }
  },
});
afterAll(() => server.stop(true));

const post = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}) =>
  fetch(server.url, { method: "POST", body, headers });
const formOf = (...files: [name: string, value: string | File][]) => {
  const form = new FormData();
  for (const [name, value] of files) form.append(name, value);
  return form;
};
const sha256 = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
async function eventually(check: () => boolean) {
  for (let i = 0; i < 200 && !check(); i++) await Bun.sleep(10);
  expect(check()).toBe(true);
}

describe("an upload", () => {
  test("is stored as it is", async () => {
    const content = crypto.getRandomValues(new Uint8Array(60_000));
    const big = Buffer.concat(Array(40).fill(content));
    const response = await post(formOf(["file", new File([big], "größe.webp", { type: "image/webp" })]));
    const record = await response.json();
    expect(record).toMatchObject({
      filename: "größe.webp",
      content_type: "image/webp",
      size: big.length,
      sha256: sha256(big),
    });
    expect(await store.get(record.file_id)).toEqual(record);
    expect(Buffer.from(await Bun.file(await store.local(record)).arrayBuffer()).equals(big)).toBe(true);
  });

  test("of several files keeps the last alone", async () => {
    const before = left().length;
    const record = await (
      await post(formOf(["file", new File(["1"], "1")], ["file", new File(["22"], "2")], ["x", "y"]))
    ).json();
    expect(record).toMatchObject({ filename: "2", size: 2 });
    expect(left()).toHaveLength(before + 1);
  });

  test("without a filename is called upload", async () => {
    const body = '--B\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nx\r\n--B--';
    const record = await (await post(body, { "content-type": "multipart/form-data; boundary=B" })).json();
    expect(record).toMatchObject({ filename: "upload", content_type: "application/octet-stream", size: 1 });
  });

  test("of exactly the limit passes, a byte more is 413", async () => {
    const before = left();
    const most = await post(formOf(["file", new File([new Uint8Array(maxBytes)], "a")]));
    expect(most.status).toBe(200);
    const record = await most.json();
    const more = await post(formOf(["file", new File([new Uint8Array(maxBytes + 1)], "a")]));
    expect([more.status, await more.json()]).toEqual([
      413,
      { code: "too_large", detail: "The body is larger than 3 MB" },
    ]);
    await store.delete(record.file_id);
    expect(left()).toEqual(before);
  });
});

describe("a bad upload leaves nothing", () => {
  test.each([
    ["missing", formOf(["other", "x"]), { type: "missing", loc: ["body", "file"], msg: "Field required" }],
    [
      "missing",
      formOf(["other", new File(["x"], "x")]),
      { type: "missing", loc: ["body", "file"], msg: "Field required" },
    ],
    [
      "value_error",
      formOf(["file", "text"]),
      { type: "value_error", loc: ["body", "file"], msg: "Value error, expected a file, received text" },
    ],
  ])("a form without the file is %s", async (_, form, issue) => {
    const before = left();
    const response = await post(form);
    expect([response.status, await response.json()]).toEqual([422, { detail: [issue] }]);
    expect(left()).toEqual(before);
  });

  test("another content type is a missing field", async () => {
    for (const type of [
      "application/json",
      "application/x-www-form-urlencoded",
      "multipart/mixed; boundary=x",
    ]) {
      const response = await post("{}", { "content-type": type });
      expect(response.status).toBe(422);
      expect((await response.json()).detail[0].type).toBe("missing");
    }
  });

  test("a body that is cut off is 422", async () => {
    const before = left();
    const body = `--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${"x".repeat(500_000)}`;
    const response = await post(body, { "content-type": "multipart/form-data; boundary=B" });
    expect([response.status, (await response.json()).code]).toEqual([422, "invalid_request"]);
    expect(left()).toEqual(before);
  });

  test("a body that grows past the limit without a length is 413 before its end", async () => {
    const before = left();
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) =>
        controller.enqueue(
          Buffer.from('--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'),
        ),
      pull(controller) {
        sent += 65536;
        controller.enqueue(new Uint8Array(65536));
      },
    });
    const request = { body: endless, contentType: "multipart/form-data; boundary=B" };
    expect(await readUpload(request, { store, maxBytes }).catch((error) => error)).toMatchObject({
      code: "too_large",
    });
    expect(sent).toBeLessThan(maxBytes + 1_000_000);
    expect(left()).toEqual(before);
  });

  test("an announced length past the limit is 413 before a byte is read", async () => {
    const body = new ReadableStream<Uint8Array>(
      {
        pull: () => {
          throw new Error("was read");
        },
      },
      { highWaterMark: 0 },
    );
    const request = { body, contentType: "multipart/form-data; boundary=B", contentLength: "99999999" };
    expect(await readUpload(request, { store, maxBytes }).catch((error) => error)).toMatchObject({
      code: "too_large",
    });
  });

  test("endless text fields are 413", async () => {
    const response = await post(formOf(["note", "x".repeat(300_000)], ["file", new File(["x"], "x")]));
    expect([response.status, (await response.json()).code]).toEqual([413, "too_large"]);
  });

  test("a client that goes away in the middle leaves nothing and stops nobody", async () => {
    const before = left();
    failures.length = 0;
    const socket = connect(server.port!, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const head = '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
    socket.write(
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 2000000\r\n\r\n${head}${"x".repeat(700_000)}`,
    );
    await eventually(() => left().length > before.length);
    socket.destroy();
    await eventually(() => failures.length > 0);
    await eventually(() => left().length === before.length);
    expect((await post(formOf(["file", new File(["x"], "x")]))).status).toBe(200);
  });

  test("an insert that fails takes the bytes along", async () => {
    const own = await temporaryStore();
    own.database.run("PRAGMA query_only = ON");
    const request = new Request("http://x", { method: "POST", body: formOf(["file", new File(["x"], "x")]) });
    expect(await readUpload(requestOf(request), { store: own.store, maxBytes }).catch(String)).toContain(
      "readonly",
    );
    expect(own.left()).toEqual([]);
  });
});

test("a form with several named files and fields gives them all, staged", async () => {
  const own = await temporaryStore();
  const form = formOf(
    ["image[]", new File(["1"], "1.png")],
    ["image[]", new File(["22"], "2.png")],
    ["mask", new File(["333"], "m.png")],
    ["stray", new File(["4444"], "s.png")],
    ["prompt", "größer"],
  );
  const request = new Request("http://x", { method: "POST", body: form });
  const read = await readForm(requestOf(request), {
    store: own.store,
    maxBytes,
    fileFields: ["image[]", "mask"],
  });
  expect(read.files.map(({ name, record }) => [name, record.filename, record.size])).toEqual([
    ["image[]", "1.png", 1],
    ["image[]", "2.png", 2],
    ["mask", "m.png", 3],
  ]);
  expect(read.fields).toEqual([{ name: "prompt", text: "größer" }]);
  expect((await own.store.list()).data).toEqual([]);
  expect(own.left()).toHaveLength(3);
});
