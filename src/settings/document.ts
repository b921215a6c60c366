/**
 * The settings table as people and programs read it: documentation, a file to start from, a JSON schema, flags for `--help`.
 *
 * @module
 */
import { stringify } from "yaml";
import { z } from "zod";
import { earlyVariables } from "./early-variables.ts";
import type { Settings } from "./settings.ts";
import { envName, flagName, table as ours } from "./table.ts";
import type { Rows, Setting } from "./types.ts";

const defaultText = (setting: Setting<unknown>): string =>
  setting.defaultText ??
  `\`${JSON.stringify(typeof setting.default === "function" ? null : setting.default)}\``;

const groups = (table: Rows): Map<string, [string, Setting<unknown>][]> =>
  Map.groupBy(Object.entries(table), ([, { group }]) => group);

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
export function settingsMarkdown(table: Rows = ours): string {
  const cell = (content: string) => content.replaceAll("|", "\\|");
  const row = ([name, setting]: [string, Setting<unknown>]) => {
    const { kind, help } = setting;
    const other = setting.kiapi ?? setting.also;
    const also = other ? ` Also read from \`${other}\`.` : "";
    return [`\`${name}\``, kind.expects, defaultText(setting), help + also].map(cell);
  };
  const sections = [...groups(table)].map(
    ([group, rows]) =>
      `## ${group}\n\n${aligned(["Setting", "Value", "Default", "What it does"], rows.map(row))}\n`,
  );
  const early = Object.entries(earlyVariables).map(([name, does]) => [`\`${name}\``, does]);
  return [
    "# Settings\n",
    "A setting `x_y` is `x_y:` in `settings.yaml`, `EASEL_X_Y` in the environment and `--x-y` on the command line. A flag wins over",
    "the environment, the environment over the file, the file over the default. Lists and maps are JSON in the environment and on the",
    "command line; a list may also be `a,b,c`. `null` is written `none` there.\n",
    "The file lies in `$XDG_CONFIG_HOME/easel` (`~/.config/easel`) on Linux and in `~/Library/Application Support/easel` on a Mac;",
    "`EASEL_CONFIG` or `--config` names another one. Relative paths in it start at the file's folder. Unknown names and values that do",
    "not fit are errors that name the line.\n",
    ...sections,
    "## Read before the settings\n",
    "Environment variables that are not settings: they are read before the settings, or by parts that do not use settings.\n",
    `${aligned(["Variable", "What it does"], early)}\n`,
  ].join("\n");
}

/** A settings file with every setting in it, each commented out at its default. */
export function settingsTemplate(table: Rows = ours): string {
  const entry = ([name, setting]: [string, Setting<unknown>]) => {
    const computed = typeof setting.default === "function";
    const value = computed ? "null" : stringify(setting.default, { collectionStyle: "flow" }).trim();
    const note = computed ? ` Default: ${setting.defaultText}.` : "";
    return `# ${setting.help}${note}\n# Must be ${setting.kind.expects}.\n#${name}: ${value}\n`;
  };
  const sections = [...groups(table)].map(([group, rows]) => `## ${group}\n\n${rows.map(entry).join("\n")}`);
  return `# Settings of easel. Take the # away from a line to change its setting.\n\n${sections.join("\n")}`;
}

/** A JSON schema of the settings file, for editors. */
export function settingsSchema(table: Rows = ours): Record<string, unknown> {
  const properties = Object.fromEntries(
    Object.entries(table).map(([name, setting]) => {
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
  setting: string;
  /** As commander takes it: `--max-queue <number>`. A yes-or-no flag may stand alone. */
  option: string;
  help: string;
  group: string;
}

/** One flag for each setting. */
export function settingFlags(table: Rows = ours): Flag[] {
  return Object.entries(table).map(([name, setting]) => {
    const { kind, help, group, alias } = setting;
    const bare = kind.placeholder === "true|false";
    const value = bare ? `[${kind.placeholder}]` : `<${kind.placeholder}>`;
    return {
      setting: name,
      option: `${alias === undefined ? "" : `${flagName(alias)}, `}${flagName(name)} ${value}`,
      help: `${help} (${envName(name)}; default ${defaultText(setting).replaceAll("`", "")})`,
      group,
    };
  });
}

const camelCase = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Picks the settings out of what commander parsed, which spells `--max-queue` as `maxQueue`. */
export function flagsFrom(
  options: Readonly<Record<string, unknown>>,
  table: Rows = ours,
): Record<string, string | boolean> {
  const flags: Record<string, string | boolean> = {};
  const names = new Map(Object.keys(table).map((name) => [camelCase(name), name]));
  for (const [key, value] of Object.entries(options)) {
    const found = names.get(key);
    if (found && (typeof value === "string" || typeof value === "boolean")) flags[found] = value;
  }
  return flags;
}

/** The settings as they may be shown: a secret is only said to be set. */
export function shownSettings(settings: Settings, table: Rows = ours): Record<string, unknown> {
  const values = settings as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(table).map(([name, { secret }]) => [
      name,
      secret && values[name] !== null ? "(set)" : values[name],
    ]),
  );
}
