import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import {
  flagsFrom,
  settingFlags,
  settingsMarkdown,
  settingsSchema,
  settingsTemplate,
  shownSettings,
} from "../../../src/settings/document.ts";
import { earlyVariables } from "../../../src/settings/early-variables.ts";
import { defaultSettings, loadSettings } from "../../../src/settings/load.ts";
import { envName, settingNames, table } from "../../../src/settings/table.ts";

describe("the template", () => {
  test("is a file that loads to the defaults when every line is taken in", () => {
    const folder = mkdtempSync(join(tmpdir(), "easel-template-"));
    const file = join(folder, "settings.yaml");
    // A computed default stands as null, which is a value for some settings, so those lines stay out.
    writeFileSync(file, settingsTemplate().replaceAll(/^#(\w+): (?!null$)/gm, "$1: "), { mode: 0o600 });
    const env = { HOME: "/h" };
    expect(loadSettings({ file, env }).settings).toEqual(loadSettings({ env: { HOME: "/h" } }).settings);
    rmSync(folder, { recursive: true });
  });
  test("names every setting once", () => {
    for (const name of settingNames)
      expect(settingsTemplate().match(new RegExp(`^#${name}: `, "gm"))).toHaveLength(1);
  });
});

test("the page names every setting, its default and kiapi's variable", () => {
  const page = settingsMarkdown();
  for (const name of settingNames) expect(page).toContain(`| \`${name}\` `);
  expect(page.replaceAll(/ +/g, " ")).toContain("| `port` | a whole number from 0 to 65535 | `8000` |");
  expect(page).toContain("`KIAPI_NET_ALLOW_PRIVATE_URLS`");
  const [table = "", early = ""] = page.split("## Read before the settings");
  for (const [part, columns] of [
    [table, 6],
    [early, 4],
  ] as const)
    for (const line of part.split("\n").filter((line) => line.startsWith("| `")))
      expect(line.split(/(?<!\\)\|/)).toHaveLength(columns);
});

test("every variable EASEL_… that the source names is a setting, or is on the page of those read before the settings", () => {
  const root = join(import.meta.dir, "../../..");
  const known = new Set([...settingNames.map(envName), ...Object.keys(earlyVariables)]);
  const found = new Set<string>();
  for (const file of new Bun.Glob(
    "{src,ffi,mlx-shim,kernels,packaging,examples}/**/*.{ts,cpp,h,c,sh,py}",
  ).scanSync(root)) {
    const text = readFileSync(join(root, file), "utf8");
    // Macros of C have names of the same form.
    const pattern = /\.(cpp|h|c)$/.test(file) ? /getenv\("(EASEL_\w+)"/g : /\b(EASEL_[A-Z0-9]\w*)/g;
    // A constant of the build is declared, and is no variable of the environment.
    const constants = [...text.matchAll(/declare const (EASEL_\w+)/g)].map(([, name]) => name);
    for (const [, name] of text.matchAll(pattern)) if (!constants.includes(name)) found.add(name!);
  }
  expect(found.size).toBeGreaterThan(8);
  expect(
    [...found].filter((name) => !known.has(name) && name !== "EASEL_X_Y" && !name.startsWith("EASEL_TEST_")),
  ).toEqual([]);
  const page = settingsMarkdown();
  for (const [name, does] of Object.entries(earlyVariables)) {
    expect(page).toContain(`\`${name}\``);
    expect(page).toContain(does);
  }
});

test("docs/reference/settings.md is the page that the table makes; make it again with bun run docs", async () => {
  const page = Bun.file(join(import.meta.dir, "../../../docs/reference/settings.md"));
  expect(await page.text()).toBe(settingsMarkdown());
});

test("the schema describes the file", () => {
  const schema = settingsSchema() as {
    properties: Record<string, Record<string, unknown>>;
    additionalProperties: boolean;
  };
  expect(Object.keys(schema.properties)).toEqual([...settingNames]);
  expect(schema.additionalProperties).toBe(false);
  expect(schema.properties.port).toMatchObject({
    type: "integer",
    minimum: 0,
    maximum: 65535,
    default: 8000,
  });
  expect(schema.properties.log_format).toMatchObject({ enum: ["text", "json"] });
  expect(JSON.stringify(schema.properties.default_quantize)).toContain('"null"');
});

test("every flag goes through commander to its setting", () => {
  const command = new Command().exitOverride();
  for (const { option, help } of settingFlags()) command.option(option, help);
  command.parse(
    [
      "--qwen-lightning-4",
      "/a",
      "--seedvr2-tile",
      "256",
      "--allow-private-urls",
      "--embed-metadata",
      "false",
      "--auth-token",
      "t",
    ],
    { from: "user" },
  );
  const flags = flagsFrom({ ...command.opts(), verbose: true, nothing: 3 });
  expect(flags).toEqual({
    qwen_lightning_4: "/a",
    seedvr2_tile: "256",
    allow_private_urls: true,
    embed_metadata: "false",
    auth_token: "t",
  });
  expect(loadSettings({ flags, env: { HOME: "/h" } }).settings).toMatchObject({
    qwen_lightning_4: "/a",
    seedvr2_tile: 256,
    allow_private_urls: true,
    embed_metadata: false,
  });
  for (const { setting, option } of settingFlags()) {
    const key = new Option(option).attributeName();
    expect(flagsFrom({ [key]: "x" })).toEqual({ [setting]: "x" });
  }
});

test("a shown secret is only said to be set", () => {
  const shown = shownSettings(defaultSettings({ auth_token: "hunter2" }));
  expect(shown.auth_token).toBe("(set)");
  expect(shown.webhook_secret).toBeNull();
  expect(shown.port).toBe(8000);
});

test("names in the environment are unique and upper case", () => {
  const names = settingNames.flatMap((name) => [envName(name), table[name]!.kiapi ?? []].flat());
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^(EASEL|KIAPI)_[A-Z0-9_]+$/);
});
