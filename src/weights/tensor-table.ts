/**
 * Which tensors files hold, from their headers alone: for plans, before anything is loaded. Nothing here knows MLX.
 *
 * @module
 */
import { CheckpointError } from "./checkpoint-error.ts";
import { HeaderFile } from "./entry.ts";
import { readGguf } from "./formats/gguf.ts";
import { mistakenFor } from "./formats/mistaken.ts";
import { type HeaderOptions, readHeader, SafetensorsError } from "./formats/safetensors.ts";
import { readTorch } from "./formats/torch-pickle.ts";
import { findWeights, partPlace } from "./layout.ts";
import { provenanceOf } from "./provenance.ts";

/** A tensor as safetensors describes it: `BF16`, `U32` and so on. */
export interface Listed {
  dtype: string;
  shape: readonly number[];
}

export type TensorTable = ReadonlyMap<string, Listed>;

const known = new Map<string, TensorTable | undefined>();
/** Models with their parts on one machine are fewer than this. */
const mostKnown = 64;

/** The tensors of the first of the paths that holds weights; undefined when they cannot be read, which loading them will tell. */
export function tensorTable(path: string | readonly string[]): TensorTable | undefined {
  try {
    const paths = typeof path === "string" ? [path] : path;
    const { files } = findWeights(paths);
    const key = JSON.stringify([paths, files.map(provenanceOf)]);
    if (!known.has(key)) {
      if (known.size >= mostKnown) known.clear();
      known.set(key, new Map(files.flatMap(tensorsIn)));
    }
    return known.get(key);
  } catch {
    return undefined;
  }
}

/** The tensors of a part of a pipeline, which has a folder of its own in the model's; undefined when it is not there. */
export function partTable(paths: readonly string[], part: string): TensorTable | undefined {
  const place = partPlace(paths, part);
  return place === undefined ? undefined : tensorTable(place);
}

/** The tensors of one safetensors file, or why it cannot be read. */
export function safetensorsTable(path: string): { tensors: TensorTable } | { problem: string } {
  try {
    return { tensors: new Map(listed(path)) };
  } catch (error) {
    if (error instanceof CheckpointError) return { problem: "the file is cut short or damaged" };
    if (!(error instanceof SafetensorsError)) throw error;
    return { problem: mistakenFor(path) ?? error.message.replace("[safetensors] ", "") };
  }
}

const ofTorch: Readonly<Record<string, string>> = { float32: "F32", float16: "F16", bfloat16: "BF16" };

function tensorsIn(path: string): [string, Listed][] {
  if (path.endsWith(".safetensors")) return listed(path, { float8: true });
  return (path.endsWith(".gguf") ? ggufTensors(path) : readTorch(path)).map(({ name, dtype, shape }) => [
    name,
    { dtype: ofTorch[dtype ?? ""] ?? "", shape },
  ]);
}

function ggufTensors(path: string) {
  using file = new HeaderFile(path);
  return readGguf(file);
}

function listed(path: string, options: HeaderOptions = {}): [string, Listed][] {
  using file = new HeaderFile(path);
  const { tensors } = readHeader(file.size, (offset, length) => file.read(offset, length), options);
  // Numbers of 8 bits are widened as they are read.
  return [...tensors].map(([name, { type, shape, float8 }]) => [
    name,
    { dtype: float8 ? "F32" : type, shape },
  ]);
}
