import { expect, test } from "bun:test";
import fc from "fast-check";
import { createApp } from "../../../../src/http/app.ts";
import { safeReturn } from "../../../../src/http/middleware/auth.ts";
import { allowsHost, allowsOrigin } from "../../../../src/http/middleware/guards.ts";
import { testDeps } from "../deps.ts";

const loopback = { host: "127.0.0.1", allowed_hosts: [], public_url: null };

test("the server answers for loopback and for the names it was given, and for no other Host", async () => {
  for (const host of [
    "localhost",
    "localhost:8000",
    "LOCALHOST.",
    "127.0.0.1:1",
    "127.8.9.1",
    "[::1]:8000",
    "a.localhost",
  ])
    expect(allowsHost(host, loopback)).toBe(true);
  for (const host of [
    "evil.example",
    "localhost.evil.example",
    "192.168.1.9",
    "[fe80::1]",
    "127.0.0.1.evil.example",
    "",
    "a b",
    "localhost:x",
    "localhost@evil.example",
  ])
    expect(allowsHost(host, loopback)).toBe(false);
  const open = { host: "0.0.0.0", allowed_hosts: ["mac.local"], public_url: "https://easel.example/x" };
  for (const host of ["192.168.1.9:8000", "[fe80::1]:8000", "mac.local:8000", "easel.example"])
    expect(allowsHost(host, open)).toBe(true);
  expect(allowsHost("evil.example", open)).toBe(false);

  const answer = await createApp(testDeps()).request("/health", { headers: { host: "evil.example" } });
  expect(answer.status).toBe(403);
  expect((await answer.json()).code).toBe("forbidden_host");
});

test("a page of another origin changes nothing", async () => {
  const app = createApp(testDeps());
  const cancel = (headers: Record<string, string>) =>
    app.request("/v1/jobs/job_00/cancel", {
      method: "POST",
      headers: { host: "localhost:8000", ...headers },
    });
  for (const origin of [
    "http://evil.example",
    "null",
    "file://",
    "http://localhost:3000",
    "app://x",
    "http://localhost:8000.evil.example",
  ])
    expect((await (await cancel({ origin })).json()).code).toBe("forbidden_origin");
  expect((await (await cancel({ "sec-fetch-site": "cross-site" })).json()).code).toBe("forbidden_origin");
  for (const headers of [{}, { origin: "http://localhost:8000" }, { "sec-fetch-site": "same-origin" }])
    expect((await (await cancel(headers)).json()).code).toBe("job_not_found");
});

test("other origins read nothing, unless the settings name them", async () => {
  const origin = "https://app.example";
  const closed = await createApp(testDeps()).request("/v1/jobs", { headers: { origin } });
  expect(closed.headers.get("access-control-allow-origin")).toBeNull();
  const preflight = {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    },
  };
  expect((await createApp(testDeps()).request("/v1/jobs", preflight)).status).toBe(405);

  const app = createApp(testDeps({ cors_origins: [origin], auth_token: "secret" }));
  const allowed = await app.request("/v1/jobs", preflight);
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
  expect(allowed.headers.get("access-control-allow-credentials")).toBeNull();
  const read = await app.request("/v1/jobs", { headers: { origin, authorization: "Bearer secret" } });
  expect(read.headers.get("access-control-allow-origin")).toBe(origin);
  const refused = await app.request("/v1/jobs", { headers: { origin } });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("access-control-allow-origin")).toBe(origin);
  expect(allowsOrigin("https://other.example", "localhost", [origin])).toBe(false);
});

test("everything but liveness and readiness needs the token", async () => {
  const app = createApp(testDeps({ auth_token: "s3cret" }));
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await app.request(path, { headers })).status;
  for (const path of ["/health", "/ready"]) expect(await status(path)).toBe(200);
  for (const path of [
    "/v1/jobs",
    "/v1/nothing",
    "/docs",
    "/docs/scalar.js",
    "/openapi.json",
    "/metrics",
    "/",
    "//health",
    "/health/",
    "/Health",
    "/health%2f",
    "/ready/x",
    "/v1/jobs/../../health/x",
  ])
    expect([path, await status(path)]).toEqual([path, 401]);
  for (const authorization of [
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Bearer **********",
    "Basic s3cret",
    "s3cret",
    "Bearer s3cret2",
    "Bearer s3cre",
  ])
    expect(await status("/v1/jobs", { authorization })).toBe(401);
  for (const authorization of ["Bearer s3cret", "bearer s3cret"])
    expect(await status("/v1/jobs", { authorization })).toBe(200);
  const answer = await app.request("/v1/jobs");
  expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="easel"');
  expect(await answer.json()).toEqual({ detail: "the token is missing or wrong", code: "unauthorized" });
});

test("a browser gets a form, and the form a cookie that no script and no other site can use", async () => {
  const app = createApp(testDeps({ auth_token: "s3cret" }));
  const page = await app.request("/docs", { headers: { accept: "text/html,*/*" } });
  expect(page.status).toBe(401);
  expect(await page.text()).toContain('<form method="post" action="/login">');
  expect(page.headers.get("content-security-policy")).not.toContain("script-src");

  const login = (token: string, next: string, headers = {}) =>
    app.request("/login", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams({ token, next }).toString(),
    });
  expect((await login("wrong", "/docs")).status).toBe(401);
  expect((await login("s3cret", "/docs", { origin: "http://evil.example" })).status).toBe(403);
  const done = await login("s3cret", "/docs");
  expect(done.status).toBe(303);
  expect(done.headers.get("location")).toBe("/docs");
  const cookie = done.headers.get("set-cookie")!;
  expect(cookie).toContain("HttpOnly");
  expect(cookie).toContain("SameSite=Strict");
  expect(cookie).not.toContain("s3cret");
  expect((await app.request("/docs", { headers: { cookie: cookie.split(";")[0]! } })).status).toBe(200);
  expect((await app.request("/docs", { headers: { cookie: "easel_session=made-up" } })).status).toBe(401);
});

test("the form leads back to this server and to no other", () => {
  for (const target of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "",
    null,
  ])
    expect(safeReturn(target)).toBe("/docs");
  expect(safeReturn("/v1/image/depthpro/docs")).toBe("/v1/image/depthpro/docs");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl(),
        fc.string(),
        fc.string().map((text) => `/${text}`),
      ),
      (target) => {
        const url = new URL(safeReturn(target), "http://here.test");
        expect(url.host).toBe("here.test");
      },
    ),
  );
});
