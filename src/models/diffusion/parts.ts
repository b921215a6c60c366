/**
 * Pipelines as they are published: a folder for each network, for the tokenizer and for the scheduler.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { z } from "zod";
import type { Dtype, Products, QuantizedProducts } from "../../../ffi/index.ts";
import { computeType, onGpu, productsOf, productsOfQuantized } from "../../nn/device.ts";
import { network } from "../../nn/network.ts";
import type { Weights, WeightsOptions } from "../../nn/weights.ts";
import type { Checkpoint, Json } from "../../weights/checkpoint.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import { partPlace, topFiles } from "../../weights/layout.ts";
import type { QuantizedPlace } from "../../weights/quantized.ts";

export interface LoadOptions {
  bits?: WeightsOptions["bits"];
  dtype?: Dtype;
  products?: Products;
  quantizedProducts?: QuantizedProducts;
  /** Where quantized matrices are kept. */
  place?: QuantizedPlace | undefined;
  step?: (done: number, total: number) => void;
}

/** A component's folder or file, inside the model's folder. */
export const folder = partPlace;

/** The same, or a `CheckpointError` in the name of the model. */
export function component(paths: readonly string[], name: string, model: string): string {
  const found = partPlace(paths, name);
  if (found !== undefined) return found;
  const several = name === "transformer" ? paths.map(topFiles).find(({ length }) => length > 1) : undefined;
  const files = several?.map((path) => basename(path)).sort();
  throw new CheckpointError(
    model,
    files
      ? `several files could be the transformer: ${files.slice(0, 6).join(", ")}. Leave one of them in the folder`
      : `the folder ${name} is not there`,
  );
}

/** Makes a network with this machine's numbers. */
export function loaded<T>(
  checkpoint: Checkpoint,
  options: LoadOptions,
  unused: readonly RegExp[],
  make: (weights: Weights) => T,
): T {
  const { bits = null, dtype = computeType(), products = productsOf("diffusion"), step, place } = options;
  const { quantizedProducts = products } = options;
  // Without a GPU numbers are single: matrices stay as small as the file has them until they are used.
  const half = !onGpu();
  const how = { dtype, bits, half, products, quantizedProducts, place, unused, ...(step && { step }) };
  return network(checkpoint, how, make);
}

/** The same for a transformer, whose products `cpu_quantized` may make integers; `products` alone holds for quantized matrices, too. */
export const loadedTransformer: typeof loaded = (checkpoint, options, ...rest) => {
  const { quantizedProducts = options.products ?? productsOfQuantized() } = options;
  return loaded(checkpoint, { ...options, quantizedProducts }, ...rest);
};

/** A config of a checkpoint, or a `CheckpointError` that says what does not fit. */
export function readConfig<T>(schema: z.ZodType<T>, value: unknown, checkpoint: Checkpoint): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return checkpoint.fail(
    `config.json: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "it does not fit"}`,
  );
}

/** A JSON file of a pipeline; undefined when it is not there. */
export function pipelineJson(paths: readonly string[], name: string): Json | undefined {
  const path = paths.map((place) => join(place, name)).find(existsSync);
  if (path === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CheckpointError(basename(name), "expected a JSON object");
}
