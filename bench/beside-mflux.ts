/**
 * What the benchmarks beside mflux share: each side runs in a process of its own with two threads, and tells its figures as the last
 * line of its output.
 *
 * @module
 */

/** Runs one side and returns the figures it tells. `preload` is mflux's BLAS. */
export async function figures<T>(command: readonly string[], preload?: string): Promise<T> {
  const child = Bun.spawn([...command], {
    env: {
      ...process.env,
      OPENBLAS_NUM_THREADS: "2",
      EASEL_CPU_THREADS: "2",
      ...(preload && { LD_PRELOAD: preload }),
    },
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
  return JSON.parse(text.trim().split("\n").at(-1)!);
}
