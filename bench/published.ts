/**
 * A model of the published sizes with random weights, as a folder in the published layout: for measures of memory and time.
 *
 *     bun bench/published.ts flux2/klein-4b FOLDER [--blocks 1] [--only transformer]
 *
 * With `--blocks`, the transformer has so many blocks of each kind. The tokenizer is that of the tests. Layers of the text encoder
 * that are never read are left out.
 *
 * @module
 */
import { closeSync, cpSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Pipeline } from "../src/models/diffusion/memory.ts";
import { published as flux2 } from "../src/models/flux2/memory.ts";
import { published as zimage } from "../src/models/zimage/memory.ts";
import type { TensorTable } from "../src/weights/tensor-table.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { blocks: { type: "string", default: "1000" }, only: { type: "string" } },
});
const [model, folder] = positionals as [string, string];
const blocks = Number(values.blocks);

interface Published {
  pipeline: Pipeline;
  /** Layers of the text encoder that are read. */
  layers: number;
  fixture: string;
  configs: Record<string, object>;
}

const encoder = {
  head_dim: 128,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  num_hidden_layers: 36,
  vocab_size: 151_936,
};
const small = { ...encoder, hidden_size: 2560, intermediate_size: 9728 };
const large = { ...encoder, hidden_size: 4096, intermediate_size: 12_288 };

const models: Record<string, () => Published> = {
  "flux2/klein-4b": () => ({
    pipeline: flux2("4B"),
    layers: 27,
    fixture: "flux2",
    configs: { text_encoder: small, vae: {} },
  }),
  "flux2/klein-9b": () => ({
    pipeline: flux2("9B"),
    layers: 27,
    fixture: "flux2",
    configs: { text_encoder: large, vae: {} },
  }),
  "zimage/turbo": () => ({
    pipeline: zimage(),
    layers: 35,
    fixture: "zimage",
    configs: { text_encoder: small, vae: { scaling_factor: 0.3611, shift_factor: 0.1159 } },
  }),
};
const made = models[model]?.();
if (!made) throw new Error(`there is ${Object.keys(models).join(", ")}`);

/** Normal numbers in bfloat16, of which each tensor takes another run: engines keep equal tensors once. */
const pool = new Uint16Array(2 ** 24);
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
for (let i = 0; i < pool.length; i++) {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  float[0] = 0.02 * radius * Math.cos(2 * Math.PI * Math.random());
  pool[i] = bits[0]! >>> 16;
}
const one = new Uint16Array(2 ** 16).fill(0x3f80);

function write(path: string, table: TensorTable): void {
  const entries = [...table];
  let at = 0;
  const header = Object.fromEntries(
    entries.map(([name, { shape }]) => {
      const begin = at;
      at += 2 * shape.reduce((a, b) => a * b, 1);
      return [name, { dtype: "BF16", shape, data_offsets: [begin, at] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  writeSync(file, length);
  writeSync(file, text);
  for (const [place, [name, { shape }]] of entries.entries()) {
    const source =
      shape.length === 1 && /norm|running_var|cap_embedder\.0/.test(name) && !name.endsWith("bias")
        ? one
        : pool;
    let from = (place * 100_003) % source.length;
    for (let left = shape.reduce((a, b) => a * b, 1); left > 0; ) {
      const count = Math.min(left, source.length - from);
      writeSync(file, source.subarray(from, from + count));
      left -= count;
      from = 0;
    }
  }
  closeSync(file);
}

const { pipeline, layers, fixture, configs } = made;
const read = (table: TensorTable): TensorTable =>
  new Map([...table].filter(([name]) => Number(/layers\.(\d+)\./.exec(name)?.[1] ?? 0) < layers));
const few = (table: TensorTable): TensorTable =>
  new Map(
    [...table].filter(([name]) => Number(/(?:blocks|layers|refiner)\.(\d+)\./.exec(name)?.[1] ?? 0) < blocks),
  );
const counted = (table: TensorTable, name: string) =>
  new Set([...table.keys()].flatMap((key) => (key.startsWith(`${name}.`) ? key.split(".")[1]! : []))).size;
const transformer = few(pipeline.transformer);
const parts: Record<string, TensorTable> = {
  transformer,
  text_encoder: read(pipeline.textEncoder),
  vae: pipeline.vae,
};
/** What diffusers wants to know of the transformer. */
const sizes = model.startsWith("flux2")
  ? {
      num_layers: counted(transformer, "transformer_blocks"),
      num_single_layers: counted(transformer, "single_transformer_blocks"),
      num_attention_heads: transformer.get("x_embedder.weight")!.shape[0]! / 128,
      joint_attention_dim: transformer.get("context_embedder.weight")!.shape[1]!,
      guidance_embeds: false,
    }
  : { n_layers: counted(transformer, "layers"), n_refiner_layers: counted(transformer, "noise_refiner") };
for (const [part, table] of Object.entries(parts)) {
  if (values.only !== undefined && part !== values.only) continue;
  mkdirSync(join(folder, part), { recursive: true });
  const name = part === "text_encoder" ? "model" : "diffusion_pytorch_model";
  write(join(folder, part, `${name}.safetensors`), table);
  writeFileSync(
    join(folder, part, "config.json"),
    JSON.stringify(part === "transformer" ? sizes : (configs[part] ?? {})),
  );
}
cpSync(join(import.meta.dir, `../test/fixtures/${fixture}/model/tokenizer`), join(folder, "tokenizer"), {
  recursive: true,
});
