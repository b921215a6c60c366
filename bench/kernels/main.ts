/**
 * The kernels of `mlx-shim/cpu` beside PyTorch's ops and beside MLX's own: the same shapes and threads, a process each, by turns,
 * so that whatever else the machine does falls on all. Writes `docs/kernels.md`.
 *
 *     PYTHON=python3 bun bench/kernels/main.ts [--rounds 11] [--threads 2]
 *
 * Needs Python with `test/reference/requirements.txt`.
 *
 * @module
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  conv2d,
  evaluate,
  groupNorm,
  kernelCalls,
  kernels,
  layerNorm,
  linear,
  openLibrary,
  random,
  rmsNorm,
  scope,
  sdpa,
  type Tensor,
} from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { resize } from "../../src/nn/interpolate.ts";
import { Peer } from "../peer.ts";

/** The op, its numbers, and how many rounds' share it gets of MLX's own op, which may take seconds. */
const cases = [
  ["conv", [148, 148, 256, 256, 3, 1], "256 → 256 channels, 148², 3×3"],
  ["conv", [296, 296, 64, 64, 3, 1], "64 → 64 channels, 296², 3×3"],
  ["conv", [518, 518, 32, 32, 3, 1], "32 → 32 channels, 518², 3×3"],
  ["conv", [37, 37, 64, 64, 3, 1], "64 → 64 channels, 37², 3×3"],
  ["conv", [148, 148, 128, 128, 3, 2], "128 → 128 channels, 148², 3×3, stride 2"],
  ["conv", [148, 148, 256, 128, 1, 1], "256 → 128 channels, 148², 1×1"],
  ["sdpa", [6, 1370, 64], "6 heads, 1370 tokens, 64 wide"],
  ["sdpa", [16, 577, 64], "16 heads, 577 tokens, 64 wide"],
  ["sdpa", [1, 1600, 512], "1 head, 1600 tokens, 512 wide"],
  ["linear", [1370, 384, 1536], "1370 × 384 × 1536"],
  ["linear", [1370, 1536, 384], "1370 × 1536 × 384"],
  ["linear", [577, 1024, 4096], "577 × 1024 × 4096"],
  ["softmax", [8220, 1370], "8220 rows of 1370"],
  ["gelu", [1370, 4096], "1370 × 4096"],
  ["gelu_tanh", [1370, 4096], "1370 × 4096"],
  ["silu", [1370, 4096], "1370 × 4096"],
  ["layer_norm", [1370, 1024], "1370 rows of 1024"],
  ["rms_norm", [1370, 1024], "1370 rows of 1024"],
  ["group_norm", [256, 256, 128, 32], "32 groups of 128 channels, 256²"],
  ["bilinear", [296, 296, 64, 592, 592], "64 channels, 296² → 592²"],
  ["bilinear", [296, 296, 32, 518, 518], "32 channels, 296² → 518²"],
] as const;

const normal = (seed: number, ...shape: number[]) => random.normal(shape, random.key(seed));

/** Inputs, and what is done with them. */
function op(name: string, n: readonly number[]): { inputs: Tensor[]; run: (t: readonly Tensor[]) => Tensor } {
  const [a, b, c, d, kernel, stride] = n as [number, number, number, number, number, number];
  switch (name) {
    case "conv":
      return {
        inputs: [normal(1, 1, a, b, c), normal(2, d, kernel, kernel, c), normal(3, d)],
        run: ([x, w, bias]) => conv2d(x!, w!, { bias: bias!, stride, padding: Math.floor(kernel / 2) }),
      };
    case "sdpa":
      return {
        inputs: [1, 2, 3].map((seed) => normal(seed, 1, a, b, c)),
        run: ([q, k, v]) => sdpa(q!, k!, v!, { scale: c ** -0.5 }),
      };
    case "linear":
      return {
        inputs: [normal(1, a, b), normal(2, c, b), normal(3, c)],
        run: ([x, w, bias]) => linear(x!, w!, bias),
      };
    case "group_norm":
      return {
        inputs: [normal(1, 1, a, b, c), normal(2, c), normal(3, c)],
        run: ([x, w, bias]) => groupNorm(x!, d, w!, bias!, 1e-5),
      };
    case "bilinear":
      return {
        inputs: [normal(1, 1, a, b, c)],
        run: ([x]) => resize(x!, d, kernel, "bilinear", { alignCorners: true }),
      };
  }
  const rows: Record<string, (t: readonly Tensor[]) => Tensor> = {
    softmax: ([x]) => x!.softmax(-1),
    gelu: ([x]) => x!.gelu(),
    gelu_tanh: ([x]) => x!.geluTanh(),
    silu: ([x]) => x!.silu(),
    layer_norm: ([x, w, bias]) => layerNorm(x!, w!, bias!, 1e-5),
    rms_norm: ([x, w]) => rmsNorm(x!, w!, 1e-5),
  };
  return { inputs: [normal(1, a, b), normal(2, b), normal(3, b)], run: rows[name]! };
}

/** Our half, with kernels or without. Tells first which they are. */
async function answer(): Promise<void> {
  openLibrary(join(await nativeFolder({ usual: "" }), library), { device: "cpu" });
  console.log(kernels());
  let last = "";
  let free = () => {};
  let once: () => number = () => 0;
  for await (const line of console) {
    if (line !== last) {
      free();
      const [name, ...numbers] = line.split(" ");
      const { inputs, run } = op(name!, numbers.map(Number));
      evaluate(...inputs);
      free = () => {
        for (const tensor of inputs) tensor[Symbol.dispose]();
      };
      once = () =>
        scope(() => {
          const start = performance.now();
          evaluate(run(inputs));
          return performance.now() - start;
        });
      last = line;
    }
    const before = kernelCalls();
    const time = once();
    const after = kernelCalls();
    const covered = Object.entries(after).some(
      ([name, { covered }]) => covered > before[name as keyof typeof before].covered,
    );
    console.log(`${time} ${covered ? "kernel" : "MLX"}`);
  }
}

const quantile = (list: readonly number[], q: number) =>
  [...list].sort((a, b) => a - b)[Math.round(q * (list.length - 1))]!;

/** The median of the ratios of neighbours, and their middle half. */
const ratio = (ours: readonly number[], theirs: readonly number[]) => {
  const pairs = ours.map((time, i) => time / theirs[i]!);
  return `${quantile(pairs, 0.5).toFixed(2)} (${quantile(pairs, 0.25).toFixed(2)} – ${quantile(pairs, 0.75).toFixed(2)})`;
};

async function compare(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "11" }, threads: { type: "string", default: "2" } },
  });
  const { rounds, threads } = values;
  const env = { OMP_NUM_THREADS: threads, EASEL_CPU_THREADS: threads };
  const self = [process.execPath, import.meta.path, "answer"];
  using ours = new Peer(self, env);
  using plain = new Peer(self, { ...env, EASEL_CPU_KERNELS: "off" });
  using torch = new Peer(
    [process.env.PYTHON ?? "python3", join(import.meta.dir, "torch_side.py"), threads],
    env,
  );
  const [set] = await Promise.all([ours.line(), plain.line(), torch.line()]);
  const rows: string[] = [];
  for (const [name, numbers, what] of cases) {
    const question = [name, ...numbers].join(" ");
    const times: [number[], number[], number[]] = [[], [], []];
    let by = "";
    for (let round = -1; round < Number(rounds); round++) {
      const mine = await ours.ask(question);
      const theirs = await torch.ask(question);
      const mlx = await plain.ask(question);
      if (round < 0) continue;
      by = mine.split(" ")[1]!;
      times[0].push(Number.parseFloat(mine));
      times[1].push(Number.parseFloat(theirs));
      times[2].push(Number.parseFloat(mlx));
    }
    const best = times.map((list) => Math.min(...list).toFixed(2));
    rows.push(
      `| ${[name, what, by, ...best, ratio(times[0], times[1]), ratio(times[0], times[2])].join(" | ")} |`,
    );
    console.error(rows.at(-1));
  }
  const constants = await Bun.file(join(import.meta.dir, "../../mlx-shim/cpu/constants.h")).text();
  const errors = [...constants.matchAll(/^\/\/\/ (.+)$/gm)].map((match) => `- ${match[1]}`);
  const page = `# Kernels for a Linux CPU

Written by \`bun bench/kernels/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, ${threads} threads, instruction set ${set}, float32.

\`mlx-shim/cpu\` takes the place of MLX's own ops where its kernels cover what is asked; everything else is MLX's, and
\`kernelCalls()\` of \`ffi/\` counts both. The environment decides:

| variable | values |
|---|---|
| \`EASEL_CPU_KERNELS\` | \`off\`, \`base\` (SSE2 or NEON), \`avx2\`, \`avx512\`, \`amx\` (AVX-512, and products and attention on AMX tiles); unset, the best that the processor and its kernel have. One that is lacking is refused when the library opens |
| \`EASEL_CPU_THREADS\` | how many threads; unset, as many processors as the process may use. Results do not depend on it |

Covered in float32: convolutions of one group (3×3 with stride 1 by Winograd's F(4×4), the rest by products), attention up to 512
channels a head (masks, causal, shared heads), softmax of the last axis, linear layers, layer, RMS and group norm, GELU (also
half precision, computed in float32), SiLU, and resampling of rows and columns (bilinear, bicubic, nearest).

With \`amx\` each number of a product or of attention is cut into three parts of bfloat16 that add up to it, six of the nine products of parts are
added up in float32, and what is left out is below 2⁻²⁴ of a term: the accuracy of float32 (at 1370 × 3072 × 768 the largest error is
8e-7 of the largest value; summing up in float32 with AVX-512 makes 1.6e-6). Two parts and three products would be twice as fast and
ten times less accurate (5e-6). Parts below 2⁻¹²⁶ count as zero, so a number below about 1e-33 loses its last digits. A sum that is
no number is made again without cutting, so infinities come out as they should. Below 256 rows cutting costs more than it saves: those
products are AVX-512's over the same packed form.

A network's matrices are packed once, when they are loaded, and the packed form takes the place of the other (\`packed()\` of \`ffi/\`):
the same bytes, up to whole panels of columns. Choosing other kernels later changes nothing for them. Bias, GELU or SiLU, a scale for
each column and the residual are added while a product's sums are in registers; silu(a) · b is one pass.

A convolution reads rows of a larger map where they lie, with padding that may differ on each side; the relu before it, and bias, a curve
(relu among them) and the residual behind it, are part of its pass. A transposed convolution whose stride is its kernel is a product for
some rows of pixels at a time, whose parts then go to where they belong.

A convolution by Winograd spreads an infinity or NaN over its tile of 4×4 outputs.

Approximations, fitted by \`tools/kernels/fit.ts\`:

${errors.join("\n")}

## Speed

Each cell is one op of a process of its own; ours, PyTorch's and MLX's take turns. Times are the best of ${rounds} rounds in
milliseconds. A ratio is the median of ours / theirs within a round with the middle half of the rounds; below 1 we are ahead.
The weights of these ops are packed or transformed in each call, which is in the times; those of a loaded network's matrices are not. MLX's ops multiply with our product, too.

| op | of | ours is | ours | PyTorch | MLX | ours / PyTorch | ours / MLX |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}
`;
  const path = join(import.meta.dir, "../../docs/kernels.md");
  await Bun.write(path, page);
  await Bun.$`${join(import.meta.dir, "../../node_modules/.bin/biome")} format --write ${path}`.quiet();
  console.log(page);
}

await (process.argv[2] === "answer" ? answer() : compare());
