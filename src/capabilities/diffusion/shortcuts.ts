/**
 * Ways to make a picture in less time, which requests of every family may ask for. None is on unless it is asked for.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { VerbOption } from "../family.ts";
import { refuse } from "./limits.ts";

export const shortcutFields = {
  guidance_interval: z.array(z.number()).min(2).max(2).nullish().openapi({
    description:
      "The part of the steps in which the negative prompt counts, such as `[0, 0.6]`. A step outside takes half the time. Omit for all.",
  }),
  step_cache: z
    .number()
    .nullish()
    .openapi({
      description:
        "Skips most of the network in steps whose first block's change differs from that of the last whole step by at most this share, 0 to 1; " +
        "0.1 is careful. The result counts them in `steps_reused`. Omit for none.",
    }),
};

export type Shortcuts = { guidance_interval: [number, number] | null; step_cache: number | null };

/** What a job keeps of a request's, once it is checked. */
export function shortcutsOf(request: {
  guidance_interval?: number[] | null | undefined;
  step_cache?: number | null | undefined;
}): Shortcuts {
  const [from, to] = request.guidance_interval ?? [];
  if (from !== undefined && !(from >= 0 && from < to! && to! <= 1))
    refuse("guidance_interval must be two numbers from 0 to 1, the smaller one first");
  const share = request.step_cache ?? 0;
  if (!(share >= 0 && share <= 1)) refuse("step_cache must be in 0..1");
  return {
    guidance_interval: from === undefined ? null : [from, to!],
    step_cache: share === 0 ? null : share,
  };
}

export const noShortcuts: Shortcuts = { guidance_interval: null, step_cache: null };

/** What the result says of them. */
export const usedShortcuts = (
  { guidance_interval, step_cache }: Shortcuts,
  { stepsReused }: { stepsReused: number },
): Record<string, unknown> => ({
  ...(guidance_interval && { guidance_interval }),
  ...(step_cache !== null && { step_cache, steps_reused: stepsReused }),
});

export const shortcutOptions: readonly VerbOption[] = [
  {
    name: "guidance_interval",
    kind: "interval",
    value: "<from:to>",
    help: "the part of the steps in which the negative prompt counts, such as 0:0.6",
  },
  {
    name: "step_cache",
    kind: "real",
    value: "<share>",
    help: "skip most of the network in steps that change less than this, such as 0.1",
  },
];
