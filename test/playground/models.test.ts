/** Models that are here, that are not, and that come and go. */
import { expect } from "bun:test";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import { hubServer } from "../src/hub/hub-server.ts";
import { inBrowser, playground, ready } from "./browser.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

inBrowser("a model that is not here is shown with its licence and the command that gets it", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const models = page.locator('select[name="model"]');
  expect(await models.inputValue()).toBe("depthanything/mini");
  expect(await page.locator(".tags").textContent()).toMatch(/Try-out model/);
  await models.selectOption("depthpro/base");
  const card = page.locator(".panel .model-card");
  expect(await card.locator("code").textContent()).toBe("easel activate depthpro/base --accept-license");
  expect(await card.textContent()).toMatch(
    /Apple Machine Learning Research Model License.*No commercial use/,
  );
  expect(await page.getByRole("button", { name: "Estimate depth" }).isDisabled()).toBe(true);
  await models.selectOption("depthanything/v2-giant");
  expect(await card.textContent()).toMatch(/have not released the weights.*model_paths/);
  await page.getByRole("link", { name: "Models", exact: true }).click();
  await page.getByRole("heading", { name: "Depth Pro · base" }).waitFor();
});

inBrowser("a model is installed with one button, its licence accepted, and removed again", async () => {
  const text = new TextEncoder();
  const hub = hubServer({
    "config.json": text.encode("{}"),
    "preprocessor_config.json": text.encode("{}"),
    "model.safetensors": new Uint8Array(200_000).map((_, at) => at % 251),
  });
  process.env.HF_ENDPOINT = hub.url;
  const { url, get } = await site();
  const { page } = await visit(url);
  await ready(page);
  await page.locator('select[name="model"]').selectOption("depthpro/base");
  await page.getByRole("button", { name: "Download 1.9 GB" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.textContent()).toContain("forbids commercial use");
  expect((await get<{ data: Job[] }>("/v1/jobs")).data).toEqual([]);
  // the list of jobs comes late: what it says is from before the end of the download
  let stale: string | undefined;
  let answers = 0;
  await page.route("**/v1/jobs?*", async (route) => {
    const answer = await route.fetch();
    const body = await answer.text();
    if (/"status":"(queued|running)"/.test(body)) stale = body;
    if (stale === undefined || answers++ > 4) return route.fulfill({ response: answer });
    return route.fulfill({ response: answer, body: stale });
  });
  await dialog.getByRole("button", { name: "Accept and download" }).click();
  const installed = page.locator(".toasts li", { hasText: "base is installed" });
  await installed.waitFor();
  await page.getByRole("button", { name: "Estimate depth" }).and(page.locator(":enabled")).waitFor();
  // It may be gone again, but there are never two.
  expect(await installed.count()).toBeLessThan(2);
  const [job] = (await get<{ data: Job[] }>("/v1/jobs")).data;
  expect(job).toMatchObject({ type: "activation", status: "succeeded" });

  await page.getByRole("link", { name: "Models", exact: true }).click();
  await page
    .locator(".card", { hasText: "Depth Pro · base" })
    .getByRole("button", { name: "Remove" })
    .click();
  await page
    .locator(".card", { hasText: "Depth Pro · base" })
    .getByRole("button", { name: /^Download/ })
    .waitFor();
  hub[Symbol.dispose]();
});

inBrowser("models at places that the settings name are neither removed nor downloaded here", async () => {
  const { url } = await site({
    model_paths: {
      "depthanything/v2-metric-indoor-small": join(import.meta.dir, "../fixtures/depth/v2-metric-hf"),
      "flux2/klein-4b": "/no/such/folder",
    },
  });
  const { page } = await visit(`${url}/#/models`);
  await ready(page);
  const card = (name: string) =>
    page.locator(".card").filter({ has: page.getByRole("heading", { name, exact: true }) });
  const own = card("Depth Anything · v2-metric-indoor-small");
  await own.getByText("Installed, from your settings").waitFor();
  expect(await own.getByRole("button").allTextContents()).toEqual(["Use"]);
  const wrong = card("FLUX.2 klein · klein-4b").first();
  expect(await wrong.textContent()).toMatch(/Nothing is at the place that your settings name/);
  expect(await wrong.getByRole("button").count()).toBe(0);
});
