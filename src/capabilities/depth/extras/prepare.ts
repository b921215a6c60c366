/**
 * Input and memory of the phase "extras".
 *
 * @module
 */

import type { Need, PhaseNeed } from "../../../engine/need.ts";
import { focalLengthOf } from "../../../geometry/camera.ts";
import type { Picture } from "../../../images/decode.ts";
import { encodePicture } from "../../../images/encode.ts";
import type { Size } from "../../../images/sizing.ts";
import { pictureBytes } from "../footprint.ts";
import type { EstimateParams } from "../options.ts";
import { type ExtrasChoice, requireView } from "./options.ts";
import type { ExtrasInput } from "./phase.ts";

/** Side of a mesh's texture at most: what every GPU takes. */
const TEXTURE = 4096;
const QUALITY = 90;

/** The focal length in pixels of the picture as it was sent, by the request or else by its EXIF data. */
export function focalLengthFor(
  params: EstimateParams,
  { focalLengthPx, original }: Pick<Picture, "focalLengthPx" | "original">,
): number | undefined {
  const { focal_length_px, fov_deg, extras = [] } = params;
  const asked =
    focal_length_px ?? (fov_deg === undefined ? undefined : focalLengthOf(fov_deg, original.width));
  if (asked !== undefined && extras.length > 0) requireView(asked, original.width);
  return asked ?? focalLengthPx;
}

/** The choice of a job that wants extras. */
export const choiceOf = (params: EstimateParams): ExtrasChoice | undefined =>
  params.extras && params.extras.length > 0 ? (params as ExtrasChoice) : undefined;

export async function extrasInput(
  choice: ExtrasChoice,
  { pixels, width, height }: Pick<Picture, "pixels" | "width" | "height">,
  focalGiven: boolean,
): Promise<ExtrasInput> {
  const texture = choice.extras.includes("mesh_glb") && (await textureOf({ pixels, width, height }));
  return {
    picture: { width, height },
    focalGiven,
    kinds: choice.extras,
    meshTriangles: choice.mesh_triangles,
    maxPoints: choice.max_points,
    relativeRange: choice.relative_range,
    ...(choice.stereo_baseline !== null && { stereoBaseline: choice.stereo_baseline }),
    ...(choice.stereo_focus !== null && { stereoFocus: choice.stereo_focus }),
    ...(texture && { texture }),
  };
}

async function textureOf({ pixels, width, height }: Size & { pixels: Uint8Array }): Promise<Uint8Array> {
  const scale = Math.min(1, TEXTURE / Math.max(width, height));
  const resize = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const bytes = await encodePicture(
    { pixels, width, height, channels: 3 },
    { format: "jpeg", quality: QUALITY, ...(scale < 1 && { resize }) },
  );
  // A copy: small Buffers share their memory with others.
  return new Uint8Array(bytes);
}

/** Bytes for each pixel: the surface, and what each kind leaves behind and works with. */
const SURFACE = 4;
const perPixel = {
  mesh_glb: 0,
  points_ply: 0,
  normals_png: 3,
  depth_exr: 4,
  stereo_jpeg: 6,
  anaglyph_jpeg: 9,
} as const;
const PER_TRIANGLE = 150;
const PER_POINT = 30;
/** Grids of a mesh, whatever the picture's size. */
const MESH = 64e6;
/** Time of the phase, against that of a network. */
const SHARE = 0.3;

/** A job's need with the phase "extras" behind the others, where it is wanted. */
export function withExtras(need: Need, params: EstimateParams, picture: Size): Need {
  const choice = choiceOf(params);
  if (!choice) return need;
  const pixels = picture.width * picture.height;
  const { extras } = choice;
  const bytes =
    extras.reduce((sum, kind) => sum + perPixel[kind], SURFACE) * pixels +
    (extras.includes("mesh_glb") ? MESH + PER_TRIANGLE * choice.mesh_triangles : 0) +
    (extras.includes("points_ply") ? PER_POINT * Math.min(pixels, choice.max_points) : 0);
  const phase = {
    name: "extras",
    parts: [],
    workingBytes: pictureBytes(picture) + bytes,
    share: SHARE,
  };
  const network = Math.max(...need.phases.map(bytesOf));
  return {
    ...need,
    phases: [...need.phases, phase],
    // Where the network is not what needs most, a smaller network helps nothing.
    ...(phase.workingBytes > network && { smaller: "fewer extras or a smaller picture" }),
  };
}

const bytesOf = ({ parts, workingBytes }: PhaseNeed): number =>
  parts.reduce((sum, { bytes }) => sum + bytes, workingBytes);
