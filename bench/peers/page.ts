/** The page of `bench/peers/main.ts`. */
import { median, spread } from "../statistics.ts";
import type { Row, Run } from "./main.ts";
import type { Profile } from "./profile.ts";

export interface Machine {
  processor: string;
  threads: string;
  load: number;
  /** Products with their additions in a second, by instruction set. */
  peaks: Readonly<Record<string, number>>;
}

/** Where the time of a network goes on an instruction set; undefined where `perf` is not there. */
type Where = { network: string; kernels: string; parts: Profile } | undefined;

function whereText(where: Where): string {
  if (where === undefined)
    return "There was no `perf` on this machine, or the library was not compiled on it.";
  const lines = where.parts.map(([part, share]) => `| ${part} | ${(100 * share).toFixed(1)} % |`);
  return `| part of ${where.network}, ${where.kernels} | share |
|---|---|
${lines.join("\n")}

Shares of the samples of a process that loads the network and runs it six times (\`perf record -e cpu-clock\`, \`bench/peers/profile.ts\`). No
fusion of passes shortens the products.`;
}

const cpuOf = ({ runs }: Row) => runs.map(({ cpu }) => cpu);

/** Ours / theirs, run by run of the same round. */
function ratios(ours: Row, theirs: Row, of: (run: Run) => number): number[] {
  const rounds = Math.min(ours.runs.length, theirs.runs.length);
  return Array.from({ length: rounds }, (_, i) => of(ours.runs[i]!) / of(theirs.runs[i]!));
}

/** The largest difference as a share of the largest value. */
function apart(a: Float32Array, b: Float32Array): string {
  if (a.length !== b.length) throw new Error("two engines made maps of different sizes");
  let [error, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    error = Math.max(error, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return (error / largest).toExponential(1);
}

/** The wall time that a network's products would take at the processor's peak, as PyTorch counts them. */
function least(network: string, all: readonly Row[], rate: number | undefined): number | undefined {
  const counted = all
    .flatMap((row) => (row.network === network ? row.runs : []))
    .find((run) => run.operations);
  return rate && counted?.operations && counted.operations / rate;
}

function rowText(row: Row, all: readonly Row[], rate: number | undefined): string {
  const of = (engine: string) =>
    all.find((one) => one.network === row.network && one.engine.startsWith(engine))!;
  const ours = of(row.engine.endsWith("bfloat16") ? "easel, bfloat16" : "easel, float32");
  const reference = of("PyTorch");
  if (row.absent !== undefined) return `| ${row.network} | ${row.engine} | ${row.absent} | | | | | | |`;
  const mine = row === ours || ours.absent !== undefined;
  const shortest = least(row.network, all, rate);
  return `| ${[
    row.network,
    row.engine,
    spread(cpuOf(row)),
    spread(row.runs.map(({ seconds }) => seconds)),
    shortest ? `${Math.round((shortest / median(row.runs.map(({ seconds }) => seconds))) * 100)} %` : "",
    mine ? "" : spread(ratios(ours, row, ({ cpu }) => cpu)),
    (median(row.runs.map(({ peak }) => peak)) / 1e6).toFixed(0),
    mine ? "" : spread(ratios(ours, row, ({ peak }) => peak)),
    row === reference ? "" : apart(row.runs[0]!.output, reference.runs[0]!.output),
  ].join(" | ")} |`;
}

export const page = (
  rows: readonly Row[],
  { processor, threads, load, peaks }: Machine,
  where: Where,
): string => {
  const kernels = rows.flatMap(({ runs }) => runs).find((run) => run.kernels !== undefined)?.kernels ?? "";
  const rounds = Math.max(...rows.map(({ runs }) => runs.length));
  return `# Beside other engines

The depth networks, one picture of 1024×768. A ratio below 1 means that we are ahead.

| network | engine | processor time, s | wall time, s | of the peak | ours / theirs | peak memory, MB | ours / theirs | difference |
|---|---|---|---|---|---|---|---|---|
${rows.map((row) => rowText(row, rows, peaks[kernels])).join("\n")}

Numbers of bfloat16 are beside ours of bfloat16. The goals for float32 are at most 0.80 of OpenVINO's processor time, 0.66 of ONNX
Runtime's, and 0.70 of OpenVINO's memory. "Of the peak" is the time that all products of the network would take at the processor's peak as a share of the wall time. An engine that makes each product
cannot pass 100 %; Winograd's convolutions make fewer.

## Where the time goes

${whereText(where)}

## Method

Written by \`bun bench/peers/main.ts\` on ${process.platform} ${process.arch}, ${processor}, ${threads} threads, instruction set ${kernels}, with a
load of ${load.toFixed(1)} at the end. On a machine that does other work, wall time says little; processor time, that all threads of the process
take in a run, is less touched.

Random weights of the published sizes. Each run is a process of its own, and the engines take turns; a time is the best of two runs
inside a process (one of Depth Pro). Medians of ${rounds} rounds (of two, the larger), with the least and the largest in brackets; a ratio is taken within a round. Ours begins
with the picture's bytes, the others with the network's input. Memory is the process's largest resident size, weights and runtime included.
ONNX Runtime and OpenVINO load what PyTorch's exporter and OpenVINO's converter made of the same weights. The last column is the largest
difference from PyTorch's map as a share of the largest value.

The processor makes at most ${Object.entries(peaks)
    .map(([set, rate]) => `${(rate / 1e9).toFixed(0)} (${set})`)
    .join(
      ", ",
    )} billion products, each with its addition, in a second of wall time (\`bench/kernels/peak.cpp\`, under the same load).
`;
};
