/**
 * Steps of diffusion transformers beside stable-diffusion.cpp, diffusers on PyTorch, OpenVINO, ONNX Runtime and mflux: the same random
 * weights, noise, text and threads, each run in a process of its own, in turns. Installs the engines into an environment of its own,
 * builds stable-diffusion.cpp for this processor, and writes `docs/bench/peers-diffusion.md`.
 *
 *     bun bench/peers/diffusion.ts [--rounds 3] [--threads 2] [--side 256] [--folder /tmp] [--only "8 bits"] [flux2 zimage]
 *
 * `--only` names the numbers of the rows to measure; the page then has no others. Needs Python with venv, and a C++ compiler. `--python`
 * and `--sdcpp` name an environment and a side of stable-diffusion.cpp that are there already.
 *
 * @module
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildNative } from "../../scripts/build/native.ts";
import { run } from "../../scripts/build/run.ts";
import { openSafetensors } from "../../src/weights/safetensors-file.ts";
import { peak } from "../kernels/peak.ts";
import { openBlas } from "../openblas.ts";
import { type Family, prepare, transformers } from "../transformers.ts";
import { writeAuthors } from "./authors.ts";
import { page } from "./diffusion-page.ts";
import { type Engine, enginesOf, out as placeOfOut, sigmas } from "./engines.ts";
import { environment, stableDiffusion } from "./environment.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    side: { type: "string", default: "256" },
    folder: { type: "string", default: tmpdir() },
    only: { type: "string" },
    python: { type: "string" },
    sdcpp: { type: "string" },
  },
});
const root = join(import.meta.dir, "../..");
const { threads } = values;
const side = Number(values.side);

/** One run of one engine; times are of a step. */
export interface Run {
  seconds: number;
  processor: number;
  peak: number;
  latents: Float32Array;
  /** Products with their additions in a step. */
  operations?: number;
  kernels?: string;
}

/** The runs of one engine on one transformer; or why there are none. */
export interface Row extends Omit<Engine, "command" | "preload"> {
  family: Family;
  runs: Run[];
}

/** What other engines load, beside the weights; made once. */
async function graphOf(python: string, family: Family, folder: string) {
  const name = `graph-${side}`;
  if (existsSync(join(folder, `${name}.xml`))) return { name };
  try {
    await run([python, join(import.meta.dir, "graph.py"), family, folder, name], "");
  } catch (error) {
    return { absent: `the exporter: ${(error as Error).message.trim().split("\n").at(-1)}` };
  }
  return { name };
}

/** For stable-diffusion.cpp: the authors' names, and plain numbers. */
function writePlain(folder: string): void {
  if (!existsSync(join(folder, "authors.safetensors"))) writeAuthors(folder);
  using file = openSafetensors(join(folder, "inputs.safetensors"));
  for (const name of ["noise", "text"]) {
    using tensor = file.take(name);
    writeFileSync(join(folder, `${name}.f32`), tensor.read("float32"));
  }
}

async function once({ command, preload }: Engine, out: string): Promise<Run | string> {
  const child = Bun.spawn(
    command.map((word) => (word === placeOfOut ? out : word)),
    {
      env: {
        ...process.env,
        ...{ EASEL_CPU_THREADS: threads, OMP_NUM_THREADS: threads, OPENBLAS_NUM_THREADS: threads },
        ...(preload && { LD_PRELOAD: preload }),
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [text, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) {
    console.error(errors);
    return errors.trim().split("\n").at(-1)!;
  }
  const told = JSON.parse(text.trim().split("\n").at(-1)!) as Omit<Run, "latents">;
  const steps = sigmas.length - 1;
  const latents = new Float32Array(new Uint8Array(readFileSync(out)).buffer);
  return { ...told, seconds: told.seconds / steps, processor: told.processor / steps, latents };
}

async function bench(family: Family): Promise<Row[]> {
  const folder = join(values.folder, `easel-bench-${family}`);
  await prepare(family, folder, side, sigmas);
  if (family === "flux2") writePlain(folder);
  const places = { family, folder, python, blas, stableDiffusion: cpp, threads, side };
  const engines = enginesOf({ ...places, graph: await graphOf(python, family, folder) });
  const wanted = engines.filter(({ numbers }) => values.only === undefined || numbers === values.only);
  const rows = wanted.map((engine): [Row, Engine] => [{ ...engine, family, runs: [] }, engine]);
  const out = join(folder, "latents.f32");
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [row, engine] of rows) {
      if (row.absent !== undefined) continue;
      const made = await once(engine, out);
      if (typeof made === "string") row.absent = made;
      else row.runs.push(made);
      const time = row.runs.at(-1)?.processor.toFixed(3);
      console.error(family, row.numbers, row.engine, row.absent ?? time);
    }
  rmSync(out, { force: true });
  return rows.map(([row]) => row);
}

await buildNative();
const blas = await openBlas();
const python = values.python ?? (await environment());
const cpp = values.sdcpp ? { side: values.sdcpp } : await stableDiffusion(python);
const peaks = await peak(threads);
const path = join(root, "docs/bench/peers-diffusion.md");
const rows: Row[] = [];
for (const family of positionals.length > 0 ? positionals : Object.keys(transformers)) {
  if (!(family in transformers))
    throw new Error(`no such transformer: ${family}. There are ${Object.keys(transformers).join(", ")}`);
  rows.push(...(await bench(family as Family)));
  const processor = cpus()[0]?.model.trim() ?? "";
  await Bun.write(path, page(rows, { processor, threads, side, load: loadavg()[0]!, peaks }));
  await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${path}`.quiet().nothrow();
}
console.log(readFileSync(path, "utf8"));
