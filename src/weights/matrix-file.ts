/**
 * A file of quantized matrices: an ordinary safetensors file, with a sum over each matrix among its metadata.
 *
 * @module
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Dtype, Quantized, Tensor } from "../../ffi/index.ts";
import { syncFolder } from "../disk/sync-folder.ts";
import type { Safetensors } from "./safetensors-file.ts";

export interface Quantization {
  bits: number;
  groupSize: number;
  /** Of scales and biases. */
  dtype: Dtype;
}

/** A cached file is damaged. Its reader makes it again. */
export class DamagedError extends Error {
  override name = "DamagedError" as const;
}

const roles = ["weight", "scales", "biases"] as const;
const keyOf = (name: string, role: string) => `${name.replace(/weight$/, "")}${role}`;
const sumKey = (name: string) => `xxh3:${name}`;

/**
 * A matrix as it was written.
 *
 * @throws {DamagedError}
 */
export function readMatrix(
  file: Safetensors,
  name: string,
  shape: readonly number[],
  { bits, groupSize, dtype }: Quantization,
): Quantized {
  const [outputs, inputs] = shape as [number, number];
  const expected = {
    weight: [outputs, (inputs * bits) / 32],
    scales: [outputs, inputs / groupSize],
    biases: [outputs, inputs / groupSize],
  };
  const types = { weight: "uint32", scales: dtype, biases: dtype };
  const taken = {} as Quantized;
  for (const role of roles) {
    const key = keyOf(name, role);
    const info = file.tensors.get(key);
    if (info?.dtype !== types[role] || String(info.shape) !== String(expected[role]))
      throw new DamagedError(`${key} is not there`);
    taken[role] = file.take(key);
  }
  if (sumOf(taken) !== file.metadata.get(sumKey(name))) throw new DamagedError(`${name} is damaged`);
  return taken;
}

/** The bytes of a tensor as they lie in memory. */
function bytesOf(tensor: Tensor): Uint8Array {
  using bits = tensor.view(
    tensor.dtype === "float32" ? "uint32" : tensor.dtype === "uint32" ? "uint32" : "uint8",
  );
  const values = bits.read() as Uint8Array | Uint32Array;
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Over the sums of the three tensors. */
function sumOf(matrix: Quantized): string {
  return String(roles.reduce((seed, role) => Bun.hash.xxHash3(bytesOf(matrix[role]), seed), 0n));
}

const headerNames: Partial<Record<Dtype, string>> = {
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  uint32: "U32",
};

/** Writes the file, whose tensors come one by one: room for the header is kept in front. */
export class MatrixWriter {
  readonly #descriptor: number;
  readonly #room: number;
  readonly #header: Record<string, unknown> = {};
  readonly #sums: Record<string, string> = {};
  #at = 0;
  #open = true;

  constructor(
    readonly path: string,
    /** Of the tensors that may come. */
    names: readonly string[],
  ) {
    const room = names.reduce((sum, name) => sum + 5 * name.length + 600, 64 * 1024);
    this.#room = Math.ceil(room / 4096) * 4096 - 8;
    this.#descriptor = openSync(path, "w", 0o600);
  }

  put(name: string, matrix: Quantized): void {
    let sum = 0n;
    for (const role of roles) {
      const tensor = matrix[role];
      const bytes = bytesOf(tensor);
      sum = Bun.hash.xxHash3(bytes, sum);
      const begin = this.#at;
      this.#write(bytes, 8 + this.#room + begin);
      this.#at += bytes.byteLength;
      this.#header[keyOf(name, role)] = {
        dtype: headerNames[tensor.dtype],
        shape: tensor.shape,
        data_offsets: [begin, this.#at],
      };
    }
    this.#sums[sumKey(name)] = String(sum);
  }

  /** False when there was nothing to write. */
  finish(path: string, metadata: Readonly<Record<string, string>>): boolean {
    if (this.#at === 0) {
      this.abandon();
      return false;
    }
    const header = JSON.stringify({
      __metadata__: { format: "mlx", ...metadata, ...this.#sums },
      ...this.#header,
    });
    const bytes = Buffer.alloc(8 + this.#room, " ");
    bytes.writeBigUInt64LE(BigInt(this.#room));
    if (bytes.write(header, 8) < Buffer.byteLength(header)) {
      this.abandon();
      return false;
    }
    this.#write(bytes, 0);
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    this.#open = false;
    renameSync(this.path, path);
    syncFolder(dirname(path));
    return true;
  }

  abandon(): void {
    if (this.#open) closeSync(this.#descriptor);
    this.#open = false;
    rmSync(this.path, { force: true });
  }

  #write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.byteLength; ) {
      const length = Math.min(bytes.byteLength - done, 2 ** 30);
      done += writeSync(this.#descriptor, bytes, done, length, at + done);
    }
  }
}
