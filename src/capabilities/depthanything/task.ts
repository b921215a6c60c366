import { TaskError } from "../../engine/engine.ts";
import type { Part, Progress, Source, Task } from "../../engine/task.ts";
import { focalLength } from "../../models/depth-anything/camera.ts";
import { DepthAnything } from "../../models/depth-anything/depth-anything.ts";
import { preprocess, resizeMap, usualSizing } from "../../models/depth-anything/preprocess.ts";
import * as mini from "../../models/mini/mini-depth.ts";
import type { EstimateInput, EstimateOutput } from "../depth/phase.ts";
import { renderDepth } from "../depth/render.ts";

/** Metres that the metric fine-tunes of V2 count up to, where their layout has no config.json that says it. */
function maxDepth({ variant, paths }: Source): number | undefined {
  const named = `${variant} ${paths.map((path) => path.split("/").at(-1)).join(" ")}`;
  if (/metric.indoor|hypersim/i.test(named)) return 20;
  return /metric.outdoor|vkitti/i.test(named) ? 80 : undefined;
}

export const task: Task = {
  family: "depthanything",

  load(_part, source, progress) {
    if (source.variant === "mini")
      return mini.MiniDepth.load(source.paths, { step: (done, total) => progress("loading", done, total) });
    return DepthAnything.load(source.paths, {
      bits: source.bits,
      maxDepth: maxDepth(source),
      // The published files of this variant and of v3-mono-large are of one form.
      metric: source.variant === "v3-metric-large",
      step: (done, total) => progress("loading", done, total),
    });
  },

  run(_phase, parts, values, progress) {
    const input = values as EstimateInput;
    if (parts.model instanceof mini.MiniDepth) return runMini(parts.model, input, progress);
    const model = depthAnything(parts.model);
    const { width, height, focalLengthPx } = input;
    const usual = usualSizing[model.version];
    const sizing = { inputSize: input.inputSize ?? usual.inputSize, bound: input.bound ?? usual.bound };
    const picture = preprocess(
      model.version,
      { data: input.pixels, width, height, channels: 3 },
      sizing,
      model.patch,
    );
    const seen = { width: picture.width, height: picture.height };
    // The network's picture has another scale than the one that was sent, and so has its focal length.
    const scale = seen.width / width;
    const prediction = model.predict(picture, {
      ...(focalLengthPx !== undefined && { focal: focalLengthPx * scale }),
      step: (done) => progress("estimating", done, model.steps),
    });
    const at = input.at === "picture" ? { width, height } : seen;
    const depth = resizeMap(model.version, prediction.depth, seen, at);
    const sky = prediction.sky && resizeMap(model.version, shares(prediction.sky), seen, at);
    const focal =
      focalLengthPx ?? (prediction.fov && focalLength(seen.width, prediction.fov.horizontal) / scale);
    return {
      ...renderDepth(depth, at.width, at.height, input.render, sky),
      depth,
      ...at,
      unit: model.unit(focalLengthPx),
      ...(focal !== undefined && { focalLengthPx: focal }),
    } satisfies EstimateOutput;
  },
};

function runMini(model: mini.MiniDepth, input: EstimateInput, progress: Progress): EstimateOutput {
  const { width, height } = input;
  const sizing = {
    ...mini.usualSizing,
    ...(input.inputSize !== undefined && { inputSize: input.inputSize }),
  };
  const picture = mini.preprocess(
    { data: input.pixels, width, height, channels: 3 },
    { ...sizing, ...(input.bound !== undefined && { bound: input.bound }) },
  );
  const prediction = model.predict(picture);
  progress("estimating", 1, 1);
  const at = input.at === "picture" ? { width, height } : { width: picture.width, height: picture.height };
  const depth = mini.resizeMap(prediction, picture, at);
  return {
    ...renderDepth(depth, at.width, at.height, input.render),
    depth,
    ...at,
    unit: "relative_inverse",
    ...(input.focalLengthPx !== undefined && { focalLengthPx: input.focalLengthPx }),
  };
}

function depthAnything(part: Part | undefined): DepthAnything {
  if (part instanceof DepthAnything) return part;
  throw new TaskError("the part is no Depth Anything model", "failed");
}

/** The network's measure of sky has no fixed scale: as shares of the picture's range it has. */
function shares(sky: Float32Array): Float32Array {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of sky) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return max > min ? sky.map((value) => (value - min) / (max - min)) : new Float32Array(sky.length);
}
