/** A real disk of a few megabytes: a tmpfs in a mount namespace of its own, which goes with the process. */
import { mkdirSync } from "node:fs";

const unshare = process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-r", "-m"];
const mounted = (folder: string, megabytes: number) => [
  ...unshare,
  "sh",
  "-c",
  `mount -t tmpfs -o size=${megabytes}m none "$0" && exec "$@"`,
  folder,
];

/** Whether this user may mount one. Says so on standard error where not. */
export function canMount(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  const can =
    process.platform === "linux" &&
    Bun.which("unshare") !== null &&
    Bun.spawnSync([...mounted(folder, 1), "true"]).success;
  if (!can) console.error("SKIPPED: a full disk is not tested, since this user cannot mount a small one");
  return can;
}

/** Runs a program with the small disk at `folder` and gives what it printed as JSON. */
export async function runOnSmallDisk(
  folder: string,
  megabytes: number,
  program: readonly string[],
): Promise<Record<string, unknown>> {
  const child = Bun.spawn([...mounted(folder, megabytes), process.execPath, ...program], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text());
}
