/**
 * The HTTP side of a machine that only works: whether it lives, whether it is ready, and its metrics.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { requestId } from "hono/request-id";
import { Refusal } from "../errors.ts";
import type { Deps, Env } from "./deps.ts";
import { healthRoutes } from "./dialects/kiapi/health.ts";
import { answerError, refuse } from "./errors.ts";
import { auth } from "./middleware/auth.ts";
import { guards } from "./middleware/guards.ts";
import { requestMetrics } from "./middleware/metrics.ts";
import { requestLog } from "./middleware/request-log.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import { jsonReader } from "./request/body.ts";
import { openRoutes, routesOf } from "./route.ts";

const served = new Set(["/health", "/ready", "/metrics"]);

/** Makes the app of its parts, as `createApp` does. */
export function createWorkerApp(deps: Deps): OpenAPIHono<Env> {
  const { settings, log, now = () => performance.now() / 1000 } = deps;
  const metrics = requestMetrics();
  const app = new OpenAPIHono<Env>();
  app.use(requestLog(metrics, log, now));
  app.use(requestId({ limitLength: 64, generator: () => crypto.randomUUID().replaceAll("-", "") }));
  app.use(securityHeaders);
  app.use(guards(settings));
  app.use((c, next) => (served.has(c.req.path) ? next() : Promise.resolve(refuse(c, elsewhere()))));
  if (settings.auth_token)
    app.use(auth({ token: settings.auth_token, secureCookie: false, isOpen: openRoutes(app) }));
  healthRoutes(routesOf(app, jsonReader(settings, deps.files)), deps, metrics);
  app.notFound((c) => refuse(c, elsewhere()));
  app.onError((error, c) => answerError(error, c, log));
  return app;
}

const elsewhere = () =>
  new Refusal("not_found", "this machine only works for a fleet: send requests to a machine that takes them");
