import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { CheckpointError } from "../../../../src/weights/checkpoint-error.ts";
import { readTorch, unpickle } from "../../../../src/weights/formats/torch-pickle.ts";
import { fixture } from "../../models/fixtures.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-pickle-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = readFileSync(fixture("v2-original/depth_anything_v2_vits.pth"));

function write(bytes: Uint8Array): string {
  const path = join(folder, "weights.pt");
  writeFileSync(path, bytes);
  return path;
}

interface Member {
  name: string;
  bytes: Uint8Array;
  method?: number;
}

/** A zip archive of stored members, with a central directory. */
function zip(members: readonly Member[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, method = 0 } of members) {
    const label = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(bytes.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(label.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(bytes.length, 20);
    entry.writeUInt32LE(bytes.length, 24);
    entry.writeUInt16LE(label.length, 28);
    entry.writeUInt32LE(offset, 42);
    files.push(local, label, Buffer.from(bytes));
    directory.push(entry, label);
    offset += 30 + label.length + bytes.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, list, end]);
}

const text = (value: string) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from("X"), length, bytes]);
};
const int = (value: number) => {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x4a;
  bytes.writeInt32LE(value, 1);
  return bytes;
};
const op = (...codes: (string | Buffer | number)[]) =>
  Buffer.concat(
    codes.map((code) =>
      typeof code === "string" ? Buffer.from(code) : typeof code === "number" ? Buffer.from([code]) : code,
    ),
  );
const start = op(0x80, 2);

/** A state dict of one tensor "w". */
function stateDict({
  shape = [2, 3],
  stride = [3, 1],
  offset = 0,
  count = 6,
  storage = "FloatStorage",
} = {}) {
  const tuple = (values: readonly number[]) => op("(", ...values.map(int), "t");
  return op(
    start,
    "}",
    text("w"),
    "ctorch._utils\n_rebuild_tensor_v2\n",
    "(",
    "(",
    text("storage"),
    `ctorch\n${storage}\n`,
    text("0"),
    text("cpu"),
    int(count),
    "tQ",
    int(offset),
    tuple(shape),
    tuple(stride),
    0x89,
    "ccollections\nOrderedDict\n)R",
    "tR",
    "s.",
  );
}

const archive = (pickle: Buffer, data = 24, more: readonly Member[] = []) =>
  zip([{ name: "a/data.pkl", bytes: pickle }, { name: "a/data/0", bytes: new Uint8Array(data) }, ...more]);

const refused = (bytes: Uint8Array) => {
  const path = write(bytes);
  try {
    readTorch(path);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    const { message } = error as Error;
    expect(message).not.toContain(folder);
    return message;
  }
  throw new Error("the file was taken");
};

test("the tensors of a file that torch wrote are found where they lie", () => {
  const entries = readTorch(write(good));
  const norm = entries.find(({ name }) => name === "pretrained.norm.weight")!;
  expect(norm.shape).toEqual([128]);
  expect(norm.dtype).toBe("float16");
  expect(entries.length).toBe(127);
  expect(
    entries.every(({ offset, shape }) => offset + 2 * shape.reduce((a, b) => a * b, 1) <= good.length),
  ).toBe(true);
});

test("a state dict by hand is read, wrapped or not", () => {
  const [entry] = readTorch(write(archive(stateDict())));
  expect(entry).toMatchObject({ name: "w", shape: [2, 3], dtype: "float32" });
  const inner = stateDict().subarray(2, -1);
  const wrapped = op(start, "}", text("state_dict"), inner, "s.");
  expect(readTorch(write(archive(wrapped)))[0]).toMatchObject({ name: "w" });
});

test("a name that is not on the list is never called", () => {
  for (const [module, name] of [
    ["os", "system"],
    ["builtins", "eval"],
    ["torch", "load"],
    ["torch._utils", "_rebuild_tensor"],
    ["collections", "__builtins__"],
    ["__proto__", "constructor"],
    ["torch", "constructor"],
  ]) {
    const run = op(start, `c${module}\n${name}\n`, "(", text("touch /tmp/owned"), "tR.");
    expect(refused(archive(run))).toContain("is not allowed");
    const stacked = op(start, text(module!), text(name!), 0x93, "(", text("x"), "tR.");
    expect(refused(archive(stacked))).toContain("is not allowed");
  }
});

test("instructions that no state dict needs are refused", () => {
  for (const code of ["i", "o", "\x81", "\x92", "P", "S", "I", "F", "V", "0", "2"])
    expect(refused(archive(op(start, Buffer.from(code, "latin1"), "x\ny\n.")))).toContain("instruction");
});

describe("a tensor that does not lie in its storage is refused", () => {
  test.each([
    ["more rows than there are", { shape: [3, 3], stride: [3, 1] }],
    ["an offset past the end", { offset: 1 }],
    ["a storage larger than its member", { count: 7 }],
    ["a negative offset", { offset: -1 }],
    ["a negative side", { shape: [-2, 3] }],
    ["a transposed tensor", { stride: [1, 2] }],
    ["too few strides", { stride: [1] }],
    ["a side beyond counting", { shape: [2 ** 31 - 1, 2 ** 31 - 1], stride: [1, 1] }],
    ["an unknown type", { storage: "ComplexFloatStorage" }],
  ])("%s", (_, form) => {
    refused(archive(stateDict(form)));
  });
});

test("a storage whose member is missing, or a second pickle, is refused", () => {
  refused(zip([{ name: "a/data.pkl", bytes: stateDict() }]));
  refused(archive(stateDict(), 24, [{ name: "b/data.pkl", bytes: stateDict() }]));
  refused(archive(stateDict(), 24, [{ name: "a/data/0", bytes: new Uint8Array(24) }]));
  refused(archive(stateDict(), 24, [{ name: "a/byteorder", bytes: Buffer.from("big") }]));
});

test("compressed members are refused", () => {
  refused(archive(stateDict(), 24, [{ name: "a/data/1", bytes: new Uint8Array(4), method: 8 }]));
});

test("a dict that names the prototype is only a dict", () => {
  const bytes = op(start, "}", text("__proto__"), int(1), "s", text("constructor"), int(2), "s.");
  const value = unpickle(bytes);
  expect(value).toMatchObject({ kind: "dict" });
  expect(({} as Record<string, unknown>).kind).toBeUndefined();
});

test("a pickle cut anywhere is refused, and none is taken for whole", () => {
  const whole = stateDict();
  for (let length = 0; length < whole.length; length++) refused(archive(whole.subarray(0, length)));
});

test("a file cut anywhere is refused", () => {
  for (let length = 0; length < good.length; length += 4999) refused(good.subarray(0, length));
});

test("damage in the directory or the pickle is refused or changes nothing that leads out of the file", () => {
  const pickle = good.indexOf("_rebuild_tensor_v2");
  const spans = [
    [pickle - 200, pickle + 8000],
    [good.length - 9000, good.length],
  ] as const;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
      (which, changes) => {
        const [from, to] = spans[which]!;
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[from + (at % (to - from))] = value;
        try {
          for (const { offset, shape, dtype } of readTorch(write(bytes))) {
            const width =
              dtype === "float32" || dtype === "int32" ? 4 : dtype === "int64" || dtype === null ? 8 : 1;
            expect(offset).toBeGreaterThanOrEqual(0);
            expect(offset + width * shape.reduce((a, b) => a * b, 1)).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("random bytes as a pickle end in a result or a RangeError, and in no time", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        unpickle(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 500 },
  );
});

test("what is no zip archive is refused", () => {
  for (const bytes of [
    new Uint8Array(0),
    Buffer.from("PK"),
    Buffer.from("\x80\x02}q\x00."),
    new Uint8Array(70_000),
  ])
    expect(refused(bytes)).toContain("weights.pt");
});
