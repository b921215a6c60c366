import { expect, test } from "bun:test";
import { cliPage } from "../../../scripts/docs/cli-page.ts";

/** The formatter aligns tables; what they say is the same. */
const loose = (page: string) => page.replaceAll(/ *\| */g, "|").replaceAll(/-{3,}/g, "---");

test("docs/reference/cli.md is what the commands say; make it again with bun run docs", async () => {
  const page = await Bun.file(`${import.meta.dir}/../../../docs/reference/cli.md`).text();
  expect(loose(page)).toBe(loose(cliPage()));
});
