import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";
import { encodeNpz } from "../../../src/images/npz.ts";

const { npy } = JSON.parse(
  readFileSync(join(import.meta.dir, "../../fixtures/render/expected.json"), "utf8"),
) as { npy: Record<string, { values: string; shape: number[]; npy: string }> };

/** Reads a zip archive by its directory at the end, as zipfile does, and checks the sums. */
function unzip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  expect(end).toBe(archive.length - 22);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  expect(at + archive.readUInt32LE(end + 12)).toBe(end);
  const members = new Map<string, Buffer>();
  for (let index = 0; index < count; index++) {
    expect(archive.readUInt32LE(at)).toBe(0x02014b50);
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("latin1", at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    expect(archive.readUInt32LE(local)).toBe(0x04034b50);
    // From the version on, the local header repeats the directory's.
    expect(archive.subarray(local + 4, local + 28)).toEqual(archive.subarray(at + 6, at + 30));
    const start = local + 30 + nameLength;
    const body = archive.subarray(start, start + archive.readUInt32LE(at + 20));
    const data = archive.readUInt16LE(at + 10) === 0 ? body : inflateRawSync(body);
    expect(data.length).toBe(archive.readUInt32LE(at + 24));
    expect(crc32(data)).toBe(archive.readUInt32LE(at + 16));
    members.set(name, data);
    at += 46 + nameLength;
  }
  return members;
}

const unpacked = async (arrays: Parameters<typeof encodeNpz>[0]) =>
  unzip(Buffer.concat(await encodeNpz(arrays)));

test("an archive holds, byte for byte, the arrays that NumPy saves", async () => {
  const arrays = Object.fromEntries(
    Object.entries(npy).map(([name, { values, shape }]) => {
      const { buffer } = Uint8Array.fromBase64(values);
      return [name, { data: shape.length ? new Float32Array(buffer) : new Float64Array(buffer), shape }];
    }),
  );
  const members = await unpacked(arrays);
  expect([...members.keys()]).toEqual(Object.keys(npy).map((name) => `${name}.npy`));
  for (const [name, { npy: bytes }] of Object.entries(npy)) {
    expect(members.get(`${name}.npy`)?.toString("base64")).toBe(bytes);
  }
});

test("a large array survives the slices in which it is summed", async () => {
  const data = Float32Array.from({ length: 3_000_000 }, (_, i) => Math.sin(i));
  const member = (await unpacked({ depth: { data, shape: [1500, 2000] } })).get("depth.npy")!;
  expect(new Float32Array(Uint8Array.from(member.subarray(128)).buffer)).toEqual(data);
});

test("what hardly shrinks is stored as it is, what shrinks is deflated", async () => {
  const shape = [1000, 1000];
  const noise = Float32Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i * i));
  const flat = new Float32Array(1_000_000).fill(0.25);
  const archive = Buffer.concat(
    await encodeNpz({ noise: { data: noise, shape }, flat: { data: flat, shape } }),
  );
  expect(archive.length).toBeGreaterThan(4_000_000);
  expect(archive.length).toBeLessThan(4_100_000);
  const members = unzip(archive);
  for (const [name, data] of Object.entries({ noise, flat }))
    expect(new Float32Array(Uint8Array.from(members.get(`${name}.npy`)!.subarray(128)).buffer)).toEqual(data);
});

test("a window into a larger buffer is written alone", async () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const member = (await unpacked({ x: { data, shape: [2] } })).get("x.npy")!;
  expect([...new Float32Array(Uint8Array.from(member.subarray(128)).buffer)]).toEqual([1, 2]);
});
