/**
 * This machine among the others: what it tells them, what it knows of them, and what it is ordered.
 *
 * @module
 */
import { z } from "zod";
import type { CheckContext } from "../capabilities/capability.ts";
import { gigabyte } from "../engine/residency.ts";
import { Refusal } from "../errors.ts";
import type { Fleet, FleetOrders } from "../jobs/fleet.ts";
import type { Health, LoadedModel, NodeHealth, Member as Queue, Unloaded } from "../jobs/scheduler.ts";
import type { Demand } from "../jobs/store/store.ts";
import type { Log } from "../log.ts";
import type { Connection } from "./connect.ts";
import {
  differences,
  isAlive,
  largestBudget,
  type Member,
  membersOf,
  type NodeState,
  workersWith,
} from "./members.ts";
import { aheadOf, type FleetNode, forgetOld, type Standing } from "./node.ts";
import { heedOrders, obey, order } from "./orders.ts";

/** What this machine says of itself, beside what its queue knows. */
export interface Self {
  /** `family/variant` of the models whose files are here, and what tells their weights apart. */
  variants(): Readonly<Record<string, string>>;
  device(): string | null;
  ready(): boolean;
  /** A mark of the settings that shape pictures. */
  settings: string;
}

export interface PresenceOptions {
  connection: Connection;
  node: FleetNode;
  works: boolean;
  log: Log;
}

/** Seconds for which a machine that is gone still counts as having its models. */
const remembered = 600;
const unloadPatience = 10_000;
/** Seconds. Links to files are refused by a bucket whose clock differs more. */
const worstClock = 300;
/** Milliseconds a machine until the list of them is read again: in a large fleet, each would else read all others all the time. */
const listEvery = 50;

const unloadBody = z.object({ family: z.string(), variant: z.string().optional() });
const unloadAnswer = z.object({ unloaded: z.boolean(), freed_bytes: z.number() });

export class Presence implements Fleet {
  readonly works: boolean;
  readonly #options: PresenceOptions;
  #members: Member[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;
  #standing: Standing = { draining: false, ahead: 0, hasOrders: false };
  #orders: FleetOrders | undefined;
  #self: Self | undefined;
  #stopHearing: (() => Promise<void>) | undefined;
  #warned = new Set<string>();

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.works = options.works;
  }

  heed(orders: FleetOrders): void {
    this.#orders = orders;
  }

  /** From now on the other machines see this one. */
  async begin(queue: Queue, self: Self): Promise<void> {
    const { connection, node } = this.#options;
    this.#self = self;
    this.#members = await membersOf(connection.durable, remembered);
    this.#standing.ahead = await aheadOf(connection.durable);
    node.begin({
      beat: () => queue.beat(this.#state(self)),
      beaten: (standing) => this.#beaten(standing),
      reap: async () => {
        await queue.recover();
        await forgetOld(connection);
      },
    });
    this.#stopHearing = await heedOrders(connection, node.id, () => node.hurry());
  }

  /** Whether the database answers. */
  hears(): boolean {
    return this.#options.node.isHeard();
  }

  /** Why no job can be taken, or null. */
  problem(): string | null {
    if (!this.#options.node.isHeard()) return "the fleet's database does not answer";
    return this.#isClockWrong()
      ? "the clock of this machine differs from the database server's by more than five minutes: set both by NTP"
      : null;
  }

  #isClockWrong(): boolean {
    return Math.abs(this.#standing.ahead) > worstClock;
  }

  /** Unix seconds by the database's clock. */
  now(): number {
    return Date.now() / 1000 - this.#standing.ahead;
  }

  /** The variants that this machine takes jobs for: none while it drains, or while its clock is wrong. */
  variants(): string[] {
    if (this.#standing.draining || this.#isClockWrong() || !this.#self) return [];
    return Object.keys(this.#self.variants());
  }

  /** What requests are checked against: the models and the memory of all machines. */
  context(local: CheckContext): CheckContext {
    return {
      ...local,
      budget: () => this.budget() || local.budget(),
      activation: (family, name) => {
        const here = this.works ? local.activation(family, name) : { missing: [] };
        if ("source" in here) return here;
        const variant = `${family}/${name}`;
        // none of their paths is here, so plans take the published sizes
        if (workersWith(this.#members, variant).length > 0) return { source: { paths: [] } };
        return { missing: [`${variant} on a worker of the fleet`] };
      },
    };
  }

  admit({ bytes }: Demand): void {
    const budget = this.budget();
    if (bytes <= budget || budget === 0) return;
    const gb = (count: number) => (count / gigabyte).toFixed(1);
    throw new Refusal(
      "over_budget",
      `the request needs ${gb(bytes)} GB, and no machine of the fleet has a budget of more than ${gb(budget)} GB`,
    );
  }

  budget(): number {
    return largestBudget(this.#members);
  }

  memory(): Health["memory"] {
    const alive = this.#members.filter(isAlive);
    return {
      loaded: alive.flatMap(({ state }) => state.loaded as unknown as LoadedModel[]),
      resident_gb: Math.round(alive.reduce((sum, { state }) => sum + state.resident_gb, 0) * 10) / 10,
      budget_gb: this.budget() / gigabyte,
    };
  }

  nodes(): NodeHealth[] {
    const here = this.#members.filter(({ state }) => !state.left);
    return here.map((member) => ({
      name: member.name,
      role: member.role,
      version: member.version,
      state: stateOf(member),
      device: member.state.device,
      budget_gb: Math.round((member.state.budget / gigabyte) * 10) / 10,
      models: Object.keys(member.state.variants).sort(),
      running: [...member.state.running],
    }));
  }

  async unload(family: string, variant: string | undefined, own: Unloaded): Promise<Unloaded> {
    const { connection, node } = this.#options;
    const others = this.#members.filter(
      (member) => member.id !== node.id && member.role !== "api" && isAlive(member),
    );
    if (others.length === 0) return own;
    const { answers, pending } = await order(
      connection,
      others.map(({ id }) => id),
      { kind: "unload", body: { family, variant }, milliseconds: unloadPatience },
    );
    const sum = { ...own };
    for (const answer of answers.values()) {
      const { success, data } = unloadAnswer.safeParse(answer);
      if (!success) continue;
      sum.unloaded ||= data.unloaded;
      sum.freed_bytes += data.freed_bytes;
    }
    if (pending.length === 0) return sum;
    return { ...sum, pending: others.filter(({ id }) => pending.includes(id)).map(({ name }) => name) };
  }

  /** Leaves the fleet. Jobs must have been put back before. */
  async leave(): Promise<void> {
    const { node, log } = this.#options;
    await this.#stopHearing?.().catch(() => {});
    await node.leave().catch((error) => log.warning("this machine could not say that it leaves", { error }));
  }

  #state(self: Self): NodeState {
    const lane = this.#orders?.lane();
    return {
      variants: this.works ? { ...self.variants() } : {},
      loaded: (lane?.memory.loaded ?? []) as unknown as NodeState["loaded"],
      resident_gb: lane?.memory.resident_gb ?? 0,
      budget: lane?.budget ?? 0,
      running: [...(lane?.running ?? [])],
      device: self.device(),
      settings: this.works ? self.settings : "",
      ready: self.ready(),
      draining: this.#standing.draining,
      left: false,
    };
  }

  async #beaten(standing: Standing): Promise<void> {
    const { connection, node, log } = this.#options;
    const changed = standing.draining !== this.#standing.draining;
    this.#standing = standing;
    if (performance.now() - this.#listedAt >= listEvery * this.#members.length) {
      this.#members = await membersOf(connection.lazy, remembered);
      this.#listedAt = performance.now();
    }
    for (const difference of differences(this.#members))
      if (!this.#warned.has(difference)) {
        this.#warned.add(difference);
        log.warning("the same request may give different pictures", { difference });
      }
    const orders = this.#orders;
    const unload = async (body: unknown) => {
      const { family, variant } = unloadBody.parse(body);
      return orders?.unload(family, variant);
    };
    if (standing.hasOrders) await obey(connection, node.id, { unload }, log);
    if (!changed) return;
    log.info(standing.draining ? "this machine takes no more jobs" : "this machine takes jobs again");
    // whoever drains it waits to see that it knows
    node.hurry();
  }
}

function stateOf(member: Member): NodeHealth["state"] {
  if (!isAlive(member)) return "lost";
  if (member.draining) return "draining";
  return member.state.ready ? "ready" : "starting";
}
