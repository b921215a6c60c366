/** What an upscale needs is known before anything is loaded. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import { depthServer } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "large.png");
await loadSharp()({ create: { width: 2000, height: 1500, channels: 3, background: "teal" } })
  .png()
  .toFile(path);

const settings = {
  seedvr2_default_quantize: null,
  memory_limit_gb: 20,
  max_output_pixels: 40_000_000,
} as const;
const server = await depthServer({ settings });
const image = await server.upload(path);
const upscale = async (body: object) => {
  const answer = await server.post("/v1/image/seedvr2/upscale", { image, ...body });
  return { status: answer.status, ...((await answer.json()) as { code: string; detail: string }) };
};

test("a model that cannot fit is refused at once, with the way out, and leaves no record", async () => {
  const before = await server.counts();
  const refused = await upscale({ model: "7b" });
  expect(refused).toMatchObject({ status: 503, code: "over_budget" });
  expect(refused.detail).toContain("the model 3b, or a smaller resolution");
  expect(await server.counts()).toEqual(before);
});

test("a result that cannot fit is refused once the picture's size is known, before anything is loaded", async () => {
  const refused = await upscale({ resolution: "3x" });
  expect(refused).toMatchObject({ status: 503, code: "over_budget" });
  expect(refused.detail).toContain("a smaller resolution");
  expect(server.asked.loads).toEqual([]);
});

test("a result of more pixels than max_output_pixels is refused with the cap", async () => {
  expect(await upscale({ resolution: "4x" })).toMatchObject({
    status: 422,
    code: "invalid_parameter",
    detail:
      "the result would have 8000x6000 pixels, exceeding the cap of 40000000; ask for a smaller resolution",
  });
  expect(server.asked.loads).toEqual([]);
});
