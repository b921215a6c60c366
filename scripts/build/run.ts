/**
 * Other programs that a build runs.
 *
 * @module
 */

/** Runs a program to its end. What it prints is shown only when it fails. `missing` is the error when it is not there. */
export async function run(command: readonly string[], missing: string): Promise<string> {
  const program = command[0]!;
  if (!Bun.which(program)) throw new Error(missing);
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (/No module named pip/.test(stderr)) throw new Error(missing);
  if (code !== 0) throw new Error(`${program} failed:\n${stderr}${stdout}`);
  return stdout;
}
