/** Jobs on their way: waited for, cancelled, followed over a reload. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import type { Job } from "../../src/jobs/job.ts";
import { drop, inBrowser, picture, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

const jobs = async () => (await (await server()).get<{ data: Job[] }>("/v1/jobs")).data;

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
  await page.getByText("3 of 3 done").waitFor();
  expect((await jobs()).length).toBe(before + 3);
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
