import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { drop, hasBrowser, patience, picture, playground, ready } from "./browser.ts";

const { site, visit } = playground();
const axe = readFileSync(Bun.resolveSync("axe-core/axe.min.js", import.meta.dir), "utf8");
let server: ReturnType<typeof site> | undefined;

/** What keeps somebody out: findings that axe calls serious or critical. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

test.skipIf(!hasBrowser).each(["light", "dark"] as const)(
  "nothing on the page keeps anybody out, %s",
  async (colorScheme) => {
    server ??= site();
    const { url } = await server;
    const { page } = await visit(url, { colorScheme });
    await ready(page);
    const tasks = colorScheme === "light" ? ["depth", "upscale", "generate", "edit"] : ["generate"];
    for (const task of tasks) {
      await page.goto(`${url}/#${task}`);
      await page.locator(`#form-${task}`).waitFor();
      for (const more of await page.locator(`#form-${task} summary`).all()) await more.click();
      expect(await findings(page)).toEqual([]);
    }
    await page.goto(`${url}/#depth`);
    await page.locator("#form-depth select").selectOption("depthpro/base");
    expect(await findings(page)).toEqual([]);
    await page.locator("#form-depth select").selectOption("depthanything/mini");
    await drop(page, picture, "street.jpg", "image/jpeg");
    await page.locator("#current .name", { hasText: "street.jpg" }).waitFor();
    await page.getByRole("button", { name: "Estimate depth" }).click();
    await page.locator(".compare-range").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("radio", { name: "3-D" }).check();
    await page.locator(".cloud canvas").waitFor();
    expect(await findings(page)).toEqual([]);
    await drop(page, import.meta.path, "text.txt", "text/plain");
    await page.getByRole("button", { name: "Estimate depth" }).click();
    await page.getByRole("alert").waitFor();
    expect(await findings(page)).toEqual([]);
  },
  patience,
);

test.skipIf(!hasBrowser)(
  "on a phone nothing is wider than the screen",
  async () => {
    server ??= site();
    const { page } = await visit((await server).url, { width: 360 });
    await ready(page);
    await page.getByRole("button", { name: "Use the sample" }).click();
    await page.getByRole("button", { name: "Estimate depth" }).click();
    await page.locator(".compare-range").waitFor();
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
  },
  patience,
);
