/**
 * Ways to make a picture in less time, each alone: how much processor time they spare, and how far the picture moves. And the memory of
 * both prompts at once and one after the other, beside the plan. Writes `docs/bench/qwen-quick.md`.
 *
 *     PYTHON=python3 bun bench/qwen/quick.ts [--folder /tmp/easel-bench-qwen] [--side 256] [--steps 24] [--rounds 3]
 *
 * Needs Python with `test/reference/requirements-mflux.txt` where the folder has no weights yet.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { clearCache, memory, openLibrary, resetPeak } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { StepCache } from "../../src/models/diffusion/step-cache.ts";
import type { Text, Tokens } from "../../src/models/diffusion/tokens.ts";
import { decode, denoise, noise } from "../../src/models/qwen-image/diffusion.ts";
import { loadModulator, loadSchedule, loadTransformer, loadVae } from "../../src/models/qwen-image/load.ts";
import { footprint, published, transformerOf } from "../../src/models/qwen-image/memory.ts";
import type { Modulation } from "../../src/models/qwen-image/modulation.ts";
import { sigmas } from "../../src/models/qwen-image/schedule.ts";
import { openSafetensors } from "../../src/weights/safetensors-file.ts";
import { partTable } from "../../src/weights/tensor-table.ts";
import { median, spread } from "../statistics.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string", default: join(tmpdir(), "easel-bench-qwen") },
    side: { type: "string", default: "256" },
    steps: { type: "string", default: "24" },
    rounds: { type: "string", default: "3" },
  },
});
const [side, steps, rounds] = [values.side, values.steps, values.rounds].map(Number) as [
  number,
  number,
  number,
];
const tiny = join(import.meta.dir, "../../test/fixtures/qwen/image");
if (!existsSync(join(values.folder, "texts.safetensors"))) {
  const python = process.env.PYTHON ?? "python3";
  const made = Bun.spawn([python, join(import.meta.dir, "make.py"), values.folder], { stderr: "inherit" });
  if ((await made.exited) !== 0) throw new Error("the weights could not be made");
}
openLibrary(join(await nativeFolder({ usual: "" }), library));

const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

interface Network {
  name: string;
  folder: string;
  texts: [Text, Text];
  /** How fast the weights' answer to the amount of noise changes: 1 is as they were drawn. */
  pace: number;
}

const numbers = (count: number, seed: number) => noise({ width: 16 * count, height: 16 }, 1, seed).data;
const tinyText = (tokens: number, seed: number): Text => ({ data: numbers(64 * tokens, seed), tokens });
function drawnTexts(folder: string): [Text, Text] {
  using file = openSafetensors(join(folder, "texts.safetensors"));
  const text = (name: string): Text => {
    using tensor = file.take(name);
    return { data: tensor.read("float32") as Text["data"], tokens: tensor.shape[0]! };
  };
  return [text("positive"), text("negative")];
}
const networks: Network[] = [1, 0.02].flatMap((pace): Network[] => [
  { name: "tiny, 2 blocks of width 128", folder: tiny, texts: [tinyText(40, 3), tinyText(7, 4)], pace },
  { name: "mid-size, 8 blocks of width 1024", folder: values.folder, texts: drawnTexts(values.folder), pace },
]);

interface Way {
  name: string;
  threshold?: number;
  interval?: [number, number];
}
const ways: Way[] = [
  { name: "nothing" },
  { name: "guidance_interval: [0, 0.6]", interval: [0, 0.6] },
  ...[0.1, 0.3, 0.8].map((threshold) => ({ name: `step_cache: ${threshold}`, threshold })),
];

interface Made {
  seconds: number;
  reused: number;
  picture: Uint8Array;
}

const all = sigmas(steps, side ** 2 / 256, loadSchedule([tiny]));
using vae = loadVae([tiny]);

function measured({ name, folder, texts: [positive, negative], pace }: Network): string[] {
  using transformer = loadTransformer([folder]);
  using modulator = loadModulator([folder]);
  const modulation: Modulation = modulator.forward(all.slice(0, -1).map((sigma) => pace * sigma));
  const start: Tokens = noise({ width: side, height: side }, 64, 1);
  const run = ({ threshold, interval }: Way): Made => {
    using cache = threshold === undefined ? undefined : new StepCache(threshold);
    const before = processor();
    const clean = denoise({
      ...{
        transformer,
        sigmas: all,
        modulation,
        start,
        references: [],
        positive,
        negative,
        guidance: 4,
        batch: true,
      },
      ...(interval && { interval }),
      cache,
    });
    const seconds = processor() - before;
    return { seconds, reused: cache?.reused ?? 0, picture: decode(vae, clean, { tile: 1024, overlap: 64 }) };
  };
  console.error(name, `pace ${pace}`);
  // In turns, so that what else the machine does falls on all alike.
  const found = Array.from({ length: rounds }, () => ways.map(run));
  return ways.map((way, i) => {
    const [usual, own] = [found[0]![0]!.picture, found[0]![i]!];
    const off = own.picture.map((value, j) => Math.abs(value - usual[j]!));
    const mean = off.reduce((sum, value) => sum + value, 0) / off.length;
    const ratio = found.map((each) => each[0]!.seconds / each[i]!.seconds);
    return `| ${way.name} | ${own.reused} of ${steps} | ${spread(ratio)} | ${mean.toFixed(2)} | ${off.reduce((a, b) => Math.max(a, b), 0)} |`;
  });
}

/** Bytes of the steps beside the plan's, both prompts at once and one after the other. */
function memoryRows({ name, folder, texts: [positive, negative] }: Network): string[] {
  using transformer = loadTransformer([folder]);
  using modulator = loadModulator([folder]);
  const two = sigmas(2, side ** 2 / 256, loadSchedule([tiny]));
  const modulation = modulator.forward(two.slice(0, -1));
  const size = { ...published, transformer: transformerOf(partTable([folder], "transformer")!) };
  return [true, false].map((batch) => {
    const peaks = Array.from({ length: rounds }, () => {
      clearCache();
      const { active } = memory();
      resetPeak();
      denoise({
        ...{ transformer, sigmas: two, modulation, positive, negative, guidance: 4, batch, references: [] },
        start: noise({ width: side, height: side }, 64, 1),
      });
      return (memory().peak - active) / 2 ** 20;
    });
    const job = { bits: null, pixels: side ** 2, steps: 2, references: 0, referencePixels: 0, tile: 1024 };
    const planned = footprint({ ...job, batch }, size, 4).denoise / 2 ** 20;
    const share = (median(peaks) / planned).toFixed(2);
    return `| ${name} | ${batch ? "at once" : "one after the other"} | ${spread(peaks, 0)} | ${planned.toFixed(0)} | ${share} |`;
  });
}

const head = [
  "| way | steps reused | processor time, ratio | picture apart, mean levels | most |",
  "| --- | --- | --- | --- | --- |",
];
const sections = networks.map((network) =>
  [
    `### ${network.name}, ${network.pace === 1 ? "weights as drawn" : "slow in time"}`,
    "",
    ...head,
    ...measured(network),
  ].join("\n"),
);
const page = `# Qwen-Image in less time

Each way alone, against the same run without it. A ratio above 1 means that it takes less processor time.

${sections.join("\n\n")}

## Memory of the steps

| network | prompts | measured, MiB | planned, MiB | share |
| ------- | ------- | ------------- | ------------ | ----- |
${networks.slice(0, 2).flatMap(memoryRows).join("\n")}

The plan counts a text of 1100 tokens, the longest; the measured texts have at most 80, so the steps take far less than the plan.

## What random weights can tell

The ratios carry over: they are the share of blocks that do not run. The differences do not. Weights as drawn answer to the amount of noise with all
frequencies of its encoding, so that one step says little about the next, and thresholds that trained networks use reuse nothing. Trained
networks answer slowly. "Slow in time" shows the amount of noise to the same weights at a fiftieth of its pace, which stands for that;
how slow a trained network is, and how much its pictures change at a threshold, only its weights can say. Look at your own pictures before you
use a threshold above 0.1.

## Method

Written by \`bun bench/qwen/quick.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, load ${loadavg()[0]!.toFixed(1)} on ${cpus().length} processors.
${side}² pixels, ${steps} steps, guidance 4 with both prompts at once, ${rounds} rounds in turns: medians, with the least and the largest in brackets. The pictures of both networks are drawn
by the tiny picture coder of \`test/fixtures/qwen\`.
`;
await Bun.write(join(import.meta.dir, "../../docs/bench/qwen-quick.md"), page);
console.log(page);
