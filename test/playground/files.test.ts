import { expect, test } from "bun:test";
import { buildPage } from "../../scripts/build/playground.ts";
import { createApp } from "../../src/http/app.ts";
import { packPage, unpackPage } from "../../src/http/pages/playground-page.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import { testDeps } from "../src/http/deps.ts";

const page = await buildPage();
const app = createApp(testDeps({}, { playground: async () => page }));
const html = await (await app.request("/")).text();
const named = [...html.matchAll(/(?:src|href)="(\/playground\/[^"]+)"/g)]
  .map(([, path]) => path!)
  .filter((path) => !path.endsWith(".json"));

test("the page's policy lets nothing in from elsewhere and runs no script that stands in the page", async () => {
  const answer = await app.request("/");
  expect(answer.headers.get("content-type")).toStartWith("text/html");
  const policy = answer.headers.get("content-security-policy")!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
});

test("every file that the page names is there, forever under its name, and smaller for whoever takes gzip", async () => {
  expect(named.length).toBeGreaterThanOrEqual(3);
  for (const path of named) {
    const plain = await app.request(path);
    expect([path, plain.status]).toEqual([path, 200]);
    expect(plain.headers.get("cache-control")).toContain("immutable");
    if (path.endsWith(".png")) continue;
    const packed = await app.request(path, { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    const bytes = new Uint8Array(await packed.arrayBuffer());
    expect(Bun.gunzipSync(bytes)).toEqual(new Uint8Array(await plain.arrayBuffer()));
  }
});

test("the lists that the page begins with come beside its script, and compressed", async () => {
  const preloaded = [...html.matchAll(/<link rel="preload" href="([^"]+)"/g)].map(([, path]) => path!);
  expect(preloaded.length).toBe(2);
  const scripts = [...page]
    .filter(([name]) => name.endsWith(".js"))
    .map(([, { bytes }]) => new TextDecoder().decode(bytes));
  for (const path of preloaded) {
    // The script asks for the same addresses, or they would come twice.
    const [base] = path.split(/\d+$/);
    expect([path, scripts.some((text) => text.includes(base!))]).toEqual([path, true]);
    const plain = await app.request(path);
    const packed = await app.request(path, { headers: { "accept-encoding": "gzip" } });
    expect([plain.status, packed.headers.get("content-encoding")]).toEqual([200, "gzip"]);
    expect(Bun.gunzipSync(new Uint8Array(await packed.arrayBuffer()))).toEqual(
      new Uint8Array(await plain.arrayBuffer()),
    );
  }
});

test("the page can be installed: its manifest names icons of their stated size", async () => {
  expect(html).toContain('<link rel="manifest" href="/playground/manifest.json"');
  const answer = await app.request("/playground/manifest.json");
  expect(answer.headers.get("content-type")).toStartWith("application/manifest+json");
  const manifest = await answer.json();
  expect(manifest).toMatchObject({ name: "easel", start_url: "/", display: "standalone" });
  expect(manifest.icons.map(({ purpose }: { purpose: string }) => purpose)).toEqual([
    "any",
    "any",
    "maskable",
  ]);
  for (const { src, sizes } of manifest.icons) {
    const bytes = await (await app.request(src)).bytes();
    const { width, height } = await loadSharp()(bytes).metadata();
    expect([src, `${width}x${height}`]).toEqual([src, sizes]);
  }
});

test("nothing else is below /playground/", async () => {
  for (const name of ["index.html", "main.ts", "..%2f..%2fpackage.json", "constructor"])
    expect((await app.request(`/playground/${name}`)).status).toBe(404);
});

test("its scripts stay below 700 kB compressed, and three.js is not in the first of them", () => {
  const scripts = [...page].filter(([name]) => name.endsWith(".js"));
  const size = (files: typeof scripts) =>
    files.reduce((sum, [, { bytes }]) => sum + Bun.gzipSync(bytes).length, 0);
  expect(size(scripts)).toBeLessThan(700_000);
  expect(size(scripts.filter(([name]) => named.includes(`/playground/${name}`)))).toBeLessThan(60_000);
});

test("the binary carries the page as one file and gets the same page out of it", () => {
  expect(unpackPage(packPage(page))).toEqual(page);
});
