import { expect, test } from "bun:test";
import { Command } from "commander";
import { families } from "../../../src/capabilities/registry.ts";
import type { CommandContext } from "../../../src/cli/context.ts";
import { describeCommands } from "../../../src/cli/main.ts";
import type { Process } from "../../../src/cli/process.ts";

/** The help of every command, by its name. */
function helps(): Map<string, string> {
  const program = new Command("easel").configureHelp({ helpWidth: 200 });
  describeCommands(program, { capabilities: families } as unknown as CommandContext, {} as Process);
  const texts = new Map<string, string>();
  const visit = (command: Command, path: string) => {
    for (const sub of command.commands) {
      texts.set(`${path}${sub.name()}`, sub.helpInformation());
      visit(sub, `${path}${sub.name()} `);
    }
  };
  visit(program, "");
  return texts;
}

test("the help writes every default as a user types it", () => {
  const texts = helps();
  expect(texts.get("bench")).toContain("the input picture's size (default: 1024x768)");
  const asJson = [...texts].filter(([, text]) => /\(default: [{[]/.test(text)).map(([name]) => name);
  expect(asJson).toEqual([]);
});
