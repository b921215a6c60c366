/**
 * The steps of Qwen-Image beside mflux: the same random weights, noise, texts and threads, mflux with OpenBLAS, each run in a process
 * of its own, in turns. Writes `docs/bench/qwen.md`.
 *
 *     PYTHON=python3 bun bench/qwen/main.ts [--pairs 3] [--side 512] [--steps 2] [--folder /tmp/easel-bench-qwen]
 *
 * Needs Python with `test/reference/requirements-mflux.txt`.
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
    side: { type: "string", default: "512" },
    steps: { type: "string", default: "2" },
    folder: { type: "string", default: join(tmpdir(), "easel-bench-qwen") },
  },
});
const python = process.env.PYTHON ?? "python3";
const here = import.meta.dir;
const { folder, side, steps } = values;
await buildNative();
const blas = await openBlas();

interface Side {
  seconds: number;
  processor: number;
  peak: number;
  latents: Float32Array;
}

async function run(command: string[], guidance: number, preload?: string): Promise<Side> {
  const out = join(folder, "latents.f32");
  const told = await figures<Omit<Side, "latents">>(
    [...command, folder, out, side, steps, String(guidance)],
    preload,
  );
  return { ...told, latents: new Float32Array(new Uint8Array(readFileSync(out)).buffer) };
}

const ours = (guidance: number) => run([process.execPath, join(here, "our_side.ts")], guidance);
const theirs = (guidance: number) => run([python, join(here, "mflux_side.py")], guidance, blas);

if (!existsSync(join(folder, "texts.safetensors"))) {
  const made = Bun.spawn([python, join(here, "make.py"), folder], { stderr: "inherit" });
  if ((await made.exited) !== 0) throw new Error("the weights could not be made");
}

/** The largest difference, as a share of the largest value. */
function apart(a: Side, b: Side): number {
  const largest = b.latents.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.latents.reduce((most, value, i) => Math.max(most, Math.abs(value - b.latents[i]!)), 0) / largest;
}

const lines = [
  "| guidance | measure | ours | mflux | mflux / ours |",
  "| -------- | ------- | ---- | ----- | ------------ |",
];
for (const guidance of [4, 1]) {
  const pairs: { a: Side; b: Side }[] = [];
  for (let i = 0; i < Number(values.pairs); i++) {
    const b = await theirs(guidance);
    const a = await ours(guidance);
    console.error(`guidance ${guidance}: ours ${a.seconds.toFixed(1)} s, mflux ${b.seconds.toFixed(1)} s`);
    pairs.push({ a, b });
  }
  const row = (name: string, of: (side: Side) => number) =>
    lines.push(
      `| ${guidance} | ${name} | ${spread(pairs.map(({ a }) => of(a)))} | ${spread(pairs.map(({ b }) => of(b)))} | ` +
        `${spread(pairs.map(({ a, b }) => of(b) / of(a)))} |`,
    );
  row("seconds a step", ({ seconds }) => seconds / Number(steps));
  row("processor seconds a step", ({ processor }) => processor / Number(steps));
  row("largest resident size, GB", ({ peak }) => peak / 1e9);
  const most = Math.max(...pairs.map(({ a, b }) => apart(a, b)));
  lines.push(`| ${guidance} | latents apart, share of the largest | ${most.toExponential(1)} | | |`);
}

const page = `# Speed and memory of Qwen-Image

Ours beside mflux. A ratio above 1 means that we are ahead.

${lines.join("\n")}

## Method

Written by \`bun bench/qwen/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, 2 threads. Random weights in
the form of Qwen-Image's transformer, with width 1024 and 8 blocks; ${side}² pixels, ${steps} steps. Both compute in float32 on the same MLX;
mflux with OpenBLAS (the BLAS of MLX's own wheel would be many times slower), we with the kernels of \`mlx-shim\`. mflux holds the weights in float32, we in the file's half precision until they are used.
Under guidance mflux runs the prompt and the negative prompt one after the other, we at once; without guidance mflux runs both, too, and we one. Each run is a process of
its own and the two take turns. Medians, with the least and the largest in brackets; a ratio above 1 is in our favour.
`;
await Bun.write(join(here, "../../docs/bench/qwen.md"), page);
console.log(page);
