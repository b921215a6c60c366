/**
 * Writes docs/reference/errors.md from the table of refusals: `bun scripts/docs/errors-page.ts`.
 *
 * @module
 */
import { join } from "node:path";
import { type RefusalCode, refusals } from "../../src/errors.ts";

/** What a client does about a code, where the meaning alone does not say it. */
const advice: Partial<Record<RefusalCode, string>> = {
  invalid_request: "`detail` is a list; each entry names the place in `loc`.",
  fetch_failed: "Check that the server can reach the address, or upload the file.",
  private_url: "Upload the file, or name the host in `allowed_url_hosts`.",
  unauthorized: "Send `Authorization: Bearer <auth_token>`.",
  forbidden_host: "Name the host in `allowed_hosts`.",
  forbidden_origin: "Name the origin in `cors_origins`, if that page may use the server.",
  method_not_allowed: "`Allow` names the methods.",
  too_large: "Raise `max_upload_mb`, or upload the file instead of sending it inside the JSON.",
  queue_full: "Try again after `Retry-After` seconds.",
  internal: "The server's log has the details under the answer's `X-Request-Id`.",
  not_activated: "Run the command that the message names.",
  over_budget: "The message says what is needed, what there is, and the smallest change that fits.",
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

Every refusal is JSON: \`{"detail": …, "code": …}\`. \`detail\` is for people and may change its words. \`code\` is for programs and never
changes its meaning. A failed job carries the same word in \`error_code\`, beside the text in \`error\`.

This page is made from the table in \`src/errors.ts\` by \`bun scripts/docs/errors-page.ts\`.

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

if (import.meta.main) await Bun.write(join(import.meta.dir, "../../docs/reference/errors.md"), errorsPage());
