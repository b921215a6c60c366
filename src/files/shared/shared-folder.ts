/**
 * Bytes in a folder that all nodes mount. Without its mark the folder is not mounted, and nothing in it counts as gone.
 *
 * @module
 */
import { join } from "node:path";
import { openBlobs } from "../blobs.ts";
import type { Bytes } from "../bytes.ts";
import { folderBytes } from "../folder-bytes.ts";
import { folderReceived, receivedName } from "../received.ts";
import { filesUnavailable } from "./attempts.ts";
import { Reach } from "./reach.ts";

/** Opens the folders of files and of uploads. The first node does it before it marks the place. */
export const openSharedFolder = async (root: string, identity: string) => {
  const uploads = await openBlobs(join(root, "uploads"), identity, undefined, receivedName);
  return { uploads, blobs: await openBlobs(root, identity) };
};

export async function sharedFolderBytes(root: string, identity: string): Promise<Bytes> {
  const { blobs, uploads } = await openSharedFolder(root, identity);
  const received = folderReceived(uploads);
  const folder = folderBytes(blobs, received);
  const isMounted = () => Bun.file(join(root, "owner")).exists();

  const reach = new Reach(async () => {
    if (!(await isMounted())) throw filesUnavailable(new Error("not mounted"));
  });

  async function there<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (await isAway(error)) throw filesUnavailable(error);
      throw error;
    }
  }
  async function isAway(error: unknown): Promise<boolean> {
    const code = String((error as NodeJS.ErrnoException | null)?.code);
    if (code === "ESTALE") return true;
    return /^(file_not_found|store_failed|ENOENT|ENOTDIR|EIO|EACCES)$/.test(code) && !(await isMounted());
  }

  return {
    ...folder,
    answers: () => reach.answers(),
    received: {
      ...received,
      put: (name, content, size) => there(received.put(name, content, size)),
      async open(name) {
        const found = await there(received.open(name));
        if (!found && !(await isMounted())) throw filesUnavailable(new Error("not mounted"));
        return found;
      },
    },
    async writer(name, options) {
      const writer = await there(folder.writer(name, options));
      return {
        write: (bytes) => there(writer.write(bytes)),
        commit: (wanted) => there(writer.commit(wanted)),
        abort: writer.abort,
      };
    },
    local: (record, signal) => there(folder.local(record, signal)),
    read: (record, slice, signal) => there(folder.read(record, slice, signal)),
    async *names() {
      // The folder is read at once, before the first name is given.
      yield* await there(Array.fromAsync(folder.names()));
    },
    clearPartial: (before) => there(folder.clearPartial(before)),
    async writtenAt(name) {
      const time = await there(folder.writtenAt(name));
      if (time === undefined && !(await isMounted())) throw filesUnavailable(new Error("not mounted"));
      return time;
    },
  };
}
