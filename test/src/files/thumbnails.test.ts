import { afterAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../../src/errors.ts";
import type { FileRecord } from "../../../src/files/file.ts";
import { createThumbnails } from "../../../src/files/thumbnails.ts";
import { decodePicture } from "../../../src/images/decode.ts";

const fixtures = join(import.meta.dir, "../../fixtures/images");
const folder = mkdtempSync(join(tmpdir(), "easel-thumbnails-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let number = 0;
function site(maxPixels = 2 ** 26) {
  const cache = join(folder, `cache-${++number}`);
  const records = new Map<string, { record: FileRecord; path: string }>();
  const thumbnails = createThumbnails({
    folder: cache,
    maxPixels,
    store: {
      local: async ({ file_id }) => records.get(file_id)!.path,
      get: async (id) => records.get(id)?.record,
    },
  });
  const add = (name: string, content_type: string, from = join(fixtures, name)) => {
    const file_id = `file_${(records.size + 1).toString(16).padStart(16, "0")}`;
    const path = join(folder, `${number}-${name}`);
    copyFileSync(from, path);
    const record = {
      file_id,
      filename: name,
      content_type,
      size: 1,
      sha256: "00",
      created_at: 0,
    } as FileRecord;
    records.set(file_id, { record, path });
    return record;
  };
  const kept = () => (existsSync(join(cache, "thumbnails")) ? readdirSync(join(cache, "thumbnails")) : []);
  return { thumbnails, add, kept, records };
}

const street = join(import.meta.dir, "../../../examples/street.jpg");

test("a thumbnail is a WebP of at most the size, in the picture's shape, and the same bytes the next time", async () => {
  const { thumbnails, add, kept } = site();
  const record = add("street.jpg", "image/jpeg", street);
  const first = await thumbnails.of(record, 128);
  const { width, height } = await decodePicture(first, { maxPixels: 2 ** 20 });
  const whole = await decodePicture(street, { maxPixels: 2 ** 26 });
  expect(Math.max(width, height)).toBe(128);
  expect(Math.abs(width / height - whole.width / whole.height)).toBeLessThan(0.02);
  expect(Buffer.from(first).subarray(8, 12).toString()).toBe("WEBP");
  expect(kept()).toEqual([`${record.file_id}-128.webp`]);
  expect(await thumbnails.of(record, 128)).toEqual(first);
});

test("a small picture keeps its size, and a turned one stands upright", async () => {
  const { thumbnails, add } = site();
  const names = readdirSync(fixtures).filter((name) => /^turn-\d\.png$/.test(name));
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) {
    const whole = await decodePicture(join(fixtures, name), { maxPixels: 2 ** 26 });
    const thumbnail = await decodePicture(await thumbnails.of(add(name, "image/png"), 1280), {
      maxPixels: 2 ** 26,
    });
    expect([name, thumbnail.width, thumbnail.height]).toEqual([name, whole.width, whole.height]);
  }
});

test("a file that is not a picture, a damaged one and one with too many pixels are refused and leave nothing", async () => {
  const { thumbnails, add, kept } = site(1000);
  for (const record of [
    add("text.png", "application/octet-stream"),
    add("text.png", "image/png"),
    add("cut.jpg", "image/jpeg"),
    add("street.jpg", "image/jpeg", street),
  ]) {
    const refusal = await thumbnails.of(record, 64).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    expect([record.filename, (refusal as Refusal).code]).toEqual([record.filename, "no_thumbnail"]);
  }
  expect(kept()).toEqual([]);
});

test("many requests for one thumbnail make it once", async () => {
  const { thumbnails, add, kept } = site();
  const record = add("street.jpg", "image/jpeg", street);
  const all = await Promise.all(Array.from({ length: 20 }, () => thumbnails.of(record, 320)));
  for (const bytes of all) expect(bytes).toEqual(all[0]!);
  expect(kept()).toHaveLength(1);
});

test("thumbnails of a deleted file go with it, at once or with the next sweep", async () => {
  const { thumbnails, add, kept, records } = site();
  const [first, second, third] = [1, 2, 3].map(() => add("street.jpg", "image/jpeg", street));
  for (const record of [first!, second!, third!]) await thumbnails.of(record, 64);
  thumbnails.forget(first!.file_id);
  expect(kept()).toHaveLength(2);
  records.delete(second!.file_id);
  await thumbnails.sweep();
  expect(kept()).toEqual([`${third!.file_id}-64.webp`]);
});

test("a file of another name in the folder is left alone by the sweep", async () => {
  const { thumbnails, add } = site();
  await thumbnails.of(add("street.jpg", "image/jpeg", street), 64);
  const other = join(folder, `cache-${number}/thumbnails/notes.txt`);
  writeFileSync(other, "mine");
  await thumbnails.sweep();
  expect(existsSync(other)).toBe(true);
});
