/**
 * The kernels of `kernels/` beside PyTorch's ops and beside MLX's own: the same shapes and threads, a process each, by turns,
 * so that whatever else the machine does falls on all. Writes `docs/bench/kernels.md`.
 *
 *     PYTHON=python3 bun bench/kernels/main.ts [--rounds 11] [--threads 2] [conv sdpa … peak sets quantized]
 *
 * Named parts alone are measured again; what was measured of the others before stays in `dist/bench-kernels.json`. Needs Python with
 * `test/reference/requirements.txt`, and a C++ compiler for the processor's peak.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Peer } from "../peer.ts";
import { cases, chosen, operations } from "./cases.ts";
import { median, page, type Results, ratio } from "./page.ts";
import { peak } from "./peak.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "11" }, threads: { type: "string", default: "2" } },
});
const { threads } = values;
const rounds = Number(values.rounds);
const python = process.env.PYTHON ?? "python3";
const root = join(import.meta.dir, "../..");
const file = join(root, "dist/bench-kernels.json");
const wanted = (part: string) => positionals.length === 0 || positionals.includes(part);
/** From here on an op takes so long that MLX's turn comes thrice only. */
const slow = 150;
const longest = 6000;

const found: Results = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : { ops: {}, peak: {}, sets: {}, quantized: {} };

const ours = (env: Record<string, string>) =>
  new Peer([process.execPath, join(import.meta.dir, "our_side.ts")], { EASEL_CPU_THREADS: threads, ...env });
const torch = () =>
  new Peer([python, join(import.meta.dir, "torch_side.py"), threads], { OMP_NUM_THREADS: threads });

/** Times of each peer, by turns, the first of each thrown away. `turns` is how often each gets one; fewer where it takes long. */
async function byTurns(peers: readonly (readonly [Peer, string])[], turns = rounds, least = 3) {
  const times: number[][] = peers.map(() => []);
  const whose: string[] = [];
  for (const [peer, question] of peers) await peer.ask(question);
  const started = performance.now();
  for (let turn = 0; turn < turns; turn++) {
    if (turn >= least && performance.now() - started > longest) break;
    for (const [i, [peer, question]] of peers.entries()) {
      if (turn >= least && i > 0 && i === peers.length - 1 && median(times[i]!) > slow) continue;
      const [time, by] = (await peer.ask(question)).split(" ");
      times[i]!.push(Number(time));
      whose[i] = by ?? "";
    }
  }
  return { times, whose };
}

async function peaks(): Promise<void> {
  for (const count of ["1", threads])
    for (const [set, rate] of Object.entries(await peak(count)))
      found.peak[set] = { ...found.peak[set], [count]: rate };
}

async function ops(): Promise<void> {
  const list = cases.filter(([op]) => wanted(op));
  if (list.length === 0) return;
  using two = ours({});
  using one = ours({ EASEL_CPU_THREADS: "1" });
  using plain = ours({ EASEL_CPU_KERNELS: "off" });
  using theirs = torch();
  const [set] = await Promise.all([two.line(), one.line(), plain.line(), theirs.line()]);
  found.set = set;
  for (const [op, numbers, of] of list) {
    const question = [op, ...numbers].join(" ");
    const { times, whose } = await byTurns([
      [two, question],
      [theirs, question],
      [one, question],
      [plain, question],
    ]);
    const [mine, torchs, single, mlx] = times as [number[], number[], number[], number[]];
    found.ops[question] = {
      op,
      of,
      by: whose[0]!,
      best: [mine, torchs, mlx].map((list) => Math.min(...list)),
      ratios: [ratio(mine, torchs), ratio(mine, mlx), ratio(single, mine)],
      work: operations(op, numbers),
    };
    console.error(question, found.ops[question]!.best.map((time) => time.toFixed(2)).join(" "));
  }
}

/** The kernels of each instruction set that is here. */
async function sets(): Promise<void> {
  const names = ["base", "avx2", "avx512", "amx"];
  const peers: [string, Peer][] = [];
  try {
    for (const set of names) {
      const peer = ours({ EASEL_CPU_KERNELS: set });
      if ((await peer.line()) === set) peers.push([set, peer]);
      else peer[Symbol.dispose]();
    }
    for (const [op, numbers, of] of chosen) {
      const question = [op, ...numbers].join(" ");
      const { times } = await byTurns(
        peers.map(([, peer]) => [peer, question]),
        5,
      );
      found.sets[of] = Object.fromEntries(peers.map(([set], i) => [set, Math.min(...times[i]!)]));
      console.error(of, JSON.stringify(found.sets[of]));
    }
  } finally {
    for (const [, peer] of peers) peer[Symbol.dispose]();
  }
}

/** Products with quantized weights beside MLX's own, beside unpacking the matrix first, and beside the matrix in float32. */
async function quantized(): Promise<void> {
  using two = ours({});
  await two.line();
  for (const [m, k, n] of [
    [1, 3072, 12288],
    [16, 3072, 12288],
    [1370, 3072, 3072],
  ] as const) {
    const shape = `${m} × ${k} × ${n}`;
    const whole = await byTurns([[two, `packed ${m} ${k} ${n}`]], 7);
    found.quantized[`${shape} float32`] = {
      shape,
      bits: 32,
      best: [Math.min(...whole.times[0]!)],
      lost: 0,
    };
    for (const bits of [8, 6, 5, 4, 3]) {
      const rest = `${m} ${k} ${n} ${bits}`;
      const { times } = await byTurns(
        [
          [two, `quantized ${rest}`],
          [two, `dequantized ${rest}`],
        ],
        7,
      );
      const mlx: number[] = [];
      // MLX goes number by number: its time is that of one row, so often. With many rows two say enough.
      const turns = m < 100 ? 3 : bits === 8 || bits === 4 ? 1 : 0;
      for (let i = 0; i < turns; i++)
        mlx.push(Number((await two.ask(`quantized_mlx ${rest}`)).split(" ")[0]));
      const [mine, unpacked] = times as [number[], number[]];
      found.quantized[`${shape} ${bits}`] = {
        shape,
        bits,
        best: [mine, unpacked, mlx].map((list) => Math.min(...list)),
        lost: Number(await two.ask(`lost ${k} ${n} ${bits}`)),
      };
      console.error(
        shape,
        bits,
        found.quantized[`${shape} ${bits}`]!.best.map((t) => t.toFixed(2)).join(" "),
      );
    }
  }
}

if (wanted("peak")) await peaks();
await ops();
if (wanted("sets")) await sets();
if (wanted("quantized")) await quantized();
await Bun.write(file, JSON.stringify(found));
const constants = await Bun.file(join(root, "kernels/constants.h")).text();
const path = join(root, "docs/bench/kernels.md");
await Bun.write(
  path,
  page(found, {
    machine: `${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}`,
    threads,
    rounds,
    errors: [...constants.matchAll(/^\/\/\/ (.+)$/gm)].map((match) => match[1]!),
  }),
);
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${path}`.quiet();
