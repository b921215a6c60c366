import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { depthanything } from "../../../src/capabilities/depthanything/index.ts";
import { families } from "../../../src/capabilities/registry.ts";
import { seedvr2 } from "../../../src/capabilities/seedvr2/index.ts";
import {
  apart,
  cellsOf,
  type Grey,
  type Kept,
  keep,
  orderRight,
  readKept,
  requireAsKept,
  requirePlausible,
  tolerances,
} from "../../../src/check/expectation.ts";
import { type CheckedWith, checkModel, checkResult } from "../../../src/check/model.ts";
import { scene } from "../../../src/check/scene.ts";
import shipped from "../../../src/check/shipped-expectation.json" with { type: "json" };
import { weightsOf } from "../../../src/check/weights-hash.ts";
import type { Client } from "../../../src/cli/client.ts";
import { localServer } from "../../../src/cli/local-server.ts";
import { thisProcess } from "../../../src/cli/process.ts";
import { choices } from "../../../src/cli/select.ts";
import { hubEnv } from "../../../src/hub/download/hub.ts";
import { loadSettings } from "../../../src/settings/load.ts";
import { gitSha1, sha256 } from "../hub/hub-server.ts";

const root = join(import.meta.dir, "../../..");
const weights = join(root, "assets/mini/mini.safetensors");
const builtIn = [
  { model: "depthanything/mini", file: weights },
  { model: "seedvr2/mini", file: join(root, "assets/mini/mini-upscaler.safetensors") },
];
const { signal } = new AbortController();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-check-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const grey = (width: number, height: number, of: (x: number, y: number) => number): Grey => ({
  width,
  height,
  values: Float32Array.from({ length: width * height }, (_, i) => of(i % width, Math.floor(i / width))),
});

describe("the drawn room", () => {
  const room = scene(160, 120);

  test("is the same every time", () => {
    expect(sha256(scene(160, 120).pixels)).toBe(sha256(room.pixels));
  });

  test("has what is right, wrong and neither told apart", () => {
    const truth = { width: 160, height: 120, values: room.depth.map((metres) => 1 / metres) };
    expect(orderRight(truth, room)).toBe(1);
    expect(orderRight({ ...truth, values: room.depth }, room)).toBe(0);
    expect(requirePlausible(truth, room)).toContain("100 % of near and far");
    expect(() => requirePlausible({ ...truth, values: room.depth }, room)).toThrow(
      "not those of a depth model",
    );
    const flat = grey(160, 120, () => 0.5);
    expect(() => requirePlausible(flat, room)).toThrow("one single colour");
    const nothing = grey(160, 120, () => Number.NaN);
    expect(() => requirePlausible(nothing, null)).toThrow("one single colour");
    expect(() =>
      requirePlausible(
        grey(160, 120, (x) => (x % 2) * 0.5),
        room,
      ),
    ).toThrow("only");
  });
});

describe("this machine's own expectation", () => {
  const cells = cellsOf(grey(64, 48, (x, y) => (x + y) / 112));
  const now = { weights: "one", device: "here", version: "1.0.0", cells };
  const before: Kept = { ...now, date: "2026-01-02" };
  const published = { name: "a/b", verified: true };

  test("is kept at the first check, and for another version or device", () => {
    expect(requireAsKept(undefined, now, published).keep).toBe(true);
    expect(requireAsKept({ ...before, version: "0.9.0" }, now, published).keep).toBe(true);
    expect(requireAsKept({ ...before, device: "there" }, now, published).keep).toBe(true);
    expect(requireAsKept(before, now, published)).toMatchObject({ keep: false });
    const file = join(folder, "cache/checks.json");
    expect(keep(file, "a/b", before)).toBeUndefined();
    // it may be this that makes the data directory
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    keep(file, "a/c", before);
    expect(readKept(file)).toEqual({ "a/b": before, "a/c": before });
    writeFileSync(file, "{ damaged");
    expect(readKept(file)).toEqual({});
    expect(keep(join(file, "checks.json"), "a/b", before)).toBe("EEXIST");
  });

  test("is not met by another result, nor by one that is no number", () => {
    const other = { ...now, cells: cells.map((value, i) => (i === 9 ? value + 0.01 : value)) };
    expect(() => requireAsKept(before, other, published)).toThrow("differs by 0.0100");
    const none = { ...now, cells: cells.map((value, i) => (i === 9 ? Number.NaN : value)) };
    expect(() => requireAsKept(before, none, published)).toThrow("differs by NaN");
  });

  test("asks about weights of one's own that became other ones, not about published ones", () => {
    const other = { ...now, weights: "two" };
    expect(() => requireAsKept(before, other, { name: "a/b", verified: false })).toThrow(
      "the weights are not those of the check on 2026-01-02; if that is meant: easel check --model a/b --renew",
    );
    expect(requireAsKept(before, other, published).keep).toBe(true);
  });
});

describe("weightsOf()", () => {
  const bytes = new TextEncoder().encode("weights");
  const config = new TextEncoder().encode("{}");
  const hub = { kind: "huggingface" as const, repo: "org/it", revision: "main", files: ["*.safetensors"] };
  const lay = () => {
    mkdirSync(join(folder, "blobs"));
    mkdirSync(join(folder, "snapshot"));
    writeFileSync(join(folder, "blobs", sha256(bytes)), bytes);
    writeFileSync(join(folder, "blobs", gitSha1(config)), config);
    symlinkSync(`../blobs/${sha256(bytes)}`, join(folder, "snapshot/model.safetensors"));
    symlinkSync(`../blobs/${gitSha1(config)}`, join(folder, "snapshot/config.json"));
    return join(folder, "snapshot");
  };

  test("holds the files of Hugging Face's cache against the hashes they are named by", async () => {
    const path = lay();
    expect(await weightsOf([path], [], signal)).toMatchObject({ files: 2, bytes: 9, verified: true });
    writeFileSync(join(folder, "blobs", sha256(bytes)), "wEights");
    expect(weightsOf([path], [], signal)).rejects.toThrow(
      "model.safetensors does not have its published hash",
    );
  });

  test("holds a file from elsewhere against the hash that its download states", async () => {
    const path = join(folder, "depth.pt");
    writeFileSync(path, bytes);
    const download = { kind: "url" as const, url: "https://example.com/depth.pt", file: "depth.pt" };
    const stated = { ...download, sha256: sha256(bytes) };
    expect(await weightsOf([path], [stated], signal)).toMatchObject({ files: 1, verified: true });
    expect(await weightsOf([path], [download], signal)).toMatchObject({ files: 1, verified: false });
    expect(await weightsOf([lay(), path], [hub, stated], signal)).toMatchObject({ files: 2, verified: true });
    writeFileSync(path, config);
    await expect(weightsOf([path], [stated], signal)).rejects.toThrow(
      "depth.pt does not have its published hash",
    );
  });

  test("knows other files by what is in them alone", async () => {
    const one = join(folder, "one.safetensors");
    const two = join(folder, "two.safetensors");
    writeFileSync(one, bytes);
    writeFileSync(two, bytes);
    const [a, b] = [await weightsOf([one], [], signal), await weightsOf([two], [], signal)];
    expect(a).toMatchObject({ files: 1, verified: false });
    expect(a.hash).toBe(b.hash);
    writeFileSync(two, config);
    expect((await weightsOf([two], [], signal)).hash).not.toBe(a.hash);
  });
});

test("the expectations that are shipped are of the weights that are shipped (else: bun scripts/docs/check-expectation.ts)", async () => {
  const found = await Promise.all(
    builtIn.map(async ({ model, file }) => [model, (await weightsOf([file], [], signal)).hash]),
  );
  expect(found).toEqual(Object.entries(shipped).map(([model, { weights }]) => [model, weights]));
});

describe("a model", () => {
  const own = thisProcess(() => new Worker(new URL("../../../src/worker.ts", import.meta.url)));
  const mini = choices(families, () => "").find(({ variant }) => variant.name === "mini")!;
  const probe = { family: depthanything, variant: "mini" };
  const place = mkdtempSync(join(tmpdir(), "easel-check-"));
  const local = join(place, "own.safetensors");
  let server: Client;
  let loaded: ReturnType<typeof loadSettings>;
  const machine = (paths: Record<string, string>, more: Partial<CheckedWith> = {}): CheckedWith => ({
    client: server,
    settings: { ...loaded.settings, model_paths: paths, cache_dir: folder },
    places: { hub: hubEnv({ HF_HOME: folder }), downloads: folder },
    nativeFolder: "",
    signal,
    renew: false,
    ...more,
  });

  /** The same file with noise in every number: half precision after a header of JSON. */
  function damage(strength: number) {
    const file = new Uint8Array(readFileSync(weights));
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    let state = 3;
    for (let at = 8 + Number(view.getBigUint64(0, true)); at + 2 <= file.length; at += 2) {
      state = (state * 48271) % 2147483647;
      const value = view.getFloat16(at, true);
      view.setFloat16(at, value * (1 + strength * (state / 2147483647 - 0.5)), true);
    }
    writeFileSync(local, file);
  }

  beforeAll(async () => {
    cpSync(weights, local);
    loaded = loadSettings({
      env: { HOME: place, EASEL_MODEL_PATHS: JSON.stringify({ "depthanything/mini": local }) },
    });
    server = await localServer(loaded, own, signal);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(place, { recursive: true, force: true });
  });
  const unload = () =>
    server.request("/v1/image/depthanything/models/mini/unload", { method: "POST" }).then(() => undefined);

  test("that is whole gives what was shipped with it", async () => {
    expect(await checkModel(mini, probe, machine({}))).toContain("like the result that comes with easel");
  });

  test("that enlarges pictures and is whole gives what was shipped with it", async () => {
    const upscaler = choices(families, () => "").find(
      ({ capability, variant }) => capability.family === "seedvr2" && variant.name === "mini",
    )!;
    const found = await checkModel(upscaler, { family: seedvr2, variant: "mini" }, machine({}));
    expect(found).toContain("like the result that comes with easel");
  });

  test("whose weights have a little noise gives something else than what is expected", async () => {
    await unload();
    damage(0.2);
    const { grey: result } = await checkResult(server, probe, signal);
    expect(apart(cellsOf(result), shipped["depthanything/mini"].cells)).toBeGreaterThan(tolerances.processor);
  });

  test("of one's own is held against the check before it, and its damage shows", async () => {
    await unload();
    cpSync(weights, local);
    const paths = { "depthanything/mini": local };
    expect(await checkModel(mini, probe, machine(paths))).toContain("kept for the next check");
    expect(await checkModel(mini, probe, machine(paths))).toContain("like this machine's own result");
    // kept for the device that computed it, by its own name
    const { device } = await (await server.request("/ready")).json();
    const file = join(loaded.settings.data_dir, "checks.json");
    expect(readKept(file)["depthanything/mini"]!.device).toEndWith(`${device.kind} ${device.name}`);
    await unload();
    damage(0.02);
    expect(checkModel(mini, probe, machine(paths))).rejects.toThrow("the weights are not those of the check");
    expect(await checkModel(mini, probe, machine(paths, { renew: true }))).toContain("kept");
    expect(await checkModel(mini, probe, machine(paths))).toContain("like this machine's own result");
  });

  test("whose weights are noise is told to be no depth model", async () => {
    await unload();
    damage(60);
    const checked = checkModel(mini, probe, machine({ "depthanything/mini": local }));
    expect(checked).rejects.toThrow();
    await checked.catch(() => {});
  });
});
