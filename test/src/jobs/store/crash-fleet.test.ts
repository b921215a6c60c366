import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../../../src/fleet/connect.ts";
import { crashStores, sharedFolder } from "../../../fleet/crash.ts";
import { connection, fleetDatabase } from "../../../fleet/fleet.ts";
import { nodeOf } from "../../../fleet/jobs.ts";
import { hasPostgres, ownPostgres } from "../../../fleet/servers.ts";
import { inspect, inspectEnd, inspectFiles } from "./crash-invariants.ts";

setDefaultTimeout(600_000);

const rounds = 60;
const names = ["one", "two", "three"];

/** A node in a process of its own. */
class Node {
  #child: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
  #starts = 0;

  constructor(
    readonly dir: string,
    readonly name: string,
    readonly url: string,
  ) {}

  start(mode: "load" | "drain" = "load"): void {
    const seed = String(names.indexOf(this.name) * 1000 + ++this.#starts);
    const script = join(import.meta.dir, "crash-node.ts");
    this.#child = Bun.spawn([process.execPath, script, this.dir, this.name, this.url, seed, mode], {
      stdout: "pipe",
      stderr: "inherit",
    });
  }

  async isReady(): Promise<void> {
    const reader = this.#child!.stdout.getReader();
    await reader.read();
    reader.releaseLock();
  }

  async kill(): Promise<void> {
    this.#child!.kill("SIGKILL");
    await this.#child!.exited;
  }

  ended(): Promise<number> {
    return this.#child!.exited;
  }
}

/** Every end of a job, as the database itself saw it: written in the same transaction, so no crash can hide one. */
const watchEnds = ({ durable }: Connection) =>
  durable.run((sql) =>
    sql.unsafe(`
      CREATE TABLE seen_ends (id text, status text);
      GRANT INSERT ON seen_ends TO easel_node;
      CREATE FUNCTION see_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.status NOT IN ('queued', 'running') AND OLD.status IS DISTINCT FROM NEW.status THEN
          INSERT INTO seen_ends VALUES (NEW.id, 'again ' || NEW.status);
        ELSIF OLD.status IS DISTINCT FROM NEW.status AND NEW.status NOT IN ('queued', 'running') THEN
          INSERT INTO seen_ends VALUES (NEW.id, NEW.status);
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER see_end AFTER UPDATE OF status ON jobs FOR EACH ROW EXECUTE FUNCTION see_end()`),
  );

/** The server may still work on what a node sent before it was killed. */
async function isQuiet({ durable }: Connection): Promise<void> {
  for (;;) {
    const [{ n }] = await durable.run(
      (sql) => sql`
        SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'easel_node' AND state <> 'idle'`,
    );
    if (n === 0) return;
    await Bun.sleep(20);
  }
}

test.skipIf(!hasPostgres)(
  "a fleet whose nodes are killed again and again loses nothing and does nothing twice",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "easel-crash-fleet-"));
    const server = await ownPostgres({ fsync: true });
    const { url, nodeUrl } = await fleetDatabase(server);
    await using owner = connection(url);
    await watchEnds(owner);
    const { store, files } = await crashStores(dir, owner, nodeOf({ name: "test" }));
    const look = async () => {
      await isQuiet(owner);
      const ends = await owner.durable.run(
        (sql) => sql<{ id: string; status: string }[]>`SELECT id, status FROM seen_ends`,
      );
      const waiting = await owner.durable.run(
        (sql) => sql<{ id: string; job_id: string }[]>`SELECT id, job_id FROM deliveries`,
      );
      return inspect({ dir, store, files, ends: [...ends], waiting: [...waiting] });
    };
    const nodes = names.map((name) => new Node(dir, name, nodeUrl));
    try {
      for (const node of nodes) node.start();
      await Promise.all(nodes.map((node) => node.isReady()));
      for (let round = 0; round < rounds; round++) {
        // Some are killed while they still start, the others at any point of their work.
        await Bun.sleep(20 + ((round * 37) % 250));
        const victim = nodes[(round * 7) % 3]!;
        await victim.kill();
        if (round % 15 === 14) {
          await Promise.all(nodes.map((node) => node.kill()));
          await look();
          for (const node of nodes) node.start();
          await Promise.all(nodes.map((node) => node.isReady()));
        } else {
          // Now and then it stays away until its lease is over.
          if (round % 6 === 5) await Bun.sleep(1500);
          victim.start();
          if (round % 4 !== 3) await victim.isReady();
        }
      }
      await Promise.all(nodes.map((node) => node.kill()));
      for (const node of nodes) node.start("drain");
      expect(await Promise.all(nodes.map((node) => node.ended()))).toEqual([0, 0, 0]);
      const found = await look();
      inspectEnd(found);
      await files.sweep(0);
      inspectFiles(sharedFolder(dir), found.records);
    } finally {
      await Promise.all(nodes.map((node) => node.kill()));
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
