/** Models are installed and removed over HTTP, against a hub on loopback. */
import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { flux2 } from "../../src/capabilities/flux2/index.ts";
import type { Job } from "../../src/jobs/job.ts";
import { type Behaviour, hubServer } from "../src/hub/hub-server.ts";
import { depthServer } from "./server.ts";

const endpoint = process.env.HF_ENDPOINT;
afterAll(() => {
  if (endpoint === undefined) delete process.env.HF_ENDPOINT;
  else process.env.HF_ENDPOINT = endpoint;
});

interface SetupList {
  data: Record<string, unknown>[];
}

const large = {
  "config.json": new TextEncoder().encode("{}"),
  "preprocessor_config.json": new TextEncoder().encode("{}"),
  "model.safetensors": new Uint8Array(3_000_000).map((_, at) => at % 251),
};

/** A server whose hub behaves like that. */
async function serverWith(
  behaviour: Behaviour = {},
  settings: Record<string, unknown> = {},
  files: Parameters<typeof hubServer>[0] = large,
  freeBytes?: number,
) {
  const hub = hubServer(files, behaviour);
  afterAll(() => hub[Symbol.dispose]());
  process.env.HF_ENDPOINT = hub.url;
  const server = await depthServer({
    activated: [],
    settings,
    ...(freeBytes !== undefined && { freeBytes }),
  });
  const activate = async (model: string, body: object = {}) => {
    const answer = await server.post(`/v1/image/${model}/activate`, body);
    return {
      status: answer.status,
      body: (await answer.json()) as { job_id: string; code: string; detail: string },
    };
  };
  const isActivated = async (family: string, name: string) => {
    const models = (await (await server.get(`/v1/image/${family}/models`)).json()) as {
      name: string;
      activated: boolean;
    }[];
    return models.find((model) => model.name === name)!.activated;
  };
  return { ...server, hub, activate, isActivated };
}

test("a model is downloaded as a job with bytes in its events, works, and is removed again", async () => {
  const server = await serverWith();
  expect(await server.isActivated("depthanything", "v2-small")).toBe(false);
  const { status, body } = await server.activate("depthanything/models/v2-small");
  expect(status).toBe(202);
  const job = await server.ended(body.job_id);
  expect(job).toMatchObject({ type: "activation", status: "succeeded", progress: 1 });
  expect(job.result).toMatchObject({ family: "depthanything", model: "v2-small" });
  const events = await (await server.get(`/v1/jobs/${job.id}/events`)).text();
  expect(events).toContain('"bytes_total":');
  expect(await server.isActivated("depthanything", "v2-small")).toBe(true);

  const again = await server.activate("depthanything/models/v2-small");
  expect((await server.ended(again.body.job_id)).status).toBe("succeeded");

  const removed = await server.post("/v1/image/depthanything/models/v2-small/deactivate", {});
  expect([
    removed.status,
    ((await removed.json()) as { freed_bytes: number }).freed_bytes > 2_999_999,
  ]).toEqual([200, true]);
  expect(await server.isActivated("depthanything", "v2-small")).toBe(false);
});

test("adapters for few steps come with the model when they are asked for, and leave with it", async () => {
  const adapter = (steps: number) => `Qwen-Image-Edit-2511-Lightning-${steps}steps-V1.0-bf16.safetensors`;
  const parts = ["transformer", "text_encoder", "vae", "tokenizer", "scheduler"].map(
    (part) => `${part}/part.json`,
  );
  const bytes = (size: number) => new Uint8Array(size).map((_, at) => at % 249);
  const server = await serverWith(
    {},
    {},
    {
      ...Object.fromEntries(parts.map((name) => [name, new TextEncoder().encode("{}")])),
      [adapter(4)]: bytes(40_000),
      [adapter(8)]: bytes(80_000),
    },
  );
  const downloaded = async (body: object) => {
    const made = await server.activate("qwen/models/edit-2511", body);
    expect(made.status).toBe(202);
    const job = await server.ended(made.body.job_id);
    expect(job.status).toBe("succeeded");
    return job.result!.downloaded_bytes as number;
  };
  expect(await downloaded({})).toBeLessThan(100);
  expect(await server.isActivated("qwen", "edit-2511")).toBe(true);
  expect(await downloaded({ fast: true })).toBe(120_000);
  expect(await downloaded({ fast: true })).toBe(0);
  const removed = await server.post("/v1/image/qwen/models/edit-2511/deactivate", {});
  expect(((await removed.json()) as { freed_bytes: number }).freed_bytes).toBeGreaterThanOrEqual(120_000);
});

test("a copy in four bits is fetched in the place of the published weights, makes pictures, and is removed", async () => {
  const folder = join(import.meta.dir, "../fixtures/flux2-mflux");
  const files = Object.fromEntries(
    [...new Glob("*/*").scanSync({ cwd: folder })].map((name) => [name, readFileSync(join(folder, name))]),
  );
  const { copies } = flux2.variants.find(({ name }) => name === "klein-4b")!;
  const download = copies!.find(({ bits }) => bits === 4)!.downloads[0]!;
  const hub = hubServer(files, { commit: (download as { revision: string }).revision });
  afterAll(() => hub[Symbol.dispose]());
  process.env.HF_ENDPOINT = hub.url;
  const server = await depthServer({
    modelPaths: {},
    settings: { flux2_default_width: 64, flux2_default_height: 64 },
  });
  const stateOf = async () => {
    const { data } = (await (await server.get("/v1/setup")).json()) as SetupList;
    return data.find(({ family, name }) => family === "flux2" && name === "klein-4b")!;
  };
  expect(await stateOf()).toMatchObject({
    status: "missing",
    size_gb: 16,
    copies: [{ bits: 8 }, { bits: 4 }],
  });
  const path = "/v1/image/flux2/models/klein-4b/activate";
  const wrong = await server.post(path, { bits: 5 });
  expect([wrong.status, ((await wrong.json()) as { detail: string }).detail]).toEqual([
    422,
    "flux2/klein-4b is published in 8 and 4 bits, not in 5",
  ]);
  const misspelt = await server.post(path, { bit: 4 });
  expect([misspelt.status, JSON.stringify(await misspelt.json())]).toEqual([
    422,
    expect.stringContaining('\\"bit\\"'),
  ]);
  expect((await server.counts()).jobs).toBe(0);
  const answer = await server.post(path, { bits: 4 });
  const job = await server.ended(((await answer.json()) as { job_id: string }).job_id);
  expect(job).toMatchObject({ status: "succeeded", params: { bits: 4 }, result: { bits_in_use: 4 } });
  expect(await stateOf()).toMatchObject({
    status: "ready",
    bits: 4,
    size_gb: 4.6,
    resources: [{ label: "mflux-community/flux2-klein-4b-mflux-q4", ready: true }],
    copies: [
      { bits: 8, ready: false },
      { bits: 4, ready: true, activate_command: "easel activate flux2/klein-4b --bits 4" },
    ],
  });
  const request = { model: "klein-4b", prompt: "a red fox", steps: 2, seed: 3 };
  const made = await server.post("/v1/image/flux2/generate", request, { accept: "application/json" });
  const { result } = (await made.json()) as Job;
  expect(result!.params).toMatchObject({ quantize: 4, width: 64 });
  const removed = await server.post("/v1/image/flux2/models/klein-4b/deactivate", {});
  const bytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
  expect(((await removed.json()) as { freed_bytes: number }).freed_bytes).toBe(bytes);
  expect(await stateOf()).toMatchObject({ status: "missing" });
}, 60_000);

test("a licence that forbids commercial use is named, and its acceptance stays with the job", async () => {
  const server = await serverWith();
  const refused = await server.activate("depthpro/models/base");
  expect([refused.status, refused.body.code]).toEqual([403, "license_not_accepted"]);
  expect(refused.body.detail).toMatch(/https:\/\/.*accept_license/);
  for (const accept_license of ["yes", "true", 1, [true]]) {
    const { status, body } = await server.activate("depthpro/models/base", { accept_license });
    expect([accept_license, status]).toEqual([accept_license, 422]);
    expect(JSON.stringify(body)).toContain("accept_license");
  }
  expect((await server.counts()).jobs).toBe(0);
  const { body } = await server.activate("depthpro/models/base", { accept_license: true });
  const job = await server.ended(body.job_id);
  expect(job.params).toMatchObject({
    family: "depthpro",
    model: "base",
    accepted_license: { url: expect.stringContaining("https://"), by: expect.stringMatching(/127\.0\.0\.1/) },
  });
});

test("clients that ask for the same model watch one download, and a cancelled one can be resumed", async () => {
  const server = await serverWith({ trickle: { times: 1 } });
  const [first, second] = await Promise.all([
    server.activate("depthanything/models/v2-small"),
    server.activate("depthanything/models/v2-small"),
  ]);
  const third = await server.activate("depthanything/models/v2-small");
  expect(new Set([first, second, third].map(({ body }) => body.job_id)).size).toBe(1);
  expect([202, 202]).toEqual([first.status, second.status]);
  const canceled = (await (await server.post(`/v1/jobs/${first.body.job_id}/cancel`, {})).json()) as Job;
  expect(canceled.status).toBe("canceled");
  const next = await server.activate("depthanything/models/v2-small");
  expect(next.body.job_id).not.toBe(first.body.job_id);
  expect((await server.ended(next.body.job_id)).status).toBe("succeeded");
  // The silent connection may be the second download's, which notices after a while.
}, 60_000);

test("a download does not hold up the engine's jobs, nor they it", async () => {
  const server = await serverWith({ trickle: { times: 1 } }, {});
  const download = await server.activate("depthanything/models/v2-small");
  const health = (await (await server.get("/health")).json()) as { queue_len: number };
  expect(health.queue_len).toBeLessThanOrEqual(1);
  const picture = await server.upload(new URL("../fixtures/images/turn-1.png", import.meta.url).pathname);
  const answer = await server.post("/v1/image/depthanything/estimate", {
    image: picture,
    model: "mini",
    mode: "async",
  });
  const made = (await answer.json()) as { job_id?: string; queue_position?: number };
  // The built-in model's file is not in this test's folder: what matters is that the queue is free.
  if (made.job_id) expect(made.queue_position).toBe(0);
  await server.post(`/v1/jobs/${download.body.job_id}/cancel`, {});
});

test("hashes that do not fit end the job with the reason, and nothing is installed", async () => {
  const server = await serverWith({ corrupt: true });
  const { body } = await server.activate("depthanything/models/v2-small");
  const job = await server.ended(body.job_id);
  expect([job.status, job.error_code]).toEqual(["failed", "download_failed"]);
  // The blob on the disk is called by its hash; the message names the file.
  expect(job.error).toMatch(
    /^depth-anything\/Depth-Anything-V2-Small-hf\/[\w.]+ does not have the published hash/,
  );
  expect(await server.isActivated("depthanything", "v2-small")).toBe(false);
});

test("a model that cannot fit on the disk is refused at once, with the numbers, and asks the hub nothing", async () => {
  const server = await serverWith({}, {}, large, 1.5e9);
  const { status, body } = await server.activate("depthpro/models/base", { accept_license: true });
  expect([status, body.code]).toEqual([507, "disk_full"]);
  expect(body.detail).toBe("The download needs about 1.9 GB and the disk has 1.5 GB left");
  const { data } = (await (await server.get("/v1/jobs?type=activation")).json()) as { data: Job[] };
  expect(data).toEqual([]);
  expect(server.hub.seen).toEqual([]);
  expect((await server.activate("depthanything/models/v2-small")).status).toBe(202);
});

test("unknown, built-in and unpublished models, and servers that forbid it, are refused with their codes", async () => {
  const server = await serverWith();
  const code = async (model: string) => {
    const { status, body } = await server.activate(model);
    return [status, body.code];
  };
  expect(await code("depthanything/models/no-such")).toEqual([400, "unknown_model"]);
  expect(await code("depthanything/models/mini")).toEqual([422, "invalid_parameter"]);
  expect(await code("depthanything/models/v2-giant")).toEqual([422, "invalid_parameter"]);
  const closed = await serverWith({}, { allow_activation: false });
  const { status, body } = await closed.activate("depthanything/models/v2-small");
  expect([status, body.code]).toEqual([403, "activation_disabled"]);
  const removal = await closed.post("/v1/image/depthanything/models/v2-small/deactivate", {});
  expect(removal.status).toBe(403);
});
