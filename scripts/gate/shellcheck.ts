/**
 * Finds ShellCheck and runs it on scripts.
 *
 * @module
 */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../build/run.ts";

const root = join(import.meta.dir, "../..");

/** A piece of shell, and where it stands. */
export interface Script {
  /** What a message names: the file, and for a workflow the step. */
  name: string;
  text: string;
  shell: "sh" | "bash";
  /** Codes of messages that make no sense for it. */
  except?: readonly string[];
}

interface Places {
  cache?: string;
  requirements?: string;
  /** Where the system's programs are. */
  path?: string | undefined;
}

/** The path of ShellCheck: the pinned wheel's, else the system's, else null. */
export async function findShellcheck({
  cache = join(root, ".cache/shellcheck"),
  requirements = join(import.meta.dir, "requirements-shellcheck.txt"),
  path = process.env.PATH,
}: Places = {}): Promise<string | null> {
  const pinned = await Bun.file(requirements).text();
  const folder = join(cache, new Bun.CryptoHasher("sha256").update(pinned).digest("hex").slice(0, 16));
  const executable = join(folder, "shellcheck");
  if (existsSync(executable)) return executable;
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    const pip =
      "python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes".split(" ");
    await run([...pip, "--only-binary=:all:", "--dest", staging, "-r", requirements], "python3 is missing");
    const [wheel] = [...new Bun.Glob("*.whl").scanSync({ cwd: staging, absolute: true })];
    await run(["python3", "-m", "zipfile", "-e", wheel!, staging], "python3 is missing");
    const [found] = [...new Bun.Glob("*/scripts/shellcheck").scanSync({ cwd: staging, absolute: true })];
    mkdirSync(dirname(executable), { recursive: true });
    chmodSync(found!, 0o755);
    renameSync(found!, executable);
    return executable;
  } catch {
    // no network, no pip, or no wheel for this machine
    return Bun.which("shellcheck", { PATH: path ?? "" });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** ShellCheck's findings about a script, one a line. */
export async function shellFaults(shellcheck: string, script: Script): Promise<string[]> {
  const { name, text, shell, except = [] } = script;
  const child = Bun.spawn(
    [
      shellcheck,
      "--norc",
      "--format=gcc",
      `--shell=${shell}`,
      `--exclude=${["SC1091", ...except].join(",")}`,
      "-",
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
    .map((line) => line.replace(/^-:/, `${name}:`));
}
