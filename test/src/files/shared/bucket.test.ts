import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bucket, type BucketOptions } from "../../../../src/files/shared/bucket.ts";
import { hasS3, s3 } from "../../../fleet/servers.ts";

setDefaultTimeout(60_000);

const text = (words: string) => new TextEncoder().encode(words);
const quick = { answer: 300, silence: 300, rate: 1e6, pauses: [10, 10, 10] };

async function options(more: Partial<BucketOptions> = {}): Promise<BucketOptions> {
  const { endpoint, region, bucket, accessKey, secretKey } = await s3();
  const prefix = `test-${crypto.randomUUID()}/`;
  return { endpoint, region, bucket, prefix, keys: { accessKey, secretKey }, ...more };
}
const open = async (more: Partial<BucketOptions> = {}) => new Bucket(await options(more));

const read = async (got: Awaited<ReturnType<Bucket["get"]>>) => got && new Response(got.body).text();

/** A server that answers as it is told, behind a real socket. */
function server(answer: (request: Request) => Response | Promise<Response>) {
  const started = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  return { endpoint: started.url.origin, [Symbol.dispose]: () => void started.stop(true) };
}

describe.skipIf(!hasS3)("a bucket", () => {
  test("keeps objects, whole and in parts", async () => {
    const bucket = await open();
    await bucket.put("a b/ü+'(x)!*", text("0123456789"));
    expect(await read(await bucket.get("a b/ü+'(x)!*"))).toBe("0123456789");
    const part = await bucket.get("a b/ü+'(x)!*", { start: 2, end: 5 });
    expect(part?.size).toBe(10);
    expect(await read(part)).toBe("234");
    expect(await bucket.head("a b/ü+'(x)!*")).toMatchObject({ size: 10 });
    expect(await bucket.get("nothing")).toBeUndefined();
    expect(await bucket.head("nothing")).toBeUndefined();
    await bucket.remove("a b/ü+'(x)!*");
    await bucket.remove("a b/ü+'(x)!*");
    expect(await bucket.head("a b/ü+'(x)!*")).toBeUndefined();
  });

  test("takes an empty object and a file of 20 MB", async () => {
    const bucket = await open();
    const path = join(mkdtempSync(join(tmpdir(), "easel-bucket-")), "blob");
    const bytes = new Uint8Array(20e6).map((_, at) => at % 251);
    writeFileSync(path, bytes);
    await bucket.put("empty", new Uint8Array());
    await bucket.put("large", Bun.file(path));
    expect(await read(await bucket.get("empty"))).toBe("");
    const got = await bucket.get("large");
    expect(Buffer.compare(Buffer.from(await new Response(got!.body).arrayBuffer()), Buffer.from(bytes))).toBe(
      0,
    );
  });

  test("lists more than a page, in order, and its own prefix alone", async () => {
    const given = await options();
    const bucket = new Bucket(given);
    const keys = Array.from({ length: 1003 }, (_, n) => `x/${String(n).padStart(4, "0")}&<'">`);
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((key) => bucket.put(key, text(""))));
    const found: string[] = [];
    for await (const { key } of bucket.list("x/")) found.push(key);
    expect(found).toEqual(keys);
    for await (const entry of new Bucket({ ...given, prefix: "other/" }).list(""))
      expect(entry).toBeUndefined();
  });

  test("refuses with the server's word for it", async () => {
    const { accessKey } = (await options()).keys;
    const admin = { accessKey: "admin", secretKey: "admin-test-secret" };
    const missing = await open({ bucket: "missing", keys: admin });
    await expect(missing.get("x")).rejects.toMatchObject({ code: "NoSuchBucket" });
    const forbidden = await open({ bucket: "missing" });
    await expect(forbidden.get("x")).rejects.toMatchObject({ code: "AccessDenied" });
    const wrong = await open({ keys: { accessKey, secretKey: "wrong" } });
    await expect(wrong.put("x", text("y"))).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
    const unknown = await open({ keys: { accessKey: "nobody", secretKey: "wrong" } });
    await expect(unknown.get("x")).rejects.toMatchObject({ code: "InvalidAccessKeyId" });
  });

  test("gives links that are for one object, expire, and send it as an attachment", async () => {
    const { endpoint } = await options();
    const bucket = await open({ publicEndpoint: endpoint });
    await bucket.put("one", text("one"));
    await bucket.put("two", text("two"));
    const answer = { type: "image/png", disposition: `attachment; filename="a b.png"` };
    const link = bucket.link("one", 60, answer);
    const good = await fetch(link);
    expect(await good.text()).toBe("one");
    expect(good.headers.get("content-disposition")).toBe(answer.disposition);
    expect(good.headers.get("content-type")).toBe("image/png");
    expect((await fetch(link.replace("/one?", "/two?"))).status).toBe(403);
    expect((await fetch(link.replace("image%2Fpng", "text%2Fhtml"))).status).toBe(403);
    expect((await fetch(link, { method: "PUT", body: "other" })).status).toBe(403);
    const short = bucket.link("one", 1, answer);
    await Bun.sleep(2100);
    expect((await fetch(short)).status).toBe(403);
  });

  test("takes uploads by a link, of the announced size alone", async () => {
    const { endpoint } = await options();
    const bucket = await open({ publicEndpoint: endpoint });
    const { url } = bucket.uploadLink("incoming/x", 60, 5);
    expect((await fetch(url, { method: "PUT", body: "12345" })).status).toBe(200);
    expect((await fetch(url, { method: "PUT", body: "123456" })).status).toBe(403);
    expect((await fetch(url, { method: "PUT", body: "1234" })).status).toBe(403);
    expect(await read(await bucket.get("incoming/x"))).toBe("12345");
  });
});

describe("a bucket's server that is away", () => {
  const keys = { accessKey: "key", secretKey: "secret" };
  const away = (endpoint: string) =>
    new Bucket({ endpoint, region: "us-east-1", bucket: "b", prefix: "", keys, deadlines: quick });
  const unavailable = {
    code: "files_unavailable",
    status: 503,
    headers: { "Retry-After": expect.any(String) },
  };

  test("is asked four times when it refuses connections or fails", async () => {
    await expect(away("http://127.0.0.1:9").get("x")).rejects.toMatchObject(unavailable);
    let asked = 0;
    using failing = server(() => {
      asked++;
      return new Response("busy", { status: 503 });
    });
    await expect(away(failing.endpoint).put("x", text("y"))).rejects.toMatchObject(unavailable);
    expect(asked).toBe(4);
  });

  test("is given up when it is silent: at once, and in the middle of the bytes", async () => {
    const sockets: { end(): void }[] = [];
    using listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void sockets.push(socket), data() {} },
    });
    const bucket = away(`http://127.0.0.1:${listener.port}`);
    await expect(bucket.put("x", text("y"))).rejects.toMatchObject(unavailable);
    await expect(bucket.put("x", new Uint8Array(3e6))).rejects.toMatchObject(unavailable);
    await expect(bucket.get("x")).rejects.toMatchObject(unavailable);
    await expect(bucket.remove("x")).rejects.toMatchObject(unavailable);
    await expect(Array.fromAsync(bucket.list(""))).rejects.toMatchObject(unavailable);
    for (const socket of sockets) socket.end();

    using half = server(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(text("half"));
            },
          }),
          { headers: { "content-length": "8" } },
        ),
    );
    const got = await away(half.endpoint).get("x");
    await expect(new Response(got!.body).text()).rejects.toThrow("broke off");
  });

  test("is not followed to another address", async () => {
    let reached = false;
    using other = server(() => {
      reached = true;
      return new Response("x");
    });
    using redirecting = server(() => Response.redirect(other.endpoint, 301));
    await expect(away(redirecting.endpoint).get("x")).rejects.toMatchObject({ status: 301 });
    expect(reached).toBe(false);
  });

  test("leaves no request behind when the caller gives up", async () => {
    using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const caller = new AbortController();
    const asked = away(`http://127.0.0.1:${listener.port}`).get("x", undefined, caller.signal);
    caller.abort(new Error("gone"));
    await expect(asked).rejects.toThrow("gone");
  });
});
