/**
 * The other machines, as the queue sees them. One machine alone has none.
 *
 * @module
 */
import type { Health, NodeHealth, Unloaded } from "./scheduler.ts";
import type { Demand } from "./store/store.ts";

/** What a machine's queue says of itself. */
export interface LaneState {
  memory: Health["memory"];
  /** Bytes. */
  budget: number;
  /** Ids of its jobs. */
  running: readonly string[];
}

/** What the queue of this machine answers and does for the others. */
export interface FleetOrders {
  /** Undefined where no jobs run. */
  lane(): LaneState | undefined;
  unload(family: string, variant?: string): Promise<Unloaded>;
}

export interface Fleet {
  /** Whether jobs run on this machine. */
  works: boolean;
  heed(orders: FleetOrders): void;
  /** @throws {Refusal} `over_budget` when no machine has room for it. */
  admit(demand: Demand): void;
  /** The largest budget of a machine, in bytes; 0 where none is known. */
  budget(): number;
  /** Models in memory on all machines. */
  memory(): Health["memory"];
  nodes(): NodeHealth[];
  /** Frees a model's memory on the other machines, and adds up what came in time. */
  unload(family: string, variant: string | undefined, own: Unloaded): Promise<Unloaded>;
}
