/**
 * How far networks are from float32 when products on AMX's tiles take three products of bfloat16 instead of six, and where. The tiles are
 * written out in C++, so that any processor with AVX512_BF16 makes the page. Writes `docs/bench/terms.md`.
 *
 *     bun bench/terms/main.ts [FOLDER of weights that bench/depth/make.py made …] [--closer] [--depth-pro]
 *
 * --closer adds each of them with larger queries, --depth-pro a Depth Pro that is wider than the tests'.
 *
 * A network takes minutes, so finished rows are kept in `.cache/terms/rows.json`: remove it when kernels have changed.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { type Rule, withTiles } from "./library.ts";
import { sharper, wider } from "./networks.ts";

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: { closer: { type: "boolean", default: false }, "depth-pro": { type: "boolean", default: false } },
});
const root = join(import.meta.dir, "../..");
const none: Rule = { plain: false, ended: false, convolutions: false, attention: false };
const rules: Record<string, Rule | undefined> = {
  plain: { ...none, plain: true },
  ended: { ...none, ended: true },
  convolutions: { ...none, convolutions: true },
  attention: { ...none, attention: true },
  everywhere: { plain: true, ended: true, convolutions: true, attention: true },
  own: undefined,
};
const libraries = new Map<string, string>();
/** Compiled when the first network needs them. */
async function compiled(): Promise<void> {
  if (libraries.size > 0) return;
  for (const [name, rule] of Object.entries(rules)) libraries.set(name, await withTiles(name, rule));
}

const work = mkdtempSync(join(tmpdir(), "easel-terms-"));
function depth(library: string, set: string, folder: string): Float32Array {
  const out = join(work, "depth");
  const command = [process.execPath, join(import.meta.dir, "side.ts"), library, set, folder, out];
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return new Float32Array(readFileSync(out).slice().buffer);
}

/** The largest difference, as a share of the largest value. */
function apart(exact: Float32Array, other: Float32Array): string {
  let [most, largest] = [0, 0];
  for (let i = 0; i < exact.length; i++) {
    most = Math.max(most, Math.abs(exact[i]! - other[i]!));
    largest = Math.max(largest, Math.abs(exact[i]!));
  }
  if (!(largest > 0)) throw new Error("the map is empty");
  return (most / largest).toExponential(1);
}

const kept = Bun.file(join(root, ".cache/terms/rows.json"));
const done: Record<string, string> = (await kept.exists()) ? await kept.json() : {};
const rows: string[] = [];
try {
  const networks: [string, string][] = [];
  for (const folder of folders) {
    networks.push([basename(folder), folder]);
    if (!values.closer) continue;
    const closer = join(work, `${basename(folder)}-closer`);
    sharper(folder, closer, 8);
    networks.push([`${basename(folder)}, queries 8 times as large`, closer]);
  }
  if (values["depth-pro"]) {
    const wide = join(work, "depth-pro");
    wider(join(root, "test/fixtures/depth/depth-pro-hf"), wide, 12);
    networks.push(["Depth Pro, 12 times as wide as the tests'", wide]);
  }
  for (const [name, folder] of networks) {
    const before = done[name];
    if (before !== undefined) {
      rows.push(before);
      continue;
    }
    await compiled();
    const exact = depth(libraries.get("own")!, "avx512", folder);
    const six = apart(exact, depth(libraries.get("own")!, "amx_float32", folder));
    const three = [...libraries.values()].map((library) => apart(exact, depth(library, "amx", folder)));
    rows.push(`| ${[name, six, ...three].join(" | ")} |`);
    done[name] = rows.at(-1)!;
    await Bun.write(kept, JSON.stringify(done));
    console.error(rows.at(-1));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

const page = `# Three products instead of six

A number of float32 is two parts of bfloat16 and a rest of at most 2⁻¹⁸ of it, or exactly three parts. On AMX's tiles a product of two
numbers is six products of parts, with the accuracy of float32, or three, with an error of about 2⁻¹⁶. How far whole networks are from
float32 by AVX-512 decides which are taken where: the largest difference of a depth map, as a share of its largest value.

| network | six everywhere | three in plain products | three in ended products | three in convolutions | three in attention | three everywhere | as the kernels do |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}

The goal is 1e-4. The kernels for \`amx\` take three:

| op | products of bfloat16 | why |
|---|---|---|
| products that an activation or a residual follows: the feed-forward layers, and the output of attention | 3 | below the goal |
| plain products: queries, keys and values | 6 | a softmax raises the errors of its scores to a power |
| convolutions by Winograd, from 192 channels to 192 | 3 | far below the goal |
| attention | 6 | the same: trained networks have scores of tens, which random weights with larger queries come closer to |

\`EASEL_CPU_KERNELS=amx_float32\`, or \`cpu_precision: float32\`, takes six everywhere. \`/ready\` and \`easel check\` name the kernels that run.
The rule is in \`kernels/amx.cpp\`.

## Method

Written by \`bun bench/terms/main.ts\` on ${cpus()[0]!.model.trim()}. It has no AMX: the tiles' instructions are written out in C++
(\`tools/kernels/tiles.h\`), with the order of their sums as Intel documents it, and everything else is the kernels as they are. Their times are
still to be measured. Weights are random, the picture is of 1024×768 and reaches the networks with 266 pixels on its short side (476 tokens).
`;
const path = join(root, "docs/bench/terms.md");
await Bun.write(path, page);
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${path}`.quiet().nothrow();
console.log(page);
