import { expect, test } from "bun:test";
import { Hono } from "hono";
import type { Need } from "../../../../../src/engine/need.ts";
import { Refusal } from "../../../../../src/errors.ts";
import { createApp } from "../../../../../src/http/app.ts";
import { jsonReader } from "../../../../../src/http/request/body.ts";
import { inFlight } from "../../../../../src/http/request/in-flight.ts";
import type { Job } from "../../../../../src/jobs/job.ts";
import type { Scheduler, Waited } from "../../../../../src/jobs/scheduler.ts";
import type { NewJob } from "../../../../../src/jobs/store/store.ts";
import { idle, tempFiles, testDeps } from "../../deps.ts";
import { toy } from "../../toy.ts";

const id = `job_${"0".repeat(31)}1`;
const png = Buffer.from("picture").toString("base64");
const dataUrl = `data:image/png;base64,${png}`;

/** An app whose jobs end as they are told to. */
async function setup(waited?: (job: Job) => Waited | Promise<Waited>, settings = {}) {
  const files = await tempFiles();
  const submitted: NewJob[] = [];
  let job: Job | undefined;
  const scheduler: Scheduler = {
    ...idle,
    async submit(wanted) {
      submitted.push(wanted);
      for (const file of wanted.files ?? []) await files.insert(file);
      job = {
        type: wanted.type,
        params: wanted.params,
        id,
        status: "queued",
        result: null,
        artifacts: [],
        error: null,
        error_code: null,
        created_at: 1,
        started_at: null,
        finished_at: null,
        progress: null,
        progress_label: "queued",
        webhook_delivery: null,
      };
      return { job, created: true, queue_position: 4 };
    },
    wait: async () => waited?.(job!) ?? { kind: "timeout" },
  };
  const deps = testDeps(settings, { capabilities: [toy], scheduler, files });
  const app = createApp(deps);
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request("/v1/image/toy/play", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { app, post, files, submitted, deps };
}

const ended = (change: Partial<Job>) => (job: Job) => ({
  kind: "ended" as const,
  job: { ...job, ...change },
});
const image = { url: "https://example.com/a.png" };

test("async is 202 with the id, the place in the queue and the ways on", async () => {
  const answer = await (await setup()).post({ image, mode: "async" });
  expect(answer.status).toBe(202);
  expect(await answer.json()).toEqual({
    job_id: id,
    type: "toy",
    status: "queued",
    queue_position: 4,
    urls: { job: `/v1/jobs/${id}`, events: `/v1/jobs/${id}/events`, cancel: `/v1/jobs/${id}/cancel` },
  });
  expect(answer.headers.get("x-kiapi-job-id")).toBe(id);
  expect(answer.headers.get("location")).toBe(`/v1/jobs/${id}`);
  expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
});

test("a wait that is over is 504 in the original's words, with the id in a header", async () => {
  const answer = await (await setup(() => ({ kind: "timeout" }), { sync_timeout_s: 600 })).post({ image });
  expect(answer.status).toBe(504);
  expect(await answer.json()).toEqual({
    detail: `toy job ${id} exceeded sync timeout (600.0s); it keeps running — poll /v1/jobs/${id}`,
    code: "sync_timeout",
  });
  for (const name of ["x-kiapi-job-id", "location", "retry-after"])
    expect(answer.headers.get(name)).toBeTruthy();
});

test("a job that ends badly is told by its code", async () => {
  const ends: [Partial<Job>, number, string][] = [
    [{ status: "canceled" }, 409, "canceled"],
    [{ status: "failed", error: "no picture", error_code: "invalid_image" }, 400, "invalid_image"],
    [{ status: "failed", error: "MLX said no", error_code: "model_failed" }, 500, "model_failed"],
    [{ status: "failed", error: "over", error_code: "over_budget" }, 503, "over_budget"],
  ];
  for (const [change, status, code] of ends) {
    const answer = await (await setup(ended(change))).post({ image });
    expect(answer.status).toBe(status);
    expect((await answer.json()).code).toBe(code);
    expect(answer.headers.get("x-kiapi-job-id")).toBe(id);
  }
  const failed = await (await setup(ended(ends[2]![0]))).post({ image });
  expect((await failed.json()).detail).toBe("toy failed: MLX said no");
  const stopping = await (await setup(() => ({ kind: "shutting_down" }))).post({ image });
  expect([stopping.status, (await stopping.json()).code]).toEqual([503, "shutting_down"]);
});

test("one artifact comes as its bytes, unless JSON is mentioned anywhere in Accept", async () => {
  const { post, files } = await setup((job) => ended({ status: "succeeded", artifacts: [artifact] })(job));
  const { file_id: artifact } = await files.store(new TextEncoder().encode("bytes"), {
    content_type: "image/png",
  });
  for (const accept of ["image/jpeg", "*/*", "application/*", ""]) {
    const answer = await post({ image }, { accept });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("x-kiapi-file-id")).toBe(artifact);
    expect(answer.headers.get("x-kiapi-job-id")).toBe(id);
    expect(await answer.text()).toBe("bytes");
  }
  for (const accept of ["application/json", "image/png, Application/JSON;q=0"]) {
    const answer = await post({ image }, { accept });
    expect((await answer.json()).artifacts).toEqual([artifact]);
  }
});

test("two artifacts, none, or one whose file is gone come as the Job", async () => {
  for (const artifacts of [["file_0a", "file_0b"], [], ["file_0c"]]) {
    const answer = await (await setup(ended({ status: "succeeded", artifacts }))).post({ image });
    expect(answer.status).toBe(200);
    expect((await answer.json()).artifacts).toEqual(artifacts);
  }
});

test("a data URL is stored, and the job keeps its type, its size and its id alone", async () => {
  const { post, submitted, files } = await setup();
  expect(
    (
      await post({
        image: { data_url: dataUrl },
        more: [{ type: "data_url", data_url: dataUrl }],
        mode: "async",
      })
    ).status,
  ).toBe(202);
  const params = submitted[0]!.params as { image: { file_id: string }; more: { file_id: string }[] };
  expect(params.image).toEqual({
    type: "data_url",
    media_type: "image/png",
    size: 7,
    file_id: expect.stringMatching(/^file_/),
  } as never);
  expect(JSON.stringify(params)).not.toContain(png);
  expect(await files.get(params.image.file_id)).toBeDefined();
  expect(await files.get(params.more[0]!.file_id)).toBeDefined();
});

test("a refused request leaves no file and no job behind", async () => {
  const reference = { data_url: dataUrl };
  const { post, submitted, files, deps } = await setup();
  const refused: [unknown, number, string][] = [
    [{ image: reference, level: 7 }, 422, "invalid_parameter"],
    [{ image: reference, model: "nope" }, 400, "unknown_model"],
    [{ image: reference, more: [{ file_id: "file_00" }] }, 400, "unknown_file"],
    [{ image: { data_url: "nonsense" } }, 400, "invalid_reference"],
    [{ image: reference, webhook: "ftp://example.com" }, 422, "invalid_parameter"],
    [{ image: reference, level: 10 }, 422, "invalid_request"],
  ];
  for (const [body, status, code] of refused) {
    const answer = await post(body);
    expect([answer.status, (await answer.json()).code]).toEqual([status, code]);
  }
  deps.scheduler.submit = async () => {
    throw new Refusal("queue_full", "full", { "Retry-After": "7" });
  };
  const full = await createApp(deps).request("/v1/image/toy/play", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ image: reference }),
  });
  expect([full.status, full.headers.get("retry-after")]).toEqual([429, "7"]);
  expect(submitted).toEqual([]);
  expect(await files.totals()).toEqual({ count: 0, bytes: 0 });
});

test("an unknown file is named by its place, and a hostile id is not repeated", async () => {
  const { post } = await setup();
  const detail = async (body: unknown) => (await (await post(body)).json()).detail;
  expect(await detail({ image: { file_id: "file_00" } })).toBe("unknown image file_id 'file_00'");
  expect(await detail({ image, more: [{ file_id: "../../etc/passwd" }] })).toBe("unknown more file_id");
});

test("a reference without type is known by its key, and numbers may be text", async () => {
  const { post, submitted } = await setup();
  expect(
    (await post({ image, mode: "async", level: "4", strength: " 0.5 ", loud: "yes", size: "768" })).status,
  ).toBe(202);
  expect(submitted[0]!.params).toEqual({
    image: { type: "url", ...image },
    more: [],
    level: 4,
    strength: 0.5,
    loud: true,
    size: "768",
    model: "base",
    mode: "async",
  });
  await post({ image, mode: "async", level: 5.0, loud: 0, strength: true, size: 3 });
  expect(submitted[1]!.params).toMatchObject({ level: 5, loud: false, strength: 1, size: 3 });
});

test("schema errors have the original's shapes and never repeat a long input", async () => {
  const { post } = await setup();
  const first = async (body: unknown, headers = {}) => {
    const answer = await post(body, headers);
    expect(answer.status).toBe(422);
    const text = await answer.text();
    expect(text.length).toBeLessThan(2000);
    return JSON.parse(text).detail[0];
  };
  expect(await first({})).toEqual({ type: "missing", loc: ["body", "image"], msg: "Field required" });
  expect(await first("")).toMatchObject({ type: "missing", loc: ["body"], input: null });
  expect(await first("{")).toMatchObject({ type: "json_invalid", msg: "JSON decode error" });
  expect(await first("[".repeat(100_000))).toMatchObject({ type: "json_invalid" });
  expect(await first("[]")).toMatchObject({ type: "model_attributes_type", loc: ["body"] });
  expect(await first({ image }, { "content-type": "text/plain" })).toMatchObject({
    type: "model_attributes_type",
  });
  expect(await first({ image: "x".repeat(100_000) })).toEqual({
    type: "model_attributes_type",
    loc: ["body", "image"],
    msg: expect.stringMatching(/^Input should be a valid dictionary or object to extract fields from; /),
  });
  expect(await first({ image: {} })).toMatchObject({ type: "union_tag_not_found", loc: ["body", "image"] });
  expect(await first({ image: { type: "path", path: "/etc" } })).toMatchObject({
    type: "union_tag_invalid",
    input: "path",
  });
  expect(await first({ image: { type: "file_id" } })).toMatchObject({ type: "missing" });
  expect(await first({ image, mode: "later" })).toMatchObject({
    type: "literal_error",
    loc: ["body", "mode"],
    input: "later",
    ctx: { expected: "'sync' or 'async'" },
  });
  expect(await first({ image, level: 0 })).toMatchObject({
    type: "greater_than_equal",
    input: 0,
    ctx: { ge: 1 },
  });
  expect(await first({ image, level: 99 })).toMatchObject({ type: "less_than_equal", ctx: { le: 9 } });
  expect(await first({ image, level: 1.5 })).toMatchObject({ type: "int_from_float" });
  expect(await first({ image, level: "many" })).toMatchObject({ type: "float_parsing" });
  expect(await first(`{"image": {"url": "x"}, "level": 9007199254740993}`)).toMatchObject({
    loc: ["body", "level"],
  });
  expect(await first({ image, model: 5 })).toMatchObject({ type: "string_type" });
  expect(await first({ image: { url: "" } })).toMatchObject({
    type: "string_too_short",
    ctx: { min_length: 1 },
  });
  expect(await first(`{"image": {"url": "x"}, "strength": 1e999}`)).toMatchObject({
    loc: ["body", "strength"],
  });
});

test("a body larger than allowed is refused by its length and by the bytes that come", async () => {
  const { app, post } = await setup(undefined, { max_upload_mb: 1 });
  const long = JSON.stringify({ image, padding: "x".repeat(2 ** 20) });
  expect((await post(long)).status).toBe(413);
  expect((await post("{}", { "content-length": String(2 ** 21) })).status).toBe(413);
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 65536;
      controller.enqueue(new Uint8Array(65536).fill(32));
    },
  });
  const answer = await app.request("/v1/image/toy/play", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
    duplex: "half",
  } as RequestInit);
  expect([answer.status, (await answer.json()).code]).toEqual([413, "too_large"]);
  expect(sent).toBeLessThan(4 * 2 ** 20);
});

test("a body of very many values, or a long one without a data URL, is refused before its end", async () => {
  const { app, files } = await setup();
  const sendEndless = async (start: string, more: string) => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        const text = sent === 0 ? start : more.repeat(Math.ceil(65536 / more.length));
        sent += text.length;
        if (sent > 32 * 2 ** 20) controller.close();
        else controller.enqueue(Buffer.from(text));
      },
    });
    const answer = await app.request("/v1/image/toy/play", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      duplex: "half",
    } as RequestInit);
    return { sent, status: answer.status, ...((await answer.json()) as { code: string; detail: string }) };
  };
  const values = await sendEndless('{"z":[[]', ",[]");
  expect(values).toMatchObject({ status: 413, code: "too_large" });
  expect(values.detail).toContain("1048576 bytes outside strings");
  expect(values.sent).toBeLessThan(2 * 2 ** 20);
  const text = await sendEndless('{"z":"', "x");
  expect(text).toMatchObject({ status: 413, code: "too_large" });
  expect(text.detail).toMatch(/larger than 4194304 bytes.*data_url/);
  expect(text.sent).toBeLessThan(5 * 2 ** 20);
  expect((await files.totals()).count).toBe(0);
});

test("a data URL and a text with quotes may be longer than the limit on what is around them", async () => {
  const { post } = await setup();
  const picture = `data:image/png;base64,${"AAAA".repeat(2 * 2 ** 20)}`;
  expect((await post({ image: { data_url: picture }, mode: "async" })).status).toBe(202);
  // Each character stands for two in JSON.
  const text = '"'.repeat(3 * 2 ** 19);
  expect((await post({ image, other: text, mode: "async" })).status).toBe(202);
});

test("a key of the client's own gives the same job again and stores nothing twice", async () => {
  const { post, submitted, files, deps } = await setup();
  const body = { image: { data_url: dataUrl }, mode: "async" };
  expect((await post(body, { "idempotency-key": "k1" })).status).toBe(202);
  expect(submitted[0]!.idempotency).toEqual({
    key: "k1",
    hash: expect.stringMatching(/^[0-9a-f]{64}$/) as never,
  });
  const before = { jobs: submitted.length, files: (await files.totals()).count };
  deps.scheduler.replay = async ({ hash }) => {
    if (hash !== submitted[0]!.idempotency!.hash) throw new Refusal("idempotency_mismatch", "other body");
    return { id, type: "toy", status: "running" } as Job;
  };
  deps.scheduler.position = async () => 0;
  const app = createApp(deps);
  const again = (change: object) =>
    app.request("/v1/image/toy/play", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "k1" },
      body: JSON.stringify({ ...body, ...change }),
    });
  const repeated = await again({});
  expect([repeated.status, (await repeated.json()).job_id]).toEqual([202, id]);
  expect((await again({ level: 2 })).status).toBe(422);
  expect({ jobs: submitted.length, files: (await files.totals()).count }).toEqual(before);
  expect((await post(body, { "idempotency-key": "x".repeat(256) })).status).toBe(422);
});

test("a retry hands the client's key on", async () => {
  const keys: unknown[] = [];
  const retry: Scheduler["retry"] = async (from, idempotency) => {
    keys.push(idempotency?.key);
    return { job: { id: from, type: "toy", status: "queued" } as Job, created: true, queue_position: 0 };
  };
  const app = createApp(testDeps({}, { scheduler: { ...idle, retry } }));
  const path = `/v1/jobs/${id}/retry`;
  await app.request(path, { method: "POST" });
  const answer = await app.request(path, { method: "POST", headers: { "idempotency-key": "again" } });
  expect([answer.status, keys]).toEqual([202, [undefined, "again"]]);
});

test("unknown fields are named in the answer and never kept", async () => {
  const { post, submitted } = await setup();
  const answer = await post({
    image: { ...image, format: "png" },
    steps: 3,
    "naïve\r\nx: y": 1,
    mode: "async",
  });
  expect(answer.status).toBe(202);
  expect(answer.headers.get("x-easel-ignored")).toBe("image.format, steps, na%C3%AFve%0D%0Ax%3A%20y");
  expect(submitted[0]!.params).toEqual({
    image: { type: "url", ...image },
    more: [],
    level: 3,
    loud: false,
    model: "base",
    mode: "async",
    size: "2x",
  });
  const many = await post({
    image,
    mode: "async",
    ...Object.fromEntries(
      "x"
        .repeat(100)
        .split("")
        .map((x, i) => [x + i, 1]),
    ),
  });
  expect(many.headers.get("x-easel-ignored")!.split(", ").length).toBe(33);
  const refused = await post({ image, level: 99, lvel: 1 });
  expect(refused.status).toBe(422);
  expect((await post({ image, mode: "async" })).headers.get("x-easel-ignored")).toBeNull();
});

test("a reference in the wrong form is answered with what to write", async () => {
  const { post } = await setup();
  const told = async (sent: unknown) => {
    const answer = await post({ image: sent });
    const { detail, code } = await answer.json();
    expect([answer.status, code, detail[0].loc]).toEqual([422, "invalid_request", ["body", "image"]]);
    return detail[0].msg as string;
  };
  expect(await told("https://example.com/secret.png")).toEndWith('; write {"url": "https://…"}');
  expect(await told("https://example.com/secret.png")).not.toContain("secret");
  expect(await told(dataUrl)).toEndWith('; write {"data_url": "data:image/png;base64,…"}');
  expect(await told("file_0123")).toEndWith('; write {"file_id": "file_…"}');
  expect(await told("photo.png")).toContain("POST /v1/files");
  expect(await told({})).toContain('{"url": "https://…"}');
  expect(await told({ link: "https://example.com" })).toContain('{"url": "https://…"}');
  expect(await told({ url: "https://example.com", file_id: "file_01" })).toContain(
    "only one of file_id, url",
  );
});

test("a compressed body is refused by the name of its encoding", async () => {
  const { app, post } = await setup();
  const send = (headers: Record<string, string>) =>
    app.request("/v1/image/toy/play", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: Bun.gzipSync(JSON.stringify({ image })),
    });
  const named = await send({ "content-encoding": "gzip" });
  expect([named.status, (await named.json()).detail[0]]).toMatchObject([
    422,
    { loc: ["header", "content-encoding"], msg: expect.stringContaining("Content-Encoding: gzip") },
  ]);
  expect((await (await send({})).json()).detail[0].ctx.error).toContain("gzip");
  expect((await post({ image, mode: "async" }, { "content-encoding": "identity" })).status).toBe(202);
  const form = await app.request("/v1/files", {
    method: "POST",
    headers: { "content-type": "multipart/form-data; boundary=x", "content-encoding": "br" },
    body: "zzz",
  });
  expect([form.status, (await form.json()).detail[0].msg]).toEqual([
    422,
    expect.stringContaining("br") as never,
  ]);
});

test("a malformed form and an unknown place in a list are told as lists, as documented", async () => {
  const { app } = await setup();
  const answers = [
    app.request("/v1/files", {
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: "--x\r\nnonsense",
    }),
    app.request(`/v1/files?after=file_${"0".repeat(32)}`),
  ];
  const [form, files] = await Promise.all(
    answers.map(async (each) => [(await each).status, await (await each).json()] as const),
  );
  expect(form).toMatchObject([422, { code: "invalid_request", detail: [{ loc: ["body"] }] }]);
  const place = { type: "value_error", loc: ["query", "after"] };
  expect(files).toMatchObject([422, { code: "invalid_parameter", detail: [place] }]);
});

test("bodies in flight are bounded: the next one waits, and is refused when it waited too long", async () => {
  const files = await tempFiles();
  const bound = inFlight(100, { patienceMs: 30, freeBytes: 0 });
  const app = new Hono();
  const readJson = jsonReader({ max_upload_mb: 1, max_json_in_flight_mb: 1 }, files, bound);
  const { promise: leave, resolve: goOn } = Promise.withResolvers<void>();
  app.post("/", async (c) => {
    await using body = await readJson(c);
    if (c.req.header("x-stay")) await leave;
    return c.json(body.value as object);
  });
  app.onError((error, c) => c.json({ code: (error as Refusal).code, ...(error as Refusal).headers }, 503));
  const send = (length: number, headers = {}) =>
    app.request("/", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ a: "x".repeat(length) }),
    });
  const first = send(60, { "x-stay": "1" });
  while (bound.held() === 0) await Bun.sleep(1);
  expect(await (await send(60)).json()).toEqual({ code: "overloaded", "Retry-After": "5" });
  expect((await send(10)).status).toBe(200);
  const waiting = send(60);
  goOn();
  expect([(await first).status, (await waiting).status, bound.held()]).toEqual([200, 200, 0]);
  // The limit on one body is another: a lone one is read.
  expect((await send(500)).status).toBe(200);
});

test("a client that goes away cancels its job if it asked for that, and leaves it alone else", async () => {
  const { app, deps } = await setup();
  const canceled: string[] = [];
  const left = Promise.withResolvers<void>();
  deps.scheduler.wait = () => new Promise((resolve) => left.promise.then(() => resolve({ kind: "timeout" })));
  deps.scheduler.cancel = async (id) => {
    canceled.push(id);
    left.resolve();
    return {} as Job;
  };
  const waits = Promise.withResolvers<Request>();
  using served = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, server) {
      waits.resolve(request);
      return app.fetch(request, { server });
    },
  });
  const ask = async (body: object) => {
    const gone = new AbortController();
    const answer = fetch(`${served.url.origin}/v1/image/toy/play`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image, ...body }),
      signal: gone.signal,
    }).catch(() => {});
    const { signal } = await waits.promise;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    await Bun.sleep(20);
    gone.abort();
    await Promise.all([answer, aborted]);
  };
  await ask({ cancel_on_disconnect: true });
  await left.promise;
  expect(canceled).toEqual([id]);
});

test("a client that goes away without asking for it leaves its job alone", async () => {
  const { app, deps } = await setup();
  let canceled = 0;
  deps.scheduler.cancel = async () => {
    canceled++;
    return {} as Job;
  };
  const gone = new AbortController();
  deps.scheduler.wait = async () => {
    gone.abort();
    return { kind: "timeout" };
  };
  await app.request("/v1/image/toy/play", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ image }),
    signal: gone.signal,
  });
  expect(canceled).toBe(0);
});

test("a webhook that no message could be sent to is refused at once", async () => {
  const { post, submitted } = await setup();
  for (const webhook of ["", "ftp://example.com/hook", "/hook", "https://user:pass@example.com/hook"]) {
    const answer = await post({ image, mode: "async", webhook });
    expect([answer.status, (await answer.json()).code]).toEqual([422, "invalid_parameter"]);
  }
  expect(submitted).toEqual([]);
});

test("the webhook stands beside the job and not in its parameters", async () => {
  const { post, submitted } = await setup();
  await post({ image, mode: "async", webhook: "https://example.com/hook?key=secret" });
  expect(submitted[0]!.webhook).toEqual({ url: "https://example.com/hook?key=secret" });
  expect(JSON.stringify(submitted[0]!.params)).not.toContain("secret");
});

test("models are listed as the contract lists them, with what is on this machine", async () => {
  const { app } = await setup();
  const answer = await app.request("/v1/image/toy/models");
  expect(await answer.json()).toEqual([
    {
      name: "base",
      family: "toy",
      domain: "image",
      aliases: ["Toy", "toy-base"],
      default: true,
      features: ["depth", "image"],
      activated: false,
      licence: "Apache-2.0",
      commercial_use: true,
    },
  ]);
});

test("a model is unloaded by its name or an alias", async () => {
  const { app, deps } = await setup();
  const asked: unknown[] = [];
  deps.scheduler.unload = async (...names) => {
    asked.push(names);
    return { unloaded: true, freed_bytes: 2.7 * 2 ** 30 };
  };
  const unload = (name: string) => app.request(`/v1/image/toy/models/${name}/unload`, { method: "POST" });
  expect(await (await unload("TOY-base")).json()).toEqual({ unloaded: true, freed_gb: 2.7 });
  expect(asked).toEqual([["toy", "base"]]);
  expect((await unload("nope")).status).toBe(400);
});

test("a model's memory is planned for a size, by the scheduler, without a job", async () => {
  const asked: unknown[] = [];
  const need: Need = { variant: "base", bits: 8, phases: [], options: {}, transient: false };
  const deps = testDeps(
    {},
    {
      capabilities: [
        {
          ...toy,
          warm(...given) {
            asked.push([given[0], given[2]]);
            if (given[2]?.width === 9000) throw new Refusal("too_many_pixels", "too large");
            return need;
          },
        },
      ],
    },
  );
  deps.scheduler.plan = (family, planned) => {
    expect([family, planned]).toEqual(["toy", need]);
    return { peak_bytes: 7, budget_bytes: 5, fits: false, smaller: "a smaller size" };
  };
  const app = createApp(deps);
  const plan = (query: string) => app.request(`/v1/image/toy/models/${query}`);
  const answer = await plan("TOY-base/plan?width=640&height=480&steps=4&quantize=8");
  expect(await answer.json()).toEqual({
    model: "base",
    bits: 8,
    peak_bytes: 7,
    budget_bytes: 5,
    fits: false,
    smaller: "a smaller size",
  });
  expect(asked).toEqual([["base", { width: 640, height: 480, steps: 4, quantize: 8 }]]);
  for (const [query, status] of [
    ["nope/plan", 400],
    ["base/plan?width=0", 422],
    ["base/plan?width=wide", 422],
    ["base/plan?width=9000&height=9000", 400],
  ] as const)
    expect([query, (await plan(query)).status]).toEqual([query, status]);
});

test("a family's document holds its own routes alone and says what it is", async () => {
  const { app } = await setup();
  const document = await (await app.request("/v1/image/toy/openapi.json")).json();
  expect(Object.keys(document.paths)).toEqual([
    "/v1/image/toy/play",
    "/v1/image/toy/models",
    "/v1/image/toy/models/{name}/unload",
    "/v1/image/toy/models/{name}/activate",
    "/v1/image/toy/models/{name}/deactivate",
  ]);
  expect(document["x-kiapi-capability"]).toBe("toy");
  expect(document["x-kiapi-domain"]).toBe("image");
  expect(document["x-kiapi-root-openapi"]).toBe("/openapi.json");
  expect(document.components.schemas.FileRef.discriminator.mapping).toEqual({
    file_id: "#/components/schemas/FileIDRef",
    url: "#/components/schemas/FileURLRef",
    data_url: "#/components/schemas/FileDataURLRef",
  });
  expect(document.components.schemas.ToyRequest.properties.image).toEqual({
    $ref: "#/components/schemas/FileRef",
    description: "The picture.",
  });
  const root = await (await app.request("/openapi.json")).json();
  expect(Object.keys(root.paths).some((path) => path.includes("toy"))).toBe(false);
  expect(root.info.description).toContain("kiapi Toy API");
});
