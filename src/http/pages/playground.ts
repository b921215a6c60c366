/** The page at `/`. It uses the public API, so no document describes it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { variantsFor } from "../../capabilities/catalogue.ts";
import { Refusal } from "../../errors.ts";
import { asInstalled } from "../../hub/installed.ts";
import { answerAsset } from "../answer/asset.ts";
import type { Deps, Env } from "../deps.ts";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const pageHeaders = {
  "Content-Security-Policy": policy,
  "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-cache",
};

/** The service worker's own policy: it asks this server and no other. It serves the page at `/`, above its own path. */
const workerHeaders = {
  "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
  "Service-Worker-Allowed": "/",
  "Cache-Control": "no-cache",
};

/** These files never change: their names carry a hash. */
const forever = { "Cache-Control": "public, max-age=31536000, immutable" };

export function playgroundRoutes(app: OpenAPIHono<Env>, deps: Deps): void {
  app.get("/", async (c) => answerAsset(c, (await deps.playground()).get("index.html")!, pageHeaders));

  app.get("/playground/offer.json", (c) => c.json(offer(deps), 200, { "Cache-Control": "no-store" }));

  app.get("/playground/manifest.json", async (c) =>
    c.json(manifest([...(await deps.playground()).keys()]), 200, {
      "Content-Type": "application/manifest+json",
      "Cache-Control": "no-cache",
    }),
  );

  app.get("/playground/worker.js", async (c) => {
    const file = (await deps.playground()).get("worker.js");
    if (!file) throw new Refusal("not_found", "no such route");
    return answerAsset(c, file, workerHeaders);
  });

  app.get("/playground/:name", async (c) => {
    const name = c.req.param("name");
    const file = name === "index.html" ? undefined : (await deps.playground()).get(name);
    if (!file) throw new Refusal("not_found", "no such route");
    return answerAsset(c, file, forever);
  });
}

/** What a browser needs to install the page as an app. The icons' names carry a hash. */
function manifest(files: readonly string[]) {
  const icon = (name: string, purpose: string) => {
    const file = files.find((candidate) => candidate.startsWith(`${name}-`))!;
    const side = name.replace(/\D/g, "");
    return { src: `/playground/${file}`, sizes: `${side}x${side}`, type: "image/png", purpose };
  };
  return {
    name: "easel",
    short_name: "easel",
    description: "Image models on your own machine: depth, upscaling, generation and editing.",
    id: "/",
    start_url: "/",
    display: "standalone",
    background_color: "#f7f5f1",
    theme_color: "#245f58",
    icons: [icon("icon192", "any"), icon("icon512", "any"), icon("maskable512", "maskable")],
    shortcuts: ["depth", "upscale", "generate", "edit"].map((tool) => ({
      name: `${tool.charAt(0).toUpperCase()}${tool.slice(1)}`,
      url: `/#${tool}`,
    })),
  };
}

/** Families and models that the page offers. */
const offer = ({ settings, context, capabilities, places }: Deps) => ({
  secured: settings.auth_token !== null,
  activation: settings.allow_activation,
  families: capabilities.map((capability) => {
    const standard = capability.defaultVariant(context);
    return {
      family: capability.family,
      models: capability.variants.map((variant) => {
        const { licence, downloads, diskGb } = asInstalled(variant, places);
        const own_path = `${capability.family}/${variant.name}` in settings.model_paths;
        return {
          name: variant.name,
          family: capability.family,
          family_label: capability.label,
          fields: (capability.pageFields ?? []).filter((field) => !variant.ignores?.includes(field)),
          operations: capability.operations
            .filter((operation) => variantsFor(capability, operation).includes(variant))
            .map(({ path }) => path),
          default: variant.name === standard,
          activated: "source" in context.activation(capability.family, variant.name),
          licence: licence.name,
          licence_url: licence.url,
          commercial_use: licence.commercial,
          features: variant.features,
          built_in: variant.embedded !== undefined,
          // Files that `model_paths` names are neither downloaded nor removed.
          own_path,
          download_gb: downloads.length > 0 && !own_path ? diskGb : null,
          copies: own_path
            ? []
            : (variant.copies ?? []).map(({ bits, diskGb }) => ({ bits, download_gb: diskGb })),
        };
      }),
    };
  }),
});
