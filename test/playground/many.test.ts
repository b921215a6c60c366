/** Many jobs from one form, and two results side by side. */
import { expect } from "bun:test";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();
const metric = "depthanything/v2-metric-indoor-small";

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  const fixtures = join(import.meta.dir, "../fixtures");
  shared ??= site({
    model_paths: {
      [metric]: join(fixtures, "depth/v2-metric-hf"),
      "qwen/image": join(fixtures, "qwen/image"),
    },
  });
  return shared;
};
const newest = async (count: number) =>
  (await (await server()).get<{ data: Job[] }>(`/v1/jobs?limit=${count}`)).data;

inBrowser("two models work on one image, and their results lie over each other", async () => {
  const { url } = await server();
  const { page, complaints } = await visit(`${url}/#depth`);
  await ready(page);
  await page.locator('select[name="model"]').selectOption("depthanything/mini");
  await page.locator('select[name="second"]').selectOption(metric);
  await choose(page, small, "small.png", "image/png");
  await estimate(page);
  await page.waitForURL(/#\/compare\//);
  await page.getByRole("slider", { name: /^Share of the depth anything · mini/ }).waitFor();
  expect(await page.locator(".side-right").textContent()).toStartWith(
    "Depth Anything · v2-metric-indoor-small",
  );
  expect(new Set((await newest(2)).map(({ params }) => params.model))).toEqual(
    new Set(["mini", "v2-metric-indoor-small"]),
  );
  const address = page.url();
  await page.reload();
  await page.locator(".side-right").waitFor();
  await page.getByRole("link", { name: "Open Depth Anything · mini" }).click();
  await shown(page);
  expect(address).not.toBe(page.url());
  expect(complaints).toEqual([]);
});

inBrowser("where one of two models refuses an image, the other one's job is shown", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#depth`);
  await ready(page);
  await page.route("**/v1/image/**", (route) =>
    route.request().method() === "POST" && route.request().postData()?.includes("v2-metric")
      ? route.fulfill({ status: 429, json: { detail: "the queue is full", code: "queue_full" } })
      : route.fallback(),
  );
  await page.locator('select[name="model"]').selectOption("depthanything/mini");
  await page.locator('select[name="second"]').selectOption(metric);
  await choose(page, small, "small.png", "image/png");
  await estimate(page);
  await page.locator(".toasts li", { hasText: "1 of 2 were refused" }).waitFor();
  await shown(page);
  expect((await newest(1))[0]!.params.model).toBe("mini");
});

inBrowser("each line becomes an image of its own, and a fixed seed counts up", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("a red fox\n\na blue owl");
  await page.getByRole("checkbox", { name: "Each line is a prompt of its own" }).check();
  await page.getByRole("spinbutton", { name: "Count" }).fill("2");
  await page.locator(".panel summary").click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
  await page.getByRole("spinbutton", { name: "Seed" }).fill("5");
  await page.getByRole("button", { name: "Generate" }).click();
  await page.locator(".toasts li", { hasText: "4 jobs are in the queue." }).waitFor();
  const asked = (await newest(4)).map(({ params }) => `${params.prompt} ${params.seed}`).sort();
  expect(asked).toEqual(["a blue owl 5", "a blue owl 6", "a red fox 5", "a red fox 6"]);
});

inBrowser("variations of a result have its settings and other seeds", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("a paper boat");
  await page.locator(".panel summary").click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
  await page.getByRole("spinbutton", { name: "Seed" }).fill("9");
  await page.getByRole("button", { name: "Generate" }).click();
  await page.locator(".viewport").getByRole("img", { name: "a paper boat" }).waitFor();
  await page.locator(".stage-foot .menu summary", { hasText: "Settings" }).click();
  await page.getByRole("button", { name: "Make four variations" }).click();
  await page.locator(".toasts li", { hasText: "4 jobs are in the queue." }).waitFor();
  const made = await newest(5);
  expect(made.map(({ params }) => params.prompt)).toEqual(Array(5).fill("a paper boat"));
  expect(made.filter(({ params }) => params.seed === 9).length).toBe(1);
});

inBrowser("two results of the gallery are compared, and results bear the names of their images", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#depth`);
  await ready(page);
  await page.locator('select[name="model"]').selectOption("depthanything/mini");
  for (const name of ["first.png", "second.png"]) {
    await page.goto(`${url}/#depth`);
    await choose(page, small, name, "image/png");
    await estimate(page);
    await shown(page);
  }
  await page.goto(`${url}/#/gallery`);
  await page.locator(".tile .name", { hasText: "second.png" }).waitFor();
  // Another browser asks the server for the names.
  const other = await visit(`${url}/#/gallery`);
  await other.page.locator(".tile .name", { hasText: "first.png" }).waitFor();
  await page.getByRole("searchbox").fill("first");
  await page.getByRole("checkbox", { name: "Select: first.png" }).check();
  await page.getByRole("searchbox").fill("second");
  await page.getByRole("checkbox", { name: "Select: second.png" }).check();
  await page.getByRole("link", { name: "Compare" }).click();
  await page.locator(".side-left").waitFor();
});
