import { afterEach, beforeEach, expect, test } from "bun:test";
import sharp from "sharp";
import type { Job } from "../../src/jobs/job.ts";
import { enlarge, estimate, side, upload } from "./noise.ts";
import { type Place, place, type Server, started } from "./server.ts";

let here: Place;
beforeEach(() => {
  here = place();
});
afterEach(() => here[Symbol.dispose]());

const jobs = async (server: Server) =>
  ((await (await server.get("/v1/jobs")).json()) as { data: Job[] }).data;

test("a depth map is made with the model that is inside the binary", async () => {
  await using server = await started(here, { HOME: here.home });
  const answer = await estimate(server, await upload(server), {});
  expect(answer.status).toBe(200);
  const { status, result } = (await answer.json()) as Job;
  expect(status).toBe("succeeded");
  const file = await server.get(`/v1/files/${result!.depth_image_file_id}/download`);
  const { width, height } = await sharp(await file.arrayBuffer()).metadata();
  expect([width, height]).toEqual([side, side]);
});

test("the reference page and its script come from the binary", async () => {
  await using server = await started(here, { HOME: here.home });
  const page = await (await server.get("/docs")).text();
  const script = /<script[^>]+src="([^"]+)"/.exec(page)?.[1];
  expect(script).toStartWith("/");
  expect((await (await server.get(script!)).text()).length).toBeGreaterThan(1e6);
});

test("SIGTERM while the engine computes ends with 0, and the next start does the rest", async () => {
  const env = { HOME: here.home, EASEL_SHUTDOWN_GRACE_S: "1" };
  const count = 8;
  {
    await using server = await started(here, env);
    const file = await upload(server, 512);
    for (let i = 0; i < count; i++) expect((await enlarge(server, file)).status).toBe(202);
    while (!(await jobs(server)).some(({ status }) => status === "running")) await Bun.sleep(5);
    expect(await server.stop()).toBe(0);
    expect(server.text()).toContain("easel is stopping");
  }
  await using server = await started(here, env);
  while ((await jobs(server)).some(({ status }) => status === "running" || status === "queued"))
    await Bun.sleep(50);
  expect((await jobs(server)).map(({ status }) => status)).toEqual(Array(count).fill("succeeded"));
});

test("a second SIGTERM does not wait", async () => {
  await using server = await started(here, { HOME: here.home, EASEL_SHUTDOWN_GRACE_S: "600" });
  const file = await upload(server, 512);
  for (let i = 0; i < 20; i++) await enlarge(server, file);
  while (!(await jobs(server)).some(({ status }) => status === "running")) await Bun.sleep(5);
  process.kill(server.pid, "SIGTERM");
  while (!server.text().includes("easel is stopping")) await Bun.sleep(5);
  expect(await server.stop()).toBe(143);
});
