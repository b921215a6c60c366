/**
 * Finds the native parts: MLX, the shim, sharp's addon with libvips. The order, here and nowhere else: the folder that
 * `EASEL_NATIVE_DIR` names, a folder beside the executable, the archive inside the executable (unpacked once into the cache).
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Archive, openArchive } from "./archive.ts";

/** There are no native parts to work with. The message is for the person who starts the server. */
export class NativePartsError extends Error {
  override name = "NativePartsError" as const;
}

export interface Where {
  /** The cache directory that the user chose, which is then the only one tried. */
  chosen?: string | undefined;
  /** The cache directory otherwise. When it cannot be written, a private folder among the temporary files takes its place. */
  usual: string;
  /** Names of the files that are wanted, where not all are. */
  only?: RegExp | undefined;
}

/** File name of the shim in the folder of native parts. */
export const library = `libeasel.${process.platform === "darwin" ? "dylib" : "so"}`;

/** The folder of the native parts, made when it is not there yet. */
export async function nativeFolder(where: Where): Promise<string> {
  const named = process.env.EASEL_NATIVE_DIR;
  if (named) {
    if (existsSync(join(named, library))) return named;
    throw new NativePartsError(`EASEL_NATIVE_DIR is ${named}, which holds no ${library}`);
  }
  if (!Bun.isStandaloneExecutable) {
    const built = join(import.meta.dir, "../dist/native");
    if (existsSync(join(built, library))) return built;
    throw new NativePartsError("the native parts are not built: run `bun run native`");
  }
  const archive = await embedded();
  const executable = dirname(process.execPath);
  for (const beside of [executable, join(executable, "../libexec/easel")]) {
    const folder = join(beside, nameOf(archive));
    if (existsSync(folder)) return folder;
  }
  return unpackedIn(where.only ? partOf(archive, where.only) : archive, rootsFor(where));
}

/** Some files of an archive, which are unpacked to a folder of their own. */
const partOf = ({ id, entries, read }: Archive, only: RegExp): Archive => ({
  id: `${id}-part`,
  entries: entries.filter(({ name }) => only.test(name)),
  read,
});

export const nameOf = (archive: Archive) => `native-${archive.id}`;

async function embedded(): Promise<Archive> {
  const { default: path } = await import("../dist/native.tar.zst", { with: { type: "file" } });
  return openArchive(Bun.file(path));
}

interface Root {
  path: string;
  /** Others may write beside it, so nothing in it is taken on trust. */
  shared: boolean;
}

function rootsFor({ chosen, usual }: Where): Root[] {
  if (chosen) return [{ path: chosen, shared: false }];
  const own = `easel-${process.getuid?.() ?? 0}`;
  const temporary = [...new Set([tmpdir(), "/tmp", "/var/tmp"])];
  return [
    { path: usual, shared: false },
    ...temporary.map((folder) => ({ path: join(folder, own), shared: true })),
  ];
}

/** The archive's folder in the first root that will have it. */
export async function unpackedIn(archive: Archive, roots: readonly Root[]): Promise<string> {
  const reasons: string[] = [];
  for (const root of roots) {
    try {
      return await settle(archive, root);
    } catch (error) {
      reasons.push(`${root.path}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new NativePartsError(
    `no folder for the unpacked libraries (about ${megabytes(archive)} MB); choose one with cache_dir\n  ${reasons.join("\n  ")}`,
  );
}

const megabytes = (archive: Archive) =>
  Math.ceil(archive.entries.reduce((sum, entry) => sum + entry.size, 0) / 1e6);

async function settle(archive: Archive, root: Root): Promise<string> {
  const folder = join(root.path, nameOf(archive));
  // a root of ours is 0700, so only its owner has to be known
  if (root.shared) requireOwn(root.path);
  if (!isWhole(archive, folder)) await unpack(archive, root, folder);
  touch(folder);
  return folder;
}

function requireOwn(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat && (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0))
    throw new Error("belongs to another user, or others may write there");
}

/** All our files carry this time: one that was changed later shows another, and is then read to the end. */
const stamp = new Date("2000-01-01T00:00:00Z");

/** Whether every file is there as it was packed. Costs a look at each file's size and time, unless one was touched. */
export function isWhole(archive: Archive, folder: string, { thorough = false } = {}): boolean {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
  for (const { name, size, sha256 } of archive.entries) {
    const path = join(folder, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size !== size) return false;
    if (stat.mtimeMs === stamp.getTime() && !thorough) continue;
    if (createHash("sha256").update(readFileSync(path)).digest("hex") !== sha256) return false;
    utimesSync(path, stamp, stamp);
  }
  return true;
}

async function unpack(archive: Archive, root: Root, folder: string): Promise<void> {
  mkdirSync(root.path, { recursive: true, mode: 0o700 });
  if (root.shared) requireOwn(root.path);
  sweep(root.path);
  const staging = mkdtempSync(join(root.path, ".unpacking-"));
  const clear = () => rmSync(staging, { recursive: true, force: true });
  // a process stopped here must leave no partial folder
  process.once("exit", clear);
  try {
    for (const entry of archive.entries) {
      const path = join(staging, entry.name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, await archive.read(entry), { mode: 0o500 });
      utimesSync(path, stamp, stamp);
    }
    moveInto(archive, staging, folder, root.path);
  } finally {
    clear();
    process.off("exit", clear);
    // the unpacked bytes would stay in memory until the next collection, which an idle server does not see
    Bun.gc(true);
  }
}

/** Another process may be first, with the same files; a broken folder gives way. */
function moveInto(archive: Archive, staging: string, folder: string, root: string): void {
  try {
    renameSync(staging, folder);
    return;
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
  if (isWhole(archive, folder, { thorough: true })) return;
  const aside = join(root, `.broken-${randomUUID()}`);
  try {
    renameSync(folder, aside);
    renameSync(staging, folder);
  } catch (error) {
    if (!isWhole(archive, folder)) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

const hour = 3_600_000;
const season = 90 * 24 * hour;

/** Removes what interrupted starts left, and native parts of versions that were not started for months. */
function sweep(root: string): void {
  for (const name of readdirSync(root)) {
    const limit = /^\.(unpacking|broken)-/.test(name) ? hour : /^native-/.test(name) ? season : Infinity;
    const path = join(root, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > limit) rmSync(path, { recursive: true, force: true });
  }
}

/** Says that this version is in use. */
function touch(folder: string): void {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch {
    // a cache on a read-only disk serves as it is
  }
}

/** Reads every unpacked file and unpacks again what is damaged. Says whether anything was. */
export async function repair(folder: string): Promise<boolean> {
  if (!Bun.isStandaloneExecutable || process.env.EASEL_NATIVE_DIR) return false;
  const archive = await embedded();
  if (isWhole(archive, folder, { thorough: true })) return false;
  await unpack(archive, { path: dirname(folder), shared: false }, folder);
  return true;
}

/** A file of the native parts: whether it is as it was packed, or null where nothing was packed. */
export interface InspectedPart {
  name: string;
  bytes: number;
  sha256: string;
  whole: boolean | null;
}

/** Reads every native part. Nothing is changed. */
export async function inspectParts(folder: string): Promise<InspectedPart[]> {
  const packed = Bun.isStandaloneExecutable ? (await embedded()).entries : [];
  const names = new Set(packed.map(({ name }) => name));
  for (const name of new Bun.Glob("**/*").scanSync({ cwd: folder })) names.add(name);
  return [...names].sort().map((name) => {
    const wanted = packed.find((entry) => entry.name === name);
    const path = join(folder, name);
    if (!existsSync(path)) return { name, bytes: 0, sha256: "", whole: false };
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { name, bytes: bytes.length, sha256, whole: wanted ? wanted.sha256 === sha256 : null };
  });
}
