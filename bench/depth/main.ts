/**
 * The depth networks beside PyTorch: the same random weights, picture and threads, each run in a process of its own, in turns, so
 * that whatever else the machine does falls on both. Writes `docs/bench/depth.md`.
 *
 *     PYTHON=python3 bun bench/depth/main.ts [--pairs 5] [--threads 2] [--folder /tmp/easel-bench] [v2-small v2-base depth-pro …]
 *
 * Needs Python with `test/reference/requirements.txt`.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { peak } from "../kernels/peak.ts";
import { median, spread } from "../statistics.ts";

/** What is run: weights, the short side of the picture, and a share of the usual number of pairs. */
const cases = {
  "v2-small": { weights: "v2-small", side: 518, share: 1 },
  "v2-base": { weights: "v2-base", side: 518, share: 1 },
  "v2-large": { weights: "v2-large", side: 518, share: 0.6 },
  "v2-large-1036": { weights: "v2-large", side: 1036, share: 0.2 },
  "depth-pro": { weights: "depth-pro", side: 1536, share: 0.2 },
} as const;
type Case = keyof typeof cases;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    pairs: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    folder: { type: "string", default: join(tmpdir(), "easel-bench") },
  },
});
const python = process.env.PYTHON ?? "python3";
const here = import.meta.dir;
const wanted = positionals.length > 0 ? positionals : ["v2-small", "v2-base", "depth-pro"];

interface Side {
  /** Seconds to load, of the first run, and of the best of the others. */
  load: number;
  seconds: number;
  /** Processor time of the same, over all threads. */
  cpu: number;
  peak: number;
  /** The kernels that ours has. */
  kernels?: string;
  /** Products of the network, each with its addition, as PyTorch counts them. */
  operations?: number;
  output: Float32Array;
}

async function run(command: readonly string[], out: string): Promise<Side> {
  const child = Bun.spawn([...command, out], {
    env: { ...process.env, EASEL_CPU_THREADS: values.threads, OMP_NUM_THREADS: values.threads },
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
  const told = JSON.parse(text.trim().split("\n").at(-1)!) as Pick<
    Side,
    "load" | "peak" | "kernels" | "operations"
  > &
    Record<"seconds" | "cpu", number[]>;
  const bytes = readFileSync(out);
  const output = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return { ...told, seconds: Math.min(...told.seconds), cpu: Math.min(...told.cpu), output };
}

async function bench(name: Case): Promise<string> {
  const { weights, side, share } = cases[name];
  const folder = join(values.folder, weights);
  if (!existsSync(join(folder, "picture.rgb"))) {
    mkdirSync(folder, { recursive: true });
    const made = Bun.spawn([python, join(here, "make.py"), weights, folder], { stderr: "inherit" });
    if ((await made.exited) !== 0) throw new Error("the weights could not be made");
  }
  const pairs = Math.max(1, Math.round(Number(values.pairs) * share));
  const repeats = share === 1 ? "2" : "1";
  const out = join(values.folder, "output.f32");
  const ours: Side[] = [];
  const theirs: Side[] = [];
  for (let i = 0; i < pairs; i++) {
    theirs.push(
      await run([python, join(here, "torch_side.py"), folder, String(side), values.threads, repeats], out),
    );
    ours.push(await run([process.execPath, join(here, "our_side.ts"), folder, String(side), repeats], out));
    console.error(
      `${name}: ours ${ours.at(-1)!.seconds.toFixed(2)} s, torch ${theirs.at(-1)!.seconds.toFixed(2)} s`,
    );
  }
  rmSync(out, { force: true });
  const gigabytes = (sides: readonly Side[]) => (median(sides.map(({ peak }) => peak)) / 1e9).toFixed(2);
  return `| ${[
    name,
    spread(
      ours.map(({ seconds }) => seconds),
      2,
    ),
    spread(
      theirs.map(({ seconds }) => seconds),
      2,
    ),
    spread(
      ours.map(({ seconds }, i) => seconds / theirs[i]!.seconds),
      2,
    ),
    spread(
      ours.map(({ cpu }, i) => cpu / theirs[i]!.cpu),
      2,
    ),
    ...bound(ours, theirs[0]!.operations),
    gigabytes(ours),
    gigabytes(theirs),
    (median(ours.map(({ peak }) => peak)) / median(theirs.map(({ peak }) => peak))).toFixed(2),
    apart(ours[0]!.output, theirs[0]!.output).toExponential(1),
  ].join(" | ")} |`;
}

const peaks = await peak(values.threads);

/** The least seconds that the network's products take at the processor's peak, and its share of ours. */
function bound(ours: readonly Side[], operations: number | undefined): [string, string] {
  const rate = peaks[ours[0]!.kernels ?? ""];
  if (rate === undefined || operations === undefined) return ["", ""];
  const least = operations / rate;
  return [least.toFixed(2), `${Math.round((least / median(ours.map(({ seconds }) => seconds))) * 100)} %`];
}

/** The largest difference as a share of the largest value. */
function apart(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error("the two sides made maps of different sizes");
  let error = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    error = Math.max(error, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return error / largest;
}

const page = (rows: readonly string[]) => `# Speed and memory of the depth networks

Ours beside PyTorch, one picture of 1024×768 in float32. A ratio below 1 means that we are ahead.

| network | ours, s | PyTorch, s | ratio | of processor time | least, s | reached | ours, GB | PyTorch, GB | ratio | difference |
|---|---|---|---|---|---|---|---|---|---|---|
${rows.join("\n")}

## Method

Written by \`bun bench/depth/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, ${values.threads} threads.
Random weights of the published sizes, one picture of 1024×768, float32, PyTorch through transformers. Each run is a process of its
own and the two take turns; a time is the better of two runs of the network inside its process, where there are two. Medians, with
the least and the largest in brackets; a ratio is ours / PyTorch's within a pair, so below 1 we are ahead. Memory is the process's
largest resident size, weights and runtime included. The last column is the largest difference of the two maps as a share of the
largest value. The ratio of processor time is less touched by what else the machine does.

The least time is what the network's products (as PyTorch counts them) would take at the most that the processor makes with the instruction
set that ours has (\`bench/kernels/peak.cpp\`), with nothing else to do; its share is how much of that we reach. Winograd's convolutions
need fewer products than are counted.
`;
const path = join(here, "../../docs/bench/depth.md");
const rows: string[] = [];
for (const name of wanted) {
  if (!(name in cases)) throw new Error(`no such case: ${name}. There are ${Object.keys(cases).join(", ")}`);
  rows.push(await bench(name as Case));
  // After each case, for the long ones may be stopped.
  await Bun.write(path, page(rows));
  await Bun.$`${join(here, "../../node_modules/.bin/biome")} format --write ${path}`.quiet();
}
console.log(page(rows));
