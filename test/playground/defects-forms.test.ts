/** What became of forms, progress and refusals: each test follows the steps that once went wrong. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { positionsOf } from "../../playground/depth/mesh.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { hubServer } from "../src/hub/hub-server.ts";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};
// A test that fails while the gate is closed holds no other back.
afterEach(async () => (await shared)?.gate.open());

test("a flatter body still fits the picture's own camera", () => {
  const grid = {
    rays: Float32Array.of(-0.3, 0.2, 0.1, -0.4),
    depth: Float32Array.of(1, 9),
  } as Parameters<typeof positionsOf>[0];
  for (const strength of [0.1, 0.5, 1, 2]) {
    const [x1, y1, z1, x2, y2, z2] = positionsOf(grid, 4, strength);
    for (const [got, wanted] of [
      [x1! / -z1!, -0.3],
      [y1! / -z1!, 0.2],
      [x2! / -z2!, 0.1],
      [y2! / -z2!, -0.4],
    ])
      expect(got!).toBeCloseTo(wanted!, 5);
  }
});

inBrowser("work in progress says its step, in the card and in the window's title", async () => {
  const { url, gate } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("a lighthouse");
  await page.locator(".panel summary").click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("3");
  gate.close("decode");
  await page.getByRole("button", { name: "Generate" }).click();
  await page.locator(".work", { hasText: /step 3 of 3/ }).waitFor();
  await page.waitForFunction(() => /^\d+ % · a lighthouse/.test(document.title));
  expect(await page.locator(".work-label").textContent()).not.toContain("100 %");
  gate.open();
  await page.locator(".viewport").getByRole("img", { name: "a lighthouse" }).waitFor();
});

inBrowser("a bar of unknown length moves where motion is allowed", async () => {
  const { url, gate } = await server();
  gate.close();
  const { page } = await visit(url);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await estimate(page);
  await page.waitForURL(/#\/job\//);
  const bar = page.locator(".work progress:indeterminate");
  const first = await bar.screenshot();
  // Ends with the test's own time limit where the bar stands still.
  while (first.equals(await bar.screenshot())) await page.evaluate(() => new Promise(requestAnimationFrame));
  gate.open();
  await shown(page);
});

inBrowser("Generate invites a prompt, whatever another tool has on the stage", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, small, "cat.png", "image/png");
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  await page.getByRole("link", { name: "Generate" }).click();
  await page.getByText("Describe an image").waitFor();
  expect(await page.locator("#current, .viewport").count()).toBe(0);
  await page.getByRole("button", { name: /^A lighthouse/ }).click();
  expect(await page.getByLabel("Prompt", { exact: true }).inputValue()).toStartWith("A lighthouse");
});

inBrowser(
  "few steps are offered only where an adapter is installed, and models bear their family",
  async () => {
    const { url } = await server();
    const { page } = await visit(`${url}/#generate`);
    await ready(page);
    await page.locator('select[name="model"]').waitFor();
    const options = await page.locator('select[name="model"] option').allTextContents();
    expect(options.filter((text) => !text.includes(" · "))).toEqual([]);
    expect(await page.getByLabel("Speed").count()).toBe(0);
  },
);

inBrowser("an image beyond the limit is made smaller and goes through", async () => {
  const { url, get } = await site({ max_input_pixels: 5000 });
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, small, "large.png", "image/png");
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("alert").getByText("This image is too large").waitFor();
  await page.getByRole("button", { name: "Shrink the image and try again" }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  expect(await page.locator("#current .name").textContent()).toBe("large-smaller.jpg");
  const [job] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
  expect(job!.status).toBe("succeeded");
});

inBrowser("a full disk and a full queue say so, with a next step", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  const refusedWith = async (status: number, code: string, detail: string) => {
    await page.route("**/estimate", (route) =>
      route.fulfill({ status, contentType: "application/json", body: JSON.stringify({ detail, code }) }),
    );
    await estimate(page);
    await page.getByRole("alert").waitFor();
    await page.unroute("**/estimate");
  };
  await refusedWith(507, "disk_full", "no space is left on the server's disk");
  await page.getByRole("alert").getByText("The server's disk is full").waitFor();
  expect(await page.getByRole("link", { name: "Show results" }).getAttribute("href")).toBe("#/gallery");
  await page.getByRole("button", { name: "Back" }).click();
  await refusedWith(429, "queue_full", "too many jobs are waiting");
  await page.getByRole("alert").getByText("The queue is full").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await shown(page);
});

inBrowser(
  "a server that is gone when the button is pressed is named, and the same press works later",
  async () => {
    const { url } = await server();
    const { page } = await visit(url);
    await ready(page);
    await choose(page, small, "small.png", "image/png");
    await page.context().setOffline(true);
    await estimate(page);
    await page.getByRole("alert").getByText("No connection to the server").waitFor();
    // What the page knows of the models stays.
    await page.locator('select[name="model"]').waitFor();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await page.context().setOffline(false);
    // The notice goes by itself.
    await page.getByRole("alert").waitFor({ state: "detached" });
    await estimate(page);
    await shown(page);
  },
);

inBrowser("an upscale that is larger than the window begins at 100 % where it has most detail", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  const folder = mkdtempSync(join(tmpdir(), "easel-detail-"));
  const path = join(folder, "corner.png");
  // Flat, with a chequered corner at the lower right.
  const [width, height] = [480, 360];
  const pixels = Buffer.alloc(width * height * 3, 128);
  for (let y = 270; y < height; y++)
    for (let x = 360; x < width; x++)
      pixels.fill(((x >> 3) + (y >> 3)) % 2 ? 255 : 0, (y * width + x) * 3, (y * width + x) * 3 + 3);
  await loadSharp()(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  await choose(page, path, "corner.png", "image/png");
  rmSync(folder, { recursive: true });
  await page.locator('select[name="model"]').selectOption("seedvr2/mini");
  await page.getByRole("radio", { name: "4×" }).check();
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  expect(await page.locator(".percent").textContent()).toBe("100 %");
  // The image's upper left corner is far out of sight.
  const { x, y } = (await page.locator(".layer-under .layer-image").boundingBox())!;
  expect(Math.max(x, y)).toBeLessThan(-200);
  await page.getByRole("button", { name: "Fit" }).click();
  expect(await page.locator(".percent").textContent()).not.toBe("100 %");
});

inBrowser("an enlarged upscale is moved by dragging, and its labels stay in sight", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  await page.locator(".viewport").focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press("+");
  expect(await page.locator(".percent").textContent()).toBe("800 %");
  const place = () =>
    page.locator(".layer-under .layer-image").evaluate((image: HTMLElement) => image.style.transform);
  const edge = () => page.locator(".edge").evaluate((line: HTMLElement) => line.style.left);
  const [before, edgeBefore] = [await place(), await edge()];
  const box = (await page.locator(".viewport").boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.35, box.y + box.height * 0.6, { steps: 3 });
  await page.mouse.up();
  expect(await place()).not.toBe(before);
  expect(await edge()).toBe(edgeBefore);
  for (const label of ["Before", "After"]) {
    const at = (await page.locator(".side-label", { hasText: label }).boundingBox())!;
    expect(at.x).toBeGreaterThanOrEqual(box.x);
    expect(at.x + at.width).toBeLessThanOrEqual(box.x + box.width);
  }
});

inBrowser("a download that failed says why at the model, and can be tried again", async () => {
  using hub = hubServer({ "config.json": new Uint8Array(2) }, { status: 403 });
  const endpoint = process.env.HF_ENDPOINT;
  process.env.HF_ENDPOINT = hub.url;
  try {
    const { url } = await site();
    const { page } = await visit(url);
    await ready(page);
    await page.locator('select[name="model"]').selectOption("depthanything/v2-small");
    await page.getByRole("button", { name: /^Download/ }).click();
    await page
      .getByRole("alert")
      .getByText(/^The download failed\. .+ What had arrived is kept\.$/)
      .waitFor();
    await page.reload();
    await page.locator('select[name="model"]').selectOption("depthanything/v2-small");
    await page
      .getByRole("alert")
      .getByText(/^The download failed/)
      .waitFor();
    expect(await page.getByRole("button", { name: /^Download/ }).isEnabled()).toBe(true);
  } finally {
    if (endpoint === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = endpoint;
  }
});
