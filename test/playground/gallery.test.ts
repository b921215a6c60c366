import { expect } from "bun:test";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { writeResults } from "../../bench/page/results.ts";
import { inBrowser, playground, ready } from "./browser.ts";

const { site, visit } = playground();
const count = 330;

async function full() {
  const data_dir = join(mkdtempSync(join(tmpdir(), "easel-gallery-")), "data");
  mkdirSync(data_dir);
  await writeResults(data_dir, count);
  return site({ data_dir, files_root: join(data_dir, "files") });
}
let shared: ReturnType<typeof full> | undefined;
const server = () => {
  shared ??= full();
  return shared;
};

const tileAt = (page: Page, place: number) => page.locator(`.tile[aria-posinset="${place}"]`);

/** Scrolls until the last result is there. */
async function toTheEnd(page: Page): Promise<void> {
  await page.waitForFunction((count) => {
    scrollTo(0, document.documentElement.scrollHeight);
    return document.querySelector(`.tile[aria-posinset="${count}"]`) !== null;
  }, count);
}

inBrowser("a gallery of many results holds only those near the window, each at its place", async () => {
  const { url, get } = await server();
  const { page } = await visit(`${url}/#/gallery`);
  await ready(page);
  const { data } = await get<{ data: { id: string }[] }>("/v1/jobs?limit=1000");
  expect(data.length).toBe(count);
  const address = (place: number) => tileAt(page, place).locator("a").getAttribute("href");
  expect(await address(1)).toBe(`#/job/${data[0]!.id}`);
  await toTheEnd(page);
  expect(await address(count)).toBe(`#/job/${data.at(-1)!.id}`);
  await tileAt(page, 1).waitFor({ state: "detached" });
  expect(await page.locator(".tile").count()).toBeLessThan(150);

  // Neighbours in the list are neighbours on the screen.
  const boxes = await page.locator(".tile").evaluateAll((tiles) =>
    tiles.map((tile) => {
      const { x, y } = tile.getBoundingClientRect();
      return { place: Number(tile.ariaPosInSet), x, y };
    }),
  );
  const sorted = boxes.toSorted((a, b) => a.y - b.y || a.x - b.x);
  expect(sorted.map(({ place }) => place)).toEqual(
    sorted.map(({ place }) => place).toSorted((a, b) => a - b),
  );
  await page.evaluate(() => scrollTo(0, 0));
  await tileAt(page, 1).waitFor();
});

inBrowser("a tile with the focus stays while the window is elsewhere, and in another width", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#/gallery`);
  await ready(page);
  await tileAt(page, 1).locator("a").focus();
  await toTheEnd(page);
  expect(await tileAt(page, 1).locator("a:focus").count()).toBe(1);
  expect(await tileAt(page, 2).count()).toBe(0);
  await page.setViewportSize({ width: 400, height: 800 });
  await toTheEnd(page);
  const { x, width } = (await tileAt(page, count).boundingBox())!;
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + width).toBeLessThanOrEqual(400);
});

inBrowser("tiles that were shown and left are forgotten", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#/gallery`);
  await ready(page);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const nodes = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "Nodes")!.value;
  };
  const there = async () => {
    await toTheEnd(page);
    await page.evaluate(() => scrollTo(0, 0));
    await tileAt(page, 1).waitFor();
  };
  await there();
  const before = await nodes();
  for (let times = 0; times < 4; times++) await there();
  // Ends with the test's own time limit where they stay.
  while ((await nodes()) >= 2 * before + 1000) await page.evaluate(() => new Promise(requestAnimationFrame));
});

inBrowser("a thumbnail that scrolled by before it came is not waited for", async () => {
  const { url } = await server();
  const { page } = await visit("about:blank");
  // Until its page closes none is answered.
  await page.route(/\/thumbnail\?/, () => {});
  const [asked] = await Promise.all([
    page.waitForRequest(/\/thumbnail\?size=320/),
    page.goto(`${url}/#/gallery`),
  ]);
  const dropped = page.waitForEvent("requestfailed", (request) => request === asked);
  await toTheEnd(page);
  await dropped;
});

inBrowser("older results that did not come are asked for again", async () => {
  const { url } = await server();
  const { page } = await visit("about:blank");
  let refused = 0;
  await page.route(/\/v1\/jobs\?.*after=/, (route) => (refused++ < 2 ? route.abort() : route.continue()));
  await page.goto(`${url}/#/gallery`);
  await ready(page);
  await toTheEnd(page);
  expect(refused).toBeGreaterThanOrEqual(3);
});

inBrowser("the list of models appears as a whole", async () => {
  const { url } = await server();
  const { page } = await visit("about:blank");
  const { promise: held, resolve: letThrough } = Promise.withResolvers<void>();
  const [offer] = await Promise.all([
    page.waitForRequest(/offer\.json$/),
    page
      .route(/offer\.json$/, async (route) => {
        await held;
        await route.continue();
      })
      .then(() => page.goto(`${url}/#/models`)),
  ]);
  await page.getByRole("heading", { name: "Models" }).waitFor();
  expect(await page.locator("h2").count()).toBe(0);
  letThrough();
  await offer.response();
  await page.locator(".card").first().waitFor();
  expect(await page.locator("h2").count()).toBe(4);
});
