/** The output of another program; empty when it is not on this machine. */
export interface Answer {
  ok: boolean;
  text: string;
}

/** Runs a program of the system. */
export type Ask = (command: readonly string[]) => Promise<Answer>;

/** Runs it, and waits no longer than ten seconds. */
export const askSystem: Ask = async (command) => {
  try {
    const child = Bun.spawn([...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: 10_000,
      env: { ...process.env, LC_ALL: "C" },
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { ok: code === 0, text: `${stdout}${stderr}`.trim() };
  } catch {
    return { ok: false, text: "" };
  }
};
