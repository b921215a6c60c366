import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { artworkId, jobIdOf } from "../../src/http/dialects/tengr/translate.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import { depthServer, site } from "./server.ts";

const { url, told } = site(join(import.meta.dir, "../fixtures/images"));
const server = await depthServer();
const imageUrl = url("rgb.png");
const path = "/v2/artworks/depth-map";

type Artwork = {
  id: string;
  artworkType: string;
  parameters: Record<string, unknown>;
  duration: number;
  results: string[];
  status: string;
  createdAt: string;
  error?: string;
};

async function create(body: object): Promise<Artwork> {
  const answer = await server.post(path, { imageUrl, ...body });
  expect(answer.status).toBe(202);
  return (await answer.json()) as Artwork;
}

async function ended(body: object): Promise<Artwork> {
  const { id } = await create(body);
  await server.ended(jobIdOf(id)!);
  return (await (await server.get(`/v2/artworks/${id}`)).json()) as Artwork;
}

async function refused(body: object) {
  const answer = await server.post(path, body);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** The stored values of a result's only channel, and its size. */
async function result(artwork: Artwork) {
  expect(artwork.results.length).toBe(1);
  const bytes = await (await fetch(artwork.results[0]!)).arrayBuffer();
  const sharp = loadSharp();
  const metadata = await sharp(bytes).metadata();
  const wide = metadata.bitsPerSample === 16;
  const raw = wide
    ? sharp(bytes).toColourspace("grey16").raw({ depth: "ushort" })
    : sharp(bytes).toColourspace("b-w").raw();
  const data = await raw.toBuffer();
  const first = wide ? data.readUInt16LE(0) : data[0]!;
  const last = wide ? data.readUInt16LE(data.length - 2) : data.at(-1)!;
  return { width: metadata.width, height: metadata.height, metadata, first, last };
}

describe("POST /v2/artworks/depth-map", () => {
  test("answers 202 with the artwork, its parameters and their defaults", async () => {
    const artwork = await create({});
    await server.ended(jobIdOf(artwork.id)!);
    expect(artwork).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as never,
      artworkType: "depth_map",
      parameters: {
        imageUrl,
        invertDepth: false,
        resolutionLowerLimit: 1024,
        usePostResize: false,
        useVersion3: false,
        model: "large",
        normalizationMode: "Standard",
      },
      duration: 0,
      results: [],
      status: "starting",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as never,
    });
  });

  test.each([
    [{}, "imageUrl: Field required"],
    [{ imageUrl: "not a url" }, "imageUrl: Input should be a valid url"],
    [{ imageUrl: "file:///etc/passwd" }, "imageUrl: Input should be a valid url"],
    [{ imageUrl, webhook: "ftp://example.com" }, "webhook: Input should be a valid url"],
    [
      { imageUrl, resolutionLowerLimit: 192 },
      "resolutionLowerLimit: Input should be greater than or equal to 256",
    ],
    [
      { imageUrl, resolutionLowerLimit: 2112 },
      "resolutionLowerLimit: Input should be less than or equal to 2048",
    ],
    [{ imageUrl, resolutionLowerLimit: 1000 }, "resolutionLowerLimit: Input should be a multiple of 64"],
    [
      { imageUrl, normalizationMode: "raw" },
      "normalizationMode: Input should be 'Standard', 'V2-Style' or 'Raw'",
    ],
    [
      { imageUrl, model: "mono_large" },
      "model must be one of giant, large, base, small, mini when useVersion3 is false",
    ],
    [
      { imageUrl, model: "huge", useVersion3: true },
      "model must be one of small, base, large, giant, mono_large, metric_large, nested_giant_large, mini when useVersion3 is true",
    ],
    [{ imageUrl, invertDepth: "perhaps" }, "invertDepth: "],
  ])("refuses %p in its own form", async (body, message) => {
    const before = await server.counts();
    const { status, body: told } = await refused(body);
    expect(status).toBe(400);
    expect(Object.keys(told)).toEqual(["message", "statusCode", "error"]);
    expect(told).toMatchObject({ statusCode: 400, error: "Bad Request" });
    expect(String(told.message)).toStartWith(message);
    expect(await server.counts()).toEqual(before);
  });

  test("an idempotency key gives the same artwork again", async () => {
    const ask = async () =>
      (await (await server.post(path, { imageUrl }, { "idempotency-key": "once" })).json()) as Artwork;
    expect((await ask()).id).toBe((await ask()).id);
  });

  test("a model that is not here is 503 in the same form", async () => {
    const bare = await depthServer({ activated: [] });
    const answer = await bare.post(path, { imageUrl });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      message:
        "model 'v2-large' is not activated; missing: depth-anything/Depth-Anything-V2-Large-hf. " +
        "Run: easel activate --model depthanything/v2-large --accept-license. " +
        'Or ask for model "mini", which is built in',
      statusCode: 503,
      error: "Service Unavailable",
    });
  });

  test("the route that makes one answers POST alone", async () => {
    for (const method of ["GET", "DELETE", "PUT"]) {
      const answer = await fetch(new URL(path, server.origin), { method });
      expect([method, answer.status, answer.headers.get("allow")]).toEqual([method, 405, "POST"]);
      expect(await answer.json()).toMatchObject({ statusCode: 405 });
    }
  });

  test("a webhook that is never called is refused, and an unknown field is named", async () => {
    const { status, body } = await refused({ imageUrl, webhook: "http://10.0.0.1/hook" });
    expect([status, body.statusCode]).toEqual([400, 400]);
    expect(String(body.message)).toContain("non-public address");
    const answer = await server.post(path, { imageUrl, image: "x" });
    expect([answer.status, answer.headers.get("x-easel-ignored")]).toEqual([202, "image"]);
  });

  test("every other refusal under /v2 has the form too", async () => {
    const unknown = await server.get(`/v2/artworks/${crypto.randomUUID()}`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({
      message: "Artwork not found",
      statusCode: 404,
      error: "Not Found",
    });
    const method = await fetch(`${server.origin}${path}`, { method: "PUT" });
    expect([method.status, method.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await method.json()).toMatchObject({ statusCode: 405 });
    const guarded = await depthServer({ settings: { auth_token: "secret" } });
    const answer = await fetch(`${guarded.origin}${path}`, { method: "POST" });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({
      message: "the token is missing or wrong",
      statusCode: 401,
      error: "Unauthorized",
    });
  });
});

describe("the map", () => {
  test("runs on the model and size that were asked for", async () => {
    await ended({ model: "small", resolutionLowerLimit: 256 });
    expect(server.asked.loads.at(-1)).toContain("v2-small");
    expect(server.asked.inputs.at(-1)).toMatchObject({ inputSize: 256, bound: "short", at: "network" });
    await ended({ model: "nested_giant_large", useVersion3: true });
    expect(server.asked.loads.at(-1)).toContain("v3-nested-giant-large");
  });

  test("has the network's size, or with usePostResize exactly the picture's", async () => {
    const kept = await result(await ended({ resolutionLowerLimit: 256 }));
    expect([kept.width, kept.height]).toEqual([378, 266]);
    expect([kept.first, kept.last, kept.metadata.channels]).toEqual([0, 255, 1]);
    for (const name of ["rgb.png", "turn-6.png", "strip.png"]) {
      const resized = await result(
        await ended({ imageUrl: url(name), resolutionLowerLimit: 256, usePostResize: true }),
      );
      expect([resized.width, resized.height]).toEqual(name === "strip.png" ? [24, 1] : [24, 16]);
    }
  });

  test("is turned round by invertDepth", async () => {
    for (const useVersion3 of [false, true]) {
      const { first, last } = await result(
        await ended({ invertDepth: true, useVersion3, resolutionLowerLimit: 256 }),
      );
      expect([first, last]).toEqual([255, 0]);
    }
  });

  test("normalizationMode is for V3 alone", async () => {
    const modes = { Standard: "minmax", "V2-Style": "v2-style", Raw: "raw" };
    for (const [normalizationMode, normalization] of Object.entries(modes)) {
      await ended({ normalizationMode, useVersion3: true });
      expect(server.asked.inputs.at(-1)!.render).toMatchObject({ normalization, values: "depth" });
      await ended({ normalizationMode });
      expect(server.asked.inputs.at(-1)!.render).toMatchObject({
        normalization: "minmax",
        values: "inverse",
      });
    }
  });

  test("Raw keeps the numbers in 16 bits, far is bright, and the file says how to read it", async () => {
    const raw = await result(
      await ended({ normalizationMode: "Raw", useVersion3: true, resolutionLowerLimit: 256 }),
    );
    const text = Object.fromEntries(
      raw.metadata.comments!.map(({ keyword, text }) => [keyword, Number(text)]),
    );
    expect(raw.metadata.bitsPerSample).toBe(16);
    expect(text.offset! + text.scale! * raw.first).toBeCloseTo(266, 2);
    expect(text.offset! + text.scale! * raw.last).toBeCloseTo(1, 2);
  });
});

describe("an artwork", () => {
  test("that succeeded has a result that anyone with the link can fetch, until it expires", async () => {
    const guarded = await depthServer({ settings: { auth_token: "secret", result_link_ttl_s: 60 } });
    const made = (await (await guarded.post(path, { imageUrl })).json()) as Artwork;
    await guarded.ended(jobIdOf(made.id)!);
    const seen = await guarded.get(`/v2/artworks/${made.id}`);
    const { results, status, duration } = (await seen.json()) as Artwork;
    expect(status).toBe("succeeded");
    expect(duration).toBeGreaterThanOrEqual(0);
    expect(results[0]).toStartWith(`${guarded.origin}/v2/artworks/${made.id}/results/0?expires=`);
    const link = new URL(results[0]!);
    const answer = await fetch(link);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/png"]);
    for (const [name, value] of [
      ["expires", String(Number(link.searchParams.get("expires")) + 1)],
      ["expires", "1"],
      ["signature", "x"],
      ["signature", ""],
    ]) {
      const forged = new URL(link);
      forged.searchParams.set(name!, value!);
      const refusal = await fetch(forged);
      expect(refusal.status).toBe(403);
      expect(await refusal.json()).toMatchObject({ statusCode: 403, error: "Forbidden" });
    }
    const other = new URL(link);
    other.pathname = other.pathname.replace(made.id, crypto.randomUUID());
    expect((await fetch(other)).status).toBe(403);
  });

  test("that failed says why, and nothing of this machine", async () => {
    const artwork = await ended({ imageUrl: url("text.png") });
    expect(artwork).toMatchObject({ status: "failed", results: [] });
    expect(artwork.error).toBe(
      "input image could not be opened: it is not a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF picture",
    );
    expect((await ended({ imageUrl: url("nowhere.png") })).error).toContain("failed to fetch");
  });

  test("is a job like any other", async () => {
    const { id } = await ended({});
    const job = (await (await server.get(`/v1/jobs/${jobIdOf(id)}`)).json()) as Record<string, unknown>;
    expect(job).toMatchObject({
      type: "depth-map",
      status: "succeeded",
      params: { imageUrl, model: "large" },
    });
    expect(artworkId(String(job.id))).toBe(id);
    expect(jobIdOf("../../etc/passwd")).toBeUndefined();
  });

  test("too large for the budget fails with the largest limit that fits", async () => {
    const small = await depthServer({ settings: { memory_limit_gb: 0.7 } });
    const answer = await small.post(path, { imageUrl: url("strip.png"), model: "small" });
    const { id } = (await answer.json()) as Artwork;
    await small.ended(jobIdOf(id)!);
    const artwork = (await (await small.get(`/v2/artworks/${id}`)).json()) as Artwork;
    expect(artwork.status).toBe("failed");
    expect(artwork.error).toMatch(/a smaller (resolutionLowerLimit \(at most \d+\)|model)/);
  });

  test("is told to the webhook when it succeeded or failed, as GET shows it", async () => {
    const webhook = url("hook");
    const good = await ended({ webhook });
    const bad = await ended({ webhook, imageUrl: url("text.png") });
    const unsigned = (artwork: Artwork) => ({
      ...artwork,
      results: artwork.results.map((link) => link.replace(/\?.*/, "")),
    });
    expect(good.parameters.webhook).toBe(webhook);
    while (told.length < 2) await Bun.sleep(10);
    expect((told as Artwork[]).map(unsigned)).toEqual([good, bad].map(unsigned));
    expect(good.results[0]).toStartWith(server.origin);
  });
});

test("a picture on a private network is not fetched", async () => {
  const artwork = await ended({ imageUrl: "http://10.0.0.1/picture.png" });
  expect(artwork).toMatchObject({ status: "failed", results: [] });
  expect(artwork.error).toContain("non-public address");
});

test("an artwork that is tried again tells its webhook in the same words", async () => {
  const webhook = url("hook");
  const bad = await ended({ webhook, imageUrl: url("text.png") });
  const retried = await server.post(`/v1/jobs/job_${bad.id.replaceAll("-", "")}/retry`, {});
  expect(retried.status).toBe(202);
  const { job_id } = (await retried.json()) as { job_id: string };
  await server.ended(job_id);
  const again = () => told.find((body) => (body as Artwork).id === artworkId(job_id));
  while (!again()) await Bun.sleep(10);
  expect(again()).toMatchObject({ artworkType: "depth_map", status: "failed" });
});

test("an artwork can be cancelled, which the webhook is not told of", async () => {
  const before = told.length;
  const { id } = await create({ imageUrl: url("never"), webhook: url("hook") });
  const answer = await server.post(`/v1/jobs/${jobIdOf(id)}/cancel`, {});
  expect(answer.status).toBe(200);
  await server.ended(jobIdOf(id)!);
  const artwork = (await (await server.get(`/v2/artworks/${id}`)).json()) as Artwork;
  expect(artwork).toMatchObject({ status: "canceled", results: [] });
  // The next one's message comes, and none before it.
  const next = await ended({ webhook: url("hook") });
  while (told.length === before) await Bun.sleep(10);
  expect((told.slice(before) as Artwork[]).map((each) => each.id)).toEqual([next.id]);
});

describe("GET /v2/artworks", () => {
  test("lists the newest first, from an offset, ten unless asked", async () => {
    const listing = await depthServer();
    const ids: string[] = [];
    for (let n = 0; n < 12; n++) {
      ids.unshift(((await (await listing.post(path, { imageUrl })).json()) as Artwork).id);
    }
    const list = async (query: string) =>
      ((await (await listing.get(`/v2/artworks${query}`)).json()) as Artwork[]).map(({ id }) => id);
    expect(await list("")).toEqual(ids.slice(0, 10));
    expect(await list("?limit=3&offset=4")).toEqual(ids.slice(4, 7));
    expect(await list("?offset=11&limit=500")).toEqual(ids.slice(11));
    expect(await list("?offset=99")).toEqual([]);
    for (const query of ["?limit=0", "?limit=501", "?offset=-1", "?limit=many"]) {
      const answer = await listing.get(`/v2/artworks${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ statusCode: 400, error: "Bad Request" });
    }
  });
});
