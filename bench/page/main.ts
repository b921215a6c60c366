/**
 * What the page costs and how fast it is: the compiled binary, alone in a folder with 1,000 results, and Chromium before it. It writes
 * `docs/bench/page.md`.
 *
 *     bun run build && bun run bench page [--rounds 5] [--results 1000] [--lighthouse 3] [--print]
 *
 * `--lighthouse 0` leaves out Lighthouse, which needs Node and fetches itself. `--print` writes no page.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { place, started } from "../../test/binary/server.ts";
import { launch, type Screen } from "./browser.ts";
import { colours, largeMap } from "./colours.ts";
import { lighthouse, type Marks } from "./lighthouse.ts";
import { opening } from "./opening.ts";
import { type Figures, page } from "./page.ts";
import { writeResults } from "./results.ts";
import { parts } from "./scripts.ts";
import { scrolling } from "./scrolling.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    results: { type: "string", default: "1000" },
    lighthouse: { type: "string", default: "3" },
    print: { type: "boolean", default: false },
  },
});
const [rounds, results, visits] = [values.rounds, values.results, values.lighthouse].map(Number) as [
  number,
  number,
  number,
];
const screens: readonly Screen[] = ["desktop", "mobile"];
const views = { "#depth": "/#depth", "#gallery": "/#/gallery", "#models": "/#/models" };
const say = (words: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${words}`);

using here = place();
const data = join(here.folder, "data");
mkdirSync(data);
say(`writing ${results} results`);
await writeResults(data, results);
await using server = await started(here, { HOME: here.home, EASEL_LOG_LEVEL: "warning" }, [
  ...["--data-dir", data],
]);
const browser = await launch();
const figures: Figures = {
  processor: `${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, ${cpus().length} threads`,
  rounds,
  results,
  visits,
  loads: [loadavg()[0]!],
  parts: await parts(server.url),
  openings: [],
  scrolls: [],
  colours: [],
  marks: [],
};
try {
  // The browser's own first page is slower, whatever it shows.
  await opening(browser, server.url, "desktop");
  const map = await largeMap(server.url);
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    for (const [view, path] of Object.entries(views))
      for (const screen of screens)
        figures.openings.push({ view, screen, ...(await opening(browser, server.url + path, screen)) });
    // The server makes the thumbnails in the first round, and has them in the others.
    figures.scrolls.push(await scrolling(browser, server.url, results));
    figures.colours.push(await colours(browser, server.url, map));
    figures.loads.push(loadavg()[0]!);
  }
} finally {
  await browser.close();
}
const lost = new Set<string>();
for (const [view, path] of Object.entries({ ...views, "/docs": "/docs" }))
  for (const screen of screens) {
    const marks: Marks[] = [];
    for (let visit = 0; visit < visits; visit++) {
      say(`Lighthouse, ${view}, ${screen}`);
      const found = await lighthouse(server.url + path, screen);
      marks.push(found.marks);
      for (const words of found.lost) lost.add(`${view}, ${screen}: ${words}`);
    }
    if (visits > 0) figures.marks.push({ view, screen, marks });
    figures.loads.push(loadavg()[0]!);
  }
for (const words of lost) say(words);
const text = page(figures);
console.log(text);
if (!values.print) {
  const file = join(import.meta.dir, "../../docs/bench/page.md");
  await Bun.write(file, text);
  await Bun.$`${join(import.meta.dir, "../../node_modules/.bin/biome")} format --write ${file}`.quiet();
}
