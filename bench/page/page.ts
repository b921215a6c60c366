/** The page of `bench/page/main.ts`. */
import { spread } from "../statistics.ts";
import type { Screen } from "./browser.ts";
import type { Change, colours } from "./colours.ts";
import { categories, type Marks } from "./lighthouse.ts";
import type { Opening, opening } from "./opening.ts";
import type { Part } from "./scripts.ts";
import type { Scroll, scrolling } from "./scrolling.ts";

export interface Figures {
  processor: string;
  rounds: number;
  results: number;
  visits: number;
  loads: number[];
  parts: Part[];
  openings: ({ view: string; screen: Screen } & Awaited<ReturnType<typeof opening>>)[];
  scrolls: Awaited<ReturnType<typeof scrolling>>[];
  colours: Awaited<ReturnType<typeof colours>>[];
  marks: { view: string; screen: Screen; marks: Marks[] }[];
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

function bytes({ parts }: Figures): string {
  const sum = (keep: (part: Part) => boolean) =>
    (parts.filter(keep).reduce((all, { gzip }) => all + gzip, 0) / 1000).toFixed(1);
  return table(
    ["bytes, gzip", "kB", "at most"],
    [
      ["scripts without 3-D and parallax", sum(({ kind }) => kind === "script"), "60"],
      ["of these at the start", sum(({ kind, atStart }) => kind === "script" && atStart), ""],
      ["style sheet", sum(({ kind }) => kind === "style"), ""],
      ["3-D and parallax, when they are asked for", sum(({ kind }) => kind === "3-D"), ""],
    ],
  );
}

function opened({ openings }: Figures): string {
  const kinds = [...new Set(openings.map(({ view, screen }) => `${view}, ${screen}`))];
  const of = (kind: string, value: (opening: Opening) => number, digits = 0) =>
    (["first", "again"] as const).map((visit) =>
      spread(
        openings
          .filter(({ view, screen }) => `${view}, ${screen}` === kind)
          .map((opening) => value(opening[visit])),
        digits,
      ),
    );
  return table(
    [
      ...["view", "first paint, ms", "at the second visit", "ready, ms", "at the second visit"],
      ...["layout shift", "at the second visit"],
    ],
    [
      ["at most", "300", "300", "600", "600", "0.05", "0.05"],
      ...kinds.map((kind) => [
        kind,
        ...of(kind, ({ firstPaint }) => firstPaint),
        ...of(kind, ({ ready }) => ready),
        ...of(kind, ({ shift }) => shift, 3),
      ]),
    ],
  );
}

function scrolled({ scrolls, results }: Figures): string {
  const warm = scrolls.slice(1);
  const row = (what: string, list: readonly Scroll[]) => [
    what,
    spread(
      list.map(({ fps }) => fps),
      0,
    ),
    spread(
      list.map(({ p95 }) => p95),
      0,
    ),
    spread(
      list.map(({ worst }) => worst),
      0,
    ),
  ];
  const memory = (of: "heap" | "nodes" | "resident", digits: number) =>
    (["before", "once", "twice", "pressed"] as const).map((when) =>
      spread(
        scrolls.map((scroll) => scroll[when][of]),
        digits,
      ),
    );
  return `${table(
    ["way through the gallery", "frames a second", "95 of 100 frames, ms", "worst frame, ms"],
    [
      ["at least", "50", "", ""],
      row(
        "down, thumbnails not made yet",
        scrolls.slice(0, 1).map(({ down }) => down),
      ),
      ...(warm.length > 0
        ? [
            row(
              "down, new visitor",
              warm.map(({ down }) => down),
            ),
          ]
        : []),
      row(
        "back up",
        scrolls.map(({ up }) => up),
      ),
      row(
        "down again",
        scrolls.map(({ downAgain }) => downAgain),
      ),
    ],
  )}

${table(
  ["memory", "before", `after ${results} results`, "after both ways twice", "then with little memory left"],
  [
    ["JavaScript heap, MB", ...memory("heap", 1)],
    ["nodes of the document", ...memory("nodes", 0)],
    ["the browser's process for pages, MB", ...memory("resident", 0)],
  ],
)}`;
}

function coloured({ colours }: Figures): string {
  const row = (what: string, list: readonly Change[]) => [
    what,
    spread(
      list.map(({ shown }) => shown),
      0,
    ),
    spread(
      list.map(({ frame }) => frame),
      0,
    ),
  ];
  return table(
    ["change on a map of 12 megapixels", "on the screen, ms", "longest frame, ms"],
    [
      ["at most", "50", "50"],
      row(
        "another colour table",
        colours.flatMap(({ colour }) => colour),
      ),
      row(
        "a step of the near limit",
        colours.flatMap(({ limit }) => limit),
      ),
    ],
  );
}

const marked = ({ marks }: Figures): string =>
  table(
    ["Lighthouse", ...categories],
    [
      ["at least", ...categories.map(() => "95")],
      ...marks.map(({ view, screen, marks }) => [
        `${view}, ${screen}`,
        ...categories.map((name) =>
          spread(
            marks.map((mark) => mark[name]),
            0,
          ),
        ),
      ]),
    ],
  );

export function page(figures: Figures): string {
  const { processor, rounds, results, loads, marks, visits } = figures;
  return `# The page

Written by \`bun run bench page\` on ${processor}; the machine's load was
between ${Math.min(...loads).toFixed(1)} and ${Math.max(...loads).toFixed(1)}. Medians of ${rounds} rounds, with the least and the largest in brackets.

The binary runs alone in an empty folder whose store holds ${results} results. Chromium draws without a GPU. Each round opens every view as
a visitor with an empty cache, and again with a full one.

${bytes(figures)}

## Opening

First paint is the first with text; ready is the page with models and results.

${opened(figures)}

## Scrolling

2,500 pixels a second with the wheel, through all results. All memory is read after a garbage collection. The browser keeps decoded
images for as long as there is room; the last column is after it was told that memory runs short.

${scrolled(figures)}

## Colours

From the key to the frame with the new colours, as the browser's event timing says (no less than 16 ms), and the longest time between two
frames within the next half second.

${coloured(figures)}
${
  marks.length > 0
    ? `
## Lighthouse

Version 12.8.2 with its own throttling, ${visits} visits each. \`/docs\` is Scalar's page.

${marked(figures)}
`
    : ""
}`;
}
