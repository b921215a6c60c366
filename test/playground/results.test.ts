/** What was made: in the gallery, as an archive, as a command. */
import { expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import { inBrowser, picture, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

const jobs = async () => (await (await server()).get<{ data: Job[] }>("/v1/jobs")).data;

inBrowser("the gallery shows what was made, finds it, and a deleted result can be brought back", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  const id = page.url().split("/").at(-1)!;
  await Promise.all([page.waitForRequest(/\/thumbnail\?size=320$/), page.goto(`${url}/#/gallery`)]);
  const tile = page.locator(`.tile:has(a[href="#/job/${id}"])`);
  await tile.waitFor();
  expect(await tile.locator("img").evaluate((image: HTMLImageElement) => image.src)).toContain("/thumbnail");

  await page.getByRole("searchbox").fill("no such words");
  expect(await tile.count()).toBe(0);
  await page.getByRole("searchbox").fill("mini");
  await tile.waitFor();
  await tile.getByRole("button", { name: /^Star/ }).click();
  await page.getByRole("radio", { name: "Starred" }).check();
  await tile.waitFor();

  await tile.getByRole("button", { name: /^Delete/ }).click();
  expect(await tile.count()).toBe(0);
  await page.locator(".toasts").getByRole("button", { name: "Undo" }).click();
  await tile.waitFor();
  expect((await fetch(`${url}/v1/jobs/${id}`)).status).toBe(200);

  await tile.getByRole("button", { name: /^Delete/ }).click();
  await page.waitForFunction(async (id) => (await fetch(`/v1/jobs/${id}`)).status === 404, id);
});

inBrowser("selected results come as one zip", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  for (const name of ["first.png", "second.png"]) {
    await choose(page, small, name, "image/png");
    await estimate(page);
    await shown(page);
    await page.goto(`${url}/#depth`);
  }
  await page.goto(`${url}/#/gallery`);
  const boxes = page.getByRole("checkbox", { name: /^Select/ });
  await boxes.first().waitFor();
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Zip" }).click(),
  ]);
  const names = Bun.spawnSync(["python3", "-m", "zipfile", "-t", await download.path()]);
  expect([names.exitCode, download.suggestedFilename()]).toEqual([0, "easel.zip"]);
});

inBrowser("the command on the page does the same in a terminal", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("button", { name: "Code" }).click();
  await page.waitForFunction(() => document.querySelector("#code-text")?.textContent?.includes("curl"));
  const command = (await page.locator("#code-text").textContent())!;
  const folder = mkdtempSync(join(tmpdir(), "easel-curl-"));
  await Bun.write(join(folder, "street.jpg"), Bun.file(picture));
  const shell = Bun.spawn(["sh", "-c", command], { cwd: folder, stderr: "pipe" });
  const said = await new Response(shell.stderr).text();
  expect([await shell.exited, said]).toEqual([0, ""]);
  const made = readFileSync(join(folder, "street-depth.png"));
  expect(made.subarray(1, 4).toString()).toBe("PNG");
  const [job] = await jobs();
  const stored = await (await fetch(`${url}/v1/files/${job!.artifacts[0]}/download`)).bytes();
  expect(made.equals(stored)).toBe(true);
  rmSync(folder, { recursive: true });
});
