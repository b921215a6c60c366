/**
 * Whole servers of a fleet inside a test, with an engine whose depth is a ramp.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import type { NodeHealth } from "../../src/jobs/scheduler.ts";
import { type Serving, serve } from "../../src/serve.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { rampEngine } from "../src/ramp-engine.ts";

const picture = readFileSync(join(import.meta.dir, "../fixtures/images/turn-1.png"));
const image = { data_url: `data:image/png;base64,${picture.toString("base64")}` };
const folders: string[] = [];
const running = new Set<Serving>();

/** Stops the servers and removes the folders of a test. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((serving) => serving.stop()));
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "easel-fleet-"));
  folders.push(folder);
  return folder;
}

/** A fleet's settings without a machine's own. */
export function fleetOf(url: string, shared = newFolder()): Partial<Settings> {
  return { fleet_url: url, files_url: `file://${shared}`, fleet_lease_s: 2, log_level: "error" };
}

type Starting = { engine?: ReturnType<typeof rampEngine> } & NonNullable<Parameters<typeof serve>[2]>;

export async function start(
  name: string,
  fleet_role: Settings["fleet_role"],
  more: Partial<Settings>,
  { engine = rampEngine(), ...options }: Starting = {},
): Promise<Serving> {
  const data_dir = newFolder();
  const works = fleet_role !== "api";
  const settings = defaultSettings({
    port: 0,
    data_dir,
    cache_dir: join(data_dir, "cache"),
    model_paths: works ? { "depthpro/base": data_dir } : {},
    node_name: name,
    fleet_role,
    ...more,
  });
  const folder = Promise.resolve(data_dir);
  const device = () => ({ kind: "cpu", name: "a processor", self_test: "not_needed" }) as never;
  const serving = await serve(settings, works ? { engine, folder, device } : { folder }, options);
  running.add(serving);
  return serving;
}

export const stop = async (serving: Serving) => {
  running.delete(serving);
  await serving.stop();
};
export const get = (serving: Serving, path: string) => fetch(new URL(path, serving.url));
export const estimate = (serving: Serving, body: object = {}) =>
  fetch(new URL("/v1/image/depthpro/estimate", serving.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ image, ...body }),
  });
export const nodes = async (serving: Serving) =>
  ((await (await get(serving, "/health")).json()) as { nodes: NodeHealth[] }).nodes;
export const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await Bun.sleep(20);
};
export const ready = (serving: Serving, ...names: string[]) =>
  until(async () => {
    const there = (await nodes(serving)).filter(({ state }) => state === "ready").map(({ name }) => name);
    return names.every((name) => there.includes(name));
  });
export const jobOf = async (serving: Serving, id: string) =>
  (await (await get(serving, `/v1/jobs/${id}`)).json()) as Job;
