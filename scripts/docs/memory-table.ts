/**
 * README's table of memory on Linux, made from the same plans as `easel plan`.
 *
 * @module
 */
import { contextOf } from "../../src/capabilities/catalogue.ts";
import { families } from "../../src/capabilities/registry.ts";
import { footprint, gigabyte } from "../../src/engine/residency.ts";
import { defaultSettings } from "../../src/settings/load.ts";

interface Row {
  label: string;
  at: string;
  /** Family, variant, bits, and the sides of the picture; two plans share a line as "small / large". */
  plans: readonly (readonly [
    family: string,
    variant: string,
    bits: number | null,
    side: readonly [number, number],
  ])[];
}

const photo = [4000, 3000] as const;
const square = (side: number) => [side, side] as const;

const rows: readonly Row[] = [
  {
    label: "Depth Anything V2 small / large",
    at: "12 megapixels",
    plans: [
      ["depthanything", "v2-small", null, photo],
      ["depthanything", "v2-large", null, photo],
    ],
  },
  {
    label: "Depth Anything V3 giant / nested giant-large",
    at: "12 megapixels",
    plans: [
      ["depthanything", "v3-giant", null, photo],
      ["depthanything", "v3-nested-giant-large", null, photo],
    ],
  },
  { label: "Depth Pro, 8 bits", at: "12 megapixels", plans: [["depthpro", "base", 8, photo]] },
  ...(["3b", "7b"] as const).map(
    (size): Row => ({
      label: `SeedVR2 ${size.toUpperCase()}, 8 / 4 bits`,
      at: "2048×2048",
      plans: [
        ["seedvr2", size, 8, square(2048)],
        ["seedvr2", size, 4, square(2048)],
      ],
    }),
  ),
  ...(["4b", "9b"] as const).map(
    (size): Row => ({
      label: `FLUX.2 klein ${size.toUpperCase()}, 8 / 4 bits`,
      at: "1024×1024",
      plans: [
        ["flux2", `klein-${size}`, 8, square(1024)],
        ["flux2", `klein-${size}`, 4, square(1024)],
      ],
    }),
  ),
  {
    label: "Z-Image base, 8 bits / turbo, 4 bits",
    at: "1024×1024",
    plans: [
      ["zimage", "base", 8, square(1024)],
      ["zimage", "turbo", 4, square(1024)],
    ],
  },
  {
    label: "Qwen-Image, 8 / 4 bits",
    at: "1024×1024",
    plans: [
      ["qwen", "image", 8, square(1024)],
      ["qwen", "image", 4, square(1024)],
    ],
  },
  {
    label: "Qwen-Image-Edit, 8 bits, one reference",
    at: "1024×1024",
    plans: [["qwen", "edit-2509", 8, square(1024)]],
  },
];

const nowhere = "/nonexistent";
const contextWith = (budget: number) =>
  contextOf(families, defaultSettings({ data_dir: nowhere, cache_dir: nowhere }), {
    places: { hub: { endpoint: "", token: undefined, cache: nowhere }, downloads: nowhere },
    embedded: null,
    budget,
  });
const contexts = { unlimited: contextWith(Number.MAX_SAFE_INTEGER), short: contextWith(0) };

/** Gigabytes of a plan's largest phase; some plans take less where memory is short. */
function peakOf(
  [family, variant, bits, [width, height]]: Row["plans"][number],
  context = contexts.unlimited,
): number {
  const found = families.find((each) => each.family === family)!;
  const need = found.warm!(variant, context, { width, height, ...(bits !== null && { quantize: bits }) });
  return footprint(family, need, new Map()) / gigabyte;
}

/** Every plan of the table with what it needs: on this machine, or on the one that `process.platform` names. */
export const peaks = (): Peak[] =>
  rows.flatMap(({ plans }) =>
    plans.map((plan) => {
      const [family, variant, bits] = plan;
      return { model: `${family}/${variant}`, bits, gb: peakOf(plan), short: peakOf(plan, contexts.short) };
    }),
  );

export interface Peak {
  model: string;
  bits: number | null;
  gb: number;
  /** Gigabytes where memory is short. */
  short: number;
}

/** A table in Markdown, its columns as wide as their widest cell. */
export function markdownTable(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

/** The table in Markdown. */
export function memoryTable(): string {
  const cells = rows.map(({ label, at, plans }) => {
    const [usual, short] = [contexts.unlimited, contexts.short].map(
      (context) => `${plans.map((plan) => peakOf(plan, context).toFixed(1)).join(" / ")} GB`,
    );
    return [label, at, usual!, short === usual ? "" : short!];
  });
  return markdownTable(["model", "at", "largest phase", "where memory is short"], cells);
}

/** A page with the table between its marks renewed. */
export function withTable(page: string, name: string, table: string): string {
  const marks = [`<!-- ${name}: made by \`bun run docs\` -->`, `<!-- /${name} -->`] as const;
  const [start, end] = marks.map((mark) => page.indexOf(mark)) as [number, number];
  if (start < 0 || end < start) throw new Error(`README.md has no place for the table of ${name}`);
  return `${page.slice(0, start)}${marks[0]}\n\n${table}\n\n${page.slice(end)}`;
}
