/**
 * The page docs/reference/cli.md, made from the commands themselves.
 *
 * @module
 */
import { Command } from "commander";
import { families } from "../../src/capabilities/registry.ts";
import { type CommandContext, exitCodes } from "../../src/cli/context.ts";
import { describeCommands } from "../../src/cli/main.ts";
import type { Process } from "../../src/cli/process.ts";

const meanings: Record<keyof typeof exitCodes, string> = {
  ok: "Done.",
  failed: "The command failed; the reason is on standard error.",
  usage: "The command line or the settings are wrong, or a question could not be asked.",
  startup:
    "The server could not start: the port is taken, another server has the data directory, or the native parts cannot be unpacked or loaded.",
  doesNotFit: "The planned request does not fit into this machine's memory.",
  engineFault: "The engine failed. A service manager should start the server again; no job is lost.",
  storeFault:
    "The data directory was removed, or its database is damaged while the server ran. The log names it; `easel repair` starts a new one.",
  setup: "The fleet cannot be used as it is set up; the message says what to change.",
  hungUp: "Stopped by SIGHUP: the terminal was closed.",
  interrupted: "Stopped by Ctrl-C.",
  terminated: "Stopped by SIGTERM.",
};

/** The page. Settings as flags of `run` have a page of their own. */
export function cliPage(): string {
  const program = new Command("easel").configureHelp({ helpWidth: 100 });
  describeCommands(program, { capabilities: families } as unknown as CommandContext, {} as Process);
  const sections: string[] = [];
  const visit = (command: Command, path: string) => {
    for (const sub of command.commands) {
      const name = `${path} ${sub.name()}`;
      if (sub.commands.length > 0) {
        visit(sub, name);
        continue;
      }
      const help = name === "easel run" ? runHelp(sub) : helpOf(sub);
      sections.push(`## ${name}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`);
    }
  };
  visit(program, "easel");
  const codes = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${meanings[name as keyof typeof exitCodes]} |`,
  );
  return `# The command line

This page is made from the commands by \`bun run docs\`. Commands that list or show take \`--json\`. A command asks questions only at a
terminal.

| Exit code | Meaning |
| --- | --- |
${codes.join("\n")}

\`easel run\` ends with 0 after the first signal to stop, and at once with the code of the signal after the second. Other commands stop
their work: a download resumes next time, a job is cancelled, and no partial file is left.

${sections.join("\n")}`;
}

/** What `--help` prints. */
function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => parts.push(part) }).outputHelp();
  return parts.join("");
}

/** `run` has a flag for each setting; they are on the page of the settings. */
function runHelp(command: Command): string {
  return `${command.helpInformation().split("\n\nOptions:")[0]}\n\nEvery setting is a flag, see settings.md.`;
}
