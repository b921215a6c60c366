/** GGUF files, and matrices of 8 bits in safetensors files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { scope } from "../../../ffi/index.ts";
import { loadTransformer } from "../../../src/models/qwen-image/load.ts";
import { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { CheckpointError } from "../../../src/weights/checkpoint-error.ts";
import { HeaderFile } from "../../../src/weights/entry.ts";
import { readGguf } from "../../../src/weights/formats/gguf.ts";
import { openSafetensors } from "../../../src/weights/safetensors-file.ts";
import { partTable, tensorTable } from "../../../src/weights/tensor-table.ts";
import { openForTests } from "../../ffi/open.ts";

beforeAll(openForTests);

const fixtures = join(import.meta.dir, "../../fixtures");
const blocks = join(fixtures, "blocks/blocks.gguf");
const place = mkdtempSync(join(tmpdir(), "blocks-"));
afterAll(() => rmSync(place, { recursive: true }));

let count = 0;
function written(extension: string, bytes: Uint8Array): string {
  const path = join(place, `${count++}.${extension}`);
  writeFileSync(path, bytes);
  return path;
}

const bitsOf = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");

/** Numbers as the reference made them. */
function expected(name: string): { shape: readonly number[]; bits: string; values: Float32Array } {
  using file = openSafetensors(join(fixtures, "blocks/expected.safetensors"));
  const values = scope(() => file.take(name).read("float32"));
  return { shape: file.tensors.get(name)!.shape, bits: bitsOf(values), values };
}

function taken(path: string, name: string, shape: readonly number[]): Float32Array {
  using checkpoint = Checkpoint.open([path]);
  return scope(() => checkpoint.take(name, shape).astype("float32").read("float32"));
}

/** The types of blocks, as a GGUF file numbers them, with the numbers and bytes of a block. */
const packedTypes = [
  ["Q4_0", 2, 32, 18],
  ["Q4_1", 3, 32, 20],
  ["Q5_0", 6, 32, 22],
  ["Q5_1", 7, 32, 24],
  ["Q8_0", 8, 32, 34],
  ["Q2_K", 10, 256, 84],
  ["Q3_K", 11, 256, 110],
  ["Q4_K", 12, 256, 144],
  ["Q5_K", 13, 256, 176],
  ["Q6_K", 14, 256, 210],
] as const;

describe("numbers of a GGUF file", () => {
  test.each([...packedTypes.map(([name]) => name), "F32", "F16", "BF16"])(
    "of the type %s are those of the gguf package, bit for bit",
    (type) => {
      const { shape, bits } = expected(type);
      expect(bitsOf(taken(blocks, type, shape))).toBe(bits);
    },
  );

  test("rows of a matrix are cut out of it, block by block", () => {
    using checkpoint = Checkpoint.open([blocks], () => (name) => [
      { name: `${name}.0`, rows: { index: 0, of: 3 } },
      { name: `${name}.2`, rows: { index: 2, of: 3 } },
    ]);
    for (const [type] of packedTypes) {
      const { shape, values } = expected(type);
      const [rows, columns] = [shape[0]! / 3, shape[1]!];
      for (const index of [0, 2]) {
        const part = scope(() => checkpoint.take(`${type}.${index}`, [rows, columns]).read("float32"));
        const from = index * rows * columns;
        expect(bitsOf(part)).toBe(bitsOf(values.slice(from, from + rows * columns)));
      }
    }
  });

  test("a matrix larger than what is widened at once is whole", () => {
    const [rows, columns] = [4099, 1024];
    const block = Buffer.alloc(34);
    const bytes = Buffer.alloc((rows * columns * 34) / 32);
    for (let i = 0; i * 34 < bytes.length; i++) {
      block.writeUInt16LE(0x3c00);
      block.writeInt8((i % 255) - 127, 2);
      block.copy(bytes, i * 34);
    }
    const values = taken(gguf([{ name: "large", type: 8, shape: [rows, columns], bytes }]), "large", [
      rows,
      columns,
    ]);
    const wrong = values.findIndex((value, i) => value !== (i % 32 === 0 ? ((i / 32) % 255) - 127 : 0));
    expect(wrong).toBe(-1);
  });

  test("plans see the tensors as they are in memory", () => {
    const table = tensorTable(blocks)!;
    expect(table.get("Q4_K")).toEqual({ dtype: "F32", shape: [6, 512] });
    expect(table.get("BF16")).toEqual({ dtype: "BF16", shape: [3, 5] });
  });
});

interface Written {
  name: string;
  type: number;
  shape: readonly number[];
  bytes: Uint8Array;
}
interface Lies {
  magic?: string;
  version?: number;
  tensors?: bigint;
  pairs?: bigint;
  metadata?: Buffer;
  /** In the place of what is true of every tensor. */
  info?: Partial<{ name: string; shape: bigint[]; type: number; offset: bigint }>;
  cut?: number;
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: bigint | number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const aligned = (length: number) => Math.ceil(length / 32) * 32;

/** Writes a file, which may lie. */
function gguf(tensors: readonly Written[], lies: Lies = {}): string {
  let offset = 0;
  const infos = tensors.map(({ name, type, shape, bytes }) => {
    const info = { name, type, shape: shape.map(BigInt), offset: BigInt(offset), ...lies.info };
    offset += aligned(bytes.length);
    const axes = info.shape.toReversed().map(u64);
    return Buffer.concat([text(info.name), u32(axes.length), ...axes, u32(info.type), u64(info.offset)]);
  });
  const head = Buffer.concat([
    Buffer.from(lies.magic ?? "GGUF"),
    u32(lies.version ?? 3),
    u64(lies.tensors ?? tensors.length),
    u64(lies.pairs ?? (lies.metadata ? 1 : 0)),
    lies.metadata ?? Buffer.alloc(0),
    ...infos,
  ]);
  const pad = (bytes: Uint8Array) =>
    Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
  const all = Buffer.concat([pad(head), ...tensors.map(({ bytes }) => pad(bytes))]);
  return written("gguf", all.subarray(0, lies.cut === undefined ? all.length : all.length - lies.cut));
}

const two: readonly Written[] = [
  { name: "a", type: 8, shape: [2, 32], bytes: new Uint8Array(68) },
  { name: "b", type: 0, shape: [8], bytes: new Uint8Array(32) },
];
const entry = (key: string, type: number, value: Buffer) => Buffer.concat([text(key), u32(type), value]);
const huge = 2n ** 63n;

describe("a GGUF file that lies", () => {
  test.each<[string, Lies, string]>([
    ["another file", { magic: "GGML" }, "no GGUF file"],
    ["an old version", { version: 1 }, "version"],
    ["a big-endian file", { version: 0x03000000 }, "version"],
    ["too many tensors", { tensors: huge }, "too large"],
    ["more tensors than there are", { tensors: 3n }, ""],
    ["2^40 tensors", { tensors: 2n ** 40n }, "more than 65536 tensors"],
    ["2^40 metadata entries", { pairs: 2n ** 40n }, "more than 65536 metadata"],
    ["a huge text", { metadata: entry("k", 8, u64(2n ** 50n)) }, "cut short"],
    ["a huge key", { metadata: Buffer.concat([u64(2n ** 50n), Buffer.from("k")]) }, "too long"],
    ["a huge list", { metadata: entry("k", 9, Buffer.concat([u32(4), u64(2n ** 50n)])) }, "cut short"],
    ["a huge list of texts", { metadata: entry("k", 9, Buffer.concat([u32(8), u64(2n ** 50n)])) }, ""],
    ["a list of lists", { metadata: entry("k", 9, Buffer.concat([u32(9), u64(1)])) }, "unknown type"],
    ["an unknown value", { metadata: entry("k", 99, u32(0)) }, "unknown type"],
    ["no alignment", { metadata: entry("general.alignment", 4, u32(0)) }, "alignment"],
    ["an odd alignment", { metadata: entry("general.alignment", 4, u32(12)) }, "alignment"],
    ["an alignment as a text", { metadata: entry("general.alignment", 8, text("32")) }, "alignment"],
    ["a name twice", { info: { name: "a" } }, "twice"],
    ["a long name", { info: { name: "x".repeat(300) } }, "too long"],
    ["five axes", { info: { shape: [1n, 1n, 1n, 1n, 32n] } }, "4 axes"],
    ["an empty axis", { info: { shape: [0n, 32n] } }, "no valid shape"],
    ["a huge axis", { info: { shape: [2n ** 33n, 32n] } }, "no valid shape"],
    ["a huge product", { info: { shape: [2n ** 30n, 2n ** 30n] } }, "no valid shape"],
    ["rows of half a block", { info: { shape: [4n, 16n] } }, "no whole blocks"],
    ["an unsupported type", { info: { type: 20 } }, "IQ4_NL"],
    ["an unknown type", { info: { type: 77 } }, "77"],
    ["an offset between", { info: { offset: 4n } }, "multiple of the alignment"],
    ["an offset outside", { info: { offset: 2n ** 40n } }, "outside the file"],
    ["an overlap", { info: { offset: 0n } }, "overlaps"],
    ["a file cut short", { cut: 32 }, "outside the file"],
  ])("with %s is refused", (_, lies, why) => {
    const path = gguf(two, lies);
    expect(() => Checkpoint.open([path])).toThrow(CheckpointError);
    if (why) expect(() => Checkpoint.open([path])).toThrow(why);
    expect(tensorTable(path)).toBeUndefined();
  });

  test.each(packedTypes)(
    "about blocks of %s is refused: half a block, a byte too few, an overlap",
    (...kind) => {
      const [name, type, numbers, bytes] = kind;
      const honest = { name: "a", type, shape: [1, 2 * numbers], bytes: new Uint8Array(2 * bytes) };
      expect(taken(gguf([honest]), "a", [1, 2 * numbers]).length).toBe(2 * numbers);
      const half = gguf([{ ...honest, shape: [2, numbers / 2] }]);
      expect(() => Checkpoint.open([half])).toThrow(`no whole blocks of ${name}`);
      const short = gguf([honest], { cut: aligned(2 * bytes) - 2 * bytes + 1 });
      expect(() => Checkpoint.open([short])).toThrow("outside the file");
      // The next tensor begins where this one does not end yet.
      const over = gguf([
        { ...honest, shape: [4, 2 * numbers] },
        { ...honest, name: "b" },
      ]);
      expect(() => Checkpoint.open([over])).toThrow(/overlaps|outside/);
    },
  );

  test("is read when it does not", () => {
    const metadata = entry("general.alignment", 4, u32(32));
    expect(taken(gguf(two, { metadata }), "a", [2, 32])).toEqual(new Float32Array(64));
  });

  test("in any byte gives an error of its own, or tensors that lie inside the file", () => {
    const honest = readFileSync(blocks);
    const change = fc.record({ at: fc.nat(600), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(honest.length), (changes, cut) => {
        const bytes = Buffer.from(honest.subarray(0, cut < 400 ? honest.length - cut : honest.length));
        for (const { at, value } of changes) bytes[at % bytes.length] = value;
        const path = join(place, "changed.gguf");
        writeFileSync(path, bytes);
        try {
          using file = new HeaderFile(path);
          for (const tensor of readGguf(file)) {
            expect(tensor.offset).toBeLessThan(bytes.length);
            const values = taken(path, tensor.name, tensor.shape);
            expect(values.length).toBe(tensor.shape.reduce((a, b) => a * b, 1));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** Writes a safetensors file; types are those of its header. */
function safetensors(
  tensors: Record<string, { dtype: string; shape: readonly number[]; bytes: Uint8Array }>,
) {
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
      const from = at;
      at += bytes.length;
      return [name, { dtype, shape, data_offsets: [from, at] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const bodies = Object.values(tensors).map(({ bytes }) => bytes);
  return written("safetensors", Buffer.concat([u64(json.length), json, ...bodies]));
}
const floats = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
const float8 = { dtype: "F8_E4M3", shape: [8, 32], bytes: everyByte };

describe("a matrix of 8 bits", () => {
  test("is that of the ml_dtypes package, bit for bit", () => {
    const values = taken(safetensors({ "l.weight": float8 }), "l.weight", [8, 32]);
    const { values: wanted } = expected("F8_E4M3");
    expect(
      [...values].map((value) => (Number.isNaN(value) ? "NaN" : bitsOf(Float32Array.of(value)))),
    ).toEqual([...wanted].map((value) => (Number.isNaN(value) ? "NaN" : bitsOf(Float32Array.of(value)))));
  });

  test.each([
    ["scale_weight", [], [0.5], () => 0.5],
    ["scale_weight", [1], [0.25], () => 0.25],
    ["weight_scale", [8], [1, 2, 3, 4, 5, 6, 7, 8], (row: number) => row + 1],
    ["weight_scale", [8, 1], [1, 2, 3, 4, 5, 6, 7, 8], (row: number) => row + 1],
  ] as const)("has its scale in %s of %j", (name, shape, scales, factor) => {
    const path = safetensors({
      "l.weight": float8,
      [`l.${name}`]: { dtype: "F32", shape, bytes: floats(scales) },
      "l.input_scale": { dtype: "F32", shape: [], bytes: floats([9]) },
      scaled_fp8: { dtype: "U8", shape: [0], bytes: new Uint8Array(0) },
    });
    const { values } = expected("F8_E4M3");
    const wanted = values.map((value, i) => Math.fround(value * factor(Math.floor(i / 32))));
    expect([...taken(path, "l.weight", [8, 32])]).toEqual([...wanted]);
    using checkpoint = Checkpoint.open([path], () => (name) => [
      { name: `${name}.1`, rows: { index: 1, of: 4 } },
    ]);
    expect(checkpoint.names()).toEqual(["l.weight.1"]);
    const rows = scope(() => checkpoint.take("l.weight.1", [2, 32]).read("float32"));
    expect([...rows]).toEqual([...wanted.slice(64, 128)]);
    checkpoint.done();
    expect(tensorTable(path)!.get("l.weight")).toEqual({ dtype: "F32", shape: [8, 32] });
  });

  test.each([[[2]], [[8, 2]], [[32]]])("with a scale of %j is refused", (shape) => {
    const numbers = shape.reduce((a, b) => a * b, 1);
    const path = safetensors({
      "l.weight": float8,
      "l.weight_scale": { dtype: "F32", shape, bytes: floats(Array(numbers).fill(1)) },
    });
    expect(() => Checkpoint.open([path])).toThrow("neither one scale");
  });

  test("is no matrix of an adapter or of the cache", () => {
    expect(() => openSafetensors(safetensors({ a: float8 }))).toThrow("F8_E4M3");
  });
});

describe("a transformer in one file at the top of the model's folder", () => {
  const source = join(fixtures, "qwen/image/transformer");

  test("is read from GGUF, and the plan sees it", () => {
    const folder = join(place, "qwen");
    mkdirSync(folder);
    const [file] = readdirSync(source).filter((name) => name.endsWith(".safetensors"));
    using original = openSafetensors(join(source, file!));
    const tensors = [...original.tensors].map(([name, { shape }]): Written => {
      const values = scope(() => original.take(name).astype("float32").read("float32"));
      const packs = shape.length === 2 && shape[1]! % 32 === 0;
      return {
        name,
        shape,
        type: packs ? 8 : 0,
        bytes: packs ? packed(values) : new Uint8Array(values.buffer),
      };
    });
    writeFileSync(join(folder, "qwen-image-Q8_0.gguf"), readFileSync(gguf(tensors)));
    writeFileSync(join(folder, "config.json"), readFileSync(join(source, "config.json")));
    using network = loadTransformer([folder], { bits: null, dtype: "float32" });
    expect(network.linears.size).toBeGreaterThan(0);
    expect(partTable([folder], "transformer")!.size).toBe(tensors.length);
  });
});

/** Numbers in blocks of Q8_0. */
function packed(values: Float32Array): Uint8Array {
  const bytes = Buffer.alloc((values.length / 32) * 34);
  for (let i = 0; i < values.length / 32; i++) {
    const block = values.subarray(32 * i, 32 * i + 32);
    const largest = Math.max(...block.map(Math.abs));
    const step = new Float16Array([largest / 127 || 1])[0]!;
    bytes.writeUInt16LE(new Uint16Array(new Float16Array([step]).buffer)[0]!, 34 * i);
    for (const [j, value] of block.entries())
      bytes.writeInt8(Math.max(-127, Math.min(127, Math.round(value / step))), 34 * i + 2 + j);
  }
  return bytes;
}
