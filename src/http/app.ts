/**
 * The HTTP side of the server.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { routePath } from "hono/route";
import { Refusal } from "../errors.ts";
import type { Deps, Env } from "./deps.ts";
import { capabilityRoutes } from "./dialects/kiapi/capability.ts";
import { fileRoutes } from "./dialects/kiapi/files.ts";
import { healthRoutes } from "./dialects/kiapi/health.ts";
import { jobRoutes } from "./dialects/kiapi/jobs.ts";
import { openaiRoutes } from "./dialects/openai/routes.ts";
import { artworkRoutes } from "./dialects/tengr/routes.ts";
import { answerError } from "./errors.ts";
import { auth } from "./middleware/auth.ts";
import { guards, securityHeaders } from "./middleware/guards.ts";
import { ignoredFields } from "./middleware/ignored-fields.ts";
import { requestMetrics } from "./middleware/metrics.ts";
import { documents } from "./openapi/document.ts";
import { docsRoutes } from "./pages/docs.ts";
import { playgroundRoutes } from "./pages/playground.ts";
import { jsonReader } from "./request/body.ts";

/**
 * Makes the app of its parts. It holds no socket, so that `app.request("/health")` is a whole request.
 *
 * @example
 * const app = createApp(deps);
 * Bun.serve({ fetch: (request, server) => app.fetch(request, { server }) });
 */
export function createApp(deps: Deps): OpenAPIHono<Env> {
  const { settings, log } = deps;
  const now = deps.now ?? (() => performance.now() / 1000);
  const metrics = requestMetrics();
  const app = new OpenAPIHono<Env>();

  app.use("*", async (c, next) => {
    const started = now();
    const given = c.req.header("x-request-id");
    const requestId =
      given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : crypto.randomUUID().replaceAll("-", "");
    c.set("requestId", requestId);
    await next();
    const { headers, status } = c.res;
    headers.set("X-Request-Id", requestId);
    for (const [name, value] of securityHeaders) if (!headers.has(name)) headers.set(name, value);
    const route = routePath(c, -1);
    const seconds = now() - started;
    metrics.observe(c.req.method, route.includes("*") ? "unmatched" : route, status, seconds);
    const probe = route === "/health" || route === "/ready" || route === "/metrics";
    log[probe ? "debug" : "info"]("request", {
      request_id: requestId,
      method: c.req.method,
      path: c.req.path,
      status,
      ms: Math.round(seconds * 1e4) / 10,
      job_id: headers.get("X-Kiapi-Job-Id") ?? undefined,
    });
  });
  app.use("*", ignoredFields);
  app.use("*", guards(settings));
  app.use("*", auth(settings.auth_token, settings.public_url?.startsWith("https:") ?? false));

  const docs = documents(app, deps.capabilities, {
    version: deps.version,
    secured: settings.auth_token !== null,
  });
  healthRoutes(app, deps, metrics);
  jobRoutes(app, deps);
  fileRoutes(app, deps);
  const readJson = jsonReader(settings, deps.files);
  for (const capability of deps.capabilities) capabilityRoutes(app, deps, capability, readJson);
  artworkRoutes(app, deps, readJson);
  openaiRoutes(app, deps, readJson);
  docsRoutes(app, deps, docs);
  playgroundRoutes(app, deps);

  const routes = knownRoutes(app);
  app.notFound((c) => {
    const allowed = routes(c.req.path);
    if (allowed.length > 0)
      throw new Refusal("method_not_allowed", `this route answers ${allowed.join(", ")}`, {
        Allow: allowed.join(", "),
      });
    const bare = c.req.path.replace(/\/+$/, "");
    // As the original: a path with a slash too many leads to the one without.
    if (bare !== c.req.path && routes(bare).length > 0)
      return c.redirect(bare + new URL(c.req.url).search, 307);
    throw new Refusal("not_found", "no such route");
  });
  app.onError((error, c) => answerError(error, c, log));
  return app;
}

/** The methods that some route answers at a path. */
function knownRoutes(app: OpenAPIHono<Env>): (path: string) => string[] {
  const table = app.routes
    .filter((route) => route.method !== "ALL" && !route.path.includes("*"))
    .map((route) => ({
      method: route.method,
      pattern: new RegExp(
        `^${route.path.replace(/:\w+(?:\{([^}]*)\})?|[.+?^$()|[\]\\]/g, (part, own?: string) =>
          part.startsWith(":") ? `(?:${own ?? "[^/]+"})` : `\\${part}`,
        )}$`,
      ),
    }));
  return (path) => {
    const methods = new Set(table.filter((route) => route.pattern.test(path)).map((route) => route.method));
    if (methods.has("GET")) methods.add("HEAD");
    return [...methods].sort();
  };
}
