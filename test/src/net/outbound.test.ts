import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOutbound, type OutboundOptions } from "../../../src/net/outbound.ts";

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const cleanup of cleanups) cleanup();
});

let requests: { url: string; method: string; headers: Record<string, string>; body: string }[] = [];
beforeEach(() => {
  requests = [];
});

/** A server whose paths say how it behaves. */
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const url = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    requests.push({ url: request.url, method: request.method, headers, body: await request.text() });
    const [, word, argument = ""] = url.pathname.split("/");
    if (word === "redirect") {
      return new Response(null, {
        status: Number(argument),
        headers: { location: url.searchParams.get("to")! },
      });
    }
    if (word === "hops") {
      const left = Number(argument);
      return left === 0
        ? new Response("there")
        : new Response(null, { status: 302, headers: { location: `/hops/${left - 1}` } });
    }
    if (word === "status") return new Response("x", { status: Number(argument) });
    if (word === "gzip")
      return new Response(Bun.gzipSync(new Uint8Array(1_000_000)), {
        headers: { "content-encoding": "gzip" },
      });
    return new Response(new Uint8Array(100_000).fill(7), { headers: { "content-type": "image/png" } });
  },
});
cleanups.push(() => server.stop(true));
const at = (path: string, host = "pictures.test") => `http://${host}:${server.port}${path}`;

/** A server that sends these bytes and then does as told. */
async function raw(answer: string | ((socket: Socket) => void)): Promise<string> {
  const listener: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => (typeof answer === "string" ? socket.end(answer) : answer(socket)));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => listener.close());
  return `http://pictures.test:${(listener.address() as { port: number }).port}/`;
}

const outbound = (over: Partial<OutboundOptions> = {}) =>
  createOutbound({
    allowPrivate: false,
    allowedHosts: ["pictures.test", "hooks.test"],
    resolve: async () => ["127.0.0.1"],
    ...over,
  });
async function get(
  url: string,
  over: Partial<OutboundOptions> = {},
  maxBytes = 1_000_000,
  signal?: AbortSignal,
) {
  const fetched = await outbound(over).get(url, { what: "image url", maxBytes, signal });
  const chunks: Uint8Array[] = [];
  for await (const chunk of fetched.body) chunks.push(Uint8Array.from(chunk));
  return { ...fetched, bytes: Buffer.concat(chunks) };
}
const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("was not refused");
    },
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  );

describe("getting", () => {
  test("gives the bytes, their type and their length", async () => {
    const { bytes, contentType, length, url } = await get(at("/a%20b?c=d#e"));
    expect(bytes.equals(new Uint8Array(100_000).fill(7))).toBe(true);
    expect({ contentType, length, url: url.pathname }).toEqual({
      contentType: "image/png",
      length: 100_000,
      url: "/a%20b",
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]!.url).toBe(at("/a%20b?c=d"));
    expect(requests[0]!.headers).toMatchObject({
      host: `pictures.test:${server.port}`,
      "accept-encoding": "identity",
      "user-agent": "easel",
    });
  });

  test("connects to the vetted address, whatever the name means later", async () => {
    let asked = 0;
    // 127.0.0.2 has no server: a second look-up would fail.
    const resolve = async () => [asked++ === 0 ? "127.0.0.1" : "127.0.0.2"];
    expect((await get(at("/"), { resolve })).bytes).toHaveLength(100_000);
    expect(asked).toBe(1);
  });

  test("goes on to the next address when nobody listens at the first", async () => {
    const resolve = async () => ["127.0.0.3", "127.0.0.1"];
    expect((await get(at("/"), { resolve })).bytes).toHaveLength(100_000);
  });

  test("follows no proxy of the environment", async () => {
    const proxy = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("from the proxy") });
    cleanups.push(() => proxy.stop(true));
    const program = `
      import { createOutbound } from ${JSON.stringify(join(import.meta.dir, "../../../src/net/outbound.ts"))};
      const outbound = createOutbound({ allowPrivate: true, allowedHosts: [], resolve: async () => ["127.0.0.1"] });
      const { body } = await outbound.get(${JSON.stringify(at("/"))}, { what: "url", maxBytes: 1e6 });
      let size = 0;
      for await (const chunk of body) size += chunk.length;
      console.log(size);
    `;
    const env = Object.fromEntries(
      ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"].map((name) => [
        name,
        proxy.url.href,
      ]),
    );
    const child = Bun.spawn([process.execPath, "-e", program], {
      env: { ...process.env, ...env },
      stdout: "pipe",
    });
    expect((await new Response(child.stdout).text()).trim()).toBe("100000");
  });
});

describe("redirects", () => {
  test("are followed three times at most", async () => {
    const { bytes, url } = await get(at("/hops/3"));
    expect([bytes.toString(), url.pathname]).toEqual(["there", "/hops/0"]);
    expect(await refused(get(at("/hops/4")))).toContain("fetch_failed: failed to fetch image url");
    expect(await refused(get(at("/hops/4")))).toContain("more than 3 redirects");
  });
  test.each([301, 302, 303, 307, 308])("%i is one", async (status) => {
    expect((await get(at(`/redirect/${status}?to=/hops/0`))).bytes.toString()).toBe("there");
  });
  test("to a private place are refused and not called", async () => {
    const secret = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("secret") });
    cleanups.push(() => secret.stop(true));
    let called = 0;
    for (const to of [
      `http://127.0.0.1:${secret.port}/`,
      "http://127.0.0.1/",
      "http://169.254.169.254/",
      "http://[::ffff:127.0.0.1]/",
      "//127.0.0.1/x",
      "http://internal.test/",
    ]) {
      expect(await refused(get(at(`/redirect/302?to=${encodeURIComponent(to)}`)))).toStartWith(
        "private_url: ",
      );
      called++;
    }
    expect(requests).toHaveLength(called);
  });
  test("are vetted anew at every hop", async () => {
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      return ["127.0.0.1"];
    };
    await get(at(`/redirect/302?to=${encodeURIComponent(at("/hops/1", "hooks.test"))}`), { resolve });
    expect(asked).toEqual(["pictures.test", "hooks.test", "hooks.test"]);
  });
  test.each([
    "file:///etc/passwd",
    "ftp://pictures.test/",
    "gopher://x/",
    "http://a:b@pictures.test/",
    "data:,x",
  ])("to %s are refused", async (to) => {
    expect(await refused(get(at(`/redirect/302?to=${encodeURIComponent(to)}`)))).toStartWith(
      "invalid_reference: ",
    );
  });
});

describe("a body", () => {
  test("of exactly the limit passes, a byte more is refused by its announced length", async () => {
    expect((await get(at("/"), {}, 100_000)).bytes).toHaveLength(100_000);
    expect(await refused(get(at("/"), {}, 99_999))).toBe(
      "too_large: the file behind image url is larger than 99999 bytes",
    );
  });
  test("without a length is refused by the bytes that come", async () => {
    const url = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const send = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
        if (!socket.destroyed) socket.once("drain", send);
      };
      send();
    });
    expect(await refused(get(url, {}, 300_000))).toStartWith("too_large: ");
  });
  test("that is compressed is refused", async () => {
    expect(await refused(get(at("/gzip")))).toContain("the answer is compressed");
  });
  test("that is cut off is refused", async () => {
    expect(await refused(get(await raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")))).toStartWith(
      "fetch_failed: ",
    );
    expect(
      await refused(get(await raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"))),
    ).toStartWith("fetch_failed: ");
  });
  test("that stalls is given up", async () => {
    const url = await raw((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
    expect(await refused(get(url, { stallMs: 150 }))).toContain("no answer within 0.15 seconds");
  });
  test("that trickles for ever is given up at the deadline", async () => {
    const url = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write("x")), 30);
    });
    expect(await refused(get(url, { stallMs: 200, totalMs: 500 }))).toBe(
      "fetch_failed: not complete within 0.5 seconds (fetch_timeout_s)",
    );
  });
  test("that its reader leaves closes the connection", async () => {
    let closed = false;
    const url = await raw((socket) => {
      socket.on("close", () => {
        closed = true;
      });
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1000)}`);
    });
    const { body } = await outbound().get(url, { what: "image url", maxBytes: 1e9 });
    for await (const _ of body) break;
    for (let i = 0; i < 100 && !closed; i++) await Bun.sleep(10);
    expect(closed).toBe(true);
  });
});

describe("a server that misbehaves", () => {
  test.each([
    ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404"],
    ["HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "HTTP 500"],
    ["HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP 304"],
    ["HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "HTTP 302"],
    ["nonsense\r\n\r\n", "failed to fetch"],
    ["", "failed to fetch"],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1_000_000)}\r\n\r\n`, "failed to fetch"],
  ])("%#", async (answer, reason) => {
    const message = await refused(get(await raw(answer)));
    expect(message).toStartWith("fetch_failed: ");
    expect(message).toContain(reason);
  });
  test("never answers", async () => {
    expect(await refused(get(await raw(() => {}), { stallMs: 150 }))).toContain(
      "no answer within 0.15 seconds",
    );
  });
  test("is not there", async () => {
    expect(await refused(get(at("/"), { resolve: async () => ["127.0.0.4"] }))).toContain(
      "connection refused",
    );
  });
  test("has a name that takes too long to resolve", async () => {
    const resolve = () => new Promise<string[]>(() => {});
    expect(await refused(get(at("/"), { resolve, stallMs: 150 }))).toContain("no answer within");
  });
});

describe("a signal", () => {
  test("stops the wait for an answer and the body", async () => {
    const controller = new AbortController();
    const waiting = refused(get(await raw(() => {}), {}, 1e6, controller.signal));
    const reading = refused(
      get(
        await raw((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")),
        {},
        1e6,
        controller.signal,
      ),
    );
    await Bun.sleep(50);
    controller.abort(new Error("job cancelled"));
    expect(await waiting).toContain("job cancelled");
    expect(await reading).toContain("job cancelled");
    expect(await refused(get(at("/"), {}, 1e6, controller.signal))).toContain("job cancelled");
    expect(requests).toHaveLength(0);
  });
});

describe("https", () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-tls-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = Bun.spawnSync(
    [
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=pictures.test",
    ].concat(["-addext", "subjectAltName=DNS:pictures.test", "-keyout", keyFile, "-out", certFile]),
    { stderr: "ignore" },
  );
  const [key, cert] = [readFileSync(keyFile, "utf8"), readFileSync(certFile, "utf8")];
  const secure = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { key, cert },
    fetch: (request) =>
      new URL(request.url).pathname === "/down"
        ? new Response(null, { status: 302, headers: { location: at("/") } })
        : new Response("secure"),
  });
  cleanups.push(() => secure.stop(true));
  const secureAt = (path: string, host = "pictures.test") => `https://${host}:${secure.port}${path}`;

  test("checks the certificate against the name, not the address", async () => {
    expect(made.exitCode).toBe(0);
    expect((await get(secureAt("/"), { ca: cert })).bytes.toString()).toBe("secure");
    expect(await refused(get(secureAt("/", "hooks.test"), { ca: cert }))).toContain(
      "certificate is not valid",
    );
    expect(await refused(get(secureAt("/")))).toContain("certificate is not valid");
  });
  test("is never left for http by a redirect", async () => {
    expect(await refused(get(secureAt("/down"), { ca: cert }))).toContain("a redirect from https to http");
    expect(requests).toHaveLength(0);
  });
});

describe("posting", () => {
  const post = (url: string, over: Partial<OutboundOptions> = {}) =>
    outbound(over).post(url, {
      headers: { "content-type": "application/json", "webhook-id": "msg_1" },
      body: '{"ä":1}',
    });
  test("sends headers and body as they are", async () => {
    expect(await post(at("/hook", "hooks.test"))).toEqual({ status: 200 });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: "POST", body: '{"ä":1}' });
    expect(requests[0]!.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": "msg_1",
      "content-length": "8",
    });
  });
  test("follows no redirect", async () => {
    expect(await post(at("/redirect/307?to=/hops/0"))).toEqual({ status: 307 });
    expect(requests).toHaveLength(1);
  });
  test("gives any status", async () => {
    expect(await post(at("/status/410"))).toEqual({ status: 410 });
    expect(await post(at("/status/500"))).toEqual({ status: 500 });
  });
  test("is guarded as getting is", async () => {
    expect(await refused(post("http://127.0.0.1/"))).toStartWith("private_url: webhook host");
    expect(await refused(post("ftp://hooks.test/"))).toStartWith("invalid_reference: ");
  });
  test("is given up when nobody answers", async () => {
    expect(await refused(post(await raw(() => {}), { stallMs: 150 }))).toContain("no answer within");
  });
});
