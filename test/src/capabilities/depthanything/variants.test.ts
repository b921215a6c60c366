import { describe, expect, test } from "bun:test";
import {
  boundFor,
  footprint,
  networkSize,
  variants,
} from "../../../../src/capabilities/depthanything/variants.ts";
import { footprint as depthproFootprint } from "../../../../src/capabilities/depthpro/variants.ts";
import { capabilities, kindOf } from "../../../../src/capabilities/registry.ts";

const gigabyte = 1e9;
const variant = (name: string) => variants.find((each) => each.name === name)!;

describe.each(capabilities)("the models of $family", ({ family, variants, operations }) => {
  test("have names that mean one thing", () => {
    const names = variants.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
  test("say where they come from and under which licence", () => {
    for (const { name, repo, downloads, embedded, licence, diskGb } of variants) {
      expect(repo).toMatch(/^[\w.-]+\/[\w.#-]+$/);
      expect(URL.canParse(licence.url)).toBe(true);
      const fetched = downloads.length > 0 || embedded !== undefined || name === "v2-giant";
      expect([name, fetched]).toEqual([name, true]);
      if (downloads.length > 0) expect(diskGb).toBeGreaterThan(0);
    }
  });
  test("run as the job types that the family offers", () => {
    for (const { type } of operations) expect(kindOf(type)?.family).toBe(family);
  });
});

test("only the models that their authors give away need no consent", () => {
  const free = variants.filter(({ licence }) => licence.commercial).map(({ name }) => name);
  expect(free).toEqual(["v2-small", "v3-small", "v3-base", "v3-mono-large", "v3-metric-large", "mini"]);
});

describe("memory", () => {
  const size = networkSize({ width: 4000, height: 3000 }, 518, "short");

  test("of weights grows with their bits", () => {
    const bytes = ([3, 4, 5, 6, 8, null] as const).map(
      (bits) => footprint(variant("v2-large"), bits, size, 0).weights,
    );
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(bytes.at(-1)! / gigabyte).toBeCloseTo(process.platform === "darwin" ? 0.67 : 1.34, 1);
  });
  test("of the room to work in grows with the picture", () => {
    const at = (side: number) =>
      footprint(variant("v2-large"), null, networkSize({ width: 1, height: 1 }, side, "short"), 0).working;
    expect(at(1036) / at(518)).toBeGreaterThan(2);
    expect(at(2072) / at(1036)).toBeGreaterThan(3);
  });
  test.each([
    ["v2-small", 518, 76e6],
    ["v2-small", 1036, 275e6],
    ["v2-large", 518, 190e6],
    ["v2-large", 1036, 767e6],
  ])(
    "of the room to work in is more than %s at %i took on a processor, but not far more than twice as much",
    (name, side, took) => {
      const picture = { width: 1024, height: 768 };
      const { working } = footprint(variant(name), null, networkSize(picture, side, "short"), 1024 * 768);
      expect(working).toBeGreaterThan(1.2 * took);
      expect(working).toBeLessThan(2.5 * took + 64e6);
    },
  );
  test("of large at 1036 and of Depth Pro stays under 6 GB", () => {
    const square = networkSize({ width: 1, height: 1 }, 1036, "short");
    const large = footprint(variant("v2-large"), null, square, 1e6);
    expect(large.weights + large.working).toBeLessThan(6 * gigabyte);
    const pro = depthproFootprint(8, 12e6);
    expect(pro.weights + pro.working).toBeLessThan(6 * gigabyte);
  });
});

test("the network's size follows the side that is named, in whole patches", () => {
  expect(networkSize({ width: 1024, height: 1024 }, 518, "short")).toEqual({ width: 518, height: 518 });
  expect(networkSize({ width: 1920, height: 1080 }, 518, "short")).toEqual({ width: 924, height: 518 });
  expect(networkSize({ width: 1080, height: 1920 }, 504, "long")).toEqual({ width: 294, height: 504 });
});

test("a picture more than eight times as long as wide is bound by its long side", () => {
  const short = { inputSize: 518, bound: "short" } as const;
  expect(boundFor({ width: 800, height: 100 }, short)).toEqual(short);
  expect(boundFor({ width: 100, height: 801 }, short)).toEqual({ inputSize: 4144, bound: "long" });
  const long = { inputSize: 504, bound: "long" } as const;
  expect(boundFor({ width: 5000, height: 1 }, long)).toEqual(long);
});
