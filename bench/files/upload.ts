/**
 * Memory and speed of a large upload: 1 GB as multipart/form-data over a socket into the file store, in a process of its own.
 *
 *     bun bench/files/upload.ts [megabytes] [runs]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/database.ts";
import { openLocalStore } from "../../src/files/local.ts";
import { upload } from "../../src/http/answer/file-access.ts";

const [megabytes, runs] = [Number(process.argv[2] ?? 1024), Number(process.argv[3] ?? 3)];

if (process.argv[2] === "serve") await serve(process.argv[3]!);
else await measure();

/** The server side: answers with the record, and says its memory at /rss. */
async function serve(folder: string): Promise<void> {
  const store = await openLocalStore({
    database: openDatabase(join(folder, "easel.db")),
    root: join(folder, "files"),
  });
  let peak = 0;
  setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    maxRequestBodySize: 2 ** 40,
    async fetch(request) {
      if (new URL(request.url).pathname === "/rss") {
        const now = { rss: process.memoryUsage.rss(), peak };
        peak = 0;
        return Response.json(now);
      }
      const record = await upload(store, request, 2 ** 40);
      await store.delete(record.file_id);
      return Response.json(record);
    },
  });
  console.log(server.port);
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "easel-bench-"));
  const child = Bun.spawn([process.execPath, import.meta.path, "serve", folder], { stdout: "pipe" });
  try {
    const output = await child.stdout.getReader().read();
    const url = `http://127.0.0.1:${new TextDecoder().decode(output.value).trim()}`;
    const rss = async () => (await (await fetch(`${url}/rss`)).json()) as { rss: number; peak: number };
    await send(url, 8);
    for (let run = 1; run <= runs; run++) {
      const before = (await rss()).rss;
      const start = performance.now();
      await send(url, megabytes);
      const seconds = (performance.now() - start) / 1000;
      const { peak } = await rss();
      const growth = (peak - before) / 1048576;
      console.log(
        `run ${run}: ${megabytes} MB in ${seconds.toFixed(2)} s (${(megabytes / seconds).toFixed(0)} MB/s), ` +
          `memory ${(before / 1048576).toFixed(0)} MB, grew by ${growth.toFixed(1)} MB at most`,
      );
    }
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends a body that is made while it is sent. */
async function send(url: string, size: number): Promise<void> {
  const piece = crypto.getRandomValues(new Uint8Array(65_536));
  const head = Buffer.from('--B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n');
  let left = size * 16;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(head),
    pull(controller) {
      if (left-- > 0) return controller.enqueue(piece);
      controller.enqueue(Buffer.from("\r\n--B--\r\n"));
      controller.close();
    },
  });
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "multipart/form-data; boundary=B" },
  });
  const record = (await response.json()) as { size?: number };
  if (record.size !== size * 1048576) throw new Error(`stored ${JSON.stringify(record)}`);
}
