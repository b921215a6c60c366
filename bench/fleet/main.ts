/**
 * The queue of a fleet on a PostgreSQL of its own, with durable commits: `bun bench/fleet/main.ts [SECONDS] [PART…]`. All
 * parts together write `docs/bench/fleet-queue.md`; some are printed alone.
 */
import { join } from "node:path";
import { stopDaemons } from "../../test/fleet/daemon.ts";
import { away } from "./away.ts";
import { connection } from "./database.ts";
import { lost } from "./lost.ts";
import { machine, say, write } from "./page.ts";
import { claims, lists, loads, starts, steady } from "./queue.ts";
import { beats, statements, swarms } from "./swarm.ts";

const [seconds, names] = [Number(process.argv[2] ?? 10), process.argv.slice(3)];

const parts: Readonly<Record<string, () => Promise<void>>> = {
  claims: () => claims(seconds),
  starts,
  steady,
  swarms: () => swarms(2 * seconds),
  beats: () => beats(2 * seconds),
  loads,
  lists,
  lost: () => lost(5),
  away: () => away(300),
  statements: () => statements(2 * seconds),
};
/** Only by its name. */
const aside = ["statements"];

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
  for (const name of names.length > 0 ? names : Object.keys(parts).filter((name) => !aside.includes(name)))
    await parts[name]!();
  if (names.length === 0) await write(join(import.meta.dir, "../../docs/bench/fleet-queue.md"));
} finally {
  await connection[Symbol.asyncDispose]();
  stopDaemons();
}
process.exit(0);
