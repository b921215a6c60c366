/**
 * How the kernels' work would spread over more processors than this machine has, and how it does over those that it has. Writes
 * `docs/bench/threads.md`.
 *
 *     bun bench/threads/main.ts FOLDER … [--rounds 5]
 *
 * Folders are those of `networks.ts`.
 *
 * @module
 */
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { kernels, openLibrary, recordCalls } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { median } from "../statistics.ts";
import { load } from "./networks.ts";

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, time: { type: "boolean", default: false } },
});
const root = join(import.meta.dir, "../..");
openLibrary(join(await nativeFolder({ usual: "" }), library), { device: "cpu" });

/** Seconds of this process's processors. */
function cpuSeconds(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

if (values.time) {
  using network = load(folders[0]!);
  network.run();
  const from = performance.now();
  network.run();
  console.log((performance.now() - from) / 1000);
  process.exit();
}

const counts = [
  { threads: 1, nodes: 1 },
  { threads: 2, nodes: 1 },
  { threads: 8, nodes: 1 },
  { threads: 16, nodes: 1 },
  { threads: 64, nodes: 2 },
];
const many = counts.slice(1);
const speedups: string[] = [];
const parts: string[] = [];
for (const folder of folders) {
  using network = load(folder);
  network.run();
  const made = counts.map(({ threads, nodes }) => {
    let ops!: ReturnType<typeof recordCalls>;
    const whole = cpuSeconds(() => {
      ops = recordCalls(threads, nodes, () => network.run());
    });
    const all = Object.values(ops);
    const [work, span] = [
      all.reduce((sum, op) => sum + op.work, 0),
      all.reduce((sum, op) => sum + op.span, 0),
    ];
    return { threads, ops, work, serial: whole - work, time: whole - work + span, span };
  });
  const [one, ...others] = made as [(typeof made)[0], ...typeof made];
  for (const { threads, work, span, serial, time } of others) {
    const cells = [
      network.title,
      threads,
      ((span * threads) / work).toFixed(2),
      (work / one.work).toFixed(2),
      `${((100 * serial) / one.time).toFixed(1)} %`,
      (one.work / span).toFixed(1),
      (one.time / time).toFixed(1),
    ];
    speedups.push(`| ${cells.join(" | ")} |`);
  }
  for (const label of Object.keys(one.ops) as (keyof typeof one.ops)[]) {
    const own = one.ops[label];
    if (own.calls === 0 || own.work < 0.001 * one.work) continue;
    const shares = others.map(({ threads, ops }) =>
      ((ops[label].span * threads) / ops[label].work).toFixed(2),
    );
    const cells = [
      network.title,
      label,
      own.calls,
      `${((100 * own.work) / one.work).toFixed(1)} %`,
      ...shares,
    ];
    parts.push(`| ${cells.join(" | ")} |`);
  }
  console.error(speedups.slice(-many.length).join("\n"));
}

/** Takes turns, so that a change of the machine's load meets both. */
const measured = folders.map((folder) => {
  const seconds = [1, 2].map(() => [] as number[]);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, list] of seconds.entries()) {
      const command = [process.execPath, import.meta.path, "--time", folder];
      const env = { ...process.env, EASEL_CPU_THREADS: `${i + 1}` };
      const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env });
      if (exitCode !== 0) throw new Error(stderr.toString());
      list.push(Number(stdout.toString()));
    }
  const [one, two] = seconds as [number[], number[]];
  const ratios = one.map((time, i) => time / two[i]!);
  using network = load(folder);
  const cells = [
    network.title,
    ...[one, two].map((list) => median(list).toFixed(2)),
    median(ratios).toFixed(2),
  ];
  return `| ${[...cells, `${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)}`].join(" | ")} |`;
});

const page = `# More than two cores

How the kernels' threads share out their work on 2, 8, 16 and 64 cores. The machine that made this page has ${cpus().length}: **8, 16 and 64 threads are
simulated, 1 and 2 are measured as well.**

## Simulated

A run of each network with its work split for so many threads, by the kernels' own code, but done by one thread that takes the time of
every item of every call. The items are then dealt to threads by the pool's own code: runs of neighbours, and the last item of another
thread for those that have none left. A call takes as long as the thread that ends last.

- *Largest share*: the time of the thread that ends last, as a multiple of the mean of all; 1 is perfect. Calls with fewer items than threads
  are in it.
- *Extra work*: what smaller items take more in all than those of one thread.
- *Serial*: what one thread alone does (the graph, copies of MLX's own), as a share of the whole run by one thread.
- *Speed-up*: of the kernels, and of the whole run.

| network | threads | largest share | extra work | serial | kernels, times as fast | run, times as fast |
|---|---|---|---|---|---|---|
${speedups.join("\n")}

Left out are what only a machine with so many cores has: memory and caches that cores share, clocks that fall when many cores work, the time
in which sleeping threads wake (they wake each other like a tree), and memory of the other socket. The numbers are an upper bound.

By op, the largest share as a multiple of the mean:

| network | op | calls | of the work | 2 threads | 8 | 16 | 64 |
|---|---|---|---|---|---|---|---|
${parts.join("\n")}

## Measured

Seconds of a run, with 1 and 2 threads in turns, ${values.rounds} rounds, with a load of ${loadavg()[0]!.toFixed(0)} on the machine: with others on its cores, two threads get less than two cores.

| network | 1 thread, s | 2 threads, s | times as fast | from – to |
|---|---|---|---|---|
${measured.join("\n")}

## How threads are placed

- As many threads as physical cores that the process may use: its affinity mask, and the limit of its control group, count. \`EASEL_CPU_THREADS\`
  asks for another number; the second threads of cores come last.
- Where cores run several threads, or memory has several nodes, and every core has a thread, each thread is kept on its core.
  \`EASEL_CPU_PIN=off\` leaves all to the system, \`EASEL_CPU_PIN=on\` keeps fewer threads on their cores, too. Two processes with as few would
  then share cores while others idle.
- Threads are counted node by node. Each fills its own part of a packed weight, which so lies in the memory of its node; on several nodes,
  products are dealt by columns, so that a node reads the part that it filled. Items are taken from threads of the same node first.
- What a thread counts or waits for lies in cache lines of its own.
- Results do not depend on the number of threads, on their places, or on who does what.

The placement is tested with folders that look like /sys of machines with two sockets, with two threads a core, and with control groups. It has
not run on a machine with two sockets.

## Method

Written by \`bun bench/threads/main.ts\` on ${cpus()[0]!.model.trim()}, instruction set ${kernels()}. Times of items are of the thread's own processor time, so
that other processes do not count. Weights are random.
`;
const path = join(root, "docs/bench/threads.md");
await Bun.write(path, page);
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${path}`.quiet().nothrow();
console.log(page);
