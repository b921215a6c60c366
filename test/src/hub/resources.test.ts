import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Download } from "../../../src/capabilities/capability.ts";
import { families } from "../../../src/capabilities/registry.ts";
import type { DownloadError } from "../../../src/hub/download/errors.ts";
import { hubEnv } from "../../../src/hub/download/hub.ts";
import {
  type ActivationEvent,
  activate,
  deactivate,
  distinct,
  missing,
  type Places,
  pathOf,
} from "../../../src/hub/download/resources.ts";
import { type Behaviour, hubServer, sha256 } from "./hub-server.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-resources-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const files = {
  "config.json": bytes("{}"),
  "model-1.safetensors": bytes("one"),
  "model-2.safetensors": bytes("two"),
  "model.safetensors.index.json": bytes(
    JSON.stringify({ weight_map: { a: "model-1.safetensors", b: "model-2.safetensors" } }),
  ),
  "depth.pt": bytes("weights"),
};
const repo: Download = {
  kind: "huggingface",
  repo: "org/model",
  revision: "main",
  files: ["config.json", "*.safetensors", "model.safetensors.index.json"],
};

function start(behaviour: Behaviour = {}) {
  const server = hubServer(files, behaviour);
  const places: Places = {
    hub: hubEnv({ HF_ENDPOINT: server.url, HF_HOME: folder }),
    downloads: join(folder, "downloads"),
  };
  return { server, places, [Symbol.dispose]: () => server[Symbol.dispose]() };
}

describe("activate()", () => {
  test("brings what is missing and says so file by file", async () => {
    using hub = start();
    const events: ActivationEvent[] = [];
    expect(missing(repo, hub.places)).toEqual([...repo.files]);
    await activate([repo], hub.places, { on: (event) => events.push(event) });
    expect(missing(repo, hub.places)).toEqual([]);
    expect(events[0]).toEqual({ event: "listing", label: "org/model" });
    expect(events.at(-1)?.event).toBe("downloaded");
    const last = events.filter((event) => event.event === "file" && event.done === event.total);
    expect(new Set(last.map((event) => event.event === "file" && event.file)).size).toBe(4);
  });

  test("tells of a large file now and then, not of each of its pieces, and of its end", async () => {
    const large = new Uint8Array(8 * 2 ** 20).fill(7);
    using server = hubServer({ "large.safetensors": large });
    const places: Places = {
      hub: hubEnv({ HF_ENDPOINT: server.url, HF_HOME: folder }),
      downloads: join(folder, "downloads"),
    };
    const events: ActivationEvent[] = [];
    const started = performance.now();
    await activate([{ ...repo, files: ["large.safetensors"] }], places, {
      on: (event) => events.push(event),
    });
    const told = events.filter((event) => event.event === "file");
    expect(told.at(-1)).toMatchObject({ done: large.length, total: large.length });
    expect(told.length).toBeLessThanOrEqual(3 + (performance.now() - started) / 100);
  });

  test("asks the network for nothing when all is there", async () => {
    using hub = start();
    await activate([repo], hub.places);
    const before = hub.server.seen.length;
    await activate([repo], hub.places);
    expect(hub.server.seen.length).toBe(before);
  });

  test("fetches a plain address with its hash", async () => {
    using hub = start();
    const url = `${hub.server.url}/depth.pt`;
    const download: Download = { kind: "url", url, file: "d/depth.pt", sha256: sha256(files["depth.pt"]) };
    await activate([download], hub.places);
    expect(await Bun.file(pathOf(download, hub.places)!).text()).toBe("weights");
    const wrong: Download = { ...download, file: "e/depth.pt", sha256: "0".repeat(64) };
    const error = await activate([wrong], hub.places).catch((error: unknown) => error);
    expect((error as DownloadError).code).toBe("wrong_hash");
    expect(existsSync(join(folder, "downloads/e/depth.pt"))).toBe(false);
  });

  test("refuses before the first byte when one of several is not to be had", async () => {
    using hub = start();
    const gated: Download = { ...repo, repo: "org/gated", files: ["absent.bin"] };
    const error = await activate([repo, gated], hub.places).catch((error: unknown) => error);
    expect((error as DownloadError).code).toBe("not_found");
    expect(hub.server.seen.some(({ path }) => path.includes("/resolve/"))).toBe(false);
  });
});

describe("missing()", () => {
  test("names the shards that the index promises and nobody brought", async () => {
    using hub = start();
    await activate([repo], hub.places);
    rmSync(join(pathOf(repo, hub.places)!, "model-2.safetensors"));
    expect(missing(repo, hub.places)).toEqual(["model-2.safetensors"]);
  });

  test("counts a link to a lost blob as missing", async () => {
    using hub = start();
    await activate([repo], hub.places);
    rmSync(join(folder, "hub/models--org--model/blobs", sha256(files["model-1.safetensors"])));
    expect(missing(repo, hub.places)).toContain("model-1.safetensors");
  });

  test("uses a model that another program brought, named by its commit", () => {
    const commit = "ab12".padEnd(40, "0");
    const root = join(folder, "hub/models--org--model/snapshots", commit);
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, "config.json"), "{}");
    const places: Places = { hub: hubEnv({ HF_HOME: folder }), downloads: folder };
    expect(missing({ ...repo, revision: commit, files: ["config.json"] }, places)).toEqual([]);
  });
});

test("deactivate() removes the whole repository and nothing beside it", async () => {
  using hub = start();
  await activate([repo], hub.places);
  mkdirSync(join(folder, "hub/models--org--other"));
  expect(deactivate(repo, hub.places)).toBe(true);
  expect(deactivate(repo, hub.places)).toBe(false);
  expect(existsSync(join(folder, "hub/models--org--other"))).toBe(true);
  expect(missing(repo, hub.places).length).toBe(3);
});

test("deactivate() leaves what another model of the same repository needs", async () => {
  using hub = start();
  const one: Download = { ...repo, files: ["config.json", "model-1.safetensors"] };
  const two: Download = { ...repo, files: ["config.json", "model-2.safetensors"] };
  await activate([one, two], hub.places);
  expect(deactivate(one, hub.places, [two])).toBe(true);
  expect(missing(one, hub.places)).toEqual(["model-1.safetensors"]);
  expect(missing(two, hub.places)).toEqual([]);
  const blobs = join(folder, "hub/models--org--model/blobs");
  expect(existsSync(join(blobs, sha256(files["model-1.safetensors"])))).toBe(false);
  expect(deactivate(one, hub.places, [two])).toBe(false);
});

test("distinct() puts the files of one repository together", () => {
  const other: Download = { ...repo, files: ["config.json", "vae.safetensors"] };
  expect(distinct([repo, other])).toEqual([{ ...repo, files: [...repo.files, "vae.safetensors"] }]);
});

test("the adapters for few steps are fetched and removed with their model, each from a place of its own", () => {
  const own = families.flatMap(({ family, variants }) =>
    variants.flatMap(({ name, downloads, fast = [] }) =>
      fast.map((each) => ({ ...each, model: `${family}/${name}`, downloads })),
    ),
  );
  expect(own.map(({ model, steps }) => `${model} ${steps}`)).toEqual([
    "qwen/edit-2509 4",
    "qwen/edit-2509 8",
    "qwen/edit-2511 4",
    "qwen/edit-2511 8",
  ]);
  const files = own.map(({ download }) => (download.kind === "huggingface" ? download.files : []));
  expect(new Set(files.flat()).size).toBe(own.length);
  const merged = distinct(own.slice(0, 2).map(({ download }) => download));
  expect(merged.map((download) => download.kind === "huggingface" && download.files.length)).toEqual([2]);
});
