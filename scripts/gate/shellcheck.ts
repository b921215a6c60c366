/**
 * Finds ShellCheck and runs it on scripts.
 *
 * @module
 */
import { programFromWheel, type WheelPlaces } from "./wheel.ts";

/** A piece of shell, and where it stands. */
export interface Script {
  /** What a message names: the file, and for a workflow the step. */
  name: string;
  text: string;
  /** Its file, from which the files that it sources are found. */
  path?: string;
  shell: "sh" | "bash";
  /** Codes of messages that make no sense for it. */
  except?: readonly string[];
}

/** The path of ShellCheck, or null. */
export const findShellcheck = (places?: WheelPlaces) =>
  programFromWheel("shellcheck", "*/scripts/shellcheck", places);

/** ShellCheck's findings about a script, one a line. */
export async function shellFaults(shellcheck: string, script: Script): Promise<string[]> {
  const { name, text, path, shell, except = [] } = script;
  const read = path === undefined ? ["-"] : ["--external-sources", "--source-path=SCRIPTDIR", path];
  const child = Bun.spawn(
    [
      shellcheck,
      "--norc",
      "--format=gcc",
      `--shell=${shell}`,
      `--exclude=${["SC1091", ...except].join(",")}`,
      ...read,
    ],
    { stdin: new Blob([text]), stdout: "pipe", stderr: "pipe" },
  );
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code > 1) throw new Error(`ShellCheck failed: ${stderr || stdout}`);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.replace(`${path ?? "-"}:`, `${name}:`));
}
