/** What became of phones, touch, focus and forced colours: each test follows the steps that once went wrong. */
import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { inBrowser, playground, ready, small } from "./browser.ts";
import { choose, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};
const phone = { width: 390, touch: true };

/** Until the top of the stage is on the screen. */
const inSight = (page: Page, selector: string) =>
  page.waitForFunction((selector) => {
    const box = document.querySelector(selector)?.getBoundingClientRect();
    return box && box.top >= 0 && box.top < innerHeight / 2;
  }, selector);

inBrowser(
  "on a phone, work, its result and a refusal come into sight from the foot of a long form",
  async () => {
    const { url, gate } = await server();
    const { page } = await visit(`${url}/#generate`, phone);
    await ready(page);
    await page.getByLabel("Prompt", { exact: true }).fill("a fox");
    await page.locator(".panel summary").click();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
    const down = () => page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await down();
    gate.close("decode");
    await page.getByRole("button", { name: "Generate" }).click();
    await inSight(page, ".work");
    gate.open();
    await page.locator(".viewport").waitFor();
    await inSight(page, ".viewport");

    await page.getByRole("spinbutton", { name: "Steps" }).evaluate((input) => input.removeAttribute("max"));
    await page.getByRole("spinbutton", { name: "Steps" }).fill("99999");
    await down();
    await page.getByRole("button", { name: "Generate" }).click();
    await inSight(page, "[role=alert]");
  },
);

inBrowser("on a phone no view is wider than the screen, whatever is open", async () => {
  const { url } = await server();
  const { page } = await visit(url, phone);
  await ready(page);
  const fits = async (what: string) =>
    expect([what, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([what, 390]);
  await fits("empty");
  await choose(page, small, "a long name of an image that goes on and on and on.png", "image/png");
  await fits("image");
  await page.getByRole("button", { name: "Estimate depth" }).click();
  await shown(page);
  await fits("result");
  await page.locator("summary", { hasText: "Range" }).click();
  await fits("range");
  for (const view of ["#/gallery", "#/models", "#generate", "#edit", "#upscale"]) {
    await page.goto(`${url}/${view}`);
    await page.locator("h1").first().waitFor();
    await fits(view);
  }
});

inBrowser("what a finger is to hit is at least 44 pixels high", async () => {
  const { url } = await server();
  const { page } = await visit(url, phone);
  await ready(page);
  const small = () =>
    page.evaluate(() =>
      [
        ...document.querySelectorAll(
          "button, select, summary, .tabs a, .segments label, .check, input[type=number]",
        ),
      ]
        .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .filter((element) => element.getBoundingClientRect().height < 43.5)
        .map((element) => `${element.outerHTML.slice(0, 90)} ${element.getBoundingClientRect().height}`),
    );
  for (const view of ["#depth", "#upscale", "#generate", "#edit", "#/models"]) {
    await page.goto(`${url}/${view}`);
    await page.locator("h1").first().waitFor();
    for (const more of await page.locator(".more:not([open]) > summary").all()) await more.click();
    expect([view, await small()]).toEqual([view, []]);
  }
  await page.goto(`${url}/#depth`);
  await page.locator(".sample").first().click();
  await shown(page);
  expect(["result", await small()]).toEqual(["result", []]);
  await page.goto(`${url}/#/gallery`);
  await page.locator(".tile").first().waitFor();
  await page.locator(".tile-select").first().check();
  expect(["gallery", await small()]).toEqual(["gallery", []]);
});

inBrowser("in forced colours the chosen one of several can be told", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#upscale`, { forcedColors: "active" });
  await ready(page);
  const outline = (name: string) =>
    page
      .locator(".segments label", { hasText: name })
      .locator("span")
      .evaluate((span) => getComputedStyle(span).outlineStyle);
  await page.getByRole("radio", { name: "2×" }).check();
  expect([await outline("2×"), await outline("3×")]).toEqual(["solid", "none"]);
});

inBrowser("the focus stays on the stage when the button that had it is gone", async () => {
  const { url } = await server();
  const { page } = await visit(url);
  await ready(page);
  await page.locator(".sample").first().focus();
  await page.keyboard.press("Enter");
  await shown(page);
  expect(await page.evaluate(() => document.activeElement?.closest("#stage") !== null)).toBe(true);
});

inBrowser("with every option open no field of the form covers another", async () => {
  const { url } = await server();
  const { page } = await visit(`${url}/#upscale`);
  await ready(page);
  await choose(page, small, "small.png", "image/png");
  await page.locator(".panel summary").click();
  const covered = await page.evaluate(() => {
    const fields = [...document.querySelectorAll(".panel-fields > *")].map((field) =>
      field.getBoundingClientRect(),
    );
    return fields.filter((box, at) => at > 0 && box.top < fields[at - 1]!.bottom - 1).length;
  });
  expect(covered).toBe(0);
  const form = page.locator(".panel-fields");
  expect(await form.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
});
