import { expect, test } from "bun:test";
import { createApp } from "../../../../src/http/app.ts";
import { testDeps } from "../deps.ts";
import { toy } from "../toy.ts";

const app = createApp(testDeps({}, { capabilities: [toy] }));
const pages = ["/docs", "/redoc", "/v1/image/toy/docs", "/v1/image/toy/redoc"];

test("reference pages load nothing from elsewhere, and their policy would not let them", async () => {
  for (const path of pages) {
    const answer = await app.request(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("text/html");
    const html = await answer.text();
    const addresses = [...html.matchAll(/(?:src|href|data-url|action)="([^"]*)"/g)].map(([, url]) => url!);
    expect(addresses).toContain("/docs/scalar.js");
    for (const address of addresses) expect(address).toMatch(/^(\/(?!\/)|data:,$)/);
    expect(html).not.toMatch(/https?:\/\//);
    const policy = answer.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  }
});

test("each page shows its own document", async () => {
  for (const [page, document] of [
    ["/docs", "/openapi.json"],
    ["/redoc", "/openapi.json"],
    ["/v1/image/toy/docs", "/v1/image/toy/openapi.json"],
  ]) {
    expect(await (await app.request(page!)).text()).toContain(`data-url="${document}"`);
    expect((await app.request(document!)).headers.get("content-type")).toStartWith("application/json");
  }
});

test("the reference's configuration reaches the page as valid JSON and turns off what calls home", async () => {
  const html = await (await app.request("/docs")).text();
  const written = /data-configuration="([^"]*)"/.exec(html)![1]!;
  const configuration = JSON.parse(written.replaceAll("&quot;", '"').replaceAll("&amp;", "&"));
  expect(configuration).toMatchObject({
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
  });
});

test("the reference's script is served from here and only once", async () => {
  const answer = await app.request("/docs/scalar.js");
  expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await answer.text()).toBe("/* scalar */");
  const etag = answer.headers.get("etag")!;
  const again = await app.request("/docs/scalar.js", { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
});

test("every operation of every document says what it can answer", async () => {
  for (const path of ["/openapi.json", "/v1/image/toy/openapi.json"]) {
    const { paths } = await (await app.request(path)).json();
    for (const [route, operations] of Object.entries<
      Record<string, { responses: object; security?: unknown[] }>
    >(paths))
      for (const [method, { responses, security }] of Object.entries(operations)) {
        const open = security?.length === 0;
        const statuses = ["403", "405", "500", ...(open ? [] : ["401"])];
        expect([method, route, Object.keys(responses)]).toEqual([
          method,
          route,
          expect.arrayContaining(statuses),
        ] as never);
      }
  }
});
