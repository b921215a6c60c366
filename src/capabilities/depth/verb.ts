import type { Verb, VerbFile, VerbOption } from "../family.ts";
import type { ExtraKind } from "./extras/options.ts";

/** The command `depth`, with the options of every depth family and a family's own. */
export const depthVerb = (own: readonly VerbOption[]): Verb => ({
  name: "depth",
  summary: "make a depth map of a picture (near is bright), or a mesh, points or a stereo picture from it",
  takes: "pictures",
  path: "/estimate",
  options: [
    { name: "colormap", kind: "text", value: "<name>", help: "grey, turbo, inferno, viridis or spectral" },
    { name: "normalization", kind: "text", value: "<name>", help: "minmax, v2-style or raw" },
    { name: "depth_format", kind: "text", value: "<name>", help: "png8 or png16" },
    ...own,
    { name: "fov_deg", kind: "real", value: "<degrees>", help: "horizontal field of view of the camera" },
    { name: "mesh_triangles", kind: "whole", value: "<count>", help: "triangles of a .glb at most" },
    { name: "max_points", kind: "whole", value: "<count>", help: "points of a .ply at most" },
    {
      name: "relative_range",
      kind: "real",
      value: "<factor>",
      help: "how much farther than the nearest the farthest is, for models without a scale",
    },
    {
      name: "stereo_baseline",
      kind: "real",
      value: "<distance>",
      help: "between the eyes, in metres where the model measures them",
    },
    { name: "stereo_focus", kind: "real", value: "<distance>", help: "distance of what lies in the screen" },
    { name: "invert", kind: "yes", help: "near is dark" },
    {
      name: "npz",
      kind: "copy",
      value: "<path>",
      help: "also write the depth values: a file, or a folder for several inputs",
      from: "depth_data_file_id",
      extension: ".npz",
      asks: "include_depth_data",
    },
  ],
  result: "depth_image_file_id",
  suffix: "-depth",
  formats: ["png"],
  files,
  sequence: {
    help: "the pictures are frames of a video: keep scale and range steady from one to the next",
    body: { include_depth_data: true },
    follow: ({ depth_data_file_id, focal_length_px, params }) => ({
      body: {
        align_to: { type: "file_id", file_id: depth_data_file_id },
        // The camera of a video keeps its lens.
        ...(typeof focal_length_px === "number" &&
          (params as { fov_deg?: number }).fov_deg === undefined && { focal_length_px }),
      },
      file: String(depth_data_file_id),
    }),
  },
});

const extra = (kind: ExtraKind): Pick<VerbFile, "body" | "fileId"> => ({
  body: { extras: [kind] },
  fileId: ({ extras }) =>
    (extras as { kind: ExtraKind; file_id: string }[]).find((each) => each.kind === kind)?.file_id,
});

const files: readonly VerbFile[] = [
  { name: "png", extension: ".png", body: {}, fileId: ({ depth_image_file_id }) => depth_image_file_id },
  {
    name: "npz",
    extension: ".npz",
    body: { include_depth_data: true },
    fileId: ({ depth_data_file_id }) => depth_data_file_id,
  },
  { name: "exr", extension: ".exr", ...extra("depth_exr") },
  { name: "glb", extension: ".glb", ...extra("mesh_glb") },
  { name: "ply", extension: ".ply", ...extra("points_ply") },
  {
    name: "normals",
    extension: ".png",
    option: "make a PNG of surface normals",
    suffix: "-normals",
    ...extra("normals_png"),
  },
  {
    name: "stereo",
    extension: ".jpg",
    option: "make a JPEG of two views side by side",
    suffix: "-stereo",
    ...extra("stereo_jpeg"),
  },
  {
    name: "anaglyph",
    extension: ".jpg",
    option: "make a JPEG for red and cyan glasses",
    suffix: "-anaglyph",
    ...extra("anaglyph_jpeg"),
  },
];

export const focalLengthOption: VerbOption = {
  name: "focal_length_px",
  kind: "real",
  value: "<pixels>",
  help: "focal length, for models that measure metres",
};

/** The request of a depth family's probe: 16 bits, so that small differences show. */
export const depthProbe = {
  shows: "depth",
  request: (model: string, image: unknown) => ({
    path: "/estimate",
    body: { model, image, include_depth_data: false, depth_format: "png16" },
  }),
} as const;
