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
    let newest = 0;
    for (const [index, answer] of answers.entries()) {
      // of two that take writes, one came back behind a failover: it knows nothing of what was written since
      if (answer.status !== "fulfilled" || answer.value <= newest) continue;
      newest = answer.value;
      this.#known = this.hosts[index];
    }
    if (this.#known) return this.#known;
    const errors = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    throw (
      errors.find((error) => !isAway(error)) ??
      errors[0] ??
      unavailable(new Error("every server is a standby"))
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
