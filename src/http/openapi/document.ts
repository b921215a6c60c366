/**
 * The OpenAPI 3.1 documents: one of the common routes, and one of each capability.
 *
 * @module
 */
import { OpenApiGeneratorV31, type RouteConfig } from "@asteasolutions/zod-to-openapi";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { Capability } from "../../capabilities/capability.ts";
import { refusals } from "../../errors.ts";
import { guardCodes, refusalResponses } from "../answer/responses.ts";
import type { Env } from "../deps.ts";
import { Components, type JsonSchema, normalized } from "./json-schema.ts";

export const baseOf = (capability: Capability) => `/v1/${capability.domain}/${capability.family}`;

export interface Documents {
  root(): JsonSchema;
  capability(family: string): JsonSchema;
}

/** Documents are made at their first request and kept: routes do not change while the server runs. */
export function documents(
  app: OpenAPIHono<Env>,
  capabilities: readonly Capability[],
  options: { version: string; secured: boolean },
): Documents {
  const kept = new Map<string, JsonSchema>();
  const keep = (key: string, make: () => JsonSchema) => {
    const document = kept.get(key) ?? make();
    kept.set(key, document);
    return document;
  };
  const routes = () =>
    app.openAPIRegistry.definitions.flatMap((entry) => (entry.type === "route" ? [entry.route] : []));
  const bases = capabilities.map((capability) => `${baseOf(capability)}/`);

  return {
    root: () =>
      keep("", () =>
        render(
          routes().filter((route) => !bases.some((base) => route.path.startsWith(base))),
          { title: "kiapi Common API", description: introduction(capabilities), version: options.version },
          options.secured,
        ),
      ),
    capability: (family) =>
      keep(family, () => {
        const capability = capabilities.find((candidate) => candidate.family === family)!;
        const document = render(
          routes().filter((route) => route.path.startsWith(`${baseOf(capability)}/`)),
          { title: capability.title, description: capability.description, version: options.version },
          options.secured,
        );
        return {
          ...document,
          "x-kiapi-capability": capability.family,
          "x-kiapi-domain": capability.domain,
          "x-kiapi-root-openapi": "/openapi.json",
        };
      }),
  };
}

type Info = Record<"title" | "description" | "version", string>;

function render(routes: readonly RouteConfig[], info: Info, secured: boolean): JsonSchema {
  const components = new Components();
  const guarded = refusalResponses(...guardCodes);
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const generated = new OpenApiGeneratorV31([{ type: "route", route }]).generateDocument({
      openapi: "3.1.0",
      info,
    });
    const operation = generated.paths![route.path]![route.method as "get"] as unknown as JsonSchema;
    const isOpen = Array.isArray(route.security) && route.security.length === 0;
    const responses: Record<string, unknown> = {
      ...route.responses,
      ...Object.fromEntries(
        Object.entries(guarded).filter(
          ([status]) => !(status in route.responses) && !(isOpen && status === "401"),
        ),
      ),
    };
    paths[route.path] ??= {};
    paths[route.path]![route.method] = {
      ...(normalized(operation) as JsonSchema),
      ...(route.request?.body ? { requestBody: contents(route.request.body, components) } : {}),
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, response]) => [
          status,
          contents(response as object, components),
        ]),
      ),
    };
  }
  return {
    openapi: "3.1.0",
    info,
    paths,
    components: {
      schemas: components.all(),
      ...(secured ? { securitySchemes: { token: { type: "http", scheme: "bearer" } } } : {}),
    },
    ...(secured ? { security: [{ token: [] }] } : {}),
  };
}

/** A body or a response with its schemas as JSON. */
function contents(value: object, components: Components): JsonSchema {
  const body = value as { content?: Record<string, { schema?: unknown }> };
  if (!body.content) return body as JsonSchema;
  return {
    ...body,
    content: Object.fromEntries(
      Object.entries(body.content).map(([type, media]) => [
        type,
        media.schema instanceof z.ZodType ? { ...media, schema: components.render(media.schema) } : media,
      ]),
    ),
  };
}

function introduction(capabilities: readonly Capability[]): string {
  const domains = [...new Set(capabilities.map((capability) => capability.domain))].sort();
  const docs = domains.flatMap((domain) => [
    `- **${domain}**`,
    ...capabilities
      .filter((capability) => capability.domain === domain)
      .toSorted((a, b) => (a.family < b.family ? -1 : 1))
      .map((capability) => {
        const base = baseOf(capability);
        return `  - **${capability.title}** - ${capability.summary} [Reference](${base}/docs), [OpenAPI JSON](${base}/openapi.json)`;
      }),
  ]);
  return `Files, jobs and the state of an easel server: image models on one machine, behind one queue.

Capability-specific docs:

${docs.join("\n")}

## How to use it

1. Name a picture in a request by one of three references: \`{"type": "file_id", "file_id": "file_…"}\` after an upload with
   \`POST /v1/files\` (multipart field \`file\`), \`{"type": "url", "url": "https://…"}\`, or
   \`{"type": "data_url", "data_url": "data:image/png;base64,…"}\`. \`type\` may be left out.
2. POST the request as JSON to a capability's operation. With \`"mode": "sync"\` (the default) the answer waits for the result: the
   bytes of the picture when there is exactly one, else, or with \`Accept: application/json\`, the Job. With \`"mode": "async"\` the
   answer is 202 at once, with the job's id, its place in the queue and the addresses to go on with.
3. Follow a job with \`GET /v1/jobs/{job_id}\`, or its events with \`GET /v1/jobs/{job_id}/events\`, or have its Job JSON sent to the
   request's \`webhook\`. Its \`artifacts\` are ids for \`GET /v1/files/{file_id}/download\`.
4. A POST that makes a job may carry an \`Idempotency-Key\` header: the same key with the same body gives the same job, so that a
   request whose answer was lost can be repeated.

One job runs at a time, in the order of arrival. Jobs and files survive a restart of the server. A synchronous request that waits
longer than \`sync_timeout_s\` is answered 504, and its job goes on.

## Errors

Every refusal is \`{"detail": …, "code": …}\`. \`detail\` is a text, or a list of places for a request that does not fit its schema;
\`code\` is a word that never changes its meaning. A failed job carries the same word in \`error_code\`.

| code | status | meaning |
|---|---|---|
${Object.entries(refusals)
  .map(([code, { status, means }]) => `| \`${code}\` | ${status} | ${means} |`)
  .join("\n")}
`;
}
