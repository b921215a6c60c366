import { type CommandContext, CommandError, exitCodes } from "./context.ts";

/** Asks a question at the terminal. Without a terminal, `--yes` is needed. */
export async function confirmed(context: CommandContext, message: string): Promise<boolean> {
  if (!context.interactive) throw new CommandError("This needs --yes without a terminal", exitCodes.usage);
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message, initialValue: false });
  if (!isCancel(answer) && answer) return true;
  context.out("Canceled.");
  return false;
}
