/**
 * A zip archive of stored files: images are compressed already.
 *
 * @module
 */
import { bytes, type Job } from "../state/api.ts";
import { pictureOf, toolOf } from "../state/result.ts";
import { crc32 } from "./crc32.ts";

interface Entry {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The images of results, one after the other: thousands of requests at once would only wait for each other. */
export async function zipOf(jobs: readonly Job[]): Promise<Blob> {
  const entries: Entry[] = [];
  for (const [at, job] of jobs.entries()) {
    const blob = await bytes(pictureOf(job)!);
    const ending = (blob.type || "image/png").split("/")[1]!.replace("jpeg", "jpg");
    const name = `${String(at + 1).padStart(3, "0")}-${toolOf(job)}.${ending}`;
    entries.push({ name, bytes: new Uint8Array(await blob.arrayBuffer()) });
  }
  return zip(entries);
}

function zip(entries: readonly Entry[]): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const { name, bytes } of entries) {
    const encoded = new TextEncoder().encode(name);
    const crc = crc32(bytes);
    const common = (view: DataView, offset: number) => {
      view.setUint16(offset, 20, true);
      view.setUint16(offset + 2, 0x0800, true);
      view.setUint32(offset + 10, crc, true);
      view.setUint32(offset + 14, bytes.length, true);
      view.setUint32(offset + 18, bytes.length, true);
      view.setUint16(offset + 22, encoded.length, true);
    };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    common(local, 4);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    central.setUint16(4, 20, true);
    common(central, 6);
    central.setUint32(42, at, true);
    parts.push(new Uint8Array(local.buffer), encoded, bytes);
    directory.push(new Uint8Array(central.buffer), encoded);
    at += 30 + encoded.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...directory, new Uint8Array(end.buffer)], { type: "application/zip" });
}

export { page } from "../whole.ts";
