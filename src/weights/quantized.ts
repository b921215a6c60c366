/**
 * Quantized matrices on disk, so that a network is quantized once: an ordinary safetensors file for each network and number of bits,
 * which says what it was made of. It is written while the network is loaded for the first time, and takes its name when it is whole.
 *
 * @module
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type Dtype,
  NativeError,
  openSafetensors,
  type Quantized,
  type Safetensors,
  type Tensor,
  version,
} from "../../ffi/index.ts";
import { makeRoom, partialName, sweepPartials } from "../cache.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { elements } from "./entry.ts";
import { provenanceOf } from "./provenance.ts";
import { syncFolder } from "./sync-folder.ts";

/** Raise it when the same request would give other numbers than before. */
const quantizer = 1;

/** Where quantized matrices are kept. */
export interface QuantizedPlace {
  /** The cache's folder. */
  folder: string;
  /** How much it may hold; null is no limit. */
  maxBytes: number | null;
  /** Names the network: family, variant and part. */
  network: string;
  /** Told what went wrong, which is never the caller's trouble. */
  note(text: string): void;
}

export interface Quantization {
  bits: number;
  groupSize: number;
  /** Of scales and biases. */
  dtype: Dtype;
}

/** What is loaded of a checkpoint. */
export interface Network {
  bits: number;
  dtype: Dtype;
  /** Tensors that are not. */
  unused: readonly RegExp[];
}

/** A kept file is not what it says. Whoever reads it makes it again. */
export class DamagedError extends Error {
  override name = "DamagedError" as const;
}

/** One network's matrices: read from the file where it fits, else written to it. */
export class KeptMatrices implements Disposable {
  readonly #path: string;
  readonly #provenance: string;
  readonly #place: QuantizedPlace;
  #reader: Safetensors | null;
  #writer: Writer | null;

  constructor(place: QuantizedPlace, checkpoint: Checkpoint, network: Network) {
    const { bits, dtype } = network;
    this.#place = place;
    this.#provenance = JSON.stringify({
      quantizer,
      mlx: version(),
      bits,
      dtype,
      files: checkpoint.files.map(provenanceOf),
    });
    // Folders of the same name hold different models.
    const source = Bun.hash(checkpoint.files.map((file) => dirname(file)).join("\n")).toString(16);
    this.#path = join(
      place.folder,
      "quantized",
      `${place.network}-${bits}bit-${dtype}-${source}.safetensors`,
    );
    this.#reader = this.#open();
    this.#writer = this.#reader ? null : this.#begin(checkpoint, network);
  }

  /** Whether the matrices come from the file. */
  get ready(): boolean {
    return this.#reader !== null;
  }

  /**
   * A matrix as it was kept, or undefined when it has to be made.
   *
   * @throws {DamagedError}
   */
  take(
    name: string,
    shape: readonly number[],
    { bits, groupSize, dtype }: Quantization,
  ): Quantized | undefined {
    const reader = this.#reader;
    if (!reader) return undefined;
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
      const info = reader.tensors.get(key);
      if (info?.dtype !== types[role] || String(info.shape) !== String(expected[role]))
        throw new DamagedError(`${key} is not there`);
      taken[role] = reader.take(key);
    }
    if (sumOf(taken) !== reader.metadata.get(sumKey(name))) throw new DamagedError(`${name} is damaged`);
    return taken;
  }

  /** Keeps a matrix that was made. */
  put(name: string, matrix: Quantized): void {
    this.#attempt((writer) => writer.put(name, matrix));
  }

  /** The network is whole: what was written takes its name. */
  done(): void {
    this.#attempt((writer) => {
      if (!writer.finish(this.#path, { provenance: this.#provenance })) return;
      const { folder, maxBytes, network, note } = this.#place;
      if (maxBytes === null || makeRoom(folder, maxBytes, { spared: [this.#path] })) return;
      rmSync(this.#path, { force: true });
      note(`quantized weights of ${network} are not kept: they are larger than cache_max_gb`);
    });
    this.#writer = null;
  }

  /** Removes a file that is not what it says. */
  discard(): void {
    this[Symbol.dispose]();
    rmSync(this.#path, { force: true });
  }

  [Symbol.dispose](): void {
    this.#reader?.[Symbol.dispose]();
    this.#writer?.abandon();
    this.#reader = null;
    this.#writer = null;
  }

  /** The cache is a comfort: without room, or rights, the work goes on. */
  #attempt(body: (writer: Writer) => void): void {
    if (!this.#writer) return;
    try {
      body(this.#writer);
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      this.#writer.abandon();
      this.#writer = null;
      this.#place.note(`quantized weights of ${this.#place.network} are not kept: ${error.code}`);
    }
  }

  #open(): Safetensors | null {
    try {
      const file = openSafetensors(this.#path);
      if (file.metadata.get("provenance") === this.#provenance) {
        const now = new Date();
        // A folder that cannot be written can be read.
        try {
          utimesSync(this.#path, now, now);
        } catch {}
        return file;
      }
      file[Symbol.dispose]();
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
    }
    return null;
  }

  #begin(checkpoint: Checkpoint, made: Network): Writer | null {
    const { folder, maxBytes, network, note } = this.#place;
    const expected = estimate(checkpoint, made);
    const quantized = dirname(this.#path);
    try {
      mkdirSync(quantized, { recursive: true, mode: 0o700 });
      sweepPartials(quantized);
      // What is there of the same name is of other files, or damaged.
      rmSync(this.#path, { force: true });
      if (maxBytes !== null && !makeRoom(folder, maxBytes, { room: expected })) {
        note(`quantized weights of ${network} are not kept: they are larger than cache_max_gb`);
        return null;
      }
      const { bavail, bsize } = statfsSync(quantized);
      if (bavail * bsize < expected + spare) {
        note(`quantized weights of ${network} are not kept: too little room on the disk`);
        return null;
      }
      return new Writer(join(quantized, partialName(basename(this.#path))), checkpoint);
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      note(`quantized weights of ${network} are not kept: ${error.code}`);
      return null;
    }
  }
}

const roles = ["weight", "scales", "biases"] as const;
const keyOf = (name: string, role: string) => `${name.replace(/weight$/, "")}${role}`;
const sumKey = (name: string) => `xxh3:${name}`;

/** Bytes that others may need while a large file is written. */
const spare = 2 ** 30;

/** As if every tensor that the network takes were a matrix. */
function estimate(checkpoint: Checkpoint, { bits, dtype, unused }: Network): number {
  const each = bits / 8 + (2 * (dtype === "float32" ? 4 : 2)) / 64;
  const names = checkpoint.names().filter((name) => !unused.some((pattern) => pattern.test(name)));
  return Math.round(names.reduce((sum, name) => sum + elements(checkpoint.shape(name) ?? []), 0) * each);
}

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException & { code: string } =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

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

/** Writes a safetensors file whose tensors come one by one: room for the header is kept in front. */
class Writer {
  readonly #descriptor: number;
  readonly #room: number;
  readonly #header: Record<string, unknown> = {};
  readonly #sums: Record<string, string> = {};
  #at = 0;
  #open = true;

  constructor(
    readonly path: string,
    checkpoint: Checkpoint,
  ) {
    const names = checkpoint.names().reduce((sum, name) => sum + 5 * name.length + 600, 64 * 1024);
    this.#room = Math.ceil(names / 4096) * 4096 - 8;
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
