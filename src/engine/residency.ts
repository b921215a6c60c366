/**
 * Decides which parts stay in memory. Pure functions; the scheduler carries the decisions out. Times are milliseconds, sizes bytes.
 *
 * @module
 */

import type { PartKey } from "./engine.ts";
import { gigabyte, type Need, type PartNeed, type PhaseNeed } from "./need.ts";
import type { Bits, Values } from "./task.ts";

export { gigabyte };

/** A part in memory. */
export interface Resident {
  key: PartKey;
  family: string;
  variant: string;
  part: string;
  /** Measured while it was loaded. */
  bytes: number;
  priority: number;
  lastUsed: number;
  /** How long it stays unused; null is for ever. */
  ttl: number | null;
  /** It leaves with its job. */
  transient: boolean;
}

/** A part that a phase needs, with the best knowledge of its size. */
export interface Wanted {
  key: PartKey;
  part: string;
  bytes: number;
  priority: number;
}

export interface MachineMemory {
  total: number;
  /** The limit of the control group that the process is in. */
  cgroup?: number | undefined;
  /** What Metal recommends not to exceed. */
  workingSet?: number | undefined;
}

/** Share of the memory that models may take: pictures, requests and the program itself need the rest. */
const shareOfModels = 0.8;

/** How much the models may take together. */
export function budgetOf({ total, cgroup, workingSet }: MachineMemory, limitGb: number | null): number {
  if (limitGb !== null) return limitGb * gigabyte;
  return Math.min(shareOfModels * Math.min(total, cgroup ?? Infinity), workingSet ?? Infinity);
}

/** Equal keys share one copy: family, variant, part, bits, and the settings that change what is built. */
export function partKey(
  family: string,
  need: Pick<Need, "variant" | "bits" | "options">,
  part: string,
): PartKey {
  const options = sorted(need.options);
  return `${family}/${need.variant}/${part}@${need.bits ?? "full"}${options === "{}" ? "" : ` ${options}`}`;
}

/** A part may have other bits than its request. */
const keyOf = (family: string, need: Need, part: PartNeed): PartKey =>
  partKey(family, { ...need, bits: bitsOf(need, part) }, part.name);

export const bitsOf = (need: Pick<Need, "bits">, part: PartNeed): Bits =>
  part.bits === undefined ? need.bits : part.bits;

const sorted = (options: Values) =>
  JSON.stringify(Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))));

/** The parts of a phase. A size that was measured before replaces the estimate. */
export function wantedParts(
  family: string,
  need: Need,
  phase: PhaseNeed,
  measured: ReadonlyMap<PartKey, number>,
): Wanted[] {
  return phase.parts.map((part) => {
    const key = keyOf(family, need, part);
    return {
      key,
      part: part.name,
      bytes: measured.get(key) ?? part.bytes,
      priority: part.priority ?? 0,
    };
  });
}

/** Memory of a phase when nothing else is loaded. */
export function phaseBytes(wanted: readonly Wanted[], phase: PhaseNeed): number {
  return wanted.reduce((sum, part) => sum + part.bytes, phase.workingBytes);
}

/** The largest phase: memory of a job when all else is evicted. */
export function footprint(
  family: string,
  need: Need,
  measured: ReadonlyMap<PartKey, number> = new Map(),
): number {
  return need.phases.reduce(
    (most, phase) => Math.max(most, phaseBytes(wantedParts(family, need, phase, measured), phase)),
    0,
  );
}

/** A job's memory for lists of models; null where it is not planned. */
export interface Fit {
  memory_gb: number | null;
  fits: boolean | null;
}

export const fitOf = (bytes: number | null, budget: number): Fit =>
  bytes === null
    ? { memory_gb: null, fits: null }
    : { memory_gb: Number((bytes / gigabyte).toFixed(2)), fits: bytes <= budget };

export type Eviction = "expired" | "budget";

export type Plan =
  | { fits: true; evict: readonly { key: PartKey; reason: Eviction }[]; load: readonly Wanted[] }
  /** The phase takes this much, which is more than the budget. */
  | { fits: false; bytes: number };

export interface PlanInput {
  residents: readonly Resident[];
  wanted: readonly Wanted[];
  workingBytes: number;
  budget: number;
  now: number;
  /** Parts that later phases of the same job need: they go only when nothing else can. */
  later?: ReadonlySet<PartKey>;
}

/**
 * What to free and what to load so that a phase can run. Expired parts go in any case; then, as long as the phase does not fit,
 * the part of the lowest priority, and of equal ones the one that was unused the longest. Never a part that the phase needs.
 */
export function planPhase({
  residents,
  wanted,
  workingBytes,
  budget,
  now,
  later = new Set(),
}: PlanInput): Plan {
  const needed = new Set(wanted.map((part) => part.key));
  const inMemory = new Map(residents.map((resident) => [resident.key, resident]));
  const own = wanted.reduce((sum, part) => sum + (inMemory.get(part.key)?.bytes ?? part.bytes), workingBytes);
  if (own > budget) return { fits: false, bytes: own };

  const others = residents.filter((resident) => !needed.has(resident.key)).sort(inOrderOfLeaving(later));
  const evict: { key: PartKey; reason: Eviction }[] = [];
  const staying = others.filter((resident) => {
    if (later.has(resident.key) || !hasExpired(resident, now)) return true;
    evict.push({ key: resident.key, reason: "expired" });
    return false;
  });
  let bytes = staying.reduce((sum, resident) => sum + resident.bytes, own);
  for (const resident of staying) {
    if (bytes <= budget) break;
    evict.push({ key: resident.key, reason: "budget" });
    bytes -= resident.bytes;
  }
  return { fits: true, evict, load: wanted.filter((part) => !inMemory.has(part.key)) };
}

const inOrderOfLeaving = (later: ReadonlySet<PartKey>) => (a: Resident, b: Resident) =>
  Number(later.has(a.key)) - Number(later.has(b.key)) ||
  a.priority - b.priority ||
  a.lastUsed - b.lastUsed ||
  (a.key < b.key ? -1 : 1);

export function hasExpired(resident: Pick<Resident, "lastUsed" | "ttl">, now: number): boolean {
  return resident.ttl !== null && now - resident.lastUsed > resident.ttl;
}

/** Parts that leave when a job ends: copies that only it wanted, unless the next job wants the same. */
export function leaving(residents: readonly Resident[], next: ReadonlySet<PartKey>): PartKey[] {
  return residents.filter(({ transient, key }) => transient && !next.has(key)).map(({ key }) => key);
}

/** Every part that a job needs in phases from `from` on. */
export function keysOf(family: string, need: Need, from = 0): Set<PartKey> {
  return new Set(
    need.phases.slice(from).flatMap((phase) => phase.parts.map((part) => keyOf(family, need, part))),
  );
}

/** What the parts of one variant with the same bits and options have in common. */
export const warmKey = ({ key, part }: Pick<Resident, "key" | "part">): string =>
  key.replace(`/${part}@`, "@");

/** The warm key of a job: that of its heaviest part. */
export function warmKeyOf(family: string, need: Need): string {
  const parts = need.phases.flatMap((phase) => phase.parts);
  const heaviest = parts.reduce<PartNeed | undefined>(
    (most, part) => (most && most.bytes >= part.bytes ? most : part),
    undefined,
  );
  return heaviest ? warmKey({ key: keyOf(family, need, heaviest), part: heaviest.name }) : "";
}

const gigabytes = (bytes: number) => (bytes / gigabyte).toFixed(bytes < gigabyte ? 2 : 1);

/** Why a request is refused, and how to change it. */
export function overBudget(variant: string, bytes: number, budget: number, smaller?: string): string {
  const limit = Math.ceil((bytes / gigabyte) * 10) / 10;
  const ways = [smaller && `ask for ${smaller}`, `set memory_limit_gb to ${limit} or more`];
  return (
    `model '${variant}' needs ~${gigabytes(bytes)} GB but the budget is ${gigabytes(budget)} GB with nothing left to evict; ` +
    ways.filter(Boolean).join(", or ")
  );
}
