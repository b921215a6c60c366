import { expect, test } from "bun:test";
import { errorsPage } from "../../../scripts/docs/errors-page.ts";

test("docs/reference/errors.md is what the table of refusals says; make it again with bun run docs", async () => {
  const page = await Bun.file(`${import.meta.dir}/../../../docs/reference/errors.md`).text();
  expect(page).toBe(errorsPage());
});
