/**
 * Changing the colours of a map of 12 megapixels.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { photograph } from "../photo/picture.ts";
import { painted, ready, visitor } from "./browser.ts";

/** Lets the server estimate the depth of a photograph of 12 megapixels. Gives the job's id. */
export async function largeMap(url: string): Promise<string> {
  const form = new FormData();
  form.set("file", new Blob([readFileSync(await photograph(4032, 3024))]), "photo.jpg");
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    const answer = await fetch(new URL(path, url), { method: "POST", ...init });
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const { file_id } = await ask<{ file_id: string }>("/v1/files", { body: form });
  const { job_id } = await ask<{ job_id: string }>("/v1/image/depthanything/estimate", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "mini", image: { type: "file_id", file_id }, mode: "async" }),
  });
  for (let tries = 0; tries < 600; tries++) {
    const job = (await (await fetch(new URL(`/v1/jobs/${job_id}`, url))).json()) as { status: string };
    if (job.status === "succeeded") return job_id;
    if (job.status === "failed") throw new Error(`the job failed: ${JSON.stringify(job)}`);
    await Bun.sleep(200);
  }
  throw new Error("the job does not end");
}

export interface Change {
  /** From the key until the new colours were on the screen, as the browser's event timing says. */
  shown: number;
  /** The longest time between two frames, until half a second later. */
  frame: number;
}

/** Follows one press of a key. Runs inside of the page. */
function follow(): void {
  const gaps: number[] = [];
  let last = performance.now();
  const frame = (time: number) => {
    gaps.push(time - last);
    last = time;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const durations: number[] = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (["keydown", "input", "change", "click"].includes(entry.name)) durations.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
  Object.assign(window, {
    take: () => ({
      // Shorter events are not told; they end within the frame.
      shown: Math.max(16, ...durations.splice(0)),
      frame: Math.max(...gaps.splice(0)),
    }),
  });
}

/** Steps through the colours with the arrow keys, then moves the near limit. */
export async function colours(browser: Browser, url: string, job: string) {
  const context = await visitor(browser);
  const page = await context.newPage();
  await page.goto(`${url}/#/job/${job}`);
  await ready(page);
  await page.locator('canvas[aria-label="Depth map"]').first().waitFor({ timeout: 60_000 });
  await page.waitForLoadState("networkidle");
  await painted(page);
  await page.evaluate(follow);
  const press = async (key: string) => {
    await page.evaluate(() => (window as unknown as { take(): Change }).take());
    await page.keyboard.press(key);
    await Bun.sleep(600);
    return page.evaluate(() => (window as unknown as { take(): Change }).take());
  };
  const colour: Change[] = [];
  const limit: Change[] = [];
  await page.getByRole("radio", { name: "grey" }).focus();
  for (let n = 0; n < 5; n++) colour.push(await press("ArrowRight"));
  await page.getByText("Range", { exact: true }).click();
  await page.getByRole("slider", { name: "Near limit" }).focus();
  for (let n = 0; n < 5; n++) limit.push(await press("ArrowLeft"));
  await context.close();
  return { colour, limit };
}
