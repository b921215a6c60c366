import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { drop, hasBrowser, patience, playground, ready, small } from "./browser.ts";

const { site, visit } = playground();
const axe = readFileSync(Bun.resolveSync("axe-core/axe.min.js", import.meta.dir), "utf8");
let server: ReturnType<typeof site> | undefined;

/** All findings of axe, its best practices included. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

test.skipIf(!hasBrowser).each(["light", "dark"] as const)(
  "axe finds nothing in any state of the page, %s",
  async (colorScheme) => {
    server ??= site();
    const { url, gate } = await server;
    const { page } = await visit(url, { colorScheme });
    await ready(page);
    for (const task of ["depth", "upscale", "generate", "edit"]) {
      await page.goto(`${url}/#${task}`);
      await page.locator("#panel-title", { hasText: new RegExp(task, "i") }).waitFor();
      for (const more of await page.locator(".panel summary").all())
        if (
          !(await more
            .locator("..")
            .getAttribute("open")
            .then((open) => open !== null))
        )
          await more.click();
      expect([task, await findings(page)]).toEqual([task, []]);
    }
    await page.goto(`${url}/#depth`);
    await page.locator('select[name="model"]').selectOption("depthpro/base");
    expect(["not installed", await findings(page)]).toEqual(["not installed", []]);
    await page.locator('select[name="model"]').selectOption("depthanything/mini");
    await page.getByRole("button", { name: "Estimate depth" }).click();
    expect(["no image", await findings(page)]).toEqual(["no image", []]);
    await drop(page, small, "small.png", "image/png");
    await page.locator("#current .name", { hasText: "small.png" }).waitFor();
    expect(["image", await findings(page)]).toEqual(["image", []]);
    await page.getByRole("button", { name: "Estimate depth" }).click();
    await page.locator(".legend").waitFor();
    expect(["result", await findings(page)]).toEqual(["result", []]);
    await page.getByRole("button", { name: "Magnifier" }).click();
    await page.locator("canvas.loupe").waitFor();
    expect(["magnifier", await findings(page)]).toEqual(["magnifier", []]);
    await page.getByRole("button", { name: "Magnifier" }).click();
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    expect(["keys", await findings(page)]).toEqual(["keys", []]);
    await page.keyboard.press("Escape");
    for (const mode of ["Side by side", "Flip", "Difference"]) {
      await page.getByRole("radio", { name: mode }).check();
      expect([mode, await findings(page)]).toEqual([mode, []]);
    }
    await page.locator(".result-bar .menu summary", { hasText: "Download" }).click();
    await page.getByRole("button", { name: "Code" }).click();
    await page.getByRole("button", { name: /^Queue/ }).click();
    expect(["menus", await findings(page)]).toEqual(["menus", []]);
    await page.keyboard.press("Escape");
    await page.getByRole("radio", { name: "Parallax" }).check();
    await page.locator("canvas.parallax").waitFor();
    expect(["parallax", await findings(page)]).toEqual(["parallax", []]);
    for (const effect of ["Focus", "Side by side"]) {
      await page.getByRole("radio", { name: effect }).check();
      expect([effect, await findings(page)]).toEqual([effect, []]);
    }
    await page.getByRole("radio", { name: "3-D" }).check();
    await page.locator(".scene canvas").waitFor();
    expect(["3-D", await findings(page)]).toEqual(["3-D", []]);
    await page.goto(`${url}/#edit`);
    await drop(page, small, "small.png", "image/png");
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Add a reference…" }).click(),
    ]);
    await chooser.setFiles([small, small]);
    await page.locator(".grip").first().waitFor();
    expect(["references", await findings(page)]).toEqual(["references", []]);
    await page.getByRole("button", { name: "Mark a region…" }).click();
    await page.locator(".mask-place canvas").waitFor();
    expect(["mask", await findings(page)]).toEqual(["mask", []]);
    gate.close();
    await page.goto(`${url}/#generate`);
    await page.getByLabel("Prompt", { exact: true }).fill("a kite");
    await page.locator(".panel summary").first().click();
    await page.getByRole("checkbox", { name: "A grid of several steps and guidances" }).check();
    await page.getByLabel("Steps, a row each").fill("1, 2");
    await page.getByLabel("Guidance, a column each").fill("1, 4");
    expect(["form of a grid", await findings(page)]).toEqual(["form of a grid", []]);
    await page.getByRole("button", { name: "Generate: 4 images" }).click();
    await page.locator(".set-running").waitFor();
    expect(["set at work", await findings(page)]).toEqual(["set at work", []]);
    gate.open();
    await page.getByText("4 of 4 done").waitFor();
    expect(["grid", await findings(page)]).toEqual(["grid", []]);
    await page.getByRole("link", { name: "Compare all" }).click();
    await page.locator(".panes img").nth(3).waitFor();
    expect(["panes", await findings(page)]).toEqual(["panes", []]);
    await page.goto(`${url}/#/set/job_x/job_y`);
    await page.getByText("These results are not here").waitFor();
    expect(["unknown set", await findings(page)]).toEqual(["unknown set", []]);
    await page.goto(`${url}/#/gallery`);
    await page.locator(".tile").first().waitFor();
    await page.locator(".tile-select").first().check();
    expect(["gallery", await findings(page)]).toEqual(["gallery", []]);
    await page.goto(`${url}/#/models`);
    await page.locator(".card").first().waitFor();
    expect(["models", await findings(page)]).toEqual(["models", []]);
    await page.goto(`${url}/#/job/job_0123`);
    await page.getByText("This result is not here").waitFor();
    expect(["unknown job", await findings(page)]).toEqual(["unknown job", []]);
    const damaged = join(tmpdir(), `damaged-axe-${process.pid}.tif`);
    await Bun.write(damaged, new Uint8Array([0x49, 0x49, 0x2a, 0, 1, 2, 3]));
    await page.goto(`${url}/#depth`);
    await drop(page, damaged, "damaged.tif", "image/tiff");
    await page.locator("#current .name", { hasText: "damaged.tif" }).waitFor();
    await page.getByRole("button", { name: "Estimate depth" }).click();
    await page.getByRole("alert").waitFor();
    expect(["failure", await findings(page)]).toEqual(["failure", []]);
  },
  // Some twenty states.
  3 * patience,
);

test.skipIf(!hasBrowser)(
  "axe finds nothing in the form for the token",
  async () => {
    const { url } = await site({ auth_token: "open sesame, open sesame" });
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await visit(url, { colorScheme });
      await page.getByLabel("Token").fill("wrong");
      await page.getByRole("button").click();
      await page.getByText("Wrong token.").waitFor();
      expect([colorScheme, await findings(page)]).toEqual([colorScheme, []]);
    }
  },
  patience,
);

test.skipIf(!hasBrowser)(
  "on a phone nothing is wider than the screen, and the result comes into sight",
  async () => {
    server ??= site();
    const { page } = await visit((await server).url, { width: 360 });
    await ready(page);
    await page.locator(".sample").first().click();
    await page.locator(".legend").waitFor();
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    const box = (await page.locator(".viewport").boundingBox())!;
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.y + box.height).toBeLessThanOrEqual(860);
  },
  patience,
);
