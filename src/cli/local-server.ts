import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockDirectory } from "../database.ts";
import type { Serving } from "../serve.ts";
import type { Loaded } from "../settings/load.ts";
import type { Client } from "./client.ts";
import { CommandError, exitCodes } from "./context.ts";
import { engineOf } from "./engine.ts";
import type { Process } from "./process.ts";

/**
 * A server inside this process, on a free port. Its jobs and files are in a temporary folder that is removed at the end, so that
 * several commands can run at once and leave nothing behind.
 */
export async function localServer(loaded: Loaded, process: Process, signal: AbortSignal): Promise<Client> {
  const { settings } = loaded;
  // Other users of this machine could find the port.
  const auth_token = crypto.randomUUID();
  // What fails is the command's own error.
  const log = settings.log_level === "debug" ? undefined : { write: () => {} };
  signal.throwIfAborted();
  const data_dir = temporaryFolder();
  const remove = () => rmSync(data_dir, { recursive: true, force: true, maxRetries: 3 });
  process.atEnd(remove);
  const own = {
    data_dir,
    files_root: join(data_dir, "files"),
    host: "127.0.0.1",
    port: 0,
    warmup_models: [],
    shutdown_grace_s: 0,
  };
  const { serve } = await import("../serve.ts");
  const started = engineOf(loaded, process);
  const leave = async (serving?: Serving) => {
    const stopped = serving?.stop();
    // An abandoned job may still be in its last step.
    await (signal.aborted ? Promise.race([stopped, Bun.sleep(500)]) : stopped);
    remove();
  };
  const starting = serve({ ...settings, ...own, auth_token }, started, log);
  started.ready.catch(async (error: Error) => {
    // Removing the folder during the start would let it come back.
    await starting.catch(() => {});
    process.leave(error, exitCodes.startup);
  });
  const serving = await starting.catch(async (error) => {
    await leave();
    throw new CommandError(error.message, exitCodes.startup);
  });
  if (signal.aborted) {
    await leave(serving);
    throw signal.reason;
  }
  return {
    remote: false,
    request: (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${auth_token}`);
      return fetch(new URL(path, serving.url), { ...init, headers, signal: init.signal ?? signal });
    },
    [Symbol.asyncDispose]: () => leave(serving),
  };
}

const prefix = "easel-once-";
const minute = 60_000;

/** A folder of this command's own among the temporary files, where those of commands that were killed are put away. */
function temporaryFolder(): string {
  const reasons: string[] = [];
  for (const root of new Set([tmpdir(), "/tmp", "/var/tmp"])) {
    try {
      const folder = mkdtempSync(join(root, prefix));
      sweep(root);
      return folder;
    } catch (error) {
      reasons.push(`${root}: ${(error as Error).message}`);
    }
  }
  throw new CommandError(`No folder for temporary files can be made; set TMPDIR\n  ${reasons.join("\n  ")}`);
}

/** Removes what killed commands left. A lock tells those that live; one that begins has a minute to take it. */
function sweep(root: string): void {
  for (const name of readdirSync(root).filter((name) => name.startsWith(prefix))) {
    const folder = join(root, name);
    try {
      const { mtimeMs, uid } = lstatSync(folder);
      if (uid !== process.getuid?.() || Date.now() - mtimeMs < minute) continue;
      lockDirectory(folder)();
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another command uses it.
    }
  }
}
