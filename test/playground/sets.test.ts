/** Jobs that were started together: a batch, prompts, a grid; and several results in comparison. */
import { afterEach, expect } from "bun:test";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import type { Job } from "../../src/jobs/job.ts";
import { inBrowser, playground, ready, small } from "./browser.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};
// A test that fails while the gate is closed holds no other back.
afterEach(async () => (await shared)?.gate.open());

const tiles = (page: Page, status: string) => page.locator(`.set-${status}`);
/** Until so many tiles are in a state. */
const until = (page: Page, status: string, count: number) =>
  page.waitForFunction(({ status, count }) => document.querySelectorAll(`.set-${status}`).length === count, {
    status,
    count,
  });

async function chooseThree(page: Page, broken?: string): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose…" }).click(),
  ]);
  await chooser.setFiles(
    ["a.png", "b.png", "c.png"].map((name) => ({
      name: name === broken ? "broken.tif" : name,
      mimeType: name === broken ? "image/tiff" : "image/png",
      buffer: name === broken ? Buffer.from("II*\0 and nothing else") : readFileSync(small),
    })),
  );
}

inBrowser("each tile of a batch shows how far its job is, and all results come as one archive", async () => {
  const { url, gate } = await server();
  const { page, complaints } = await visit(url);
  await ready(page);
  await chooseThree(page);
  gate.close();
  await page.getByRole("button", { name: "Estimate depth: 3 images" }).click();
  await page.waitForURL(/#\/set\/(job_\w+\/){2}job_\w+$/);
  await until(page, "running", 1);
  await until(page, "queued", 2);
  expect(await page.locator(".set-room .name").allTextContents()).toEqual(["a.png", "b.png", "c.png"]);
  await tiles(page, "running").getByRole("progressbar").waitFor();
  await page.getByText("0 of 3 done").waitFor();
  expect(await page.title()).toStartWith("0 of 3");
  // The address alone brings all of it back.
  await page.reload();
  await until(page, "queued", 2);
  gate.open();
  await until(page, "succeeded", 3);
  await page.getByText("3 of 3 done").waitFor();
  expect(await page.getByRole("button", { name: "Cancel the rest" }).count()).toBe(0);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Zip" }).click(),
  ]);
  const listed = Bun.spawnSync(["python3", "-m", "zipfile", "-l", await download.path()]).stdout.toString();
  expect(listed.match(/\d{3}-depth\.png/g)).toEqual(["001-depth.png", "002-depth.png", "003-depth.png"]);
  await page.locator(".set-room a").first().click();
  await page.locator(".legend").waitFor();
  await page.goBack();
  await until(page, "succeeded", 3);
  expect(complaints).toEqual([]);
});

inBrowser("the rest of a batch is cancelled at once, and what is done stays", async () => {
  const { url, gate } = await server();
  const { page } = await visit(url);
  await ready(page);
  await chooseThree(page);
  gate.close();
  await page.getByRole("button", { name: "Estimate depth: 3 images" }).click();
  await until(page, "running", 1);
  await until(page, "queued", 2);
  await page.getByRole("button", { name: "Cancel the rest" }).click();
  await until(page, "canceled", 3);
  await page.getByText("0 of 3 done").waitFor();
});

inBrowser("an image that fails holds no other of its batch back, and says why in its tile", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await chooseThree(page, "b.png");
  await page.getByRole("button", { name: "Estimate depth: 3 images" }).click();
  await until(page, "succeeded", 2);
  await until(page, "failed", 1);
  expect(await tiles(page, "failed").textContent()).toContain("This file is not a readable image");
  await page.getByText("2 of 3 done · 1 failed").waitFor();
});

inBrowser(
  "steps and guidance make a labelled grid of one seed, whose images are compared in step",
  async () => {
    const { url, get } = await server();
    const { page, complaints } = await visit(`${url}/#generate`);
    await ready(page);
    await page.getByLabel("Prompt", { exact: true }).fill("a kite");
    await page.locator(".panel summary").click();
    await page.getByRole("checkbox", { name: "A grid of several steps and guidances" }).check();
    expect(await page.getByRole("spinbutton", { name: "Count" }).count()).toBe(0);
    const steps = page.getByLabel("Steps, a row each");
    await steps.fill("1, 999");
    await page.getByText("Steps are whole numbers from 1 to 100.").waitFor();
    await page.getByRole("button", { name: /^Generate/ }).click();
    await page.locator(".toasts li", { hasText: "Steps are whole numbers" }).waitFor();
    await steps.fill("1, 2");
    await page.getByLabel("Guidance, a column each").fill("1 4");
    await page.getByText("4 images with the same seed").waitFor();
    await page.getByRole("button", { name: "Generate: 4 images" }).click();
    await until(page, "succeeded", 4);
    expect(await page.locator(".grid th[scope=col]").allTextContents()).toEqual(["guidance 1", "guidance 4"]);
    expect(await page.locator(".grid th[scope=row]").allTextContents()).toEqual(["1 step", "2 steps"]);
    const { data } = await get<{ data: Job[] }>("/v1/jobs?limit=4");
    expect(new Set(data.map(({ params }) => params.seed)).size).toBe(1);
    // Every cell leads to the job of its row and column.
    const cell = page.locator(".grid tbody tr").nth(1).locator("td a").first();
    const id = (await cell.getAttribute("href"))!.split("/").at(-1)!;
    expect((await get<Job>(`/v1/jobs/${id}`)).params).toMatchObject({ steps: 2, guidance: 1 });

    await page.getByRole("link", { name: "Compare all" }).click();
    await page.locator(".panes .viewer").nth(3).locator("img").waitFor();
    expect(await page.locator(".panes .side-label").allTextContents()).toEqual(
      ["1 step, guidance 1", "1 step, guidance 4", "2 steps, guidance 1", "2 steps, guidance 4"].map((text) =>
        expect.stringContaining(text),
      ),
    );
    const places = () =>
      page
        .locator(".panes .layer-image")
        .evaluateAll((images) => images.map((image) => (image as HTMLElement).style.transform));
    const before = await places();
    await page.getByRole("button", { name: "Zoom in" }).first().click();
    const after = await places();
    expect(after[0]).not.toBe(before[0]!);
    expect(new Set(after).size).toBe(1);
    expect(complaints).toEqual([]);
  },
);

inBrowser(
  "results of a set that are chosen are compared, and one that was deleted leaves the others",
  async () => {
    const { url, get } = await server();
    const { page } = await visit(url);
    await ready(page);
    await chooseThree(page);
    await page.getByRole("button", { name: "Estimate depth: 3 images" }).click();
    await until(page, "succeeded", 3);
    await page.getByRole("checkbox", { name: "Select: a.png" }).check();
    expect(await page.getByRole("link", { name: /^Compare/ }).count()).toBe(0);
    await page.getByRole("checkbox", { name: "Select: c.png" }).check();
    const address = page.url();
    await page.getByRole("link", { name: "Compare 2" }).click();
    await page.locator(".side-right", { hasText: "c.png" }).waitFor();
    const [first] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
    await fetch(`${url}/v1/jobs/${first!.id}`, { method: "DELETE" });
    const other = await visit(address);
    await until(other.page, "succeeded", 2);
    const none = await visit(`${url}/#/set/job_x/job_y`);
    await none.page.getByText("These results are not here").waitFor();
  },
);
