/** From an image to its depth map. */
import { expect } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Job } from "../../src/jobs/job.ts";
import { drop, inBrowser, picture, playground, ready } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();
const images = join(import.meta.dir, "../fixtures/images");

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

const jobs = async () => (await (await server()).get<{ data: Job[] }>("/v1/jobs")).data;
const split = (page: Page) => page.getByRole("slider", { name: "Share of the image that is shown" });

inBrowser("without an image the button says at the drop zone what is missing", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await estimate(page);
  expect(await page.getByRole("alert").textContent()).toBe("Add an image first.");
  expect(await page.locator(".drop-missing").count()).toBe(1);
});

inBrowser("a dropped image becomes a depth map whose edge, colours and zoom obey keys", async () => {
  const { url } = await server();
  const { page, asked, complaints } = await visit(url);
  await ready(page);
  await drop(page, picture, "street.jpg", "image/jpeg");
  await page.locator("#current .name", { hasText: "street.jpg" }).waitFor();
  await estimate(page);
  await shown(page);

  const edgeAt = (left: string) =>
    page.waitForFunction((left) => document.querySelector<HTMLElement>(".edge")?.style.left === left, left);
  await edgeAt("50%");
  await split(page).press("End");
  await edgeAt("100%");

  const coloured = (wanted: boolean) =>
    page.waitForFunction((wanted) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".layer canvas")!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, 64, 64);
      return data.some((value, i) => i % 4 === 0 && value !== data[i + 1]) === wanted;
    }, wanted);
  await coloured(false);
  await page.getByRole("radio", { name: "turbo" }).check();
  await coloured(true);

  await page.locator(".viewport").focus();
  const before = await page.locator(".percent").textContent();
  await page.keyboard.press("+");
  expect(await page.locator(".percent").textContent()).not.toBe(before);
  await page.keyboard.press("1");
  expect(await page.locator(".percent").textContent()).toBe("100 %");
  await page.keyboard.press("0");
  expect(await page.locator(".percent").textContent()).toBe(before);
  for (const mode of ["Side by side", "Flip", "Difference"]) {
    await page.getByRole("radio", { name: mode }).check();
    expect(await page.locator(`.viewport-${mode.split(" ")[0]!.toLowerCase()}`).count()).toBe(1);
  }
  expect(
    asked.filter((address) => !/^(blob|data):/.test(address) && new URL(address).origin !== url),
  ).toEqual([]);
  expect(complaints).toEqual([]);
});

inBrowser("the value under the pointer is the file's own number", async () => {
  const { url, get } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  const readout = page.locator(".readout");
  const box = (await page.locator(".viewport").boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => /^[\d.]+$/.test(document.querySelector(".readout")?.textContent ?? ""));
  const [job] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
  const { min_depth, max_depth } = job!.result as { min_depth: number; max_depth: number };
  const value = Number(await readout.textContent());
  expect(value).toBeGreaterThanOrEqual(min_depth * 0.99);
  expect(value).toBeLessThanOrEqual(max_depth * 1.01);
});

inBrowser("the download is the map as it is shown, under the image's name", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "My Street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("radio", { name: "turbo" }).check();
  await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "PNG, as shown" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("my-street-depth-turbo.png");
  const saved = readFileSync(await download.path());
  const { decodePicture } = await import("../../src/images/decode.ts");
  const { pixels } = await decodePicture(saved, { maxPixels: 2 ** 24 });
  expect(pixels.some((value, i) => i % 3 === 0 && value !== pixels[i + 1])).toBe(true);
});

inBrowser("files that were asked for besides the map can be downloaded", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await page.locator("summary", { hasText: "More" }).first().click();
  for (const label of ["Mesh (GLB)", "Stereo pair (JPEG)"])
    await page.getByRole("checkbox", { name: label }).check();
  await estimate(page);
  await shown(page);
  await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
  expect(await page.getByRole("link", { name: "Stereo pair (JPEG)" }).count()).toBe(1);
  expect(await page.getByRole("link", { name: "Points (PLY)" }).count()).toBe(0);
  const address = await page.getByRole("link", { name: "Mesh (GLB)" }).getAttribute("href");
  const mesh = Buffer.from(await (await fetch(new URL(address!, url))).arrayBuffer());
  expect(mesh.subarray(0, 4).toString()).toBe("glTF");
  await page.reload();
  await ready(page);
  await page.locator("summary", { hasText: "More" }).first().click();
  expect(await page.getByRole("checkbox", { name: "Mesh (GLB)" }).isChecked()).toBe(true);
});

inBrowser("a file that is not an image is named at once and never sent", async () => {
  const { url, get } = await server();
  const { page } = await visit(url);
  await ready(page);
  const before = (await get<{ data: unknown[] }>("/v1/files")).data.length;
  await drop(page, join(images, "text.png"), "text.png", "image/png");
  await page.locator(".toasts li", { hasText: "“text.png” is not an image." }).waitFor();
  expect(await page.locator("#current").count()).toBe(0);
  expect((await get<{ data: unknown[] }>("/v1/files")).data.length).toBe(before);
});

inBrowser(
  "what only the server can judge gets its words and a next step, and the next image works",
  async () => {
    const { url } = await server();
    const { page } = await visit(url);
    await ready(page);
    // The browser shows no TIFF, so this damaged one reaches the server.
    const damaged = join(tmpdir(), `damaged-${process.pid}.tif`);
    await Bun.write(damaged, readFileSync(join(images, "rgb.tif")).subarray(0, 60));
    await drop(page, damaged, "damaged.tif", "image/tiff");
    await page.locator("#current .name", { hasText: "damaged.tif" }).waitFor();
    await estimate(page);
    await page.getByRole("alert").waitFor();
    const [job] = await jobs();
    expect([job!.status, job!.error_code]).toEqual(["failed", "invalid_image"]);
    const words = (await page.getByRole("alert").textContent())!.toLowerCase();
    expect(words).toContain(job!.error!.toLowerCase());
    expect(await page.getByRole("button", { name: "Choose another image" }).count()).toBe(1);
    rmSync(damaged);
    await drop(page, join(images, "rgb.tif"), "rgb.tif", "image/tiff");
    await estimate(page);
    await page.getByText("Grey", { exact: true }).waitFor();
  },
);

inBrowser("an image can be pasted, and taken with the camera", async () => {
  const { url } = await server();
  const { page, complaints } = await visit(url);
  await ready(page);
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(40, 30);
    canvas.getContext("2d")!.fillRect(0, 0, 20, 30);
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([await canvas.convertToBlob()], "image.png", { type: "image/png" }));
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  });
  await page.locator("#current .name", { hasText: "image.png" }).waitFor();
  await page.getByRole("button", { name: "Remove image.png" }).click();
  await page.getByRole("button", { name: "Camera" }).click();
  await page.getByRole("button", { name: "Take picture" }).click();
  await page.locator("#current .name", { hasText: "camera.jpg" }).waitFor();
  const width = await page.locator(".viewport img").evaluate((image: HTMLImageElement) => image.naturalWidth);
  expect(width).toBeGreaterThan(0);
  expect(await page.locator("video").count()).toBe(0);
  expect(complaints).toEqual([]);
});
