/**
 * The server, made of its parts.
 *
 * @module
 */
import { Hono } from "hono";
import standalone from "../node_modules/@scalar/api-reference/dist/browser/standalone.js" with {
  type: "file",
};
import type { Started } from "./engine/start.ts";
import type { Settings } from "./settings/settings.ts";

export interface Serving {
  url: URL;
  /** Takes no more requests, lets those in flight end, and leaves. */
  stop(): Promise<void>;
}

/** The script of the reference page, carried in the binary. */
export const scalarScript = (): Blob => Bun.file(standalone, { type: "text/javascript; charset=utf-8" });

export async function serve(settings: Settings, { engine }: Started): Promise<Serving> {
  const app = new Hono();
  app.get("/health", (c) => c.json({ status: "ok", memory: {} }));
  app.get("/stats", async (c) => c.json(await engine.stats()));
  const server = Bun.serve({
    hostname: settings.host,
    port: settings.port,
    idleTimeout: 0,
    fetch: app.fetch,
  });
  return { url: server.url, stop: () => server.stop() };
}
