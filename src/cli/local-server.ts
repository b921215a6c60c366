import { serve } from "../serve.ts";
import type { Loaded } from "../settings/load.ts";
import type { Client } from "./client.ts";
import { withDataPlace } from "./data.ts";
import { engineOf } from "./engine.ts";
import type { Process } from "./process.ts";

/** A server inside this process, on a port that nobody else is told. */
export async function localServer(loaded: Loaded, process: Process): Promise<Client> {
  const started = engineOf(loaded, process);
  // Other users of this machine could find the port.
  const auth_token = crypto.randomUUID();
  const settings = withDataPlace(loaded, () => {});
  const log_level = settings.log_level === "debug" ? "debug" : "warning";
  const serving = await serve({ ...settings, host: "127.0.0.1", port: 0, auth_token, log_level }, started);
  return {
    remote: false,
    request: (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${auth_token}`);
      return fetch(new URL(path, serving.url), { ...init, headers });
    },
    [Symbol.asyncDispose]: () => serving.stop(),
  };
}
