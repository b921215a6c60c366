/**
 * The depth networks beside PyTorch, ONNX Runtime and OpenVINO: the same random weights, input and threads, each run in a process of its
 * own, in turns. Installs the engines into an environment of its own, and writes `docs/bench/peers.md`.
 *
 *     bun bench/peers/main.ts [--rounds 3] [--threads 2] [--folder /tmp/easel-bench] [--python PYTHON] [v2-small v2-base v2-large depth-pro …]
 *
 * Needs Python with venv, and a C++ compiler for the processor's peak; `perf` for where the time of the first network goes. `--python` names an environment that has
 * `bench/peers/requirements.txt` already.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../../scripts/build/run.ts";
import { peak } from "../kernels/peak.ts";
import { page } from "./page.ts";
import { type Profile, profile } from "./profile.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    folder: { type: "string", default: join(tmpdir(), "easel-bench") },
    python: { type: "string" },
  },
});
const here = import.meta.dir;
const root = join(here, "../..");
const depth = join(here, "../depth");

/** Short side of the network's picture. */
const sides = { "v2-small": 518, "v2-base": 518, "v2-large": 518, "depth-pro": 1536 } as const;
type Network = keyof typeof sides;

/** One run of one engine. */
export interface Run {
  seconds: number;
  cpu: number;
  peak: number;
  output: Float32Array;
  kernels?: string;
  operations?: number;
}

/** The runs of one engine on one network; or why there are none. */
export interface Row {
  network: string;
  engine: string;
  runs: readonly Run[];
  absent?: string;
}

/** The environment of the engines, made once. */
async function environment(): Promise<string> {
  if (values.python !== undefined) return values.python;
  const folder = join(root, ".cache/peers");
  const python = join(folder, "bin/python");
  const requirements = join(here, "requirements.txt");
  const mark = join(folder, ".requirements");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return python;
  rmSync(folder, { recursive: true, force: true });
  await run(["python3", "-m", "venv", folder], "python3 with venv is needed: `apt install python3-venv`");
  await run([python, "-m", "pip", "install", "--quiet", "-r", requirements], "pip is needed");
  await Bun.write(mark, wanted);
  return python;
}

/** Makes weights and what the engines load, unless they are there. */
async function prepared(python: string, network: Network): Promise<string> {
  const folder = join(values.folder, network);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, "picture.rgb")))
    await run([python, join(depth, "make.py"), network, folder], "");
  if (!existsSync(join(folder, "model.xml")))
    await run([python, join(here, "export.py"), folder, String(sides[network])], "");
  return folder;
}

/** `precision`: of our side, where it is not the usual one. */
interface Engine {
  command: readonly string[];
  precision?: string;
}

type Told = Omit<Run, "seconds" | "cpu" | "output"> & { seconds: number[]; cpu: number[]; absent?: string };

async function once({ command, precision }: Engine, out: string): Promise<Run | string> {
  const own = { EASEL_CPU_THREADS: values.threads, OMP_NUM_THREADS: values.threads };
  const env = { ...process.env, ...own, ...(precision && { EASEL_CPU_PRECISION: precision }) };
  const child = Bun.spawn([...command, out], { env, stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
  const told = JSON.parse(text.trim().split("\n").at(-1)!) as Told;
  if (told.absent !== undefined) return told.absent;
  const output = new Float32Array(new Uint8Array(readFileSync(out)).buffer);
  return { ...told, seconds: Math.min(...told.seconds), cpu: Math.min(...told.cpu), output };
}

async function bench(python: string, network: Network): Promise<Row[]> {
  const folder = await prepared(python, network);
  const repeats = network === "depth-pro" ? "1" : "2";
  const peer = (engine: string) => ({
    command: [python, join(here, "side.py"), engine, folder, values.threads, repeats],
  });
  const [side, threads] = [String(sides[network]), values.threads];
  const ours = [process.execPath, join(depth, "our_side.ts"), folder, side, repeats];
  const engines: Record<string, Engine> = {
    "easel, float32": { command: ours, precision: "float32" },
    "OpenVINO, float32": peer("openvino"),
    "ONNX Runtime, float32": peer("onnxruntime"),
    "PyTorch, float32": { command: [python, join(depth, "torch_side.py"), folder, side, threads, repeats] },
    "easel, bfloat16": { command: ours, precision: "bfloat16" },
    "OpenVINO, bfloat16": peer("openvino-bf16"),
  };
  const rows = Object.keys(engines).map((engine) => ({ network, engine, runs: [] as Run[], absent: "" }));
  const out = join(values.folder, "output.f32");
  for (let round = 0; round < Number(values.rounds); round++)
    for (const row of rows) {
      if (row.absent) continue;
      const made = await once(engines[row.engine]!, out);
      if (typeof made === "string") row.absent = made;
      else row.runs.push(made);
      console.error(row.network, row.engine, row.absent || row.runs.at(-1)!.cpu.toFixed(2));
    }
  rmSync(out, { force: true });
  return rows.map(({ absent, ...row }) => ({ ...row, ...(absent && { absent }) }));
}

const python = await environment();
const peaks = await peak(values.threads);
const rows: Row[] = [];
const path = join(root, "docs/bench/peers.md");
let where: { network: string; kernels: string; parts: Profile } | undefined;
const wanted = positionals.length > 0 ? positionals : ["v2-small", "v2-base"];
for (const network of wanted) {
  if (!(network in sides))
    throw new Error(`no such network: ${network}. There are ${Object.keys(sides).join(", ")}`);
  rows.push(...(await bench(python, network as Network)));
  if (where === undefined) {
    const side = String(sides[network as Network]);
    const command = [process.execPath, join(depth, "our_side.ts"), join(values.folder, network), side, "6"];
    const parts = await profile(command, values.threads);
    const kernels = rows.flatMap(({ runs }) => runs).find((run) => run.kernels !== undefined)?.kernels ?? "";
    where = parts && { network, kernels, parts };
  }
  const machine = {
    processor: cpus()[0]?.model.trim() ?? "",
    threads: values.threads,
    load: loadavg()[0]!,
    peaks,
  };
  // After each network, for the long ones may be stopped.
  await Bun.write(path, page(rows, machine, where));
  await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${path}`.quiet().nothrow();
}
console.log(readFileSync(path, "utf8"));
