/**
 * Keeps the parts of models in memory as `engine/residency.ts` plans it. Only the runner calls it, between jobs and for the one that
 * runs, so nothing changes between a plan and its execution.
 *
 * @module
 */

import type { PartKey, Running } from "../../engine/engine.ts";
import type { Need } from "../../engine/need.ts";
import {
  bitsOf,
  footprint,
  gigabyte,
  hasExpired,
  keysOf,
  leaving,
  overBudget,
  phaseBytes,
  planPhase,
  type Resident,
  wantedParts,
} from "../../engine/residency.ts";
import { Cancelled } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import type { JobContext } from "../context.ts";
import type { EvictionReason, Metrics } from "../metrics.ts";
import type { PlannedMemory } from "../scheduler.ts";
import type { Budget } from "./budget.ts";

const gb = (bytes: number) => Math.round((bytes / gigabyte) * 100) / 100;

export class ModelCache {
  readonly #context: JobContext;
  readonly #budget: Budget;
  readonly #metrics: Metrics;
  readonly #residents = new Map<PartKey, Resident>();
  /** Parts that a phase works with: they are not idle, however long it takes. */
  #busy: ReadonlySet<PartKey> = new Set();
  /** Sizes of parts as they were when loaded, which outlive the parts. */
  readonly #measured = new Map<PartKey, number>();

  constructor(context: JobContext, budget: Budget, metrics: Metrics) {
    this.#context = context;
    this.#budget = budget;
    this.#metrics = metrics;
  }

  residents(): readonly Resident[] {
    const now = this.#context.clock.now();
    return [...this.#residents.values()].map((part) =>
      this.#busy.has(part.key) ? { ...part, lastUsed: now } : part,
    );
  }

  budget(): number {
    return this.#budget.bytes();
  }

  /** @throws {Refusal} `over_budget` when the job does not fit even alone. */
  check(family: string, need: Need): void {
    const bytes = footprint(family, need, this.#measured);
    if (bytes > this.#budget.bytes()) throw this.#overBudget(need, bytes);
  }

  plan(family: string, need: Need): PlannedMemory {
    const peak_bytes = footprint(family, need, this.#measured);
    const budget_bytes = Math.floor(this.#budget.bytes());
    return { peak_bytes, budget_bytes, fits: peak_bytes <= budget_bytes, smaller: this.#smaller(need) };
  }

  /** Evicts and loads parts so that a phase can run; returns its parts by name. */
  async load(
    family: string,
    need: Need,
    index: number,
    running: Running,
  ): Promise<Readonly<Record<string, PartKey>>> {
    const phase = need.phases[index]!;
    const later = keysOf(family, need, index + 1);
    // One part a round: a weight that turns out heavier than its estimate changes the plan for the next one.
    for (;;) {
      if (running.signal?.aborted) throw new Cancelled();
      const wanted = wantedParts(family, need, phase, this.#measured);
      const plan = planPhase({
        residents: [...this.#residents.values()],
        wanted,
        workingBytes: phase.workingBytes,
        budget: this.#budget.bytes(),
        now: this.#context.clock.now(),
        later,
      });
      if (!plan.fits) throw this.#overBudget(need, plan.bytes);
      for (const { key, reason } of plan.evict)
        await this.#evict(key, reason, {
          for: `${family}/${need.variant} ${phase.name}`,
          needs_gb: gb(phaseBytes(wanted, phase)),
          budget_gb: gb(this.#budget.bytes()),
        });
      const next = plan.load[0];
      if (!next) {
        for (const { key } of wanted) this.#residents.get(key)!.lastUsed = this.#context.clock.now();
        return Object.fromEntries(wanted.map(({ part, key }) => [part, key]));
      }
      if (running.signal?.aborted) throw new Cancelled();
      await this.#loadPart(family, need, next.key, next.part, running);
    }
  }

  /** The parts work from now on, and are not idle until `markIdle` or `evictTransient`. */
  markBusy(keys: readonly PartKey[]): void {
    this.#busy = new Set(keys);
  }

  /** Counts idling from now on. */
  markIdle(family: string, need: Need, index: number): void {
    for (const { key } of wantedParts(family, need, need.phases[index]!, this.#measured)) {
      const resident = this.#residents.get(key);
      if (resident) resident.lastUsed = this.#context.clock.now();
    }
    this.#busy = new Set();
  }

  /** Evicts the copies that only the last job wanted, unless the next one wants the same. */
  async evictTransient(next: ReadonlySet<PartKey>): Promise<void> {
    this.#busy = new Set();
    for (const key of leaving([...this.#residents.values()], next)) await this.#evict(key, "transient");
  }

  async evictExpired(): Promise<void> {
    const now = this.#context.clock.now();
    await this.evict((resident) => hasExpired(resident, now), "expired");
  }

  async evict(which: (resident: Resident) => boolean, reason: EvictionReason): Promise<Resident[]> {
    const gone = [...this.#residents.values()].filter(which);
    for (const { key } of gone) await this.#evict(key, reason);
    return gone;
  }

  async #evict(key: PartKey, reason: EvictionReason, because: Record<string, unknown> = {}): Promise<void> {
    const resident = this.#residents.get(key);
    if (!resident) return;
    this.#context.log.info("evicting a model", { model: key, gb: gb(resident.bytes), reason, ...because });
    this.#residents.delete(key);
    await this.#context.engine.evict(key);
    this.#metrics.evicted(reason);
  }

  async #loadPart(family: string, need: Need, key: PartKey, part: string, running: Running): Promise<void> {
    const { engine, clock, log, settings } = this.#context;
    const { variant, options } = need;
    const wanted = need.phases.flatMap((phase) => phase.parts).find(({ name }) => name === part)!;
    const maxBytes = settings.cache_max_gb === null ? null : settings.cache_max_gb * 1e9;
    const source = {
      family,
      variant,
      paths: this.#pathsOf(family, variant),
      bits: bitsOf(need, wanted),
      options,
      cache: { folder: settings.cache_dir, maxBytes },
    };
    log.debug("loading a model", { model: key, expected_gb: gb(wanted.bytes) });
    const before = clock.now();
    const { bytes, notes = [] } = await engine.load(key, part, source, running);
    for (const text of notes) log.warning(text, { model: key });
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
      ttl: settings.default_ttl_s > 0 ? settings.default_ttl_s * 1000 : null,
      transient: need.transient && wanted.bits === undefined,
    };
    this.#residents.set(key, resident);
    this.#measured.set(key, resident.bytes);
    const seconds = (now - before) / 1000;
    this.#metrics.loaded(seconds);
    log.info("model loaded", { model: key, gb: gb(resident.bytes), seconds });
  }

  #pathsOf(family: string, variant: string): readonly string[] {
    const activation = this.#context.check.activation(family, variant);
    if ("source" in activation) return activation.source.paths;
    const missing = activation.missing.join(", ");
    throw new Refusal("not_activated", `model '${variant}' is not activated; missing: ${missing}`);
  }

  /** The change that makes the request fit, as far as its family knows one. */
  #smaller({ smaller }: Need): string | null {
    return (typeof smaller === "function" ? smaller(this.#budget.bytes()) : smaller) ?? null;
  }

  #overBudget(need: Need, bytes: number): Refusal {
    const smaller = this.#smaller(need) ?? undefined;
    return new Refusal("over_budget", overBudget(need.variant, bytes, this.#budget.bytes(), smaller));
  }
}
