/**
 * All extras of one picture, beside the same files by NumPy, SciPy, trimesh, OpenEXR and Pillow. Each run is a process of its own and
 * the two take turns. Writes `docs/bench/depth-things.md`.
 *
 *     PYTHON=python3 bun bench/depth-things/main.ts [--pairs 5] [--megapixels 12] [--folder /tmp/easel-bench]
 *
 * Needs Python with `bench/depth-things/requirements.txt`.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { spread } from "../statistics.ts";
import { scene } from "./scene.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    pairs: { type: "string", default: "5" },
    megapixels: { type: "string", default: "12" },
    folder: { type: "string", default: join(tmpdir(), "easel-bench") },
  },
});
const width = Math.round(Math.sqrt((Number(values.megapixels) * 1e6 * 4) / 3));
const height = Math.round((width * 3) / 4);
const folder = join(values.folder, "depth-things");
mkdirSync(folder, { recursive: true });
const { pixels, depth } = scene(width, height);
await Bun.write(join(folder, "picture.rgb"), pixels);
await Bun.write(join(folder, "depth.f32"), depth);

interface Side {
  seconds: number;
  /** Processor time, over all threads. */
  cpu: number;
  /** Largest memory above what the inputs take. */
  peak: number;
}

async function run(command: readonly string[], out: string): Promise<Side> {
  const child = Bun.spawn([...command, folder, String(width), String(height), join(folder, out)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
  return JSON.parse(text.trim().split("\n").at(-1)!) as Side;
}

const load = loadavg()[0]!;
const ours: Side[] = [];
const theirs: Side[] = [];
for (let i = 0; i < Number(values.pairs); i++) {
  ours.push(await run([process.execPath, join(import.meta.dir, "our_side.ts")], "ours"));
  theirs.push(await run([process.env.PYTHON ?? "python3", join(import.meta.dir, "numpy_side.py")], "theirs"));
  console.error(`ours ${ours.at(-1)!.seconds.toFixed(2)} s, NumPy ${theirs.at(-1)!.seconds.toFixed(2)} s`);
}

const row = (name: string, value: (side: Side) => number) =>
  `| ${[name, spread(ours.map(value)), spread(theirs.map(value)), spread(ours.map((side, i) => value(side) / value(theirs[i]!)))].join(" | ")} |`;

const page = join(import.meta.dir, "../../docs/bench/depth-things.md");
await Bun.write(
  page,
  `# Speed and memory of what is made from depth

Ours beside NumPy and trimesh, all files of a 12-megapixel picture. A ratio below 1 means that we are ahead.

|                 | ours | NumPy and trimesh | ratio |
| --------------- | ---- | ----------------- | ----- |
${row("seconds", ({ seconds }) => seconds)}
${row("processor seconds", ({ cpu }) => cpu)}
${row("memory, GB", ({ peak }) => peak / 1e9)}

## Method

Written by \`bun bench/depth-things/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]!.model.trim()}, ${cpus().length} threads; the
machine's load was ${load.toFixed(1)} before it began. One picture of ${width}×${height} and its depth map: mesh, points, normals, EXR, stereo
pair and anaglyph together, from the arrays to the files' bytes. The peer makes the same files with NumPy, SciPy, trimesh, OpenEXR
and Pillow (\`numpy_side.py\`); its mesh has half the resolution and is not simplified. Each run is a process of its own and the two take
turns, so compilation counts. Medians, with the least and the largest in brackets; a ratio is ours / the peer's within a pair, so
below 1 we are ahead. Memory is the largest resident size above what the process had with the inputs read.
`,
);
await Bun.$`${join(import.meta.dir, "../../node_modules/.bin/biome")} format --write ${page}`.quiet();
