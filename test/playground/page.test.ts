import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Job } from "../../src/jobs/job.ts";
import { drop, hasBrowser, patience, picture, playground, ready } from "./browser.ts";

const { site, visit } = playground();
const images = join(import.meta.dir, "../fixtures/images");
const inBrowser = (name: string, run: () => Promise<void>) => test.skipIf(!hasBrowser)(name, run, patience);

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

const choose = async (page: Page, path: string, name: string, type: string) => {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: /^(Choose|Change)…$/ }).click(),
  ]);
  await chooser.setFiles({ name, mimeType: type, buffer: readFileSync(path) });
  await page.locator("#current .name", { hasText: name }).waitFor();
};
const estimate = (page: Page) => page.getByRole("button", { name: "Estimate depth" }).click();
const jobs = async () => (await (await server()).get<{ data: Job[] }>("/v1/jobs")).data;

inBrowser("work that is asked for while its picture is still on its way waits for it", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const { promise: asked, resolve: letThrough } = Promise.withResolvers<void>();
  await page.route(/street[^/]*\.jpg$/, async (route) => {
    await asked;
    await route.continue();
  });
  await page.getByRole("button", { name: "Use the sample" }).click();
  await page.getByRole("button", { name: "Estimate depth" }).click();
  expect(await page.getByText("A picture is needed first").count()).toBe(0);
  letThrough();
  await page.locator(".compare-range").waitFor();
});

inBrowser("a picture that is dropped becomes a depth map, and a room that keys turn", async () => {
  const { url } = await server();
  const { page, asked, complaints } = await visit(url);
  await ready(page);
  await drop(page, picture, "street.jpg", "image/jpeg");
  await page.locator("#current .name", { hasText: "street.jpg" }).waitFor();
  await estimate(page);

  const edge = page.getByRole("slider", { name: /How much of the picture is shown/ });
  await edge.waitFor();
  const split = () => page.locator(".compare").evaluate((box) => box.style.getPropertyValue("--split"));
  expect(await split()).toBe("50%");
  await edge.press("End");
  expect(await split()).toBe("100%");

  const colours = () =>
    page.locator(".layer canvas").evaluate((canvas) => {
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 64, 64);
      return data.some((value, i) => i % 4 === 0 && value !== data[i + 1]);
    });
  expect(await colours()).toBe(false);
  await page.getByRole("radio", { name: "turbo" }).check();
  expect(await colours()).toBe(true);

  expect(asked.filter((address) => address.includes("cloud"))).toEqual([]);
  await page.getByRole("radio", { name: "3-D" }).check();
  const cloud = page.getByRole("img", { name: /^Point cloud of \d+ points/ });
  await cloud.waitFor();
  expect(asked.filter((address) => address.includes("cloud"))).not.toEqual([]);
  // What is drawn differs from an empty canvas, and again once a key has turned it.
  const frame = () =>
    page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".cloud canvas")!;
      const copy = new OffscreenCanvas(32, 32);
      const context = copy.getContext("2d")!;
      context.drawImage(canvas, 0, 0, 32, 32);
      const { data } = context.getImageData(0, 0, 32, 32);
      return data.some((value) => value > 0) && [...data].join();
    });
  const before = await (await frame()).jsonValue();
  await cloud.focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((old) => {
    const context = new OffscreenCanvas(32, 32).getContext("2d")!;
    context.drawImage(document.querySelector<HTMLCanvasElement>(".cloud canvas")!, 0, 0, 32, 32);
    return [...context.getImageData(0, 0, 32, 32).data].join() !== old;
  }, before);

  expect(
    asked.filter((address) => !/^(blob|data):/.test(address) && new URL(address).origin !== url),
  ).toEqual([]);
  expect(complaints).toEqual([]);
});

inBrowser("work that is cancelled ends, keeps nothing, and the page goes on", async () => {
  const { url, gate } = await server();
  gate.close();
  const { page, complaints } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await page.locator(".job-running").waitFor();
  await page.locator(".work").getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Nothing was kept.").first().waitFor();
  expect((await jobs())[0]!.status).toBe("canceled");

  await page.locator(".notice").getByRole("button", { name: "Try again" }).click();
  await page.locator(".job-running").waitFor();
  gate.open();
  await page.locator(".compare-range").waitFor();
  expect((await jobs())[0]!.status).toBe("succeeded");
  expect(complaints).toEqual([]);
});

inBrowser(
  "whatever is no picture gets the server's own words beside it, and the next one works",
  async () => {
    const { url } = await server();
    const { page } = await visit(url);
    await ready(page);
    for (const file of ["text.png", "cut.jpg", "empty.png"]) {
      await drop(page, join(images, file), file, "image/png");
      await page.locator("#current .name", { hasText: file }).waitFor();
      await estimate(page);
      const words = await page.getByRole("alert").locator(".error-text").textContent();
      const [job] = await jobs();
      expect([file, job!.status, job!.error]).toEqual([file, "failed", words]);
      expect(await page.getByRole("alert").locator("code").textContent()).toBe(job!.error_code);
    }
    await choose(page, join(images, "rgb.tif"), "rgb.tif", "image/tiff");
    await estimate(page);
    await page.getByText("Grey", { exact: true }).waitFor();
  },
);

inBrowser("a refusal at once is shown in the server's words too", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await page.locator("#form-depth .more summary").click();
  // Past the field's own limits, as somebody else's page could send it.
  await page.locator('[name="input_size"]').evaluate((input: HTMLInputElement) => {
    input.removeAttribute("max");
    input.removeAttribute("step");
    input.value = "99999";
  });
  await estimate(page);
  expect(await page.getByRole("alert").textContent()).toMatch(/input_size.*4096/);
});

inBrowser("a picture can be pasted, and taken with the camera", async () => {
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
  await page.locator("#current").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Camera" }).click();
  await page.getByRole("button", { name: "Take picture" }).click();
  await page.locator("#current .name", { hasText: "camera.jpg" }).waitFor();
  const width = await page.locator(".still img").evaluate((image: HTMLImageElement) => image.naturalWidth);
  expect(width).toBeGreaterThan(0);
  expect(await page.locator("video").evaluate((video: HTMLVideoElement) => video.srcObject)).toBe(null);
  expect(complaints).toEqual([]);
});

inBrowser("a model that is not here is shown with its licence and the command that gets it", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const models = page.locator("#form-depth select");
  expect(await models.inputValue()).toBe("depthanything/mini");
  expect(await page.locator("#form-depth .tags").textContent()).toMatch(/Try-out model/);
  await models.selectOption("depthpro/base");
  const card = page.locator("#form-depth .model-card");
  expect(await card.locator("code").textContent()).toBe(
    "easel activate --model depthpro/base --accept-license",
  );
  expect(await card.textContent()).toMatch(
    /Apple Machine Learning Research Model License.*no commercial use/,
  );
  expect(await page.getByRole("button", { name: "Estimate depth" }).isDisabled()).toBe(true);
  await models.selectOption("depthanything/v2-giant");
  expect(await card.textContent()).toMatch(/publish no files.*model_paths/);
});

inBrowser("a picture becomes larger, with both sizes behind one edge", async () => {
  const { url } = await server();
  const { page, complaints } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, join(import.meta.dir, "../fixtures/seedvr2/input-100x75.png"), "small.png", "image/png");
  await page.getByRole("radio", { name: "1.5×" }).check();
  await page.getByRole("button", { name: "Upscale" }).click();
  await page.getByRole("slider", { name: /How much of the before is shown/ }).waitFor();
  expect(await page.locator(".facts").textContent()).toMatch(/100 × 75 → 1\d\d × 1\d\d/);
  await page.getByRole("button", { name: "Go on with it" }).click();
  await page.locator("#current .name", { hasText: "upscaled" }).waitFor();
  expect(complaints).toEqual([]);
});

inBrowser("words become a picture that is seen on its way, and then an edited one", async () => {
  const { url, gate } = await server();
  const { page, complaints } = await visit(`${url}/#generate`);
  await ready(page);
  const more = (form: string) => page.locator(`${form} summary`).click();
  await page.getByLabel("Prompt").fill("a red fox");
  await more("#form-generate");
  await page.locator("#form-generate").getByRole("spinbutton", { name: "Steps" }).fill("3");
  await page.locator("#form-generate").getByLabel("Seed").fill("7");
  gate.close("decode");
  await page.getByRole("button", { name: "Generate" }).click();
  await page.getByRole("img", { name: "The picture so far" }).waitFor();
  gate.open();
  await page.getByRole("img", { name: "a red fox" }).waitFor();
  expect(await page.locator(".facts").textContent()).toMatch(/image, 64 × 48, seed 7/);
  expect(await page.locator("#code-text").textContent()).toMatch(/"prompt":"a red fox".*"steps":3/);

  await page.getByRole("button", { name: "Go on with it" }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("What to change").fill("in winter");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Add a reference…" }).click(),
  ]);
  await chooser.setFiles(join(images, "rgb.png"));
  await page.locator(".references-list li").waitFor();
  await more("#form-edit");
  await page.locator("#form-edit").getByRole("spinbutton", { name: "Steps" }).fill("2");
  await page.locator("#form-edit button.primary").click();
  await page.getByRole("img", { name: "in winter" }).waitFor();
  const [job] = await jobs();
  expect([job!.type, (job!.params.images as unknown[]).length]).toEqual(["qwen-edit", 2]);
  expect(complaints).toEqual([]);
});

inBrowser("a file that is no adapter gets the server's words, and painting goes on without it", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt").fill("a red fox");
  await page.locator("#form-generate summary").click();
  await page.locator("#form-generate").getByRole("spinbutton", { name: "Steps" }).fill("1");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.locator("#form-generate").getByRole("button", { name: "Add a LoRA…" }).click(),
  ]);
  await chooser.setFiles({ name: "no.safetensors", mimeType: "", buffer: Buffer.from("no adapter") });
  await page.getByRole("button", { name: "Generate" }).click();
  const words = await page.getByRole("alert").locator(".error-text").textContent();
  expect(words).toBe((await jobs())[0]!.error!);
  await page.locator(".adapters").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Generate" }).click();
  await page.getByRole("img", { name: "a red fox" }).waitFor();
});

inBrowser("the queue and the files show what there is, and a job comes back from there", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await page.locator(".compare-range").waitFor();
  await page.reload();
  await ready(page);
  await page.getByRole("button", { name: "Show: depthanything mini, done" }).first().click();
  await page.locator(".compare-range").waitFor();

  const tiles = page.locator("#files .tile");
  const name = await tiles.first().locator(".name").textContent();
  const stored = (await (await server()).get<{ data: { filename: string; file_id: string }[] }>("/v1/files"))
    .data;
  expect(stored[0]!.filename).toBe(name!);
  await page
    .getByRole("button", { name: `Delete ${name}` })
    .first()
    .click();
  await page.waitForFunction(
    async (id) => (await fetch(`/v1/files/${id}`)).status === 404,
    stored[0]!.file_id,
  );
});

inBrowser("the command on the page does the same in a terminal", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await page.locator(".compare-range").waitFor();
  const command = (await page.locator("#code-text").textContent())!;
  const folder = mkdtempSync(join(tmpdir(), "easel-curl-"));
  await Bun.write(join(folder, "street.jpg"), Bun.file(picture));
  const shell = Bun.spawn(["sh", "-c", command], { cwd: folder, stderr: "pipe" });
  const said = await new Response(shell.stderr).text();
  expect([await shell.exited, said]).toEqual([0, ""]);
  const made = readFileSync(join(folder, "depth.png"));
  expect(made.subarray(1, 4).toString()).toBe("PNG");
  const [job] = await jobs();
  const shown = await (await fetch(`${url}/v1/files/${job!.artifacts[0]}/download`)).bytes();
  expect(made.equals(shown)).toBe(true);
  rmSync(folder, { recursive: true });
});

inBrowser("with a token the page asks for it once, works, and says it in its commands", async () => {
  const { url } = await site({ auth_token: "open sesame" });
  const { page } = await visit(url);
  expect(await page.locator("html[data-ready]").count()).toBe(0);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button").click();
  await page.getByText("That is not the token.").waitFor();
  await page.getByLabel("Token").fill("open sesame");
  await page.getByRole("button").click();
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await page.locator(".compare-range").waitFor();
  expect(await page.locator("#code-text").textContent()).toContain("Authorization: Bearer $EASEL_AUTH_TOKEN");
});
