/** The reference page in a real browser. */
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { families } from "../../src/capabilities/registry.ts";
import { createApp } from "../../src/http/app.ts";
import { testDeps } from "../src/http/deps.ts";
import { hasBrowser, patience, playground } from "./browser.ts";

const { visit } = playground();
const script = join(import.meta.dir, "../../node_modules/@scalar/api-reference/dist/browser/standalone.js");
const app = createApp(
  testDeps(
    {},
    {
      capabilities: families,
      scalar: () => ({ type: "text/javascript; charset=utf-8", bytes: scalar }),
    },
  ),
);
const scalar = new Uint8Array(await Bun.file(script).arrayBuffer());
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => app.fetch(request) });
afterAll(() => server.stop(true));

test.skipIf(!hasBrowser)(
  "the reference shows every family's operations, asks only this server, and breaks no rule of its policy",
  async () => {
    const { page, asked, complaints } = await visit(new URL("/docs", server.url).href);
    for (const text of ["easel API", ...families.map(({ family }) => family), "Images (OpenAI)", "Jobs"])
      await page.getByText(text, { exact: true }).first().waitFor();
    await page.goto(new URL("/docs#tag/depthanything", server.url).href);
    await page.getByText("/v1/image/depthanything/estimate").first().waitFor();
    expect(await page.title()).toBe("easel");
    await page.locator(".outline").waitFor({ state: "hidden" });
    expect(
      asked.filter((url) => !/^(data|blob):/.test(url) && new URL(url).origin !== server.url.origin),
    ).toEqual([]);
    expect(complaints).toEqual([]);
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
  },
  patience,
);
