/**
 * The server, made of its parts.
 *
 * @module
 */
import { join } from "node:path";
import { embeddedModels, playgroundPage, scalarScript } from "./assets.ts";
import { contextOf, describe, pathProblems, warmTargets } from "./capabilities/catalogue.ts";
import { families, operationsOf } from "./capabilities/registry.ts";
import { lockDirectory } from "./database.ts";
import type { DeviceState } from "./engine/engine.ts";
import { machineMemory } from "./engine/memory.ts";
import type { Started } from "./engine/start.ts";
import { jobFiles, pruneFiles } from "./files/for-jobs.ts";
import { type Links, linkKey } from "./files/links.ts";
import { openLocalStore } from "./files/local.ts";
import { insertFile } from "./files/records.ts";
import { createThumbnails } from "./files/thumbnails.ts";
import { createApp } from "./http/app.ts";
import { dialectOperations, notifications } from "./http/dialects/jobs.ts";
import { hubEnv } from "./hub/download/hub.ts";
import { systemClock } from "./jobs/clock.ts";
import { createScheduler } from "./jobs/create-scheduler.ts";
import { webhookSecret } from "./jobs/notify/webhook-secret.ts";
import { createWebhooks } from "./jobs/notify/webhooks.ts";
import { createJobStore } from "./jobs/store/sqlite.ts";
import { createLog } from "./log.ts";
import { createOutbound } from "./net/outbound.ts";
import { insecureBind } from "./settings/rules.ts";
import type { Settings } from "./settings/settings.ts";
import { openStorage } from "./storage.ts";
import { commit, version } from "./version.ts";

export interface Serving {
  url: URL;
  /** Resolves when the store can neither be read nor written any more, with words for the operator. */
  failed: Promise<Error>;
  /** Takes no more requests, lets the running job end or puts it back, and leaves. */
  stop(): Promise<void>;
}

/** An engine, and what is known of it: `ready` settles when jobs may run. */
type Running = Pick<Started, "engine" | "folder"> &
  Partial<Pick<Started, "ready">> & { device?: () => DeviceState | null };

interface Options {
  /** Seconds without a byte after which a connection is closed. Routes that wait say so themselves. */
  idleTimeout?: number;
  /** Where lines of the log go instead of standard error. */
  write?: (line: string) => void;
}

/** Milliseconds that answers in flight get once the queue has stopped. */
const lastAnswers = 2000;
const upkeepEvery = 3600_000;

/**
 * Starts the server and resolves once it listens; the engine may still be on its way then.
 *
 * @throws {Error} with a message for the operator when it cannot start.
 */
export async function serve(
  settings: Settings,
  started: Running,
  { idleTimeout = 30, write }: Options = {},
): Promise<Serving> {
  const insecure = insecureBind(settings);
  if (insecure) throw new Error(insecure);
  const undo: (() => unknown)[] = [];
  let failed: Promise<Error> = new Promise(() => {});
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    undo.push(lockDirectory(settings.data_dir));
    const secret = webhookSecret(settings.data_dir, settings.webhook_secret);
    const log = createLog({
      level: settings.log_level,
      format: settings.log_format,
      secrets: [settings.auth_token, secret],
      ...(write && { write }),
    });

    const storage = openStorage(settings.data_dir, settings.files_root, log);
    const { database, spend } = storage;
    undo.push(() => storage.close());
    failed = storage.failed;
    const opening = openLocalStore({ database, root: settings.files_root, spend });
    const files = storage.guard(
      await opening.catch((error) => {
        throw storage.fault(error);
      }),
    );
    const swept = await files.sweep();
    if (swept.removed + swept.missing.length > 0)
      log.warning("files were put in order", { removed: swept.removed, missing: swept.missing.length });
    const links: Links = { key: linkKey(settings.data_dir), ttl: settings.result_link_ttl_s };
    const store = storage.guard(
      createJobStore(database, {
        keepFile: (record) => insertFile(database, record),
        spend,
        notification: notifications(links),
      }),
    );

    const context = contextOf(families, settings, {
      places: { hub: hubEnv(), downloads: join(settings.cache_dir, "downloads") },
      embedded: embeddedModels(await started.folder),
    });
    const outbound = createOutbound({
      allowPrivate: settings.allow_private_urls,
      allowedHosts: settings.allowed_url_hosts,
      totalMs: settings.fetch_timeout_s * 1000,
    });
    const webhooks = createWebhooks({
      deliveries: store.deliveries,
      post: (url, message) => outbound.post(url, message),
      check: (url) => outbound.check(url, "webhook"),
      secret,
      clock: systemClock,
      log,
    });
    undo.push(() => webhooks.stop());
    for (const problem of pathProblems(families, settings.model_paths))
      log.warning("a path of model_paths cannot be used", problem);
    const scheduler = createScheduler({
      store,
      files: jobFiles(files, outbound, settings),
      engine: started.engine,
      operationOf: operationsOf(families, dialectOperations),
      describe: (family, variant) => describe(families, family, variant),
      check: context,
      memory: machineMemory,
      log,
      webhooks,
      warm: warmTargets(families, context, (model, why) =>
        log.warning("a model is not warmed up", { model, why }),
      ),
    });

    let library: { mlx: string; kernels: string } | null = null;
    const starting = "the engine is starting";
    let notReady: string | null = starting;
    const thumbnails = createThumbnails({
      store: files,
      folder: settings.cache_dir,
      maxPixels: settings.max_input_pixels,
    });
    const app = createApp({
      settings,
      version,
      build: { commit, engine: () => library },
      capabilities: families,
      scheduler,
      files,
      thumbnails,
      context,
      log,
      notReady: () => notReady ?? storage.problem(),
      device: () => started.device?.() ?? null,
      scalar: scalarScript,
      playground: playgroundPage,
    });
    const server = listen(settings, idleTimeout, (request, server) => app.fetch(request, { server }));

    async function askVersions() {
      try {
        const { mlx, kernels } = await started.engine.stats();
        if (mlx !== undefined && kernels !== undefined) library = { mlx, kernels };
      } catch (error) {
        log.error("the engine does not tell its versions", { error });
      }
    }

    const upkeep = setInterval(prune, upkeepEvery);
    undo.push(() => clearInterval(upkeep));
    async function prune() {
      try {
        const deleted = await pruneFiles(files, settings, () => store.filesInUse());
        if (deleted.length > 0) log.info("old files deleted", { count: deleted.length });
        await thumbnails.sweep();
      } catch (error) {
        log.error("upkeep failed", { error });
      }
    }

    // Before its kernels are tested no job should run. Who started the engine is told when that fails.
    const mayStart = (started.ready ?? Promise.resolve()).then(() =>
      notReady === starting ? scheduler.start() : undefined,
    );
    mayStart.then(
      () => {
        // It may have been told to stop meanwhile.
        if (notReady !== starting) return;
        notReady = null;
        void prune();
        void askVersions();
      },
      (error) => {
        notReady = storage.problem() ?? "the engine could not be started";
        log.error(notReady, { error });
      },
    );

    return {
      url: server.url,
      failed: storage.failed,
      async stop() {
        notReady = "the server is shutting down";
        const answered = server.stop();
        await scheduler.stop();
        await Promise.race([answered, Bun.sleep(lastAnswers)]);
        await server.stop(true);
        await close();
      },
    };
  } catch (error) {
    await close();
    // A damaged store says more than what failed because of it.
    throw await Promise.race([failed, error]);
  }
}

function listen(
  settings: Settings,
  idleTimeout: number,
  fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>,
): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: settings.host,
      port: settings.port,
      idleTimeout,
      development: false,
      // Without it, a server that is not in development shares its port with the next one.
      reusePort: false,
      // Routes have limits of their own, and refuse in JSON.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch,
    });
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const why = taken ? "the port is taken; choose another with --port" : (error as Error).message;
    throw new Error(`Cannot listen on ${settings.host}:${settings.port}: ${why}`);
  }
}
