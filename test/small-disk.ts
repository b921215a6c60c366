/**
 * A real disk that is full: a tmpfs in a mount namespace of its own, which ends with the process.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const unshare = process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-r", "-m"];

/** A command that mounts a tmpfs on a folder, then runs another command. */
const mounted = (folder: string, megabytes = 1) => [
  ...unshare,
  "sh",
  "-c",
  `mount -t tmpfs -o size=${megabytes}m none "$0" && exec "$@"`,
  folder,
];

/** Whether this user may mount a file system. */
export const canMount = probe();
if (!canMount) console.error("SKIPPED: full disks are not tested, since this user cannot mount a small one");

function probe(): boolean {
  if (process.platform !== "linux" || Bun.which("unshare") === null) return false;
  const folder = mkdtempSync(join(tmpdir(), "easel-mount-"));
  const { success } = Bun.spawnSync([...mounted(folder), "true"]);
  rmSync(folder, { recursive: true, force: true });
  return success;
}

/** Runs a script with a disk of a few megabytes mounted on `folder`. Returns the JSON that it prints. */
export const onSmallDisk = (folder: string, script: string, megabytes = 1) =>
  runOnSmallDisk(folder, megabytes, ["-e", script]);

/** The same for a program in a file. */
export async function runOnSmallDisk(
  folder: string,
  megabytes: number,
  program: readonly string[],
): Promise<Record<string, unknown>> {
  mkdirSync(folder, { recursive: true });
  const child = Bun.spawn([...mounted(folder, megabytes), process.execPath, ...program], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text());
}
