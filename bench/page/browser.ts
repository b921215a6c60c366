/**
 * Chromium, and what it says of a page.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from "playwright-core";

export const executablePath =
  process.env.EASEL_TEST_BROWSER ?? Bun.which("chromium") ?? Bun.which("google-chrome") ?? undefined;

export function launch(): Promise<Browser> {
  if (!executablePath)
    throw new Error("Chromium is missing: apt install chromium, or set EASEL_TEST_BROWSER to a browser");
  return chromium.launch({
    executablePath,
    // Without a GPU, Chromium draws pages faster itself than through an emulated one.
    args: ["--no-sandbox", "--disable-gpu"],
  });
}

export type Screen = "desktop" | "mobile";

/** A new visitor with an empty cache. */
export const visitor = (browser: Browser, screen: Screen = "desktop"): Promise<BrowserContext> =>
  browser.newContext(
    screen === "desktop"
      ? { viewport: { width: 1350, height: 940 } }
      : { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  );

export const ready = (page: Page) => page.waitForSelector("html[data-ready]", { timeout: 60_000 });

/** Two frames: what was done before is on the screen. */
export const painted = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))),
      ),
  );

/** Megabytes of the JavaScript heap after a collection, the elements of the document, and the process's resident memory. */
export async function memory(page: Page, browser: Browser) {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
  const figures = {
    heap: of("JSHeapUsedSize") / 1e6,
    nodes: of("Nodes"),
    resident: await residentMb(browser),
  };
  await session.detach();
  return figures;
}

const settlingMs = 3000;

/**
 * The same when the system runs short of memory: the browser then gives back what it keeps only because there is room, such as decoded
 * images that are no longer on the screen.
 */
export async function memoryUnderPressure(page: Page, browser: Browser) {
  const session = await page.context().newCDPSession(page);
  await session.send("Memory.simulatePressureNotification", { level: "critical" });
  await session.detach();
  await Bun.sleep(settlingMs);
  return memory(page, browser);
}

/** Resident memory of all processes that show pages. */
async function residentMb(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))![1]))
    .reduce((sum, kilobytes) => sum + kilobytes / 1000, 0);
}
