import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contextOf } from "../../../../../src/capabilities/catalogue.ts";
import { families } from "../../../../../src/capabilities/registry.ts";
import { createApp } from "../../../../../src/http/app.ts";
import type { Health } from "../../../../../src/jobs/scheduler.ts";
import { defaultSettings } from "../../../../../src/settings/load.ts";
import type { Settings } from "../../../../../src/settings/settings.ts";
import { idle, testDeps } from "../../deps.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-setup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const places = {
  hub: { endpoint: "http://127.0.0.1:9", token: undefined, cache: join(folder, "hub") },
  downloads: join(folder, "downloads"),
};

interface Model {
  family: string;
  name: string;
  status: string;
  activated: boolean;
  loaded: boolean;
  fits: boolean | null;
  memory_gb: number | null;
  built_in: boolean;
  size_gb: number;
  fits_disk?: boolean;
  copies?: { size_gb: number; fits_disk?: boolean }[];
  resources: {
    kind: string;
    label: string;
    ready: boolean;
    disk_gb: number | null;
    detail: string;
    activate_command: string;
  }[];
}
interface Answer {
  summary: Record<string, number>;
  data: Model[];
}

/** Puts files of a repository where the hub's client keeps them. */
function install(repo: string, files: Record<string, number>): void {
  const root = join(places.hub.cache, `models--${repo.replace("/", "--")}`);
  const commit = "0".repeat(40);
  mkdirSync(join(root, "refs"), { recursive: true });
  mkdirSync(join(root, "snapshots", commit), { recursive: true });
  writeFileSync(join(root, "refs/main"), commit);
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(root, "snapshots", commit, name), Buffer.alloc(bytes));
}

async function setup(given: Partial<Settings> = {}, memory: Partial<Health["memory"]> = {}) {
  const settings = defaultSettings({ auth_token: null, ...given });
  const health = idle.health();
  const deps = testDeps(settings, {
    capabilities: families,
    places,
    context: contextOf(families, settings, { places, embedded: null, budget: Infinity }),
    scheduler: { ...idle, health: () => ({ ...health, memory: { ...health.memory, ...memory } }) },
  });
  const answer = await createApp(deps).request("/v1/setup");
  expect(answer.status).toBe(200);
  const { summary, data } = (await answer.json()) as Answer;
  const model = (name: string) => data.find((each) => `${each.family}/${each.name}` === name)!;
  return { summary, data, model };
}

describe("the setup of models", () => {
  test("lists every model of every family, with totals", async () => {
    const { summary, data } = await setup();
    expect(data.map(({ family, name }) => `${family}/${name}`)).toEqual(
      families.flatMap(({ family, variants }) => variants.map(({ name }) => `${family}/${name}`)),
    );
    expect(summary.models_total).toBe(data.length);
    expect(summary.models_ready).toBe(data.filter(({ activated }) => activated).length);
    expect(summary.installed_gb).toBe(0);
    expect(summary.total_gb).toBeGreaterThan(100);
  });

  test("a built-in model needs none, and a missing one names what is missing and the command", async () => {
    const { model } = await setup();
    expect(model("depthanything/mini")).toMatchObject({ status: "none", activated: true, resources: [] });
    expect(model("depthpro/base")).toMatchObject({
      status: "missing",
      activated: false,
      resources: [
        {
          kind: "hf_snapshot",
          label: "apple/DepthPro-hf",
          ready: false,
          detail: "missing: config.json, preprocessor_config.json, model.safetensors",
          activate_command: "easel activate depthpro/base --accept-license",
        },
      ],
    });
  });

  test("an installed model counts with the bytes that it has, and no path is told", async () => {
    install("depth-anything/Depth-Anything-V2-Small-hf", {
      "config.json": 10,
      "model.safetensors": 49_999_990,
    });
    const { summary, model, data } = await setup();
    expect(model("depthanything/v2-small")).toMatchObject({ status: "ready", activated: true });
    expect(model("depthanything/v2-small").resources[0]).toMatchObject({
      ready: true,
      disk_gb: 0.05,
      detail: "",
    });
    expect(summary).toMatchObject({ resources_ready: 1, installed_gb: 0.05 });
    expect(JSON.stringify(data)).not.toContain(folder);
  });

  test("the answer names the free space, and for each missing download whether it fits", async () => {
    const { summary, model, data } = await setup();
    const { bavail, bsize } = statfsSync(folder);
    expect(summary.free_gb).toBeGreaterThan(0);
    // Others write to the disk meanwhile.
    expect(Math.abs(summary.free_gb! - (bavail * bsize) / 1e9)).toBeLessThan(5);
    expect(model("depthpro/base").fits_disk).toBe(summary.free_gb! > 1.9);
    expect(model("depthanything/mini").fits_disk).toBeUndefined();
    for (const { size_gb, fits_disk, copies } of data)
      for (const each of [{ size_gb, fits_disk }, ...(copies ?? [])])
        if (each.fits_disk !== undefined && Math.abs(each.size_gb - summary.free_gb!) > 6)
          expect(each.fits_disk).toBe(each.size_gb < summary.free_gb!);
  });

  test("a path of the operator is a resource of its own, there or not", async () => {
    const { model } = await setup({
      model_paths: { "depthanything/v2-base": folder, "depthanything/v2-large": join(folder, "not-there") },
    });
    expect(model("depthanything/v2-base")).toMatchObject({ status: "ready", activated: true });
    const large = model("depthanything/v2-large");
    expect(large).toMatchObject({ status: "missing", activated: false });
    expect(large.resources[0]).toMatchObject({ kind: "local_path", ready: false });
    expect(JSON.stringify(large)).not.toContain(folder);
  });

  test("says what is in memory, and what the budget cannot hold", async () => {
    const loaded = { family: "depthanything", name: "mini", domain: "image", repo: "", weight_gb: 0.1 };
    const { model } = await setup(
      {},
      { budget_gb: 2, loaded: [{ ...loaded, priority: 0, idle_s: 0, ttl_s: null, expires_in_s: null }] },
    );
    expect(model("depthanything/mini").loaded).toBe(true);
    expect(model("depthanything/v2-small")).toMatchObject({ loaded: false, fits: true });
    expect(model("depthpro/base").fits).toBe(false);
    expect(model("depthpro/base").memory_gb).toBeGreaterThan(2);
  });
});
