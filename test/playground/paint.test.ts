/** Upscaling, generating and editing, and the forms of these. */
import { expect } from "bun:test";
import type { Job } from "../../src/jobs/job.ts";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

const jobs = async () => (await (await server()).get<{ data: Job[] }>("/v1/jobs")).data;

inBrowser("prompt and settings survive a reload", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("an owl of paper");
  await page.locator(".panel summary").click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("4");
  await page.reload();
  await ready(page);
  expect(await page.getByLabel("Prompt", { exact: true }).inputValue()).toBe("an owl of paper");
  await page.locator(".panel summary").click();
  expect(await page.getByRole("spinbutton", { name: "Steps" }).inputValue()).toBe("4");
});

inBrowser("a refusal at once is shown in the server's words too", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await page.locator(".panel summary").click();
  const steps = page.getByRole("spinbutton", { name: "Steps" });
  await steps.evaluate((input: HTMLInputElement) => input.removeAttribute("max"));
  await steps.fill("99999");
  await page.getByRole("button", { name: "Generate" }).click();
  expect(await page.getByRole("alert").textContent()).toMatch(/steps/i);
});

inBrowser("an image becomes larger, and the result is the input of the next tool", async () => {
  const { url } = await server();
  const { page, complaints } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await page.getByRole("radio", { name: "1.5×" }).check();
  await page.getByText(/100 × 75 → 148 × 112/).waitFor();
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  expect(await page.locator(".facts").textContent()).toMatch(/SeedVR2 · 3b · 1\d\d × 1\d\d/);
  await page.locator(".stage-foot .menu summary", { hasText: "Use as input" }).click();
  await page.locator(".menu-items").getByRole("button", { name: "Depth" }).click();
  await page.locator("#panel-title", { hasText: "Depth" }).waitFor();
  await page.locator("#current .name", { hasText: "small-upscaled.png" }).waitFor();
  expect(complaints).toEqual([]);
});

inBrowser(
  "words become an image with a preview on the way, its settings come back, and it can be edited",
  async () => {
    const { url, gate } = await server();
    const { page, complaints } = await visit(`${url}/#generate`);
    await ready(page);
    await page.getByLabel("Prompt", { exact: true }).fill("a red fox");
    await page.locator(".panel summary").click();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("3");
    await page.getByRole("spinbutton", { name: "Seed" }).fill("7");
    gate.close("decode");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.getByRole("img", { name: "Preview" }).waitFor();
    gate.open();
    await page.locator(".viewport").getByRole("img", { name: "a red fox" }).waitFor();
    expect(await page.locator(".facts").textContent()).toMatch(/seed 7/);
    const first = page.url();

    await page.getByLabel("Prompt", { exact: true }).fill("something else");
    await page.locator(".stage-foot .menu summary", { hasText: "Settings" }).click();
    await page.getByRole("button", { name: "Use these settings" }).click();
    expect(await page.getByLabel("Prompt", { exact: true }).inputValue()).toBe("a red fox");

    await page.locator(".stage-foot .menu summary", { hasText: "Use as input" }).click();
    await page.locator(".menu-items").getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByLabel("What to change").fill("make it blue");
    // The options are still open from the other tool.
    await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
    await page.locator("#current .name").waitFor();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
    expect(page.url()).not.toBe(first);
    expect((await jobs())[0]!.type).toContain("edit");
    expect(complaints).toEqual([]);
  },
);

inBrowser("an adapter that fits nothing is refused in the server's words, and goes away", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("a red fox");
  await page.locator(".panel summary").click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Add a LoRA…" }).click(),
  ]);
  await chooser.setFiles({ name: "no.safetensors", mimeType: "", buffer: Buffer.from("no adapter") });
  await page.getByRole("button", { name: "Generate" }).click();
  const words = (await page.getByRole("alert").locator(".error-text").textContent())!;
  expect(words.toLowerCase()).toContain((await jobs())[0]!.error!.toLowerCase());
  await page.getByRole("button", { name: "Remove no.safetensors" }).click();
  await page.getByRole("button", { name: "Generate" }).click();
  await page.locator(".viewport").getByRole("img", { name: "a red fox" }).waitFor();
});

inBrowser("tile and bits of an upscale are asked for where the model has them", async () => {
  const { url, get } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  await page.locator(".panel summary", { hasText: "More" }).click();
  const tile = page.getByRole("spinbutton", { name: "Tile size" });
  const bits = page.getByRole("combobox", { name: "Bits of the weights" });
  await page.locator('select[name="model"]').selectOption("seedvr2/mini");
  expect([await tile.count(), await bits.count()]).toEqual([0, 0]);
  await page.locator('select[name="model"]').selectOption("seedvr2/3b");
  await choose(page, small, "small.png", "image/png");
  await page.getByRole("radio", { name: "1.5×" }).check();
  await tile.fill("130");
  // The form itself refuses what is no multiple of 16.
  expect(await tile.evaluate((input: HTMLInputElement) => input.validity.stepMismatch)).toBe(true);
  await tile.fill("256");
  await bits.selectOption("8");
  const planned = page.waitForRequest(/\/plan\?.*quantize=8/);
  await page.getByRole("radio", { name: "2×" }).check();
  await planned;
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.waitForURL(/#\/job\//);
  const id = page.url().split("/").at(-1)!;
  expect((await get<Job>(`/v1/jobs/${id}`)).params).toMatchObject({ tile: 256, quantize: 8 });
  // The next model ignores both, and is not sent what it ignores.
  await page.goto(`${url}/#upscale`);
  await page.locator('select[name="model"]').selectOption("seedvr2/mini");
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.waitForURL((address) => /job_/.test(address.hash) && !address.hash.endsWith(id));
  const next = await get<Job>(`/v1/jobs/${page.url().split("/").at(-1)!}`);
  expect(next.params.unused).toBeUndefined();
});
