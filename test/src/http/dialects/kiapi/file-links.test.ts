import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import type { FileStore } from "../../../../../src/files/store.ts";
import { createApp } from "../../../../../src/http/app.ts";
import type { Settings } from "../../../../../src/settings/settings.ts";
import { hasPostgres, hasS3, s3 } from "../../../../fleet/servers.ts";
import { temporaryStore } from "../../../files/folder.ts";
import { fleet, node } from "../../../files/shared/fleet.ts";
import { testDeps } from "../../deps.ts";

setDefaultTimeout(60_000);

const token = "secret-token";

interface Announced {
  upload_id: string;
  url: string;
  method: string;
  headers: Record<string, string>;
  expires_at: number;
}

/** A server behind a real socket, whose routes need a token. */
function served(files: FileStore, settings: Partial<Settings> = {}) {
  const app = createApp(testDeps({ auth_token: token, ...settings }, { files }));
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => app.fetch(request, {}) });
  afterAll(() => server.stop(true));
  const ask = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await fetch(new URL(path, server.url), {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return [answer.status, (await answer.json()) as T] as const;
  };
  const code = async (method: string, path: string, body?: unknown) => {
    const [status, answer] = await ask<{ code: string }>(method, path, body);
    return [status, answer.code] as const;
  };
  const begin = async (size: number, filename = "a b.png") =>
    (await ask<Announced>("POST", "/v1/files/uploads", { filename, size }))[1];
  return { origin: server.url.origin, ask, code, begin };
}

const send = async ({ url, method, headers }: Announced, body: BodyInit) => {
  const answer = await fetch(url, { method, headers, body });
  return [answer.status, await answer.text()] as const;
};
const codeOf = ([status, text]: readonly [number, string]) => [status, JSON.parse(text).code] as const;

const content = crypto.getRandomValues(new Uint8Array(100_000));
const sha256 = createHash("sha256").update(content).digest("hex");

describe("links of the server itself", () => {
  test("give a file without a token, whole and in parts, as an attachment", async () => {
    const { store } = await temporaryStore();
    const { ask, origin } = served(store);
    const record = await store.store(content, { filename: "a b.png" });
    const [status, link] = await ask<{ url: string; expires_at: number }>(
      "GET",
      `/v1/files/${record.file_id}/link`,
    );
    expect(status).toBe(200);
    expect(link.url).toStartWith(`${origin}/v1/files/${record.file_id}/`);
    expect(link.expires_at - Date.now() / 1000).toBeWithin(890, 901);
    const answer = await fetch(link.url);
    expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), Buffer.from(content))).toBe(0);
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="a b.png"');
    const part = await fetch(link.url, { headers: { range: "bytes=10-19" } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
    const head = await fetch(link.url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(content.length)]);
  });

  test("are for one file and one use, and expire", async () => {
    const { store } = await temporaryStore();
    const { ask, begin, code } = served(store);
    const [one, two] = [await store.store(content, {}), await store.store(content, {})];
    const [, { url }] = await ask<{ url: string }>("GET", `/v1/files/${one.file_id}/link`);
    const status = async (link: string, init?: RequestInit) => (await fetch(link, init)).status;
    expect(await status(url)).toBe(200);
    expect(await status(url.replace(one.file_id, two.file_id))).toBe(403);
    expect(await status(url.replace(/expires=\d+/, "expires=9999999999"))).toBe(403);
    expect(await status(url.replace(/expires=\d+/, "expires=1"))).toBe(403);
    expect(await status(url.replace(/\?.*/, ""))).toBe(403);
    expect(await status(url.replace(/linked.*/, "download"))).toBe(401);
    const upload = await begin(content.length);
    const other = await begin(content.length);
    expect(
      await status(upload.url.replace(upload.upload_id, other.upload_id), { method: "PUT", body: content }),
    ).toBe(403);
    expect(await status(upload.url)).toBe(401);
    expect(await status(upload.url.replace("?", "/complete?"), { method: "POST" })).toBe(401);
    expect(await code("GET", `/v1/files/file_${"0".repeat(32)}/link`)).toEqual([404, "file_not_found"]);
    await store.delete(one.file_id);
    expect(await status(url)).toBe(404);
  });

  test("take an upload, which is a file once it is completed", async () => {
    const { store } = await temporaryStore();
    const { ask, begin, origin, code } = served(store);
    const upload = await begin(content.length);
    expect(upload).toMatchObject({ method: "PUT", headers: { "content-length": "100000" } });
    expect(upload.url).toStartWith(`${origin}/v1/files/uploads/${upload.upload_id}?`);
    expect(await code("POST", `/v1/files/uploads/${upload.upload_id}/complete`)).toEqual([
      409,
      "upload_incomplete",
    ]);
    expect((await send(upload, content))[0]).toBe(204);
    expect((await store.list()).data).toEqual([]);
    const [status, record] = await ask<{ file_id: string }>(
      "POST",
      `/v1/files/uploads/${upload.upload_id}/complete`,
    );
    expect([status, record]).toEqual([
      200,
      expect.objectContaining({
        filename: "a b.png",
        content_type: "image/png",
        size: content.length,
        sha256,
      }),
    ]);
    expect(await ask("POST", `/v1/files/uploads/${upload.upload_id}/complete`)).toEqual([200, record]);
    expect(codeOf(await send(upload, content))).toEqual([404, "upload_not_found"]);
    expect((await store.list()).data).toHaveLength(1);
  });

  test("take exactly the announced bytes, and no announcement beyond the limit", async () => {
    const { store, left } = await temporaryStore();
    const { code, begin } = served(store, { max_upload_mb: 1 });
    const upload = await begin(content.length);
    expect(codeOf(await send(upload, content.subarray(1)))).toEqual([409, "upload_incomplete"]);
    expect(codeOf(await send(upload, new Uint8Array(5e6)))).toEqual([413, "too_large"]);
    const announce = (body: unknown) => code("POST", "/v1/files/uploads", body);
    expect(await announce({ filename: "a", size: 2 ** 20 + 1 })).toEqual([413, "too_large"]);
    for (const size of [-1, 1.5, 1e300, "many", null])
      expect(await announce({ filename: "a", size })).toEqual([422, "invalid_request"]);
    expect(await announce({ filename: "x".repeat(1025), size: 1 })).toEqual([422, "invalid_request"]);
    expect((await announce({ filename: "x".repeat(70_000), size: 1 }))[0]).toBe(413);
    expect(await code("POST", "/v1/files/uploads/..%2Fx/complete")).toEqual([404, "upload_not_found"]);
    expect(left()).toEqual([]);
  });
});

describe.skipIf(!hasPostgres || !hasS3)("links to a fleet's bucket", () => {
  const opened = async () => {
    const { endpoint } = await s3();
    const made = await fleet("bucket", { s3_public_endpoint: endpoint });
    return { made, endpoint, store: await node(made) };
  };

  test("lead to the bucket, down and up, and the server never sees the bytes", async () => {
    const { store, made, endpoint } = await opened();
    const { ask, begin } = served(store);
    const upload = await begin(content.length);
    expect(upload.url).toStartWith(`${endpoint}/easel/`);
    expect((await send(upload, content))[0]).toBe(200);
    const [status, record] = await ask<{ file_id: string }>(
      "POST",
      `/v1/files/uploads/${upload.upload_id}/complete`,
    );
    expect([status, record]).toEqual([200, expect.objectContaining({ size: content.length, sha256 })]);
    // whoever still has the link changes nothing
    expect((await send(upload, new Uint8Array(content.length)))[0]).toBe(200);
    const other = served(await node(made));
    const [, link] = await other.ask<{ url: string }>("GET", `/v1/files/${record.file_id}/link`);
    expect(link.url).toStartWith(`${endpoint}/easel/`);
    const answer = await fetch(link.url);
    expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), Buffer.from(content))).toBe(0);
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="a b.png"');
    expect(answer.headers.get("content-type")).toBe("image/png");
  });

  test("are completed by any node, and refuse other sizes than announced", async () => {
    const { store, made } = await opened();
    const [first, second] = [served(store), served(await node(made))];
    const upload = await first.begin(content.length);
    expect((await send(upload, content.subarray(1)))[0]).toBe(403);
    expect(await second.code("POST", `/v1/files/uploads/${upload.upload_id}/complete`)).toEqual([
      409,
      "upload_incomplete",
    ]);
    expect((await send(upload, content))[0]).toBe(200);
    const [status, record] = await second.ask<{ file_id: string }>(
      "POST",
      `/v1/files/uploads/${upload.upload_id}/complete`,
    );
    expect(status).toBe(200);
    expect(await first.ask("POST", `/v1/files/uploads/${upload.upload_id}/complete`)).toEqual([200, record]);
  });

  test("lead to the server where clients do not reach the bucket", async () => {
    const made = await fleet("bucket");
    const { ask, begin, origin } = served(await node(made));
    const upload = await begin(content.length);
    expect(upload.url).toStartWith(origin);
    expect((await send(upload, content))[0]).toBe(204);
    const [, record] = await ask<{ file_id: string }>(
      "POST",
      `/v1/files/uploads/${upload.upload_id}/complete`,
    );
    const [, link] = await ask<{ url: string }>("GET", `/v1/files/${record.file_id}/link`);
    expect(link.url).toStartWith(origin);
    expect(
      Buffer.compare(Buffer.from(await (await fetch(link.url)).arrayBuffer()), Buffer.from(content)),
    ).toBe(0);
  });
});
