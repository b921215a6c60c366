/** Photographs as cameras make them, on the routes of every dialect that needs no large model. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer } from "./server.ts";

// A decoder in a process of its own takes its time on a busy machine.
setDefaultTimeout(180_000);

const root = join(import.meta.dir, "../..");
const heic = (name: string) => join(root, "test/fixtures/images/heic", name);
const folder = mkdtempSync(join(tmpdir(), "easel-photographs-"));
const avif = join(folder, "turned.avif");
await loadSharp()(join(root, "examples/flower.jpg")).resize(64, 96, { fit: "fill" }).avif().toFile(avif);
const server = await depthServer({ modelPaths: {} });
const asJson = { accept: "application/json" };
const estimate = async (image: unknown, more: object = {}) => {
  const answer = await server.post(
    "/v1/image/depthanything/estimate",
    { image, model: "mini", ...more },
    asJson,
  );
  expect(answer.status).toBe(200);
  return ((await answer.json()) as Job).result as Record<string, unknown>;
};
const bytesOf = async (id: unknown) =>
  Buffer.from(await (await server.get(`/v1/files/${id}/download`)).arrayBuffer());

describe("a HEIC and an AVIF picture", () => {
  test.each([
    ["turn-6.heic", heic("turn-6.heic"), { width: 32, height: 48 }],
    ["turned.avif", avif, { width: 64, height: 96 }],
  ] as const)("%s is uploaded, estimated as it is shown, and has a thumbnail", async (_, path, size) => {
    const form = new FormData();
    // Browsers know no type of it.
    form.set(
      "file",
      new File([await Bun.file(path).bytes()], basename(path), { type: "application/octet-stream" }),
    );
    const sent = await fetch(new URL("/v1/files", server.origin), { method: "POST", body: form });
    const file = { file_id: ((await sent.json()) as { file_id: string }).file_id };
    const result = await estimate(file);
    expect(result).toMatchObject({ ...size, input_width: size.width, input_height: size.height });
    const { width, height } = await loadSharp()(await bytesOf(result.depth_image_file_id)).metadata();
    expect({ width, height }).toMatchObject(size);
    const thumbnail = await server.get(`/v1/files/${file.file_id}/thumbnail?size=64`);
    expect([thumbnail.status, thumbnail.headers.get("content-type")]).toEqual([200, "image/webp"]);
  });

  test("is taken as a data URL under a wrong type, by its contents", async () => {
    const data = Buffer.from(await Bun.file(heic("turn-6.heic")).arrayBuffer()).toString("base64");
    const result = await estimate({ data_url: `data:image/jpeg;base64,${data}` });
    expect([result.width, result.height]).toEqual([32, 48]);
  });

  test("that is damaged is an error of its own, and the server goes on", async () => {
    const whole = Buffer.from(await Bun.file(heic("turn-6.heic")).arrayBuffer());
    const cut = join(folder, "cut.heic");
    await Bun.write(cut, whole.subarray(0, whole.length - 500));
    const image = await server.upload(cut);
    const answer = await server.post("/v1/image/depthanything/estimate", { image, model: "mini" }, asJson);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: "invalid_image",
      detail: "input image could not be opened: the file is damaged or cut short",
    });
    expect((await server.get("/health")).status).toBe(200);

    const before = (await server.counts()).files;
    const data_url = `data:image/heic;base64,${(await Bun.file(cut).bytes()).toBase64()}`;
    const inside = { image: { type: "data_url", data_url }, model: "mini" };
    const refused = await server.post("/v1/image/depthanything/estimate", inside, asJson);
    expect([refused.status, (await server.counts()).files]).toEqual([400, before]);
    const again = await server.post(`/v1/jobs/${refused.headers.get("x-kiapi-job-id")}/retry`, {});
    const { job_id } = (await again.json()) as { job_id: string };
    expect((await server.ended(job_id)).error_code).toBe("unknown_file");

    const queued = await server.post("/v1/image/depthanything/estimate", { ...inside, mode: "async" });
    const made = (await queued.json()) as { job_id: string };
    expect((await server.ended(made.job_id)).error_code).toBe("invalid_image");
    await server.hasFiles(before);
  });
});

test("a preview comes before the files, and is a small drawing of the same map", async () => {
  const [width, height] = [2400, 1600];
  const path = join(folder, "large.jpg");
  await loadSharp()(join(root, "examples/hills.jpg")).resize(width, height, { fit: "fill" }).toFile(path);
  const image = await server.upload(path);
  const answer = await server.post("/v1/image/depthanything/estimate", {
    image,
    model: "mini",
    mode: "async",
    preview: true,
  });
  const { job_id } = (await answer.json()) as { job_id: string };
  const events = await (await server.get(`/v1/jobs/${job_id}/events`)).text();
  const names = [...events.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]);
  expect(names.filter((name) => name === "preview").length).toBe(1);
  expect(names.at(-1)).toBe("succeeded");
  const data = /"image":"data:image\/jpeg;base64,([^"]+)"/.exec(events)![1]!;
  const small = await loadSharp()(Buffer.from(data, "base64"))
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([small.info.width, small.info.height]).toEqual([1024, 683]);
  const { result, params } = await server.ended(job_id);
  expect((result!.params as object & { preview?: unknown }).preview).toBeUndefined();
  expect(params.preview).toBe(true);
  const map = await loadSharp()(await bytesOf(result!.depth_image_file_id))
    .resize(1024, 683, { fit: "fill" })
    .extractChannel(0)
    .raw()
    .toBuffer();
  const off = map.reduce((sum, value, i) => sum + Math.abs(value - small.data[i]!), 0) / map.length;
  expect(off).toBeLessThan(4);
});
