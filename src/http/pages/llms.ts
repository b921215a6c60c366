/**
 * What an agent needs to use this server, as https://llmstxt.org proposes: a page to begin with, and one with everything. Both are
 * made from the served documents, the settings and the guides.
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Capability } from "../../capabilities/capability.ts";
import { variantsFor } from "../../capabilities/catalogue.ts";
import { settingsMarkdown } from "../../settings/document.ts";
import type { Deps, Env } from "../deps.ts";
import { baseOf, type Documents } from "../openapi/document.ts";
import { isServed, openapiMarkdown, operationsIn } from "../openapi/markdown.ts";
import { originOf } from "../request/origin.ts";
import type { Serve } from "../route.ts";

/** A guide of `docs/guides/`, as it is written there. */
export interface Guide {
  /** Its file, such as "agents.md". */
  name: string;
  text: string;
}

const page = (path: string, summary: string, description: string) =>
  createRoute({
    method: "get",
    path,
    operationId: path.slice(1).replace(/\W/g, "_"),
    summary,
    description,
    tags: ["Server"],
    security: [],
    responses: { 200: { description: "The page.", content: { "text/plain": { schema: z.string() } } } },
  });

const short = page(
  "/llms.txt",
  "Page for Agents",
  "What an agent needs to begin: how to send a picture, wait, fetch results and read errors. Never behind the token.",
);
const full = page(
  "/llms-full.txt",
  "All Pages for Agents",
  "The whole reference as text: operations, schemas, errors, settings and guides. Never behind the token.",
);

export function llmsRoutes(serve: Serve, deps: Deps, documents: Documents): void {
  const type = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache" };
  let whole: string | undefined;
  const begin = (c: Context<Env>) => beginning(deps, documents, originOf(c, deps.settings));
  serve(short, (c) => c.text(begin(c), 200, type));
  serve(full, (c) => {
    whole ??= rest(deps, documents);
    return c.text(`${begin(c)}\n${whole}`, 200, type);
  });
}

function beginning({ settings, capabilities, version }: Deps, documents: Documents, origin: string): string {
  const token = settings.auth_token === null ? "" : " Requests need `Authorization: Bearer TOKEN`.";
  return `# easel

> Image models on this machine, behind one queue: depth maps, upscaling, generating and editing pictures. This server is
> ${origin}, version ${version}.${token}

## With tools

The Model Context Protocol is at ${origin}/mcp (streamable HTTP); \`easel mcp\` speaks it on standard input and output. Its tools wait,
show a preview and link to the files. Without it, use HTTP as follows.

## Over HTTP

1. \`GET ${origin}/v1/setup\` lists the models: \`activated\` (usable now), \`fits\` (this machine's memory holds it), \`licence\`.
2. A picture is named by \`{"file_id": "file_…"}\` after \`POST ${origin}/v1/files\` (multipart field \`file\`), by \`{"url": "https://…"}\`, or
   by \`{"data_url": "data:image/png;base64,…"}\`. It is always an object, never a bare string.
3. \`POST\` the request as JSON to an operation of the list below with \`"mode": "async"\`. The answer is 202 with \`job_id\`.
4. \`GET ${origin}/v1/jobs/JOB_ID/events\` streams progress (SSE) and ends with \`succeeded\`, \`failed\` or \`canceled\`;
   \`GET ${origin}/v1/jobs/JOB_ID\` shows \`status\`, \`progress\`, \`result\`, \`artifacts\`, \`error_code\`.
5. \`GET ${origin}/v1/files/FILE_ID/download\` gives the bytes of each id in \`artifacts\`;
   \`GET ${origin}/v1/files/FILE_ID/thumbnail?size=320\` gives a small preview.

A model that is not activated is refused with 503 \`not_activated\`. Install it with
\`POST ${origin}/v1/image/FAMILY/models/NAME/activate\` (a job like the others). If its licence forbids commercial use, ask the user before
you send \`{"accept_license": true}\`. Refusals are \`{"detail": …, "code": …}\`; the code is stable. The header \`X-Easel-Ignored\` names fields
that the route does not know. \`Idempotency-Key\` makes a request safe to repeat.

## Operations that make pictures

${capabilities.map((capability) => operationsOf(capability, documents)).join("\n")}

## More

- [Everything as text](${origin}/llms-full.txt): operations, schemas, errors, settings and guides
- [OpenAPI document](${origin}/docs/openapi.json): all routes; ${origin}/docs shows it to people
${capabilities.map((capability) => `- [${capability.title}](${origin}${baseOf(capability)}/openapi.json): ${capability.summary}`).join("\n")}
`;
}

/** Operations of a family as its served document has them, with the models that they take. */
function operationsOf(capability: Capability, documents: Documents): string {
  const { domain, family, label, operations } = capability;
  const models = new Map(
    operations.map((operation) => [
      `/v1/${domain}/${family}${operation.path}`,
      variantsFor(capability, operation)
        .map(({ name }) => name)
        .join(", "),
    ]),
  );
  const own = operationsIn(documents.capability(family)).filter(
    (operation) => isServed(operation) && operation.requestBody && !operation.path.includes("{"),
  );
  return own
    .map(
      ({ method, path, summary }) =>
        `- \`${method} ${path}\`: ${summary} (${label}; models: ${models.get(path)})`,
    )
    .join("\n");
}

function rest({ guides }: Deps, documents: Documents): string {
  const document = documents.whole();
  const { description } = document.info as { description: string };
  return [
    "# Reference",
    lower(description, 0),
    `## Routes\n\n${openapiMarkdown(document)}`,
    lower(compact(settingsMarkdown()), 1),
    "# Guides",
    ...guides().map(({ text }) => lower(withoutLocalLinks(text), 1)),
    "",
  ].join("\n\n");
}

/** Lines outside of code blocks, each changed. */
function proseLines(text: string, change: (line: string) => string): string {
  let isCode = false;
  return text
    .split("\n")
    .map((line) => {
      if (line.startsWith("```")) isCode = !isCode;
      return isCode ? line : change(line);
    })
    .join("\n");
}

/** Headings some levels lower. */
const lower = (text: string, levels: number) =>
  proseLines(text, (line) => line.replace(/^#+ /, (marks) => "#".repeat(levels) + marks));

/** Tables without the spaces that align their columns. */
const compact = (text: string) =>
  proseLines(text, (line) =>
    line.startsWith("|") ? line.replace(/ {2,}/g, " ").replace(/-{4,}/g, "---") : line,
  );

/** Links to other pages of the source tree lead nowhere here: their text stays. */
const withoutLocalLinks = (text: string) =>
  compact(text)
    .replace(/!\[[^\]]*\]\((?!https?:)[^)]*\)\n?/g, "")
    .replace(/\[([^\]]+)\]\((?!https?:|#)[^)]*\)/g, "$1");
