/**
 * Cache of quantized matrices: a file for each network and number of bits, which names the files that it was made from. It is
 * written during the first load, under a temporary name until it is complete.
 *
 * @module
 */
import { mkdirSync, rmSync, statfsSync, utimesSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Dtype, type Quantized, version } from "../../ffi/index.ts";
import { makeRoom, partialName, sweepPartials } from "../disk/cache-folder.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { elements } from "./entry.ts";
import { MatrixWriter, type Quantization, readMatrix } from "./matrix-file.ts";
import { provenanceOf } from "./provenance.ts";
import { isUnreadable, openSafetensors, type Safetensors } from "./safetensors-file.ts";

/** Raise it when the same request would give other numbers than before. */
const quantizer = 1;

/** Where quantized matrices are kept. */
export interface QuantizedPlace {
  /** The cache's folder. */
  folder: string;
  /** Bytes that it may hold; null is unlimited. */
  maxBytes: number | null;
  /** Names the network: family, variant and part. */
  network: string;
  /** Gets failures of the cache. They never fail a load. */
  note(text: string): void;
}

/** How a network is loaded from its checkpoint. */
export interface Network {
  bits: number;
  dtype: Dtype;
  /** Names of tensors that are not loaded. */
  unused: readonly RegExp[];
}

/** One network's matrices: read from the file where it fits, else written to it. */
export class KeptMatrices implements Disposable {
  readonly #path: string;
  readonly #provenance: string;
  readonly #place: QuantizedPlace;
  #reader: Safetensors | null;
  #writer: MatrixWriter | null;

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
  take(name: string, shape: readonly number[], quantization: Quantization): Quantized | undefined {
    return this.#reader ? readMatrix(this.#reader, name, shape, quantization) : undefined;
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

  /** Removes a damaged file. */
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
  #attempt(body: (writer: MatrixWriter) => void): void {
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
      if (!isUnreadable(error)) throw error;
    }
    return null;
  }

  #begin(checkpoint: Checkpoint, made: Network): MatrixWriter | null {
    const { folder, maxBytes, network, note } = this.#place;
    const expected = estimate(checkpoint, made);
    const quantized = dirname(this.#path);
    try {
      mkdirSync(quantized, { recursive: true, mode: 0o700 });
      sweepPartials(quantized);
      // An existing file of this name is damaged, or was made from other files.
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
      return new MatrixWriter(join(quantized, partialName(basename(this.#path))), checkpoint.names());
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      note(`quantized weights of ${network} are not kept: ${error.code}`);
      return null;
    }
  }
}

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
