/**
 * Writes docs/reference/settings.md from the table of settings: `bun scripts/docs/settings-page.ts`.
 *
 * @module
 */
import { join } from "node:path";
import { settingsMarkdown } from "../../src/settings/document.ts";

if (import.meta.main)
  await Bun.write(join(import.meta.dir, "../../docs/reference/settings.md"), settingsMarkdown());
