/**
 * The token: in a Bearer header from programs, in a cookie from browsers after the form.
 *
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { Refusal } from "../../errors.ts";
import type { Env } from "../deps.ts";
import { loginPage, type Theme } from "../pages/login.ts";
import { textOf } from "../request/body.ts";
import { loginHeaders } from "./security-headers.ts";

const cookieName = "easel_session";
const cookieSeconds = 30 * 86400;

/** Equal or not, in a time that tells nothing about where they differ. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Value of the cookie, which does not reveal the token. */
const sessionOf = (token: string) => createHmac("sha256", token).update("easel session").digest("base64url");

/** A path on this server to go back to, whatever the form was made to hold. */
export function safeReturn(target: string | null): string {
  if (target === null || !/^\/(?![/\\])/.test(target)) return "/docs";
  const url = new URL(target, "http://here.invalid");
  return url.host === "here.invalid" ? url.pathname + url.search : "/docs";
}

export interface AuthOptions {
  token: string;
  /** Whether the cookie is for HTTPS alone. */
  secureCookie: boolean;
  /** Whether the request's route needs no token. */
  isOpen(c: Context): boolean;
}

export function auth({ token, secureCookie, isOpen }: AuthOptions): MiddlewareHandler<Env> {
  const session = sessionOf(token);

  return async (c, next) => {
    if (isOpen(c)) return next();
    if (c.req.method === "POST" && c.req.path === "/logout") {
      deleteCookie(c, cookieName, { path: "/", secure: secureCookie });
      return c.redirect("/", 303);
    }
    const bearer = /^bearer +(.+)$/i.exec(c.req.header("authorization") ?? "")?.[1]?.trim();
    if (bearer !== undefined && sameSecret(bearer, token)) return next();
    const cookie = getCookie(c, cookieName);
    if (cookie !== undefined && sameSecret(cookie, session)) return next();

    const wantsPage = (c.req.header("accept") ?? "").includes("text/html");
    // The form of the root is sent to the root.
    if (c.req.method === "POST" && (c.req.path === "/login" || c.req.path === "/")) {
      const form = new URLSearchParams(await textOf(c, 8192));
      const target = safeReturn(form.get("next"));
      if (!sameSecret(form.get("token") ?? "", token)) return askForToken(c, target, true);
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
      return askForToken(c, safeReturn(c.req.path), false, { "WWW-Authenticate": 'Bearer realm="easel"' });
    throw new Refusal("unauthorized", "the token is missing or wrong", {
      "WWW-Authenticate": 'Bearer realm="easel"',
    });
  };
}

/** The page's script leaves its theme in this cookie. The form has no script of its own. */
const themeOf = (c: Context): Theme | undefined => {
  const theme = getCookie(c, "easel_theme");
  return theme === "light" || theme === "dark" ? theme : undefined;
};

/** The page that asks for the token. */
async function askForToken(c: Context<Env>, target: string, wrong: boolean, headers = {}): Promise<Response> {
  const send = async () => {
    c.res = await c.html(loginPage(target, wrong, c.get("secureHeadersNonce")!, themeOf(c)), 401, {
      "Cache-Control": "no-store",
      ...headers,
    });
  };
  await loginHeaders(c, send);
  return c.res;
}
