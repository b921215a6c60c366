import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { settingsSchema, settingsTemplate, shownSettings } from "../../settings/document.ts";
import type { Loaded } from "../../settings/load.ts";
import { settingNames } from "../../settings/table.ts";
import { type CommandContext, CommandError } from "../context.ts";
import { table } from "../output/table.ts";

export function registerConfig(program: Command, context: CommandContext): void {
  const config = program.command("config").description("make, show and edit the settings file");
  const file = () => {
    const path = context.settingsFile();
    if (path === null)
      throw new CommandError("HOME is not set, so the settings file has no place: set EASEL_CONFIG");
    return path;
  };

  config
    .command("init")
    .description("make a settings file with every setting commented out, and print where it is")
    .action(() => {
      const path = file();
      if (!existsSync(path)) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, settingsTemplate(), { mode: 0o600, flag: "wx" });
      }
      context.out(path);
    });
  config
    .command("show")
    .description("print the settings in force and where each one comes from; secrets stay hidden")
    .option("--json", "print JSON")
    .option("--all", "print the defaults too")
    .action((options: { json?: boolean; all?: boolean }) => {
      const loaded = context.loaded();
      const shown = shownSettings(loaded.settings);
      if (options.json) return context.out(JSON.stringify({ file: loaded.file, settings: shown }, null, 2));
      context.out(settingsText(loaded, shown, options.all ?? false));
    });
  config
    .command("edit")
    .description("open the settings file in $VISUAL or $EDITOR, and check it afterwards")
    .action(() => {
      const path = file();
      if (!existsSync(path))
        throw new CommandError(`There is no settings file at ${path}. Run: easel config init`);
      const { VISUAL, EDITOR } = context.env;
      const editor = VISUAL || EDITOR || (process.platform === "darwin" ? "open -W -t" : "vi");
      const { exitCode } = Bun.spawnSync(["sh", "-c", `${editor} "$1"`, "sh", path], {
        stdio: ["inherit", "inherit", "inherit"],
      });
      if (exitCode !== 0) throw new CommandError(`${editor} ended with ${exitCode}`);
      context.loaded(); // throws with file and line when the edit is wrong
      context.out(`${path} is in order`);
    });
  config
    .command("template")
    .description("print a settings file with every setting commented out")
    .action(() => context.out(settingsTemplate()));
  config
    .command("schema")
    .description("print a JSON schema of the settings file, for editors")
    .action(() => context.out(JSON.stringify(settingsSchema(), null, 2)));
}

function settingsText(loaded: Loaded, shown: Record<string, unknown>, all: boolean): string {
  const names = settingNames.filter((name) => all || loaded.sources[name] !== "default");
  const there = loaded.file !== null && existsSync(loaded.file);
  const head = `File: ${loaded.file ?? "none"}${there ? "" : " (not there)"}`;
  if (names.length === 0) return `${head}\nEvery setting is at its default.`;
  const rows = names.map((name) => [name, JSON.stringify(shown[name]), loaded.sources[name] ?? ""]);
  return `${head}\n\n${table([["Setting", "Value", "From"], ...rows])}`;
}
