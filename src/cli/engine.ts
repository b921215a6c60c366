import type { Where } from "../../ffi/native.ts";
import { type Started, startEngine } from "../engine/start.ts";
import { takeSharpFrom } from "../images/sharp.ts";
import type { Loaded } from "../settings/load.ts";
import { exitCodes } from "./context.ts";
import type { Process } from "./process.ts";

/** Where the native parts may be unpacked. */
export function nativePlaces({ settings, sources }: Loaded): Where {
  const chosen = sources.cache_dir === "default" ? undefined : settings.cache_dir;
  return { usual: settings.cache_dir, chosen };
}

/** The engine of this process, as the settings want it. A fault of it ends the process. */
export function engineOf(loaded: Loaded, process: Process): Started {
  const started = startEngine(process.startWorker(), nativePlaces(loaded), (error) =>
    process.leave(error, exitCodes.engineFault),
  );
  started.folder.then(takeSharpFrom, () => {});
  return started;
}
