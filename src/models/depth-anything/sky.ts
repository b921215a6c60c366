/**
 * What Depth Anything 3 does with sky, and how its nested model finds metres. On maps at the network's size.
 *
 * @module
 */
import { TaskError } from "../../engine/engine.ts";
import { quickselect } from "../../images/quickselect.ts";
import { focalLength } from "./camera.ts";
import type { Prediction } from "./network.ts";

const skyThreshold = 0.3;
/** Fewer pixels than these say nothing. */
const fewest = 10;
/** The focal length that metric depth is counted in. */
const canonicalFocal = 300;
const farthest = 200;

const isGround = (sky: Float32Array) => (index: number) => sky[index]! < skyThreshold;

function picked(values: Float32Array, keep: (index: number) => boolean): Float32Array {
  return values.filter((_, index) => keep(index));
}

/** Sky lies as far as the farthest ground: the 0.99 quantile of its depth. */
export function fillSky(prediction: Prediction): Prediction {
  const { sky, depth } = prediction;
  if (sky === undefined) return prediction;
  const ground = isGround(sky);
  const content = picked(depth, ground);
  if (content.length <= fewest || depth.length - content.length <= fewest) return prediction;
  const far = quantile(content, 0.99);
  return { ...prediction, depth: depth.map((value, index) => (ground(index) ? value : far)) };
}

/** Metric depth is counted at a focal length of 300 pixels of the picture as the network saw it. */
export const toMetres = (depth: Float32Array, focal: number): Float32Array =>
  depth.map((value) => (value * focal) / canonicalFocal);

/** The scale of an any-view prediction is that at which it fits the metric one best, where it is sure and there is no sky. */
export function alignNested(relative: Prediction, metric: Prediction): Prediction {
  const { depth, confidence, fov, width, height } = relative;
  const { sky } = metric;
  if (confidence === undefined || fov === undefined || sky === undefined)
    throw new TaskError("the two networks of a nested model do not fit each other", "checkpoint_invalid");
  const focal = (focalLength(width, fov.horizontal) + focalLength(height, fov.vertical)) / 2;
  const metres = toMetres(metric.depth, focal);
  const ground = isGround(sky);
  const sure = picked(confidence, ground);
  // A picture of sky alone has no ground to measure: all of it is as far as sky can be.
  if (sure.length <= fewest) return { ...relative, sky, depth: depth.map(() => farthest) };
  const median = quantile(sure, 0.5);
  let product = 0;
  let square = 0;
  for (let i = 0; i < depth.length; i++) {
    if (!(ground(i) && confidence[i]! >= median && metres[i]! > 1e-2 && depth[i]! > 1e-3)) continue;
    product += metres[i]! * depth[i]!;
    square += depth[i]! ** 2;
  }
  const scale = product / Math.max(square, 1e-12);
  const scaled = depth.map((value) => value * scale);
  const far = Math.min(quantile(picked(scaled, ground), 0.99), farthest);
  return {
    ...relative,
    sky,
    depth: scaled.map((value, index) => (ground(index) ? value : far)),
    confidence: confidence.map((value, index) => (ground(index) ? value : 1)),
  };
}

/** The value below which the share `q` of the numbers lies, between neighbours by a straight line. Reorders nothing. */
export function quantile(values: Float32Array, q: number): number {
  const place = q * (values.length - 1);
  const low = Math.floor(place);
  const work = values.slice();
  const a = quickselect(work, low);
  if (low === place) return a;
  // What is right of the k-th smallest is not smaller: its least is the next.
  let b = Number.POSITIVE_INFINITY;
  for (let i = low + 1; i < work.length; i++) b = Math.min(b, work[i]!);
  return a + (b - a) * (place - low);
}
