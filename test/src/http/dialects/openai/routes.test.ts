import { afterAll, describe, expect, test } from "bun:test";
import { z } from "@hono/zod-openapi";
import OpenAI, { APIError, toFile } from "openai";
import type { Capability, Operation } from "../../../../../src/capabilities/capability.ts";
import { FileRefSchema, Mode } from "../../../../../src/capabilities/schemas.ts";
import { Refusal } from "../../../../../src/errors.ts";
import { createApp } from "../../../../../src/http/app.ts";
import type { Job } from "../../../../../src/jobs/job.ts";
import type { Idempotency, NewJob } from "../../../../../src/jobs/store/store.ts";
import { noPrompts } from "../../../prompts.ts";
import { idle, tempFiles, testDeps } from "../../deps.ts";

const request = z.looseObject({
  prompt: z.string(),
  model: z.string().nullish(),
  mode: Mode,
  width: z.int(),
  height: z.int(),
  steps: z.int().optional(),
  seed: z.int().optional(),
  format: z.string().optional(),
  quality: z.int().optional(),
  preview: z.boolean().optional(),
  images: z.array(FileRefSchema).optional(),
});
const operation = (path: string, type: string) =>
  ({
    type,
    path,
    operationId: type,
    summary: type,
    description: type,
    request,
    result: z.object({}),
    jobComponent: `Job_${type}`,
    artifactTypes: ["image/png"],
    check(body: { width: number; prompt: string }) {
      if (body.width % 16 !== 0)
        throw new Refusal("invalid_parameter", "width and height must be multiples of 16");
      return body;
    },
  }) as unknown as Operation;
const [generate, edit] = [operation("/generate", "qwen"), operation("/edit", "qwen-edit")];
const defaults = (steps: number) => () => ({ width: 1024, height: 768, steps });
const painter: Capability = {
  family: "qwen",
  domain: "image",
  label: "Painter",
  title: "Painter",
  summary: "",
  description: "",
  variants: [
    {
      name: "image",
      aliases: ["qwen-image"],
      repo: "Qwen/Qwen-Image",
      features: ["image", "text"],
      licence: { name: "Apache-2.0", url: "", commercial: true },
      downloads: [],
      diskGb: 1,
    },
  ],
  defaultVariant: () => "image",
  operations: [generate, edit],
  openai: {
    generate: { operation: generate, defaults: defaults(30) },
    edit: { operation: edit, defaults: defaults(20) },
  },
};

const files = await tempFiles();
const submitted: NewJob[] = [];
const removed: string[] = [];
let outcome: Partial<Job> = {};
const jobs = new Map<string, Job>();
const known = new Map<string, { hash: string; job: Job }>();
const scheduler = {
  ...idle,
  async submit(job: NewJob) {
    const before = known.get(job.idempotency?.key ?? "");
    if (before) return { job: before.job, created: false, queue_position: 0 };
    submitted.push(job);
    for (const file of job.files ?? []) await files.insert(file);
    const id = `job_${submitted.length}`;
    const picture = await files.store(new TextEncoder().encode(`picture ${submitted.length}`), {
      filename: "a.png",
      content_type: "image/png",
    });
    const made = {
      id,
      type: job.type,
      status: "succeeded",
      artifacts: [picture.file_id],
      error: null,
      error_code: null,
      ...outcome,
    };
    jobs.set(id, made as unknown as Job);
    if (job.idempotency)
      known.set(job.idempotency.key, { hash: job.idempotency.hash, job: made as unknown as Job });
    return { job: made as unknown as Job, created: true, queue_position: 0 };
  },
  replay: async ({ key, hash }: Idempotency) => {
    const before = known.get(key);
    if (before && before.hash !== hash)
      throw new Refusal("idempotency_mismatch", "this Idempotency-Key was used before with another request");
    return before?.job;
  },
  wait: async (id: string) => ({ kind: "ended" as const, job: jobs.get(id)! }),
  remove: async (id: string) => {
    removed.push(id);
    return { job: jobs.get(id)!, files: [] };
  },
  events: async (id: string) =>
    (async function* () {
      yield { id: 1, event: "status" as const, data: { progress: 0.5 } };
      for (let i = 0; i < 5; i++)
        yield { id: 2 + i, event: "preview" as const, data: { image: `data:image/png;base64,cGFydCA${i}` } };
      yield { id: 9, event: "succeeded" as const, data: jobs.get(id) as unknown as Record<string, unknown> };
    })(),
};
const settings = {
  auth_token: "swordfish",
  result_link_ttl_s: 60,
  max_upload_mb: 10,
};
const context = {
  settings: settings as never,
  prompts: noPrompts,
  budget: () => Infinity,
  activation: () => ({ source: { paths: [] } }),
};
const app = createApp(testDeps(settings, { capabilities: [painter], scheduler, files, context }));
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (each) => app.fetch(each) });
afterAll(() => server.stop(true));
const client = new OpenAI({ apiKey: "swordfish", baseURL: `${server.url.origin}/v1`, maxRetries: 0 });
const last = () => submitted.at(-1)!;
const text = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64").toString();

describe("OpenAI's own client", () => {
  test("lists the models that are here", async () => {
    const models = await Array.fromAsync(client.models.list());
    expect(models).toMatchObject([{ id: "qwen/image", object: "model", owned_by: "easel" }]);
  });

  test("generates a picture, with the defaults of the server", async () => {
    const answer = await client.images.generate({ model: "gpt-image-1", prompt: "a cat" });
    expect(text(answer.data?.[0]?.b64_json)).toBe(`picture ${submitted.length}`);
    expect(last()).toMatchObject({ type: "qwen", params: { prompt: "a cat", width: 1024, height: 768 } });
    expect(last().params).not.toHaveProperty("steps");
  });

  test("translates size, quality, format, count and model", async () => {
    const before = submitted.length;
    const answer = await client.images.generate({
      model: "qwen-image",
      prompt: "a cat",
      n: 3,
      size: "512x256" as "1024x1024",
      quality: "low",
      output_format: "webp",
      output_compression: 70,
    });
    expect(answer).toMatchObject({ size: "512x256", output_format: "webp", background: "opaque" });
    expect(answer.data?.length).toBe(3);
    expect(submitted.length - before).toBe(3);
    expect(last().params).toMatchObject({
      model: "image",
      width: 512,
      height: 256,
      steps: 15,
      format: "webp",
      quality: 70,
    });
  });

  test("gives links that need no token and cannot be changed", async () => {
    const answer = await client.images.generate({ prompt: "a cat", response_format: "url" });
    const url = answer.data![0]!.url!;
    expect(await (await fetch(url)).text()).toBe(`picture ${submitted.length}`);
    const other = url.replace(/file_[0-9a-f]{32}/, `file_${"0".repeat(32)}`);
    expect((await fetch(other)).status).toBe(403);
    expect((await fetch(url.replace(/expires=\d+/, "expires=1"))).status).toBe(403);
  });

  test("streams pictures of the way and then the last one", async () => {
    const stream = await client.images.generate({ prompt: "a cat", stream: true, partial_images: 2 });
    const events = await Array.fromAsync(stream);
    expect(events.map(({ type }) => type)).toEqual([
      "image_generation.partial_image",
      "image_generation.partial_image",
      "image_generation.completed",
    ]);
    expect(text(events.at(-1)!.b64_json)).toBe(`picture ${submitted.length}`);
    expect(last().params).toMatchObject({ preview: true });
  });

  test("edits pictures that it sends as files", async () => {
    const image = [
      await toFile(Buffer.from("one"), "one.png", { type: "image/png" }),
      await toFile(Buffer.from("two"), "two.png", { type: "image/png" }),
    ];
    const answer = await client.images.edit({ image, prompt: "make it blue" });
    expect(text(answer.data?.[0]?.b64_json)).toBe(`picture ${submitted.length}`);
    expect(last().type).toBe("qwen-edit");
    const sent = last().params.images as { file_id: string }[];
    const bytes = await Promise.all(
      sent.map(async ({ file_id }) => Bun.file(await files.local((await files.get(file_id))!)).text()),
    );
    expect(bytes).toEqual(["one", "two"]);
  });

  test("reads a refusal as its own kind of error", async () => {
    const refusal = async (call: Promise<unknown>) =>
      (await call.catch((error: unknown) => error)) as APIError;
    const size = await refusal(client.images.generate({ prompt: "a cat", size: "513x512" as "1024x1024" }));
    expect(size).toBeInstanceOf(APIError);
    expect([size.status, size.code, size.type]).toEqual([400, "invalid_parameter", "invalid_request_error"]);
    expect(size.message).toContain("multiples of 16");
    const count = await refusal(client.images.generate({ prompt: "a cat", n: 11 }));
    expect([count.status, count.param]).toEqual([400, "n"]);
    const model = await refusal(client.images.generate({ prompt: "a cat", model: "no-such-model" }));
    expect([model.status, model.code]).toEqual([404, "model_not_found"]);
    const clear = await refusal(client.images.generate({ prompt: "a cat", background: "transparent" }));
    expect(clear.status).toBe(400);
    const stranger = new OpenAI({ apiKey: "wrong", baseURL: `${server.url.origin}/v1`, maxRetries: 0 });
    expect((await refusal(Promise.resolve(stranger.images.generate({ prompt: "a cat" })))).status).toBe(401);
  });

  test("learns that a job failed", async () => {
    outcome = { status: "failed", error: "the model gave up", error_code: "model_failed" };
    const error = (await client.images
      .generate({ prompt: "a cat" })
      .catch((each: unknown) => each)) as APIError;
    outcome = {};
    expect([error.status, error.code, error.type]).toEqual([500, "model_failed", "server_error"]);
    expect(error.message).toContain("the model gave up");
  });
});

test("an edit may come as JSON, with data URLs stored before the job", async () => {
  const post = (body: unknown) =>
    fetch(`${server.url.origin}/v1/images/edits`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer swordfish" },
      body: JSON.stringify(body),
    });
  const answer = await post({ prompt: "blue", images: [{ image_url: "data:image/png;base64,b25l" }] });
  expect(answer.status).toBe(200);
  const [image] = last().params.images as { type: string; file_id: string }[];
  expect(image).toMatchObject({ type: "data_url", media_type: "image/png", size: 3 });
  expect(await Bun.file(await files.local((await files.get(image!.file_id))!)).text()).toBe("one");
  const empty = await post({ prompt: "blue", images: [{}] });
  expect(empty.status).toBe(400);
});

test("a form without a picture, or with a mask for a model that takes none, leaves no file behind", async () => {
  const before = (await files.totals()).count;
  const post = (form: FormData) =>
    fetch(`${server.url.origin}/v1/images/edits`, {
      method: "POST",
      headers: { authorization: "Bearer swordfish" },
      body: form,
    });
  const bare = new FormData();
  bare.set("prompt", "blue");
  expect((await post(bare)).status).toBe(400);
  for (const name of ["mask", "mask[]"]) {
    const masked = new FormData();
    masked.set("prompt", "blue");
    masked.append("image", new File(["one"], "one.png"));
    masked.append(name, new File(["mask"], "mask.png"));
    const answer = await post(masked);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { type: "invalid_request_error", message: expect.stringContaining("cannot repaint a part") },
    });
  }
  for (const masks of [
    ["mask", "mask"],
    ["mask[]", "mask[]"],
    ["mask", "mask[]"],
  ]) {
    const twice = new FormData();
    twice.set("prompt", "blue");
    for (const name of ["image", ...masks]) twice.append(name, new File(["one"], "one.png"));
    const answer = await post(twice);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { message: "mask: it must be one file" } });
  }
  expect((await files.totals()).count).toBe(before);
});

test("fields that change nothing are named in the answer, and a seed of -1 is a random one", async () => {
  const answer = await fetch(`${server.url.origin}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: "Bearer swordfish", "content-type": "application/json" },
    body: JSON.stringify({ prompt: "a cat", style: "vivid", user: "me", seed: -1, n: 2 }),
  });
  expect([answer.status, answer.headers.get("x-easel-ignored")]).toEqual([200, "style, user"]);
  expect(submitted.slice(-2).map(({ params, dialect }) => [params.seed, dialect])).toEqual([
    [undefined, "openai"],
    [undefined, "openai"],
  ]);
});

test.each([
  ["model", "nonsense"],
  ["size", "100x100"],
])("a form whose %s is refused leaves no file behind", async (name, value) => {
  const before = (await files.totals()).count;
  const form = new FormData();
  form.set("prompt", "blue");
  form.set(name, value);
  form.append("image", new File(["one"], "one.png"));
  const answer = await fetch(`${server.url.origin}/v1/images/edits`, {
    method: "POST",
    headers: { authorization: "Bearer swordfish" },
    body: form,
  });
  expect([answer.status >= 400 && answer.status < 500, (await files.totals()).count]).toEqual([true, before]);
});

test("pictures that were asked for together are made together or not at all", async () => {
  const submit = scheduler.submit;
  let count = 0;
  scheduler.submit = async (job) => {
    if (++count === 3) throw new Refusal("queue_full", "too many jobs wait", { "Retry-After": "5" });
    return submit(job);
  };
  removed.length = 0;
  const error = (await client.images
    .generate({ prompt: "a cat", n: 4 })
    .catch((each: unknown) => each)) as APIError;
  scheduler.submit = submit;
  expect([error.status, error.type]).toEqual([429, "rate_limit_error"]);
  expect(removed.length).toBe(2);
});

describe("a request that is sent again with its Idempotency-Key", () => {
  test("gives the pictures that it gave before, one key for all of them", async () => {
    const before = submitted.length;
    const ask = () =>
      client.images.generate({ prompt: "a dog", n: 3 }, { headers: { "Idempotency-Key": "dogs" } });
    const [first, second] = [await ask(), await ask()];
    expect(submitted.length - before).toBe(3);
    expect(second.data).toEqual(first.data);
    const other = client.images.generate({ prompt: "a cow" }, { headers: { "Idempotency-Key": "dogs" } });
    const error = (await other.catch((each: unknown) => each)) as APIError;
    expect([error.status, error.code]).toEqual([400, "idempotency_mismatch"]);
  });

  test("leaves no second copy of the pictures that came with it", async () => {
    const ask = async (content: string) =>
      client.images.edit(
        { image: await toFile(Buffer.from(content), "one.png", { type: "image/png" }), prompt: "blue" },
        { headers: { "Idempotency-Key": "blue" } },
      );
    await ask("one");
    const before = [submitted.length, (await files.totals()).count];
    await ask("one");
    expect([submitted.length, (await files.totals()).count]).toEqual(before);
    const error = (await ask("two").catch((each: unknown) => each)) as APIError;
    expect([error.status, error.code]).toEqual([400, "idempotency_mismatch"]);
    expect([submitted.length, (await files.totals()).count]).toEqual(before);
  });

  test("with a refusal takes away only what it made itself", async () => {
    const headers = { "Idempotency-Key": "partly" };
    await client.images.generate({ prompt: "a hen", n: 2 }, { headers });
    known.delete("partly\u00001");
    const submit = scheduler.submit;
    scheduler.submit = async () => {
      throw new Refusal("queue_full", "too many jobs wait", { "Retry-After": "5" });
    };
    removed.length = 0;
    const again = client.images.generate({ prompt: "a hen", n: 2 }, { headers });
    const error = (await again.catch((each: unknown) => each)) as APIError;
    scheduler.submit = submit;
    expect([error.status, removed.length]).toEqual([429, 0]);
  });
});
