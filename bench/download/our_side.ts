/** Brings one file as `easel activate` does: `bun our_side.ts URL SIZE SHA256 DESTINATION`. */
import { downloadFile } from "../../src/weights/download/file.ts";

const [url, size, hex, destination] = process.argv.slice(2) as [string, string, string, string];
await downloadFile({ url }, { size: Number(size), etag: hex, digest: { kind: "sha256", hex } }, destination);
