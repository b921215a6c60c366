/** The page while the server is not there: its kept shell, and the way back. */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { inBrowser, patience, playground, ready } from "./browser.ts";
import { processes } from "./processes.ts";

const { site, visit } = playground();
const { started, folder } = processes();
const portOf = (url: string) => Number(new URL(url).port);

/** Until the shell is kept and the worker looks after the page. */
const kept = (page: Page) =>
  page.waitForFunction(async () => {
    const [name] = await caches.keys();
    return (
      navigator.serviceWorker.controller !== null &&
      name !== undefined &&
      (await (await caches.open(name)).match("/")) !== undefined
    );
  });

test(
  "the service worker may serve the page, asks only this server, and is looked for anew",
  async () => {
    const { url } = await site();
    const { headers, status } = await fetch(`${url}/playground/worker.js`);
    expect(status).toBe(200);
    expect(headers.get("service-worker-allowed")).toBe("/");
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; connect-src 'self'");
  },
  patience,
);

inBrowser("without its server the page opens, says so, and comes back by itself", async () => {
  const data = folder();
  const first = await started(data, 0);
  const { page, asked, complaints } = await visit(first.url);
  await ready(page);
  await kept(page);
  await first.kill();
  // Playwright may count the refused request of the worker as the page's own.
  await page.reload().catch(() => {});
  const words = page.getByText("The server is not there. Start easel, and this page goes on by itself.");
  await words.waitFor();
  await page.getByRole("link", { name: "Gallery" }).click();
  await page.getByRole("heading", { name: "Gallery" }).waitFor();

  await started(data, portOf(first.url));
  await words.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Models" }).click();
  await page.locator(".card").first().waitFor();
  expect(asked.filter((address) => !address.startsWith(first.url))).toEqual([]);
  expect(complaints.filter((complaint) => !complaint.startsWith("Failed to load resource"))).toEqual([]);
});

inBrowser("a newer server is never shown with the kept page", async () => {
  const first = await started(folder(), 0);
  const { page } = await visit(first.url);
  await ready(page);
  await kept(page);
  const other = await page.context().newPage();
  await first.kill();
  // Playwright counts the refused request of the worker as the page's own.
  await other.goto(first.url).catch(() => {});
  await other.getByText("The server is not there.").waitFor();

  const answers: Record<string, object> = {
    "/ready": { ready: true, reason: null },
    "/health": { queue_len: 0, memory: { loaded: [], resident_gb: 0, budget_gb: 1 } },
    "/v1/jobs": { data: [], has_more: false },
    "/playground/offer.json": { secured: false, activation: false, families: [] },
  };
  const newer = Bun.serve({
    port: portOf(first.url),
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/") return new Response("<p>newer", { headers: { "content-type": "text/html" } });
      return answers[pathname] ? Response.json(answers[pathname]) : new Response(null, { status: 404 });
    },
  });
  try {
    // One page was opened without a server and leaves by itself; the other one is asked to.
    await other.getByText("newer").waitFor();
    await page.reload();
    await page.getByText("newer").waitFor();
  } finally {
    await newer.stop(true);
  }
});

inBrowser("the kept pages of other versions go", async () => {
  const { url } = await site();
  const { page } = await visit(`${url}/ready`);
  await page.evaluate(async () => {
    await caches.open("easel-shell-of-yesterday");
    await caches.open("of-somebody-else");
  });
  await page.goto(url);
  await page.waitForFunction(async () => {
    const names = await caches.keys();
    return (
      names.filter((name) => name.startsWith("easel-shell-")).length === 1 &&
      !names.includes("easel-shell-of-yesterday")
    );
  });
  expect(await page.evaluate(() => caches.has("of-somebody-else"))).toBe(true);
});

inBrowser("where service workers are not allowed the page works without", async () => {
  const { url } = await site();
  const { page, complaints } = await visit("about:blank");
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
  await page.goto(url);
  await ready(page);
  await page.getByRole("link", { name: "Models" }).click();
  await page.locator(".card").first().waitFor();
  expect(complaints).toEqual([]);
});
