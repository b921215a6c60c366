/** The OpenAPI documents and their pages. They describe the other routes, so no document holds them. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Scalar } from "@scalar/hono-api-reference";
import { answerAsset } from "../answer/asset.ts";
import type { Deps, Env } from "../deps.ts";
import { referenceHeaders } from "../middleware/security-headers.ts";
import { baseOf, type Documents } from "../openapi/document.ts";
import { type Document, withOutline } from "./outline.ts";

const script = "/docs/scalar.js";

/** Turns off everything that Scalar would fetch from, or send to, places other than this server. */
const offline = {
  // Without one the browser would ask for /favicon.ico.
  favicon: "data:,",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
} as const;

export function docsRoutes(app: OpenAPIHono<Env>, deps: Deps, documents: Documents): void {
  app.get(script, (c) => answerAsset(c, deps.scalar(), { "Cache-Control": "no-cache" }));

  const page = (paths: readonly string[], pageTitle: string, url: string, document: () => Document) => {
    const reference = Scalar<Env>((c) => ({
      ...offline,
      url,
      pageTitle,
      cdn: script,
      nonce: c.get("secureHeadersNonce")!,
    }));
    for (const path of paths)
      app.get(path, referenceHeaders, async (c, next) => {
        const answer = (await reference(c, next)) as Response;
        return c.html(withOutline(await answer.text(), pageTitle, document()), 200, {
          "Cache-Control": "no-store",
        });
      });
  };

  app.get("/openapi.json", (c) => c.json(documents.common()));
  app.get("/docs/openapi.json", (c) => c.json(documents.whole()));
  page(["/docs", "/redoc"], "easel", "/docs/openapi.json", documents.whole);
  for (const capability of deps.capabilities) {
    const base = baseOf(capability);
    app.get(`${base}/openapi.json`, (c) => c.json(documents.capability(capability.family)));
    page([`${base}/docs`, `${base}/redoc`], capability.title, `${base}/openapi.json`, () =>
      documents.capability(capability.family),
    );
  }
}
