/**
 * The queue of one machine beside another checkout's, in turns: `bun bench/jobs/beside.ts CHECKOUT [ROUNDS]`. `store.ts` and `whole.ts` of
 * this folder run in both; each needs its own. Of each row,
 * the least of all rounds counts.
 */
import { cpus, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { spread } from "../statistics.ts";

const here = join(import.meta.dir, "../..");
const [other, rounds] = [resolve(process.argv[2] ?? "."), Number(process.argv[3] ?? 5)];
const programs = [
  ["store.ts", "5000"],
  ["whole.ts", "300"],
] as const;

async function medians(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [program, count] of programs) {
    const child = Bun.spawn([process.execPath, join(folder, "bench/jobs", program), count], {
      cwd: folder,
      stdout: "pipe",
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`${program} failed in ${folder}`);
    for (const [, what, milliseconds] of text.matchAll(/^(.+?) +p50 ([\d.]+) ms/gm))
      found.set(what!, Number(milliseconds));
  }
  return found;
}

const load = () => loadavg()[0]!.toFixed(1);
console.log(`${cpus()[0]!.model}, ${cpus().length} threads, load ${load()} at the start`);
const ours: Map<string, number>[] = [];
const theirs: Map<string, number>[] = [];
for (let round = 0; round < rounds; round++) {
  // each is the first in half of the rounds
  const turns = [
    async () => void theirs.push(await medians(other)),
    async () => void ours.push(await medians(here)),
  ];
  for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
}
// other work on the machine makes single rounds slow, never fast
console.log("| | before, ms | now, ms | least / least | round by round |\n| --- | --- | --- | --- | --- |");
for (const what of ours[0]!.keys()) {
  const of = (list: Map<string, number>[]) => list.map((found) => found.get(what)!);
  const ratios = of(ours).map((milliseconds, round) => milliseconds / of(theirs)[round]!);
  const [before, now] = [Math.min(...of(theirs)), Math.min(...of(ours))];
  console.log(
    `| ${what} | ${before.toFixed(2)} | ${now.toFixed(2)} | ${(now / before).toFixed(2)} | ${spread(ratios)} |`,
  );
}
console.log(`load ${load()} at the end`);
