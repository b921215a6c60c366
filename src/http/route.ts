/**
 * Routes are stated once: a declaration that the document shows, and a handler whose answers it allows.
 *
 * @module
 */
import { type OpenAPIHono, type RouteConfig, type RouteHandler, z } from "@hono/zod-openapi";
import type { Context, Handler, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Env } from "./deps.ts";
import type { ReadJson } from "./request/body.ts";
import { ignoredHeader } from "./request/unknown-fields.ts";
import { parse, parseKnown } from "./request/validation.ts";

/** A declaration that `createRoute` made. */
export type Route = RouteConfig & { getRoutingPath(): string };

interface Options {
  /** Bytes that a JSON body may have. */
  largestBody?: number;
  /** The path in Hono's words, where it has patterns that the document cannot tell. */
  at?: string;
}

/**
 * Declares a route and serves it. `tsc` rejects a handler that answers what the route does not declare.
 *
 * @example
 * serve(getJob, async (c) => c.json(await scheduler.job(c.req.valid("param").job_id), 200));
 */
export type Serve = <R extends Route>(route: R, handler: RouteHandler<R, Env>, options?: Options) => void;

export function routesOf(app: OpenAPIHono<Env>, readJson: ReadJson): Serve {
  return (route, handler, { largestBody, at = route.getRoutingPath() } = {}) => {
    app.openAPIRegistry.registerPath(route);
    if (route.request) app.on(route.method, at, validated(route, readJson, largestBody), handler as Handler);
    else app.on(route.method, at, handler as Handler);
  };
}

/** Gives a handler what the route declares: `c.req.valid("param")`, `"query"` and `"json"`, and `c.get("body")`. */
function validated(
  { request: { params, query, body } = {} }: RouteConfig,
  readJson: ReadJson,
  largestBody: number | undefined,
): MiddlewareHandler<Env> {
  const schema = jsonSchemaOf(body);
  const takesForm = "multipart/form-data" in (body?.content ?? {});
  return async (c, next) => {
    if (params) c.req.addValidatedData("param", parse(params, c.req.param(), "path") as object);
    if (query) c.req.addValidatedData("query", parse(query, c.req.query(), "query") as object);
    if (!schema || (takesForm && isForm(c))) return next();
    await using read = await readJson(c, largestBody);
    const { data, ignored } = parseKnown(schema, read.value, "body");
    c.set("body", read);
    c.req.addValidatedData("json", data as object);
    await next();
    nameIgnored(c.res, ignored);
  };
}

/** Names the fields of a body that were not used, so that a misspelt one does not go unnoticed. */
export function nameIgnored({ headers }: Response, ignored: readonly string[]): void {
  if (ignored.length > 0) headers.set("X-Easel-Ignored", ignoredHeader(ignored));
}

function jsonSchemaOf(body: NonNullable<RouteConfig["request"]>["body"]): z.ZodType | undefined {
  const media = body?.content["application/json"];
  const schema = media && "schema" in media ? media.schema : undefined;
  return schema instanceof z.ZodType ? schema : undefined;
}

export const isForm = (c: Context) =>
  (c.req.header("content-type") ?? "").toLowerCase().startsWith("multipart/form-data");

/** Whether a request is for a route that is declared with `security: []`, and so needs no token. */
export function openRoutes(app: OpenAPIHono<Env>): (c: Context) => boolean {
  let open: Set<string> | undefined;
  return (c) => {
    open ??= new Set(
      app.openAPIRegistry.definitions.flatMap((entry) =>
        entry.type === "route" && entry.route.security?.length === 0 ? [entry.route.path] : [],
      ),
    );
    return matchedRoutes(c).some(({ path }) => open!.has(documented(path)));
  };
}

/** "/v1/jobs/:job_id" as the document writes it. */
const documented = (path: string) => path.replace(/:(\w+)(\{.*?\}(?=\/|$))?/g, "{$1}");
