/**
 * The playground: the page at `/`.
 *
 * @module
 */
import { render } from "preact";
import { keepShell, watchReturn } from "./shell/register.ts";
import { restoreInputs } from "./state/inputs.ts";
import { refreshJobs } from "./state/jobs.ts";
import { loadOffer, watchServer } from "./state/server.ts";
import { App } from "./view/app.tsx";

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
void watchServer();
watchReturn();
void restoreInputs();
await Promise.all([loadOffer(), refreshJobs()]);
document.documentElement.dataset.ready = "";
keepShell();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  void loadOffer();
  void watchServer();
  void refreshJobs();
});
