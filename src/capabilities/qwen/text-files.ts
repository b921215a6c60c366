/**
 * What texts became, on disk: a file for each, named by a hash. They tell about what somebody asked for, so nobody else may read them.
 *
 * @module
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { chmod, mkdir, open, readFile, rename, rm, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { itemsOf, partialName, sweepPartials } from "../../disk/cache-folder.ts";
import { provenanceOf } from "../../weights/provenance.ts";
import type { Text } from "./phase.ts";

export interface TextFiles {
  /** Undefined when there is none, or it is damaged. */
  get(key: string): Promise<Text | undefined>;
  /** Throws the system's error when it cannot be written; nothing half written stays then. */
  put(key: string, text: Text): Promise<void>;
}

export interface TextFilesOptions {
  /** The cache's folder. */
  folder: string;
  /** Bytes that all texts together may take. */
  bytes: number;
  /** Bytes that the whole cache may take; null is no limit. */
  cacheBytes: number | null;
}

const magic = Buffer.from("easel text 1\n\0\0\0");
const headerBytes = magic.length + 16;

const nameOf = (key: string) => `${key}.text`;

export function createTextFiles({ folder, bytes, cacheBytes }: TextFilesOptions): TextFiles {
  const place = join(folder, "prompts");

  /** The longest unused go until all fit. Quantized weights are never the ones that go for a text. */
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
      const partial = join(place, partialName(name));
      await mkdir(place, { recursive: true, mode: 0o700 });
      await chmod(place, 0o700);
      sweepPartials(place);
      try {
        const file = await open(partial, "w", 0o600);
        try {
          for (const part of written(text)) await file.writeFile(part);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(partial, join(place, name));
      } catch (error) {
        await rm(partial, { force: true }).catch(() => {});
        throw error;
      }
      await prune();
    },
  };
}

function written({ data, tokens }: Text): Uint8Array[] {
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeUInt32LE(tokens, magic.length);
  header.writeUInt32LE(data.length, magic.length + 4);
  header.writeBigUInt64LE(Bun.hash.xxHash3(values), magic.length + 8);
  return [header, values];
}

function read(file: Buffer): Text | undefined {
  if (file.length < headerBytes || !file.subarray(0, magic.length).equals(magic)) return undefined;
  const tokens = file.readUInt32LE(magic.length);
  const length = file.readUInt32LE(magic.length + 4);
  if (tokens === 0 || length === 0 || length % tokens !== 0 || file.length !== headerBytes + 4 * length)
    return undefined;
  const values = new Uint8Array(4 * length);
  values.set(file.subarray(headerBytes));
  if (Bun.hash.xxHash3(values) !== file.readBigUInt64LE(magic.length + 8)) return undefined;
  return { data: new Float32Array(values.buffer), tokens };
}

/** What the text encoder of a model is: texts of another one are other texts. */
export function encoderOf(paths: readonly string[]): unknown {
  return ["text_encoder", "tokenizer", "processor"].map((part) => {
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
