/**
 * Which of the servers that a fleet's URL names takes writes. Behind a failover it is another one.
 *
 * @module
 */
import type { SQL } from "bun";
import type { Host } from "./address.ts";
import { isAway, unavailable } from "./errors.ts";

/** Milliseconds for which a server may think about what it is. */
const patience = 3000;

export class Primary {
  #known: Host | undefined;
  /** The newest timeline that was seen. */
  #newest = 0;
  #looking: Promise<Host> | undefined;

  /** @param open One connection to a server. */
  constructor(
    readonly hosts: readonly Host[],
    readonly open: (host: Host) => SQL,
  ) {}

  /** A server alone is taken for what it is. @throws when none of several takes writes. */
  async find(): Promise<Host> {
    if (this.hosts.length === 1) return this.hosts[0]!;
    if (this.#known) return this.#known;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The server does not answer, or takes no writes any more. */
  lost(host: Host): void {
    if (this.#known === host) this.#known = undefined;
  }

  async #look(): Promise<Host> {
    const answers = await Promise.allSettled(this.hosts.map((host) => this.#timelineOf(host)));
    const timelines = answers.map((answer) => (answer.status === "fulfilled" ? answer.value : 0));
    const newest = Math.max(...timelines);
    // A server of an older timeline came back behind a failover: it knows nothing of what was written since.
    if (newest > 0 && newest >= this.#newest) {
      this.#newest = newest;
      this.#known = this.hosts[timelines.indexOf(newest)]!;
      return this.#known;
    }
    const errors = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    throw (
      errors.find((error) => !isAway(error)) ??
      errors[0] ??
      unavailable(new Error("no server takes writes, or only one that was left behind by a failover"))
    );
  }

  /** The number of a server's timeline, which each promotion raises; 0 for a standby. */
  async #timelineOf(host: Host): Promise<number> {
    const sql = this.open(host);
    const timer = setTimeout(() => void sql.close({ timeout: 0 }).catch(() => {}), patience);
    try {
      const [row] = await sql<{ timeline: string }[]>`
        SELECT CASE WHEN pg_is_in_recovery() THEN '0' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline`;
      return Number.parseInt(row!.timeline, 16);
    } finally {
      clearTimeout(timer);
      void sql.close({ timeout: 0 }).catch(() => {});
    }
  }
}
