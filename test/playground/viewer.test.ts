/** The image viewer's tools, and the page's keys. */
import { afterEach, expect } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};
// A test that fails while the gate is closed holds no other back.
afterEach(async () => (await shared)?.gate.open());

async function result(): Promise<Page> {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await estimate(page);
  await shown(page);
  return page;
}

/** Colours of the magnifier's left and right half. */
const halves = (page: Page) =>
  page.locator("canvas.loupe").evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext("2d")!;
    const at = (x: number) => [...context.getImageData(canvas.width * x, canvas.height / 2, 1, 1).data];
    return { left: at(0.25), right: at(0.75) };
  });

inBrowser("the magnifier shows both images, and follows pointer and arrow keys", async () => {
  const page = await result();
  await page.getByRole("button", { name: "Magnifier" }).click();
  await page.locator("canvas.loupe").waitFor();
  const { left, right } = await halves(page);
  expect([left[3], right[3]]).toEqual([255, 255]);
  // The input is colourful, its depth map grey.
  expect(new Set(right.slice(0, 3)).size).toBe(1);
  expect(new Set(left.slice(0, 3)).size).toBeGreaterThan(1);
  const place = () => page.locator("canvas.loupe").evaluate((canvas: HTMLElement) => canvas.style.left);
  const before = await place();
  await page.locator(".viewport").focus();
  await page.keyboard.press("ArrowRight");
  expect(await place()).not.toBe(before);
  const box = (await page.locator(".viewport").boundingBox())!;
  await page.mouse.move(box.x + 200, box.y + 150);
  await page.waitForFunction(
    () => document.querySelector<HTMLElement>("canvas.loupe")!.style.left === "90px",
  );
  await page.keyboard.press("l");
  await page.locator("canvas.loupe").waitFor({ state: "detached" });
  await page.keyboard.down("Alt");
  await page.locator("canvas.loupe").waitFor();
  await page.keyboard.up("Alt");
  await page.locator("canvas.loupe").waitFor({ state: "detached" });
});

inBrowser("pixels are squares or smoothed as asked", async () => {
  const page = await result();
  const rendering = () =>
    page.locator(".layer-under .layer-image").evaluate((image: HTMLElement) => image.style.imageRendering);
  // The small image is enlarged far beyond its pixels.
  expect(await rendering()).toBe("pixelated");
  await page.getByRole("button", { name: "Show pixels as squares" }).click();
  expect(await rendering()).toBe("auto");
  await page.keyboard.press("p");
  expect(await rendering()).toBe("pixelated");
});

inBrowser(
  "keys change the comparison, fill the screen, step through results and open downloads",
  async () => {
    const first = await result();
    const { url } = await server();
    const page = first;
    const older = page.url();
    await page.goto(`${url}/#depth`);
    await choose(page, small, "second.png", "image/png");
    await estimate(page);
    await page.waitForFunction((older) => location.href !== older && location.hash.includes("job"), older);
    await shown(page);
    const newer = page.url();
    await page.locator(".viewport").focus();
    await page.keyboard.press("c");
    await page.locator(".viewport-side").waitFor();
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement?.id === "stage");
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement === null);
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(older);
    await shown(page);
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL(newer);
    await shown(page);
    await page.keyboard.press("d");
    await page.getByRole("button", { name: "PNG, as shown" }).and(page.locator(":focus")).waitFor();
  },
);

inBrowser("a question mark lists the keys, and typing one in a field does not", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#generate`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("who");
  await page.getByLabel("Prompt", { exact: true }).press("?");
  expect(await page.getByRole("dialog").count()).toBe(0);
  await page.locator("#stage").focus();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByText("Magnifier; also while Alt is held").waitFor();
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await sheet.getByRole("button", { name: "Close" }).click();
  await sheet.waitFor({ state: "detached" });
});

inBrowser("Escape asks once before it cancels the job that is shown", async () => {
  const { url, gate, get } = await server();
  const { page } = await visit(url);
  await ready(page);
  gate.close();
  await choose(page, small, "small.png", "image/png");
  await estimate(page);
  await page.waitForURL(/#\/job\//);
  const status = async () =>
    (await get<{ status: string }>(`/v1/jobs/${page.url().split("/").at(-1)}`)).status;
  await page.locator(".work").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".toasts li", { hasText: "Press Esc again" }).waitFor();
  expect(["queued", "running"]).toContain(await status());
  // Where the time for the second press is over, it asks once more.
  const canceled = page.getByText("No result was saved.");
  while (!(await canceled.isVisible())) await page.keyboard.press("Escape");
  gate.open();
  expect(await status()).toBe("canceled");
});

inBrowser("the result as a program does the same as the page", async () => {
  const page = await result();
  await page.getByRole("button", { name: "Code" }).click();
  await page.getByRole("radio", { name: "Python" }).check();
  await page.locator("#code-text", { hasText: "import requests" }).waitFor();
  const python = (await page.locator("#code-text").textContent())!;
  const parsed = Bun.spawnSync(["python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"], {
    stdin: Buffer.from(python),
  });
  expect([parsed.exitCode, python]).toEqual([0, expect.stringContaining('open("small.png", "rb")')]);
  await page.getByRole("radio", { name: "JavaScript" }).check();
  await page.locator("#code-text", { hasText: "import {" }).waitFor();
  const folder = (await import("node:fs")).mkdtempSync(join((await import("node:os")).tmpdir(), "easel-js-"));
  await Bun.write(join(folder, "small.png"), Bun.file(small));
  await Bun.write(join(folder, "run.mjs"), (await page.locator("#code-text").textContent())!);
  const ran = Bun.spawn([process.execPath, "run.mjs"], { cwd: folder, stderr: "pipe" });
  const said = await new Response(ran.stderr).text();
  expect([await ran.exited, said]).toEqual([0, ""]);
  const made = await Bun.file(join(folder, "small-depth.png")).bytes();
  expect(Buffer.from(made.subarray(1, 4)).toString()).toBe("PNG");
  (await import("node:fs")).rmSync(folder, { recursive: true });
});

inBrowser(
  "a finger that rests on the image shows the original whole, and one that moves does not",
  async () => {
    const { url } = await server();
    const { page } = await visit(url, { width: 390, touch: true });
    await ready(page);
    await page.locator(".sample").first().click();
    await shown(page);
    await page.locator(".viewport").scrollIntoViewIfNeeded();
    const box = (await page.locator(".viewport").boundingBox())!;
    const [x, y] = [box.x + box.width / 4, box.y + box.height / 2];
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", places: { x: number; y: number }[]) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints: places });
    const whole = page.locator(".viewport-flip .side-left", { hasText: "Image" });
    await touch("touchStart", [{ x, y }]);
    await whole.waitFor();
    expect(await page.locator(".edge").isVisible()).toBe(false);
    expect(await page.locator(".layer-over").evaluate((layer) => getComputedStyle(layer).clipPath)).toBe(
      "none",
    );
    await touch("touchEnd", []);
    await page.locator(".viewport-slider .edge").waitFor();

    const split = page.getByRole("slider", { name: "Share of the image that is shown" });
    await touch("touchStart", [{ x, y }]);
    await touch("touchMove", [{ x: x + 60, y }]);
    await page.waitForFunction(() => document.querySelector<HTMLElement>(".edge")!.style.left !== "50%");
    // Longer than a finger has to rest, by the page's own timers: an earlier one would have come first.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 900)));
    expect(await whole.count()).toBe(0);
    await touch("touchEnd", []);
    expect(Number(await split.inputValue())).not.toBe(50);
  },
);

inBrowser(
  "Space shows the original whole for as long as it is held, in every way to compare in one place",
  async () => {
    const { url } = await server();
    const { page } = await visit(url);
    await ready(page);
    await page.locator(".sample").first().click();
    await shown(page);
    for (const mode of ["Slider", "Flip", "Difference"]) {
      await page.getByRole("radio", { name: mode }).check();
      await page.locator(".viewport").focus();
      await page.keyboard.down(" ");
      await page.locator(".viewport-flip .side-left", { hasText: "Image" }).waitFor();
      await page.keyboard.up(" ");
      await page.locator(`.viewport-${mode.toLowerCase()} .layer`).first().waitFor();
    }
  },
);
