/**
 * Files of tensors. Headers are read here, by rules that trust nothing in them; values go from the file to MLX's memory without
 * passing through JavaScript.
 *
 * @module
 */
import { bytesPerElement, type Dtype, numberOf } from "./dtype.ts";
import { c, done, got, type Handle, ints, NativeError } from "./library.ts";
import { handleOf, type Tensor, wrap } from "./tensor.ts";

/** A file out of which ranges of bytes become tensors. */
export class ByteFile implements Disposable {
  #handle: Handle | null;
  /** Bytes that all files have given since the process began. */
  static bytesRead = 0;

  private constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** The message of a failure does not name the path. */
  static open(path: string): ByteFile {
    return new ByteFile(got(c.easel_file_open(path)));
  }

  #live(): Handle {
    if (this.#handle === null) throw new NativeError("a file was used after it was closed");
    return this.#handle;
  }

  get size(): number {
    return c.easel_file_size(this.#live());
  }

  /** The bytes from `offset` on as a tensor. A range that leaves the file is an error. */
  read(offset: number, shape: readonly number[], dtype: Dtype): Tensor {
    const tensor = wrap(c.easel_file_read(this.#live(), offset, ints(shape), shape.length, numberOf[dtype]));
    ByteFile.bytesRead += tensor.nbytes;
    return tensor;
  }

  /** Tensors that were read live on. */
  [Symbol.dispose](): void {
    if (this.#handle !== null) c.easel_file_free(this.#handle);
    this.#handle = null;
  }
}

/** What the header says of a tensor. */
export interface TensorInfo {
  dtype: Dtype;
  shape: readonly number[];
  /** Where it begins in the file. */
  offset: number;
}

/** An open safetensors file. */
export interface Safetensors extends Disposable {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Reads one tensor. */
  take(name: string): Tensor;
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

const longestHeader = 100_000_000;

/** Opens a safetensors file and reads its header. Throws a {@linkcode NativeError} if the header does not hold. */
export function openSafetensors(path: string): Safetensors {
  const file = ByteFile.open(path);
  try {
    const { tensors, metadata } = readHeader(file);
    return {
      tensors,
      metadata,
      take(name) {
        const info = tensors.get(name);
        if (!info) throw new NativeError(`[safetensors] there is no tensor ${JSON.stringify(name)}`);
        return file.read(info.offset, info.shape, info.dtype);
      },
      [Symbol.dispose]() {
        file[Symbol.dispose]();
      },
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** Writes tensors, and texts beside them. */
export function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const saver = got(c.easel_saver_new());
  try {
    for (const [name, tensor] of Object.entries(tensors))
      done(c.easel_saver_put(saver, name, handleOf(tensor)));
    for (const [key, value] of Object.entries(metadata)) done(c.easel_saver_note(saver, key, value));
    done(c.easel_saver_write(saver, path));
  } finally {
    c.easel_saver_free(saver);
  }
}

function readHeader(file: ByteFile): Pick<Safetensors, "tensors" | "metadata"> {
  const bytes = (offset: number, length: number): Uint8Array => {
    using tensor = file.read(offset, [length], "uint8");
    return tensor.read("uint8");
  };
  if (file.size < 8) invalid("the file is too short");
  const length = Number(new DataView(bytes(0, 8).buffer as ArrayBuffer).getBigUint64(0, true));
  if (length > longestHeader) invalid("the header is too long");
  const begin = 8 + length;
  if (begin > file.size) invalid("the header is longer than the file");
  const header = parse(bytes(8, length));
  const tensors = new Map<string, TensorInfo>();
  const metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(header)) {
    // MLX writes null where there are no texts.
    if (name === "__metadata__" && entry === null) continue;
    if (!isObject(entry)) invalid(`the entry of ${JSON.stringify(name)} is not an object`);
    if (name === "__metadata__") {
      for (const [key, value] of Object.entries(entry)) metadata.set(key, String(value));
    } else tensors.set(name, checked(name, entry, begin, file.size));
  }
  return { tensors, metadata };
}

function checked(name: string, entry: Record<string, unknown>, begin: number, end: number): TensorInfo {
  const shown = JSON.stringify(name);
  const { shape, data_offsets: offsets } = entry;
  const dtype = types.get(entry.dtype);
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
  return { dtype, shape, offset: begin + from };
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

function invalid(what: string): never {
  throw new NativeError(`[safetensors] ${what}`);
}
