/**
 * Gives files without a record a new one, after their database was lost.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { basename, join } from "node:path";
import { writeAtomicSync } from "../disk/write-atomic.ts";
import { extensionOf } from "./content-type.ts";
import { fileIds, insertFile } from "./records.ts";
import { fileIdPattern } from "./store.ts";

const ownerOf = (root: string) => join(root, "owner");
const blobsOf = (root: string) => join(root, "blobs");

/** Whether a folder of blobs is empty or was written by the database of this identity. */
export function belongsTo(root: string, identity: string): boolean {
  const owner = contentOf(ownerOf(root));
  return owner === identity || (owner === "" && blobNames(root).length === 0);
}

/** Makes the database of this identity the folder's owner. */
export const takeOver = (root: string, identity: string) => {
  if (entries(root).length > 0) writeAtomicSync(ownerOf(root), `${identity}\n`);
};

/** Records every blob that has no record. Names the folders and links among the blobs, which stay as they are. */
export async function adoptBlobs(
  database: Database,
  root: string,
): Promise<{ adopted: number; skipped: string[] }> {
  const known = fileIds(database);
  const names = blobNames(root).filter((name) => !known.has(name));
  for (const name of names) {
    const path = join(blobsOf(root), name);
    const { size, mtimeMs } = statSync(path);
    const content_type = typeOf(path);
    insertFile(database, {
      file_id: name,
      filename: `recovered-${name.slice(5, 13)}${extensionOf(content_type)}`,
      content_type,
      size,
      sha256: await sha256Of(path),
      created_at: mtimeMs / 1000,
      meta: { source: "recovered" },
    });
  }
  return { adopted: names.length, skipped: namedAsBlobs(root).filter((path) => !isFile(path)) };
}

const namedAsBlobs = (root: string) =>
  entries(blobsOf(root))
    .filter((name) => fileIdPattern.test(name))
    .map((name) => join(blobsOf(root), name));

const blobNames = (root: string) =>
  namedAsBlobs(root)
    .filter(isFile)
    .map((path) => basename(path));

/** A symbolic link is not followed. */
const isFile = (path: string) => lstatSync(path).isFile();

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return [];
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return "";
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}

/** First bytes of what the server takes and makes. */
const signatures: readonly (readonly [type: string, hex: RegExp])[] = [
  ["image/png", /^89504e470d0a1a0a/],
  ["image/jpeg", /^ffd8ff/],
  ["image/webp", /^52494646.{8}57454250/],
  ["image/gif", /^47494638/],
  ["image/tiff", /^(49492a00|4d4d002a)/],
  ["image/heic", /^.{8}66747970(6865(69|76)|6d696631)/],
  ["image/avif", /^.{8}6674797061766966/],
  ["application/zip", /^504b0304/],
];

function typeOf(path: string): string {
  const start = Buffer.alloc(12);
  const file = openSync(path, "r");
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  const hex = start.toString("hex");
  return signatures.find(([, signature]) => signature.test(hex))?.[0] ?? "application/octet-stream";
}
