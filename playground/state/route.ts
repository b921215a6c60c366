/**
 * The address says what the page shows: a tool, a job, jobs that were started together, results in comparison, the gallery or the models.
 *
 * @module
 */
import { signal } from "@preact/signals";

export const toolNames = ["depth", "upscale", "generate", "edit"] as const;
export type ToolName = (typeof toolNames)[number];

export type Route =
  | { view: "tool"; tool: ToolName }
  | { view: "job"; id: string }
  | { view: "set" | "compare"; ids: readonly string[] }
  | { view: "gallery" }
  | { view: "models" };

function parse(hash: string): Route {
  const path = hash.replace(/^#\/?/, "");
  const tool = toolNames.find((name) => name === path);
  if (tool) return { view: "tool", tool };
  const job = /^job\/([\w-]+)$/.exec(path)?.[1];
  if (job) return { view: "job", id: job };
  const [, view, list] = /^(set|compare)((?:\/[\w-]+)+)$/.exec(path) ?? [];
  const ids = list?.split("/").slice(1) ?? [];
  if (view === "set" || (view === "compare" && ids.length > 1)) return { view, ids };
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
export const compareAddress = (ids: readonly string[]) => `#/compare/${ids.join("/")}`;
export const setAddress = (ids: readonly string[]) => `#/set/${ids.join("/")}`;
/** Results that are compared at a time. */
export const mostCompared = 9;

/** Shows an address. `replace` leaves no entry in the history. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  route.value = parse(address);
}
