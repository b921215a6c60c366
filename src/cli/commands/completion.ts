import type { Command } from "commander";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";

type Shell = "bash" | "zsh" | "fish";

/** Scripts that complete commands and options, made from the commands themselves. */
export function registerCompletion(program: Command, context: CommandContext): void {
  program
    .command("completion <shell>")
    .description("print a completion script for bash, zsh or fish")
    .addHelpText(
      "after",
      "\nbash: source <(easel completion bash)\nzsh:  source <(easel completion zsh)\nfish: easel completion fish | source",
    )
    .action((shell: string) => {
      if (!(shell in scripts))
        throw new CommandError(
          `There is no completion for ${shell}, only for bash, zsh and fish`,
          exitCodes.usage,
        );
      context.out(scripts[shell as Shell](wordsOf(program)));
    });
}

/** The words that may follow each command, by the command's path: "" is the program itself. */
export function wordsOf(program: Command): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const visit = (command: Command, path: string[]) => {
    const subcommands = command.commands.flatMap((sub) => [sub.name(), ...sub.aliases()]);
    const options = command.options.flatMap(({ long }) => (long ? [long] : []));
    words.set(path.join(" "), [...subcommands, ...options, "--help"]);
    for (const sub of command.commands) visit(sub, [...path, sub.name()]);
  };
  visit(program, []);
  return words;
}

const scripts: Record<Shell, (words: Map<string, string[]>) => string> = {
  bash: (words) => `_easel() {
  local path="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    case "$path $word" in
${[...words.keys()]
  .filter(Boolean)
  .map((path) => `      ${quoted(`${parent(path)} ${last(path)}`)}) path=${quoted(path)} ;;`)
  .join("\n")}
    esac
  done
  local words=""
  case "$path" in
${[...words].map(([path, list]) => `    ${quoted(path)}) words=${quoted(list.join(" "))} ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _easel easel`,
  zsh: (words) => `autoload -Uz bashcompinit && bashcompinit\n${scripts.bash(words)}`,
  fish: (words) =>
    [...words]
      .flatMap(([path, list]) =>
        list.map((word) => {
          const names = path.split(" ").filter(Boolean);
          const when =
            names.length > 0 ? `__fish_seen_subcommand_from ${last(path)}` : "__fish_use_subcommand";
          const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
          return `complete -c easel -n ${quoted(when)} ${what}`;
        }),
      )
      .join("\n"),
};

const last = (path: string) => path.split(" ").at(-1)!;
const parent = (path: string) => path.split(" ").slice(0, -1).join(" ");
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
