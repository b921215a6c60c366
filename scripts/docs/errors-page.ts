/**
 * The page docs/reference/errors.md, made from the table of refusals.
 *
 * @module
 */
import { type RefusalCode, refusals } from "../../src/errors.ts";

/** Advice for clients, where the meaning of a code does not imply it. */
const advice: Partial<Record<RefusalCode, string>> = {
  invalid_request: "`detail` is a list; each entry names the place in `loc`.",
  fetch_failed: "Check that the server can reach the address, or upload the file.",
  private_url: "Upload the file, or name the host in `allowed_url_hosts`.",
  invalid_parameter: "`detail` is a text, or for a list's `after` a list as above.",
  unauthorized: "Send `Authorization: Bearer <auth_token>`.",
  forbidden_host: "Name the host in `allowed_hosts`.",
  forbidden_origin: "Name the origin in `cors_origins`, if that page may use the server.",
  method_not_allowed: "`Allow` names the methods.",
  too_large:
    "Raise `max_upload_mb`, or upload the file. JSON may have 4 MB beside its data URLs, 1 MB of it outside strings.",
  queue_full: "Try again after `Retry-After` seconds.",
  internal: "The server's log has the details under the answer's `X-Request-Id`.",
  not_activated: "Run the command that the message names.",
  over_budget: "The message names the need, the budget, and the smallest change that fits.",
  overloaded:
    "Try again after `Retry-After` seconds, or upload files instead; the bound is `max_json_in_flight_mb`.",
  shutting_down: "A job that was accepted stays in the queue of the next start.",
  sync_timeout: "Poll the address in `Location`, or use `mode: async`.",
  disk_full: "Free some space: jobs and files can be deleted. Nothing was stored.",
};

/** The page. */
export function errorsPage(): string {
  const rows = Object.entries(refusals).map(([code, { status, means }]) => [
    `\`${code}\``,
    String(status),
    `${means}. ${advice[code as RefusalCode] ?? ""}`.trim(),
  ]);
  return `# Errors

A refusal is JSON: \`{"detail": …, "code": …}\`. \`detail\` is for people and may change its words. \`code\` is for programs and never
changes its meaning. A failed job carries the same word in \`error_code\`, beside the text in \`error\`.

Three kinds of refusals have another form:

- Under \`/v2\`, Tengr's: \`{"message": …, "statusCode": …, "error": …}\`, without a code; \`error\` is the status in words. What is 422 below
  is 400 there.
- Under \`/v1/images\` and at \`/v1/models\`, OpenAI's: \`{"error": {"message": …, "type": …, "param": …, "code": …}}\`. What is 422 below is
  400 there, and \`unknown_model\` is 404 \`model_not_found\`.
- Malformed HTTP is refused before it reaches a route, with an empty body and without \`X-Request-Id\`: 431 when the headers are
  longer than 16 KB, 400 when the request line or a header is malformed, or when there are two lengths.

This page is made from the table in \`src/errors.ts\` by \`bun run docs\`.

${table(["code", "status", "meaning"], rows)}
`;
}

/** A table as the formatter wants it: every cell as wide as its column. */
function table(head: readonly string[], rows: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
