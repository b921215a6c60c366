/**
 * The machines of a fleet, as each of them last described itself.
 *
 * @module
 */
import { z } from "zod";
import type { Client } from "./connect.ts";

export const roles = ["both", "api", "worker"] as const;
export type Role = (typeof roles)[number];

/** A model in memory, as `/health` shows it. */
const loadedModel = z.looseObject({ name: z.string(), family: z.string() });

const stateSchema = z.object({
  /** `family/variant` of the models whose files are there, and what tells their weights apart. */
  variants: z.record(z.string(), z.string()).default({}),
  loaded: z.array(loadedModel).default([]),
  resident_gb: z.number().default(0),
  /** Bytes. */
  budget: z.number().default(0),
  /** Ids of its jobs. */
  running: z.array(z.string()).default([]),
  /** What computes; null until the engine has started, and where there is none. */
  device: z.string().nullable().default(null),
  /** What settings do to pictures: machines of one mark make the same ones. */
  settings: z.string().default(""),
  ready: z.boolean().default(false),
  /** It has seen that it is to drain. */
  draining: z.boolean().default(false),
  /** It was stopped, and did not break down. */
  left: z.boolean().default(false),
});

/** What a machine says of itself with every beat. */
export type NodeState = z.infer<typeof stateSchema>;

export interface Member {
  id: string;
  name: string;
  role: Role;
  version: string;
  /** Seconds since its last beat ran out; negative while it is alive. */
  overdue: number;
  draining: boolean;
  state: NodeState;
}

interface Row extends Omit<Member, "state" | "role"> {
  role: string;
  state: string;
}

const empty = stateSchema.parse({});

/** Rows are other machines' words: what does not fit is taken as nothing said. */
function memberOf(row: Row): Member {
  const role = z.enum(roles).catch("worker").parse(row.role);
  return { ...row, role, state: parseState(row.state) };
}

function parseState(text: string): NodeState {
  try {
    return stateSchema.catch(empty).parse(JSON.parse(text));
  } catch {
    return empty;
  }
}

/** Machines that were alive in the last `seconds`, by name. */
export async function membersOf(client: Client, seconds: number): Promise<Member[]> {
  const rows: Row[] = await client.run(
    (sql) => sql`
      SELECT id, name, role, version, draining, state, easel_now() - lease_until AS overdue FROM nodes
      WHERE lease_until > easel_now() - ${seconds} ORDER BY name, id`,
  );
  return rows.map(memberOf);
}

export const isAlive = ({ overdue }: Member): boolean => overdue < 0;
const works = ({ role }: Member): boolean => role !== "api";

/** The workers that have a variant, alive or not. */
export const workersWith = (members: readonly Member[], variant: string): Member[] =>
  members.filter((member) => works(member) && Object.hasOwn(member.state.variants, variant));

/** The largest budget of the workers, in bytes. */
export const largestBudget = (members: readonly Member[]): number =>
  Math.max(0, ...members.filter(works).map(({ state }) => state.budget));

/** Workers that would make different pictures of one request, in words for the operator. */
export function differences(members: readonly Member[]): string[] {
  const workers = members.filter((member) => works(member) && isAlive(member));
  const found: string[] = [];
  for (const variant of new Set(workers.flatMap(({ state }) => Object.keys(state.variants)))) {
    const have = workersWith(workers, variant);
    const other = have.find(({ state }) => state.variants[variant] !== have[0]!.state.variants[variant]);
    if (other) found.push(`${have[0]!.name} and ${other.name} have different weights of ${variant}`);
  }
  const known = workers.filter(({ state }) => state.settings !== "");
  const other = known.find(({ state }) => state.settings !== known[0]!.state.settings);
  if (other) found.push(`${known[0]!.name} and ${other.name} have different settings that shape pictures`);
  return found;
}
