import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ByteFile, bytesPerElement, concat, type Tensor, zeros } from "../../ffi/index.ts";
import { blockTypes } from "./block-types.ts";
import { widened } from "./blocks.ts";
import { CheckpointError } from "./checkpoint-error.ts";
import { type Entry, elements, HeaderFile } from "./entry.ts";
import { withScales } from "./float8.ts";
import { readGguf } from "./formats/gguf.ts";
import { mistakenFor } from "./formats/mistaken.ts";
import { readTorch } from "./formats/torch-pickle.ts";
import { findWeights } from "./layout.ts";
import type { Rename, Slot } from "./naming.ts";
import { isUnreadable, openSafetensors } from "./safetensors-file.ts";

/** A tensor of a file as the network sees it. */
interface Placed extends Entry {
  axes?: readonly number[];
}

export type Json = Readonly<Record<string, unknown>>;

/** The tensors of a safetensors file. */
function readSafetensors(path: string): Entry[] {
  try {
    using file = openSafetensors(path, { float8: true });
    return [...file.tensors].map(([name, info]) => ({
      name,
      path,
      dtype: info.float8 ? ("float32" as const) : info.dtype,
      shape: info.shape,
      offset: info.offset,
      ...(info.float8 && { blocks: "F8_E4M3" as const }),
    }));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const reason = mistakenFor(path) ?? error.message.replace("[safetensors] ", "");
    throw new CheckpointError(basename(path), reason);
  }
}

/** The tensors of a GGUF file. */
function readGgufFile(path: string): Entry[] {
  using file = new HeaderFile(path);
  return readGguf(file).map((tensor) => ({ ...tensor, path }));
}

function entriesOf(path: string): Entry[] {
  if (path.endsWith(".safetensors")) return readSafetensors(path);
  return path.endsWith(".gguf") ? readGgufFile(path) : readTorch(path);
}

/** Bytes of that many numbers of a tensor. */
function bytesIn({ blocks, dtype }: Entry, count: number): number {
  if (!blocks) return count * bytesPerElement[dtype!];
  return (count / blockTypes[blocks].numbers) * blockTypes[blocks].bytes;
}

const mostZeros = 2 ** 26;

/**
 * The tensors and configs of a model in its published layout: a folder, or one file. Nothing is read until it is taken.
 *
 * Loading is strict. `take` notes what is missing or misshaped and goes on with zeros, so that `done` can name every fault at
 * once.
 *
 * ```ts
 * using checkpoint = Checkpoint.open(["/models/v2-small"]);
 * const weight = checkpoint.take("norm.weight", [384]);
 * checkpoint.done({ unused: [/mask_token$/] });
 * ```
 */
export class Checkpoint implements Disposable {
  readonly #entries = new Map<string, (Placed | undefined)[]>();
  readonly #files = new Map<string, ByteFile>();
  readonly #taken = new Set<string>();
  readonly #missing = new Set<string>();
  readonly #misshaped = new Set<string>();
  readonly #folders: readonly string[];

  private constructor(
    /** Name of the file or folder, for errors. */
    readonly label: string,
    /** Where its tensors come from. */
    readonly files: readonly string[],
    entries: readonly Entry[],
    folders: readonly string[],
    rename: Rename,
  ) {
    this.#folders = folders;
    for (const entry of entries) {
      const slots = rename(entry.name, entry.shape);
      for (const slot of Array.isArray(slots) ? (slots as readonly Slot[]) : [slots as Slot])
        this.#place(entry, typeof slot === "string" ? { name: slot } : slot);
    }
  }

  #place(entry: Entry, { name, part = 0, of = 1, axes, rows }: Exclude<Slot, string>): void {
    const parts = this.#entries.get(name) ?? Array.from<Placed | undefined>({ length: of });
    if (parts[part] !== undefined || parts.length !== of)
      throw new CheckpointError(this.label, `${entry.name.slice(0, 100)} is there twice`);
    const piece = rows ? this.#piece(entry, rows) : entry;
    parts[part] = axes ? { ...piece, axes, shape: axes.map((axis) => piece.shape[axis]!) } : piece;
    this.#entries.set(name, parts);
  }

  /** Some rows of a tensor, which lie side by side in the file. */
  #piece(entry: Entry, { index, of }: { index: number; of: number }): Entry {
    const [rows = 0, ...rest] = entry.shape;
    if (rows === 0 || rows % of !== 0 || entry.dtype === null)
      this.fail(`${entry.name.slice(0, 100)} does not divide into ${of} parts`);
    const shape = [rows / of, ...rest];
    const { scale } = entry;
    return {
      ...entry,
      shape,
      offset: entry.offset + index * bytesIn(entry, elements(shape)),
      ...(scale && elements(scale.shape) > 1 && { scale: this.#piece(scale, { index, of }) }),
    };
  }

  /**
   * Opens the first of the paths that holds weights; the other folders may still hold configs. `naming` looks at the names in the
   * files and says how they translate; without it they are the network's own.
   */
  static open(paths: readonly string[], naming: (names: readonly string[]) => Rename = () => (name) => name) {
    const { label, files, folders } = findWeights(paths);
    const entries = withScales(files.flatMap(entriesOf), label);
    return new Checkpoint(label, files, entries, folders, naming(entries.map((entry) => entry.name)));
  }

  /** `config.json` of the published layout. */
  get config(): Json | undefined {
    return this.json("config.json");
  }

  /** A JSON file that lies beside the weights, or undefined. */
  json(file: string): Json | undefined {
    const path = this.#folders.map((folder) => join(folder, file)).find(existsSync);
    if (path === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(readFileSync(path, "utf8"));
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw new CheckpointError(file, "expected a JSON object");
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Names that were taken, and names that there are. */
  get taken(): number {
    return this.#taken.size;
  }
  get count(): number {
    return this.#entries.size;
  }

  /** How many numbers all tensors have together. */
  get elements(): number {
    return this.names().reduce((sum, name) => sum + elements(this.shape(name) ?? []), 0);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The shape of a tensor, or undefined when there is none of that name. */
  shape(name: string): readonly number[] | undefined {
    const parts = this.#entries.get(name);
    if (parts === undefined || parts.includes(undefined)) return undefined;
    const [first] = parts as Entry[];
    if (parts.length === 1) return first!.shape;
    return [(parts as Entry[]).reduce((sum, part) => sum + part.shape[0]!, 0), ...first!.shape.slice(1)];
  }

  /** How many layers stand below a prefix: 0, 1, … without a gap. */
  layers(prefix: string): number {
    const numbers = new Set<string>();
    for (const name of this.names())
      if (name.startsWith(prefix)) numbers.add(name.slice(prefix.length).split(".", 1)[0]!);
    for (let i = 0; i < numbers.size; i++)
      if (!numbers.has(String(i))) this.fail(`there is no ${prefix}${i}, and there are others after it`);
    return numbers.size;
  }

  /** Counts a tensor as taken without reading it. False when it is missing or misshaped. */
  expect(name: string, shape: readonly number[]): boolean {
    this.#taken.add(name);
    const found = this.shape(name);
    if (found === undefined) {
      this.#missing.add(name);
      return false;
    }
    if (found.length === shape.length && found.every((size, axis) => size === shape[axis])) return true;
    this.#misshaped.add(`${name} is [${found.join(", ")}] and must be [${shape.join(", ")}]`);
    return false;
  }

  /** Reads a tensor in the type that the file has. */
  take(name: string, shape: readonly number[]): Tensor {
    if (!this.expect(name, shape)) return this.#stand(shape);
    const tensors = (this.#entries.get(name) as Placed[]).map((part) => this.#read(part));
    return tensors.length === 1 ? tensors[0]! : concat(tensors, 0);
  }

  /** Reads a tensor if it is there. */
  maybe(name: string, shape: readonly number[]): Tensor | undefined {
    return this.has(name) ? this.take(name, shape) : undefined;
  }

  /** Ends the loading: throws one `CheckpointError` when anything was missing, misshaped or left over. */
  done({ unused = [] }: { unused?: readonly RegExp[] } = {}): void {
    const surplus = this.names().filter(
      (name) => !this.#taken.has(name) && !unused.some((pattern) => pattern.test(name)),
    );
    const faults = { missing: [...this.#missing], misshaped: [...this.#misshaped], surplus };
    if (Object.values(faults).some((list) => list.length > 0)) throw new CheckpointError(this.label, faults);
  }

  /** Zeros in the place of what is not there; nothing when damaged sizes would make that huge. */
  #stand(shape: readonly number[]): Tensor {
    if (!(elements(shape) < mostZeros))
      throw new CheckpointError(this.label, {
        missing: [...this.#missing],
        misshaped: [...this.#misshaped],
        surplus: [],
      });
    return zeros(shape, "float32");
  }

  /** Says that the files cannot be this network's. */
  fail(reason: string): never {
    throw new CheckpointError(this.label, reason);
  }

  #read(entry: Placed): Tensor {
    if (entry.dtype === null) this.fail(`${entry.name.slice(0, 100)} is of a type that is not supported`);
    let file = this.#files.get(entry.path);
    if (file === undefined) {
      file = ByteFile.open(entry.path);
      this.#files.set(entry.path, file);
    }
    const { axes } = entry;
    if (!axes) return this.#numbers(file, entry, entry.shape);
    const stored = axes.map((_, axis) => entry.shape[axes.indexOf(axis)]!);
    return this.#numbers(file, entry, stored).transpose(...axes);
  }

  #numbers(file: ByteFile, { offset, dtype, blocks, scale }: Entry, shape: readonly number[]): Tensor {
    if (!blocks) return file.read(offset, shape, dtype!);
    const values = widened(blocks, elements(shape), (at, length) =>
      file.read(offset + at, [length], "uint8"),
    );
    const made = values.reshape(...shape);
    if (!scale) return made;
    const factors = this.#read(scale).astype("float32");
    return made.mul(factors.reshape(factors.size, ...shape.slice(1).map(() => 1)));
  }

  [Symbol.dispose]() {
    for (const file of this.#files.values()) file[Symbol.dispose]();
    this.#files.clear();
  }
}
