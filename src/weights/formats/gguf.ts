/**
 * The header of a GGUF file, read by rules that trust nothing in it: every count, length and offset is checked against the file before
 * it is used, and no more is kept than the tensors' places. Nothing here knows MLX.
 *
 * @module
 */
import type { Dtype } from "../../../ffi/dtype.ts";
import { type BlockType, blockTypes } from "../block-types.ts";
import { elements, type HeaderFile } from "../entry.ts";

export interface GgufTensor {
  name: string;
  shape: readonly number[];
  offset: number;
  dtype: Dtype;
  /** How its numbers are packed; without it they are plain numbers of `dtype`. */
  blocks?: BlockType;
}

interface Kind {
  name: string;
  /** Numbers in a block, and its bytes. */
  numbers: number;
  bytes: number;
  dtype: Dtype;
  blocks?: BlockType;
}

const plain = (name: string, bytes: number, dtype: Dtype): Kind => ({ name, numbers: 1, bytes, dtype });
const packed = (name: keyof typeof blockTypes): Kind => ({
  name,
  ...blockTypes[name],
  dtype: "float32",
  blocks: name,
});

/** By the number that the file gives. */
const kinds: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [0, plain("F32", 4, "float32")],
  [1, plain("F16", 2, "float16")],
  [2, packed("Q4_0")],
  [3, packed("Q4_1")],
  [6, packed("Q5_0")],
  [7, packed("Q5_1")],
  [8, packed("Q8_0")],
  [10, packed("Q2_K")],
  [11, packed("Q3_K")],
  [12, packed("Q4_K")],
  [13, packed("Q5_K")],
  [14, packed("Q6_K")],
  [30, plain("BF16", 2, "bfloat16")],
]);
const otherKinds: Readonly<Record<number, string>> = {
  9: "Q8_1",
  15: "Q8_K",
  20: "IQ4_NL",
  23: "IQ4_XS",
};

const [mostTensors, mostPairs, longestName, longestKey] = [65_536, 65_536, 256, 65_535];
const longestHeader = 64 * 2 ** 20;
const [text, list, uint32] = [8, 9, 4];
/** Bytes of a value by its type; texts and lists have no fixed size. */
const valueBytes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const usualAlignment = 32;

/** The tensors of a file. Ends with the file's `fail` when anything does not hold. */
export function readGguf(file: HeaderFile): GgufTensor[] {
  const cursor = new Cursor(file);
  if (cursor.bytes(4).toString("latin1") !== "GGUF") file.fail("it is no GGUF file");
  const version = cursor.u32();
  if (version !== 2 && version !== 3) file.fail("its version of GGUF is not 2 or 3, or it is big-endian");
  const tensors = cursor.count(mostTensors, "tensors");
  const pairs = cursor.count(mostPairs, "metadata entries");
  const alignment = alignmentOf(cursor, pairs);
  const table = Array.from({ length: tensors }, () => tensorInfo(cursor));
  const begin = Math.ceil(cursor.at / alignment) * alignment;
  return placed(file, table, { begin, alignment });
}

/** Passes over the metadata and gives what it says of the alignment. */
function alignmentOf(cursor: Cursor, pairs: number): number {
  let alignment = usualAlignment;
  for (let i = 0; i < pairs; i++) {
    const key = cursor.text(longestKey);
    const type = cursor.u32();
    if (key !== "general.alignment") {
      passValue(cursor, type);
      continue;
    }
    alignment = type === uint32 ? cursor.u32() : 0;
    if (alignment < 8 || alignment % 8 !== 0 || alignment > 65_536)
      cursor.file.fail("its alignment is not a multiple of 8 up to 65536");
  }
  return alignment;
}

function passValue(cursor: Cursor, type: number): void {
  if (type === text) cursor.pass(cursor.u64());
  else if (type === list) passList(cursor, cursor.u32(), cursor.u64());
  else cursor.pass(sizeOf(cursor, type));
}

function passList(cursor: Cursor, type: number, count: number): void {
  if (type === text) for (let i = 0; i < count; i++) cursor.pass(cursor.u64());
  else cursor.pass(count * sizeOf(cursor, type));
}

const sizeOf = (cursor: Cursor, type: number): number =>
  valueBytes[type] ?? cursor.file.fail("its metadata have a value of an unknown type");

type Info = Omit<GgufTensor, "offset" | "dtype" | "blocks"> & { kind: Kind; at: number; bytes: number };

function tensorInfo(cursor: Cursor): Info {
  const { file } = cursor;
  const name = cursor.text(longestName);
  const shown = JSON.stringify(name.slice(0, 100));
  const axes = cursor.u32();
  if (axes > 4) file.fail(`${shown} has more than 4 axes`);
  // The file names the innermost axis first.
  const shape = Array.from({ length: axes }, () => cursor.u64()).reverse();
  if (shape.some((size) => size < 1 || size >= 2 ** 31) || !Number.isSafeInteger(elements(shape)))
    file.fail(`${shown} has no valid shape`);
  const type = cursor.u32();
  const kind =
    kinds.get(type) ??
    file.fail(
      `${shown} is of the type ${otherKinds[type] ?? type}, which is not supported; these are: ` +
        [...kinds.values()].map((each) => each.name).join(", "),
    );
  if ((shape.at(-1) ?? 1) % kind.numbers !== 0)
    file.fail(`${shown} has rows that are no whole blocks of ${kind.name}`);
  return { name, shape, kind, at: cursor.u64(), bytes: (elements(shape) / kind.numbers) * kind.bytes };
}

function placed(
  file: HeaderFile,
  table: readonly Info[],
  { begin, alignment }: { begin: number; alignment: number },
): GgufTensor[] {
  const names = new Set<string>();
  let end = 0;
  for (const { name, at, bytes } of table.toSorted((a, b) => a.at - b.at || a.bytes - b.bytes)) {
    const shown = JSON.stringify(name.slice(0, 100));
    if (names.has(name)) file.fail(`${shown} is there twice`);
    names.add(name);
    if (at % alignment !== 0) file.fail(`${shown} does not begin at a multiple of the alignment`);
    if (at < end) file.fail(`${shown} overlaps another tensor`);
    if (begin + at + bytes > file.size) file.fail(`${shown} lies outside the file`);
    end = at + bytes;
  }
  return table.map(({ name, shape, kind, at }) => ({
    name,
    shape,
    offset: begin + at,
    dtype: kind.dtype,
    ...(kind.blocks && { blocks: kind.blocks }),
  }));
}

const windowBytes = 2 ** 18;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a header from its beginning, a window at a time. */
class Cursor {
  at = 0;
  #window: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(readonly file: HeaderFile) {}

  bytes(length: number): Buffer {
    const end = this.at + length;
    this.#require(end);
    if (this.at < this.#from || end > this.#from + this.#window.length) {
      this.#from = this.at;
      this.#window = this.file.read(
        this.at,
        Math.min(Math.max(length, windowBytes), this.file.size - this.at),
      );
    }
    const start = this.at - this.#from;
    this.at = end;
    return this.#window.subarray(start, start + length);
  }

  pass(length: number): void {
    this.#require(this.at + length);
    this.at += length;
  }

  u32(): number {
    return this.bytes(4).readUInt32LE();
  }

  /** A number that a double holds exactly. */
  u64(): number {
    const value = Number(this.bytes(8).readBigUInt64LE());
    return Number.isSafeInteger(value) ? value : this.file.fail("a number in its header is too large");
  }

  count(most: number, what: string): number {
    const value = this.u64();
    return value <= most ? value : this.file.fail(`it says that it has more than ${most} ${what}`);
  }

  text(longest: number): string {
    const length = this.u64();
    if (length > longest) this.file.fail("a name in its header is too long");
    try {
      return utf8.decode(this.bytes(length));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return this.file.fail("a name in its header is not UTF-8");
    }
  }

  #require(end: number): void {
    if (!(end <= this.file.size)) this.file.fail("the file is cut short or damaged");
    if (end > longestHeader) this.file.fail("its header is too long");
  }
}
