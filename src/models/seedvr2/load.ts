/**
 * Loads the parts of SeedVR2 from their published files.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Dtype, Products, QuantizedProducts } from "../../../ffi/index.ts";
import { computeType, productsOf, productsOfQuantized } from "../../nn/device.ts";
import { network } from "../../nn/network.ts";
import type { Weights, WeightsOptions } from "../../nn/weights.ts";
import { Checkpoint } from "../../weights/checkpoint.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import type { QuantizedPlace } from "../../weights/quantized.ts";
import { transformerConfig } from "./config.ts";
import { filesOf, transformerFile } from "./files.ts";
import { Transformer } from "./transformer.ts";
import { Vae } from "./vae.ts";

export interface LoadOptions {
  bits?: WeightsOptions["bits"];
  dtype?: Dtype;
  products?: Products;
  quantizedProducts?: QuantizedProducts;
  /** Where quantized matrices are kept. */
  place?: QuantizedPlace | undefined;
  step?: (done: number, total: number) => void;
}

function open(file: string): Checkpoint {
  return Checkpoint.open([file, dirname(file)]);
}

function loaded<T>(checkpoint: Checkpoint, options: LoadOptions, make: (weights: Weights) => T): T {
  const { bits = null, dtype = computeType(), products = "float32", step, place } = options;
  const { quantizedProducts = products } = options;
  return network(
    checkpoint,
    { dtype, bits, products, quantizedProducts, place, ...(step && { step }) },
    make,
  );
}

function required(file: string | undefined, name: string): string {
  if (file === undefined) throw new CheckpointError("SeedVR2", `${name} is not there`);
  return file;
}

/** `variant` is part of the file's name where a folder holds more than one network. */
export function loadTransformer(
  paths: readonly string[],
  variant: string,
  options: LoadOptions = {},
): { transformer: Transformer; bytes: number } {
  using checkpoint = open(required(filesOf(paths, variant).transformer, transformerFile(variant)));
  const quantizedProducts = options.products ?? productsOfQuantized();
  return loaded(
    checkpoint,
    { products: productsOf("diffusion"), quantizedProducts, ...options },
    (weights) => {
      const transformer = new Transformer(weights, transformerConfig(checkpoint));
      return { transformer, bytes: weights.bytes };
    },
  );
}

export function loadVae(paths: readonly string[], options: LoadOptions = {}): { vae: Vae; bytes: number } {
  using checkpoint = open(required(filesOf(paths, "").vae, "ema_vae_fp16.safetensors"));
  return loaded(checkpoint, options, (weights) => ({ vae: new Vae(weights), bytes: weights.bytes }));
}

/** The text's embedding [tokens, channels]. */
export function loadText(paths: readonly string[], channels: number): { data: Float32Array; tokens: number } {
  using checkpoint = open(required(filesOf(paths, "").text, "pos_emb.pt"));
  const [name = ""] = checkpoint.names();
  const shape = checkpoint.shape(name);
  if (shape?.at(-1) !== channels) return checkpoint.fail(`it must hold one tensor of [tokens, ${channels}]`);
  using tensor = checkpoint.take(name, shape);
  return { data: tensor.read("float32"), tokens: tensor.size / channels };
}
