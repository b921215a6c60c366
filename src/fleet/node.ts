/**
 * This machine's place in the fleet: its row, and the beat that keeps its lease. The server's clock alone counts.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Log, type Outage, tellOutages } from "../log.ts";
import type { Client, Connection } from "./connect.ts";
import { SetupError } from "./errors.ts";
import type { Role } from "./members.ts";
import type { Pulse } from "./pulse.ts";
import { schemaVersion } from "./schema.ts";
import { judging, takeTurn } from "./turns.ts";

export interface NodeOptions {
  name: string;
  role: Role;
  version: string;
  /** The data directory, which this process has locked. It remembers the row of the run before. */
  dataDir: string;
  /** Seconds. */
  lease: number;
  log: Log;
}

/** What follows from the server's answer to a beat. */
export interface Standing {
  /** The machine is to take no more jobs. */
  draining: boolean;
  /** Seconds by which this machine's clock is ahead of the server's. */
  ahead: number;
  /** Orders wait for the machine. */
  hasOrders: boolean;
}

/** Work that the beat carries. Errors are logged, and the next beat comes. */
export interface Beating {
  /** Renews the lease, and tells how this machine is. */
  beat(): Promise<Pulse | undefined>;
  /** Behind every beat that arrived. */
  beaten(standing: Standing): Promise<void>;
  /**
   * Takes jobs from machines whose lease is over. Called only while this machine's own beats have arrived for long enough, and no other
   * machine has just done it.
   */
  reap(): Promise<void>;
}

export interface FleetNode {
  id: string;
  name: string;
  /** Beats at once, and then three times in a lease. */
  begin(work: Beating): void;
  /** Beats at once, for example when an order was announced. */
  hurry(): void;
  /** Whether the last beat arrived. */
  isHeard(): boolean;
  /** Ends the lease. Jobs must have been put back before. The row stays a while: its models count as there, as a lost machine's do. */
  leave(): Promise<void>;
}

/** An outage ends everyone's lease: who judged at once would rob the others. In leases. */
const judgesAfter = 1.5;
/** Machines look for lost jobs one at a time, and not more often, in leases: many of them would do nothing else. */
const judgesEvery = 1 / 15;
const forgottenAfter = 86_400;
/** A machine's last word. */
const said = JSON.stringify({ left: true, loaded: [], running: [], resident_gb: 0, ready: false });
const lock = 0x6561_7366;

/**
 * Takes a place in the fleet. The place of this data directory's last run is given up, since its lock proves that that run is over.
 *
 * @throws {SetupError} when another machine of that name is alive.
 */
export async function joinFleet(connection: Connection, options: NodeOptions): Promise<FleetNode> {
  const { name, dataDir, lease } = options;
  const file = join(dataDir, "node.id");
  const before = readId(file);
  const id = crypto.randomUUID();
  for (let lastSeen: number | undefined; ; await Bun.sleep(250)) {
    const twin = await enter(connection, options, { id, before });
    if (twin === undefined) break;
    // A machine of that name that died lately has a lease until now; one that is alive makes it longer.
    if (lastSeen !== undefined && twin > lastSeen)
      throw new SetupError(
        `Another machine named ${name} is in the fleet: give this one another node_name (EASEL_NODE_NAME)`,
      );
    lastSeen = twin;
  }
  writeFileSync(file, `${id}\n`, { mode: 0o600 });
  return new Member(connection, options, id, lease);
}

/** Inserts the row, or gives the lease of another machine of the same name. */
async function enter(
  { durable }: Connection,
  { name, role, version, lease }: NodeOptions,
  { id, before }: { id: string; before: string | null },
): Promise<number | undefined> {
  return durable.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${lock})`;
    if (before !== null) await tx`DELETE FROM nodes WHERE id = ${before}::uuid`;
    const [twin] = await tx`SELECT lease_until FROM nodes WHERE name = ${name} AND lease_until > easel_now()`;
    if (twin) return twin.lease_until as number;
    await tx`DELETE FROM nodes WHERE name = ${name}`;
    await tx`INSERT INTO nodes (id, name, role, version, lease_until)
      VALUES (${id}::uuid, ${name}, ${role}, ${version}, easel_now() + ${lease}::float8)`;
    return undefined;
  });
}

function readId(file: string): string | null {
  try {
    const id = readFileSync(file, "utf8").trim();
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}

class Member implements FleetNode {
  readonly name: string;
  #work: Beating | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #isHurried = false;
  readonly #outage: Outage;
  /** When the unbroken row of own beats began, and when the last one arrived, in milliseconds that only go forward. */
  #since: number | undefined;
  #last = Number.NEGATIVE_INFINITY;
  #warned = new Set<string>();

  constructor(
    readonly connection: Connection,
    readonly options: NodeOptions,
    readonly id: string,
    readonly lease: number,
  ) {
    this.name = options.name;
    this.#outage = tellOutages(options.log, {
      begins: "a beat did not reach the fleet's database",
      ends: "the fleet's database answers again",
      level: "warning",
    });
  }

  begin(work: Beating): void {
    this.#work = work;
    this.#again(0);
  }

  hurry(): void {
    if (this.#timer === undefined) return;
    this.#isHurried = true;
    this.#again(0);
  }

  isHeard(): boolean {
    return this.#since !== undefined;
  }

  async leave(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = undefined;
    await this.#beating;
    await this.connection.durable.run(
      (sql) => sql`
        UPDATE nodes SET lease_until = easel_now(), state = (state::jsonb || ${said}::text::jsonb)::text WHERE id = ${this.id}::uuid`,
    );
  }

  #again(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isHurried = false;
      this.#beating = this.#beating.then(() => this.#round());
      // a beat that was asked for during this one must not wait
      void this.#beating.then(() => this.#work && this.#again(this.#isHurried ? 0 : (this.lease * 1000) / 3));
    }, milliseconds);
  }

  async #round(): Promise<void> {
    const work = this.#work;
    if (!work) return;
    try {
      const pulse = await work.beat();
      if (!pulse) return;
      this.#outage.worked();
      this.#count();
      const standing = this.#standing(pulse);
      await work.beaten(standing);
      if (this.#mayJudge() && this.#isUnjudged(pulse) && (await this.#takeTurn())) await work.reap();
    } catch (error) {
      this.#since = undefined;
      this.#outage.failed(error);
    }
  }

  #standing({ draining, now, oldest_node, has_twin, has_orders }: Pulse): Standing {
    const isOutdated = oldest_node > schemaVersion;
    if (has_twin)
      this.#warnOnce("another machine of this name is in the fleet: give each a node_name of its own");
    if (isOutdated)
      this.#warnOnce("this easel is too old for the fleet by now, and takes no more jobs: update it");
    const ahead = Date.now() / 1000 - now;
    this.#watchClock(ahead);
    return { draining: draining || isOutdated, ahead, hasOrders: has_orders };
  }

  #isUnjudged({ judged_ago }: Pulse): boolean {
    return judged_ago === null || Math.abs(judged_ago) >= this.#pause();
  }

  #pause(): number {
    return judgesEvery * this.lease;
  }

  #takeTurn(): Promise<boolean> {
    return this.connection.lazy.run((sql) => takeTurn(sql, judging, this.#pause()));
  }

  /** A machine that slept has missed beats without an error. */
  #count(): void {
    const now = performance.now();
    if (this.#since === undefined || now - this.#last > this.lease * 1000) this.#since = now;
    this.#last = now;
  }

  #mayJudge(): boolean {
    return this.#since !== undefined && this.#last - this.#since >= judgesAfter * this.lease * 1000;
  }

  #watchClock(ahead: number): void {
    if (Math.abs(ahead) > 5)
      this.#warnOnce("the clock of this machine differs from the database server's: set both by NTP", ahead);
  }

  #warnOnce(message: string, seconds?: number): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.options.log.warning(message, seconds === undefined ? {} : { seconds: Math.round(seconds) });
  }
}

/** Seconds by which this machine's clock is ahead of the server's. */
export async function aheadOf(client: Client): Promise<number> {
  const [row] = await client.run((sql) => sql<{ now: number }[]>`SELECT easel_now() AS now`);
  return Date.now() / 1000 - row!.now;
}

/** Removes rows of machines that left long ago, and orders that they never answered. */
export async function forgetOld({ lazy }: Connection): Promise<void> {
  await lazy.run((sql) => sql`DELETE FROM nodes WHERE lease_until < easel_now() - ${forgottenAfter}::float8`);
  await lazy.run((sql) => sql`DELETE FROM orders WHERE created_at < easel_now() - 3600`);
}
