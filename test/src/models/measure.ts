/**
 * How far the depth networks are from their references at every stage that was recorded. The tests hold the numbers to their
 * limits; `scripts/docs/fidelity.ts` prints them.
 *
 * @module
 */
import type { Tensor } from "../../../ffi/index.ts";
import { focalLength as anyViewFocal } from "../../../src/models/depth-anything/camera.ts";
import type { DepthAnything } from "../../../src/models/depth-anything/depth-anything.ts";
import { type DepthPro, focalLength, metres } from "../../../src/models/depth-pro/depth-pro.ts";
import { difference, type Expected } from "./fixtures.ts";

/** Networks with a recording, and where their weights lie. */
export const depthAnythings: readonly (readonly [name: string, path: string])[] = [
  ["v2-hf", "v2-hf"],
  ["v2-metric-hf", "v2-metric-hf"],
  ["v2-original", "v2-original/depth_anything_v2_vits.pth"],
  ["v2-giant", "v2-giant"],
  ["v3-small", "v3-small"],
  ["v3-giant", "v3-giant"],
  ["v3-mono", "v3-mono"],
  ["v3-nested", "v3-nested"],
];
export const depthPros: readonly (readonly [name: string, path: string])[] = [
  ["depth-pro-hf", "depth-pro-hf"],
  ["depth-pro-apple", "depth-pro-apple/depth_pro.pt"],
];

/** Inside a network, and at its end, where every stage before adds its share. */
export const limits = { stage: 1e-5, result: 1e-4 };

export interface Measured {
  /** Largest difference as a share of the largest value, by stage. */
  stages: Record<string, number>;
  results: Record<string, number>;
  /** Stages that were recorded and that the network did not tell of. */
  untold: string[];
  steps: number[];
}

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];
const sizeOf = (key: string) => key.split("x").map(Number) as [height: number, width: number];

/** Pictures of a recording that were given as the network's own input. */
export const grids = (recorded: Expected) => recorded.cases.filter((key) => /^\d+x\d+$/.test(key));

export function measureDepthAnything(model: DepthAnything, recorded: Expected, size: string): Measured {
  const [height, width] = sizeOf(size);
  // The model normalizes; the recorded pixels are normalized already.
  const data = recorded
    .get(`${size}/pixels`)
    .values.map((value, i) => value * deviation[i % 3]! + mean[i % 3]!);
  const stages: Record<string, number> = {};
  const steps: number[] = [];
  const prediction = model.predict(
    { data, width, height },
    {
      step: (done) => steps.push(done),
      tap(stage, x) {
        if (recorded.has(`${size}/${stage}`))
          stages[stage] = difference(x.read("float32"), recorded.get(`${size}/${stage}`).values);
      },
    },
  );
  const results: Record<string, number> = {};
  for (const output of ["depth", "confidence", "sky"] as const)
    if (recorded.has(`${size}/${output}`))
      results[output] = difference(prediction[output] ?? [], recorded.get(`${size}/${output}`).values);
  if (recorded.has(`${size}/focal`)) {
    const { horizontal, vertical } = prediction.fov!;
    results.focal = difference(
      [anyViewFocal(width, horizontal), anyViewFocal(height, vertical)],
      recorded.get(`${size}/focal`).values,
    );
  }
  const outputs = /^(pixels|depth|confidence|sky|focal|embeddings)$/;
  return { stages, results, untold: untold(recorded, size, stages, outputs), steps };
}

export function measureDepthPro(model: DepthPro, recorded: Expected, size: string): Measured {
  const [height, width] = sizeOf(size);
  const stages: Record<string, number> = {};
  const steps: number[] = [];
  // Patches go through the encoder seven at a time; the reference kept the first, the last full-size one and the very last.
  const kept: Readonly<Record<string, number>> = { "0": 0, "21": 3, "28": 6 };
  const patches: Record<string, number[]> = {};
  const prediction = model.predict(
    { data: recorded.bytes(`${size}/picture`), width, height, channels: 3 },
    {
      step: (done) => steps.push(done),
      tap(stage, x) {
        const [, encoder, from] = /^(patch_encoder(?:\.blocks\.\d+)?)\.(\d+)$/.exec(stage) ?? [];
        if (encoder !== undefined && from !== undefined) {
          const index = kept[from];
          if (index === undefined) return;
          using patch = x.slice([index], [index + 1]);
          patches[encoder] = [...(patches[encoder] ?? []), ...patch.read("float32")];
        } else if (recorded.has(`${size}/${stage}`)) {
          const wanted = recorded.get(`${size}/${stage}`).values;
          const found = part(stage, x).read("float32");
          // The reference keeps the class token of the whole picture.
          stages[stage] = difference(found, wanted.subarray(wanted.length - found.length));
        }
      },
    },
  );
  for (const [encoder, found] of Object.entries(patches)) {
    if (!recorded.has(`${size}/${encoder}`)) continue;
    const { shape, values } = recorded.get(`${size}/${encoder}`);
    const [count, rows, dim] = shape as [number, number, number];
    const first = found.length === values.length ? 0 : dim;
    const wanted = Array.from({ length: count }, (_, i) => [
      ...values.subarray(i * rows * dim + first, (i + 1) * rows * dim),
    ]);
    stages[encoder] = difference(found, wanted.flat());
  }

  const canonical = recorded.get(`${size}/canonical.every-third`);
  const [rows, columns] = canonical.shape as [number, number];
  const third = Array.from(
    { length: rows * columns },
    (_, i) => prediction.canonical[3 * Math.floor(i / columns) * prediction.width + 3 * (i % columns)]!,
  );
  const focal = focalLength(width, prediction.fov!);
  // Where the inverse depth is nearly nothing its reciprocal tells more of rounding than of the network.
  const inverse = (depth: Float32Array) => depth.map((value) => 1 / value);
  const depth = (f: number, key: string) =>
    difference(
      inverse(metres(prediction, { width, height }, f)),
      inverse(recorded.get(`${size}/${key}`).values),
    );
  const results = {
    canonical: difference(third, canonical.values),
    focal: difference([focal], recorded.get(`${size}/focal`).values),
    depth: depth(focal, "depth"),
    "depth by a given focal length": depth(90, "depth.focal-90"),
  };
  const outputs = /^(picture|canonical.*|fov|focal|depth.*)$/;
  return { stages, results, untold: untold(recorded, size, stages, outputs), steps };
}

function untold(recorded: Expected, size: string, stages: Record<string, number>, outputs: RegExp): string[] {
  return recorded.names
    .filter((key) => key.startsWith(`${size}/`))
    .map((key) => key.slice(size.length + 1))
    .filter((stage) => !outputs.test(stage) && !(stage in stages));
}

/** What the reference recorded of a stage: of the fusions every second row and column of four channels. */
function part(stage: string, x: Tensor): Tensor {
  const [batch, height, width] = x.shape as [number, number, number];
  return stage.startsWith("fusions.") ? x.slice([], [batch, height, width, 4], [1, 2, 2, 1]) : x;
}
