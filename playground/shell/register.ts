/**
 * Keeps the page for times without the server, where the browser allows it: on this machine and over HTTPS.
 *
 * @module
 */
import { effect } from "@preact/signals";
import { refreshJobs } from "../state/jobs.ts";
import { met, trouble } from "../state/server.ts";

const worker = "/playground/worker.js";

export function keepShell(): void {
  // Over plain HTTP in a network there are no service workers, and the page works without.
  void navigator.serviceWorker?.register(worker, { scope: "/", updateViaCache: "none" }).catch(() => {});
}

/** Whether the server would give out this very page. */
async function isCurrent(): Promise<boolean> {
  const script = document.querySelector<HTMLScriptElement>("script[type=module]")?.getAttribute("src");
  const answer = await fetch("/", { headers: { accept: "text/html" } });
  return answer.ok && script != null && (await answer.text()).includes(script);
}

/** When the server is back: its results, and its own page in place of one that was opened without it. */
export function watchReturn(): void {
  let away = false;
  let opened = met.peek();
  effect(() => {
    if (trouble.value !== undefined) {
      away = true;
      return;
    }
    if (!away) return;
    away = false;
    void refreshJobs();
    if (opened) return;
    opened = true;
    void isCurrent().then(
      (current) => {
        if (!current) location.reload();
      },
      () => {},
    );
  });
}
