/**
 * The token: in a Bearer header from programs, in a cookie from the browser of somebody who typed it into the form.
 *
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { Refusal } from "../../errors.ts";
import type { Env } from "../deps.ts";
import { loginPage, pageHeaders } from "../pages/reference.ts";
import { textOf } from "../request/body.ts";

const cookieName = "easel_session";
const cookieSeconds = 30 * 86400;

/** Equal or not, in a time that tells nothing about where they differ. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** What the cookie holds instead of the token itself. */
const sessionOf = (token: string) => createHmac("sha256", token).update("easel session").digest("base64url");

/** Answers that nobody needs a token for: liveness, readiness, and results whose link carries a signature of its own. */
const open = (path: string) =>
  path === "/health" ||
  path === "/ready" ||
  /^\/v2\/artworks\/[^/]+\/results\/\d+$/.test(path) ||
  /^\/v1\/images\/results\/[^/]+$/.test(path);

/** A path on this server to go back to, whatever the form was made to hold. */
export function safeReturn(target: string | null): string {
  if (target === null || !/^\/(?![/\\])/.test(target)) return "/docs";
  const url = new URL(target, "http://here.invalid");
  return url.host === "here.invalid" ? url.pathname + url.search : "/docs";
}

export function auth(token: string | null, secureCookie: boolean): MiddlewareHandler<Env> {
  if (token === null || token === "") return (_, next) => next();
  const session = sessionOf(token);

  return async (c, next) => {
    if (open(c.req.path)) return next();
    const bearer = /^bearer +(.+)$/i.exec(c.req.header("authorization") ?? "")?.[1]?.trim();
    if (bearer !== undefined && sameSecret(bearer, token)) return next();
    const cookie = getCookie(c, cookieName);
    if (cookie !== undefined && sameSecret(cookie, session)) return next();

    const wantsPage = (c.req.header("accept") ?? "").includes("text/html");
    if (c.req.method === "POST" && c.req.path === "/login") {
      const form = new URLSearchParams(await textOf(c, 8192));
      const target = safeReturn(form.get("next"));
      if (!sameSecret(form.get("token") ?? "", token))
        return c.html(loginPage(target, true), 401, pageHeaders());
      setCookie(c, cookieName, session, {
        path: "/",
        httpOnly: true,
        sameSite: "Strict",
        secure: secureCookie,
        maxAge: cookieSeconds,
      });
      return c.redirect(target, 303);
    }
    if (c.req.method === "GET" && wantsPage)
      return c.html(loginPage(safeReturn(c.req.path), false), 401, {
        ...pageHeaders(),
        "WWW-Authenticate": 'Bearer realm="easel"',
      });
    throw new Refusal("unauthorized", "the token is missing or wrong", {
      "WWW-Authenticate": 'Bearer realm="easel"',
    });
  };
}
