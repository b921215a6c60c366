/** What the page says before a job is made. */
import { expect } from "bun:test";
import { inBrowser, picture, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

inBrowser("the form says size, memory and, after the first job, time", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#depth`);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  const plan = page.locator(".plan");
  await plan.getByText(/^1024 × 768 · [\d.]+ of [\d.]+ GB$/).waitFor();
  await estimate(page);
  await shown(page);
  await plan.getByText(/^1024 × 768 · about [\d.]+ s · [\d.]+ of [\d.]+ GB$/).waitFor();
});

inBrowser("the size that the form promises is the size of the upscaled image", async () => {
  const { url, get } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await page.getByText("100 × 75 → 192 × 144").waitFor();
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  const { data } = await get<{ data: { result: unknown }[] }>("/v1/jobs?limit=1");
  expect(data[0]!.result).toMatchObject({ width: 192, height: 144 });
});

inBrowser("what does not fit into memory is said before it is asked for", async () => {
  const { url } = await site({ memory_limit_gb: 0.05 });
  const { page } = await visit(`${url}/#depth`);
  await ready(page);
  await page
    .locator(".plan-warning", { hasText: /needs 0.\d\d GB of memory; 0.05 GB are available/ })
    .waitFor();
  await page.getByRole("link", { name: "Models", exact: true }).click();
  const card = page.locator(".card", { hasText: "Depth Anything · mini" });
  await card.getByText(/Too large for this machine/).waitFor();
});

inBrowser("with every option open the button stays in sight", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.locator(".panel summary").click();
  const box = (await page.getByRole("button", { name: "Generate" }).boundingBox())!;
  expect(box.y + box.height).toBeLessThanOrEqual(860);
  expect(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true);
});

inBrowser("loaded models are listed with their memory and can be unloaded", async () => {
  const { url, get } = await server();
  const { page } = await visit(`${url}/#depth`);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("button", { name: /^Memory of loaded models/ }).click();
  await page.getByRole("button", { name: "Unload Depth Anything · mini" }).click();
  await page.locator(".toasts li", { hasText: "Depth Anything · mini was unloaded" }).waitFor();
  const { memory } = await get<{ memory: { loaded: { name: string; family: string }[] } }>("/health");
  expect(memory.loaded.filter(({ family, name }) => family === "depthanything" && name === "mini")).toEqual(
    [],
  );
});
