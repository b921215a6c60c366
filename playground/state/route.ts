/**
 * The address says what the page shows: a tool, a job, two jobs side by side, the gallery or the models.
 *
 * @module
 */
import { signal } from "@preact/signals";

export const toolNames = ["depth", "upscale", "generate", "edit"] as const;
export type ToolName = (typeof toolNames)[number];

export type Route =
  | { view: "tool"; tool: ToolName }
  | { view: "job"; id: string }
  | { view: "compare"; ids: readonly [string, string] }
  | { view: "gallery" }
  | { view: "models" };

function parse(hash: string): Route {
  const path = hash.replace(/^#\/?/, "");
  const tool = toolNames.find((name) => name === path);
  if (tool) return { view: "tool", tool };
  const job = /^job\/([\w-]+)$/.exec(path)?.[1];
  if (job) return { view: "job", id: job };
  const [, left, right] = /^compare\/([\w-]+)\/([\w-]+)$/.exec(path) ?? [];
  if (left && right) return { view: "compare", ids: [left, right] };
  if (path === "gallery" || path === "models") return { view: path };
  return { view: "tool", tool: "depth" };
}

export const route = signal<Route>(parse(location.hash));
addEventListener("hashchange", () => {
  // The skip link is an anchor, not a route.
  if (location.hash !== "#stage") route.value = parse(location.hash);
});

export const toolAddress = (tool: ToolName) => `#${tool}`;
export const jobAddress = (id: string) => `#/job/${id}`;
export const compareAddress = (left: string, right: string) => `#/compare/${left}/${right}`;

/** Shows an address. `replace` leaves no entry in the history. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  route.value = parse(address);
}
