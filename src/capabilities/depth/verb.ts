import type { Verb, VerbOption } from "../family.ts";

/** The command `depth`, with the options of every depth family and a family's own. */
export const depthVerb = (own: readonly VerbOption[]): Verb => ({
  name: "depth",
  summary: "make a depth map of a picture (near is bright)",
  takes: "pictures",
  path: "/estimate",
  options: [
    { name: "colormap", kind: "text", value: "<name>", help: "grey, turbo, inferno, viridis or spectral" },
    { name: "normalization", kind: "text", value: "<name>", help: "minmax, v2-style or raw" },
    { name: "depth_format", kind: "text", value: "<name>", help: "png8 or png16" },
    ...own,
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
});

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
