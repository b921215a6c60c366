/**
 * The server, made of its parts.
 *
 * @module
 */
import { join } from "node:path";
import { embeddedModels, playgroundPage, scalarScript } from "./assets.ts";
import type { CheckContext } from "./capabilities/capability.ts";
import { contextOf, describe, findFamily, pathProblems, warmTargets } from "./capabilities/catalogue.ts";
import { chosenDownload } from "./capabilities/downloads.ts";
import { families, operationsOf } from "./capabilities/registry.ts";
import { weightsHere } from "./capabilities/weights-here.ts";
import type { DeviceState, Engine } from "./engine/engine.ts";
import { expectedMemory, machineMemory } from "./engine/memory.ts";
import { budgetOf, gigabyte } from "./engine/residency.ts";
import type { Started } from "./engine/start.ts";
import { Refusal } from "./errors.ts";
import { jobFiles, pruneFiles } from "./files/for-jobs.ts";
import { createThumbnails, type Thumbnails } from "./files/thumbnails.ts";
import { guides } from "./guides.ts";
import { createApp } from "./http/app.ts";
import { notifications } from "./http/dialects/notifications.ts";
import { dialectOperations } from "./http/dialects/operations.ts";
import { createWaitingApp } from "./http/waiting-app.ts";
import { createWorkerApp } from "./http/worker-app.ts";
import { hubEnv } from "./hub/download/hub.ts";
import type { Places } from "./hub/download/resources.ts";
import { install, uninstall } from "./hub/install.ts";
import { bitsInUse } from "./hub/installed.ts";
import { requireRoom } from "./hub/room.ts";
import { systemClock } from "./jobs/clock.ts";
import { createScheduler, type SchedulerOptions } from "./jobs/create-scheduler.ts";
import { createWebhooks, noWebhooks } from "./jobs/notify/webhooks.ts";
import type { Member, Scheduler } from "./jobs/scheduler.ts";
import { createLog, type Log } from "./log.ts";
import { createOutbound } from "./net/outbound.ts";
import { Readiness } from "./readiness.ts";
import { passwordIn } from "./settings/fleet-url.ts";
import { insecureBind } from "./settings/rules.ts";
import type { Settings } from "./settings/settings.ts";
import { pictureMark } from "./settings/table.ts";
import { openStores, type Secrets, type Stores, type StoresOptions, takeDataDirectory } from "./stores.ts";
import { commit, version } from "./version.ts";

export interface Serving {
  url: URL;
  /** Resolves when the store can neither be read nor written any more, with words for the operator. */
  failed: Promise<Error>;
  /** Takes no more requests, lets the running job end or puts it back, and leaves. */
  stop(): Promise<void>;
}

/** An engine; none on a machine that runs no jobs. `ready` settles when jobs may run. */
type Running = Pick<Started, "folder"> &
  Partial<Pick<Started, "engine" | "ready">> & { device?: () => DeviceState | null };

interface Options {
  /** Seconds without a byte after which a connection is closed. Routes that wait say so themselves. */
  idleTimeout?: number;
  /** Where lines of the log go instead of standard error. */
  write?: (line: string) => void;
  /** Gives up the start, which may wait for a fleet's database. */
  signal?: AbortSignal;
  /** Bytes that are free on the disk of a folder. */
  freeBytes?: (folder: string) => number;
}

/** Milliseconds that answers in flight get once the queue has stopped. */
const lastAnswers = 2000;
const upkeepEvery = 3600_000;
/** Seconds. */
const day = 86_400;
/** Milliseconds for which this machine's list of its models stands. */
const weightsKnownFor = 10_000;

/**
 * Starts the server and resolves once it listens; the engine may still be on its way then.
 *
 * @throws {Error} with a message for the operator when it cannot start.
 */
export async function serve(
  settings: Settings,
  started: Running,
  { idleTimeout = 30, write, signal = new AbortController().signal, freeBytes }: Options = {},
): Promise<Serving> {
  const insecure = insecureBind(settings);
  if (insecure) throw new Error(insecure);
  await using parts = new AsyncDisposableStack();
  parts.use(takeDataDirectory(settings));
  const logHiding = (more: readonly string[]) =>
    createLog({
      level: settings.log_level,
      format: settings.log_format,
      secrets: [...secretsOf(settings), ...more],
      ...(write && { write }),
    });
  const linksOf = ({ linkKey }: Secrets) => ({ key: linkKey, ttl: settings.result_link_ttl_s });
  const stores = parts.use(
    await openPatiently(settings, idleTimeout, {
      log: logHiding([]),
      version,
      notification: (secrets) => notifications(linksOf(secrets)),
      signal,
    }),
  );
  const { files, failed, secrets, presence } = stores;
  const log = logHiding([secrets.webhook]);
  const links = linksOf(secrets);

  const places = { hub: hubEnv(), downloads: join(settings.cache_dir, "downloads") };
  const { engine = noEngine } = started;
  const local = contextOf(families, settings, {
    places,
    embedded: started.engine ? embeddedModels(await started.folder) : null,
    budget: ownBudget(settings),
  });
  warnOfModels(settings, log);
  const context = presence?.context(local) ?? local;
  const scheduler = schedulerOf({ settings, stores, context: local, places, engine, secrets, log });
  const thumbnails = createThumbnails({
    store: files,
    folder: settings.cache_dir,
    maxPixels: settings.max_input_pixels,
  });
  const readiness = new Readiness(stores.problem);
  const library = new LibraryVersions(engine, log);
  const device = () => started.device?.() ?? null;
  const app = appOf(settings)({
    settings,
    version,
    build: { commit, engine: () => library.known },
    capabilities: families,
    scheduler,
    files,
    thumbnails,
    places,
    links,
    ...(!presence && { requireRoom: (variant) => requireRoom(variant, places, freeBytes) }),
    uninstall: (variant) => uninstall(variant, families, places),
    context,
    log,
    notReady: () => readiness.reason(),
    storeAnswers: () => presence?.hears() ?? true,
    device,
    scalar: scalarScript,
    guides,
    playground: playgroundPage,
  });
  const server = listen(settings, idleTimeout, (request, server) => app.fetch(request, { server }));
  const prune = () => pruneStored({ settings, stores, thumbnails, log });
  const upkeep = setInterval(prune, upkeepEvery);
  parts.defer(() => clearInterval(upkeep));

  await presence?.begin(scheduler, {
    variants: lately(weightsKnownFor, () => weightsHere(families, local)),
    device: () => device()?.kind ?? null,
    ready: () => readiness.reason() === null,
    settings: pictureMark(settings),
  });

  // No job runs before the engine's kernels are tested. The caller sees a failure of `started.ready`.
  void readiness
    .begin(started.ready ?? Promise.resolve(), () => scheduler.start())
    .then((error) => {
      if (error !== undefined) return log.error(readiness.reason() ?? "the start failed", { error });
      void prune();
      if (started.engine) void library.ask();
    });

  const running = parts.move();
  return {
    url: server.url,
    failed,
    async stop() {
      readiness.stop();
      const answered = server.stop();
      await scheduler.stop();
      await Promise.race([answered, Bun.sleep(lastAnswers)]);
      await server.stop(true);
      await running.disposeAsync();
    },
  };
}

/** Bytes that this machine may use for models, before its engine says more. */
const ownBudget = ({ memory_limit_gb }: Settings) => budgetOf(expectedMemory(), memory_limit_gb);

/** Values that no line of the log may show. */
const secretsOf = (settings: Settings) => [
  settings.auth_token,
  settings.fleet_url,
  settings.s3_access_key,
  settings.s3_secret_key,
  passwordIn(settings.fleet_url ?? ""),
];

/** Opens the stores. While those of a fleet do not answer, requests hear that the server lives and is not ready. */
async function openPatiently(
  settings: Settings,
  idleTimeout: number,
  options: Omit<StoresOptions, "waits">,
): Promise<Stores> {
  let waiting: Bun.Server<undefined> | undefined;
  const waits = () => {
    if (waiting) return;
    const app = createWaitingApp(settings, ownBudget(settings) / gigabyte);
    waiting = listen(settings, idleTimeout, (request) => app.fetch(request));
  };
  try {
    return await openStores(settings, { ...options, waits });
  } finally {
    await waiting?.stop(true);
  }
}

/** A machine that only works for a fleet serves its state alone. */
const appOf = ({ fleet_url, fleet_role }: Settings) =>
  fleet_url !== null && fleet_role === "worker" ? createWorkerApp : createApp;

/** Stands for the engine where no jobs run. */
const absent = () => Promise.reject(new Refusal("not_supported", "this machine runs no jobs"));
const noEngine: Engine = { load: absent, run: absent, evict: absent, stats: absent };

/** Gives what `find` gave lately, or asks again. */
function lately<T>(milliseconds: number, find: () => T): () => T {
  let known: { value: T; at: number } | undefined;
  return () => {
    if (!known || performance.now() - known.at > milliseconds)
      known = { value: find(), at: performance.now() };
    return known.value;
  };
}

/** What the queue knows of other machines. */
function sharing({ presence }: Stores): Partial<Pick<SchedulerOptions, "fleet" | "placing">> {
  if (!presence) return {};
  const types = [
    ...families.flatMap(({ operations }) => operations.map(({ type }) => type)),
    ...dialectOperations.map(({ operation }) => operation.type),
  ];
  return { fleet: presence, placing: { isShared: true, types, variants: () => presence.variants() } };
}

interface SchedulerParts {
  settings: Settings;
  stores: Stores;
  context: CheckContext;
  places: Places;
  engine: Engine;
  secrets: Secrets;
  log: Log;
}

function schedulerOf({
  settings,
  stores,
  context,
  places,
  engine,
  secrets,
  log,
}: SchedulerParts): Scheduler & Member {
  const outbound = createOutbound({
    allowPrivate: settings.allow_private_urls,
    allowedHosts: settings.allowed_url_hosts,
    totalMs: settings.fetch_timeout_s * 1000,
  });
  const webhooks = createWebhooks({
    deliveries: stores.jobs.deliveries,
    post: (url, message) => outbound.post(url, message),
    check: (url) => outbound.check(url, "webhook"),
    secret: secrets.webhook,
    clock: systemClock,
    log,
  });
  return createScheduler({
    store: stores.jobs,
    notices: stores.notices,
    ...sharing(stores),
    files: jobFiles(stores.files, outbound, settings),
    engine,
    operationOf: operationsOf(families, dialectOperations),
    describe: (family, variant) => describe(families, family, variant),
    check: context,
    memory: machineMemory,
    webhooks: settings.fleet_role === "worker" ? noWebhooks : webhooks,
    install: async ({ family, model, ...wanted }, options) => {
      const variant = findFamily(families, family)?.variants.find(({ name }) => name === model);
      if (!variant) throw new Refusal("unknown_model", "this version of easel has no such model");
      const result = await install(chosenDownload(`${family}/${model}`, variant, wanted), places, options);
      const bits = bitsInUse(variant, places);
      return { ...result, ...(bits !== undefined && { bits_in_use: bits }) };
    },
    warm: warmTargets(families, context, (model, why) =>
      log.warning("a model is not warmed up", { model, why }),
    ),
    log,
  });
}

/** A mistake in `model_paths` would otherwise appear only at the first request. */
function warnOfModels({ model_paths }: Settings, log: Log): void {
  for (const problem of pathProblems(families, model_paths))
    log.warning("a path of model_paths cannot be used", problem);
}

interface Pruned {
  settings: Settings;
  stores: Stores;
  thumbnails: Thumbnails;
  log: Log;
}

async function pruneStored({ settings, stores, thumbnails, log }: Pruned): Promise<void> {
  const { files, jobs, presence } = stores;
  try {
    const mayPrune = await files.takeTurn("prune", upkeepEvery / 1000 - 60);
    const deleted = mayPrune
      ? await pruneFiles(files, settings, () => jobs.filesInUse(), presence?.now())
      : [];
    if (deleted.length > 0) log.info("old files deleted", { count: deleted.length });
    if (await files.takeTurn("sweep", day)) {
      // Younger bytes may belong to a job that has not ended.
      const { removed, missing } = await files.sweep(day);
      if (removed + missing.length > 0)
        log.warning("files were put in order", { removed, missing: missing.length });
    }
    await thumbnails.sweep();
  } catch (error) {
    log.error("upkeep failed", { error });
  }
}

/** What the engine's library says of itself, once it runs. */
class LibraryVersions {
  known: { mlx: string; kernels: string } | null = null;

  constructor(
    readonly engine: Engine,
    readonly log: Log,
  ) {}

  async ask(): Promise<void> {
    try {
      const { mlx, kernels } = await this.engine.stats();
      if (mlx !== undefined && kernels !== undefined) this.known = { mlx, kernels };
    } catch (error) {
      this.log.error("the engine does not tell its versions", { error });
    }
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
