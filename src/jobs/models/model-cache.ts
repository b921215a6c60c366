/**
 * Keeps the parts of models in memory as `residency.ts` plans it. Only the scheduler's lane calls it, so nothing changes between a
 * plan and its execution.
 *
 * @module
 */
import type { CheckContext, Need } from "../../capabilities/capability.ts";
import type { Engine, PartKey, Running } from "../../engine/engine.ts";
import {
  bitsOf,
  footprint,
  hasExpired,
  keysOf,
  leaving,
  overBudget,
  planPhase,
  type Resident,
  wantedParts,
} from "../../engine/residency.ts";
import { Cancelled } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import type { Clock } from "../clock.ts";
import type { JobMetrics } from "../scheduler.ts";

export type EvictionReason = keyof JobMetrics["evictions"];

export interface ModelsOptions {
  engine: Engine;
  clock: Clock;
  context: CheckContext;
  budget(): number;
  onEvict?(resident: Resident, reason: EvictionReason): void;
  onLoad?(resident: Resident, seconds: number): void;
  /** What went wrong while a part was loaded, and did not matter. */
  onNote?(key: PartKey, text: string): void;
}

export interface Models {
  residents(): readonly Resident[];
  /** @throws {Refusal} `over_budget` when the job does not fit even alone. */
  check(family: string, need: Need): void;
  /** Frees what must go and loads what the phase lacks; gives the parts by name. */
  hold(
    family: string,
    need: Need,
    phase: number,
    running: Running,
  ): Promise<Readonly<Record<string, PartKey>>>;
  /** They work from now on, and are not idle until `used` or `leave`. */
  use(keys: readonly PartKey[]): void;
  /** Counts idling from now on. */
  used(family: string, need: Need, phase: number): void;
  /** Frees the copies that only the last job wanted. */
  leave(next: ReadonlySet<PartKey>): Promise<void>;
  sweep(): Promise<void>;
  drop(which: (resident: Resident) => boolean, reason: EvictionReason): Promise<Resident[]>;
}

const smaller = (need: Need, budget: number) =>
  typeof need.smaller === "function" ? need.smaller(budget) : need.smaller;

export function createModels({
  engine,
  clock,
  context,
  budget,
  onEvict,
  onLoad,
  onNote,
}: ModelsOptions): Models {
  const residents = new Map<PartKey, Resident>();
  /** Parts that a phase works with: they are not idle, however long it takes. */
  let inUse: ReadonlySet<PartKey> = new Set();
  /** Sizes of parts as they were when loaded, which outlive the parts. */
  const measured = new Map<PartKey, number>();
  const defaultTtl = context.settings.default_ttl_s;
  const { cache_dir, cache_max_gb } = context.settings;
  const cache = { folder: cache_dir, maxBytes: cache_max_gb === null ? null : cache_max_gb * 1e9 };
  const ttl = defaultTtl > 0 ? defaultTtl * 1000 : null;

  async function evict(key: PartKey, reason: EvictionReason) {
    const resident = residents.get(key);
    if (!resident) return;
    residents.delete(key);
    await engine.evict(key);
    onEvict?.(resident, reason);
  }

  function pathsOf(family: string, variant: string): readonly string[] {
    const activation = context.activation(family, variant);
    if ("source" in activation) return activation.source.paths;
    const missing = activation.missing.join(", ");
    throw new Refusal("not_activated", `model '${variant}' is not activated; missing: ${missing}`);
  }

  async function load(family: string, need: Need, key: PartKey, part: string, running: Running) {
    const { variant, options } = need;
    const wanted = need.phases.flatMap((phase) => phase.parts).find(({ name }) => name === part)!;
    const bits = bitsOf(need, wanted);
    const source = { family, variant, paths: pathsOf(family, variant), bits, options, cache };
    const before = clock.now();
    const { bytes, notes = [] } = await engine.load(key, part, source, running);
    for (const text of notes) onNote?.(key, text);
    const now = clock.now();
    const resident: Resident = {
      key,
      family,
      variant,
      part,
      // A part that shares its weights with another one measures as nothing: then the estimate is all there is.
      bytes: bytes > 0 ? bytes : wanted.bytes,
      priority: wanted.priority ?? 0,
      lastUsed: now,
      ttl,
      transient: need.transient && wanted.bits === undefined,
    };
    residents.set(key, resident);
    measured.set(key, resident.bytes);
    onLoad?.(resident, (now - before) / 1000);
  }

  return {
    residents: () =>
      [...residents.values()].map((part) =>
        inUse.has(part.key) ? { ...part, lastUsed: clock.now() } : part,
      ),

    check(family, need) {
      const bytes = footprint(family, need, measured);
      if (bytes > budget()) {
        throw new Refusal("over_budget", overBudget(need.variant, bytes, budget(), smaller(need, budget())));
      }
    },

    async hold(family, need, index, running) {
      const phase = need.phases[index]!;
      const later = keysOf(family, need, index + 1);
      // One part a round: a weight that turns out heavier than its estimate changes the plan for the next one.
      for (;;) {
        if (running.signal?.aborted) throw new Cancelled();
        const wanted = wantedParts(family, need, phase, measured);
        const plan = planPhase({
          residents: [...residents.values()],
          wanted,
          workingBytes: phase.workingBytes,
          budget: budget(),
          now: clock.now(),
          later,
        });
        if (!plan.fits) {
          throw new Refusal(
            "over_budget",
            overBudget(need.variant, plan.bytes, budget(), smaller(need, budget())),
          );
        }
        for (const { key, reason } of plan.evict) await evict(key, reason);
        const next = plan.load[0];
        if (!next) {
          for (const { key } of wanted) residents.get(key)!.lastUsed = clock.now();
          return Object.fromEntries(wanted.map(({ part, key }) => [part, key]));
        }
        if (running.signal?.aborted) throw new Cancelled();
        await load(family, need, next.key, next.part, running);
      }
    },

    use(keys) {
      inUse = new Set(keys);
    },

    used(family, need, index) {
      for (const { key } of wantedParts(family, need, need.phases[index]!, measured)) {
        const resident = residents.get(key);
        if (resident) resident.lastUsed = clock.now();
      }
      inUse = new Set();
    },

    async leave(next) {
      inUse = new Set();
      for (const key of leaving([...residents.values()], next)) await evict(key, "transient");
    },

    async sweep() {
      const now = clock.now();
      for (const resident of [...residents.values()]) {
        if (hasExpired(resident, now)) await evict(resident.key, "expired");
      }
    },

    async drop(which, reason) {
      const gone = [...residents.values()].filter(which);
      for (const { key } of gone) await evict(key, reason);
      return gone;
    },
  };
}
