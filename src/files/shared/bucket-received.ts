/**
 * Bytes that clients send to a bucket, by a link to it or through this server.
 *
 * @module
 */
import type { Blobs } from "../blobs.ts";
import { folderReceived, type Received, receive, unique } from "../received.ts";
import type { Bucket } from "./bucket.ts";

const keyOf = (name: string) => `incoming/${name}`;

/**
 * @param passing A folder of this node for what passes through it.
 * @param asked What turns a refusal of the bucket into one for clients.
 */
export function bucketReceived(
  bucket: Bucket,
  passing: Blobs,
  asked: <T>(work: Promise<T>) => Promise<T>,
): Received {
  return {
    async put(name, content, size) {
      const own = unique(name);
      await receive(passing, own, content, size);
      try {
        await asked(bucket.put(keyOf(name), Bun.file(passing.path(own))));
      } finally {
        await passing.remove(own);
      }
    },
    open: (name) => asked(bucket.get(keyOf(name))),
    remove: (name) => asked(bucket.remove(keyOf(name))),
    async clear(before) {
      await folderReceived(passing).clear(before);
      for await (const { key, modified } of bucket.list("incoming/"))
        if (modified < before) await asked(bucket.remove(key));
    },
    link: (name, size, seconds) =>
      bucket.hasLinks() ? bucket.uploadLink(keyOf(name), seconds, size) : undefined,
  };
}
