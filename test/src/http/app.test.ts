import { expect, test } from "bun:test";
import { connect } from "node:net";
import { createApp } from "../../../src/http/app.ts";
import { testDeps } from "./deps.ts";

test("health tells that the server is alive, in the contract's words", async () => {
  const answer = await createApp(testDeps()).request("/health");
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    status: "ok",
    warm: true,
    queue_len: 0,
    memory: { loaded: [], resident_gb: 0, budget_gb: 12.5 },
    relay: null,
  });
});

test("readiness is told apart from liveness", async () => {
  const app = createApp(testDeps({}, { notReady: () => "the server is shutting down" }));
  const answer = await app.request("/ready");
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({
    ready: false,
    reason: "the server is shutting down",
    device: null,
  });
  expect((await app.request("/health")).status).toBe(200);
  expect((await createApp(testDeps()).request("/ready")).status).toBe(200);
});

test("what computes, and whether its kernels were tested, stands in /ready and /metrics", async () => {
  const device = {
    kind: "gpu",
    name: "Apple M4",
    self_test: "imprecise",
    imprecise: ["sorting: …"],
  } as const;
  const app = createApp({ ...testDeps(), device: () => device });
  const { imprecise: _, ...shown } = device;
  expect(await (await app.request("/ready")).json()).toEqual({ ready: true, reason: null, device: shown });
  expect(await (await app.request("/metrics")).text()).toContain(
    'easel_device_info{kind="gpu",name="Apple M4",self_test="imprecise"} 1',
  );
});

test("the version says what was built and what computes, and needs no token", async () => {
  let engine: { mlx: string; kernels: string } | null = null;
  const build = { commit: "abc", engine: () => engine };
  const app = createApp(testDeps({ auth_token: "swordfish" }, { build }));
  const known = {
    version: "1.2.3",
    commit: "abc",
    bun: Bun.version,
    target: `${process.platform}-${process.arch}`,
  };
  expect(await (await app.request("/version")).json()).toEqual({ ...known, mlx: null, kernels: null });
  engine = { mlx: "0.32.4", kernels: "avx2" };
  const answer = await app.request("/version");
  expect([answer.status, await answer.json()]).toEqual([200, { ...known, ...engine }]);
  expect((await app.request("/v1/jobs")).status).toBe(401);
});

test("an unknown route is 404 with a code", async () => {
  const answer = await createApp(testDeps()).request("/v1/nothing");
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({ detail: "no such route", code: "not_found" });
});

test("a wrong method is 405 with the methods that are allowed, an undeclared one too", async () => {
  const app = createApp(testDeps());
  for (const method of ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
    const answer = await app.request("/v1/jobs/job_12", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("DELETE, GET, HEAD");
    expect((await answer.json()).code).toBe("method_not_allowed");
  }
});

test("a path that a route's own pattern leaves out is unknown, not a wrong method", async () => {
  const app = createApp(testDeps());
  const path = "/v2/artworks/00000000-0000-0000-0000-000000000000/results";
  expect((await app.request(`${path}/first`)).status).toBe(404);
  const wrong = await app.request(`${path}/0`, { method: "POST" });
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get("allow")).toBe("GET, HEAD");
});

test("HEAD is answered as GET without a body", async () => {
  const answer = await createApp(testDeps()).request("/health", { method: "HEAD" });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe("");
});

test("a path with a slash too many leads to the one without, on this server alone", async () => {
  const app = createApp(testDeps());
  const answer = await app.request("/v1/jobs/?limit=3");
  expect(answer.status).toBe(307);
  expect(answer.headers.get("location")).toBe("/v1/jobs?limit=3");
  expect((await app.request("//evil.example/")).status).toBe(404);
});

test("a job id that is none is told as the original tells it", async () => {
  const answer = await createApp(testDeps()).request("/v1/jobs/nonsense");
  expect(answer.status).toBe(422);
  expect(await answer.json()).toEqual({
    detail: [
      {
        type: "string_pattern_mismatch",
        loc: ["path", "job_id"],
        msg: "String should match pattern '^job_[0-9a-f]+$'",
        input: "nonsense",
        ctx: { pattern: "^job_[0-9a-f]+$" },
      },
    ],
    code: "invalid_request",
  });
});

test("a list's limit has its bounds", async () => {
  const app = createApp(testDeps());
  for (const limit of ["0", "1001", "1.5", "many", "-3", ""])
    expect((await app.request(`/v1/jobs?limit=${limit}`)).status).toBe(422);
  expect((await app.request("/v1/jobs?limit=1000")).status).toBe(200);
});

test("a fault tells the client nothing and the log everything", async () => {
  const lines: string[] = [];
  const log = {
    debug() {},
    info() {},
    warning() {},
    error: (_: string, f: unknown) => lines.push(JSON.stringify(f)),
  };
  const deps = testDeps({}, { log });
  deps.scheduler = {
    ...deps.scheduler,
    list: async () => {
      throw new Error("no such table in /home/me/secret.db");
    },
  };
  const answer = await createApp(deps).request("/v1/jobs", { headers: { "x-request-id": "abc-1" } });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({ detail: "internal server error", code: "internal" });
  expect(lines.join()).toContain("secret.db");
  expect(lines.join()).toContain("abc-1");
});

test("a client that leaves in the middle of its body is no fault", async () => {
  const faults: unknown[] = [];
  const log = { debug() {}, info() {}, warning() {}, error: (event: string) => faults.push(event) };
  const app = createApp(testDeps({}, { log }));
  let answered: (answer: Response) => void;
  const answer = new Promise<Response>((resolve) => {
    answered = resolve;
  });
  using served = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request, server) => {
      const given = await app.fetch(request, { server });
      answered(given.clone());
      return given;
    },
  });
  const socket = connect(served.port!, "127.0.0.1", () => {
    const head =
      "POST /v2/artworks/depth-map HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n";
    socket.write(`${head}{`, () => setTimeout(() => socket.destroy(), 50));
  });
  expect((await answer).status).toBe(499);
  expect(faults).toEqual([]);
});

test("a full disk is 507, however deep it shows", async () => {
  const deps = testDeps();
  deps.scheduler = {
    ...deps.scheduler,
    list: async () => {
      throw new Error("write failed", { cause: Object.assign(new Error("full"), { code: "ENOSPC" }) });
    },
  };
  const answer = await createApp(deps).request("/v1/jobs");
  expect(answer.status).toBe(507);
  expect((await answer.json()).code).toBe("disk_full");
});

test("every answer has a request id and the headers that tie a browser's hands", async () => {
  const app = createApp(testDeps());
  for (const path of ["/health", "/nothing", "/v1/jobs/x"]) {
    const { headers } = await app.request(path);
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
  const kept = await app.request("/health", { headers: { "x-request-id": "trace-7" } });
  expect(kept.headers.get("x-request-id")).toBe("trace-7");
  const refused = await app.request("/health", { headers: { "x-request-id": "a b\tc" } });
  expect(refused.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
});

test("metrics count requests by route and never by what a client made up", async () => {
  const app = createApp(testDeps());
  await app.request("/v1/jobs/job_00aa");
  await app.request("/v1/made/up/1");
  await app.request("/v1/made/up/2", { method: "BREW" });
  const text = await (await app.request("/metrics")).text();
  expect(text).toContain(
    'easel_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:job_id",status="404"} 1',
  );
  expect(text).toContain('route="unmatched",status="404"} 2');
  expect(text).not.toContain("made");
  expect(text).not.toContain("BREW");
  expect(text.endsWith("\n")).toBe(true);
});
