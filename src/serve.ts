/**
 * The server, made of its parts.
 *
 * @module
 */
import { Hono } from "hono";
import { scalarScript } from "./assets.ts";
import type { Started } from "./engine/start.ts";
import type { Settings } from "./settings/settings.ts";

export interface Serving {
  url: URL;
  /** Takes no more requests, lets those in flight end, and leaves. */
  stop(): Promise<void>;
}

export async function serve(settings: Settings, { engine }: Started): Promise<Serving> {
  const app = new Hono();
  app.get("/health", (c) => c.json({ status: "ok", memory: {} }));
  app.get("/docs/scalar.js", (c) => c.body(scalarScript().stream()));
  app.get("/stats", async (c) => c.json(await engine.stats()));
  const server = Bun.serve({
    hostname: settings.host,
    port: settings.port,
    idleTimeout: 0,
    fetch: app.fetch,
  });
  return { url: server.url, stop: () => server.stop() };
}
