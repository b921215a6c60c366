/**
 * Products with matrices of 8 and 4 bits, and whole steps of transformers that have them: sums of integers beside products of floats,
 * and of bfloat16 where the processor has an instruction for those. Writes `docs/bench/few-bits.md`.
 *
 *     bun bench/few-bits/main.ts [--rounds 7] [--threads 2] [--flux2 FOLDER] [--zimage FOLDER] [products sets steps]
 *
 * A part that is named is measured alone, and the page holds no other. The folders get weights of the published width, one block of each
 * kind, unless they hold some.
 *
 * @module
 */
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  clearCache,
  evaluate,
  hasBfloat16,
  hasInteger,
  kernels,
  openLibrary,
  quantize,
  quantizedLinear,
  random,
  scope,
} from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { denoise as denoiseFlux } from "../../src/models/flux2/denoise.ts";
import { loadTransformer as loadFlux } from "../../src/models/flux2/load.ts";
import { noise as noiseOfFlux } from "../../src/models/flux2/pictures.ts";
import { denoise } from "../../src/models/zimage/denoise.ts";
import { loadTransformer } from "../../src/models/zimage/load.ts";
import { noise } from "../../src/models/zimage/pictures.ts";
import { spread } from "../statistics.ts";
import { makeTransformer, transformers } from "../transformers.ts";
import { compileSets, timesOfSets } from "./sets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "2" },
    flux2: { type: "string", default: join(tmpdir(), "easel-bench-flux2") },
    zimage: { type: "string", default: join(tmpdir(), "easel-bench-zimage") },
  },
});
process.env.EASEL_CPU_THREADS = values.threads;
const rounds = Number(values.rounds);
const wanted = (part: string) => positionals.length === 0 || positionals.includes(part);
openLibrary(join(await nativeFolder({ usual: "" }), library), { device: "cpu" });
if (!hasInteger()) throw new Error("the kernels in use have no instruction for integers");

type Way = "float32" | "bfloat16" | "integer";
const ways: readonly Way[] = ["float32", ...(hasBfloat16() ? (["bfloat16"] as const) : []), "integer"];

/** Processor seconds, which other work on the machine touches less than it does wall time. */
function processor(body: () => void): number {
  const { user, system } = process.cpuUsage();
  body();
  const after = process.cpuUsage({ user, system });
  return (after.user + after.system) / 1e6;
}

/** The ways in turns, the first turn of each thrown away, as cells: each way's seconds, and what integers take of them within a round. */
function cells(run: (way: Way) => void): string[] {
  const times: Record<Way, number[]> = { float32: [], bfloat16: [], integer: [] };
  for (let round = 0; round <= rounds; round++)
    for (const way of ways) {
      const time = processor(() => run(way));
      if (round > 0) times[way].push(time);
    }
  const ratios = ways
    .slice(0, -1)
    .map((way) => spread(times.integer.map((time, i) => time / times[way][i]!)));
  return [...ways.map((way) => spread(times[way])), ...ratios];
}

const normal = (seed: number, ...shape: number[]) => random.normal(shape, random.key(seed));

/** Layers of the published networks: 1024 tokens of a picture of 512², and some of a text. */
const layers = [
  ["Z-Image, feed-forward", 1088, 3840, 10_240],
  ["Z-Image, attention", 1088, 3840, 3840],
  ["FLUX.2 klein 4B, feed-forward", 1536, 9216, 3072],
  ["Qwen-Image, feed-forward", 1024, 3072, 12_288],
] as const;

const products = (wanted("products") ? layers : []).flatMap(([name, m, k, n]) =>
  ([8, 4] as const).map((bits) =>
    scope(() => {
      const kind = { bits, groupSize: 64 } as const;
      const [x, weight] = [normal(1, m, k), quantize(normal(2, n, k), kind)];
      evaluate(x, weight.weight, weight.scales, weight.biases);
      const made = cells((way) => scope(() => evaluate(quantizedLinear(x, weight, kind, null, way))));
      const row = `| ${[name, `${m} × ${k} × ${n}`, bits, ...made].join(" | ")} |`;
      console.error(row);
      return row;
    }),
  ),
);

const sets: string[][] = [];
const program = wanted("sets") ? await compileSets() : undefined;
if (program !== undefined)
  for (const [name, m, k, n] of layers)
    for (const bits of [8, 4]) {
      const times = await timesOfSets(program, [m, k, n, bits, rounds]);
      if (sets.length === 0) sets.push([...times.keys()]);
      sets.push([
        name,
        `${m} × ${k} × ${n}`,
        String(bits),
        ...[...times.values()].map((list) => spread(list)),
      ]);
      console.error(sets.at(-1)!.join(" | "));
    }

const text = (tokens: number, width: number) => ({
  data: normal(3, tokens, width).read("float32") as Float32Array<ArrayBuffer>,
  tokens,
});
const size = { width: 256, height: 256 };
const half = [1, 0.5];

/** One step at 256². The transformers of all ways are in memory. */
function step(family: "flux2" | "zimage", bits: 8 | 4): string {
  const made = (way: Way): { step(): void; [Symbol.dispose](): void } => {
    const how = { bits, products: way === "integer" ? "float32" : way, quantizedProducts: way } as const;
    if (family === "flux2") {
      const transformer = loadFlux([values.flux2], how);
      const positive = text(512, transformer.config.text);
      const start = noiseOfFlux(size, transformer.config.channels, 7);
      const step = () =>
        denoiseFlux({
          transformer,
          sigmas: half,
          start,
          references: [],
          positive,
          guidance: 1,
          step: clearCache,
        });
      return { step, [Symbol.dispose]: () => transformer[Symbol.dispose]() };
    }
    const transformer = loadTransformer([values.zimage], how);
    const positive = text(64, transformer.config.caption);
    const start = noise(size, transformer.config.patch / 4, 7);
    const step = () => denoise({ transformer, sigmas: half, start, positive, guidance: 1, step: clearCache });
    return { step, [Symbol.dispose]: () => transformer[Symbol.dispose]() };
  };
  using all = new DisposableStack();
  const steps = Object.fromEntries(ways.map((way) => [way, all.use(made(way))])) as Record<
    Way,
    ReturnType<typeof made>
  >;
  const row = `| ${[family === "flux2" ? "FLUX.2 klein 4B" : "Z-Image", bits, ...cells((way) => steps[way].step())].join(" | ")} |`;
  console.error(row);
  return row;
}

if (wanted("steps")) {
  await makeTransformer(transformers.flux2.model, values.flux2);
  await makeTransformer(transformers.zimage.model, values.zimage);
}
const families = ["zimage", "flux2"] as const;
const steps = (wanted("steps") ? families : []).flatMap((family) =>
  ([8, 4] as const).map((bits) => step(family, bits)),
);

const table = (title: string, head: readonly string[], rows: readonly string[]) =>
  rows.length === 0
    ? ""
    : `## ${title}

| ${head.join(" | ")} |
|${"---|".repeat(head.length)}
${rows.join("\n")}

`;
const heads = [...ways.map((way) => `${way}, s`), ...ways.slice(0, -1).map((way) => `integer / ${way}`)];
const layer = ["layer", "rows × depth × columns", "bits"];

const page = `# Few bits on a processor

What \`cpu_quantized\` chooses between: \`float\` unpacks the weights of 8 or 4 bits on the way to products of what \`cpu_precision\` says, float32
or bfloat16; \`integer\` rounds the rows to 8 bits, with a scale for each group of 64 numbers, and adds integers.
[precision.md](precision.md) says how far pictures are apart.

${table("Products", [...layer, ...heads], products)}${table(
  "Instructions for integers",
  [...layer, ...(sets[0] ?? []).map((set) => `${set}, s`)],
  sets.slice(1).map((row) => `| ${row.join(" | ")} |`),
)}${table("Steps, at 256², of transformers of the published width with few blocks", ["transformer", "bits", ...heads], steps)}## Method

Written by \`bun bench/few-bits/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, ${values.threads} ${values.threads === "1" ? "thread" : "threads"}, instruction set ${kernels()}, with a load of
${loadavg()[0]!.toFixed(1)} at the end. Seconds are of the processor, of all threads. The ways take turns in one process; ${rounds} rounds each. Medians, with the least and the
largest in brackets; a ratio is taken within a round, and below 1 integers are ahead.

AVX2, AVX-VNNI and AVX512_VNNI are each timed alone by \`bench/few-bits/sets.cpp\`, on the same kernels; with avx512 the kernels take
AVX512_VNNI, with avx2 AVX-VNNI, or AVX2's own instructions where that is lacking. AMX's tiles of bytes are tested with the instruction written
out in C++ (\`test/mlx-shim/integer.cpp\`, \`tools/kernels/tiles.h\`), and Arm's SDOT and USMMLA in QEMU: they are still to be timed. On whole
numbers all of them give the same bits, and those of x64 on any numbers. On AMX \`auto\` stays with bfloat16: of its tiles' sums of integers each
group has to be scaled by AVX-512, which takes as long as the tiles gain.
`;
const path = join(import.meta.dir, "../../docs/bench/few-bits.md");
await Bun.write(path, page);
await Bun.$`${join(import.meta.dir, "../../node_modules/.bin/biome")} format --write ${path}`
  .quiet()
  .nothrow();
console.log(page);
