/** Ways to make a picture in less time, with the real engine and tiny checkpoints. */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const server = await depthServer({
  modelPaths: {
    "qwen/image": join(fixtures, "qwen/image"),
    "qwen/edit-2509": join(fixtures, "qwen/image"),
    "flux2/klein-base-4b": join(fixtures, "flux2/model"),
    "zimage/base": join(fixtures, "zimage/model"),
  },
  settings: { qwen_reference_pixels: 128 * 128 },
});
const post = (path: string, body: object) =>
  server.post(
    `/v1/image/${path}`,
    { prompt: "a red fox", width: 64, height: 64, seed: 5, ...body },
    { accept: "application/json" },
  );

async function made(path: string, body: object) {
  const answer = await post(path, body);
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  const { file_id, params } = job.result as { file_id: string; params: Record<string, unknown> };
  const bytes = Buffer.from(await (await server.get(`/v1/files/${file_id}/download`)).arrayBuffer());
  return { params, pixels: await loadSharp()(bytes).raw().toBuffer() };
}

let image: object;
beforeAll(async () => {
  image = await server.upload(join(fixtures, "qwen/first.png"));
});

const families = [
  ["qwen/generate", { model: "image" }],
  ["qwen/edit", { model: "edit-2509" }],
  ["flux2/generate", { model: "klein-base-4b" }],
  ["zimage/generate", { model: "base" }],
] as const;
const withPicture = (path: string) => (path.endsWith("/edit") ? { images: [image] } : {});

test.each(families)(
  "%s takes a step cache and an interval of guidance, and says what they did",
  async (path, model) => {
    const body = { ...model, ...withPicture(path), steps: 6, guidance: 3 };
    const plain = await made(path, body);
    expect(plain.params.step_cache).toBeUndefined();
    expect(plain.params.guidance_interval).toBeUndefined();

    const cached = await made(path, { ...body, step_cache: 1 });
    expect(cached.params.step_cache).toBe(1);
    expect(cached.params.steps_reused).toBeGreaterThan(0);
    expect(cached.pixels.equals(plain.pixels)).toBe(false);
    const never = await made(path, { ...body, step_cache: 0 });
    expect(never.pixels.equals(plain.pixels)).toBe(true);

    const some = await made(path, { ...body, guidance_interval: [0, 0.5] });
    expect(some.params.guidance_interval).toEqual([0, 0.5]);
    // The checkpoint of FLUX.2 says that it was distilled, and takes no guidance.
    expect(some.pixels.equals(plain.pixels)).toBe(plain.params.guidance_ignored === true);
    const all = await made(path, { ...body, guidance_interval: [0, 1] });
    expect(all.pixels.equals(plain.pixels)).toBe(true);
  },
  120_000,
);

test.each(families)("%s refuses numbers that mean nothing", async (path, model) => {
  for (const [field, value] of [
    ["step_cache", -0.1],
    ["step_cache", 1.5],
    ["step_cache", "fast"],
    ["guidance_interval", [0.5]],
    ["guidance_interval", [0.5, 0.5]],
    ["guidance_interval", [0.8, 0.2]],
    ["guidance_interval", [-1, 1]],
    ["guidance_interval", [0, 1.1]],
    ["guidance_interval", ["a", "b"]],
  ] as const) {
    const answer = await post(path, { ...model, ...withPicture(path), [field]: value });
    const { detail } = (await answer.json()) as { detail: unknown };
    expect([field, value, answer.status]).toEqual([field, value, 422]);
    expect(JSON.stringify(detail)).toContain(field);
  }
});

test("an edit whose picture was encoded before is the edit of a server that encodes it", async () => {
  const body = { prompt: "a red fox", images: [image], width: 64, height: 64, steps: 2, guidance: 3 };
  const path = "/v1/image/qwen/edit";
  const picture = async (from: typeof server, images: object[]) => {
    const answer = await from.post(path, { ...body, images, seed: 9 });
    return loadSharp()(Buffer.from(await answer.arrayBuffer()))
      .raw()
      .toBuffer();
  };
  expect((await server.post(path, { ...body, seed: 8 })).status).toBe(200);
  const known = await picture(server, [image]);
  const other = await depthServer({
    modelPaths: { "qwen/edit-2509": join(fixtures, "qwen/image") },
    settings: { qwen_reference_pixels: 128 * 128 },
  });
  const fresh = await picture(other, [await other.upload(join(fixtures, "qwen/first.png"))]);
  expect(known.equals(fresh)).toBe(true);
}, 60_000);
