import { expect, test } from "bun:test";
import { Refusal } from "../../../../../src/errors.ts";
import { createApp } from "../../../../../src/http/app.ts";
import type { Job } from "../../../../../src/jobs/job.ts";
import type { Scheduler } from "../../../../../src/jobs/scheduler.ts";
import { idle, testDeps } from "../../deps.ts";
import { dataUrl, ended, id, image, png, setup } from "./toy-app.ts";

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
