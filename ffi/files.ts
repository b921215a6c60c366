/**
 * Files: ranges of bytes as tensors, and safetensors written. What the ranges mean is read elsewhere.
 *
 * @module
 */
import { type Dtype, numberOf } from "./dtype.ts";
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
