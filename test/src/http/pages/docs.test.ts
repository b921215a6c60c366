import { expect, test } from "bun:test";
import type { Operation } from "../../../../src/capabilities/capability.ts";
import { families } from "../../../../src/capabilities/registry.ts";
import { createApp } from "../../../../src/http/app.ts";
import type { Job } from "../../../../src/jobs/job.ts";
import { idle, tempFiles, testDeps } from "../deps.ts";
import { toy } from "../toy.ts";

const app = createApp(testDeps({}, { capabilities: [toy] }));
const pages = ["/docs", "/redoc", "/v1/image/toy/docs", "/v1/image/toy/redoc"];

test("reference pages load nothing from elsewhere, and their policy would not let them", async () => {
  const nonces = new Set<string>();
  for (const path of pages) {
    const answer = await app.request(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("text/html");
    const html = await answer.text();
    const addresses = [...html.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, url]) => url!);
    expect(addresses).toEqual(["/docs/scalar.js"]);
    expect(html).not.toMatch(/https?:\/\//);
    const policy = answer.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    const [, nonce] = /script-src 'self' 'nonce-([^']+)';/.exec(policy)!;
    nonces.add(nonce!);
    const scripts = [...html.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
    expect(scripts.length).toBe(2);
    for (const tag of scripts) expect(tag).toContain(`nonce="${nonce}"`);
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
  }
  expect(nonces.size).toBe(pages.length);
});

test("before its script has run a reference page shows its words and operations, in its language", async () => {
  for (const path of pages) {
    const html = await (await app.request(path)).text();
    expect(html).toContain('<html lang="en">');
    expect(html).toMatch(/<meta name="description" content="[^"]{5,}">/);
    expect(html).toContain("<code>POST /v1/image/toy/");
    // The outline is beside the place that the script draws in, and hidden once it has.
    expect(html).toMatch(/<div id="app"><\/div><main/);
  }
});

const configurationOf = async (page: string) =>
  JSON.parse(/createApiReference\('#app', (\{.*?\})\)\n/s.exec(await (await app.request(page)).text())![1]!);

test("each page shows its own document", async () => {
  for (const [page, document] of [
    ["/docs", "/docs/openapi.json"],
    ["/redoc", "/docs/openapi.json"],
    ["/v1/image/toy/docs", "/v1/image/toy/openapi.json"],
  ]) {
    expect(await configurationOf(page!)).toMatchObject({ url: document });
    expect((await app.request(document!)).headers.get("content-type")).toStartWith("application/json");
  }
  expect(await (await app.request("/docs")).text()).toContain("<title>easel</title>");
});

test("the reference's configuration turns off what calls home", async () => {
  expect(await configurationOf("/docs")).toMatchObject({
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
  });
});

test("the reference's script is sent compressed to clients that can read it, and once", async () => {
  const text = "/* scalar */".repeat(1000);
  const zstd = new Uint8Array(await Bun.zstdCompress(text));
  const type = "text/javascript; charset=utf-8";
  for (const asset of [
    { type, bytes: new TextEncoder().encode(text) },
    { type, zstd },
  ]) {
    const each = createApp(testDeps({}, { scalar: () => asset }));
    const get = (headers: Record<string, string>) => each.request("/docs/scalar.js", { headers });
    for (const [accept, encoding] of [
      ["", null],
      ["gzip;q=0, br", null],
      ["gzip, deflate, br", "gzip"],
      ["gzip, deflate, br, zstd", "zstd" in asset ? "zstd" : "gzip"],
    ] as const) {
      const answer = await get({ "accept-encoding": accept });
      expect([accept, answer.headers.get("content-encoding")]).toEqual([accept, encoding]);
      expect(answer.headers.get("content-type")).toBe(type);
      expect(answer.headers.get("vary")).toBe("Accept-Encoding");
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (encoding !== null) expect(bytes.length).toBeLessThan(1000);
      const plain =
        encoding === "gzip"
          ? Bun.gunzipSync(bytes)
          : encoding === "zstd"
            ? Bun.zstdDecompressSync(bytes)
            : bytes;
      expect(new TextDecoder().decode(plain)).toBe(text);
      const again = await get({ "accept-encoding": accept, "if-none-match": answer.headers.get("etag")! });
      expect([again.status, await again.text()]).toEqual([304, ""]);
    }
  }
});

type Document = {
  info: { title: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<
    string,
    Record<
      string,
      { operationId: string; tags: string[]; requestBody?: { content: Record<string, { example?: object }> } }
    >
  >;
  components: { schemas: Record<string, { properties?: object }> };
};

async function everything() {
  const files = await tempFiles();
  const submit = async (job: { type: string; params: Record<string, unknown> }) => ({
    job: {
      id: `job_${"0".repeat(32)}`,
      status: "queued",
      artifacts: [],
      created_at: 0,
      ...job,
    } as unknown as Job,
    created: true,
    queue_position: 0,
  });
  const deps = testDeps(
    {},
    {
      capabilities: families,
      files,
      scheduler: { ...idle, submit, wait: async () => ({ kind: "timeout" }) },
    },
  );
  deps.context = { ...deps.context, activation: () => ({ source: { paths: [] } }) };
  const served = createApp(deps);
  const json = async (path: string) => (await served.request(path)).json() as Promise<Document>;
  return { served, json, whole: await json("/docs/openapi.json") };
}

test("one document holds the operations of all others, under a title, a server and tags of its own", async () => {
  const { json, whole } = await everything();
  expect(whole.info.title).toBe("easel API");
  expect(whole.servers.map(({ url }) => url)).toEqual(["/"]);
  const documents = await Promise.all(
    ["/openapi.json", ...families.map(({ family }) => `/v1/image/${family}/openapi.json`)].map(json),
  );
  const idsOf = ({ paths }: Document) =>
    Object.values(paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
  expect(idsOf(whole).sort()).toEqual(documents.flatMap(idsOf).sort());
  const tags = new Set(whole.tags.map(({ name }) => name));
  for (const operations of Object.values(whole.paths))
    for (const { tags: own } of Object.values(operations)) expect([...tags]).toContain(own[0]!);
  // Families give the same names to different schemas: each keeps its own.
  for (const { family, operations } of families)
    for (const { path } of operations as readonly Operation[]) {
      const own = documents[1 + families.findIndex((each) => each.family === family)]!;
      const propertiesIn = (document: Document) => {
        const { content } = document.paths[`/v1/image/${family}${path}`]!.post!.requestBody!;
        const { $ref } = (content["application/json"] as { schema: { $ref: string } }).schema;
        return document.components.schemas[$ref.split("/").at(-1)!]!.properties;
      };
      expect(Object.keys(propertiesIn(whole)!)).toEqual(Object.keys(propertiesIn(own)!));
    }
  const text = JSON.stringify(whole);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(whole.components.schemas[name!]).toBeDefined();
});

test("every example is accepted as it stands", async () => {
  const { served, whole } = await everything();
  const sent: string[] = [];
  for (const [path, operations] of Object.entries(whole.paths)) {
    const example = operations.post?.requestBody?.content["application/json"]?.example;
    if (!example) continue;
    sent.push(path);
    const answer = await served.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify("imageUrl" in example ? example : { ...example, mode: "async" }),
    });
    // OpenAI's routes wait for their picture.
    expect([path, answer.status]).toEqual([path, path.startsWith("/v1/images/") ? 504 : 202]);
    if (!path.startsWith("/v1/images/")) expect(answer.headers.get("x-easel-ignored")).toBeNull();
  }
  for (const { family, operations } of families)
    for (const { path } of operations) expect(sent).toContain(`/v1/image/${family}${path}`);
  expect(sent).toContain("/v1/images/generations");
  expect(sent).toContain("/v2/artworks/depth-map");
});

test("every operation of every document says what it can answer", async () => {
  for (const path of ["/openapi.json", "/v1/image/toy/openapi.json", "/docs/openapi.json"]) {
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
