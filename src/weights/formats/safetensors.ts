/**
 * The header of a safetensors file, read by rules that trust nothing in it. Nothing here knows MLX.
 *
 * @module
 */
import { bytesPerElement, type Dtype } from "../../../ffi/dtype.ts";

/** A header that does not hold. */
export class SafetensorsError extends Error {
  override name = "SafetensorsError" as const;

  constructor(reason: string) {
    super(`[safetensors] ${reason}`);
  }
}

/** What the header says of a tensor. */
export interface TensorInfo {
  dtype: Dtype;
  /** The type as the file names it: `BF16`, `U32` and so on. */
  type: string;
  shape: readonly number[];
  /** Where it begins in the file. */
  offset: number;
  /** Numbers of 8 bits, whose bytes have the type uint8. */
  float8?: true;
}

export interface Header {
  tensors: ReadonlyMap<string, TensorInfo>;
  metadata: ReadonlyMap<string, string>;
}

const types: ReadonlyMap<unknown, Dtype> = new Map([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I32", "int32"],
  ["U32", "uint32"],
  ["I64", "int64"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

export interface HeaderOptions {
  /** Whether the reader widens numbers of 8 bits (`F8_E4M3`). They are refused otherwise. */
  float8?: boolean;
}

const longestHeader = 100_000_000;

/**
 * Reads a header through `bytes`, which gives a range of a file of `size` bytes.
 *
 * @throws {SafetensorsError} when it does not hold.
 */
export function readHeader(
  size: number,
  bytes: (offset: number, length: number) => Uint8Array,
  { float8 = false }: HeaderOptions = {},
): Header {
  if (size < 8) invalid("the file is too short");
  const start = bytes(0, 8);
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
  if (length > longestHeader) invalid("the header is too long");
  const begin = 8 + length;
  if (begin > size) invalid("the header is longer than the file");
  const tensors = new Map<string, TensorInfo>();
  const metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(parse(bytes(8, length)))) {
    // MLX writes null where there are no texts.
    if (name === "__metadata__" && entry === null) continue;
    if (!isObject(entry)) invalid(`the entry of ${JSON.stringify(name)} is not an object`);
    if (name === "__metadata__") {
      for (const [key, value] of Object.entries(entry)) metadata.set(key, String(value));
    } else tensors.set(name, checked(name, entry, { begin, end: size, float8 }));
  }
  return { tensors, metadata };
}

function checked(
  name: string,
  entry: Record<string, unknown>,
  { begin, end, float8 }: { begin: number; end: number; float8: boolean },
): TensorInfo {
  const shown = JSON.stringify(name);
  const { shape, data_offsets: offsets } = entry;
  const isFloat8 = float8 && entry.dtype === "F8_E4M3";
  const dtype = isFloat8 ? "uint8" : types.get(entry.dtype);
  if (!dtype)
    invalid(
      `${shown} has the type ${JSON.stringify(entry.dtype)}, which is not supported; these are: ${[...types.keys()].join(", ")}`,
    );
  if (!isNaturals(shape) || shape.some((length) => length >= 2 ** 31)) invalid(`${shown} has no valid shape`);
  if (!isNaturals(offsets) || offsets.length !== 2) invalid(`${shown} has no valid offsets`);
  const [from, to] = offsets as [number, number];
  const nbytes = shape.reduce((product, length) => product * length, bytesPerElement[dtype]);
  if (to - from !== nbytes) invalid(`${shown} has offsets that do not fit its shape`);
  if (begin + to > end) invalid(`${shown} lies outside the file`);
  return {
    dtype,
    type: entry.dtype as string,
    shape,
    offset: begin + from,
    ...(isFloat8 && { float8: true as const }),
  };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    invalid("the header is not JSON");
  }
  if (!isObject(header)) invalid("the header is not an object");
  return header;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function invalid(reason: string): never {
  throw new SafetensorsError(reason);
}
