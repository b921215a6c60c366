/**
 * SeedVR2 beside mflux: the same random weights, picture and threads, mflux with OpenBLAS, each run in a process of its own, in
 * turns. Then ours alone at three sizes, to see how the time grows with the pixels. Writes `docs/bench/seedvr2.md`.
 *
 *     PYTHON=python3 bun bench/seedvr2/main.ts [--pairs 3] [--folder /tmp/easel-bench-seedvr2] [--alone]
 *
 * Needs Python with `test/reference/requirements-mflux.txt`; `--alone` leaves mflux out.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildNative } from "../../scripts/build/native.ts";
import { figures } from "../beside-mflux.ts";
import { openBlas } from "../openblas.ts";
import { spread } from "../statistics.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    pairs: { type: "string", default: "3" },
    folder: { type: "string", default: join(tmpdir(), "easel-bench-seedvr2") },
    alone: { type: "boolean", default: false },
  },
});
const python = process.env.PYTHON ?? "python3";
const here = import.meta.dir;
const { folder } = values;
await buildNative();
const blas = await openBlas();

interface Side {
  seconds: Record<"encode" | "denoise" | "decode" | "whole", number>;
  peak: number;
  pixels: Uint8Array;
}

async function run(command: string[], side: number, preload?: string): Promise<Side> {
  const out = join(folder, "output.rgb");
  const told = await figures<Omit<Side, "pixels">>([...command, folder, out, String(side)], preload);
  return { ...told, pixels: readFileSync(out) };
}

const ours = (side: number) => run([process.execPath, join(here, "our_side.ts")], side);
const theirs = (side: number) => run([python, join(here, "mflux_side.py")], side, blas);

if (!existsSync(join(folder, "input.png"))) {
  const made = Bun.spawn([python, join(here, "make.py"), folder], { stderr: "inherit" });
  if ((await made.exited) !== 0) throw new Error("the weights could not be made");
}

const lines: string[] = [];
if (!values.alone) {
  const pairs: { a: Side; b: Side }[] = [];
  for (let i = 0; i < Number(values.pairs); i++) {
    const b = await theirs(512);
    const a = await ours(512);
    console.error(`ours ${a.seconds.whole.toFixed(1)} s, mflux ${b.seconds.whole.toFixed(1)} s`);
    pairs.push({ a, b });
  }
  lines.push(
    "| part, 256² to 512² | ours, s | mflux, s | mflux / ours |",
    "|---|---|---|---|",
    ...(["encode", "denoise", "decode", "whole"] as const).map(
      (part) =>
        `| ${part} | ${spread(pairs.map(({ a }) => a.seconds[part]))} | ${spread(pairs.map(({ b }) => b.seconds[part]))} | ${spread(pairs.map(({ a, b }) => b.seconds[part] / a.seconds[part]))} |`,
    ),
    "",
    `Largest resident size: ours ${spread(pairs.map(({ a }) => a.peak / 1e9))} GB, mflux ${spread(pairs.map(({ b }) => b.peak / 1e9))} GB, ` +
      `ratio ${spread(pairs.map(({ a, b }) => a.peak / b.peak))}.`,
    `The two pictures differ by at most ${apart(pairs[0]!)} of 255.`,
    "",
  );
}

function apart({ a, b }: { a: Side; b: Side }): number {
  return a.pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - b.pixels[i]!)), 0);
}

lines.push("| side of the result | seconds | seconds a megapixel |", "|---|---|---|");
for (const side of [512, 768, 1024]) {
  const { seconds } = await ours(side);
  const megapixels = side ** 2 / 1e6;
  lines.push(`| ${side} | ${seconds.whole.toFixed(1)} | ${(seconds.whole / megapixels).toFixed(1)} |`);
}

const page = `# Speed and memory of SeedVR2

Ours beside mflux. A ratio above 1 means that we are ahead.

${lines.join("\n")}

## Method

Written by \`bun bench/seedvr2/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, 2 threads. Random weights:
the picture coder at its published size, and a transformer of the 3B's form with width 1024 and 12 blocks, float32. mflux runs on the
same MLX with OpenBLAS (the BLAS of MLX's own wheel would be many times slower), we with the kernels of \`mlx-shim\`. Each run is a process of its own and the two take turns. Medians, with the least and the largest in
brackets; a ratio above 1 means that we are faster.
`;
const path = join(here, "../../docs/bench/seedvr2.md");
await Bun.write(path, page);
console.log(page);
