/** The paint tool: a part of an image is marked and repainted. */
import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

async function brushAt(): Promise<Page> {
  const { url } = await server();
  const { page } = await visit(`${url}/#edit`);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await page.getByRole("button", { name: "Mark a region…" }).click();
  await page.locator(".mask-place canvas").waitFor();
  return page;
}

/** Share of the canvas that is marked. */
const marked = (page: Page) =>
  page.locator(".mask-place canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 127) count++;
    return count / (data.length / 4);
  });

inBrowser("a painted region goes with the edit as a mask of the image's size, soft at its edge", async () => {
  const page = await brushAt();
  await page.getByLabel("What to change").fill("make it blue");
  await page.locator(".panel summary").click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
  await page.getByRole("slider", { name: "Brush size" }).fill("0.3");
  await page.getByRole("slider", { name: "Soft edge" }).fill("0.05");
  const box = (await page.locator(".mask-place canvas").boundingBox())!;
  expect(Math.round((box.width / box.height) * 75)).toBe(100);
  await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  expect(await marked(page)).toBeGreaterThan(0.05);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Change the marked region…" }).waitFor();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  const { url, get } = await server();
  const [job] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
  const { file_id } = job!.params.mask as { file_id: string };
  const bytes = await (await fetch(`${url}/v1/files/${file_id}/download`)).bytes();
  const { data, info } = await loadSharp()(bytes)
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([100, 75]);
  const at = (x: number, y: number) => data[(y * 100 + x) * info.channels]!;
  expect([at(32, 37), at(90, 37)]).toEqual([255, 0]);
  expect(new Set(Array.from({ length: 100 }, (_, x) => at(x, 37))).size).toBeGreaterThan(4);
});

inBrowser("keys move the brush, paint, erase, undo and leave", async () => {
  const page = await brushAt();
  const canvas = page.locator(".mask-place canvas");
  await canvas.focus();
  await page.keyboard.press(" ");
  const one = await marked(page);
  expect(one).toBeGreaterThan(0);
  for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("]");
  await page.keyboard.press(" ");
  expect(await marked(page)).toBeGreaterThan(one * 2);
  await page.keyboard.press("e");
  await page.keyboard.press(" ");
  expect(Math.abs((await marked(page)) - one)).toBeLessThan(one / 10);
  for (let i = 0; i < 3; i++) await page.keyboard.press("Control+z");
  expect(await marked(page)).toBe(0);
  await page.keyboard.press("Escape");
  await page.locator(".viewport").waitFor();
});

inBrowser("fingers paint, and another image starts without marks", async () => {
  const page = await brushAt();
  const box = (await page.locator(".mask-place canvas").boundingBox())!;
  const place = {
    clientX: box.x + 20,
    clientY: box.y + 20,
    pointerId: 1,
    pointerType: "touch",
    button: 0,
    isPrimary: true,
  };
  await page.locator(".mask-place canvas").evaluate((canvas: HTMLCanvasElement) => {
    canvas.setPointerCapture = () => {};
  });
  for (const event of ["pointerdown", "pointermove", "pointerup"])
    await page.dispatchEvent(".mask-place canvas", event, place);
  expect(await marked(page)).toBeGreaterThan(0);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Edit the whole image" }).waitFor();
  await choose(page, small, "other.png", "image/png");
  await page.getByRole("button", { name: "Mark a region…" }).waitFor();
});
