import { afterAll, setDefaultTimeout } from "bun:test";
import { insertFiles } from "../../../../src/files/shared/postgres-records.ts";
import { file, type OpenJobStore, testJobStore } from "../../../contract/jobs-store.ts";
import { moveClock, stopClock } from "../../../fleet/clock.ts";
import { connection, fleetDatabase } from "../../../fleet/fleet.ts";
import { empty, jobStore, nodeOf } from "../../../fleet/jobs.ts";
import { hasPostgres } from "../../../fleet/servers.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

/** One database for the whole file, opened at its first test. */
let opened: ReturnType<typeof openDatabase> | undefined;
async function openDatabase() {
  const { url, nodeUrl } = await fleetDatabase();
  const owner = connection(url);
  await stopClock(owner, 1000);
  await owner.durable.run((sql) =>
    sql.unsafe(`
      CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER disk_is_full BEFORE INSERT ON jobs FOR EACH ROW
        WHEN (length(NEW.params) > 50000) EXECUTE FUNCTION disk_is_full();
      ALTER TABLE jobs DISABLE TRIGGER disk_is_full`),
  );
  return { owner, node: connection(nodeUrl) };
}
afterAll(async () => {
  const databases = await opened;
  await databases?.node[Symbol.asyncDispose]();
  await databases?.owner[Symbol.asyncDispose]();
});

if (hasPostgres)
  testJobStore({
    name: "the job store in PostgreSQL",
    async open({ notification } = {}): Promise<OpenJobStore> {
      opened ??= openDatabase();
      const { owner, node } = await opened;
      const run = (text: string) => owner.durable.run((sql) => sql.unsafe(text));
      await empty(owner);
      await run("UPDATE stopped_clock SET now = 1000; ALTER TABLE jobs DISABLE TRIGGER disk_is_full");
      const store = await jobStore(node, nodeOf({ lease: 1e6 }), notification ? { notification } : {});
      return {
        store,
        tick: (seconds = 1) => moveClock(owner, seconds),
        fill: async () => void (await run("ALTER TABLE jobs ENABLE TRIGGER disk_is_full")),
        skip: async (jobs) =>
          void (await run(`SELECT setval('jobs_seq_seq', nextval('jobs_seq_seq') + ${jobs} - 1)`)),
        restart: async () => void (await run("UPDATE nodes SET lease_until = 0")),
        async remembered() {
          const [{ n }] = await run("SELECT count(*)::int AS n FROM removed_jobs");
          return n;
        },
        async kept() {
          const rows = await run("SELECT file_id FROM files ORDER BY seq");
          return rows.map(({ file_id }: { file_id: string }) => file_id);
        },
        refuse: async (file_id) => void (await owner.durable.run((sql) => insertFiles(sql, [file(file_id)]))),
      };
    },
  });
