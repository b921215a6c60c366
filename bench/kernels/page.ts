/**
 * `docs/bench/kernels.md` from what was measured.
 *
 * @module
 */

export interface Measured {
  op: string;
  of: string;
  /** Whether a kernel of ours covered it, or it was MLX's. */
  by: string;
  /** Milliseconds: ours, PyTorch's, MLX's. */
  best: number[];
  /** Ours / PyTorch's, ours / MLX's, one thread / all. */
  ratios: string[];
  /** Products with their additions, where they are what takes the time. */
  work: number | undefined;
}

export interface Results {
  set?: string;
  ops: Record<string, Measured>;
  /** Products with their additions in a second, by instruction set and number of threads. */
  peak: Record<string, Record<string, number>>;
  /** Milliseconds of an op by instruction set. */
  sets: Record<string, Record<string, number>>;
  quantized: Record<string, { shape: string; bits: number; best: number[]; lost: number }>;
}

const quantile = (list: readonly number[], q: number) =>
  [...list].sort((a, b) => a - b)[Math.round(q * (list.length - 1))]!;
export const median = (list: readonly number[]) => quantile(list, 0.5);

/** The median of the ratios of neighbours, and their middle half. */
export function ratio(a: readonly number[], b: readonly number[]): string {
  const pairs = a.slice(0, b.length).map((time, i) => time / b[i]!);
  return `${median(pairs).toFixed(2)} (${quantile(pairs, 0.25).toFixed(2)} – ${quantile(pairs, 0.75).toFixed(2)})`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
const percent = (share: number) => `${Math.round(share * 100)} %`;

export function page(
  results: Results,
  {
    machine,
    threads,
    rounds,
    errors,
  }: { machine: string; threads: string; rounds: number; errors: string[] },
): string {
  const { set = "none", peak } = results;
  const most = peak[set]?.[threads];
  const ofPeak = ({ work, best: [time], by }: Measured) =>
    work === undefined || most === undefined || by !== "kernel" ? "" : percent(work / (time! / 1e3) / most);
  const ops = Object.values(results.ops).map((row) => [
    ...[row.op, row.of, row.by, ...row.best.map((time) => time.toFixed(2))],
    ...[row.ratios[0]!, row.ratios[1]!, ofPeak(row), row.ratios[2]!],
  ]);
  const peaks = Object.entries(peak).map(([name, rates]) => [
    name,
    ...["1", threads].map((count) => (rates[count]! / 1e9).toFixed(0)),
    (rates[threads]! / rates["1"]!).toFixed(2),
  ]);
  const names = [...new Set(Object.values(results.sets).flatMap((times) => Object.keys(times)))];
  const sets = Object.entries(results.sets).map(([of, times]) => [
    of,
    ...names.map((name) => times[name]?.toFixed(2) ?? ""),
  ]);
  const told = (time: number | null | undefined) => (time ? time.toFixed(2) : "");
  const quantized = Object.values(results.quantized).map(({ shape, bits, best, lost }) => [
    ...[shape, bits === 32 ? "float32" : String(bits), ...[0, 1, 2].map((i) => told(best[i]))],
    ...[1, 2].map((i) => told(best[i] && best[0]! / best[i]!)),
    bits === 32 ? "" : lost.toExponential(1),
  ]);
  return `# Kernels for a Linux CPU

Written by \`bun bench/kernels/main.ts\` on ${machine}, ${threads} threads, instruction set ${set}, float32.

## Speed

Each cell is one op of a process of its own; ours, PyTorch's, MLX's and ours with one thread take turns. Times are the best of ${rounds}
rounds in milliseconds (of fewer where they take long). A ratio is the median within a round with the middle half of the rounds; ours /
theirs is below 1 where we are ahead. "Packed" are matrices as the networks keep them; the weights of the other rows are packed or
transformed in each call, which is in the times. "Of peak" is the rate of the op's multiply-adds, as it is defined, against the most
that the processor makes (below): what remains to be gained. Winograd needs fewer than the definition, so it may pass 100 %. MLX's ops
multiply with our product, too.

${table(["op", "of", "ours is", "ours", "PyTorch", "MLX", "ours / PyTorch", "ours / MLX", "of peak", `1 thread / ${threads}`], ops)}

## The processor's peak

Billions of multiply-adds a second, by \`bench/kernels/peak.cpp\`: the same instructions over registers, with no memory in the way. One
of \`amx_float32\` is six on the tiles.

${table(["instruction set", "1 thread", `${threads} threads`, "gain"], peaks)}

## Instruction sets

The same ops with each of them forced, in milliseconds.

${table(["op", ...names], sets)}

## Matrices of few bits

A product with a matrix whose groups of 64 numbers share a scale and a bias. Ours reads it once and unpacks it on the way; the next
unpacks the whole matrix with MLX's op and multiplies; MLX's own op goes number by number. Times in milliseconds, the ratios are of the best
times. The last column is how far the result lies from that of the float32 matrix, the largest difference as a share of the largest
value.

${table(["rows × depth × columns", "bits", "ours", "unpacked first", "MLX's op", "ours / unpacked", "ours / MLX's", "lost"], quantized)}
${fewRows(results)}
Transformers of diffusion may multiply matrices of few bits with rows that are rounded to 8 bits, by sums of integers: [few-bits.md](few-bits.md)
has the times of both.

## How the kernels work

\`kernels/\` takes the place of MLX's own ops where its kernels cover what is asked; everything else is MLX's, and
\`kernelCalls()\` of \`ffi/\` counts both. The environment decides:

| variable | values |
|---|---|
| \`EASEL_CPU_KERNELS\` | \`off\`, \`base\` (SSE2 or NEON), \`avx2\`, \`avx512\`, \`amx\` (AVX-512, and products, attention and the widest convolutions on AMX tiles), \`amx_float32\` (the same without products of less than float32's accuracy); unset, the best that the processor and its kernel have. One that is lacking is refused when the library opens |
| \`EASEL_CPU_THREADS\` | how many threads; unset, as many physical cores as the process may use. Results do not depend on it ([threads.md](threads.md)) |

Covered in float32: convolutions of one group (3×3 with stride 1 by Winograd's F(4×4), the rest by products), attention up to 512
channels a head (masks, causal, shared heads), softmax of the last axis, linear layers, layer, RMS and group norm, GELU (also
half precision, computed in float32), SiLU, silu(a) · b, resampling of rows and columns (bilinear, bicubic, nearest), and products
with matrices of 2 to 6 or 8 bits.

With \`amx\` each number of a product, a convolution by Winograd or attention is cut into parts of bfloat16. Three parts add up to it; six of the nine
products of parts are added up in float32, and what is left out is below 2⁻²⁴ of a term: the accuracy of float32 (at 1370 × 3072 × 768 the
largest error is 8e-7 of the largest value; summing up in float32 with AVX-512 makes 1.6e-6). Two parts and three products leave out less than
2⁻¹⁶ (5e-6 at that size). Winograd and products that an activation or a residual follows take three, plain products and attention six:
[terms.md](terms.md) has what that does to networks. \`amx_float32\`, which \`cpu_precision: float32\` chooses, takes six everywhere. Parts below 2⁻¹²⁶ count as zero, so a number below about
1e-33 loses its last digits. A sum that is no number is made again without cutting, so infinities come out as they should. Below 256 rows cutting
costs more than it saves: those products are AVX-512's over the same packed form. In attention the tiles multiply for one run of queries while
the powers of another are taken.

A network's matrices are packed once, when they are loaded, and the packed form takes the place of the other (\`packed()\` of \`ffi/\`):
the same bytes, up to whole panels of columns. Choosing other kernels later changes nothing for them. Bias, a curve (GELU, SiLU, relu), a scale for
each column and the residual are added while a product's sums are in registers; silu(a) · b is one pass.

A convolution reads rows of a larger map where they lie, with padding that may differ on each side; the relu before it, and bias, a curve
(relu among them) and the residual behind it, are part of its pass. A transposed convolution whose stride is its kernel is a product for
some rows of pixels at a time, whose parts then go to where they belong.

Winograd's products go by tiles from 192 channels to 192 on, where they are a quarter faster; with fewer, cutting costs what the tiles
save. Convolutions that are none of Winograd's stay AVX-512's, too: gathered for tiles they take a tenth to a third longer. The weight of a convolution stays as it is and is transformed in each call, which takes a hundredth of it: kept, it would take four
to six times the memory.

A convolution by Winograd spreads an infinity or NaN over its tile of 4×4 outputs.

Approximations, fitted by \`tools/kernels/fit.ts\`:

${errors.map((error) => `- ${error}`).join("\n")}
`;
}

/** Whether few bits are taken where the memory's rate rules. */
function fewRows({ quantized }: Results): string {
  const first = Object.values(quantized).filter(({ shape }) => shape.startsWith("1 × "));
  const [whole, eight] = [32, 8].map((bits) => first.find((row) => row.bits === bits));
  if (!whole || !eight) return "";
  return `
With one row it is the weight that has to be read: ${eight.best[0]!.toFixed(1)} ms at 8 bits, ${whole.best[0]!.toFixed(1)} ms in float32. What 8 bits lose, ${eight.lost.toExponential(0)} of the largest value, is
thousands of times what the kernels' own rounding does, so a checkpoint in float32 is not brought down to few bits to be faster: the results would
be others. One that comes in few bits is multiplied as it is, without ever being unpacked as a whole.
`;
}
