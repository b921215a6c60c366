import type { Server } from "bun";
import type { SecureHeadersVariables } from "hono/secure-headers";
import type { Capability, CheckContext, Variant } from "../capabilities/capability.ts";
import type { DeviceState } from "../engine/engine.ts";
import type { Links } from "../files/links.ts";
import type { FileStore } from "../files/store.ts";
import type { Thumbnails } from "../files/thumbnails.ts";
import type { Places } from "../hub/download/resources.ts";
import type { Scheduler } from "../jobs/scheduler.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings/settings.ts";
import type { Asset } from "./answer/asset.ts";
import type { Guide } from "./pages/llms.ts";
import type { Page } from "./pages/playground-page.ts";
import type { JsonBody } from "./request/body.ts";

export interface Build {
  commit: string | null;
  /** MLX's version and the instruction set of our kernels; null until the engine has started. */
  engine(): { mlx: string; kernels: string } | null;
}

/** The parts that the routes need. `serve.ts` gives the real ones. */
export interface Deps {
  settings: Settings;
  version: string;
  /** Source and native parts of the program. */
  build: Build;
  capabilities: readonly Capability[];
  scheduler: Scheduler;
  files: FileStore;
  thumbnails: Thumbnails;
  /** Key and lifetime of the links to results. */
  links: Links;
  /** Settings and activation, for an operation's `check`. */
  context: CheckContext;
  /** Where downloads lie on this machine. */
  places: Places;
  /** Refuses a model that cannot fit on the disk. In a fleet another machine may download it. */
  requireRoom?(variant: Variant): void;
  /** Removes the files of a model and gives the bytes that became free. */
  uninstall(variant: Variant): number;
  log: Log;
  /** Whether the database of a fleet answers. */
  storeAnswers?(): boolean;
  /** Why jobs are not accepted now, or null. */
  notReady(): string | null;
  /** The device that computes, once it is known. */
  device?(): DeviceState | null;
  /** The script of the reference page. */
  scalar(): Asset;
  /** The guides of `docs/`. */
  guides(): readonly Guide[];
  /** The page at `/`. */
  playground(): Promise<Page>;
  /** Seconds that only go forward. */
  now?: () => number;
}

export interface Env {
  Variables: SecureHeadersVariables & {
    requestId: string;
    /** The JSON body, where the route declares one. */
    body: JsonBody;
  };
  Bindings: { server?: Pick<Server<unknown>, "timeout" | "requestIP"> };
}
