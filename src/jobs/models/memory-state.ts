/**
 * Memory as `/health` shows it: parts grouped by model.
 *
 * @module
 */
import { gigabyte, type Resident } from "../../engine/residency.ts";
import type { Health, LoadedModel } from "../scheduler.ts";

type Describe = (family: string, variant: string) => { domain: string; repo: string };

const tenths = (value: number) => Math.round(value * 10) / 10;

/** One entry for each model, whatever the bits of its parts; it is as idle as its most recently used part. */
export function memoryState(
  residents: readonly Resident[],
  budget: number,
  now: number,
  describe: Describe,
): Health["memory"] {
  const models = Map.groupBy(residents, ({ family, variant }) => `${family}/${variant}`);
  return {
    loaded: [...models.values()].map((parts) => loadedModel(parts, now, describe)),
    resident_gb: tenths(sum(residents) / gigabyte),
    budget_gb: budget / gigabyte,
  };
}

function loadedModel(parts: readonly Resident[], now: number, describe: Describe): LoadedModel {
  const { family, variant, ttl } = parts[0]!;
  const idle = (now - Math.max(...parts.map(({ lastUsed }) => lastUsed))) / 1000;
  return {
    name: variant,
    family,
    ...describe(family, variant),
    weight_gb: tenths(sum(parts) / gigabyte),
    priority: Math.max(...parts.map(({ priority }) => priority)),
    idle_s: tenths(idle),
    ttl_s: ttl === null ? null : ttl / 1000,
    // Parts that expire while a job runs are evicted after it.
    expires_in_s: ttl === null ? null : Math.max(tenths(ttl / 1000 - idle), 0),
  };
}

const sum = (residents: readonly Resident[]) => residents.reduce((bytes, part) => bytes + part.bytes, 0);
