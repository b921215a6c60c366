/**
 * A server in a process of its own: unprivileged, on loopback, and gone with the tests.
 *
 * @module
 */
import { chownSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const isRoot = process.getuid?.() === 0;
/** The user that servers run as when the tests run as root, which they refuse: Debian's `nobody` and `nogroup`. */
const nobody = 65534;

/** A folder in the temporary one that the servers may write. */
export function serverFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `easel-${name}-`));
  giveToServers(folder);
  return folder;
}

/** Makes the user of the servers the owner of a file or a folder. */
export function giveToServers(path: string): void {
  if (isRoot) chownSync(path, nobody, nobody);
}

/** A command, run as an unprivileged user, that ends when the tests do. */
export function unprivileged(
  command: readonly string[],
  options: { endsWithParent?: boolean } = {},
): string[] {
  const user = isRoot ? [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : [];
  // without it, a run of the tests that is killed leaves its servers behind
  const death = options.endsWithParent ? ["--pdeathsig=KILL"] : [];
  if (Bun.which("setpriv") === null || user.length + death.length === 0) return [...command];
  return ["setpriv", ...user, ...death, ...command];
}

export interface Daemon {
  pid: number;
  /** Ends with the process. */
  exited: Promise<number>;
  /** Sends a signal and waits for the end, which SIGSTOP and SIGCONT do not cause. */
  kill(signal: NodeJS.Signals): Promise<void>;
  output(): string;
}

/** Started servers and their folders, whichever copy of this module started them. */
const all = globalThis as { [key: symbol]: Map<Bun.Subprocess, string> | undefined };
const key = Symbol.for("easel.test.daemons");

/** Ends all servers and removes their folders. `test/setup.ts` calls it behind the last test. */
export function stopDaemons(): void {
  for (const [server, folder] of all[key] ?? []) {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  all[key]?.clear();
}

/** Starts a server whose data and log are in `folder`, and waits until it answers. */
export async function startDaemon(
  command: readonly string[],
  folder: string,
  answers: () => Promise<boolean>,
): Promise<Daemon> {
  const path = join(folder, "server.log");
  const log = openSync(path, "a");
  const child = Bun.spawn(unprivileged(command, { endsWithParent: true }), {
    cwd: folder,
    env: { ...process.env, HOME: folder, TMPDIR: folder },
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  all[key] ??= new Map();
  all[key].set(child, folder);
  const output = () => readFileSync(path, "utf8");
  // A machine under load takes its time: only the end of the process is a failure.
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`${command[0]} ended: ${output().slice(-2000)}`);
    await Bun.sleep(50);
  }
  return {
    pid: child.pid,
    exited: child.exited,
    output,
    async kill(signal) {
      child.kill(signal);
      if (signal !== "SIGSTOP" && signal !== "SIGCONT") await child.exited;
    },
  };
}

/** A port below those that the system gives out, with the next `count` free as well, and those 10000 above them. */
export function freePorts(count: number): number {
  for (;;) {
    const first = 15_000 + Math.floor(Math.random() * 7000);
    if (
      Array.from({ length: count }, (_, n) => first + n).every(
        (port) => isFree(port) && isFree(port + 10_000),
      )
    )
      return first;
  }
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
