import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../../src/database.ts";
import { insertFile } from "../../../../src/files/records.ts";
import { filesSchema } from "../../../../src/files/schema.ts";
import { jobsSchema, webhookDeliverySchema } from "../../../../src/jobs/store/schema.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";
import { file, testJobStore } from "../../../contract/jobs-store.ts";

testJobStore({
  name: "the job store in SQLite",
  async open({ notification } = {}) {
    let now = 1000;
    const database = openDatabase(":memory:");
    const count = (sql: string) => database.query<{ n: number }, []>(sql).get()!.n;
    return {
      store: createJobStore(database, {
        keepFile: (record) => insertFile(database, record),
        now: () => now,
        ...(notification && { notification }),
      }),
      tick(seconds = 1) {
        now += seconds;
      },
      fill() {
        const pages = count("SELECT page_count AS n FROM pragma_page_count");
        database.run(`PRAGMA max_page_count = ${pages + 2}`);
      },
      restart() {},
      skip: (jobs) =>
        void database.run("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'jobs'", [jobs]),
      kept: async () =>
        database
          .query<{ file_id: string }, []>("SELECT file_id FROM files ORDER BY seq")
          .all()
          .map(({ file_id }) => file_id),
      async refuse(file_id) {
        insertFile(database, file(file_id));
      },
      remembered: async () => count("SELECT count(*) AS n FROM removed_jobs"),
    };
  },
});

const folder = mkdtempSync(join(tmpdir(), "easel-dialect-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the dialect is known of depth maps that were taken before it was kept", () => {
  const path = join(folder, "easel.db");
  const before = new Database(path, { create: true });
  before.run(jobsSchema);
  before.run(filesSchema);
  before.run(webhookDeliverySchema);
  before.run("PRAGMA user_version = 3");
  for (const type of ["depth-map", "depthpro"])
    before.run(
      "INSERT INTO jobs (id, type, params, status, created_at, progress_label) VALUES (?, ?, '{}', 'queued', 1, 'queued')",
      [`job_${type}`, type],
    );
  before.close();
  const after = openDatabase(path);
  expect(after.query("SELECT id, dialect FROM jobs ORDER BY seq").all()).toEqual([
    { id: "job_depth-map", dialect: "tengr" },
    { id: "job_depthpro", dialect: "kiapi" },
  ]);
  after.close();
});
