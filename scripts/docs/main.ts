/**
 * Writes the pages of `docs/reference/` and the table in README.md that are made from the program: `bun run docs`.
 *
 * @module
 */
import { join } from "node:path";
import { settingsMarkdown } from "../../src/settings/document.ts";
import { cliPage } from "./cli-page.ts";
import { errorsPage } from "./errors-page.ts";
import { withMemoryTable } from "./memory-table.ts";

const root = join(import.meta.dir, "../..");
const pages = {
  "cli.md": cliPage(),
  "errors.md": errorsPage(),
  "settings.md": settingsMarkdown(),
};

for (const [name, text] of Object.entries(pages)) await Bun.write(join(root, "docs/reference", name), text);
const readme = join(root, "README.md");
await Bun.write(readme, withMemoryTable(await Bun.file(readme).text()));
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${join(root, "docs/reference")}`.quiet();
