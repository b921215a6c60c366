import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { encodeExr, packExr } from "../../../src/geometry/exr.ts";
import { fixtures, map } from "./scenes.ts";

const width = 41;
const height = 37;
const depth = new Float32Array(new Uint8Array(readFileSync(join(fixtures, "depth.f32"))).buffer);
const reference = new Uint8Array(readFileSync(join(fixtures, "depth.exr")));

interface Exr {
  attributes: Record<string, { type: string; value: Uint8Array }>;
  /** First row and stored bytes of each block. */
  blocks: { row: number; bytes: Uint8Array }[];
}

/** Reads the container, and leaves blocks as they are stored. */
function read(file: Uint8Array, rows: number): Exr {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  expect(view.getInt32(0, true)).toBe(20000630);
  let at = 8;
  const text = () => {
    const end = file.indexOf(0, at);
    const value = new TextDecoder().decode(file.subarray(at, end));
    at = end + 1;
    return value;
  };
  const attributes: Exr["attributes"] = {};
  for (let name = text(); name !== ""; name = text()) {
    const type = text();
    const size = view.getInt32(at, true);
    attributes[name] = { type, value: file.subarray(at + 4, at + 4 + size) };
    at += 4 + size;
  }
  const blocks = Array.from({ length: Math.ceil(rows / 16) }, (_, i) => {
    const offset = Number(view.getBigUint64(at + i * 8, true));
    const size = view.getInt32(offset + 4, true);
    return { row: view.getInt32(offset, true), bytes: file.subarray(offset + 8, offset + 8 + size) };
  });
  return { attributes, blocks };
}

const made = async (values: Float32Array, w: number, h: number, attributes = {}) =>
  new Uint8Array(await (await encodeExr(packExr(values, w, h), values, attributes)).arrayBuffer());

test("blocks hold what OpenEXR's own hold, before compression", async () => {
  const ours = read(await made(depth, width, height), height);
  const theirs = read(reference, height);
  expect(ours.blocks.map(({ row }) => row)).toEqual(theirs.blocks.map(({ row }) => row));
  const raw = new Uint8Array(depth.buffer);
  let compressed = 0;
  for (const [i, { bytes }] of theirs.blocks.entries()) {
    const whole = raw.subarray(i * 16 * width * 4, (i + 1) * 16 * width * 4);
    const unpacked = (block: Uint8Array) => (block.length === whole.length ? undefined : inflateSync(block));
    const [a, b] = [unpacked(ours.blocks[i]!.bytes), unpacked(bytes)];
    if (a && b) {
      compressed++;
      expect(Buffer.compare(a, b)).toBe(0);
    } else if (!a) expect(Buffer.compare(ours.blocks[i]!.bytes, whole)).toBe(0);
  }
  expect(compressed).toBeGreaterThan(0);
});

test("the header describes the picture as OpenEXR's does", async () => {
  const ours = read(await made(depth, width, height), height).attributes;
  const theirs = read(reference, height).attributes;
  for (const name of [
    "channels",
    "compression",
    "dataWindow",
    "displayWindow",
    "lineOrder",
    "pixelAspectRatio",
  ]) {
    expect(ours[name]!.type).toBe(theirs[name]!.type);
    expect([...ours[name]!.value]).toEqual([...theirs[name]!.value]);
  }
});

test("attributes keep numbers and texts", async () => {
  const { attributes } = read(
    await made(depth, width, height, { focal_length_px: 812.5, depth_unit: "metre" }),
    height,
  );
  expect(new Float32Array(attributes.focal_length_px!.value.slice().buffer)[0]).toBe(812.5);
  expect(new TextDecoder().decode(attributes.depth_unit!.value)).toBe("metre");
});

test("a smooth map shrinks, and a block that would grow is stored as it is", async () => {
  const smooth = map(64, 48, (x, y) => Math.fround(2 + Math.floor(x / 16) + Math.floor(y / 16)));
  expect((await made(smooth, 64, 48)).length).toBeLessThan(64 * 48 * 4 * 0.1);
  const random = new Float32Array(crypto.getRandomValues(new Uint8Array(64 * 48 * 4)).buffer);
  const { blocks } = read(await made(random, 64, 48), 48);
  expect(blocks.map(({ bytes }) => bytes.length)).toEqual([4096, 4096, 4096]);
  expect(Buffer.compare(Buffer.concat(blocks.map(({ bytes }) => bytes)), new Uint8Array(random.buffer))).toBe(
    0,
  );
});

test.each([
  [1, 1],
  [1, 40],
  [40, 1],
])("a map of %d × %d has a file", async (w, h) => {
  const values = map(w, h, (x, y) => x + y);
  const { blocks } = read(await made(values, w, h), h);
  expect(blocks.length).toBe(Math.ceil(h / 16));
});

test("every block of a tall map is found and holds its rows", async () => {
  const [w, h] = [3, 3000];
  const values = map(w, h, (x, y) => Math.fround(x + Math.floor(y / 5) / 7));
  const { packed } = packExr(values, w, h);
  const { blocks } = read(await made(values, w, h), h);
  expect(blocks.map(({ row }) => row)).toEqual(Array.from({ length: 188 }, (_, i) => i * 16));
  const rows = blocks.map(({ bytes }, i) => {
    const whole = packed.subarray(i * 16 * w * 4, (i + 1) * 16 * w * 4);
    expect(bytes.length).toBeLessThan(whole.length);
    return inflateSync(bytes);
  });
  expect(Buffer.compare(Buffer.concat(rows), packed)).toBe(0);
});

test("a map of one column and 300 000 rows is encoded in little memory", async () => {
  const program = `
    import { encodeExr, packExr } from ${JSON.stringify(join(import.meta.dir, "../../../src/geometry/exr.ts"))};
    const depth = new Float32Array(300_000).map((_, i) => i / 7);
    const rows = packExr(depth, 1, depth.length);
    const before = process.memoryUsage.rss();
    let most = before;
    const look = () => { most = Math.max(most, process.memoryUsage.rss()); };
    const timer = setInterval(look, 1);
    const file = await encodeExr(rows, depth, {});
    look();
    clearInterval(timer);
    console.log(JSON.stringify({ size: file.size, growth: most - before }));
  `;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  const { size, growth } = JSON.parse(await new Response(child.stdout).text());
  expect(size).toBeGreaterThan(300_000);
  // A compressor for each block at once would take 4 GB.
  expect(growth).toBeLessThan(400e6);
});
