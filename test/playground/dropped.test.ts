/** Files of every kind, dropped on the page. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import { drop, inBrowser, playground, ready, small } from "./browser.ts";
import { estimate, shown } from "./steps.ts";

const { site, visit } = playground();
const folder = mkdtempSync(join(tmpdir(), "easel-dropped-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (name: string, bytes: string | Uint8Array) => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

inBrowser("a drawing, which only browsers show, is sent as a PNG", async () => {
  const { url, get } = await site();
  const { page } = await visit(url);
  await ready(page);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64"><rect width="50" height="64" fill="red"/></svg>`;
  await drop(page, written("plan.svg", svg), "plan.svg", "image/svg+xml");
  await page.locator("#current .name", { hasText: "plan.png" }).waitFor();
  await estimate(page);
  await shown(page);
  const [job] = (await get<{ data: Job[] }>("/v1/jobs")).data;
  expect(job).toMatchObject({ status: "succeeded", result: { width: 96, height: 64 } });
  const { file_id } = job!.params.image as { file_id: string };
  expect(await get<object>(`/v1/files/${file_id}`)).toMatchObject({
    filename: "plan.png",
    content_type: "image/png",
  });
});

inBrowser("what is no image is named, each with what can be done, and nothing is sent", async () => {
  const { url, get } = await site();
  const { page } = await visit(url);
  await ready(page);
  for (const [name, type, bytes, words] of [
    ["empty.jpg", "image/jpeg", "", "“empty.jpg” is empty. Choose a JPEG"],
    ["notes.pdf", "application/pdf", "%PDF-1.7 and so on", "“notes.pdf” is not an image. Choose a JPEG"],
    ["film.mp4", "video/mp4", "\0\0\0\x18ftypmp42 and so on", "“film.mp4” is not an image. Choose a JPEG"],
  ] as const) {
    await drop(page, written(name, bytes), name, type);
    await page.locator(".toasts li", { hasText: words }).waitFor();
  }
  expect(await page.locator("#current").count()).toBe(0);
  expect((await get<{ data: unknown[] }>("/v1/files")).data).toEqual([]);
});

inBrowser("a file that cannot be read, such as a folder, is named as that", async () => {
  const { url } = await site();
  const { page } = await visit(url);
  await ready(page);
  await page.evaluate(() => {
    // A folder comes as a file whose bytes cannot be read.
    Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException("not found", "NotFoundError"));
  });
  await drop(page, written("holiday", "anything"), "holiday", "");
  await page
    .locator(".toasts li", { hasText: "“holiday” cannot be read. If it is a folder, drop the images in it." })
    .waitFor();
});

inBrowser("a dropped image is estimated at once where the form says so", async () => {
  const { url, get } = await site();
  const { page } = await visit(url);
  await ready(page);
  await drop(page, small, "first.png", "image/png");
  await page.locator("#current .name", { hasText: "first.png" }).waitFor();
  await page.locator(".panel summary", { hasText: "More" }).click();
  await page.getByRole("checkbox", { name: "Start as soon as an image is dropped or pasted" }).check();
  await drop(page, small, "second.png", "image/png");
  await page.locator(".legend").waitFor();
  const { data } = await get<{ data: unknown[] }>("/v1/jobs");
  expect(data.length).toBe(1);
  expect(await page.locator("#current .name").textContent()).toBe("second.png");
});
