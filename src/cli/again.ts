import type { Ended } from "../check/doctor/engine.ts";

/** Milliseconds after which another process of this program is given up. */
const longest = 120_000;

/** Starts this program once more with other arguments and variables, and waits for its end. */
export async function runAgain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { execPath } = globalThis.process;
  const program = Bun.isStandaloneExecutable ? [execPath] : [execPath, Bun.main];
  const started = Date.now();
  const child = Bun.spawn([...program, ...args], {
    env: { ...globalThis.process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: longest,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const signal = child.signalCode === null ? null : String(child.signalCode);
  const timedOut = signal === "SIGKILL" && Date.now() - started >= longest;
  return { stdout, stderr, code: signal === null ? code : null, signal, timedOut };
}
