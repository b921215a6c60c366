/**
 * The phase "extras": files from a depth map, made on the engine's thread.
 *
 * @module
 */
import type { Progress, Values } from "../../../engine/task.ts";
import { type Camera, isView, usualFocalLength } from "../../../geometry/camera.ts";
import { packExr } from "../../../geometry/exr.ts";
import { encodeGlb } from "../../../geometry/glb.ts";
import { meshOf } from "../../../geometry/mesh.ts";
import { normalsOf } from "../../../geometry/normals.ts";
import { encodePly } from "../../../geometry/ply.ts";
import { pointsOf } from "../../../geometry/points.ts";
import { release } from "../../../geometry/release.ts";
import type { Advance, Rgb } from "../../../geometry/rgb.ts";
import { anaglyphOf, stereoOf } from "../../../geometry/stereo.ts";
import { type Surface, surfaceOf } from "../../../geometry/surface.ts";
import type { ExtraKind } from "../extras/options.ts";
import type { CameraFacts, ExtrasInput, MadeExtras } from "../extras/phase.ts";
import type { EstimateInput, EstimateOutput } from "../phase.ts";

/** Input and output of "estimate", and the extras to make. */
export type ExtrasPhaseInput = EstimateInput & EstimateOutput & { extras: ExtrasInput };

/** Runs the phase: what "estimate" gave, with the files. */
export function runExtras(values: Values, progress: Progress): EstimateOutput {
  const input = values as ExtrasPhaseInput;
  const { image, channels, min, max, ends, scale, offset, depth, width, height, unit, precision } = input;
  const { focalLengthPx, alignment } = input;
  return {
    image,
    channels,
    min,
    max,
    ends,
    ...(scale !== undefined && { scale }),
    ...(offset !== undefined && { offset }),
    depth,
    width,
    height,
    unit,
    precision,
    ...(focalLengthPx !== undefined && { focalLengthPx }),
    ...(alignment && { alignment }),
    made: makeExtras(input, progress),
  };
}

/** Steps that progress counts for each kind. */
const STEPS = 4;

export function makeExtras(input: ExtrasPhaseInput, progress: Progress): MadeExtras {
  const { pixels, original, extras, depth, unit } = input;
  const { width, height } = extras.picture;
  const picture: Rgb = { pixels, width, height };
  const facts = cameraOf(input);
  const camera: Camera = { width, height, focal: (facts.focalLengthPx * width) / original.width };
  const wanted = new Set<ExtraKind>(extras.kinds);
  const total = STEPS * wanted.size;
  let over = 0;
  const make = <T>(kinds: readonly ExtraKind[], work: (advance: Advance) => T): T | undefined => {
    const count = kinds.filter((kind) => wanted.has(kind)).length;
    if (count === 0) return undefined;
    const share = STEPS * count;
    progress("encoding", over, total);
    const made = work((done, of) => progress("encoding", over + (share * done) / of, total));
    over += share;
    return made;
  };

  let known: Surface | undefined;
  const surface = () => {
    const { relativeRange } = extras;
    const seen = resampled(depth, input, extras.picture);
    known ??= surfaceOf(seen, width, height, {
      unit,
      relativeRange,
      // The range stays that of the first map, as the picture's does.
      ...(input.alignment && input.previous?.ends && { ends: input.previous.ends }),
    });
    return known;
  };
  const points = make(["points_ply"], () => {
    const { positions, colors, count } = pointsOf(surface(), picture, camera, extras.maxPoints);
    const file = encodePly({ positions, colors, count }, commentsOf(input, facts, surface()));
    release(positions, colors);
    return file;
  });
  const mesh = make(["mesh_glb"], (advance) =>
    encodeGlb(meshOf(surface(), picture, camera, { triangles: extras.meshTriangles }, advance), {
      camera,
      unit: surface().unit,
      texture: extras.texture ?? new Uint8Array(),
    }),
  );
  const normals = make(["normals_png"], (advance) => normalsOf(surface(), camera, advance));
  const exr = make(["depth_exr"], () => packExr(depth, input.width, input.height).packed);
  const pair = make(["stereo_jpeg", "anaglyph_jpeg"], (advance) =>
    stereoOf(surface(), picture, camera, eyesOf(extras), advance),
  );
  const anaglyph = pair && wanted.has("anaglyph_jpeg") ? anaglyphOf(pair.picture) : undefined;
  if (pair && !wanted.has("stereo_jpeg")) release(pair.picture.pixels);
  release(known?.inverse);
  progress("encoding", total, total);
  return {
    camera: facts,
    ...(points && { points }),
    ...(mesh && { mesh }),
    ...(normals && { normals }),
    ...(exr && { exr }),
    ...(pair && { baseline: pair.baseline, focus: pair.focus }),
    ...(pair && wanted.has("stereo_jpeg") && { stereo: pair.picture }),
    ...(anaglyph && { anaglyph }),
  };
}

/** Ignores a focal length from EXIF data that no camera can have. */
function cameraOf({ focalLengthPx, original, extras }: ExtrasPhaseInput): CameraFacts {
  if (focalLengthPx === undefined || !isView(focalLengthPx, original.width))
    return { focalLengthPx: usualFocalLength(original.width, original.height), source: "assumed" };
  return { focalLengthPx, source: extras.focalGiven ? "given" : "estimated" };
}

const eyesOf = ({ stereoBaseline, stereoFocus }: ExtrasInput) => ({
  ...(stereoBaseline !== undefined && { baseline: stereoBaseline }),
  ...(stereoFocus !== undefined && { focus: stereoFocus }),
});

const commentsOf = (
  { original, extras: { picture } }: ExtrasPhaseInput,
  { focalLengthPx, source }: CameraFacts,
  { unit }: Surface,
): string[] => [
  "made by easel; y up, the camera at the origin looks along -z",
  `unit ${unit}`,
  `focal_length_px ${focalLengthPx} ${source}`,
  `picture ${original.width} ${original.height}`,
  `principal_point ${original.width / 2} ${original.height / 2}`,
  ...(picture.width === original.width ? [] : [`sampled at ${picture.width} ${picture.height}`]),
];

/** The map at another size, each value that of the nearest place. */
function resampled(
  depth: Float32Array,
  from: { width: number; height: number },
  to: { width: number; height: number },
): Float32Array {
  if (from.width === to.width && from.height === to.height) return depth;
  const map = new Float32Array(to.width * to.height);
  for (let y = 0, i = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / to.height) * from.width;
    for (let x = 0; x < to.width; x++)
      map[i++] = depth[row + Math.floor(((x + 0.5) * from.width) / to.width)]!;
  }
  return map;
}
