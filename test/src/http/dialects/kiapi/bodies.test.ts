import { expect, test } from "bun:test";
import { Hono } from "hono";
import type { Refusal } from "../../../../../src/errors.ts";
import { jsonReader } from "../../../../../src/http/request/body.ts";
import { inFlight } from "../../../../../src/http/request/in-flight.ts";
import { tempFiles } from "../../deps.ts";
import { dataUrl, image, setup } from "./toy-app.ts";

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
