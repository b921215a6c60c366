import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allDownloads, chosenDownload } from "../../../src/capabilities/downloads.ts";
import { families } from "../../../src/capabilities/registry.ts";

const guide = readFileSync(join(import.meta.dir, "../../../docs/guides/models.md"), "utf8");
const copies = families.flatMap(({ family, variants }) =>
  variants.flatMap((variant) =>
    (variant.copies ?? []).map((copy) => ({ model: `${family}/${variant.name}`, variant, copy })),
  ),
);

describe.each(copies)("the copy of $model in $copy.bits bits", ({ model, variant, copy }) => {
  test("stands in the guide with its repository, size, licence and whether its commit is known", () => {
    const row = guide.split("\n").find((line) => line.includes(`\`${copy.repo}\``))!;
    const cells = row.split("|").map((cell) => cell.trim());
    const [download] = copy.downloads;
    const pinned = download?.kind === "huggingface" && /^[0-9a-f]{40}$/.test(download.revision);
    const licence = (copy.licence ?? variant.licence).name;
    expect(cells.slice(1, -1)).toEqual([
      `\`${model}\``,
      String(copy.bits),
      `\`${copy.repo}\``,
      `${copy.diskGb} GB`,
      licence,
      pinned ? "pinned" : "newest",
    ]);
  });

  test("takes the place of the published weights when its bits are asked for", () => {
    const chosen = chosenDownload(model, variant, { bits: copy.bits });
    expect([chosen.name, chosen.downloads, chosen.diskGb, chosen.bits]).toEqual([
      variant.name,
      copy.downloads,
      copy.diskGb,
      copy.bits,
    ]);
    expect(allDownloads(variant)).toContain(copy.downloads[0]!);
    expect(chosenDownload(model, variant, {})).toBe(variant);
  });
});

test("copies are listed with the most bits first, and none repeats the bits of the model's own download", () => {
  for (const { variant } of copies) {
    const bits = variant.copies!.map((copy) => copy.bits);
    expect(bits).toEqual([...new Set(bits)].sort((a, b) => b - a));
    expect(bits).not.toContain(variant.bits!);
  }
});

test("adapters for few steps come with a copy, too, and the bits of a model's own download are no copy", () => {
  const [edit] = copies.filter(({ model }) => model === "qwen/edit-2511");
  const { variant, copy } = edit!;
  const chosen = chosenDownload("qwen/edit-2511", variant, { bits: copy.bits, fast: true });
  expect(chosen.downloads).toEqual([...copy.downloads, ...variant.fast!.map(({ download }) => download)]);
  const turbo = families.flatMap(({ variants }) => variants).find(({ name }) => name === "turbo")!;
  expect(chosenDownload("zimage/turbo", turbo, { bits: 4 })).toBe(turbo);
});

test("bits that are not published are refused with those that are", () => {
  const all = families.flatMap(({ family, variants }) => variants.map((variant) => ({ family, variant })));
  for (const [name, text] of [
    ["turbo", "zimage/turbo is published in 4 and 8 bits, not in 3"],
    ["v2-small", "depthanything/v2-small is not published in fewer bits"],
  ] as const) {
    const { family, variant } = all.find((each) => each.variant.name === name)!;
    expect(() => chosenDownload(`${family}/${name}`, variant, { bits: 3 })).toThrow(text);
  }
});
