import type { Source, Task } from "../../engine/task.ts";
import { focalLength } from "../../models/depth-anything/camera.ts";
import { DepthAnything } from "../../models/depth-anything/depth-anything.ts";
import { MiniDepth } from "../../models/mini/mini-depth.ts";
import { drawMap } from "../depth/engine/draw.ts";
import { runExtras } from "../depth/engine/extras.ts";
import { drawPreview, previewSize, thinned } from "../depth/engine/preview.ts";
import type { EstimateInput, EstimateOutput } from "../depth/phase.ts";

/** Metres that the metric fine-tunes of V2 count up to, where their layout has no config.json that says it. */
function maxDepth({ variant, paths }: Source): number | undefined {
  const named = `${variant} ${paths.map((path) => path.split("/").at(-1)).join(" ")}`;
  if (/metric.indoor|hypersim/i.test(named)) return 20;
  return /metric.outdoor|vkitti/i.test(named) ? 80 : undefined;
}

type Step = (done: number, total: number) => void;

/** The interface of a network in a run. */
type DepthModel = Disposable &
  Pick<DepthAnything, "steps" | "preprocess" | "predict" | "unit" | "precision"> &
  Pick<MiniDepth, "resizeMap">;

type Load = (source: Source, step: Step, note: (text: string) => void) => DepthModel;

const load: Load = (source, step, note) => {
  const { paths, variant, bits, cache } = source;
  return DepthAnything.load(paths, {
    bits,
    place: cache && { ...cache, network: `depthanything-${variant}`, note },
    maxDepth: maxDepth(source),
    // The published files of this variant and of v3-mono-large are of one form.
    metric: variant === "v3-metric-large",
    step,
  });
};

/** Variants with a network of their own. */
const loaders: Readonly<Record<string, Load>> = {
  mini: ({ paths }, step) => MiniDepth.load(paths, { step }),
};

export const task: Task = {
  family: "depthanything",

  load(_part, source, progress, note = () => {}) {
    const step: Step = (done, total) => progress("loading", done, total);
    return (loaders[source.variant] ?? load)(source, step, note);
  },

  run(phase, parts, values, progress) {
    if (phase === "extras") return runExtras(values, progress);
    const model = parts.model as DepthModel;
    const input = values as EstimateInput;
    const { original, focalLengthPx, inputSize, bound } = input;
    const whole = { data: input.pixels, width: input.width, height: input.height, channels: 3 };
    const picture = model.preprocess(whole, {
      ...(inputSize !== undefined && { inputSize }),
      ...(bound !== undefined && { bound }),
    });
    const seen = { width: picture.width, height: picture.height };
    // The network's picture has another scale than the one that was sent, and so has its focal length.
    const scale = seen.width / original.width;
    const prediction = model.predict(picture, {
      ...(focalLengthPx !== undefined && { focal: focalLengthPx * scale }),
      step: (done) => progress("estimating", done, model.steps),
    });
    const small = previewSize(input);
    if (small) {
      const pictures = { seen: picture, whole: thinned(whole, small) };
      const depth = model.resizeMap(prediction.depth, seen, small, pictures);
      const sky = prediction.sky && model.resizeMap(shares(prediction.sky), seen, small, pictures);
      progress("estimating", model.steps, model.steps, drawPreview(depth, small, input, sky));
    }
    const at = input.at === "picture" ? original : seen;
    const pictures = { seen: picture, whole };
    const depth = model.resizeMap(prediction.depth, seen, at, pictures);
    const sky = prediction.sky && model.resizeMap(shares(prediction.sky), seen, at, pictures);
    // A large map takes a while: the last chance to leave before it is drawn.
    progress("estimating", model.steps, model.steps);
    const focal =
      focalLengthPx ?? (prediction.fov && focalLength(seen.width, prediction.fov.horizontal) / scale);
    return {
      ...drawMap({ depth, width: at.width, height: at.height, unit: model.unit(focalLengthPx) }, input, sky),
      precision: model.precision,
      ...(focal !== undefined && { focalLengthPx: focal }),
    } satisfies EstimateOutput;
  },
};

/** The network's measure of sky has no fixed scale: as shares of the picture's range it has. */
function shares(sky: Float32Array): Float32Array {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of sky) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return max > min ? sky.map((value) => (value - min) / (max - min)) : new Float32Array(sky.length);
}
