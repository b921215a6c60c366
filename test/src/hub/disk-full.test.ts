import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canMount, onSmallDisk } from "../../small-disk.ts";
import { hubServer, sha256 } from "./hub-server.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-full-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const disk = join(folder, "disk");
mkdirSync(disk);

const bytes = new TextEncoder().encode(
  crypto.getRandomValues(new Uint8Array(65536)).toHex().repeat(12), // 1.5 MB
);
const module = join(import.meta.dir, "../../../src/hub/download");

test.skipIf(!canMount)(
  "a full disk ends the download with what is fetched kept, and no byte of it comes twice",
  async () => {
    using hub = hubServer({ "weights.safetensors": bytes });
    const expected = {
      size: bytes.length,
      etag: sha256(bytes),
      digest: { kind: "sha256", hex: sha256(bytes) },
    };
    const found = await onSmallDisk(
      disk,
      `
    import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
    const ballast = ${JSON.stringify(join(disk, "ballast"))};
    writeFileSync(ballast, new Uint8Array(3 * 2 ** 20));
    const { downloadFile } = await import(${JSON.stringify(`${module}/file.ts`)});
    const { broughtBytes } = await import(${JSON.stringify(`${module}/partial.ts`)});
    const expected = ${JSON.stringify(expected)};
    const path = ${JSON.stringify(join(disk, "weights.safetensors"))};
    const fetchIt = () => downloadFile({ url: ${JSON.stringify(`${hub.url}/weights.safetensors`)} }, expected, path,
      { partBytes: 256 * 1024, sleep: async () => {} }).then(() => "whole", ({ code }) => code);
    const first = await fetchIt();
    const files = readdirSync(${JSON.stringify(disk)}).sort();
    const kept = broughtBytes(path, expected);
    const second = await fetchIt();
    rmSync(ballast);
    const before = broughtBytes(path, expected);
    const requests = (await (await fetch(${JSON.stringify(`${hub.url}/requests`)})).json());
    const third = await fetchIt();
    const hash = new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
    console.log(JSON.stringify({ first, files, kept, second, before, requests, third, hash,
      left: readdirSync(${JSON.stringify(disk)}) }));
  `,
      4,
    );
    expect(found).toMatchObject({
      first: "disk_full",
      files: ["ballast", "weights.safetensors.easel-partial", "weights.safetensors.easel-partial.json"],
      second: "disk_full",
      third: "whole",
      hash: sha256(bytes),
      left: ["weights.safetensors"],
    });
    // nearly the whole disk is kept, and what is kept is not asked for again
    expect(found.kept).toBeGreaterThan(600_000);
    expect(hub.seen.slice(found.requests as number).reduce((sum, each) => sum + each.bytes, 0)).toBe(
      bytes.length - (found.before as number),
    );
  },
);

test.skipIf(!canMount)("a disk that cannot hold all of it is told of before the first byte", async () => {
  using hub = hubServer({ "weights.safetensors": bytes });
  const found = await onSmallDisk(
    disk,
    `
    import { readdirSync } from "node:fs";
    const { activate } = await import(${JSON.stringify(`${module}/resources.ts`)});
    const { hubEnv } = await import(${JSON.stringify(`${module}/hub.ts`)});
    const places = { hub: hubEnv({ HF_ENDPOINT: ${JSON.stringify(hub.url)}, HF_HOME: ${JSON.stringify(join(disk, "hf"))} }),
      downloads: ${JSON.stringify(join(disk, "downloads"))} };
    const download = { kind: "huggingface", repo: "org/model", revision: "main", files: ["weights.safetensors"] };
    const error = await activate([download], places).catch((error) => error);
    console.log(JSON.stringify({ code: error.code, message: error.message, files: readdirSync(${JSON.stringify(disk)}) }));
  `,
  );
  expect(found).toEqual({
    code: "disk_full",
    message: expect.stringContaining("The download needs"),
    files: [],
  });
  expect(hub.seen.some(({ path }) => path.includes("/resolve/"))).toBe(false);
});
