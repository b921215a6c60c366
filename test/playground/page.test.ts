import { expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Job } from "../../src/jobs/job.ts";
import { hubServer } from "../src/hub/hub-server.ts";
import { drop, inBrowser, picture, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();
const images = join(import.meta.dir, "../fixtures/images");

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

const jobs = async () => (await (await server()).get<{ data: Job[] }>("/v1/jobs")).data;
const split = (page: Page) => page.getByRole("slider", { name: "Share of the image that is shown" });

inBrowser("work that is asked for while its image is still on its way waits for it", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const { promise: asked, resolve: letThrough } = Promise.withResolvers<void>();
  await page.evaluate(() => {
    const decode = HTMLImageElement.prototype.decode;
    const held = new Promise<void>((resolve) => Object.assign(window, { letThrough: resolve }));
    HTMLImageElement.prototype.decode = async function () {
      await held;
      return decode.call(this);
    };
  });
  void asked.then(() => page.evaluate("letThrough()"));
  await drop(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  expect(await page.getByText("Add an image first.").count()).toBe(0);
  letThrough();
  await shown(page);
});

inBrowser("without an image the button says at the drop zone what is missing", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await estimate(page);
  expect(await page.getByRole("alert").textContent()).toBe("Add an image first.");
  expect(await page.locator(".drop-missing").count()).toBe(1);
});

inBrowser("a dropped image becomes a depth map whose edge, colours and zoom obey keys", async () => {
  const { url } = await server();
  const { page, asked, complaints } = await visit(url);
  await ready(page);
  await drop(page, picture, "street.jpg", "image/jpeg");
  await page.locator("#current .name", { hasText: "street.jpg" }).waitFor();
  await estimate(page);
  await shown(page);

  const edgeAt = (left: string) =>
    page.waitForFunction((left) => document.querySelector<HTMLElement>(".edge")?.style.left === left, left);
  await edgeAt("50%");
  await split(page).press("End");
  await edgeAt("100%");

  const coloured = (wanted: boolean) =>
    page.waitForFunction((wanted) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".layer canvas")!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, 64, 64);
      return data.some((value, i) => i % 4 === 0 && value !== data[i + 1]) === wanted;
    }, wanted);
  await coloured(false);
  await page.getByRole("radio", { name: "turbo" }).check();
  await coloured(true);

  await page.locator(".viewport").focus();
  const before = await page.locator(".percent").textContent();
  await page.keyboard.press("+");
  expect(await page.locator(".percent").textContent()).not.toBe(before);
  await page.keyboard.press("1");
  expect(await page.locator(".percent").textContent()).toBe("100 %");
  await page.keyboard.press("0");
  expect(await page.locator(".percent").textContent()).toBe(before);
  for (const mode of ["Side by side", "Flip", "Difference"]) {
    await page.getByRole("radio", { name: mode }).check();
    expect(await page.locator(`.viewport-${mode.split(" ")[0]!.toLowerCase()}`).count()).toBe(1);
  }
  expect(
    asked.filter((address) => !/^(blob|data):/.test(address) && new URL(address).origin !== url),
  ).toEqual([]);
  expect(complaints).toEqual([]);
});

inBrowser("the value under the pointer is the file's own number", async () => {
  const { url, get } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  const readout = page.locator(".readout");
  const box = (await page.locator(".viewport").boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => /^[\d.]+$/.test(document.querySelector(".readout")?.textContent ?? ""));
  const [job] = (await get<{ data: Job[] }>("/v1/jobs?limit=1")).data;
  const { min_depth, max_depth } = job!.result as { min_depth: number; max_depth: number };
  const value = Number(await readout.textContent());
  expect(value).toBeGreaterThanOrEqual(min_depth * 0.99);
  expect(value).toBeLessThanOrEqual(max_depth * 1.01);
});

inBrowser("the download is the map as it is shown, under the image's name", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "My Street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("radio", { name: "turbo" }).check();
  await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "PNG, as shown" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("my-street-depth-turbo.png");
  const saved = readFileSync(await download.path());
  const { decodePicture } = await import("../../src/images/decode.ts");
  const { pixels } = await decodePicture(saved, { maxPixels: 2 ** 24 });
  expect(pixels.some((value, i) => i % 3 === 0 && value !== pixels[i + 1])).toBe(true);
});

inBrowser("files that were asked for besides the map can be downloaded", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await page.locator("summary", { hasText: "More" }).first().click();
  for (const label of ["Mesh (GLB)", "Stereo pair (JPEG)"])
    await page.getByRole("checkbox", { name: label }).check();
  await estimate(page);
  await shown(page);
  await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
  expect(await page.getByRole("link", { name: "Stereo pair (JPEG)" }).count()).toBe(1);
  expect(await page.getByRole("link", { name: "Points (PLY)" }).count()).toBe(0);
  const address = await page.getByRole("link", { name: "Mesh (GLB)" }).getAttribute("href");
  const mesh = Buffer.from(await (await fetch(new URL(address!, url))).arrayBuffer());
  expect(mesh.subarray(0, 4).toString()).toBe("glTF");
  await page.reload();
  await ready(page);
  await page.locator("summary", { hasText: "More" }).first().click();
  expect(await page.getByRole("checkbox", { name: "Mesh (GLB)" }).isChecked()).toBe(true);
});

inBrowser("a depth map becomes a body that keys turn, and that can be taken along as GLB", async () => {
  const { url } = await server();
  const { page, asked, complaints } = await visit(url);
  await ready(page);
  await drop(page, picture, "street.jpg", "image/jpeg");
  await page.locator("#current .name", { hasText: "street.jpg" }).waitFor();
  await estimate(page);
  await shown(page);
  const three = () => asked.filter((address) => /scene-/.test(address));
  expect(three()).toEqual([]);
  await page.getByRole("radio", { name: "3-D" }).check();
  const view = page.getByRole("img", { name: /^3-D view with \d+ triangles/ });
  await view.waitFor();
  expect(three()).not.toEqual([]);
  const frame = () =>
    page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".scene canvas")!;
      const copy = new OffscreenCanvas(32, 32);
      const context = copy.getContext("2d")!;
      context.drawImage(canvas, 0, 0, 32, 32);
      const { data } = context.getImageData(0, 0, 32, 32);
      return data.some((value) => value > 0) && [...data].join();
    });
  const before = await (await frame()).jsonValue();
  await view.focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((old) => {
    const context = new OffscreenCanvas(32, 32).getContext("2d")!;
    context.drawImage(document.querySelector<HTMLCanvasElement>(".scene canvas")!, 0, 0, 32, 32);
    return [...context.getImageData(0, 0, 32, 32).data].join() !== old;
  }, before);

  await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "GLB, textured surface" }).click(),
  ]);
  const glb = readFileSync(await download.path());
  expect(glb.subarray(0, 4).toString()).toBe("glTF");
  expect(glb.readUInt32LE(8)).toBe(glb.length);
  expect(complaints).toEqual([]);
});

inBrowser("at rest the body shows the picture without gaps", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("radio", { name: "3-D" }).check();
  await page.locator(".scene canvas").waitFor();
  // Motion is reduced in these tests, so the view stays at the picture's own camera.
  const holes = await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".scene canvas")!;
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d")!;
    context.drawImage(canvas, 0, 0);
    const { width, height } = canvas;
    const side = Math.min(width, height * (4 / 3));
    const { data } = context.getImageData(
      Math.round(width / 2 - side * 0.45),
      Math.round(height * 0.05),
      Math.round(side * 0.9),
      Math.round(height * 0.9),
    );
    let drawn = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) drawn++;
    return drawn > 0 && [1 - drawn / (data.length / 4)];
  });
  expect(((await holes.jsonValue()) as number[])[0]).toBeLessThan(0.01);
});

inBrowser("cancelled work ends, saves nothing, and a second click deletes nothing", async () => {
  const { url, gate } = await server();
  gate.close();
  const { page, complaints } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  // The new address closes the queue.
  await page.waitForURL(/#\/job\//);
  await page.getByRole("button", { name: /^Queue/ }).click();
  await page.locator(".job-running").waitFor();
  const cancel = page.locator(".job-running").getByRole("button", { name: /^Cancel/ });
  const box = (await cancel.boundingBox())!;
  await page.mouse.click(box.x + 5, box.y + 5);
  await page.mouse.click(box.x + 5, box.y + 5, { delay: 20 });
  await page.getByText("No result was saved.").waitFor();
  expect((await jobs())[0]!.status).toBe("canceled");

  await page.locator(".notice").getByRole("button", { name: "Try again" }).click();
  await page.locator(".work").waitFor();
  gate.open();
  await shown(page);
  expect((await jobs())[0]!.status).toBe("succeeded");
  expect(complaints).toEqual([]);
});

inBrowser("a reload in the middle of a job goes on where it was, and back leads to the form", async () => {
  const { url, gate } = await server();
  gate.close();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await page.waitForURL(/#\/job\//);
  await page.reload();
  await page.locator(".work").waitFor();
  gate.open();
  await shown(page);
  expect(await page.locator("#current .name").textContent()).toBe("street.jpg");
  await page.goBack();
  await page.locator(".viewport-single").waitFor();
});

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

inBrowser("a file that is not an image is named at once and never sent", async () => {
  const { url, get } = await server();
  const { page } = await visit(url);
  await ready(page);
  const before = (await get<{ data: unknown[] }>("/v1/files")).data.length;
  await drop(page, join(images, "text.png"), "text.png", "image/png");
  await page.locator(".toasts li", { hasText: "“text.png” is not an image." }).waitFor();
  expect(await page.locator("#current").count()).toBe(0);
  expect((await get<{ data: unknown[] }>("/v1/files")).data.length).toBe(before);
});

inBrowser(
  "what only the server can judge gets its words and a next step, and the next image works",
  async () => {
    const { url } = await server();
    const { page } = await visit(url);
    await ready(page);
    // The browser shows no TIFF, so this damaged one reaches the server.
    const damaged = join(tmpdir(), `damaged-${process.pid}.tif`);
    await Bun.write(damaged, readFileSync(join(images, "rgb.tif")).subarray(0, 60));
    await drop(page, damaged, "damaged.tif", "image/tiff");
    await page.locator("#current .name", { hasText: "damaged.tif" }).waitFor();
    await estimate(page);
    await page.getByRole("alert").waitFor();
    const [job] = await jobs();
    expect([job!.status, job!.error_code]).toEqual(["failed", "invalid_image"]);
    const words = (await page.getByRole("alert").textContent())!.toLowerCase();
    expect(words).toContain(job!.error!.toLowerCase());
    expect(await page.getByRole("button", { name: "Choose another image" }).count()).toBe(1);
    rmSync(damaged);
    await drop(page, join(images, "rgb.tif"), "rgb.tif", "image/tiff");
    await estimate(page);
    await page.getByText("Grey", { exact: true }).waitFor();
  },
);

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

inBrowser("an image can be pasted, and taken with the camera", async () => {
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
  await page.getByRole("button", { name: "Remove image.png" }).click();
  await page.getByRole("button", { name: "Camera" }).click();
  await page.getByRole("button", { name: "Take picture" }).click();
  await page.locator("#current .name", { hasText: "camera.jpg" }).waitFor();
  const width = await page.locator(".viewport img").evaluate((image: HTMLImageElement) => image.naturalWidth);
  expect(width).toBeGreaterThan(0);
  expect(await page.locator("video").count()).toBe(0);
  expect(complaints).toEqual([]);
});

inBrowser("several dropped images become one job each", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  const before = (await jobs()).length;
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose…" }).click(),
  ]);
  await chooser.setFiles(
    ["a.png", "b.png", "c.png"].map((name) => ({ name, mimeType: "image/png", buffer: readFileSync(small) })),
  );
  await page.getByRole("button", { name: "Estimate depth: 3 images" }).click();
  await shown(page);
  expect((await jobs()).length).toBe(before + 3);
});

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
  const { page } = await visit(`${url}/#/gallery`);
  await ready(page);
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

inBrowser("a server that goes away is said, and the page goes on when it is back", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await page.context().setOffline(true);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.locator(".trouble", { hasText: "Connection lost" }).waitFor();
  await page.context().setOffline(false);
  await page.locator(".trouble").waitFor({ state: "detached" });
});

inBrowser("with a token the page asks for it once, works, and says it in its commands", async () => {
  const { url } = await site({ auth_token: "open sesame, open sesame" });
  const { page, complaints } = await visit(`${url}/#upscale`);
  expect(await page.locator("html[data-ready]").count()).toBe(0);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button").click();
  await page.getByText("Wrong token.").waitFor();
  await page.getByLabel("Token").fill("open sesame, open sesame");
  await page.getByRole("button").click();
  await ready(page);
  // The place behind the form is the one that was asked for.
  expect(new URL(page.url()).hash).toBe("#upscale");
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  await page.goto(`${url}/#depth`);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("button", { name: "Code" }).click();
  await page.waitForFunction(() => document.querySelector("#code-text")?.textContent?.includes("Bearer"));
  expect(await page.locator("#code-text").textContent()).toContain("Authorization: Bearer $EASEL_AUTH_TOKEN");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  expect((await page.context().cookies()).length).toBe(0);
});

inBrowser("the reference takes the theme that was chosen on the page", async () => {
  const { url } = await server();
  const { page } = await visit(url, { colorScheme: "light" });
  await ready(page);
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  await page.getByRole("link", { name: "API", exact: true }).click();
  await page.locator(".dark-mode").first().waitFor();
});

inBrowser(
  "a token that is changed meanwhile leads to the form, and from there back to the same result",
  async () => {
    const { url } = await site({ auth_token: "open sesame, open sesame" });
    const { page } = await visit(`${url}/#depth`);
    await page.getByLabel("Token").fill("open sesame, open sesame");
    await page.getByRole("button").click();
    await ready(page);
    await choose(page, small, "small.png", "image/png");
    await estimate(page);
    await shown(page);
    const result = page.url();
    await page.context().clearCookies();
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByLabel("Token").fill("open sesame, open sesame");
    await page.getByRole("button").click();
    await shown(page);
    expect(page.url()).toBe(result);
  },
);
