import { afterAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variant } from "../../../src/capabilities/capability.ts";
import type { Places } from "../../../src/hub/download/resources.ts";
import { requireRoom } from "../../../src/hub/room.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-room-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const places: Places = {
  hub: { endpoint: "http://127.0.0.1:9", token: undefined, cache: join(folder, "hub") },
  downloads: join(folder, "downloads"),
};
const repository = {
  kind: "huggingface",
  repo: "org/model",
  revision: "main",
  files: ["*.safetensors"],
} as const;
const address = { kind: "url", url: "http://127.0.0.1:9/a.pt", file: "a.pt" } as const;

const variant = (diskGb: number, downloads: Variant["downloads"]) =>
  ({ name: "base", diskGb, downloads }) as unknown as Variant;

const refusal = (diskGb: number, free: number, downloads: Variant["downloads"] = [repository]) => {
  try {
    requireRoom(variant(diskGb, downloads), places, () => free);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

describe("room for a model", () => {
  test("is missing where the disk is smaller than the model, and the numbers say so", () => {
    expect(refusal(7.3, 5e9)).toBe("The download needs about 7.3 GB and the disk has 5.0 GB left");
    expect(refusal(7.3, 8e9)).toBeUndefined();
  });

  test("is left to the exact sizes where rounding decides", () => {
    expect(refusal(7.3, 7.26e9)).toBeUndefined();
    expect(refusal(58, 57.6e9)).toBeUndefined();
    expect(refusal(58, 57.4e9)).toContain("58.0 GB");
  });

  test("counts what an earlier download brought, and no holes of it", () => {
    const blobs = join(places.hub.cache, "models--org--model", "blobs");
    mkdirSync(blobs, { recursive: true });
    expect(refusal(0.1, 48e6)).toContain("0.1 GB");
    writeFileSync(join(blobs, "aa.easel-partial"), randomBytes(4e6));
    expect(refusal(0.1, 48e6)).toBeUndefined();
    rmSync(join(blobs, "aa.easel-partial"));
    writeFileSync(join(blobs, "bb.easel-partial"), "");
    truncateSync(join(blobs, "bb.easel-partial"), 90e6);
    expect(refusal(0.1, 48e6)).toContain("0.1 GB");
  });

  test("is not asked for where everything is there", () => {
    mkdirSync(places.downloads, { recursive: true });
    expect(refusal(2, 1e9, [address])).toBeDefined();
    writeFileSync(join(places.downloads, "a.pt"), "weights");
    expect(refusal(2, 1e9, [address])).toBeUndefined();
  });

  test("is that of the disk under a folder which is not there yet", () => {
    expect(() => requireRoom(variant(0.05, [repository]), places)).not.toThrow();
    expect(() => requireRoom(variant(1e9, [repository]), places)).toThrow("GB left");
  });
});
