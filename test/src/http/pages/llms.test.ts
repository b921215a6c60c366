import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { families } from "../../../../src/capabilities/registry.ts";
import { guides } from "../../../../src/guides.ts";
import { createApp } from "../../../../src/http/app.ts";
import { operationsIn, typeOf } from "../../../../src/http/openapi/markdown.ts";
import type { Settings } from "../../../../src/settings/settings.ts";
import { table } from "../../../../src/settings/table.ts";
import { testDeps } from "../deps.ts";

const appWith = (settings: Partial<Settings> = {}) =>
  createApp(testDeps(settings, { capabilities: families, guides }));
const app = appWith();
const text = async (path: string) => (await app.request(path)).text();
const short = await text("/llms.txt");
const full = await text("/llms-full.txt");
const document = await (await app.request("/docs/openapi.json")).json();
const operations = operationsIn(document);

test("both pages are plain text of a sensible size, and the short one begins the full one", async () => {
  for (const path of ["/llms.txt", "/llms-full.txt"]) {
    const answer = await app.request(path);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
  }
  expect(short).toStartWith("# easel\n\n> ");
  expect(short.length).toBeLessThan(8000);
  expect(full).toStartWith(short);
  expect(full.length).toBeLessThan(200_000);
});

test("every path that the short page names is served with that method", () => {
  const named = [...short.matchAll(/`(GET|POST) (?:http:\/\/localhost)?(\/[^`?]*)/g)];
  expect(named.length).toBeGreaterThan(10);
  const pattern = (path: string) => new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`);
  const known = operations.map(({ method, path }) => ({ method, pattern: pattern(path) }));
  const served = (method: string, path: string) =>
    known.some((each) => each.method === method && each.pattern.test(path.replace("FAMILY", "depthpro")));
  expect(named.filter(([, method, path]) => !served(method!, path!)).map(([all]) => all)).toEqual([]);
});

test("every link of the short page answers", async () => {
  const links = [...short.matchAll(/\]\(http:\/\/localhost([^)]*)\)/g)].map(([, path]) => path!);
  expect(links.length).toBeGreaterThan(families.length);
  for (const path of links) expect([path, (await app.request(path)).status]).toEqual([path, 200]);
});

test("every operation that makes pictures is on the short page with its models", () => {
  for (const { domain, family, operations: own } of families)
    for (const { path } of own) expect(short).toContain(`\`POST /v1/${domain}/${family}${path}\``);
  for (const { name } of families.flatMap(({ variants }) => variants)) expect(short).toContain(name);
  expect(short).not.toContain("/train");
});

test("an operation is listed with the models that `/v1/setup` has it for, and no others", async () => {
  const setup = await (await app.request("/v1/setup")).json();
  const listed = [
    ...short.matchAll(/^- `POST \/v1\/image\/(\w+)(\/\w+)`: .*; models: ([^)]*)\)$/gm),
  ] as unknown as [string, string, string, string][];
  expect(listed.length).toBe(families.flatMap(({ operations: own }) => own).length);
  for (const [, family, path, models] of listed) {
    const takes = setup.data.filter(
      (model: { family: string; operations: string[] }) =>
        model.family === family && model.operations.includes(path),
    );
    const names = takes.map(({ name }: { name: string }) => name);
    expect([family, path, models.split(", ").toSorted()]).toEqual([family, path, names.toSorted()]);
  }
});

test("the full page has every route, schema field, error code, setting and guide", () => {
  const parts = full.split(/\n# (?=(?:Reference|Guides)\n)/);
  expect(parts.map((part) => part.split("\n")[0])).toEqual(["# easel", "Reference", "Guides"]);
  const [, reference, own] = parts as [string, string, string];
  for (const { method, path, responses } of operations)
    expect([path, reference.includes(`#### ${method} ${path}\n`)]).toEqual([path, !("501" in responses)]);
  const told = new Map(
    [...reference.matchAll(/^\*\*([\w ]+)\*\*.*(?:\n- .*)*/gm)].map(([text, name]) => [name!, text]),
  );
  const common = told.get("Common fields")!;
  const request = document.components.schemas.DepthanythingEstimateRequest;
  const text = told.get("DepthanythingEstimateRequest")!;
  const also = text.split("\n- also ")[1]!;
  expect(also).toContain("`webhook`");
  for (const field of Object.keys(request.properties))
    expect(also.includes(`\`${field}\``) ? common : text).toContain(`\n- \`${field}\` (`);
  for (const name of Object.keys(table)) expect(reference).toContain(`\`${name}\``);
  expect(reference).toContain("| `not_activated` | 503 |");
  const folder = join(import.meta.dir, "../../../../docs/guides");
  expect(
    guides()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(readdirSync(folder).toSorted());
  for (const { name } of guides()) {
    const title = /^# (.*)$/m.exec(readFileSync(join(folder, name), "utf8"))![1]!;
    expect(own).toContain(`\n## ${title}\n`);
  }
  // Pages of the source tree are not on the server.
  expect(own).not.toMatch(/\]\((?!https?:|#)/);
});

test("code blocks of the guides stay as they are", () => {
  const blocks = guides().flatMap(({ text }) =>
    [...text.matchAll(/^```[\s\S]*?^```$/gm)].map(([block]) => block),
  );
  expect(blocks.length).toBeGreaterThan(20);
  expect(blocks.filter((block) => !full.includes(block))).toEqual([]);
});

test("both are open where a token is needed, say so, and name the operator's address", async () => {
  const guarded = appWith({ auth_token: "a-token-of-twenty-signs", public_url: "https://pictures.example" });
  expect((await guarded.request("/v1/setup")).status).toBe(401);
  for (const path of ["/llms.txt", "/llms-full.txt"]) {
    const answer = await guarded.request(path);
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain("Authorization: Bearer");
    expect(page).toContain("https://pictures.example/v1/setup");
    expect(page).not.toContain("a-token-of-twenty-signs");
  }
  expect(short).not.toContain("Bearer");
});

test("the reference leads to them", () => {
  expect(document.info.description).toContain("(/llms.txt)");
  expect(document.paths["/llms-full.txt"].get.security).toEqual([]);
});

test("types are told in a few words", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ type: "integer", minimum: 1, maximum: 9 }, "integer 1 to 9"],
    [{ anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }] }, "number from 0 or null"],
    [{ enum: ["sync", "async"] }, '"sync" or "async"'],
    [{ type: "array", items: { $ref: "#/components/schemas/FileRef" } }, "list of FileRef"],
    [{ const: "url" }, '"url"'],
    [{}, "anything"],
  ];
  for (const [schema, words] of cases) expect(typeOf(schema)).toBe(words);
});
