/**
 * Introductions of the documents.
 *
 * @module
 */
import type { Capability } from "../../capabilities/capability.ts";
import { refusals } from "../../errors.ts";

const use = `## How to use it

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
longer than \`sync_timeout_s\` is answered 504, and its job goes on. So does the job of a client that goes away, unless its request says
\`"cancel_on_disconnect": true\`. Fields that a request does not know change nothing; the header \`X-Easel-Ignored\` names them.

## Errors

Every refusal is \`{"detail": …, "code": …}\`. \`detail\` is a text, or a list of places for a request that does not fit its schema;
\`code\` is a word that never changes its meaning. A failed job carries the same word in \`error_code\`.

| code | status | meaning |
|---|---|---|
${Object.entries(refusals)
  .map(([code, { status, means }]) => `| \`${code}\` | ${status} | ${means} |`)
  .join("\n")}
`;

/** Of the common document, which leads to those of the capabilities. */
export function commonIntroduction(capabilities: readonly Capability[]): string {
  const domains = [...new Set(capabilities.map((capability) => capability.domain))].sort();
  const docs = domains.flatMap((domain) => [
    `- **${domain}**`,
    ...capabilities
      .filter((capability) => capability.domain === domain)
      .toSorted((a, b) => (a.family < b.family ? -1 : 1))
      .map((capability) => {
        const base = `/v1/${capability.domain}/${capability.family}`;
        return `  - **${capability.title}** - ${capability.summary} [Reference](${base}/docs), [OpenAPI JSON](${base}/openapi.json)`;
      }),
  ]);
  return `Files, jobs and the state of an easel server: image models on one machine, behind one queue. Everything on one page: [/docs](/docs).

Capability-specific docs:

${docs.join("\n")}

${use}`;
}

/** Of the document that holds everything. */
export const introduction = `Image models on your own machine, behind one queue: depth, upscaling, generating and editing. For agents: [/llms.txt](/llms.txt),
[/llms-full.txt](/llms-full.txt), and tools at \`/mcp\`.

${use}
The routes under \`/v1\` have the shape of kiapi's API, so its clients work unchanged. \`/v1/images\` has the shape of OpenAI's, \`/v2\` of
Tengr's; their refusals have the forms of those APIs.
`;
