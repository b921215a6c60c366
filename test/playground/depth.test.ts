/** Views of a depth result in a real browser. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { loadSharp } from "../../src/images/sharp.ts";
import { inBrowser, picture, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

const metric = "depthanything/v2-metric-indoor-small";
let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site({ model_paths: { [metric]: join(import.meta.dir, "../fixtures/depth/v2-metric-hf") } });
  return shared;
};

async function depthOf(path: string, model: string): Promise<Page> {
  const { url } = await server();
  const { page, complaints } = await visit(url);
  await ready(page);
  await page.locator('select[name="model"]').selectOption(model);
  await choose(page, path, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  expect(complaints).toEqual([]);
  return page;
}

/** A small copy of what a canvas shows, once it shows something. */
const copyOf = (page: Page, selector: string) =>
  page.waitForFunction((selector) => {
    const canvas = document.querySelector<HTMLCanvasElement>(selector);
    if (!canvas) return false;
    const context = new OffscreenCanvas(48, 36).getContext("2d")!;
    context.drawImage(canvas, 0, 0, 48, 36);
    const pixels = [...context.getImageData(0, 0, 48, 36).data];
    return pixels.some((value, at) => at % 4 < 3 && value > 0) && pixels.join();
  }, selector);

inBrowser("each effect of the flat view changes the picture, and is saved under its own name", async () => {
  const page = await depthOf(small, "depthanything/mini");
  await page.getByRole("radio", { name: "Parallax" }).check();
  const seen = new Set([await (await copyOf(page, "canvas.parallax")).jsonValue()]);
  for (const effect of ["Focus", "Fog", "Anaglyph", "Side by side"]) {
    await page.getByRole("radio", { name: effect }).check();
    await page.waitForFunction(
      ([known]) => {
        const context = new OffscreenCanvas(48, 36).getContext("2d")!;
        context.drawImage(document.querySelector<HTMLCanvasElement>("canvas.parallax")!, 0, 0, 48, 36);
        const { data } = context.getImageData(0, 0, 48, 36);
        return data.some((value, at) => at % 4 < 3 && value > 0) && !known!.includes([...data].join());
      },
      [[...seen]] as string[][],
    );
    seen.add(await (await copyOf(page, "canvas.parallax")).jsonValue());
  }
  expect(seen.size).toBe(5);
  const size = () =>
    page.locator("canvas.parallax").evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height]);
  expect(await size()).toEqual([200, 75]);
  await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "PNG of this view" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("street-stereo.png");
});

inBrowser("a view whose script does not come says so, and is shown when it comes", async () => {
  const page = await depthOf(small, "depthanything/mini");
  await page.route("**/parallax-view*", (route) => route.abort());
  await page.getByRole("radio", { name: "Parallax" }).check();
  await page.locator(".result .error").waitFor();
  await page.unroute("**/parallax-view*");
  await page.getByRole("radio", { name: "Compare" }).check();
  await page.getByRole("radio", { name: "Parallax" }).check();
  await copyOf(page, "canvas.parallax");
});

inBrowser("a click in the focus effect makes that distance sharp, and a slider does the same", async () => {
  const page = await depthOf(small, "depthanything/mini");
  await page.getByRole("radio", { name: "Parallax" }).check();
  await page.getByRole("radio", { name: "Focus" }).check();
  const slider = page.getByRole("slider", { name: /^Sharp distance/ });
  const canvas = page.locator("canvas.parallax");
  const box = (await canvas.boundingBox())!;
  await canvas.click({ position: { x: box.width / 2, y: box.height * 0.95 } });
  const near = Number(await slider.inputValue());
  await canvas.click({ position: { x: box.width / 2, y: box.height * 0.05 } });
  expect(Number(await slider.inputValue())).toBeLessThan(near);
  const before = await (await copyOf(page, "canvas.parallax")).jsonValue();
  await slider.fill(String(near));
  await page.waitForFunction((old) => {
    const context = new OffscreenCanvas(48, 36).getContext("2d")!;
    context.drawImage(document.querySelector<HTMLCanvasElement>("canvas.parallax")!, 0, 0, 48, 36);
    return [...context.getImageData(0, 0, 48, 36).data].join() !== old;
  }, before);
});

inBrowser("a metric map shows metres, and the distance between two clicked points", async () => {
  const page = await depthOf(picture, metric);
  expect(await page.locator(".legend").textContent()).toMatch(/^far [\d.]+ m.*[\d.]+ m near$/);
  const measure = page.locator(".measure");
  expect(await measure.textContent()).toBe("Click twice to measure");
  const box = (await page.locator(".viewport").boundingBox())!;
  const click = (x: number, y: number) => page.mouse.click(box.x + box.width * x, box.y + box.height * y);
  await click(0.35, 0.4);
  await measure.getByText("Click a second point").waitFor();
  await click(0.65, 0.6);
  await measure.getByText(/^Distance: [\d.]+ m$/).waitFor();
  expect(await page.locator(".marks circle").count()).toBe(2);
});

inBrowser("the range's limits recolour the map and say their distance", async () => {
  const page = await depthOf(picture, metric);
  const before = await (await copyOf(page, ".layer-under canvas")).jsonValue();
  await page.locator("summary", { hasText: "Range" }).click();
  await page.getByRole("img", { name: /^Pixels by distance/ }).waitFor();
  await page.getByRole("slider", { name: /^Near limit/ }).fill("120");
  expect(await copyOf(page, ".layer-under canvas").then((copy) => copy.jsonValue())).not.toBe(before);
  expect(await page.locator(".look output").first().textContent()).toMatch(/ m$/);
  await page.getByRole("button", { name: "Reset" }).click();
  expect(await copyOf(page, ".layer-under canvas").then((copy) => copy.jsonValue())).toBe(before);
});

inBrowser(
  "a large map tells its values, and is recoloured coarsely at once and wholly after that",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "easel-large-"));
    const large = join(folder, "large.jpg");
    await loadSharp()(picture).resize(3000, 2250).jpeg().toFile(large);
    const page = await depthOf(large, "depthanything/mini");
    rmSync(folder, { recursive: true });
    const width = () =>
      page.locator(".layer-under canvas:visible").evaluate((canvas: HTMLCanvasElement) => canvas.width);
    expect(await width()).toBeLessThan(3000);
    const box = (await page.locator(".viewport").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator(".readout", { hasText: /[\d.]+/ }).waitFor();
    // Enlarged, the whole map has more to show than the coarse one.
    await page.getByRole("button", { name: "100 %" }).click();
    const whole = () => page.locator('.layer-under canvas[width="3000"]:visible').waitFor();
    await whole();
    await page.evaluate(() => {
      const widths: number[] = Object.assign(window, { widths: [] }).widths;
      const shown = () =>
        document.querySelector<HTMLCanvasElement>(".layer-under canvas:not([hidden])")!.width;
      new MutationObserver(() => widths.push(shown())).observe(document.querySelector(".layer-under")!, {
        attributes: true,
        subtree: true,
        attributeFilter: ["hidden"],
      });
    });
    await page.getByRole("radio", { name: "turbo" }).check();
    await page.waitForFunction(() => (window as unknown as { widths: number[] }).widths.at(-1) === 3000);
    expect(
      await page.evaluate(() => Math.min(...(window as unknown as { widths: number[] }).widths)),
    ).toBeLessThan(3000);
    await whole();
    const colours = await page
      .locator(".layer-under canvas:visible")
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, canvas.height - 1, canvas.width, 1);
        return data.filter((value, at) => at % 4 === 0 && value !== data[at + 1]).length;
      });
    expect(colours).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Fit" }).click();
    await page.locator('.layer-under canvas:not([width="3000"]):visible').waitFor();
  },
);
