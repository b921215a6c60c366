import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import type { Dtype } from "../../ffi/index.ts";
import type { BlockType } from "./block-types.ts";
import { CheckpointError } from "./checkpoint-error.ts";

/** Where a tensor lies in a file: its bytes are row-major and little-endian. */
export interface Entry {
  name: string;
  path: string;
  offset: number;
  /** Null is a type that no network of ours reads. */
  dtype: Dtype | null;
  shape: readonly number[];
  /** How its numbers are packed; `dtype` is then what they are widened to. */
  blocks?: BlockType;
  /** What the numbers of 8 bits are multiplied with: one number, or one for each row. */
  scale?: Entry;
}

/** A file open for small reads of its headers. Reading past the end is a `CheckpointError`. */
export class HeaderFile implements Disposable {
  readonly #descriptor: number;
  readonly size: number;

  constructor(readonly path: string) {
    this.#descriptor = openSync(path, "r");
    this.size = fstatSync(this.#descriptor).size;
  }

  get label(): string {
    return basename(this.path);
  }

  fail(reason: string): never {
    throw new CheckpointError(this.label, reason);
  }

  read(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > this.size)
      this.fail("the file is cut short or damaged");
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#descriptor, bytes, done, length - done, offset + done);
      if (count === 0) this.fail("the file is cut short or damaged");
      done += count;
    }
    return bytes;
  }

  [Symbol.dispose]() {
    closeSync(this.#descriptor);
  }
}

/** A valid shape, or null: at most 8 axes of whole numbers, and a size that a number holds exactly. */
export function shapeOf(value: unknown): number[] | null {
  if (!Array.isArray(value) || value.length > 8) return null;
  if (!value.every((n) => Number.isSafeInteger(n) && n >= 0 && n < 2 ** 31)) return null;
  return Number.isSafeInteger(elements(value)) ? value : null;
}

export const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
