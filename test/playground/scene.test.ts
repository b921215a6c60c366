/** The body in space of a depth result. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { drop, inBrowser, picture, playground, ready } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

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
