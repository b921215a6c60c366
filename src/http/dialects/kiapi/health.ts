/** State of the server: for people, for whoever restarts it, and for whoever draws graphs of it. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Deps, Env } from "../../deps.ts";
import { metricsText, type RequestMetrics } from "../../middleware/metrics.ts";
import { HealthResponse, ReadyResponse } from "../../openapi/schemas.ts";

export function healthRoutes(app: OpenAPIHono<Env>, deps: Deps, metrics: RequestMetrics): void {
  const register = app.openAPIRegistry;

  register.registerPath({
    method: "get",
    path: "/health",
    operationId: "health_health_get",
    summary: "Health",
    description:
      "Tells that the server is alive, how long its queue is, and what is in memory.\n\nAlways 200 while the process answers, and " +
      "never behind the token. Whether it takes jobs now is told by GET /ready.",
    security: [],
    responses: {
      200: {
        description: "The server is alive.",
        content: { "application/json": { schema: HealthResponse } },
      },
    },
  });
  app.get("/health", (c) => c.json({ status: "ok", ...deps.scheduler.health(), relay: null }));

  register.registerPath({
    method: "get",
    path: "/ready",
    operationId: "ready",
    summary: "Ready",
    description:
      "Tells whether the server takes jobs now: after its start and warm-up, and not while it shuts down. Never behind the token.",
    security: [],
    responses: {
      200: { description: "Jobs are accepted.", content: { "application/json": { schema: ReadyResponse } } },
      503: {
        description: "Not yet, or no more.",
        content: { "application/json": { schema: ReadyResponse } },
      },
    },
  });
  app.get("/ready", (c) => {
    const reason = deps.notReady() ?? (deps.scheduler.health().warm ? null : "models are being warmed up");
    const { imprecise: _, ...device } = deps.device?.() ?? {};
    return c.json(
      { ready: reason === null, reason, device: "kind" in device ? device : null },
      reason === null ? 200 : 503,
    );
  });

  register.registerPath({
    method: "get",
    path: "/metrics",
    operationId: "metrics",
    summary: "Metrics",
    description:
      "Counts and sizes in the text format of Prometheus: queue, jobs by final status, how long they ran, memory by model, requests " +
      "by route.",
    responses: { 200: { description: "Metrics.", content: { "text/plain": { schema: z.string() } } } },
  });
  app.get("/metrics", (c) =>
    c.text(metricsText(metrics, deps.scheduler.metrics(), deps.version, deps.device?.() ?? null), 200, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
    }),
  );
}
