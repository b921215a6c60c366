/**
 * How much memory this process may use, as the operating system says.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { gigabyte, type MachineMemory } from "./residency.ts";

/** Reads a small file, or gives nothing when it is not there. */
export type ReadText = (path: string) => string | undefined;

/** The machine's memory without what only the engine knows. */
export function machineMemory(read: ReadText = readText): MachineMemory {
  return { total: totalmem(), cgroup: process.platform === "linux" ? cgroupLimit(read) : undefined };
}

/** The machine's memory for commands that start no engine to ask Metal. */
export const expectedMemory = (): MachineMemory => ({ ...machineMemory(), workingSet: likelyWorkingSet() });

/** Least working set that Metal recommends on a Mac: two thirds of the memory, from 36 GB on three quarters. */
export function likelyWorkingSet(
  total: number = totalmem(),
  platform: NodeJS.Platform = process.platform,
): number | undefined {
  if (platform !== "darwin") return undefined;
  return total * (total < 36 * gigabyte ? 2 / 3 : 3 / 4);
}

/**
 * The least limit from the process's control group up to the root, for both versions of control groups. In a container the path
 * that `/proc` names is often not mounted, and the limit stands at the root of the mount.
 */
export function cgroupLimit(read: ReadText): number | undefined {
  const limits: number[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const unified = controllers === "";
    if (!unified && !controllers!.split(",").includes("memory")) continue;
    const mount = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const file = unified ? "memory.max" : "memory.limit_in_bytes";
    for (const folder of ancestors(path)) {
      const limit = Number.parseInt(read(`${mount}${folder}/${file}`) ?? "", 10);
      // No limit is the word "max", or a number near 2^63.
      if (limit > 0 && limit < 2 ** 60) limits.push(limit);
    }
  }
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** "/a/b" gives "/a/b", "/a" and "". */
function ancestors(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  return names.map((_, index) => `/${names.slice(0, names.length - index).join("/")}`).concat("");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
