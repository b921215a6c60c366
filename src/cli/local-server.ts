import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../serve.ts";
import type { Loaded } from "../settings/load.ts";
import type { Client } from "./client.ts";
import { engineOf } from "./engine.ts";
import type { Process } from "./process.ts";

/**
 * A server inside this process, on a port that nobody else is told. Its jobs and files live in a folder of their own that goes with
 * it, so that several commands can run at once and leave nothing behind.
 */
export async function localServer(loaded: Loaded, process: Process): Promise<Client> {
  const started = engineOf(loaded, process);
  const { settings } = loaded;
  // Other users of this machine could find the port.
  const auth_token = crypto.randomUUID();
  const log_level = settings.log_level === "debug" ? "debug" : "warning";
  const data_dir = mkdtempSync(join(tmpdir(), "easel-"));
  const leave = () => rmSync(data_dir, { recursive: true, force: true });
  const own = {
    data_dir,
    files_root: join(data_dir, "files"),
    host: "127.0.0.1",
    port: 0,
    warmup_models: [],
  };
  const serving = await serve({ ...settings, ...own, auth_token, log_level }, started).catch((error) => {
    leave();
    throw error;
  });
  return {
    remote: false,
    request: (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${auth_token}`);
      return fetch(new URL(path, serving.url), { ...init, headers });
    },
    async [Symbol.asyncDispose]() {
      await serving.stop();
      leave();
    },
  };
}
