/**
 * The settings table as people and programs read it: documentation, a file to start from, a JSON schema, flags for `--help`.
 *
 * @module
 */
import { stringify } from "yaml";
import { z } from "zod";
import type { Settings } from "./settings.ts";
import {
  envName,
  flagName,
  isSettingName,
  type Setting,
  type SettingName,
  settingNames,
  table,
} from "./table.ts";

const at = (name: SettingName) => table[name] as Setting<unknown>;

const defaultText = (setting: Setting<unknown>): string =>
  setting.defaultText ??
  `\`${JSON.stringify(typeof setting.default === "function" ? null : setting.default)}\``;

const groups = (): Map<string, SettingName[]> => Map.groupBy(settingNames, (name) => table[name].group);

/** A table in Markdown whose columns stand below each other in the source too. */
function aligned(head: readonly string[], rows: readonly string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((content, column) => content.padEnd(widths[column]!, fill)).join(" | ")} |`;
  return [
    line(head),
    line(
      head.map(() => ""),
      "-",
    ),
    ...rows.map((row) => line(row)),
  ].join("\n");
}

/** The page `docs/reference/settings.md`. */
export function settingsMarkdown(): string {
  const cell = (content: string) => content.replaceAll("|", "\\|");
  const row = (name: SettingName) => {
    const { kind, help, kiapi } = at(name);
    const also = kiapi ? ` Also read from \`${kiapi}\`.` : "";
    return [`\`${name}\``, kind.expects, defaultText(at(name)), help + also].map(cell);
  };
  const sections = [...groups()].map(
    ([group, names]) =>
      `## ${group}\n\n${aligned(["Setting", "Value", "Default", "What it does"], names.map(row))}\n`,
  );
  return [
    "# Settings\n",
    "A setting `x_y` is `x_y:` in `settings.yaml`, `EASEL_X_Y` in the environment and `--x-y` on the command line. A flag wins over",
    "the environment, the environment over the file, the file over the default. Lists and maps are JSON in the environment and on the",
    "command line; a list may also be `a,b,c`. `null` is written `none` there.\n",
    "The file lies in `$XDG_CONFIG_HOME/easel` (`~/.config/easel`) on Linux and in `~/Library/Application Support/easel` on a Mac;",
    "`EASEL_CONFIG` or `--config` names another one. Relative paths in it start at the file's folder. Unknown names and values that do",
    "not fit are errors that name the line.\n",
    ...sections,
  ].join("\n");
}

/** A settings file with every setting in it, each commented out at its default. */
export function settingsTemplate(): string {
  const entry = (name: SettingName) => {
    const setting = at(name);
    const computed = typeof setting.default === "function";
    const value = computed ? "null" : stringify(setting.default, { collectionStyle: "flow" }).trim();
    const note = computed ? ` Default: ${setting.defaultText}.` : "";
    return `# ${setting.help}${note}\n# Must be ${setting.kind.expects}.\n#${name}: ${value}\n`;
  };
  const sections = [...groups()].map(([group, names]) => `## ${group}\n\n${names.map(entry).join("\n")}`);
  return `# Settings of easel. Take the # away from a line to change its setting.\n\n${sections.join("\n")}`;
}

/** A JSON schema of the settings file, for editors. */
export function settingsSchema(): Record<string, unknown> {
  const properties = Object.fromEntries(
    settingNames.map((name) => {
      const setting = at(name);
      const { $schema: _, ...schema } = z.toJSONSchema(setting.kind.schema as z.ZodType);
      const fixed = typeof setting.default !== "function" && !setting.secret;
      return [name, { ...schema, description: setting.help, ...(fixed ? { default: setting.default } : {}) }];
    }),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of easel",
    type: "object",
    additionalProperties: false,
    properties,
  };
}

export interface Flag {
  setting: SettingName;
  /** As commander takes it: `--max-queue <number>`. A yes-or-no flag may stand alone. */
  option: string;
  help: string;
  group: string;
}

/** One flag for each setting. */
export function settingFlags(): Flag[] {
  return settingNames.map((name) => {
    const { kind, help, group } = at(name);
    const bare = kind.placeholder === "true|false";
    const value = bare ? `[${kind.placeholder}]` : `<${kind.placeholder}>`;
    return {
      setting: name,
      option: `${flagName(name)} ${value}`,
      help: `${help} (${envName(name)}; default ${defaultText(at(name)).replaceAll("`", "")})`,
      group,
    };
  });
}

/** Picks the settings out of what commander parsed, which spells `--max-queue` as `maxQueue`. */
export function flagsFrom(options: Readonly<Record<string, unknown>>): Record<string, string | boolean> {
  const flags: Record<string, string | boolean> = {};
  for (const [key, value] of Object.entries(options)) {
    // "_4" of qwen_lightning_4 stays "4" in camel case, so words are cut before digits at the end too.
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const found = [name, name.replace(/(\d+)$/, "_$1")].find(isSettingName);
    if (found && (typeof value === "string" || typeof value === "boolean")) flags[found] = value;
  }
  return flags;
}

/** The settings as they may be shown: a secret is only said to be set. */
export function shownSettings(settings: Settings): Record<SettingName, unknown> {
  return Object.fromEntries(
    settingNames.map((name) => [
      name,
      table[name].secret && settings[name] !== null ? "(set)" : settings[name],
    ]),
  ) as Record<SettingName, unknown>;
}
