/** State of the server: for people, for service managers, and for monitoring. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../deps.ts";
import { metricsText, type RequestMetrics } from "../../middleware/metrics.ts";
import { json } from "../../openapi/responses.ts";
import type { Serve } from "../../route.ts";
import { HealthResponse, ReadyResponse, VersionResponse } from "./service-contract.ts";

const health = createRoute({
  method: "get",
  path: "/health",
  operationId: "health_health_get",
  summary: "Health",
  description:
    "Says that the server is alive, how long its queue is, and what is in memory.\n\nAlways 200 while the process answers, and " +
    "never behind the token. GET /ready says whether jobs are accepted now.",
  tags: ["Server"],
  security: [],
  responses: { 200: json("The server is alive.", HealthResponse) },
});

const ready = createRoute({
  method: "get",
  path: "/ready",
  operationId: "ready",
  summary: "Ready",
  description:
    "Says whether the server accepts jobs now: after its start and warm-up, and not while it shuts down. Never behind the token.",
  tags: ["Server"],
  security: [],
  responses: {
    200: json("Jobs are accepted.", ReadyResponse),
    503: json("Not yet, or no more.", ReadyResponse),
  },
});

const getVersion = createRoute({
  method: "get",
  path: "/version",
  operationId: "version",
  summary: "Version",
  description: "Says which program answers, and what it computes with. Never behind the token.",
  tags: ["Server"],
  security: [],
  responses: { 200: json("The versions.", VersionResponse) },
});

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "metrics",
  summary: "Metrics",
  description:
    "Counts and sizes in the text format of Prometheus: queue, jobs by final status, how long they ran, memory by model, requests " +
    "by route.",
  tags: ["Server"],
  responses: { 200: { description: "Metrics.", content: { "text/plain": { schema: z.string() } } } },
});

export function healthRoutes(serve: Serve, deps: Deps, metrics: RequestMetrics): void {
  const { scheduler, version } = deps;

  serve(health, (c) => {
    const state = scheduler.health();
    const store = state.nodes && { store: deps.storeAnswers?.() ? ("here" as const) : ("away" as const) };
    return c.json({ status: "ok", ...state, relay: null, ...store }, 200);
  });

  serve(ready, (c) => {
    const reason = deps.notReady() ?? (scheduler.health().warm ? null : "models are being warmed up");
    const { imprecise: _, ...known } = deps.device?.() ?? {};
    const device = "kind" in known ? known : null;
    const answers = deps.files.answers?.();
    const files = answers === undefined ? {} : { files: answers ? ("here" as const) : ("away" as const) };
    return c.json({ ready: reason === null, reason, device, ...files }, reason === null ? 200 : 503);
  });

  serve(getVersion, (c) => {
    const { mlx, kernels } = deps.build.engine() ?? { mlx: null, kernels: null };
    const target = `${process.platform}-${process.arch}`;
    return c.json({ version, commit: deps.build.commit, mlx, bun: Bun.version, target, kernels }, 200);
  });

  serve(metricsRoute, (c) =>
    c.text(metricsText(metrics, scheduler.metrics(), version, deps.device?.() ?? null), 200, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
    }),
  );
}
