/**
 * The files of SeedVR2 as they are published: the transformer, the picture coder and the embedding of the one text it was
 * distilled with, side by side or in several folders.
 *
 * @module
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Dtype } from "../../../ffi/index.ts";
import { computeType } from "../../nn/device.ts";
import { network } from "../../nn/network.ts";
import type { Weights, WeightsOptions } from "../../nn/weights.ts";
import { Checkpoint } from "../../weights/checkpoint.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import type { QuantizedPlace } from "../../weights/quantized.ts";
import { transformerConfig } from "./config.ts";
import { Transformer } from "./transformer.ts";
import { Vae } from "./vae.ts";

export interface LoadOptions {
  bits?: WeightsOptions["bits"];
  dtype?: Dtype;
  /** Where quantized matrices are kept. */
  place?: QuantizedPlace | undefined;
  step?: (done: number, total: number) => void;
}

const vaeFile = /vae[^/]*\.safetensors$/i;
const textFile = /^pos_emb\.(pt|safetensors)$/;

/** Finds a file by its name in folders, or among paths that are files themselves. */
function find(paths: readonly string[], what: string, fits: (name: string) => boolean): string {
  const candidates = paths.flatMap((path) => {
    if (!existsSync(path)) return [];
    return statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  });
  const found = candidates.filter((path) => fits(basename(path))).sort();
  if (found.length === 0) throw new CheckpointError("SeedVR2", `${what} is not there`);
  return found[0]!;
}

function open(file: string): Checkpoint {
  return Checkpoint.open([file, dirname(file)]);
}

function loaded<T>(checkpoint: Checkpoint, options: LoadOptions, make: (weights: Weights) => T): T {
  const { bits = null, dtype = computeType(), step, place } = options;
  return network(checkpoint, { dtype, bits, place, ...(step && { step }) }, make);
}

/** `variant` is part of the file's name where a folder holds more than one network. */
export function loadTransformer(
  paths: readonly string[],
  variant: string,
  options: LoadOptions = {},
): { transformer: Transformer; bytes: number } {
  const isNetwork = (name: string) =>
    name.endsWith(".safetensors") && !vaeFile.test(name) && !textFile.test(name);
  const exact = `seedvr2_ema_${variant}_fp16.safetensors`;
  const named = (name: string) => name === exact;
  const file = has(paths, named) ? find(paths, exact, named) : find(paths, exact, isNetwork);
  using checkpoint = open(file);
  return loaded(checkpoint, options, (weights) => {
    const transformer = new Transformer(weights, transformerConfig(checkpoint));
    return { transformer, bytes: weights.bytes };
  });
}

function has(paths: readonly string[], fits: (name: string) => boolean): boolean {
  try {
    find(paths, "", fits);
    return true;
  } catch {
    return false;
  }
}

export function loadVae(paths: readonly string[], options: LoadOptions = {}): { vae: Vae; bytes: number } {
  using checkpoint = open(find(paths, "ema_vae_fp16.safetensors", (name) => vaeFile.test(name)));
  return loaded(checkpoint, options, (weights) => ({ vae: new Vae(weights), bytes: weights.bytes }));
}

/** The text's embedding [tokens, channels]. */
export function loadText(paths: readonly string[], channels: number): { data: Float32Array; tokens: number } {
  using checkpoint = open(find(paths, "pos_emb.pt", (name) => textFile.test(name)));
  const [name = ""] = checkpoint.names();
  const shape = checkpoint.shape(name);
  if (shape?.at(-1) !== channels) return checkpoint.fail(`it must hold one tensor of [tokens, ${channels}]`);
  using tensor = checkpoint.take(name, shape);
  return { data: tensor.read("float32"), tokens: tensor.size / channels };
}
