import type { Server } from "bun";
import type { Capability, CheckContext } from "../capabilities/capability.ts";
import type { DeviceState } from "../engine/engine.ts";
import type { FileStore } from "../files/store.ts";
import type { Thumbnails } from "../files/thumbnails.ts";
import type { Scheduler } from "../jobs/scheduler.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings/settings.ts";
import type { Page } from "./pages/playground-page.ts";

/** Everything that the routes stand on. `serve.ts` makes it of the real parts, tests of what they like. */
export interface Deps {
  settings: Settings;
  version: string;
  capabilities: readonly Capability[];
  scheduler: Scheduler;
  files: FileStore;
  thumbnails: Thumbnails;
  /** What an operation's `check` may look at. */
  context: CheckContext;
  log: Log;
  /** What is still being waited for before the server does its work, or null. */
  notReady(): string | null;
  /** What computes; null until the engine is ready. */
  device?(): DeviceState | null;
  /** The script of the reference page. */
  scalar(): Blob;
  /** The page at `/`. */
  playground(): Promise<Page>;
  /** Seconds that only go forward. */
  now?: () => number;
}

export interface Env {
  Variables: {
    requestId: string;
    /** Fields of the body that the route does not know. */
    ignored?: readonly string[];
  };
  Bindings: { server?: Pick<Server<unknown>, "timeout" | "requestIP"> };
}
