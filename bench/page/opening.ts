/**
 * Opening a view: first paint, until it is ready, and how much it moves meanwhile.
 *
 * @module
 */
import type { Browser } from "playwright-core";
import { ready, type Screen, visitor } from "./browser.ts";

export interface Opening {
  firstPaint: number;
  ready: number;
  /** Cumulative layout shift. */
  shift: number;
}

/** Notes the time of `data-ready` and every shift. Runs inside of the page, before its scripts. */
function watch(): void {
  const noted = { ready: 0, shift: 0 };
  Object.assign(window, { noted });
  new MutationObserver(() => {
    if ("ready" in document.documentElement.dataset) noted.ready ||= performance.now();
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
  // The largest sum in a window: at most 1 s between shifts, at most 5 s in all.
  let [sum, first, last] = [0, 0, 0];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & {
      value: number;
      hadRecentInput: boolean;
    })[]) {
      if (entry.hadRecentInput) continue;
      if (entry.startTime - last > 1000 || entry.startTime - first > 5000) {
        sum = 0;
        first = entry.startTime;
      }
      sum += entry.value;
      last = entry.startTime;
      noted.shift = Math.max(noted.shift, sum);
    }
  }).observe({ type: "layout-shift", buffered: true });
}

/** Opens an address as a new visitor, and again as one who was here before. */
export async function opening(browser: Browser, address: string, screen: Screen) {
  const context = await visitor(browser, screen);
  await context.addInitScript(watch);
  const page = await context.newPage();
  const look = async (): Promise<Opening> => {
    await ready(page);
    await page.waitForLoadState("networkidle");
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    return page.evaluate(() => {
      const { noted } = window as unknown as { noted: { ready: number; shift: number } };
      const paint = performance.getEntriesByName("first-contentful-paint")[0]!.startTime;
      return { firstPaint: paint, ready: noted.ready, shift: noted.shift };
    });
  };
  await page.goto(address);
  const first = await look();
  await page.reload();
  const again = await look();
  await context.close();
  return { first, again };
}
