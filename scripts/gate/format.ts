/**
 * Checks how the C++ (clang-format) and the Python (ruff) are formatted. `bun scripts/gate/format.ts --write` formats them.
 *
 * @module
 */
import { join } from "node:path";
import { programFromWheel } from "./wheel.ts";

const root = join(import.meta.dir, "../..");

/** Files under version control. */
export function filesOf(...patterns: string[]): string[] {
  const { stdout } = Bun.spawnSync(["git", "ls-files", ...patterns], { cwd: root });
  return stdout.toString().split("\n").filter(Boolean);
}

interface Formatter {
  name: string;
  /** Where its wheel has it. */
  inside: string;
  files: readonly string[];
  check: readonly (readonly string[])[];
  write: readonly (readonly string[])[];
}

export const formatters: readonly Formatter[] = [
  {
    name: "clang-format",
    inside: "clang_format/data/bin/clang-format",
    files: filesOf("*.cpp", "*.h", "*.inc", "*.c"),
    check: [["--dry-run", "--Werror"]],
    write: [["-i"]],
  },
  {
    name: "ruff",
    inside: "*/scripts/ruff",
    files: filesOf("*.py"),
    check: [["format", "--check"], ["check"]],
    write: [["format"], ["check", "--fix"]],
  },
];

/** Whether a formatter passes. Its output is printed. */
export async function formatted(
  program: string,
  { files, check, write }: Formatter,
  writing = false,
): Promise<boolean> {
  let ok = true;
  for (const args of writing ? write : check) {
    const child = Bun.spawn([program, ...args, ...files], {
      cwd: root,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    });
    if ((await child.exited) !== 0) ok = false;
  }
  return ok;
}

if (import.meta.main) {
  let failed = false;
  for (const formatter of formatters) {
    const program = await programFromWheel(formatter.name, formatter.inside);
    if (program) failed = !(await formatted(program, formatter, process.argv.includes("--write"))) || failed;
    else {
      console.error(`\n*** SKIPPED: ${formatter.name} is not here, and pip cannot reach an index\n`);
      failed = failed || process.env.CI !== undefined;
    }
  }
  process.exit(failed ? 1 : 0);
}
