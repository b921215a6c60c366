/**
 * What a step of FLUX.2 klein 4B costs by its number of tokens, one block of each kind. Attention of the same shapes is measured
 * alone and subtracted: the rest should grow as the tokens do.
 *
 *     bun bench/flux2/tokens.ts [--rounds 3] [--folder /tmp/easel-bench-flux2]
 *
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  clearCache,
  evaluate,
  openLibrary,
  random,
  saveSafetensors,
  scope,
  Tensor,
} from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { buildNative } from "../../scripts/build/native.ts";
import { attention } from "../../src/nn/attention.ts";
import { figures } from "../beside-mflux.ts";
import { median, spread } from "../statistics.ts";
import { makeTransformer } from "../transformers.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "3" },
    folder: { type: "string", default: join(tmpdir(), "easel-bench-flux2") },
  },
});
const { folder } = values;
const [text, heads, channels, blocks, steps] = [512, 24, 128, 2, 4];
const sides = [256, 384, 512, 768];

await buildNative();
await makeTransformer("flux2/klein-4b", folder);
openLibrary(join(await nativeFolder({ usual: "" }), library));

const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Processor seconds of one attention, the median of five. */
function attentionAlone(tokens: number): number {
  const taken: number[] = [];
  scope(() => {
    const [q, k, v] = [1, 2, 3].map((seed) => random.normal([1, heads, tokens, channels], random.key(seed)));
    evaluate(q!, k!, v!);
    for (let i = 0; i < 5; i++) {
      const begun = processor();
      scope(() => evaluate(attention(q!, k!, v!, channels ** -0.5)));
      taken.push(processor() - begun);
    }
  });
  clearCache();
  return median(taken);
}

async function step(side: number): Promise<number> {
  scope(() =>
    saveSafetensors(join(folder, "inputs.safetensors"), {
      noise: random.normal([128, side / 16, side / 16], random.key(1)),
      text: random.normal([text, 7680], random.key(2)),
      sigmas: Tensor.from(Float32Array.from([1, 0.9, 0.7, 0.4, 0])),
    }),
  );
  const out = join(folder, "latents.f32");
  const ours = join(import.meta.dir, "our_side.ts");
  const { processor: used } = await figures<{ processor: number }>([process.execPath, ours, folder, out]);
  return used / steps;
}

const whole = sides.map((): number[] => []);
const alone = sides.map((): number[] => []);
for (let round = 0; round < Number(values.rounds); round++)
  for (const [at, side] of sides.entries()) {
    whole[at]!.push(await step(side));
    alone[at]!.push(blocks * attentionAlone(text + (side / 16) ** 2));
  }

console.log("| side | tokens | processor s a step | of it attention | the rest | the rest for 1000 tokens |");
console.log("| ---- | ------ | ------------------ | --------------- | -------- | ------------------------ |");
for (const [at, side] of sides.entries()) {
  const tokens = text + (side / 16) ** 2;
  const rest = whole[at]!.map((seconds, round) => seconds - alone[at]![round]!);
  const perThousand = rest.map((seconds) => (1000 * seconds) / tokens);
  const row = [side, tokens, spread(whole[at]!), spread(alone[at]!), spread(rest), spread(perThousand)];
  console.log(`| ${row.join(" | ")} |`);
}
