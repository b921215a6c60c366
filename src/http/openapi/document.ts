/**
 * The OpenAPI 3.1 documents: one of the common routes and one of each capability, as in the original, and one of everything.
 *
 * @module
 */
import { OpenApiGeneratorV31, type RouteConfig } from "@asteasolutions/zod-to-openapi";
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Capability } from "../../capabilities/capability.ts";
import type { Env } from "../deps.ts";
import { guardCodes, refusalResponses } from "../dialects/kiapi/errors.ts";
import { exampleOf } from "./examples.ts";
import { joined } from "./joined.ts";
import { Components, type JsonSchema, normalized } from "./json-schema.ts";
import { commonIntroduction, introduction } from "./prose.ts";

export const baseOf = (capability: Pick<Capability, "domain" | "family">) =>
  `/v1/${capability.domain}/${capability.family}`;

export interface Documents {
  /** The original's common document. */
  common(): JsonSchema;
  capability(family: string): JsonSchema;
  /** All routes. */
  whole(): JsonSchema;
}

export interface DocumentOptions {
  version: string;
  /** Whether a token is needed. */
  secured: boolean;
  /** Where the server is reached; null is where the document came from. */
  url: string | null;
}

/** Documents are made at their first request and kept: routes do not change while the server runs. */
export function documents(
  app: OpenAPIHono<Env>,
  capabilities: readonly Capability[],
  { version, secured, url }: DocumentOptions,
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

  const common = () =>
    keep("common", () =>
      render(
        routes().filter((route) => !bases.some((base) => route.path.startsWith(base))),
        { title: "kiapi Common API", description: commonIntroduction(capabilities), version },
        secured,
      ),
    );

  const ofCapability = (family: string) =>
    keep(`capability ${family}`, () => {
      const capability = capabilities.find((candidate) => candidate.family === family)!;
      const document = render(
        routes().filter((route) => route.path.startsWith(`${baseOf(capability)}/`)),
        { title: capability.title, description: capability.description, version },
        secured,
      );
      return {
        ...document,
        "x-kiapi-capability": capability.family,
        "x-kiapi-domain": capability.domain,
        "x-kiapi-root-openapi": "/openapi.json",
      };
    });

  const whole = () =>
    keep("whole", () => ({
      ...joined([
        ...capabilities.map(({ family }) => ({ name: family, document: ofCapability(family) })),
        { name: "common", document: common() },
      ]),
      info: { title: "easel API", description: introduction, version },
      servers: [{ url: url ?? "/", description: "This server" }],
      tags: tagsOf(capabilities),
    }));

  return { common, capability: ofCapability, whole };
}

/** In the order of the page: what makes pictures first. */
const tagsOf = (capabilities: readonly Capability[]) => [
  ...capabilities.map(({ family, summary }) => ({ name: family, description: summary })),
  { name: "Jobs", description: "Look at jobs, follow, cancel and retry them." },
  { name: "Files", description: "Uploads that requests can name, and what jobs made." },
  { name: "Images (OpenAI)", description: "OpenAI's Images API over the same jobs." },
  { name: "Artworks (Tengr)", description: "Tengr's depth maps over the same jobs." },
  { name: "Server", description: "State of the server." },
];

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
      ...(route.request?.body ? { requestBody: requestBodyOf(route.request.body, components) } : {}),
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

/** A request's body. Its JSON has an example that can be sent as it is. */
function requestBodyOf(value: object, components: Components): JsonSchema {
  const body = contents(value, components);
  const media = (value as { content?: Record<string, { schema?: unknown }> }).content?.["application/json"];
  const example = media?.schema instanceof z.ZodType ? exampleOf(media.schema) : undefined;
  if (example === undefined) return body;
  const content = body.content as Record<string, JsonSchema>;
  return {
    ...body,
    content: { ...content, "application/json": { ...content["application/json"], example } },
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
