/**
 * Bytes in a local folder. They are written to `incoming`, flushed, and renamed into `blobs`. Names never come from a client.
 *
 * @module
 */
import * as promises from "node:fs/promises";
import { join } from "node:path";
import { isDiskFull, Refusal } from "../errors.ts";

/** The calls that a folder of blobs makes, so that tests can let each fail. */
export type Disk = Pick<
  typeof promises,
  "open" | "rename" | "unlink" | "mkdir" | "readdir" | "lstat" | "stat" | "statfs"
>;

/** Number and hash of the bytes of a blob. */
export interface Measured {
  size: number;
  sha256: string;
}

export interface BlobWriter {
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Moves the bytes to their place, durably.
   *
   * @throws {Refusal} `file_damaged` when they are not those that are wanted.
   */
  commit(wanted?: Partial<Measured>): Promise<Measured>;
  abort(): Promise<void>;
}

export interface Blobs {
  /** `temporary` names the partial write, where several may go on for one name. */
  writer(name: string, expected?: number, temporary?: string): Promise<BlobWriter>;
  path(name: string): string;
  has(name: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Every durable blob. */
  names(): Promise<string[]>;
  /** Unix seconds, or undefined for what is not there. */
  writtenAt(name: string): Promise<number | undefined>;
  /** Removes partial writes that a crash left, if they are older than that (Unix seconds). */
  clearIncoming(before?: number): Promise<number>;
}

/** Buffer size. A slow network must not cause a write for every packet. */
const gathered = 256 * 1024;

/** The refusal that a failed write becomes. */
export function refusalOf(error: unknown): unknown {
  if (isDiskFull(error)) return new Refusal("disk_full", "no space is left on the server's disk");
  const code = String((error as NodeJS.ErrnoException | null)?.code ?? "");
  if (!/^(ENOENT|ENOTDIR|EROFS|EACCES|EPERM|EIO)$/.test(code)) return error;
  return new Refusal("store_failed", `the folder of files cannot be written (${code})`);
}

const fileName = /^file_[0-9a-f]{32}$/;

/**
 * Opens a folder for one database. A folder that another database wrote is refused, because a sweep would empty it.
 *
 * @param pattern Names of blobs and of partial writes.
 */
export async function openBlobs(
  root: string,
  owner: string,
  disk: Disk = promises,
  pattern = fileName,
): Promise<Blobs> {
  const blobs = join(root, "blobs");
  const incoming = join(root, "incoming");
  await disk.mkdir(blobs, { recursive: true, mode: 0o700 });
  await disk.mkdir(incoming, { recursive: true, mode: 0o700 });
  await claim(root, owner, disk);

  /** Folders and symbolic links are not ours. */
  const namesIn = async (folder: string) =>
    (await disk.readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map(({ name }) => name);
  return {
    writer: (name, expected = 0, temporary = name) =>
      openWriter(join(incoming, temporary), join(blobs, name), blobs, expected, disk),
    path: (name) => join(blobs, name),
    // A link in the place of a blob could lead to any file of this machine.
    has: (name) =>
      disk.lstat(join(blobs, name)).then(
        (found) => found.isFile(),
        () => false,
      ),
    remove: (name) => removeIfThere(join(blobs, name), disk),
    names: () => namesIn(blobs),
    writtenAt: (name) => writtenAt(join(blobs, name), disk),
    async clearIncoming(before = Number.POSITIVE_INFINITY) {
      let cleared = 0;
      for (const name of await namesIn(incoming)) {
        const path = join(incoming, name);
        if (((await writtenAt(path, disk)) ?? before) > before) continue;
        await removeIfThere(path, disk);
        cleared++;
      }
      return cleared;
    },
  };
}

/** Opens a folder whose content is worth nothing to another database, and so goes when that opens it. */
export async function openOwnBlobs(root: string, owner: string, pattern?: RegExp): Promise<Blobs> {
  const written = await promises.readFile(join(root, "owner"), "utf8").catch(() => "");
  if (written.trim() !== owner) await promises.rm(root, { recursive: true, force: true });
  const blobs = await openBlobs(root, owner, promises, pattern);
  await blobs.clearIncoming();
  return blobs;
}

async function writtenAt(path: string, disk: Disk): Promise<number | undefined> {
  try {
    return (await disk.stat(path)).mtimeMs / 1000;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}

async function claim(root: string, owner: string, disk: Disk): Promise<void> {
  const handle = await disk.open(join(root, "owner"), "a+", 0o600);
  try {
    const written = (await handle.readFile("utf8")).trim();
    if (written === owner) return;
    if (written !== "") {
      throw new Error(
        `files_root ${root} holds the files of another data_dir. If this one's database was lost, "easel repair" takes them over; ` +
          "else choose another files_root",
      );
    }
    await handle.write(`${owner}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(root, disk);
}

async function openWriter(
  temporary: string,
  final: string,
  folder: string,
  expected: number,
  disk: Disk,
): Promise<BlobWriter> {
  const handle = await openTemporary(temporary, folder, expected, disk).catch((error) => {
    throw refusalOf(error);
  });
  const hash = new Bun.CryptoHasher("sha256");
  const buffer = Buffer.allocUnsafe(gathered);
  let filled = 0;
  let size = 0;
  let open = true;

  async function close(): Promise<void> {
    if (!open) return;
    open = false;
    await handle.close();
  }
  async function abort(): Promise<void> {
    await close().catch(() => {});
    await removeIfThere(temporary, disk);
  }
  /** Removes the partial file when a step fails. */
  async function step<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await abort().catch(() => {});
      throw refusalOf(error);
    }
  }
  async function flush(bytes: Uint8Array): Promise<void> {
    hash.update(bytes);
    for (let at = 0; at < bytes.length; )
      at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
  }
  async function flushGathered(): Promise<void> {
    const bytes = buffer.subarray(0, filled);
    filled = 0;
    if (bytes.length > 0) await flush(bytes);
  }

  return {
    write: (bytes) =>
      step(async () => {
        size += bytes.length;
        if (filled + bytes.length > gathered) await flushGathered();
        if (bytes.length >= gathered) return flush(bytes);
        buffer.set(bytes, filled);
        filled += bytes.length;
      }),
    commit: (wanted) =>
      step(async () => {
        await flushGathered();
        const measured = { size, sha256: hash.digest("hex") };
        if (wanted) checkBytes(measured, wanted);
        await handle.sync();
        await close();
        await disk.rename(temporary, final);
        try {
          await syncFolder(folder, disk);
        } catch (error) {
          await removeIfThere(final, disk);
          throw error;
        }
        return measured;
      }),
    abort,
  };
}

function checkBytes(measured: Measured, { size, sha256 }: Partial<Measured>): void {
  if (measured.size === (size ?? measured.size) && measured.sha256 === (sha256 ?? measured.sha256)) return;
  throw new Refusal("file_damaged", "the stored bytes of a file are not those of its record");
}

async function openTemporary(temporary: string, folder: string, expected: number, disk: Disk) {
  if (expected > 0) {
    const { bavail, bsize } = await disk.statfs(folder);
    if (expected > bavail * bsize) throw new Refusal("disk_full", "no space is left on the server's disk");
  }
  return disk.open(temporary, "wx", 0o600);
}

async function removeIfThere(path: string, disk: Disk): Promise<void> {
  await disk.unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** A rename is durable once the folder that holds the name is. */
async function syncFolder(folder: string, disk: Disk): Promise<void> {
  const handle = await disk.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
