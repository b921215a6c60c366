/**
 * Answers while a fleet's database or files are waited for at the start: alive, and not ready.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { Refusal } from "../errors.ts";
import type { Settings } from "../settings/settings.ts";
import type { Env } from "./deps.ts";
import { refuse } from "./errors.ts";
import { guards } from "./middleware/guards.ts";
import { securityHeaders } from "./middleware/security-headers.ts";

const reason = "the fleet's database or its files do not answer";

export function createWaitingApp(settings: Settings, budget_gb: number): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  app.use(securityHeaders);
  app.use(guards(settings));
  app.get("/health", (c) =>
    c.json({
      status: "ok",
      warm: false,
      queue_len: 0,
      memory: { loaded: [], resident_gb: 0, budget_gb },
      relay: null,
      store: "away",
    }),
  );
  app.get("/ready", (c) => c.json({ ready: false, reason, device: null }, 503));
  app.notFound((c) =>
    refuse(
      c,
      new Refusal("store_unavailable", `${reason} yet; try again in a moment`, { "Retry-After": "5" }),
    ),
  );
  return app;
}
