/**
 * Checks before a route sees a request: a Host that is ours, and no foreign page behind it.
 *
 * @module
 */
import { isIP } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import { Refusal } from "../../errors.ts";
import { isLoopbackHost } from "../../settings/rules.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Env } from "../deps.ts";

export interface HostRules {
  host: string;
  allowed_hosts: readonly string[];
  public_url: string | null;
}

const loopbackNames = new Set(["ip6-localhost", "ip6-loopback"]);
const isLoopback = (name: string) =>
  isLoopbackHost(name) || loopbackNames.has(name) || name.endsWith(".localhost");
const isLiteral = (name: string) => isIP(name.replace(/^\[|\]$/g, "")) !== 0;

/** The name in a Host header, without port, in lower case and without a trailing dot; nothing when it is malformed. */
export function hostName(header: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header);
  return match?.[1]?.toLowerCase().replace(/\.$/, "");
}

/** Whether the server answers for that Host. Without this rule, a page could reach it by pointing its own name at 127.0.0.1. */
export function allowsHost(header: string, rules: HostRules): boolean {
  const name = hostName(header);
  if (name === undefined) return false;
  if (isLoopback(name)) return true;
  if (rules.allowed_hosts.some((allowed) => hostName(allowed) === name)) return true;
  if (rules.public_url && new URL(rules.public_url).hostname.toLowerCase() === name) return true;
  const bound = hostName(isIP(rules.host) === 6 ? `[${rules.host}]` : rules.host);
  if (bound === undefined || isLoopback(bound)) return false;
  // Listening on more than loopback needs a token, and a rebound name is never a literal address.
  return name === bound || isLiteral(name);
}

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether a page of that origin may change state here: the server's own pages and those of `cors_origins`. */
export function allowsOrigin(origin: string, host: string, corsOrigins: readonly string[]): boolean {
  if (corsOrigins.includes("*") || corsOrigins.includes(origin)) return true;
  if (!/^https?:\/\//.test(origin)) return false;
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}

export function guards(settings: Settings): MiddlewareHandler<Env> {
  return async (c, next) => {
    // HTTP/1.0 allows requests without a Host; they are refused.
    const host = c.req.header("host") ?? URL.parse(c.req.url)?.host ?? "";
    if (!allowsHost(host, settings))
      throw new Refusal(
        "forbidden_host",
        "the Host header names a host that this server does not answer for; add it to allowed_hosts",
      );

    const origin = c.req.header("origin");
    const cors = origin !== undefined && corsAllows(origin, settings.cors_origins);
    if (c.req.method === "OPTIONS" && cors && c.req.header("access-control-request-method"))
      return preflight(c, origin);
    if (!safeMethods.has(c.req.method)) {
      const foreign =
        origin === undefined
          ? c.req.header("sec-fetch-site") === "cross-site"
          : !allowsOrigin(origin, host, settings.cors_origins);
      if (foreign)
        throw new Refusal(
          "forbidden_origin",
          "a page of another origin may not change state here; add it to cors_origins if it may",
        );
    }
    await next();
    if (cors) {
      c.res.headers.set("Access-Control-Allow-Origin", origin);
      c.res.headers.set("Access-Control-Expose-Headers", exposed);
      c.res.headers.append("Vary", "Origin");
    }
  };
}

const corsAllows = (origin: string, allowed: readonly string[]) =>
  allowed.includes("*") || allowed.includes(origin);

const exposed =
  "X-Kiapi-File-Id, X-Kiapi-Job-Id, X-Easel-Ignored, X-Request-Id, Location, Retry-After, ETag, Content-Disposition";

/** A page of `cors_origins` sends the token itself: cookies are never allowed across origins. */
const preflight = (c: Context, origin: string) =>
  c.body(null, 204, {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers":
      "Authorization, Content-Type, Accept, Idempotency-Key, Last-Event-ID, Range, If-None-Match, X-Request-Id",
    "Access-Control-Max-Age": "600",
    Vary: "Origin",
  });
