/**
 * Bytes in a folder that all nodes mount. Without its mark the folder is not mounted, and nothing in it counts as gone.
 *
 * @module
 */
import { join } from "node:path";
import { Refusal } from "../../errors.ts";
import type { Blobs } from "../blobs.ts";
import type { Bytes } from "../bytes.ts";
import { folderBytes } from "../folder-bytes.ts";
import { filesUnavailable } from "./attempts.ts";

export function sharedFolderBytes(blobs: Blobs, root: string): Bytes {
  const folder = folderBytes(blobs);
  const isMounted = () => Bun.file(join(root, "owner")).exists();

  async function there<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (await isAway(error)) throw filesUnavailable(error);
      throw error;
    }
  }
  async function isAway(error: unknown): Promise<boolean> {
    if ((error as NodeJS.ErrnoException | null)?.code === "ESTALE") return true;
    const couldBe = error instanceof Refusal && /^(file_not_found|store_failed)$/.test(error.code);
    return couldBe && !(await isMounted());
  }

  return {
    ...folder,
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
    async writtenAt(name) {
      const time = await there(folder.writtenAt(name));
      if (time === undefined && !(await isMounted())) throw filesUnavailable(new Error("not mounted"));
      return time;
    },
  };
}
