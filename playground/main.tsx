/**
 * The playground: the page at `/`.
 *
 * @module
 */
import { render } from "preact";
import { restoreInputs } from "./state/inputs.ts";
import { refreshJobs } from "./state/jobs.ts";
import { loadOffer, watchServer } from "./state/server.ts";
import { App } from "./view/app.tsx";

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
void watchServer();
void restoreInputs();
await Promise.all([loadOffer(), refreshJobs()]);
document.documentElement.dataset.ready = "";
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  void loadOffer();
  void watchServer();
  void refreshJobs();
});
