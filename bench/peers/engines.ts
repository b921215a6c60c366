/**
 * The rows of `bench/peers/diffusion.ts`: which engine multiplies which numbers, and how it is started.
 *
 * @module
 */
import { join } from "node:path";
import type { Family } from "../transformers.ts";

/** What the products of a row multiply, by the instructions that count as its peak. */
export type Instruction = "float" | "bfloat16" | "integer";

export interface Engine {
  /** Rows of the same numbers are compared; the first of them is ours. */
  numbers: string;
  engine: string;
  by: Instruction;
  /** Where it writes its latents comes where `out` stands. */
  command: readonly string[];
  preload?: string;
  /** Why it cannot run. */
  absent?: string;
}

export const out = "OUT";

/** Two steps: the first has to warm up. */
export const sigmas = [1, 0.6, 0];

export interface Places {
  family: Family;
  folder: string;
  python: string;
  /** mflux's BLAS. */
  blas: string;
  stableDiffusion: { side: string } | { absent: string };
  /** The graph of ONNX and OpenVINO. */
  graph: { name: string } | { absent: string };
  threads: string;
  side: number;
}

const bench = join(import.meta.dir, "..");

export function enginesOf(places: Places): Engine[] {
  const { family, folder, python, blas, stableDiffusion, graph, threads, side } = places;
  const of = (name: string) => join(bench, family, name);
  const ours = (how: string) => [process.execPath, of("our_side.ts"), folder, out, how];
  const diffusers = (how: string) => [python, of("diffusers_side.py"), folder, out, how];
  const mflux = (how: string) => [python, of("mflux_side.py"), folder, out, how];
  const loading = (engine: string, program: string, numbers: string) =>
    "absent" in graph
      ? { engine, command: [], absent: graph.absent }
      : {
          engine,
          command: [
            ...[python, join(import.meta.dir, "graph_side.py"), program],
            ...[numbers, threads, graph.name, folder, out],
          ],
        };
  const cpp = (type: string) => {
    const engine = `stable-diffusion.cpp, ${type}`;
    if (family === "zimage")
      return { engine, command: [], absent: "its Z-Image has 30 layers, whatever the file has" };
    if ("absent" in stableDiffusion) return { engine, command: [], absent: stableDiffusion.absent };
    const numbers = [String(side / 16), "512", ...sigmas.map(String)];
    return { engine, command: [stableDiffusion.side, folder, out, type, threads, "flash", ...numbers] };
  };
  return [
    { numbers: "float32", engine: "easel", by: "float", command: ours("float32") },
    { numbers: "float32", ...loading("OpenVINO", "openvino", "f32"), by: "float" },
    { numbers: "float32", ...loading("ONNX Runtime", "onnxruntime", "f32"), by: "float" },
    { numbers: "float32", engine: "diffusers, PyTorch", by: "float", command: diffusers("float32") },
    { numbers: "float32", ...cpp("f32"), by: "float" },
    { numbers: "float32", engine: "mflux, OpenBLAS", by: "float", command: mflux("float32"), preload: blas },
    { numbers: "bfloat16", engine: "easel", by: "bfloat16", command: ours("bfloat16") },
    { numbers: "bfloat16", ...loading("OpenVINO", "openvino", "bf16"), by: "bfloat16" },
    { numbers: "bfloat16", engine: "diffusers, PyTorch", by: "bfloat16", command: diffusers("bfloat16") },
    { numbers: "bfloat16", ...cpp("bf16"), by: "bfloat16" },
    { numbers: "8 bits", engine: "easel, integers", by: "integer", command: ours("integer:8") },
    { numbers: "8 bits", engine: "easel, bfloat16", by: "bfloat16", command: ours("bfloat16:8") },
    { numbers: "8 bits", ...cpp("q8_0"), by: "integer" },
    { numbers: "4 bits", engine: "easel, integers", by: "integer", command: ours("integer:4") },
    { numbers: "4 bits", engine: "easel, bfloat16", by: "bfloat16", command: ours("bfloat16:4") },
    { numbers: "4 bits", ...cpp("q4_0"), by: "integer" },
  ];
}
