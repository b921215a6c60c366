/**
 * Safetensors files whose values go to MLX's memory without passing through JavaScript.
 *
 * @module
 */
import { ByteFile, NativeError, type Tensor } from "../../ffi/index.ts";
import { type Header, type HeaderOptions, readHeader, SafetensorsError } from "./formats/safetensors.ts";

/** An open file. */
export interface Safetensors extends Header, Disposable {
  /** Reads one tensor. */
  take(name: string): Tensor;
}

/** Opens a file and reads its header. Throws an error of {@linkcode isUnreadable} if it cannot. */
export function openSafetensors(path: string, options: HeaderOptions = {}): Safetensors {
  const file = ByteFile.open(path);
  try {
    const { tensors, metadata } = readHeader(
      file.size,
      (offset, length) => {
        using tensor = file.read(offset, [length], "uint8");
        return tensor.read("uint8");
      },
      options,
    );
    return {
      tensors,
      metadata,
      take(name) {
        const info = tensors.get(name);
        if (!info) throw new SafetensorsError(`there is no tensor ${JSON.stringify(name)}`);
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

/** Whether the file was at fault, and not the program. */
export const isUnreadable = (error: unknown): error is Error =>
  error instanceof SafetensorsError || error instanceof NativeError;
