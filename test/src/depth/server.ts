/** A server over real sockets and stores, with an engine that is made of plain functions or given. */
import { afterAll } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { library } from "../../../ffi/native.ts";
import { artworkOf } from "../../../src/capabilities/artworks/artwork.ts";
import type { CheckContext } from "../../../src/capabilities/capability.ts";
import type { EstimateInput, EstimateOutput } from "../../../src/capabilities/depth/phase.ts";
import { renderDepth } from "../../../src/capabilities/depth/render.ts";
import { networkSize } from "../../../src/capabilities/depthanything/variants.ts";
import { findVariant } from "../../../src/capabilities/model.ts";
import { capabilities, kindOf } from "../../../src/capabilities/registry.ts";
import { openDatabase } from "../../../src/database.ts";
import { connect } from "../../../src/engine/client.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { Refusal } from "../../../src/errors.ts";
import { openLocalStore } from "../../../src/files/local.ts";
import { insertFile } from "../../../src/files/records.ts";
import { createApp } from "../../../src/http/app.ts";
import { linkKey } from "../../../src/http/link-key.ts";
import type { JobFiles } from "../../../src/jobs/files.ts";
import type { Job } from "../../../src/jobs/job.ts";
import { createScheduler } from "../../../src/jobs/scheduler.ts";
import { createJobStore } from "../../../src/jobs/sqlite.ts";
import { silent } from "../../../src/log.ts";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { locate } from "../../../src/weights/locate.ts";

/** What the engine was asked for. */
export interface Asked {
  loads: string[];
  inputs: Omit<EstimateInput, "pixels">[];
}

/** An engine for which the bottom row is near: depth grows upwards from 1 by one a row, inverse depth downwards. */
function rampEngine(asked: Asked): Engine {
  return {
    async load(key) {
      asked.loads.push(key);
      // No measure: the plan goes by the estimate.
      return { bytes: 0 };
    },
    async run(family, _phase, _parts, input) {
      const { pixels, ...rest } = input as EstimateInput;
      if (pixels.length !== rest.width * rest.height * 3) throw new Error("not the picture's pixels");
      asked.inputs.push(rest);
      const { width, height } =
        rest.at === "network" ? networkSize(rest, rest.inputSize!, rest.bound ?? "short") : rest;
      const inverse = rest.render.values === "inverse";
      const depth = new Float32Array(width * height);
      for (let y = 0; y < height; y++) depth.fill(inverse ? y + 1 : height - y, y * width, (y + 1) * width);
      const output: EstimateOutput = {
        depth,
        width,
        height,
        unit: family === "depthpro" ? "metre" : inverse ? "relative_inverse" : "relative",
        ...(family === "depthpro" && { focalLengthPx: rest.focalLengthPx ?? 1234 }),
        ...renderDepth(depth, width, height, rest.render),
      };
      return { output, peak: 0 };
    },
    async evict() {},
    stats: async () => ({ active: 0, peak: 0, cache: 0, parts: {}, device: "cpu" }),
  };
}

async function realEngine(worker: Worker): Promise<Engine> {
  const engine = connect(worker, (error) => {
    throw error;
  });
  await engine.open(join(import.meta.dir, "../../../dist/native", library));
  return engine;
}

const capabilityOf = (family: string) => capabilities.find((each) => each.family === family)!;
/** Nothing was ever downloaded to this machine. */
const nowhere = {
  places: { hub: { endpoint: "", token: undefined, cache: "/nonexistent" }, downloads: "/nonexistent" },
  embedded: "/nonexistent",
};

export interface DepthServerOptions {
  settings?: Partial<Settings>;
  /** Variants whose files are here, as "family/name"; all of them by default. */
  activated?: readonly string[];
  /** Folders and files of weights by "family/name", for the real engine; without them a made-up one answers. */
  modelPaths?: Readonly<Record<string, string>>;
  /** What lies behind the URLs that requests name. */
  urls?: Readonly<Record<string, string>>;
}

export async function depthServer(options: DepthServerOptions = {}) {
  const { activated, modelPaths, urls = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), "easel-depth-"));
  const settings = defaultSettings({ data_dir: folder, auth_token: null, ...options.settings });
  const asked: Asked = { loads: [], inputs: [] };
  const database = openDatabase(join(folder, "easel.db"));
  const local = await openLocalStore({ database, root: join(folder, "files") });
  const links = { key: linkKey(folder), ttl: settings.result_link_ttl_s };
  const told: unknown[] = [];
  const store = createJobStore(database, {
    keepFile: (record) => insertFile(database, record),
    notification(job, webhook) {
      const origin = String(webhook.context?.origin);
      const message = job.type === "depth-map" ? artworkOf(job, origin, links) : job;
      told.push(message);
      return message;
    },
  });
  const context: CheckContext = {
    settings,
    activation: (family, variant) =>
      modelPaths
        ? locate(family, findVariant(capabilityOf(family).variants, variant)!, { ...nowhere, modelPaths })
        : !activated || activated.includes(`${family}/${variant}`)
          ? { source: { paths: [`${family}/${variant}`] } }
          : { missing: [`files-of-${variant}`] },
  };
  const jobFiles: JobFiles = {
    async resolve(ref) {
      const source = ref.type === "url" ? urls[ref.url] : undefined;
      if (ref.type === "url" && source === undefined) {
        throw new Refusal("fetch_failed", "failed to fetch image url: HTTP Error 404");
      }
      const record =
        ref.type === "url"
          ? await local.store(new Uint8Array(readFileSync(source!)), { filename: "fetched" })
          : (await local.get(ref.file_id))!;
      return { record, path: await local.local(record) };
    },
    stage: ({ bytes, filename, content_type, meta }) => local.stage(bytes, { filename, content_type, meta }),
    discard: (record) => local.discard(record),
  };
  const worker = modelPaths && new Worker(new URL("../../../src/engine/worker.ts", import.meta.url));
  const engine = worker ? await realEngine(worker) : rampEngine(asked);
  const scheduler = createScheduler({
    store,
    files: jobFiles,
    engine,
    kind: kindOf,
    model: (family, variant) => ({ domain: "image", repo: `${family}/${variant}` }),
    context,
    memory: () => ({ total: 64 * 2 ** 30 }),
    log: silent,
  });
  const app = createApp({
    settings,
    version: "0",
    capabilities,
    scheduler,
    files: local,
    context,
    log: silent,
    notReady: () => null,
    scalar: () => new Blob([]),
  });
  await scheduler.start();
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => app.fetch(request) });
  afterAll(async () => {
    await scheduler.stop();
    worker?.terminate();
    await server.stop(true);
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const origin = server.url.origin;
  const get = (path: string) => fetch(new URL(path, origin));
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(new URL(path, origin), {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return {
    origin,
    get,
    post,
    asked,
    told,
    scheduler,
    /** Uploads a file and gives a reference to it. */
    async upload(path: string) {
      const form = new FormData();
      form.set("file", new File([readFileSync(path)], "picture"));
      const answer = await fetch(new URL("/v1/files", origin), { method: "POST", body: form });
      return { type: "file_id", file_id: ((await answer.json()) as { file_id: string }).file_id };
    },
    async counts() {
      const jobs = (await (await get("/v1/jobs")).json()) as { data: Job[] };
      return { jobs: jobs.data.length, files: (await local.totals()).count };
    },
  };
}
