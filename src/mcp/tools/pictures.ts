/** Tools that make pictures. `paths` says whether calls may name pictures of this machine by path. */
import { z } from "zod";
import { jobOutput, runJob } from "../jobs.ts";
import { given, making, type Tool, tool, wait_s, watchingOf } from "../tool.ts";
import { type ImageInput, imageInput, reference } from "./images.ts";
import { chosen, model } from "./offered.ts";

const estimateDepth = (paths: boolean) =>
  tool(
    "estimate_depth",
    {
      title: "Estimate depth",
      description:
        "Makes a depth map of a picture (PNG, near is bright) and, on request, the values as NumPy data, a mesh, a point cloud, " +
        "normals, OpenEXR, or a stereo picture.",
      inputSchema: {
        image: imageInput(paths).describe("The picture."),
        model,
        colormap: z
          .enum(["grey", "turbo", "inferno", "viridis", "spectral"])
          .optional()
          .describe("Colours of the map."),
        include_depth_data: z.boolean().default(false).describe("Adds the values as an NPZ file."),
        extras: z
          .array(
            z.enum(["mesh_glb", "points_ply", "normals_png", "depth_exr", "stereo_jpeg", "anaglyph_jpeg"]),
          )
          .optional()
          .describe(
            "More files from the depth: a textured mesh (y up, metres where the model measures them), points, surface normals, " +
              "32-bit OpenEXR, two views side by side, or a picture for red and cyan glasses.",
          ),
        fov_deg: z
          .number()
          .min(1)
          .max(170)
          .optional()
          .describe("Horizontal field of view of the camera, where it is known."),
        stereo_baseline: z
          .number()
          .positive()
          .optional()
          .describe("Distance between the eyes of a stereo picture; comfortable when left out."),
        wait_s,
      },
      outputSchema: jobOutput,
      annotations: { title: "Estimate depth", ...making },
    },
    async (api, { image, model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/estimate", model);
      const body = given({ ...fields, model: name, image: await reference(api, image as ImageInput) });
      return runJob(api, `/v1/image/${family}/estimate`, body, watchingOf(extra, wait_s));
    },
  );

const upscaleImage = (paths: boolean) =>
  tool(
    "upscale_image",
    {
      title: "Upscale image",
      description: "Makes a picture larger and sharper.",
      inputSchema: {
        image: imageInput(paths).describe("The picture."),
        model,
        resolution: z
          .union([z.enum(["1.5x", "2x", "3x", "4x"]), z.number().int().min(64)])
          .default("2x")
          .describe("A factor, or the length of the result's short side in pixels."),
        softness: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe("Smooths noise before upscaling, from 0 to 1."),
        seed: z.number().int().optional(),
        wait_s,
      },
      outputSchema: jobOutput,
      annotations: { title: "Upscale image", ...making },
    },
    async (api, { image, model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/upscale", model);
      const body = given({ ...fields, model: name, image: await reference(api, image as ImageInput) });
      return runJob(api, `/v1/image/${family}/upscale`, body, watchingOf(extra, wait_s));
    },
  );

const painting = {
  prompt: z.string().min(1).max(20_000),
  model,
  negative_prompt: z.string().max(20_000).optional(),
  width: z.number().int().min(64).max(4096).optional(),
  height: z.number().int().min(64).max(4096).optional(),
  steps: z.number().int().min(1).max(100).optional(),
  guidance: z.number().min(0).max(30).optional(),
  seed: z.number().int().optional().describe("The same seed gives the same picture."),
  wait_s,
};

const generateImage = tool(
  "generate_image",
  {
    title: "Generate image",
    description: "Makes a picture from words.",
    inputSchema: painting,
    outputSchema: jobOutput,
    annotations: { title: "Generate image", ...making },
  },
  async (api, { model, wait_s, ...fields }, extra) => {
    const { family, name } = await chosen(api, "/generate", model);
    return runJob(
      api,
      `/v1/image/${family}/generate`,
      given({ ...fields, model: name }),
      watchingOf(extra, wait_s),
    );
  },
);

const editImage = (paths: boolean) =>
  tool(
    "edit_image",
    {
      title: "Edit image",
      description: "Changes pictures as the words say. Further pictures are references.",
      inputSchema: {
        ...painting,
        images: z.array(imageInput(paths)).min(1).max(8),
        mask: imageInput(paths).optional().describe("Marks the pixels of the first picture to repaint."),
        mask_marks: z
          .enum(["white", "transparent"])
          .optional()
          .describe("Which pixels of the mask mark; white when left out."),
      },
      outputSchema: jobOutput,
      annotations: { title: "Edit image", ...making },
    },
    async (api, { images, mask, model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/edit", model);
      const refs = [];
      for (const each of images) refs.push(await reference(api, each as ImageInput));
      const marked = mask && (await reference(api, mask as ImageInput));
      const body = given({ ...fields, model: name, images: refs, mask: marked });
      return runJob(api, `/v1/image/${family}/edit`, body, watchingOf(extra, wait_s));
    },
  );

export const pictureTools = (paths: boolean): Tool[] => [
  estimateDepth(paths),
  upscaleImage(paths),
  generateImage,
  editImage(paths),
];
