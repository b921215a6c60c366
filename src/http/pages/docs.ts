/** The documents and their pages. They describe the others, so they stand in no document themselves. */
import { createHash } from "node:crypto";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Deps, Env } from "../deps.ts";
import { baseOf, type Documents } from "../openapi/document.ts";
import { pageHeaders, referencePage } from "./reference.ts";

export function docsRoutes(app: OpenAPIHono<Env>, deps: Deps, documents: Documents): void {
  const script = "/docs/scalar.js";
  let etag: string | undefined;

  app.get(script, async (c) => {
    const blob = deps.scalar();
    etag ??= `"${createHash("sha256")
      .update(new Uint8Array(await blob.arrayBuffer()))
      .digest("hex")
      .slice(0, 32)}"`;
    const headers = { ETag: etag, "Cache-Control": "no-cache" };
    if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
    return new Response(blob, {
      headers: { ...headers, "Content-Type": "text/javascript; charset=utf-8" },
    });
  });

  const page = (title: string, document: string) => (c: Context) =>
    c.html(referencePage(title, document, script), 200, pageHeaders("'self'"));

  app.get("/openapi.json", (c) => c.json(documents.root()));
  for (const path of ["/docs", "/redoc"]) app.get(path, page("easel", "/openapi.json"));
  for (const capability of deps.capabilities) {
    const base = baseOf(capability);
    app.get(`${base}/openapi.json`, (c) => c.json(documents.capability(capability.family)));
    for (const path of ["docs", "redoc"])
      app.get(`${base}/${path}`, page(capability.title, `${base}/openapi.json`));
  }
}
