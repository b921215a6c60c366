import { type Started, startEngine } from "../engine/start.ts";
import { takeSharpFrom } from "../images/sharp.ts";
import type { Loaded } from "../settings/load.ts";
import { exitCodes } from "./context.ts";
import type { Process } from "./process.ts";

/** The engine of this process, as the settings want it. A fault of it ends the process. */
export function engineOf({ settings, sources }: Loaded, process: Process): Started {
  const chosen = sources.cache_dir === "default" ? undefined : settings.cache_dir;
  const started = startEngine(process.startWorker(), { usual: settings.cache_dir, chosen }, (error) =>
    process.leave(error, exitCodes.engineFault),
  );
  started.folder.then(takeSharpFrom, () => {});
  return started;
}
