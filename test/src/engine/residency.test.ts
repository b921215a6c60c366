import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Need } from "../../../src/engine/need.ts";
import {
  budgetOf,
  footprint,
  gigabyte,
  hasExpired,
  keysOf,
  leaving,
  overBudget,
  type PlanInput,
  partKey,
  planPhase,
  type Resident,
  type Wanted,
} from "../../../src/engine/residency.ts";

const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
const now = 1_000_000;

const resident = fc.record({
  key: fc.constantFrom(...keys),
  family: fc.constant("fake"),
  variant: fc.constant("base"),
  part: fc.constant("model"),
  bytes: fc.nat(100),
  priority: fc.integer({ min: -2, max: 2 }),
  lastUsed: fc.integer({ min: 0, max: now }),
  ttl: fc.option(fc.nat(now), { nil: null }),
  transient: fc.boolean(),
}) satisfies fc.Arbitrary<Resident>;
const wanted = fc.record({
  key: fc.constantFrom(...keys),
  part: fc.constant("model"),
  bytes: fc.nat(100),
  priority: fc.constant(0),
}) satisfies fc.Arbitrary<Wanted>;
const planInput = fc.record({
  residents: fc.uniqueArray(resident, { selector: ({ key }) => key }),
  wanted: fc.uniqueArray(wanted, { selector: ({ key }) => key, maxLength: 3 }),
  workingBytes: fc.nat(100),
  budget: fc.nat(500),
  now: fc.constant(now),
  later: fc.uniqueArray(fc.constantFrom(...keys)).map((list) => new Set(list)),
});

const sum = (parts: readonly { bytes: number }[]) => parts.reduce((bytes, part) => bytes + part.bytes, 0);

/** What is in memory while the phase runs. */
function after(
  { residents, wanted }: PlanInput,
  plan: Extract<ReturnType<typeof planPhase>, { fits: true }>,
) {
  const gone = new Set(plan.evict.map(({ key }) => key));
  const staying = residents.filter(({ key }) => !gone.has(key));
  return [...staying, ...wanted.filter(({ key }) => !staying.some((part) => part.key === key))];
}

describe("planPhase()", () => {
  test("never plans over the budget", () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const plan = planPhase(input);
        if (!plan.fits) return;
        expect(sum(after(input, plan)) + input.workingBytes).toBeLessThanOrEqual(input.budget);
      }),
    );
  });

  test("says that a phase does not fit exactly when it would not fit alone", () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const alone = input.wanted.map((part) => input.residents.find(({ key }) => key === part.key) ?? part);
        const bytes = sum(alone) + input.workingBytes;
        const plan = planPhase(input);
        expect(plan.fits).toBe(bytes <= input.budget);
        if (!plan.fits) expect(plan.bytes).toBe(bytes);
      }),
    );
  });

  test("never evicts what the phase needs, and loads exactly what is missing", () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const plan = planPhase(input);
        if (!plan.fits) return;
        const gone = plan.evict.map(({ key }) => key);
        for (const { key } of input.wanted) expect(gone).not.toContain(key);
        expect(new Set(gone).size).toBe(gone.length);
        const here = new Set(input.residents.map(({ key }) => key));
        expect(plan.load.map(({ key }) => key)).toEqual(
          input.wanted.map(({ key }) => key).filter((key) => !here.has(key)),
        );
      }),
    );
  });

  test("evicts by need of a later phase, priority and time unused, and not one part too many", () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const plan = planPhase(input);
        if (!plan.fits) return;
        const find = (key: string) => input.residents.find((part) => part.key === key)!;
        const evicted = plan.evict.filter(({ reason }) => reason === "budget").map(({ key }) => find(key));
        const needed = new Set(input.wanted.map(({ key }) => key));
        const staying = after(input, plan)
          .filter(({ key }) => !needed.has(key))
          .map(({ key }) => find(key));
        const rank = (part: Resident) => [Number(input.later.has(part.key)), part.priority, part.lastUsed];
        const before = (a: Resident, b: Resident) => {
          const [x, y] = [rank(a), rank(b)];
          const index = x.findIndex((value, place) => value !== y[place]);
          return index < 0 || x[index]! < y[index]!;
        };
        for (const gone of evicted) for (const stays of staying) expect(before(gone, stays)).toBe(true);
        const last = evicted.at(-1);
        if (last) {
          const bytes = sum(after(input, plan)) + input.workingBytes + last.bytes;
          expect(bytes).toBeGreaterThan(input.budget);
        }
      }),
    );
  });

  test("sweeps what has expired even when there is room, but for what this job needs", () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const plan = planPhase(input);
        if (!plan.fits) return;
        const needed = new Set([...input.wanted.map(({ key }) => key), ...input.later]);
        const expired = input.residents.filter((part) => hasExpired(part, now) && !needed.has(part.key));
        expect(
          new Set(plan.evict.filter(({ reason }) => reason === "expired").map(({ key }) => key)),
        ).toEqual(new Set(expired.map(({ key }) => key)));
      }),
    );
  });
});

const need = (changes: Partial<Need> = {}): Need => ({
  variant: "image",
  bits: 8,
  options: {},
  transient: false,
  phases: [
    { name: "encode", parts: [{ name: "encoder", bytes: 15 }], workingBytes: 1, share: 1 },
    { name: "denoise", parts: [{ name: "dit", bytes: 21 }], workingBytes: 4, share: 9 },
  ],
  ...changes,
});

test("partKey() tells models apart by family, variant, part, bits and options, whatever their order", () => {
  const key = (family: string, changes: Partial<Need>, part = "dit") => partKey(family, need(changes), part);
  const all = [
    key("qwen", {}),
    key("other", {}),
    key("qwen", { variant: "edit" }),
    key("qwen", {}, "vae"),
    key("qwen", { bits: 4 }),
    key("qwen", { bits: null }),
    key("qwen", { options: { tile: 512 } }),
    key("qwen", { options: { tile: 256 } }),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(key("qwen", { options: { a: 1, b: 2 } })).toBe(key("qwen", { options: { b: 2, a: 1 } }));
});

test("footprint() is the largest phase, with measured weights in place of estimates", () => {
  expect(footprint("qwen", need(), new Map())).toBe(25);
  expect(footprint("qwen", need(), new Map([[partKey("qwen", need(), "dit"), 10]]))).toBe(16);
});

test("keysOf() gives the parts of the phases that are still to come", () => {
  expect([...keysOf("qwen", need(), 1)]).toEqual([partKey("qwen", need(), "dit")]);
  expect(keysOf("qwen", need()).size).toBe(2);
});

test("leaving() frees transient parts that the next job does not want", () => {
  const parts = fc.uniqueArray(resident, { selector: ({ key }) => key });
  fc.assert(
    fc.property(parts, fc.uniqueArray(fc.constantFrom(...keys)), (residents, next) => {
      const gone = leaving(residents, new Set(next));
      for (const part of residents) {
        expect(gone.includes(part.key)).toBe(part.transient && !next.includes(part.key));
      }
    }),
  );
});

test("hasExpired() lets a part stay exactly its time", () => {
  expect(hasExpired({ lastUsed: 0, ttl: 100 }, 100)).toBe(false);
  expect(hasExpired({ lastUsed: 0, ttl: 100 }, 101)).toBe(true);
  expect(hasExpired({ lastUsed: 0, ttl: null }, Number.MAX_SAFE_INTEGER)).toBe(false);
});

test("budgetOf() takes the setting, else the least of what the machine allows", () => {
  expect(budgetOf({ total: 100, cgroup: 10 }, 24)).toBe(24 * gigabyte);
  expect(budgetOf({ total: 100 }, null)).toBe(80);
  // JavaScript, pictures and requests have to fit into the container, too.
  expect(budgetOf({ total: 100, cgroup: 50 }, null)).toBe(40);
  expect(budgetOf({ total: 100, cgroup: 2 ** 40 }, null)).toBe(80);
  expect(budgetOf({ total: 100, cgroup: 90, workingSet: 70 }, null)).toBe(70);
  expect(budgetOf({ total: 100, cgroup: undefined, workingSet: undefined }, null)).toBe(80);
});

test("overBudget() names need, budget and a limit that would do", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (bytes) => {
      const text = overBudget("m", bytes, 0, undefined);
      const limit = Number(/memory_limit_gb to ([\d.]+)/.exec(text)![1]);
      expect(limit * gigabyte).toBeGreaterThanOrEqual(bytes);
    }),
  );
});
