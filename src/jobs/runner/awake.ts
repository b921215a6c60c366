/**
 * Keeps a Mac from idle sleep while jobs run. Its display may go dark, and closing the lid still sleeps it.
 *
 * @module
 */

/** Keeps the machine awake until the returned function is called. */
export type StayAwake = () => () => void;

interface Options {
  platform: NodeJS.Platform;
  pid: number;
  spawn(command: string[]): { kill(): void };
}

export function stayAwake({ platform, pid, spawn }: Options = system): StayAwake {
  if (platform !== "darwin") return () => () => {};
  return () => {
    try {
      // -w: it also ends when this process does, however that happens.
      const child = spawn(["/usr/bin/caffeinate", "-i", "-w", String(pid)]);
      return () => child.kill();
    } catch {
      return () => {};
    }
  };
}

const system: Options = {
  platform: process.platform,
  pid: process.pid,
  spawn: (command) => Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" }),
};
