/**
 * Counts every request for `/metrics` and writes a line about it to the log.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Log } from "../../log.ts";
import type { Env } from "../deps.ts";
import type { RequestMetrics } from "./metrics.ts";

/** Routes that are asked so often that their lines would hide all others. */
const probes = new Set(["/health", "/ready", "/metrics"]);

/** `now` gives seconds that only go forward. */
export function requestLog(metrics: RequestMetrics, log: Log, now: () => number): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = now();
    await next();
    const { headers, status } = c.res;
    const requestId = c.get("requestId");
    // Hono's middleware sets it on the answers that the context makes, which a response with a file is not.
    headers.set("X-Request-Id", requestId);
    const route = routePath(c, -1);
    const seconds = now() - started;
    metrics.observe(c.req.method, route.includes("*") ? "unmatched" : route, status, seconds);
    log[probes.has(route) ? "debug" : "info"]("request", {
      request_id: requestId,
      method: c.req.method,
      path: c.req.path,
      status,
      ms: Math.round(seconds * 1e4) / 10,
      job_id: headers.get("X-Kiapi-Job-Id") ?? undefined,
    });
  };
}
