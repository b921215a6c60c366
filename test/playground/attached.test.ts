/** Files that go with a request: adapters of the server's folder, references, a batch. */
import { expect } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Job } from "../../src/jobs/job.ts";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose } from "./steps.ts";

const { site, visit } = playground();

/** A safetensors file with an adapter of rank 2 for one matrix, filled with zeros. */
function adapter(path: string, matrix: string, width: number): void {
  const tensors = { [`${matrix}.lora_A.weight`]: [2, width], [`${matrix}.lora_B.weight`]: [width, 2] };
  const bytes = width * 2 * 4;
  const header = Object.entries(tensors).map(([name, shape], at) => [
    name,
    { dtype: "F32", shape, data_offsets: [at * bytes, (at + 1) * bytes] },
  ]);
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, Buffer.alloc(2 * bytes)]));
}

let shared: Promise<Awaited<ReturnType<typeof site>> & { loras: string }> | undefined;
const server = () => {
  shared ??= (async () => {
    const loras = mkdtempSync(join(tmpdir(), "easel-page-loras-"));
    mkdirSync(join(loras, "styles"));
    adapter(join(loras, "styles/ink.safetensors"), "transformer_blocks.0.attn.to_q", 128);
    adapter(join(loras, "elsewhere.safetensors"), "diffusion_model.layers.0.attention.to_q", 3840);
    return { ...(await site({ lora_dir: loras })), loras };
  })();
  return shared;
};

const folderOf = (page: Page) => page.getByRole("combobox", { name: "LoRA of the server's folder" });

inBrowser(
  "an adapter of the server's folder that fits is chosen with its strength, and comes back",
  async () => {
    const { url, get, loras } = await server();
    const { page, complaints } = await visit(`${url}/#generate`);
    await ready(page);
    await page.getByLabel("Prompt", { exact: true }).fill("a harbour");
    await page.locator(".panel summary").click();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
    await folderOf(page).waitFor();
    expect(await folderOf(page).locator("option").allTextContents()).toEqual([
      "Choose from the server's folder…",
      "styles/ink",
    ]);
    await folderOf(page).selectOption("styles/ink.safetensors");
    await page.getByRole("spinbutton", { name: "Strength of styles/ink.safetensors" }).fill("0.8");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator(".viewport").getByRole("img", { name: "a harbour" }).waitFor();
    const [job] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
    expect(job!.params.loras).toMatchObject([{ file: { lora: "styles/ink.safetensors" }, scale: 0.8 }]);

    // Kept over a reload, and brought back by the result's settings.
    await page.reload();
    await ready(page);
    await page.locator(".panel summary").click();
    const strength = page.getByRole("spinbutton", { name: "Strength of styles/ink.safetensors" });
    expect(await strength.inputValue()).toBe("0.8");
    await page.getByRole("button", { name: "Remove styles/ink.safetensors" }).click();
    await page.locator(".stage-foot .menu summary", { hasText: "Settings" }).click();
    await page.getByRole("button", { name: "Use these settings" }).click();
    expect(await strength.inputValue()).toBe("0.8");

    // A file that goes away meanwhile is named, with what can be done.
    rmSync(join(loras, "styles/ink.safetensors"));
    await page.getByRole("button", { name: "Generate" }).click();
    await page.getByRole("alert").getByText("This LoRA is no longer in the server's folder").waitFor();
    await page.getByRole("button", { name: "Remove styles/ink.safetensors" }).click();
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator(".viewport").getByRole("img", { name: "a harbour" }).waitFor();
    expect(complaints.filter((text) => !/40\d|422/.test(text))).toEqual([]);
  },
);

const names = (page: Page) => page.locator(".list .name").allTextContents();

inBrowser("references change places by keys and by dragging, and are sent in that order", async () => {
  const { url, get } = await server();
  const { page } = await visit(`${url}/#edit`);
  await ready(page);
  await choose(page, small, "main.png", "image/png");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Add a reference…" }).click(),
  ]);
  await chooser.setFiles(
    ["one.png", "two.png", "three.png"].map((name) => ({
      name,
      mimeType: "image/png",
      buffer: readFileSync(small),
    })),
  );
  await page.locator(".list .name", { hasText: "three.png" }).waitFor();
  const grip = (name: string) => page.getByRole("button", { name: new RegExp(`^Move ${name}`) });
  await grip("three.png").focus();
  await page.keyboard.press("ArrowUp");
  expect(await names(page)).toEqual(["one.png", "three.png", "two.png"]);
  // The moved row keeps the focus.
  await grip("three.png").and(page.locator(":focus")).waitFor();
  await page.keyboard.press("ArrowUp");
  expect(await names(page)).toEqual(["three.png", "one.png", "two.png"]);

  await grip("three.png").scrollIntoViewIfNeeded();
  const from = (await grip("three.png").boundingBox())!;
  const to = (await grip("two.png").boundingBox())!;
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2, to.y + to.height, { steps: 8 });
  await page.mouse.up();
  expect(await names(page)).toEqual(["one.png", "two.png", "three.png"]);

  await page.getByLabel("What to change").fill("make it blue");
  await page.locator(".panel summary").last().click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("slider", { name: "Share of the before that is shown" }).waitFor();
  const [job] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
  const sent = await Promise.all(
    (job!.params.images as { file_id: string }[]).map(
      async ({ file_id }) => (await get<{ filename: string }>(`/v1/files/${file_id}`)).filename,
    ),
  );
  expect(sent).toEqual(["main.png", "one.png", "two.png", "three.png"]);
});

inBrowser("the images of a batch are listed, moved and removed before they run", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose…" }).click(),
  ]);
  await chooser.setFiles(
    ["a.png", "b.png", "c.png"].map((name) => ({ name, mimeType: "image/png", buffer: readFileSync(small) })),
  );
  await page.locator("summary", { hasText: "Order of the images" }).click();
  await page.getByRole("button", { name: /^Move c.png, 3 of 3/ }).press("ArrowUp");
  expect(await names(page)).toEqual(["3 images", "a.png", "c.png", "b.png"].slice(1));
  await page.locator(".list").getByRole("button", { name: "Remove a.png" }).click();
  await page.getByRole("button", { name: "Estimate depth: 2 images" }).waitFor();
});
