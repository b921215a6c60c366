/** The page while its server goes away, beside another tab, by keys alone, and without motion. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { drop, inBrowser, picture, playground, ready } from "./browser.ts";
import { processes } from "./processes.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();
const root = join(import.meta.dir, "../..");
const small = join(root, "test/fixtures/seedvr2/input-100x75.png");

const { started, folder } = processes();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

inBrowser("a job on the stage survives kill -9 of the server, and ends with its map", async () => {
  const data = folder();
  const first = await started(data, 0);
  const { page } = await visit(first.url);
  await ready(page);
  await drop(page, picture, "street.jpg", "image/jpeg");
  await page.locator("#current .name", { hasText: "street.jpg" }).waitFor();
  await estimate(page);
  await page.waitForURL(/#\/job\//);
  await first.kill();
  await page.getByText("Connection lost. Trying again…").first().waitFor();
  await started(data, Number(new URL(first.url).port));
  await shown(page);
  await page.locator(".trouble").waitFor({ state: "detached" });
});

inBrowser("what one tab makes and deletes, the other tab shows", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const other = await page.context().newPage();
  await other.goto(`${url}/#/gallery`);
  await ready(other);
  await choose(page, small, "shared.png", "image/png");
  await estimate(page);
  await shown(page);
  const again = () => other.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await again();
  const tile = other.locator(".tile", { hasText: "shared.png" });
  await tile.waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.locator(".toasts li", { hasText: "Result deleted" }).waitFor();
  await page.waitForFunction(async () => (await (await fetch("/v1/jobs")).json()).data.length === 0);
  await again();
  await tile.waitFor({ state: "detached" });
});

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${selector}`);
}

inBrowser("keys alone lead from an example to a map, its download and back", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await tabTo(page, ".sample");
  await page.keyboard.press("Enter");
  await shown(page);
  await tabTo(page, ".viewport");
  const before = await page.locator(".percent").textContent();
  await page.keyboard.press("+");
  expect(await page.locator(".percent").textContent()).not.toBe(before);
  await tabTo(page, ".result-bar > .menu > summary");
  await page.keyboard.press("Enter");
  await tabTo(page, ".menu-items button");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  expect(download.suggestedFilename()).toContain("depth");
  const result = page.url();
  await page.keyboard.press("Alt+2");
  await page.locator("#panel-title", { hasText: "Upscale" }).waitFor();
  await page.keyboard.press("Alt+1");
  await page.locator("#panel-title", { hasText: "Depth" }).waitFor();
  await page.goBack();
  await page.goBack();
  expect(page.url()).toBe(result);
});

inBrowser("with reduced motion nothing moves by itself", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, small, "still.png", "image/png");
  await estimate(page);
  await shown(page);
  await page.getByRole("radio", { name: "Parallax" }).check();
  await page.locator("canvas.parallax").waitFor();
  const frame = () =>
    page.locator("canvas.parallax").evaluate(async (canvas: HTMLCanvasElement) => {
      for (let frames = 0; frames < 10; frames++) await new Promise(requestAnimationFrame);
      const context = new OffscreenCanvas(50, 38).getContext("2d")!;
      context.drawImage(canvas, 0, 0, 50, 38);
      return [...context.getImageData(0, 0, 50, 38).data].join();
    });
  const before = await frame();
  expect(await frame()).toBe(before);
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

inBrowser("an input that was deleted is named, and another one can be chosen", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, small, "gone.png", "image/png");
  await estimate(page);
  await shown(page);
  const job = await (await fetch(`${url}/v1/jobs/${page.url().split("/").at(-1)}`)).json();
  // After a reload the page no longer has the bytes, and cannot send them again.
  await page.reload();
  await shown(page);
  await fetch(`${url}/v1/files/${job.params.image.file_id}`, { method: "DELETE" });
  await estimate(page);
  await page.getByRole("alert").getByText("The image is no longer on the server").waitFor();
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose another image" }).click(),
  ]);
  await chooser.setFiles({ name: "next.png", mimeType: "image/png", buffer: readFileSync(small) });
  await page.locator("#current .name", { hasText: "next.png" }).waitFor();
  await estimate(page);
  await shown(page);
});
