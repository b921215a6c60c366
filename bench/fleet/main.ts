/**
 * The queue of a fleet on a PostgreSQL of its own, with durable commits: `bun bench/fleet/main.ts [SECONDS]`. Writes
 * `docs/bench/fleet-queue.md`.
 */
import { join } from "node:path";
import { stopDaemons } from "../../test/fleet/daemon.ts";
import { connection } from "./database.ts";
import { lost } from "./lost.ts";
import { machine, say, write } from "./page.ts";
import { claims, lists, loads, starts, steady } from "./queue.ts";
import { beats, swarms } from "./swarm.ts";

const seconds = Number(process.argv[2] ?? 10);

try {
  say("# The queue of several machines");
  say();
  say(`Written by \`bun bench/fleet/main.ts ${seconds}\` on ${machine},`);
  say(
    "with PostgreSQL on the same machine and durable commits. The number in brackets is the floor of each row. The load is the",
  );
  say(
    "machine's at the start of each row: with other work beside it, rates are what that work leaves. Loads of models do not depend on it.",
  );
  await claims(seconds);
  await starts();
  await steady();
  await swarms(2 * seconds);
  await beats(2 * seconds);
  await loads();
  await lists();
  await lost(5);
  await write(join(import.meta.dir, "../../docs/bench/fleet-queue.md"));
} finally {
  await connection[Symbol.asyncDispose]();
  stopDaemons();
}
process.exit(0);
