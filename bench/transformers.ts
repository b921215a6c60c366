/**
 * The transformers that benchmarks of diffusion run: of the published width, with few blocks and random weights, and what goes in.
 *
 * @module
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { openLibrary, random, saveSafetensors, scope, Tensor } from "../ffi/index.ts";
import { library, nativeFolder } from "../ffi/native.ts";

export interface Transformer {
  /** A model of the published sizes. */
  model: string;
  title: string;
  /** What the weights are, for a page. */
  form: string;
  /** Shapes of noise and text, for a side in pixels. */
  shapes(side: number): { noise: number[]; text: number[] };
}

/** By the folder of their sides and the name of their page. */
export const transformers = {
  flux2: {
    model: "flux2/klein-4b",
    title: "FLUX.2 klein",
    form: "Random weights in the form of klein-4b's transformer: its width, one block of each kind and a text of 512 tokens",
    shapes: (side) => ({ noise: [128, side / 16, side / 16], text: [512, 7680] }),
  },
  zimage: {
    model: "zimage/turbo",
    title: "Z-Image",
    form: "Random weights in the form of Z-Image's transformer: its width, one layer and one of each refiner, and a caption of 120 tokens",
    shapes: (side) => ({ noise: [16, side / 8, side / 8], text: [120, 2560] }),
  },
} as const satisfies Record<string, Transformer>;

export type Family = keyof typeof transformers;

/** Makes random weights of a transformer of the published width, one block of each kind, unless they are there. */
export async function makeTransformer(model: string, folder: string): Promise<void> {
  if (existsSync(join(folder, "transformer"))) return;
  mkdirSync(folder, { recursive: true });
  const command = [process.execPath, join(import.meta.dir, "published.ts"), model, folder];
  const made = Bun.spawn([...command, "--blocks", "1", "--only", "transformer"], { stderr: "inherit" });
  if ((await made.exited) !== 0) throw new Error("the weights could not be made");
}

/** The same with noise and text for a picture of so many pixels a side, and the sigmas of its steps. Opens the library. */
export async function prepare(
  family: Family,
  folder: string,
  side: number,
  sigmas: readonly number[],
): Promise<void> {
  const { model, shapes } = transformers[family];
  await makeTransformer(model, folder);
  openLibrary(join(await nativeFolder({ usual: "" }), library));
  scope(() => {
    const { noise, text } = shapes(side);
    saveSafetensors(join(folder, "inputs.safetensors"), {
      noise: random.normal(noise, random.key(1)),
      text: random.normal(text, random.key(2)),
      sigmas: Tensor.from(Float32Array.from(sigmas)),
    });
  });
}
