/** Steps that tests of the page share. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

/** Gives the tool an image by its button. */
export const choose = async (page: Page, path: string, name: string, type: string) => {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page
      .getByRole("button", { name: /^(Choose|Change|Choose an image)…$/ })
      .first()
      .click(),
  ]);
  await chooser.setFiles({ name, mimeType: type, buffer: readFileSync(path) });
  await page.locator("#current .name", { hasText: name }).waitFor();
};
/** Presses the button of the depth tool. */
export const estimate = (page: Page) => page.getByRole("button", { name: "Estimate depth" }).click();
/** Until a depth result is on the stage. */
export const shown = (page: Page) => page.locator(".legend").waitFor();
