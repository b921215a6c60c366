/**
 * Writes the pages of `docs/reference/` that are made from the program: `bun run docs`.
 *
 * @module
 */
import { join } from "node:path";
import { settingsMarkdown } from "../../src/settings/document.ts";
import { cliPage } from "./cli-page.ts";
import { errorsPage } from "./errors-page.ts";

const root = join(import.meta.dir, "../..");
const pages = {
  "cli.md": cliPage(),
  "errors.md": errorsPage(),
  "settings.md": settingsMarkdown(),
};

for (const [name, text] of Object.entries(pages)) await Bun.write(join(root, "docs/reference", name), text);
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${join(root, "docs/reference")}`.quiet();
