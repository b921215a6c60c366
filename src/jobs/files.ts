import type { Artifact } from "../capabilities/capability.ts";
import type { FileRecord, FileRef } from "../files/file.ts";

/** What jobs need of the file store. */
export interface JobFiles {
  /** The bytes behind a reference, fetched if need be. */
  resolve(ref: FileRef, kind: string, signal: AbortSignal): Promise<{ path: string; record: FileRecord }>;
  /** Makes an artifact's bytes durable. Its record is kept when the job ends, in the same commit. */
  stage(artifact: Artifact): Promise<FileRecord>;
  /** Takes back what was staged for a job that did not succeed. */
  discard(record: FileRecord): Promise<void>;
  /** True when it was there. */
  delete(id: string): Promise<boolean>;
}
