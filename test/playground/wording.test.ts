/** The words of every state of the page: no raw names, no lost values, one style of units. */
import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { drop, hasBrowser, patience, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

/** What people read or hear, outside of code. Runs inside of the page. */
function texts(): string[] {
  const found = [document.title];
  const isShown = (element: Element) =>
    element.checkVisibility() && !element.closest("code, pre, script, style, textarea");
  const isCode = (node: Node) => node instanceof Element && node.localName === "code";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const blocks = new Set<Element>();
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.textContent?.trim() && isShown(node.parentElement!)) blocks.add(node.parentElement!);
  for (const block of blocks)
    found.push(
      [...block.childNodes]
        .map((node) => (node instanceof Text ? node.data : isCode(node) ? "CODE" : " "))
        .join(""),
    );
  for (const element of document.querySelectorAll("[title], [aria-label], [alt], [placeholder]"))
    if (isShown(element))
      for (const name of ["title", "aria-label", "alt", "placeholder"])
        found.push(element.getAttribute(name) ?? "");
  return [...new Set(found.map((text) => text.replace(/\s+/g, " ").trim()).filter(Boolean))];
}

const faults: readonly (readonly [fault: string, sign: RegExp])[] = [
  ["a value that is lost", /\b(undefined|null|NaN|Infinity|\[object)\b/],
  ["a raw code or field", /\b[a-z]+_[a-z_\d]+\b/],
  ["a raw family", /\b(depthanything|depthpro|seedvr2|zimage|flux2)\b/],
  ["a raw id", /\b(job|file)_[0-9a-f]{8,}/],
  ["a pattern of the server's", /\\[wd]|\(\?[:=!<]|\^[[(]|Invalid (string|input)/],
  ["a number that touches its unit", /\d(ms|s|min|h|[kMG]B|MP|m|%|px)(?![\w-])/],
  ["an x between two sides", /\d x \d|\d{2,}x\d/],
  ["three dots", /\.\.\./],
  ["a space too many before a mark", / [,.;!?](\s|$)/],
];

/** Phrases that the page once had, and no native speaker would say. */
const phrases = [
  "The server says no",
  "It did not work",
  "Nothing was kept",
  "Go on with it",
  "Begin with the picture",
  "How much of it stays",
  "As the server has it",
  "as trained",
  "All steps",
  "Size inside the network",
  "before the network looks",
  "What to avoid",
  "Say what is to be different",
  "A picture from words",
  "How far away everything",
  "with detail that fits",
  "Not on this machine yet",
  "publish no files",
  "Forget",
  "the newest",
  "Far is bright",
  "Making the room",
  "Relief",
  "Dots",
  "before it",
  "larger is nearer",
  "Use the sample",
  "Drop it anywhere",
  "The same with curl",
  "Token needed",
  "That is not the token",
  "as the system has them",
  "is no JPEG",
  "exceeding the cap",
];

async function faultsOf(page: Page, state: string): Promise<string[]> {
  const said = await page.evaluate(texts);
  return said.flatMap((text) => [
    ...faults.filter(([, sign]) => sign.test(text)).map(([fault]) => `${state}: ${fault}: ${text}`),
    ...phrases.filter((phrase) => text.includes(phrase)).map((phrase) => `${state}: “${phrase}”: ${text}`),
  ]);
}

const openAll = async (page: Page) => {
  const closed = page.locator(".panel details:not([open]) > summary");
  while ((await closed.count()) > 0) await closed.first().click();
};

test("the checks of the words find what they are for", () => {
  const found = (text: string) => faults.filter(([, sign]) => sign.test(text)).map(([fault]) => fault);
  expect(found("took NaN s")).toEqual(["a value that is lost"]);
  expect(found("step undefined of 4")).toEqual(["a value that is lost"]);
  expect(found("qwen_lightning_4")).toEqual(["a raw code or field"]);
  expect(found("depthanything · mini")).toEqual(["a raw family"]);
  expect(found("1.5GB of memory")).toEqual(["a number that touches its unit"]);
  expect(found("640x427")).toEqual(["an x between two sides"]);
  expect(found("Depth Anything · mini, 640 × 427, 0.6 s, 40 %, 2×, 16-bit, 3-D")).toEqual([]);
});

test.skipIf(!hasBrowser)(
  "every state of the page speaks plainly",
  async () => {
    const { url, gate } = await site();
    const { page } = await visit(url);
    await ready(page);
    const found: string[] = [];
    const look = async (state: string) => {
      found.push(...(await faultsOf(page, state)));
    };
    await page.goto(`${url}/#/gallery`);
    await page.getByText("Nothing here yet.").waitFor();
    await look("empty gallery");
    for (const tool of ["depth", "upscale", "generate", "edit"]) {
      await page.goto(`${url}/#${tool}`);
      await page.locator("#panel-title", { hasText: new RegExp(tool, "i") }).waitFor();
      await openAll(page);
      await look(tool);
      const models = page.locator('select[name="model"]');
      const usual = await models.inputValue();
      for (const model of await models.locator("option").all()) {
        await models.selectOption((await model.getAttribute("value"))!);
        await look(`${tool}, ${await model.textContent()}`);
      }
      await models.selectOption(usual);
    }
    await page.goto(`${url}/#depth`);
    await page.locator('select[name="model"]').selectOption("depthanything/mini");
    await estimate(page);
    await page.getByRole("alert").filter({ hasText: "Add an image first." }).waitFor();
    await look("no image");
    await choose(page, small, "small.png", "image/png");
    await look("image");
    gate.close();
    await estimate(page);
    await page.locator(".work").waitFor();
    await page.getByRole("button", { name: /^Queue/ }).click();
    await page.locator(".job-running").waitFor();
    await look("at work, queue");
    await page.keyboard.press("Escape");
    await page.locator(".work").getByRole("button", { name: "Cancel" }).click();
    await page.getByText("No result was saved.").waitFor();
    await look("cancelled");
    gate.open();
    await page.locator(".notice").getByRole("button", { name: "Try again" }).click();
    await shown(page);
    await look("depth result");
    for (const menu of ["Download", "Range"]) {
      await page.locator(".result-bar .menu summary", { hasText: menu }).click();
      await look(menu);
    }
    for (const menu of ["Use as input", "Settings"]) {
      await page.locator(".stage-foot .menu summary", { hasText: menu }).click();
      await look(menu);
    }
    await page.getByRole("button", { name: "Code" }).click();
    await page.waitForFunction(() => document.querySelector("#code-text")?.textContent?.includes("curl"));
    await look("code");
    for (const view of ["Parallax", "3-D"]) {
      await page.getByRole("radio", { name: view }).check();
      await page.locator(view === "3-D" ? ".scene canvas" : "canvas.parallax").waitFor();
      await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
      await look(view);
    }
    await page.getByRole("radio", { name: "Compare" }).check();
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await page.getByRole("dialog").waitFor();
    await look("keys");
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

    await page.goto(`${url}/#upscale`);
    await choose(page, small, "small.png", "image/png");
    await page.getByText(/100 × 75 →/).waitFor();
    await look("upscale, image");
    await page.getByRole("button", { name: "Upscale" }).click();
    await page.locator(".side-right").waitFor();
    await look("upscaled");

    gate.close();
    await page.goto(`${url}/#generate`);
    await page.getByLabel("Prompt", { exact: true }).fill("a kite\na boat");
    await page.getByRole("checkbox", { name: "Each line is a prompt of its own" }).check();
    await openAll(page);
    await look("prompts");
    await page.getByRole("spinbutton", { name: "Steps" }).fill("1");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator(".set-running").waitFor();
    await look("set at work");
    gate.open();
    await page.getByText("2 of 2 done").waitFor();
    await look("set");
    await page.getByRole("link", { name: "Compare all" }).click();
    await page.locator(".side-right").waitFor();
    await look("compare");
    await page.locator(".result-bar a").first().click();
    await page.locator(".stage-foot .facts").waitFor();
    await look("generated");

    await page.goto(`${url}/#edit`);
    await choose(page, small, "small.png", "image/png");
    await page.getByRole("button", { name: "Mark a region…" }).click();
    await page.locator(".mask-place canvas").waitFor();
    await look("mask");
    await page.goto(`${url}/#/gallery`);
    await page.locator(".tile").nth(3).waitFor();
    await page.locator(".tile-select").first().check();
    await look("gallery");
    await page
      .locator(".tile")
      .first()
      .getByRole("button", { name: /^Delete/ })
      .click();
    await page.locator(".toasts li").first().waitFor();
    await look("deleted");
    await page.goto(`${url}/#/models`);
    await page.locator(".card .fit").filter({ hasText: "memory" }).first().waitFor();
    await look("models");
    for (const address of ["#/job/x", "#/compare/x/y", "#/set/x/y"]) {
      await page.goto(`${url}/${address}`);
      await page.locator(".drop-title").waitFor();
      await look(address);
    }
    const damaged = join(tmpdir(), `damaged-words-${process.pid}.tif`);
    await Bun.write(damaged, new Uint8Array([0x49, 0x49, 0x2a, 0, 1, 2, 3]));
    await page.goto(`${url}/#depth`);
    await drop(page, damaged, "damaged.tif", "image/tiff");
    await page.locator("#current .name", { hasText: "damaged.tif" }).waitFor();
    await estimate(page);
    await page.getByRole("alert").waitFor();
    await look("failure");
    await page.context().setOffline(true);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.locator(".trouble", { hasText: "Connection lost" }).waitFor();
    await look("away");
    expect([...new Set(found)]).toEqual([]);
  },
  // Some fifty states.
  4 * patience,
);

test.skipIf(!hasBrowser)(
  "the form for the token speaks plainly",
  async () => {
    const { url } = await site({ auth_token: "open sesame, open sesame" });
    const { page } = await visit(url);
    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button").click();
    await page.getByText("Wrong token.").waitFor();
    expect(await faultsOf(page, "token")).toEqual([]);
  },
  patience,
);
