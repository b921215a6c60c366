import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { registerConfig } from "../../../../src/cli/commands/config.ts";
import type { CommandContext } from "../../../../src/cli/context.ts";
import { loadSettings, SettingsError } from "../../../../src/settings/load.ts";
import { settingNames } from "../../../../src/settings/table.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const file = join(folder, "easel/settings.yaml");
  const all = { HOME: folder, XDG_CONFIG_HOME: folder, ...env };
  const context = {
    env: all,
    loaded: () => loadSettings({ env: all, platform: "linux" }),
    settingsFile: () => file,
    out: (text: string) => out.push(text),
  } as unknown as CommandContext;
  const program = new Command().exitOverride();
  registerConfig(program, context);
  const error = await program.parseAsync(["config", ...args], { from: "user" }).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  return { out: out.join("\n"), error, file };
}

describe("easel config", () => {
  test("init makes a file that changes nothing, and leaves an existing one alone", async () => {
    const { out, file } = await run(["init"]);
    expect(out).toBe(file);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect((await run(["show"])).out).toContain("Every setting is at its default.");
    writeFileSync(file, "port: 9000\n");
    await run(["init"]);
    expect(readFileSync(file, "utf8")).toBe("port: 9000\n");
  });

  test("show names where each value comes from and never shows a secret", async () => {
    const { file } = await run(["init"]);
    writeFileSync(file, "port: 9000\nauth_token: swordfish\n");
    const { out } = await run(["show"], { EASEL_HOST: "127.0.0.2" });
    expect(out).toContain("settings.yaml:1");
    expect(out).toContain("EASEL_HOST");
    expect(out).toContain("(set)");
    expect(out).not.toContain("swordfish");
    expect((await run(["show", "--json"])).out).not.toContain("swordfish");
  });

  test("edit opens the editor and says what is wrong afterwards, with its line", async () => {
    expect((await run(["edit"], { EDITOR: "true" })).error?.message).toContain("easel config init");
    await run(["init"]);
    expect((await run(["edit"], { EDITOR: "true" })).out).toContain("is in order");
    const { error } = await run(["edit"], { EDITOR: "printf 'prot: 1\\n' >" });
    expect(error).toBeInstanceOf(SettingsError);
    expect(error?.message).toContain("settings.yaml:1");
    expect(error?.message).toContain("port");
  });

  test("template and schema name every setting", async () => {
    const { out: template } = await run(["template"]);
    const { properties } = JSON.parse((await run(["schema"])).out) as { properties: object };
    for (const name of settingNames) {
      expect(template).toContain(`#${name}:`);
      expect(properties).toHaveProperty(name);
    }
    expect(existsSync(join(folder, "easel"))).toBe(false);
  });
});
