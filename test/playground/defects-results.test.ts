/** What became of results and their images: each test follows the steps that once went wrong. */
import { afterEach, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { drop, inBrowser, picture, playground, ready } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();
const fixtures = join(import.meta.dir, "../fixtures");
const small = join(fixtures, "seedvr2/input-100x75.png");

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};
// A test that fails while the gate is closed holds no other back.
afterEach(async () => (await shared)?.gate.open());
const idOf = (page: Page) => page.url().split("/").at(-1)!;

async function depthOf(page: Page, name: string): Promise<string> {
  await page.goto(`${(await server()).url}/#depth`);
  await choose(page, small, name, "image/png");
  await estimate(page);
  await shown(page);
  return idOf(page);
}

inBrowser("an older result brings its own image, tool and command", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const pagoda = await depthOf(page, "pagoda.png");
  await depthOf(page, "astronaut.png");
  await page.goto(`${url}/#upscale`);
  await page.locator(`.strip a[href="#/job/${pagoda}"]`).click();
  await shown(page);
  await page.locator("#panel-title", { hasText: "Depth" }).waitFor();
  await page.locator("#current .name", { hasText: "pagoda.png" }).waitFor();
  await page.getByRole("button", { name: "Code" }).click();
  await page.locator("#code-text", { hasText: "file=@pagoda.png" }).waitFor();
  await page.reload();
  await shown(page);
  expect(idOf(page)).toBe(pagoda);
  await page.locator("#current .name", { hasText: "pagoda.png" }).waitFor();
});

inBrowser("a result whose files were deleted says so in the middle of the stage", async () => {
  const { url, get } = await server();
  const first = await visit(url);
  await ready(first.page);
  const id = await depthOf(first.page, "gone.png");
  const { artifacts } = await get<Job>(`/v1/jobs/${id}`);
  for (const file of artifacts) await fetch(`${url}/v1/files/${file}`, { method: "DELETE" });
  // Another browser has none of its pictures.
  const { page } = await visit(`${url}/#/job/${id}`);
  const words = page.locator("#stage [role=alert]");
  await words.waitFor();
  const [box, stage] = [(await words.boundingBox())!, (await page.locator("#stage").boundingBox())!];
  expect(box.height).toBeGreaterThan(stage.height / 2);
});

inBrowser("a job whose files were deleted, as commands do, leaves no empty tile, now and later", async () => {
  const { url, get } = await server();
  const first = await visit(url);
  await ready(first.page);
  const here = await depthOf(first.page, "here.png");
  const id = await depthOf(first.page, "saved-elsewhere.png");
  const { artifacts } = await get<Job>(`/v1/jobs/${id}`);
  for (const file of artifacts) await fetch(`${url}/v1/files/${file}`, { method: "DELETE" });
  const { page } = await visit(`${url}/#/gallery`);
  await page.locator(`.tile a[href="#/job/${here}"]`).waitFor();
  await page.locator(`.tile a[href="#/job/${id}"]`).waitFor({ state: "detached" });
  await page.goto(`${url}/#depth`);
  await page.locator(`.strip a[href="#/job/${here}"]`).waitFor();
  expect(await page.locator(`.strip a[href="#/job/${id}"]`).count()).toBe(0);
  // The next visit knows it before any thumbnail is asked for.
  let thumbnails = 0;
  await page.route("**/thumbnail?*", async (route) => {
    if (artifacts.some((file) => route.request().url().includes(file))) thumbnails++;
    await route.continue();
  });
  await page.reload();
  await page.locator(`.strip a[href="#/job/${here}"] img`).waitFor();
  expect(thumbnails).toBe(0);
  expect((await get<Job>(`/v1/jobs/${id}`)).status).toBe("succeeded");
});

inBrowser("an address of results that cannot be says so in plain words", async () => {
  const { url } = await server();
  for (const address of ["#/compare/x/y", "#/job/x", "#/job/job_00000000000000000000000000000000"]) {
    const { page } = await visit(`${url}/${address}`);
    const words = page.getByText("It was deleted, or the address is not complete.");
    await words.waitFor();
    expect(await page.locator("#stage").textContent()).not.toMatch(/[\^$/]|pattern|422|404/);
  }
});

/** Until the browser has stored so many images, which ends behind what the page shows. */
const stored = (page: Page, count: number) =>
  page.waitForFunction(async (count) => {
    // Opening a database that is not there would make an empty one.
    if (!(await indexedDB.databases()).some(({ name }) => name === "easel")) return false;
    const opened = Promise.withResolvers<void>();
    const asked = indexedDB.open("easel");
    asked.onsuccess = () => opened.resolve();
    asked.onerror = () => opened.reject(asked.error);
    await opened.promise;
    const counted = Promise.withResolvers<void>();
    const found = asked.result.transaction("images").objectStore("images").count();
    found.onsuccess = () => counted.resolve();
    await counted.promise;
    asked.result.close();
    return found.result === count;
  }, count);

inBrowser("an image that was not sent yet is still there after a reload", async () => {
  const { url, get } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  const before = (await get<{ data: unknown[] }>("/v1/files")).data.length;
  await choose(page, small, "unsent.png", "image/png");
  await stored(page, 1);
  await page.reload();
  await page.locator("#current .name", { hasText: "unsent.png" }).waitFor();
  await page.locator(".viewport-single").waitFor();
  expect((await get<{ data: unknown[] }>("/v1/files")).data.length).toBe(before);
  await page.getByRole("button", { name: "Remove unsent.png" }).click();
  await stored(page, 0);
  await page.reload();
  await ready(page);
  await page.getByText("Drop an image here").waitFor();
  expect(await page.locator("#current").count()).toBe(0);
});

inBrowser("a row of the queue has image, name, model and time", async () => {
  const { url, gate } = await server();
  gate.close();
  const { page } = await visit(url);
  await ready(page);
  for (const name of ["harbour.png", "market.png"]) {
    await page.goto(`${url}/#depth`);
    await choose(page, small, name, "image/png");
    await estimate(page);
    await page.waitForURL(/#\/job\//);
  }
  await page.getByRole("button", { name: /^Queue/ }).click();
  await page.locator(".job-running strong", { hasText: "harbour.png" }).waitFor();
  const waiting = page.locator(".job-queued");
  expect(await waiting.locator("strong").textContent()).toBe("market.png");
  expect(await waiting.locator("small").textContent()).toMatch(
    /^Depth Anything · mini, queued (just now|\d+ min ago)$/,
  );
  const width = waiting.locator("img").evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    return image.naturalWidth;
  });
  expect(await width).toBeGreaterThan(0);
  gate.open();
  await shown(page);
});

inBrowser("the gallery goes on behind the first page of jobs", async () => {
  const { url } = await site();
  const form = new FormData();
  form.set("file", new File(["no image"], "broken.png", { type: "image/png" }));
  const { file_id } = await (await fetch(`${url}/v1/files`, { method: "POST", body: form })).json();
  const made: string[] = [];
  for (let i = 0; i < 70; i++) {
    const answer = await fetch(`${url}/v1/image/depthanything/estimate`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image: { file_id }, model: "mini", mode: "async" }),
    });
    made.push((await answer.json()).job_id);
  }
  const { page } = await visit(`${url}/#/gallery`);
  await page.waitForFunction(
    async (last) => (await (await fetch(`/v1/jobs/${last}`)).json()).status === "failed",
    made.at(-1)!,
  );
  await page.reload();
  await page.getByRole("radio", { name: "Failed" }).check();
  await page.locator(".tile").first().waitFor();
  await page.locator(".gallery-end").scrollIntoViewIfNeeded();
  await page.locator(`.tile a[href="#/job/${made[0]}"]`).waitFor();
});

inBrowser("an image that the browser cannot show leaves no broken icon", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const damaged = Bun.file(join(fixtures, "images/rgb.tif"));
  const path = join(import.meta.dir, `.damaged-${process.pid}.tif`);
  await Bun.write(path, (await damaged.bytes()).subarray(0, 60));
  await drop(page, path, "damaged.tif", "image/tiff");
  await Bun.file(path).delete();
  await page.locator("#current .name", { hasText: "damaged.tif" }).waitFor();
  await estimate(page);
  await page.getByRole("alert").waitFor();
  const broken = () =>
    page.evaluate(() =>
      [...document.images]
        .filter((image) => image.complete && image.naturalWidth === 0 && image.checkVisibility())
        .map(({ src }) => src),
    );
  await page.waitForFunction(() =>
    [...document.images].every(({ complete, loading }) => complete || loading === "lazy"),
  );
  expect(await broken()).toEqual([]);
  await page.goto(`${url}/#/gallery`);
  await page.getByRole("radio", { name: "Failed" }).check();
  await page.locator(".tile .plate").first().waitFor();
  expect(await broken()).toEqual([]);
});

inBrowser("an input that was deleted on the server is sent again by the page that has it", async () => {
  const { url, get } = await server();
  const { page } = await visit(url);
  await ready(page);
  await depthOf(page, "again.png");
  const first = await get<Job>(`/v1/jobs/${idOf(page)}`);
  const { file_id } = first.params.image as { file_id: string };
  await fetch(`${url}/v1/files/${file_id}`, { method: "DELETE" });
  await estimate(page);
  await page.waitForFunction((id) => !location.hash.endsWith(id), first.id);
  await shown(page);
  const second = await get<Job>(`/v1/jobs/${idOf(page)}`);
  expect([second.status, (second.params.image as { file_id: string }).file_id === file_id]).toEqual([
    "succeeded",
    false,
  ]);
});

inBrowser("a depth map is saved in four formats, one of them with 16 bits", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await depthOf(page, "Old Harbour.png");
  const saved = async (button: string) => {
    await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: button }).click(),
    ]);
    const { format, depth, width, height } = await loadSharp()(
      readFileSync(await download.path()),
    ).metadata();
    return [download.suggestedFilename(), format, depth, width, height];
  };
  expect(await saved("JPEG, as shown")).toEqual(["old-harbour-depth.jpg", "jpeg", "uchar", 100, 75]);
  expect(await saved("WebP, as shown")).toEqual(["old-harbour-depth.webp", "webp", "uchar", 100, 75]);
  expect(await saved("PNG, grey, 16 bits")).toEqual([
    "old-harbour-depth-16bit.png",
    "png",
    "ushort",
    100,
    75,
  ]);
});

inBrowser("a result is an image of the edit when its thumbnail is dragged there", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const id = await depthOf(page, "dragged.png");
  await page.goto(`${url}/#edit`);
  await page.locator("#panel-title", { hasText: "Edit" }).waitFor();
  const thumb = page.locator(`.strip a[href="#/job/${id}"]`);
  await thumb.dragTo(page.locator(".stage"));
  await page.locator("#current .name").waitFor();
  await thumb.dragTo(page.locator("[data-drop=references]"));
  await page.locator("[data-drop=references] .list .name").waitFor();
});

inBrowser("the stage keeps its place and size when an image and its result arrive", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const box = () => page.locator(".stage").boundingBox();
  await choose(page, picture, "street.jpg", "image/jpeg");
  const before = await box();
  await estimate(page);
  await shown(page);
  expect(await box()).toEqual(before);
  expect(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true);
});
