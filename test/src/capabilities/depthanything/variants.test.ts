import { describe, expect, test } from "bun:test";
import { pictureBytes } from "../../../../src/capabilities/depth/footprint.ts";
import { variants } from "../../../../src/capabilities/depthanything/variants.ts";
import { floatBytes } from "../../../../src/capabilities/footprint.ts";
import { families, operationsOf } from "../../../../src/capabilities/registry.ts";
import { boundFor } from "../../../../src/images/sizing.ts";
import * as depthPro from "../../../../src/models/depth-pro/memory.ts";

const gigabyte = 1e9;
const variant = (name: string) => variants.find((each) => each.name === name)!;

describe.each(families)("the models of $family", ({ family, variants, operations }) => {
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
    for (const { type } of operations) expect(operationsOf(families)(type)?.family).toBe(family);
  });
});

test("only the models that their authors give away need no consent", () => {
  const free = variants.filter(({ licence }) => licence.commercial).map(({ name }) => name);
  expect(free).toEqual(["v2-small", "v3-small", "v3-base", "v3-mono-large", "v3-metric-large", "mini"]);
});

describe("memory", () => {
  const seen = (name: string, picture: { width: number; height: number }, inputSize: number) =>
    variant(name).network.sizeSeen(picture, { inputSize, bound: "short" });
  const working = (name: string, inputSize: number, picture = { width: 1, height: 1 }) =>
    variant(name)
      .network.memory()
      .workingBytes(seen(name, picture, inputSize));

  test("of weights grows with their bits", () => {
    const bytes = ([3, 4, 5, 6, 8, null] as const).map((bits) =>
      variant("v2-large").network.memory().weightBytes(bits),
    );
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(bytes.at(-1)! / gigabyte).toBeCloseTo(process.platform === "darwin" ? 0.67 : 1.34, 1);
  });
  test("of the room to work in grows with the picture", () => {
    expect(working("v2-large", 1036) / working("v2-large", 518)).toBeGreaterThan(2);
    expect(working("v2-large", 2072) / working("v2-large", 1036)).toBeGreaterThan(3);
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
      const planned = working(name, side, picture) + pictureBytes(picture);
      expect(planned).toBeGreaterThan(1.2 * took);
      expect(planned).toBeLessThan(2.5 * took + 64e6);
    },
  );
  test("of large at 1036 and of Depth Pro stays under 6 GB", () => {
    const large = variant("v2-large").network.memory().weightBytes(null) + working("v2-large", 1036);
    expect(large + pictureBytes({ width: 1000, height: 1000 })).toBeLessThan(6 * gigabyte);
    const pro =
      depthPro.weightBytes(depthPro.published, 8, floatBytes) +
      depthPro.workingBytes(depthPro.published, floatBytes);
    expect(pro + pictureBytes({ width: 4000, height: 3000 })).toBeLessThan(6 * gigabyte);
  });
  test.each(variants.map(({ name }) => [name]))("%s needs little for a strip of one row", (name) => {
    for (const picture of [
      { width: 2 ** 26, height: 1 },
      { width: 1, height: 65_535 },
    ]) {
      const { network } = variant(name);
      const size = network.sizeSeen(picture, boundFor(picture, network.sizing));
      const square = network.sizeSeen({ width: 1, height: 1 }, network.sizing);
      expect(size.width * size.height).toBeLessThanOrEqual(2 * square.width * square.height);
    }
  });
});

test("a picture more than eight times as long as wide is bound by its long side", () => {
  const short = { inputSize: 518, bound: "short" } as const;
  expect(boundFor({ width: 800, height: 100 }, short)).toEqual(short);
  expect(boundFor({ width: 100, height: 801 }, short)).toEqual({ inputSize: 4144, bound: "long" });
  const long = { inputSize: 504, bound: "long" } as const;
  expect(boundFor({ width: 5000, height: 1 }, long)).toEqual(long);
});
