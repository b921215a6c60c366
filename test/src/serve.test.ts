import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathProblems } from "../../src/capabilities/catalogue.ts";
import { families } from "../../src/capabilities/registry.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Job } from "../../src/jobs/job.ts";
import { type Serving, serve } from "../../src/serve.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { rampEngine } from "./ramp-engine.ts";

const picture = new Uint8Array(readFileSync(join(import.meta.dir, "../fixtures/images/turn-1.png")));
const folders: string[] = [];
const running = new Set<Serving>();
afterEach(async () => {
  for (const serving of running) await serving.stop();
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "easel-serve-"));
  folders.push(folder);
  return folder;
}

async function start(
  data_dir: string,
  {
    engine = rampEngine(),
    idleTimeout,
    ...settings
  }: Partial<Settings> & { engine?: Engine; idleTimeout?: number } = {},
): Promise<Serving> {
  const serving = await serve(
    defaultSettings({
      host: "127.0.0.1",
      port: 0,
      data_dir,
      files_root: join(data_dir, "files"),
      cache_dir: join(data_dir, "cache"),
      model_paths: { "depthpro/base": data_dir },
      log_level: "error",
      ...settings,
    }),
    { engine, folder: Promise.resolve(data_dir) },
    idleTimeout === undefined ? {} : { idleTimeout },
  );
  running.add(serving);
  return serving;
}

async function stop(serving: Serving): Promise<void> {
  running.delete(serving);
  await serving.stop();
}

const image = { data_url: `data:image/png;base64,${Buffer.from(picture).toString("base64")}` };

const estimate = (serving: Serving, body: object = {}, headers: Record<string, string> = {}) =>
  fetch(new URL("/v1/image/depthpro/estimate", serving.url), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ image, ...body }),
  });

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await Bun.sleep(5);
  }
}

const jobOf = async (serving: Serving, id: string) =>
  (await (await fetch(new URL(`/v1/jobs/${id}`, serving.url))).json()) as Job;

test("a picture goes in, and its depth comes out, by every way that the API has", async () => {
  const serving = await start(newFolder());
  const form = new FormData();
  form.set("file", new File([picture], "a picture.png", { type: "image/png" }));
  const upload = await fetch(new URL("/v1/files", serving.url), { method: "POST", body: form });
  const { file_id } = (await upload.json()) as { file_id: string };

  const bytes = await estimate(serving, { image: { file_id }, include_depth_data: false });
  expect(bytes.headers.get("content-type")).toBe("image/png");
  expect(new Uint8Array(await bytes.arrayBuffer()).slice(1, 4)).toEqual(new TextEncoder().encode("PNG"));
  const artifact = bytes.headers.get("x-kiapi-file-id");
  const stored = await fetch(new URL(`/v1/files/${artifact}/download`, serving.url));
  expect(stored.headers.get("etag")).toBe(bytes.headers.get("etag"));

  const job = (await (await estimate(serving)).json()) as Job;
  expect([job.status, job.artifacts.length]).toEqual(["succeeded", 2]);

  const accepted = (await (await estimate(serving, { mode: "async" })).json()) as {
    urls: { events: string };
  };
  const events = await (await fetch(new URL(accepted.urls.events, serving.url))).text();
  expect(events).toMatch(/event: status\n[\s\S]*event: succeeded\n.*\n\n$/);
});

test("a second server on the same data directory is refused, and the first one goes on", async () => {
  const folder = newFolder();
  const first = await start(folder);
  await expect(start(folder)).rejects.toThrow("Another easel server uses this data directory");
  expect((await fetch(new URL("/health", first.url))).status).toBe(200);
  await stop(first);
  await start(folder);
});

test("a port that is taken is named, and the data directory is given back", async () => {
  const first = await start(newFolder());
  const folder = newFolder();
  const port = Number(first.url.port);
  await expect(start(folder, { port })).rejects.toThrow(
    `Cannot listen on 127.0.0.1:${port}: the port is taken`,
  );
  await start(folder);
});

test("listening for others without a token is refused, with the ways out", async () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.9"])
    await expect(start(newFolder(), { host, auth_token: null })).rejects.toThrow(
      /auth_token.*allow_insecure_bind/,
    );
  const serving = await start(newFolder(), { host: "0.0.0.0", auth_token: "s3cret-w0rd" });
  const url = `http://127.0.0.1:${serving.url.port}/v1/jobs`;
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url, { headers: { authorization: "Bearer s3cret-w0rd" } })).status).toBe(200);
});

test("a stop lets the running job end and answers who waits; the queue goes on at the next start", async () => {
  const folder = newFolder();
  const gate = Promise.withResolvers<void>();
  const first = await start(folder, { engine: rampEngine(() => gate.promise), shutdown_grace_s: 30 });
  const waiting = estimate(first);
  await until(async () =>
    (await (await fetch(new URL("/metrics", first.url))).text()).includes("easel_jobs_running 1"),
  );
  const { job_id } = (await (await estimate(first, { mode: "async" })).json()) as { job_id: string };
  const queued = estimate(first);
  await until(async () =>
    (await (await fetch(new URL("/metrics", first.url))).text()).includes("easel_queue_length 2"),
  );

  const stopped = stop(first);
  const putOff = await queued;
  expect([putOff.status, ((await putOff.json()) as { code: string }).code]).toEqual([503, "shutting_down"]);
  await expect(fetch(new URL("/health", first.url), { headers: { connection: "close" } })).rejects.toThrow();
  gate.resolve();
  expect(((await (await waiting).json()) as Job).status).toBe("succeeded");
  await stopped;

  const second = await start(folder);
  const done = await until(async () => {
    const job = await jobOf(second, job_id);
    return job.status === "succeeded" && job;
  });
  expect(done.artifacts.length).toBe(2);
});

test("a job that outlasts the grace is put back and runs at the next start", async () => {
  const folder = newFolder();
  const first = await start(folder, {
    engine: rampEngine(() => new Promise(() => {})),
    shutdown_grace_s: 0.05,
  });
  const { job_id } = (await (await estimate(first, { mode: "async" })).json()) as { job_id: string };
  await until(async () => (await jobOf(first, job_id)).status === "running");
  await stop(first);
  const second = await start(folder);
  const done = await until(async () => {
    const job = await jobOf(second, job_id);
    return job.status !== "queued" && job.status !== "running" && job;
  });
  expect([done.status, done.artifacts.length]).toEqual(["succeeded", 2]);
});

test("a request that waits longer than the idle timeout is answered all the same", async () => {
  const serving = await start(newFolder(), { engine: rampEngine(() => Bun.sleep(6000)), idleTimeout: 1 });
  const accepted = (await (await estimate(serving, { mode: "async" })).json()) as {
    urls: { events: string };
  };
  const events = fetch(new URL(accepted.urls.events, serving.url)).then((answer) => answer.text());
  const answer = await estimate(serving);
  expect(((await answer.json()) as Job).status).toBe("succeeded");
  expect(await events).toContain(": alive\n\n");
}, 30_000);

test("a webhook to a private address is refused at once, and nothing of the request stays", async () => {
  const serving = await start(newFolder());
  for (const webhook of ["http://127.0.0.1:9999/hook", "http://localhost/hook"]) {
    const answer = await estimate(serving, { mode: "async", webhook });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, "private_url"]);
  }
  for (const list of ["/v1/jobs", "/v1/files"])
    expect(await (await fetch(new URL(list, serving.url))).json()).toMatchObject({ data: [] });
  const allowed = await start(newFolder(), { allowed_url_hosts: ["127.0.0.1:9999"] });
  const answer = await estimate(allowed, { mode: "async", webhook: "http://127.0.0.1:9999/hook" });
  expect(answer.status).toBe(202);
});

test("a database that is damaged while the server runs ends it, with the file's name and the way out", async () => {
  const folder = newFolder();
  const path = join(folder, "easel.db");
  const first = await start(folder);
  for (let n = 0; n < 40; n++) await estimate(first);
  await stop(first);
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 8192, bytes.length - 8192);
  writeFileSync(path, bytes);
  const outcome = await start(folder).then(
    async (serving) => {
      await estimate(serving, { mode: "async" });
      expect(await (await fetch(new URL("/ready", serving.url))).json()).toMatchObject({
        ready: false,
        reason: "the job store is damaged",
      });
      return serving.failed;
    },
    (error: Error) => error,
  );
  expect(outcome.message).toContain(path);
  expect(outcome.message).toContain("easel repair");
});

test("a data directory that is removed while the server runs is an error of the store, and ends it", async () => {
  const folder = newFolder();
  const serving = await start(folder, { model_paths: { "depthpro/base": newFolder() } });
  rmSync(folder, { recursive: true });
  const answer = await estimate(serving);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([500, "store_failed"]);
  expect((await serving.failed).message).toBe(
    `data_dir ${folder} was removed or replaced while the server ran`,
  );
  expect(await (await fetch(new URL("/ready", serving.url))).json()).toMatchObject({
    ready: false,
    reason: "the data directory was removed",
  });
});

test("a job is deleted with its files when that is asked for", async () => {
  const serving = await start(newFolder());
  const kept = (await (await estimate(serving)).json()) as Job;
  const gone = (await (await estimate(serving)).json()) as Job;
  const remove = async (id: string, query: string) =>
    (await (
      await fetch(new URL(`/v1/jobs/${id}${query}`, serving.url), { method: "DELETE" })
    ).json()) as Record<string, unknown>;
  const input = (gone.params.image as { file_id: string }).file_id;
  const { deleted_files, ...rest } = await remove(gone.id, "?files=true");
  expect(rest).toEqual({ deleted: true, job_id: gone.id, was_running: false });
  expect((deleted_files as string[]).toSorted()).toEqual([...gone.artifacts, input].toSorted());
  expect(await remove(kept.id, "")).toEqual({ deleted: true, job_id: kept.id, was_running: false });
  const { data } = (await (await fetch(new URL("/v1/files", serving.url))).json()) as { data: unknown[] };
  expect(data).toHaveLength(kept.artifacts.length + 1);
});

test("a client that hangs up changes nothing about its job", async () => {
  const gate = Promise.withResolvers<void>();
  const serving = await start(newFolder(), { engine: rampEngine(() => gate.promise) });
  const controller = new AbortController();
  const body = JSON.stringify({ image });
  const gone = fetch(new URL("/v1/image/depthpro/estimate", serving.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    signal: controller.signal,
  });
  const list = async () =>
    ((await (await fetch(new URL("/v1/jobs", serving.url))).json()) as { data: Job[] }).data;
  const [job] = await until(async () => {
    const jobs = await list();
    return jobs.length > 0 && jobs;
  });
  controller.abort();
  await expect(gone).rejects.toThrow();
  gate.resolve();
  await until(async () => (await jobOf(serving, job!.id)).status === "succeeded");
});

/** Sends bytes as they are and gives what comes back. */
const rawly = (serving: Serving, text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(serving.url.port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });

test("requests with two lengths, or with too long a head, are refused before a route", async () => {
  const serving = await start(newFolder());
  const head = "POST /v1/jobs/job_00/cancel HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  const cases: [string, RegExp][] = [
    [`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /^HTTP\/1\.1 400/],
    [`${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, /^HTTP\/1\.1 400/],
    ["GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", /^HTTP\/1\.1 400/],
    [`GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(40_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
    ["GET /health HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 403/],
    ["GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", /^HTTP\/1\.1 403/],
  ];
  for (const [request, expected] of cases) expect(await rawly(serving, request)).toMatch(expected);
  expect((await fetch(new URL("/health", serving.url))).status).toBe(200);
});

test("the reference page's script is the real one", async () => {
  const serving = await start(newFolder());
  const answer = await fetch(new URL("/docs/scalar.js", serving.url));
  expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect((await answer.text()).length).toBeGreaterThan(1e6);
});

test("a model to warm up that does not exist or is not here keeps nobody from starting", async () => {
  const serving = await start(newFolder(), { warmup_models: ["nonsense", "v2-large", "depthpro/base"] });
  await until(async () => (await fetch(new URL("/ready", serving.url))).status === 200);
  const health = (await (await fetch(new URL("/health", serving.url))).json()) as {
    warm: boolean;
    memory: { loaded: { name: string }[] };
  };
  expect([health.warm, health.memory.loaded.map(({ name }) => name)]).toEqual([true, ["base"]]);
});

test("old files that cannot be deleted keep nobody from starting", async () => {
  const folder = newFolder();
  const first = await start(folder);
  const form = new FormData();
  form.set("file", new File([picture], "a.png"));
  const upload = await fetch(new URL("/v1/files", first.url), { method: "POST", body: form });
  const { file_id } = (await upload.json()) as { file_id: string };
  await stop(first);
  const blob = join(folder, "files/blobs", file_id);
  rmSync(blob);
  mkdirSync(blob);
  const serving = await start(folder, { files_ttl_days: 1e-9 });
  await until(async () => (await fetch(new URL(`/v1/files/${file_id}`, serving.url))).status === 404);
  expect((await fetch(new URL("/ready", serving.url))).status).toBe(200);
});

test("a slip in model_paths is told at the start, and the try-out model does not answer for a model that was meant", async () => {
  const folder = newFolder();
  const absent = join(folder, "absent");
  expect(
    pathProblems(families, {
      "depthpro/base": folder,
      "depthanything/v2-small": absent,
      "depthpro/bse": folder,
      seedvr2: folder,
    }).map(({ model }) => model),
  ).toEqual(["depthanything/v2-small", "depthpro/bse", "seedvr2"]);

  const serving = await start(folder, { model_paths: { "depthanything/v2-small": absent } });
  const answer = await fetch(new URL("/v1/image/depthanything/estimate", serving.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ image }),
  });
  expect(answer.status).toBe(503);
  expect((await answer.json()).detail).toContain("'v2-small' is not activated");
});
