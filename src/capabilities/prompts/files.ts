/**
 * Encoded prompts on disk: one file each, named by a hash. They reveal the prompts, so no other user may read them.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { chmod, mkdir, readFile, rm, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { itemsOf, sweepPartials } from "../../disk/cache-folder.ts";
import { writeAtomic } from "../../disk/write-atomic.ts";
import { provenanceOf } from "../../weights/provenance.ts";
import type { EncodedPrompt } from "./cache.ts";

export interface PromptFiles {
  /** Undefined when it is missing or damaged. */
  get(key: string): Promise<EncodedPrompt | undefined>;
  /** Throws the system's error when it cannot be written; nothing half written stays then. */
  put(key: string, text: EncodedPrompt): Promise<void>;
}

export interface PromptFilesOptions {
  /** The cache's folder. */
  folder: string;
  /** Bytes that all prompts together may take. */
  bytes: number;
  /** Bytes that the whole cache may take; null is unlimited. */
  cacheBytes: number | null;
}

/** The byte after the line says whether the prompt was cut, and the next two how many rows a picture has. */
const magic = Buffer.from("easel text 1\n");
const cutAt = magic.length;
const rowsAt = magic.length + 1;
const sizesAt = magic.length + 3;
const headerBytes = sizesAt + 16;

const nameOf = (key: string) => `${key}.text`;

export function createPromptFiles({ folder, bytes, cacheBytes }: PromptFilesOptions): PromptFiles {
  const place = join(folder, "prompts");

  /** Evicts the least recently used until all fit. Quantized weights are never evicted for a prompt. */
  async function prune() {
    const items = itemsOf(folder);
    const others = items.filter(({ kind }) => kind === "quantized weights" || kind === "native parts");
    const held = others.reduce((sum, item) => sum + item.bytes, 0);
    let room = Math.min(bytes, (cacheBytes ?? Infinity) - held);
    for (const item of items) {
      if (item.kind !== "prompts") continue;
      room -= item.bytes;
      if (room < 0) await rm(item.path, { force: true });
    }
  }

  return {
    async get(key) {
      const path = join(place, nameOf(key));
      const file = await readFile(path).catch(() => undefined);
      if (!file) return undefined;
      const text = read(file);
      if (!text) await rm(path, { force: true }).catch(() => {});
      else {
        const now = new Date();
        await utimes(path, now, now).catch(() => {});
      }
      return text;
    },

    async put(key, text) {
      const name = nameOf(key);
      await mkdir(place, { recursive: true, mode: 0o700 });
      await chmod(place, 0o700);
      sweepPartials(place);
      await writeAtomic(join(place, name), written(text));
      await prune();
    },
  };
}

function written({ data, tokens, cut = false, rows = 0 }: EncodedPrompt): Uint8Array[] {
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeUInt8(+cut, cutAt);
  header.writeUInt16LE(rows, rowsAt);
  header.writeUInt32LE(tokens, sizesAt);
  header.writeUInt32LE(data.length, sizesAt + 4);
  header.writeBigUInt64LE(Bun.hash.xxHash3(values, BigInt(rows)), sizesAt + 8);
  return [header, values];
}

function read(file: Buffer): EncodedPrompt | undefined {
  if (file.length < headerBytes || !file.subarray(0, magic.length).equals(magic)) return undefined;
  const tokens = file.readUInt32LE(sizesAt);
  const length = file.readUInt32LE(sizesAt + 4);
  if (tokens === 0 || length === 0 || length % tokens !== 0 || file.length !== headerBytes + 4 * length)
    return undefined;
  const values = new Uint8Array(4 * length);
  values.set(file.subarray(headerBytes));
  const rows = file.readUInt16LE(rowsAt);
  if (rows > 0 && tokens % rows !== 0) return undefined;
  if (Bun.hash.xxHash3(values, BigInt(rows)) !== file.readBigUInt64LE(sizesAt + 8)) return undefined;
  const cut = file.readUInt8(cutAt) === 1;
  return { data: new Float32Array(values.buffer), tokens, ...(cut && { cut }), ...(rows > 0 && { rows }) };
}

/** Identity of a model's text encoder, for keys: another encoder gives other states for the same prompt. */
export const encoderIdentity = (paths: readonly string[]): unknown =>
  identityOf(paths, ["text_encoder", "tokenizer", "processor"]);

/** The same of its picture coder. */
export const coderIdentity = (paths: readonly string[]): unknown => identityOf(paths, ["vae"]);

function identityOf(paths: readonly string[], parts: readonly string[]): unknown {
  return parts.map((part) => {
    const folders = paths.flatMap((path) => [join(path, part), ...(basename(path) === part ? [path] : [])]);
    const folder = folders.find((path) => existsSync(path) && statSync(path).isDirectory());
    if (folder === undefined) return null;
    const names = readdirSync(folder).sort();
    return names
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
      .map(provenanceOf);
  });
}
