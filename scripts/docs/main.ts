/**
 * Writes the pages of `docs/reference/` and the table in README.md that are made from the program: `bun run docs`.
 *
 * @module
 */
import { join } from "node:path";
import { settingsMarkdown } from "../../src/settings/document.ts";
import { cliPage } from "./cli-page.ts";
import { errorsPage } from "./errors-page.ts";
import { macPeaks, macTable } from "./mac-memory.ts";
import { memoryTable, withTable } from "./memory-table.ts";

const root = join(import.meta.dir, "../..");
const pages = {
  "cli.md": cliPage(),
  "errors.md": errorsPage(),
  "settings.md": settingsMarkdown(),
};

for (const [name, text] of Object.entries(pages)) await Bun.write(join(root, "docs/reference", name), text);
const readme = join(root, "README.md");
const withMemory = withTable(await Bun.file(readme).text(), "memory", memoryTable());
await Bun.write(readme, withTable(withMemory, "mac-memory", macTable(macPeaks())));
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${join(root, "docs/reference")}`.quiet();
