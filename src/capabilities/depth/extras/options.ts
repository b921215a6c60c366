/**
 * Extra files that a request can have made from its depth map: names, parameters and rules.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Refusal } from "../../../errors.ts";
import { FIELD_OF_VIEW, fieldOfView, isView } from "../../../geometry/camera.ts";
import { MAX_TRIANGLES } from "../../../geometry/mesh.ts";
import { MAX_POINTS } from "../../../geometry/points.ts";
import { RELATIVE_RANGE } from "../../../geometry/surface.ts";

export const extraKinds = [
  "mesh_glb",
  "points_ply",
  "normals_png",
  "depth_exr",
  "stereo_jpeg",
  "anaglyph_jpeg",
] as const;
export type ExtraKind = (typeof extraKinds)[number];

export const extrasOptions = {
  extras: z
    .array(z.enum(extraKinds))
    .max(32)
    .nullish()
    .openapi({
      description:
        "More files from the depth map, each listed in the result's `extras`. `mesh_glb`: a textured mesh, cut at the edges of " +
        "objects and filled behind them. `points_ply`: a point cloud with colours. `normals_png`: surface normals, red right, green " +
        "up. `depth_exr`: the depth array as 32-bit OpenEXR. `stereo_jpeg`: two views side by side, the left eye's on the left. " +
        "`anaglyph_jpeg`: the same for red and cyan glasses. Meshes and points have y up and the camera at the origin looking along " +
        "−z, in metres where the depth is.",
    }),
  fov_deg: z.number().min(FIELD_OF_VIEW.min).max(FIELD_OF_VIEW.max).nullish().openapi({
    description:
      "Horizontal field of view of the camera in degrees, where you know it: another way to say `focal_length_px`.",
  }),
  mesh_triangles: z
    .int()
    .min(1000)
    .max(4_000_000)
    .nullish()
    .openapi({
      description: `Most triangles of \`mesh_glb\`; a triangle takes about 25 bytes. Omit for ${MAX_TRIANGLES}.`,
    }),
  max_points: z
    .int()
    .min(1000)
    .max(20_000_000)
    .nullish()
    .openapi({
      description: `Most points of \`points_ply\`; a point takes 15 bytes. Omit for ${MAX_POINTS}.`,
    }),
  relative_range: z
    .number()
    .min(1.05)
    .max(1000)
    .nullish()
    .openapi({
      description:
        "For models whose depth has no scale: how many times as far as the nearest point, which is put at 1, the farthest is put. " +
        `Omit for ${RELATIVE_RANGE}.`,
    }),
  stereo_baseline: z
    .number()
    .positive()
    .max(1e6)
    .nullish()
    .openapi({
      description:
        "Distance between the two eyes, in metres where the depth is, otherwise in distances of the nearest point. Omit for one " +
        "that sets the nearest and the farthest apart by a thirtieth of the width, which is comfortable; more than a tenth is never made.",
    }),
  stereo_focus: z
    .number()
    .positive()
    .max(1e6)
    .nullish()
    .openapi({
      description:
        "Distance of what appears on the screen itself, in the same unit; nearer things stand before the screen. Omit to have most " +
        "of the scene behind it.",
    }),
} as const;

/** The options as a job keeps them, all of them decided. */
export interface ExtrasChoice {
  extras: readonly ExtraKind[];
  mesh_triangles: number;
  max_points: number;
  relative_range: number;
  stereo_baseline: number | null;
  stereo_focus: number | null;
}

/** The parameters that a job keeps: the extras, and a given field of view. */
export type ExtrasParams = Partial<ExtrasChoice> & { fov_deg?: number };

export type ExtrasRequest = { [K in keyof ExtrasChoice]?: ExtrasChoice[K] | null | undefined } & {
  fov_deg?: number | null | undefined;
  focal_length_px?: number | null | undefined;
};

/** Applies defaults, and refuses contradictory parameters. */
export function resolveExtras(request: ExtrasRequest): ExtrasParams {
  const fov = request.fov_deg ?? undefined;
  if (fov !== undefined && (request.focal_length_px ?? undefined) !== undefined)
    throw new Refusal("invalid_parameter", "give either fov_deg or focal_length_px, not both");
  const extras = extraKinds.filter((kind) => request.extras?.includes(kind));
  return {
    ...(fov !== undefined && { fov_deg: fov }),
    ...(extras.length > 0 && choiceOf(extras, request)),
  };
}

function choiceOf(extras: readonly ExtraKind[], request: ExtrasRequest): ExtrasChoice {
  return {
    extras,
    mesh_triangles: request.mesh_triangles ?? MAX_TRIANGLES,
    max_points: request.max_points ?? MAX_POINTS,
    relative_range: request.relative_range ?? RELATIVE_RANGE,
    stereo_baseline: request.stereo_baseline ?? null,
    stereo_focus: request.stereo_focus ?? null,
  };
}

/** Refuses a focal length that no camera has, once the picture's width is known: space would be a needle or a sheet. */
export function requireView(focalLengthPx: number, width: number): void {
  if (isView(focalLengthPx, width)) return;
  const view = fieldOfView(focalLengthPx, width);
  throw new Refusal(
    "invalid_parameter",
    `focal_length_px of this picture means a field of view of ${Number(view.toPrecision(3))} degrees: extras need ` +
      `${FIELD_OF_VIEW.min} to ${FIELD_OF_VIEW.max}`,
  );
}
