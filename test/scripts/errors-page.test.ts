import { expect, test } from "bun:test";
import { errorsPage } from "../../scripts/errors-page.ts";

test("docs/errors.md is what the table of refusals says; make it again with bun scripts/errors-page.ts", async () => {
  const page = await Bun.file(`${import.meta.dir}/../../docs/errors.md`).text();
  expect(page).toBe(errorsPage());
});
