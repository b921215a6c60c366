/** The whole server on a port of its own, with an engine that is made of plain functions, or with the real one. */
import { afterAll } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { library } from "../../ffi/native.ts";
import { drawMap } from "../../src/capabilities/depth/engine/draw.ts";
import { runExtras } from "../../src/capabilities/depth/engine/extras.ts";
import type { EstimateInput, EstimateOutput } from "../../src/capabilities/depth/phase.ts";
import { families } from "../../src/capabilities/registry.ts";
import { connect } from "../../src/engine/client.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Job } from "../../src/jobs/job.ts";
import { networkSizes } from "../../src/models/depth-anything/memory.ts";
import { serve } from "../../src/serve.ts";
import { defaultSettings, type SomeSettings } from "../../src/settings/load.ts";

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
    async run(family, phase, _parts, input) {
      if (phase === "extras") return { output: runExtras(input, () => {}), input, peak: 0 };
      const { pixels, ...rest } = input as EstimateInput;
      if (pixels.length !== rest.width * rest.height * 3) throw new Error("not the picture's pixels");
      asked.inputs.push(rest);
      const { width, height } =
        rest.at === "network"
          ? networkSizes(2, rest, { inputSize: rest.inputSize!, bound: rest.bound ?? "short" })[1]
          : rest.original;
      const inverse = rest.render.values === "inverse";
      const depth = new Float32Array(width * height);
      for (let y = 0; y < height; y++) depth.fill(inverse ? y + 1 : height - y, y * width, (y + 1) * width);
      const unit = family === "depthpro" ? "metre" : inverse ? "relative_inverse" : "relative";
      const output: EstimateOutput = {
        ...(family === "depthpro" && { focalLengthPx: rest.focalLengthPx ?? 1234 }),
        ...drawMap({ depth, width, height, unit }, rest),
        precision: "float32",
      };
      return { output, input, peak: 0 };
    },
    async evict() {},
    stats: async () => ({
      active: 0,
      peak: 0,
      cache: 0,
      parts: {},
      kind: "cpu" as const,
      architecture: "",
      device: "cpu",
    }),
  };
}

async function realEngine(worker: Worker): Promise<Engine> {
  const engine = connect(worker, (error) => {
    throw error;
  });
  // Pictures are held to references in float32, also where a processor multiplies bfloat16.
  const precision = { products: "float32", quantized: "auto" } as const;
  await engine.open(join(import.meta.dir, "../../dist/native", library), "best", precision);
  return engine;
}

/** Every model, as if its files were in that folder. */
const everywhere = (folder: string) =>
  families.flatMap(({ family, variants }) => variants.map(({ name }) => [`${family}/${name}`, folder]));

export interface DepthServerOptions {
  settings?: SomeSettings;
  /** Variants whose files are here, as "family/name"; all of them by default. */
  activated?: readonly string[];
  /** Folders and files of weights by "family/name", for the real engine; without them a made-up one answers. */
  modelPaths?: Readonly<Record<string, string>>;
  /** Free bytes of the disk, as the server sees it; enough for every model by default. */
  freeBytes?: number;
}

export async function depthServer(options: DepthServerOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "easel-depth-"));
  // What the machine has downloaded is not to change what these tests see.
  process.env.HF_HUB_CACHE = folder;
  const { activated, modelPaths } = options;
  const named = activated?.map((name) => [name, folder]) ?? everywhere(folder);
  const settings = defaultSettings({
    port: 0,
    data_dir: folder,
    files_root: join(folder, "files"),
    cache_dir: join(folder, "cache"),
    log_level: "error",
    auth_token: null,
    model_paths: modelPaths ?? Object.fromEntries(named),
    allowed_url_hosts: ["127.0.0.1"],
    ...options.settings,
  });
  const asked: Asked = { loads: [], inputs: [] };
  const worker = modelPaths && new Worker(new URL("../../src/worker.ts", import.meta.url));
  const engine = worker ? await realEngine(worker) : rampEngine(asked);
  const { freeBytes = Number.POSITIVE_INFINITY } = options;
  const serving = await serve(
    settings,
    { engine, folder: Promise.resolve(folder) },
    { freeBytes: () => freeBytes },
  );
  afterAll(async () => {
    await serving.stop();
    worker?.terminate();
    rmSync(folder, { recursive: true, force: true });
  });

  const origin = serving.url.origin;
  const headers: Record<string, string> = settings.auth_token
    ? { authorization: `Bearer ${settings.auth_token}` }
    : {};
  const get = (path: string) => fetch(new URL(path, origin), { headers });
  const post = (path: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(new URL(path, origin), {
      method: "POST",
      headers: { "content-type": "application/json", ...headers, ...more },
      body: JSON.stringify(body),
    });
  const count = async (path: string) => ((await (await get(path)).json()) as { data: unknown[] }).data.length;
  return {
    origin,
    get,
    post,
    asked,
    /** Uploads a file and gives a reference to it. */
    async upload(path: string) {
      const form = new FormData();
      form.set("file", new File([readFileSync(path)], "picture"));
      const answer = await fetch(new URL("/v1/files", origin), { method: "POST", body: form, headers });
      return { type: "file_id", file_id: ((await answer.json()) as { file_id: string }).file_id };
    },
    /** The job once it has ended. */
    async ended(id: string): Promise<Job> {
      for (;;) {
        const job = (await (await get(`/v1/jobs/${id}`)).json()) as Job;
        if (job.finished_at !== null) return job;
        await Bun.sleep(10);
      }
    },
    counts: async () => ({ jobs: await count("/v1/jobs"), files: await count("/v1/files") }),
    /** Until there are so many files: those of a refused request go once the job's end is written. */
    async hasFiles(wanted: number): Promise<void> {
      while ((await count("/v1/files")) !== wanted) await Bun.sleep(10);
    },
  };
}

/** A site that has those files, keeps what is POSTed to it, and never answers for `/never`. */
export function site(folder: string) {
  const told: unknown[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      if (request.method === "POST") {
        told.push(await request.json());
        return new Response();
      }
      const { pathname } = new URL(request.url);
      if (pathname === "/never")
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      const file = Bun.file(join(folder, pathname));
      return (await file.exists()) ? new Response(file) : new Response("not here", { status: 404 });
    },
  });
  afterAll(() => server.stop(true));
  return { url: (name: string) => new URL(name, server.url).href, told };
}
