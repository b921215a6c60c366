/**
 * Scrolling through the gallery: frames in a second, and memory before and after.
 *
 * @module
 */
import type { Browser, Page } from "playwright-core";
import { memory, memoryUnderPressure, painted, ready, visitor } from "./browser.ts";

export interface Scroll {
  /** Frames in a second over the whole way. */
  fps: number;
  /** Milliseconds between two frames that 95 of 100 stay below. */
  p95: number;
  worst: number;
}

/** Pixels that a person scrolls in a second who looks for something. */
const speed = 2500;

/** Scrolls with the wheel to the last of all results, or to the first, and notes every frame. */
async function scroll(page: Page, count: number, direction: 1 | -1): Promise<Scroll> {
  await page.evaluate(() => {
    const frames: number[] = [];
    let running = true;
    const frame = (time: number) => {
      frames.push(time);
      if (running) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, {
      stopFrames: () => {
        running = false;
        return frames;
      },
    });
  });
  const began = performance.now();
  let asked = 0;
  const isOver = () =>
    page.evaluate(
      ({ direction, count }) => {
        const { scrollTop, scrollHeight, clientHeight } = document.scrollingElement!;
        if (direction < 0) return scrollTop <= 0;
        const tiles = document.querySelectorAll(".tile");
        const all = Math.max(tiles.length, Number(tiles[0]?.ariaSetSize ?? 0));
        return all >= count && scrollTop + clientHeight >= scrollHeight - 2;
      },
      { direction, count },
    );
  for (;;) {
    const wanted = ((performance.now() - began) / 1000) * speed;
    await page.mouse.wheel(0, direction * (wanted - asked));
    asked = wanted;
    if (await isOver()) break;
    if (performance.now() - began > 180_000) throw new Error("the gallery has no end");
    await Bun.sleep(12);
  }
  const frames = await page.evaluate(() => (window as unknown as { stopFrames(): number[] }).stopFrames());
  const gaps = frames.slice(1).map((time, at) => time - frames[at]!);
  const sorted = gaps.toSorted((a, b) => a - b);
  return {
    fps: (gaps.length * 1000) / (frames.at(-1)! - frames[0]!),
    p95: sorted[Math.floor(sorted.length * 0.95)]!,
    worst: sorted.at(-1)!,
  };
}

/** A visitor goes through the whole gallery: down, back up, and both again. */
export async function scrolling(browser: Browser, url: string, count: number) {
  const context = await visitor(browser);
  const page = await context.newPage();
  await page.goto(`${url}/#/gallery`);
  await ready(page);
  await page.locator(".tile").first().waitFor();
  await page.mouse.move(700, 600);
  await painted(page);
  const before = await memory(page, browser);
  const down = await scroll(page, count, 1);
  const once = await memory(page, browser);
  const up = await scroll(page, count, -1);
  const downAgain = await scroll(page, count, 1);
  await scroll(page, count, -1);
  const twice = await memory(page, browser);
  const pressed = await memoryUnderPressure(page, browser);
  await context.close();
  return { down, up, downAgain, before, once, twice, pressed };
}
