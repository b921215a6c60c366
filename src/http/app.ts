/**
 * The HTTP side of the server.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { Refusal } from "../errors.ts";
import type { Deps, Env } from "./deps.ts";
import { activationRoutes } from "./dialects/kiapi/activation.ts";
import { fileLinkRoutes } from "./dialects/kiapi/file-links.ts";
import { fileRoutes } from "./dialects/kiapi/files.ts";
import { healthRoutes } from "./dialects/kiapi/health.ts";
import { jobRoutes } from "./dialects/kiapi/jobs.ts";
import { loraRoutes } from "./dialects/kiapi/loras.ts";
import { modelRoutes } from "./dialects/kiapi/models.ts";
import { operationRoutes } from "./dialects/kiapi/operations.ts";
import { planRoutes } from "./dialects/kiapi/plan.ts";
import { setupRoutes } from "./dialects/kiapi/setup.ts";
import { unsupportedRoutes } from "./dialects/kiapi/unsupported.ts";
import { mcpRoutes } from "./dialects/mcp/routes.ts";
import { openaiRoutes } from "./dialects/openai/routes.ts";
import { artworkRoutes } from "./dialects/tengr/routes.ts";
import { answerError, refuse } from "./errors.ts";
import { auth } from "./middleware/auth.ts";
import { compression } from "./middleware/compression.ts";
import { guards } from "./middleware/guards.ts";
import { requestMetrics } from "./middleware/metrics.ts";
import { requestLog } from "./middleware/request-log.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import { documents } from "./openapi/document.ts";
import { docsRoutes } from "./pages/docs.ts";
import { llmsRoutes } from "./pages/llms.ts";
import { playgroundRoutes } from "./pages/playground.ts";
import { jsonReader } from "./request/body.ts";
import { openRoutes, routesOf } from "./route.ts";

const newRequestId = () => crypto.randomUUID().replaceAll("-", "");

/**
 * Makes the app of its parts. It holds no socket, so `app.request("/health")` is a whole request.
 *
 * @example
 * const app = createApp(deps);
 * Bun.serve({ fetch: (request, server) => app.fetch(request, { server }) });
 */
export function createApp(deps: Deps): OpenAPIHono<Env> {
  const { settings, log, now = () => performance.now() / 1000 } = deps;
  const metrics = requestMetrics();
  const app = new OpenAPIHono<Env>();

  app.use(requestLog(metrics, log, now));
  app.use(requestId({ limitLength: 64, generator: newRequestId }));
  app.use(securityHeaders);
  app.use(compression);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }));
  app.use(guards(settings));
  if (settings.auth_token)
    app.use(
      auth({
        token: settings.auth_token,
        secureCookie: settings.public_url?.startsWith("https:") ?? false,
        isOpen: openRoutes(app),
      }),
    );

  const serve = routesOf(app, jsonReader(settings, deps.files));
  healthRoutes(serve, deps, metrics);
  setupRoutes(serve, deps);
  loraRoutes(serve, deps);
  jobRoutes(serve, deps);
  fileRoutes(serve, deps);
  fileLinkRoutes(serve, deps);
  for (const capability of deps.capabilities) {
    operationRoutes(serve, deps, capability);
    unsupportedRoutes(serve, capability);
    modelRoutes(serve, deps, capability);
    planRoutes(serve, deps, capability);
    activationRoutes(serve, deps, capability);
  }
  artworkRoutes(serve, deps);
  openaiRoutes(serve, deps);
  const served = documents(app, deps.capabilities, {
    version: deps.version,
    secured: settings.auth_token !== null,
    url: settings.public_url,
  });
  llmsRoutes(serve, deps, served);
  docsRoutes(app, deps, served);
  playgroundRoutes(app, deps);
  mcpRoutes(app, deps);

  app.notFound((c) => {
    const bare = c.req.path.replace(/\/+$/, "");
    // As the original: a path with a slash too many leads to the one without.
    if (bare !== c.req.path && isKnown(app, bare)) return c.redirect(bare + new URL(c.req.url).search, 307);
    return refuse(c, new Refusal("not_found", "no such route"));
  });
  app.onError((error, c) => answerError(error, c, log));
  return app;
}

function refuseMethod(c: Parameters<typeof refuse>[0], methods: readonly string[]): Response {
  const allow = methods.toSorted().join(", ");
  return refuse(c, new Refusal("method_not_allowed", `this route answers ${allow}`, { Allow: allow }));
}

/** Whether some route has the path; middleware, which has every path, does not count. */
const isKnown = (app: OpenAPIHono<Env>, path: string) =>
  ["GET", "POST", "PUT", "DELETE"].some((method) =>
    app.router.match(method, path)[0].some(([[, { path: route }]]) => !route.includes("*")),
  );
