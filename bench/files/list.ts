/**
 * Time of one page out of 100,000 file records.
 *
 *     bun bench/files/list.ts [records]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/database.ts";
import { openLocalStore } from "../../src/files/local.ts";
import { insertFile } from "../../src/files/records.ts";

const count = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), "easel-bench-"));
try {
  const database = openDatabase(join(folder, "easel.db"));
  const store = await openLocalStore({ database, root: join(folder, "files") });
  database.transaction(() => {
    for (let i = 0; i < count; i++) {
      const file_id = `file_${i.toString(16).padStart(32, "0")}`;
      const meta = {
        seed: i,
        model: "turbo",
        params: { width: 1024, height: 1024, prompt: "a ".repeat(100) },
      };
      const facts = {
        filename: `image_${i}.png`,
        content_type: "image/png",
        size: i,
        sha256: "f".repeat(64),
      };
      insertFile(database, { file_id, ...facts, created_at: i, meta });
    }
  })();
  for (const limit of [20, 100, 1000]) {
    const times: number[] = [];
    let after: string | undefined;
    for (;;) {
      const start = performance.now();
      const page = await store.list({ limit, after });
      times.push(performance.now() - start);
      after = page.data.at(-1)?.file_id;
      if (!page.has_more || times.length === 1000) break;
    }
    times.sort((a, b) => a - b);
    const at = (share: number) =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(2);
    console.log(
      `${count} records, pages of ${limit}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
