import { serve } from "../serve.ts";
import type { Loaded } from "../settings/load.ts";
import type { Client } from "./client.ts";
import { engineOf } from "./engine.ts";
import type { Process } from "./process.ts";

/** A server inside this process, on a port that nobody else is told. */
export async function localServer(loaded: Loaded, process: Process): Promise<Client> {
  const started = engineOf(loaded, process);
  const serving = await serve({ ...loaded.settings, host: "127.0.0.1", port: 0 }, started);
  return {
    remote: false,
    request: (path, init) => fetch(new URL(path, serving.url), init),
    [Symbol.asyncDispose]: () => serving.stop(),
  };
}
