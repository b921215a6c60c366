/**
 * Advice for a request that does not fit: the mildest change of each kind that would.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";

/** A request that needs less, or a setting that makes it need less. */
export interface SmallerRequest {
  /** Of equal kinds the first that fits is named. */
  kind: string;
  name: string;
  /** Bytes of its largest phase. */
  bytes: number;
}

const allBits = [8, 6, 5, 4, 3] as const;

export const fewerBits = (bits: Bits): Bits[] => allBits.filter((fewer) => bits === null || fewer < bits);

const multiple = 16;
const smallest = 256;
const shares = [0.75, 0.625, 0.5, 0.375, 0.25];

/** Sizes of about the same shape, from large to small. */
export function smallerSizes(width: number, height: number): { width: number; height: number }[] {
  const scaled = (side: number, share: number) =>
    Math.max(multiple, Math.floor((side * share) / multiple) * multiple);
  return shares
    .map((share) => ({ width: scaled(width, share), height: scaled(height, share) }))
    .filter((size) => Math.max(size.width, size.height) >= smallest);
}

/** What fits into a budget, such as "quantize 4, or 768x768 pixels"; undefined where no single change is enough. */
export function whatFits(budget: number, requests: Iterable<SmallerRequest>): string | undefined {
  const named = new Map<string, string>();
  for (const { kind, name, bytes } of requests)
    if (bytes <= budget && !named.has(kind)) named.set(kind, name);
  return named.size === 0 ? undefined : [...named.values()].join(", or ");
}
