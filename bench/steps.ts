/**
 * Steps of a transformer of the published width beside mflux and diffusers: the same random weights, noise, text and two threads, each
 * run in a process of its own, in turns. `bench/flux2/main.ts` and `bench/zimage/main.ts` use it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildNative } from "../scripts/build/native.ts";
import { figures } from "./beside-mflux.ts";
import { openBlas } from "./openblas.ts";
import { spread } from "./statistics.ts";
import { type Family, prepare, transformers } from "./transformers.ts";

interface Side {
  seconds: number;
  processor: number;
  peak: number;
  latents: Float32Array;
}

const apart = (a: Side, b: Side): number => {
  const largest = b.latents.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.latents.reduce((most, value, i) => Math.max(most, Math.abs(value - b.latents[i]!)), 0) / largest;
};

export async function bench(family: Family): Promise<void> {
  const { title, form } = transformers[family];
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      rounds: { type: "string", default: "3" },
      side: { type: "string", default: "256" },
      folder: { type: "string", default: join(tmpdir(), `easel-bench-${family}`) },
    },
  });
  const python = process.env.PYTHON ?? "python3";
  const here = join(import.meta.dir, family);
  const { folder, side } = values;
  await buildNative();
  const blas = await openBlas();
  const sigmas = [1, 0.9, 0.7, 0.4, 0];
  await prepare(family, folder, Number(side), sigmas);

  async function run(command: string[], preload?: string): Promise<Side> {
    const out = join(folder, "latents.f32");
    const told = await figures<Omit<Side, "latents">>([...command, folder, out], preload);
    return { ...told, latents: new Float32Array(new Uint8Array(readFileSync(out)).buffer) };
  }
  const sides = {
    ours: () => run([process.execPath, join(here, "our_side.ts")]),
    mflux: () => run([python, join(here, "mflux_side.py")], blas),
    diffusers: () => run([python, join(here, "diffusers_side.py")]),
  };
  type Name = keyof typeof sides;
  const rounds: Record<Name, Side>[] = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    const round = {} as Record<Name, Side>;
    for (const name of Object.keys(sides) as Name[]) {
      round[name] = await sides[name]();
      console.error(`${name} ${round[name].seconds.toFixed(1)} s, ${(round[name].peak / 1e9).toFixed(2)} GB`);
    }
    rounds.push(round);
  }
  const steps = sigmas.length - 1;
  const row = (name: string, of: (side: Side) => number) => {
    const cells = (Object.keys(sides) as Name[]).map((which) =>
      spread(rounds.map((round) => of(round[which]))),
    );
    const ratios = (["mflux", "diffusers"] as const).map((which) =>
      spread(rounds.map((round) => of(round[which]) / of(round.ours))),
    );
    return `| ${[name, ...cells, ...ratios].join(" | ")} |`;
  };
  const [last] = rounds.slice(-1) as [Record<Name, Side>];
  const page = `# Speed and memory of ${title}

Written by \`bun bench/${family}/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, 2 threads. ${form} at ${side}², ${steps} steps.
All compute in float32. mflux and we stand on the same MLX; mflux with OpenBLAS (the BLAS of MLX's own wheel would be many times slower), we
with our own kernels, diffusers on PyTorch. They hold the weights in float32, we in the file's half precision until they are used. Each run is a
process of its own, and the three take turns. Medians, with the least and the largest in brackets; a ratio above 1 is in our favour.

| measure | ours | mflux | diffusers | mflux / ours | diffusers / ours |
| ------- | ---- | ----- | --------- | ------------ | ---------------- |
${row("seconds a step", ({ seconds }) => seconds / steps)}
${row("processor seconds a step", ({ processor }) => processor / steps)}
${row("largest resident size, GB", ({ peak }) => peak / 1e9)}

The results are ${apart(last.ours, last.diffusers).toExponential(1)} of the largest value apart from diffusers' and ${apart(last.ours, last.mflux).toExponential(1)} from mflux's.
`;
  const path = join(import.meta.dir, `../docs/bench/${family}.md`);
  await Bun.write(path, page);
  await Bun.$`${join(import.meta.dir, "../node_modules/.bin/biome")} format --write ${path}`.quiet();
  console.log(page);
}
