import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variant } from "../../../src/capabilities/capability.ts";
import { locate } from "../../../src/hub/locate.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-locate-"));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (...parts: string[]) => {
  const path = join(folder, ...parts);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "x");
  return path;
};

const options = {
  modelPaths: {} as Record<string, string>,
  places: {
    hub: { endpoint: "", token: undefined, cache: join(folder, "hub") },
    downloads: join(folder, "downloads"),
  },
  embedded: join(folder, "inside"),
};
const hub = (repo: string, ...files: string[]) => ({
  kind: "huggingface" as const,
  repo,
  revision: "main",
  files,
});
const where = (variant: Partial<Variant>, modelPaths = options.modelPaths) =>
  locate("family", { name: "base", downloads: [], ...variant }, { ...options, modelPaths });

test("a repository is where the hub's cache has it, once every file is there", () => {
  const commit = "a".repeat(40);
  const variant = { downloads: [hub("org/model", "config.json", "model.safetensors")] };
  expect(where(variant)).toEqual({ missing: ["org/model"] });
  put("hub/models--org--model/refs/main");
  writeFileSync(join(folder, "hub/models--org--model/refs/main"), commit);
  const blob = put("hub/models--org--model/blobs/b1");
  put("hub/models--org--model/snapshots", commit, "config.json");
  const snapshot = join(folder, "hub/models--org--model/snapshots", commit);
  expect(where(variant)).toEqual({ missing: ["org/model"] });
  symlinkSync(blob, join(snapshot, "model.safetensors"));
  expect(where(variant)).toEqual({ source: { paths: [snapshot] } });
  rmSync(blob);
  expect(where(variant)).toEqual({ missing: ["org/model"] });
});

test("what is missing of several downloads is told by the names that activation knows", () => {
  const url = "https://example.com/weights.pt";
  const downloads = [{ kind: "url" as const, url, file: "weights.pt" }, hub("org/other", "a.json")];
  expect(where({ downloads })).toEqual({ missing: [url, "org/other"] });
  const path = put("downloads/weights.pt");
  expect(where({ downloads })).toEqual({ missing: ["org/other"] });
  expect(where({ downloads: downloads.slice(0, 1) })).toEqual({ source: { paths: [path] } });
});

test("model_paths wins over everything, and a path that is not there loads nothing else", () => {
  const own = put("mine.safetensors");
  const downloads = [{ kind: "url" as const, url: "https://example.com/weights.pt", file: "weights.pt" }];
  put("downloads/weights.pt");
  expect(where({ downloads }, { "family/base": own })).toEqual({ source: { paths: [own] } });
  const gone = where({ downloads }, { "family/base": join(folder, "gone") });
  expect(gone).toEqual({ missing: ['model_paths["family/base"]'] });
  expect(where({ downloads }, { "other/base": own })).toMatchObject({ source: {} });
});

test("a model inside the program is there when its file is", () => {
  expect(where({ embedded: "mini.safetensors" })).toEqual({ missing: ["mini.safetensors"] });
  const path = put("inside/mini.safetensors");
  expect(where({ embedded: "mini.safetensors" })).toEqual({ source: { paths: [path] } });
});

test("a model that nobody publishes has to be named in model_paths", () => {
  expect(where({})).toEqual({ missing: ['model_paths["family/base"]'] });
});

test("a whole copy stands in for weights that are not here, and of several downloads the one with the most bits", () => {
  const copy = (bits: 4 | 8) => ({
    bits,
    repo: "",
    diskGb: 1,
    downloads: [{ kind: "url" as const, url: `https://example.com/${bits}`, file: `copy-${bits}` }],
  });
  const published = { kind: "url" as const, url: "https://example.com/whole", file: "published" };
  const variant = { downloads: [published], copies: [copy(8), copy(4)] };
  const found = (more: Partial<Variant> = {}) => where({ ...variant, ...more });
  expect(found()).toEqual({ missing: [published.url] });
  const at = (name: string) => ({ source: { paths: [put("downloads", name)] } });
  const four = at("copy-4");
  expect(found()).toEqual(four);
  const eight = at("copy-8");
  expect(found()).toEqual(eight);
  const whole = at("published");
  expect([found(), found({ bits: 4 })]).toEqual([whole, eight]);
});
