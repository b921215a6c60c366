import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeNpz } from "../../../src/images/npz.ts";
import { decodeNpz, NpzError } from "../../../src/images/npz-read.ts";

const depth = Float32Array.from({ length: 35 }, (_, i) => Math.sin(i) * 10);
const arrays = {
  depth: { data: depth, shape: [5, 7] },
  focal_length_px: { data: new Float64Array([812.25]), shape: [] },
  range: { data: new Float64Array([1, 2]), shape: [2] },
};
const file = Buffer.concat(await encodeNpz(arrays));
const read = (bytes: Uint8Array, maxBytes = 4096) =>
  decodeNpz(bytes, ["depth", "range", "focal_length_px"], maxBytes);

test("arrays come back as they were written", async () => {
  expect(await read(file)).toEqual(arrays);
  expect(Object.keys(await decodeNpz(file, ["range", "absent"], 4096))).toEqual(["range"]);
});

/** What `numpy.savez` writes: nothing is compressed. */
function stored(npy: Uint8Array): Uint8Array {
  const local = Buffer.alloc(30 + 9);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(9, 26);
  local.write("depth.npy", 30);
  const central = Buffer.alloc(46 + 9);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt32LE(npy.length, 20);
  central.writeUInt32LE(npy.length, 24);
  central.writeUInt16LE(9, 28);
  central.write("depth.npy", 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length + npy.length, 16);
  return new Uint8Array(Buffer.concat([local, npy, central, end]));
}

function npy(header: string, body: Uint8Array = new Uint8Array(depth.buffer)): Uint8Array {
  const text = `${header.padEnd(117)}\n`;
  const lead = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, text.length, 0]);
  return new Uint8Array(Buffer.concat([lead, Buffer.from(text), body]));
}
const plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 7), }";

test("an array that is not compressed is read too", async () => {
  expect((await read(stored(npy(plain)))).depth).toEqual(arrays.depth);
});

describe("refused with a reason", () => {
  test.each([
    ["no zip", () => new TextEncoder().encode("a depth map, honestly, and long enough to be one")],
    ["nothing", () => new Uint8Array()],
    ["cut short", () => file.subarray(0, file.length - 40)],
    ["other numbers", () => stored(npy(plain.replace("<f4", "<i4")))],
    ["Fortran's order", () => stored(npy(plain.replace("False", "True")))],
    ["another shape", () => stored(npy(plain.replace("(5, 7)", "(5, 8)")))],
    ["no header", () => stored(new Uint8Array(200))],
  ])("%s", async (_, bytes) => {
    expect(read(bytes())).rejects.toThrow(NpzError);
  });

  test("more than is allowed, whatever the directory says", async () => {
    const large = Buffer.concat(
      await encodeNpz({ depth: { data: new Float32Array(100_000), shape: [100_000] } }),
    );
    expect(read(large)).rejects.toThrow(NpzError);
    const lying = large.slice();
    const view = new DataView(lying.buffer);
    let directory = lying.length - 22;
    while (view.getUint32(directory, true) !== 0x02014b50) directory--;
    view.setUint32(directory + 24, 100, true);
    expect(read(lying)).rejects.toThrow(NpzError);
  });

  test("whatever byte is wrong, nothing else is thrown", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: file.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const wrong = file.slice();
          wrong[at]! ^= by;
          await read(wrong).catch((error) => {
            if (!(error instanceof NpzError)) throw error;
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
