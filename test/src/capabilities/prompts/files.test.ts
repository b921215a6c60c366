import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPromptCache, createPromptMemory } from "../../../../src/capabilities/prompts/cache.ts";
import { createPromptFiles, encoderIdentity } from "../../../../src/capabilities/prompts/files.ts";
import { canMount, onSmallDisk } from "../../../small-disk.ts";
import { model } from "../../models/qwen-image/fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-texts-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (tokens: number, value = 0.1) => ({
  data: Float32Array.from({ length: 16 * tokens }, (_, i) => Math.fround(value * i)),
  tokens,
});
const files = (bytes = 1e6, cacheBytes: number | null = null) =>
  createPromptFiles({ folder, bytes, cacheBytes });
const prompts = () => join(folder, "prompts");
const source = join(import.meta.dir, "../../../../src/capabilities/prompts/files.ts");

describe("texts on disk", () => {
  test("come back as they were, also to another process's reader", async () => {
    await files().put("aa", text(3));
    expect(await files().get("aa")).toEqual(text(3));
    expect(await files().get("bb")).toBeUndefined();
  });

  test("keep the rows of a picture, and are none when these are others", async () => {
    const picture = { ...text(6), rows: 2 };
    await files().put("aa", picture);
    expect(await files().get("aa")).toEqual(picture);
    flip(join(prompts(), "aa.text"), 14);
    expect(await files().get("aa")).toBeUndefined();
  });

  test("are for their owner alone", async () => {
    await files().put("aa", text(3));
    expect(readdirSync(prompts())).toEqual(["aa.text"]);
    expect(statSync(join(prompts(), "aa.text")).mode & 0o777).toBe(0o600);
    expect(statSync(prompts()).mode & 0o777).toBe(0o700);
  });

  test.each([
    ["a byte is another", (path: string) => flip(path, 60)],
    ["the number of tokens is another", (path: string) => flip(path, 16)],
    ["the end is missing", (path: string) => truncateSync(path, 50)],
    ["it is empty", (path: string) => truncateSync(path, 0)],
    ["it is longer", (path: string) => writeFileSync(path, "more", { flag: "a" })],
  ])("are none when %s, and the file goes", async (_, damage) => {
    await files().put("aa", text(3));
    damage(join(prompts(), "aa.text"));
    expect(await files().get("aa")).toBeUndefined();
    expect(readdirSync(prompts())).toEqual([]);
  });

  test("are bounded: the longest unused goes", async () => {
    const kept = files(3 * 64 * 4 + 3 * 32);
    for (const [i, key] of ["aa", "bb", "cc"].entries()) {
      await kept.put(key, text(4));
      utimesSync(join(prompts(), `${key}.text`), 1000 + i, 1000 + i);
    }
    await kept.get("aa");
    await kept.put("dd", text(4));
    expect(readdirSync(prompts()).sort()).toEqual(["aa.text", "cc.text", "dd.text"]);
  });

  test("respect the limit of the whole cache, and leave quantized weights alone", async () => {
    mkdirSync(join(folder, "quantized"));
    writeFileSync(join(folder, "quantized/a.safetensors"), new Uint8Array(900));
    await files(1e6, 1000).put("aa", text(4));
    expect(readdirSync(prompts())).toEqual([]);
    expect(readdirSync(join(folder, "quantized"))).toEqual(["a.safetensors"]);
  });

  test.skipIf(!canMount)("leave nothing behind when the disk is full", async () => {
    const found = await onSmallDisk(
      folder,
      `
      import { readdirSync } from "node:fs";
      const { createPromptFiles } = await import(${JSON.stringify(source)});
      const files = createPromptFiles({ folder: ${JSON.stringify(folder)}, bytes: 1e9, cacheBytes: null });
      const text = (tokens) => ({ data: new Float32Array(16 * tokens), tokens });
      await files.put("aa", text(4));
      const code = await files.put("bb", text(20_000)).then(() => "written", ({ code }) => code);
      console.log(JSON.stringify({ code, left: readdirSync(${JSON.stringify(prompts())}) }));
    `,
    );
    expect(found).toEqual({ code: "ENOSPC", left: ["aa.text"] });
  });
});

describe("texts in memory and on disk", () => {
  test("are found on disk by the next server", async () => {
    const first = createPromptCache(createPromptMemory(), files());
    expect(await first.put("aa", text(3))).toBeUndefined();
    const second = createPromptCache(createPromptMemory(), files());
    expect(await second.get("aa")).toEqual(text(3));
    rmSync(prompts(), { recursive: true });
    expect(await second.get("aa")).toEqual(text(3));
  });

  test("live on in memory when the disk fails, which is told", async () => {
    writeFileSync(prompts(), "a file where the folder should be");
    const texts = createPromptCache(createPromptMemory(), files());
    expect(await texts.put("aa", text(3))).toBe("EEXIST");
    expect(await texts.get("aa")).toEqual(text(3));
  });

  test("stay in memory alone where nothing is to be written", async () => {
    const texts = createPromptCache(createPromptMemory(), null);
    await texts.put("aa", text(3));
    expect(await texts.get("aa")).toEqual(text(3));
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("an encoder is another one when one of its files has changed", () => {
  const copy = join(folder, "model");
  cpSync(model, copy, { recursive: true, preserveTimestamps: true });
  // a link to a file that is gone, as half a copy of a cache has them
  symlinkSync("../../gone", join(copy, "text_encoder/README.md"));
  const before = encoderIdentity([copy]);
  expect(encoderIdentity([copy])).toEqual(before);
  writeFileSync(join(copy, "vae/config.json"), "{}");
  expect(encoderIdentity([copy])).toEqual(before);
  utimesSync(join(copy, "text_encoder/config.json"), 1, 1);
  expect(encoderIdentity([copy])).not.toEqual(before);
});

function flip(path: string, at: number) {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0xff;
  writeFileSync(path, bytes);
}
