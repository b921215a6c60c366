/** The page of `bench/peers/diffusion.ts`. */
import { median, spread } from "../statistics.ts";
import { transformers } from "../transformers.ts";
import type { Row, Run } from "./diffusion.ts";
import { type Instruction, sigmas } from "./engines.ts";

interface Machine {
  processor: string;
  threads: string;
  /** Of the picture, in pixels. */
  side: number;
  load: number;
  /** Products with their additions in a second, by instruction set. */
  peaks: Readonly<Record<string, number>>;
}

/** The instructions for each kind of numbers, best first. */
const instructions: Readonly<Record<Instruction, readonly string[]>> = {
  float: ["avx512", "avx2", "base"],
  bfloat16: ["avx512_bf16"],
  integer: ["avx512_vnni", "avx_vnni"],
};

const heads = [
  ...["numbers", "engine", "processor time, s", "wall time, s", "of the peak", "ours / theirs"],
  ...["peak memory, MB", "ours / theirs", "difference"],
];

/** Ours / theirs, run by run of the same round. */
function ratios(ours: Row, theirs: Row, of: (run: Run) => number): string {
  const rounds = Math.min(ours.runs.length, theirs.runs.length);
  return spread(Array.from({ length: rounds }, (_, i) => of(ours.runs[i]!) / of(theirs.runs[i]!)));
}

/** The largest difference as a share of the largest value. */
function apart(a: Float32Array, b: Float32Array): string {
  if (a.length !== b.length) throw new Error("two engines made latents of different sizes");
  let [error, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    error = Math.max(error, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return (error / largest).toExponential(1);
}

function rowText(row: Row, rows: readonly Row[], peaks: Machine["peaks"]): string {
  const { family, numbers, engine, runs, absent } = row;
  if (absent !== undefined) return `| ${numbers} | ${engine} | ${absent} | | | | | | |`;
  const same = rows.filter((one) => one.family === family);
  const ours = same.find((one) => one.numbers === numbers)!;
  const counted = same.flatMap((one) => one.runs).find((run) => run.operations !== undefined);
  const exact = same.find((one) => one.engine.startsWith("diffusers") && one.numbers === "float32");
  const set = instructions[row.by].find((name) => name in peaks);
  const seconds = runs.map((run) => run.seconds);
  const least = counted && set && counted.operations! / peaks[set]!;
  const mine = row === ours || ours.runs.length === 0;
  return `| ${[
    numbers,
    engine,
    spread(runs.map(({ processor }) => processor)),
    spread(seconds),
    least ? `${Math.round((100 * least) / median(seconds))} % of ${set}` : "",
    mine ? "" : ratios(ours, row, ({ processor }) => processor),
    (median(runs.map((run) => run.peak)) / 1e6).toFixed(0),
    mine ? "" : ratios(ours, row, (run) => run.peak),
    exact?.runs[0] && row !== exact ? apart(runs[0]!.latents, exact.runs[0].latents) : "",
  ].join(" | ")} |`;
}

export function page(rows: readonly Row[], { processor, threads, side, load, peaks }: Machine): string {
  const tables = [...new Set(rows.map(({ family }) => family))].map(
    (family) => `## ${transformers[family].title}

${transformers[family].form}, at ${side}².

| ${heads.join(" | ")} |
|${"---|".repeat(heads.length)}
${rows
  .filter((row) => row.family === family)
  .map((row) => rowText(row, rows, peaks))
  .join("\n")}
`,
  );
  const rounds = Math.max(...rows.map(({ runs }) => runs.length));
  const rates = Object.entries(peaks).map(([set, rate]) => `${(rate / 1e9).toFixed(0)} (${set})`);
  return `# Diffusion beside other engines

A step of a transformer, by the numbers that its products multiply. A ratio below 1 means that we are ahead; it is of the first row of easel with
the same numbers.

${tables.join("\n")}
## Method

Written by \`bun bench/peers/diffusion.ts\` on ${process.platform} ${process.arch}, ${processor}, ${threads}
${threads === "1" ? "thread" : "threads"}, with a load of ${load.toFixed(1)} at the end. On a machine that does other work, wall time says little; processor time, that all threads of the process take, is less touched.

Each run is a process of its own, makes ${sigmas.length - 1} steps, and the engines take turns. Times are of a step, loading left out. Medians of ${rounds} rounds (of
two, the larger), with the least and the largest in brackets; a ratio is taken within a round. Memory is the process's largest resident size,
weights, loading and runtime included. The last column is the largest difference of the latents from diffusers' in float32, as a share of
the largest value. "Of the peak" is the time that all products of a step would take at the processor's peak, as a share of the wall time.

The weights are those of one file in bfloat16, which all rows with the same numbers widen or round in their own way:

- easel with 8 and 4 bits has a scale and a bias for each group of 64 numbers, and takes integers by itself (\`cpu_quantized\`); the row after it
  unpacks them to bfloat16 on the way, which is \`cpu_quantized: float\`.
- stable-diffusion.cpp has a scale for each group of 32 (q8_0, q4_0), and rounds activations to 8 bits. It comes out of the sources in its
  Python package, compiled for this processor; its own class for FLUX.2's transformer runs without the rest of the pipeline
  (\`bench/peers/sdcpp/side.cpp\`), with flash attention and ggml's products by tiles (\`GGML_LLAMAFILE\`): neither is its default, and it
  is slower without them.
- OpenVINO and ONNX Runtime load what PyTorch's exporter made.
- mflux multiplies float32 by OpenBLAS, as the BLAS in MLX's wheel would be many times slower. Its bfloat16, 8 and 4 bits are not measured: MLX
  multiplies those without a BLAS, 3 billion products of bfloat16 a second, so that a step would take minutes ([kernels.md](kernels.md)).

The processor makes at most ${rates.join(", ")} billion products, each with its addition, in a second of wall time
(\`bench/kernels/peak.cpp\`, under the same load).
`;
}
