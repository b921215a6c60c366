/**
 * The result of a depth estimate: its schema, and how a depth map becomes files.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Bits, Values } from "../../engine/task.ts";
import type { FileRecord } from "../../files/file.ts";
import { fieldOfView } from "../../geometry/camera.ts";
import { release } from "../../geometry/release.ts";
import { encodePicture, type Raster } from "../../images/encode.ts";
import { encodeNpz } from "../../images/npz.ts";
import type { Artifact, Published } from "../capability.ts";
import { Timings } from "../schemas.ts";
import { extraKinds } from "./extras/options.ts";
import { cameraOf, publishExtras } from "./extras/publish.ts";
import type { EstimateParams } from "./options.ts";
import type { EstimateOutput, PreviewPayload } from "./phase.ts";

const fileId = (what: string) => z.string().openapi({ description: what });

export const EstimateResponse = z
  .object({
    model: z.string().openapi({ description: "Name of the model variant that ran." }),
    depth_image_file_id: fileId("File id of the depth PNG."),
    depth_image_bytes: z.int().openapi({ description: "Size of the PNG in bytes." }),
    depth_data_file_id: z
      .string()
      .nullable()
      .openapi({ description: "File id of the NPZ, or null when `include_depth_data` was false." }),
    depth_data_bytes: z.int().nullable().openapi({ description: "Size of the NPZ in bytes, or null." }),
    input_width: z.int().openapi({ description: "Width of the input in pixels, upright." }),
    input_height: z.int().openapi({ description: "Height of the input in pixels, upright." }),
    input_mode: z.string().openapi({
      description: "How the input keeps its pixels, in Pillow's words: `RGB`, `RGBA`, `L`, `P`, `CMYK`, …",
    }),
    width: z.int().openapi({ description: "Width of the depth map in pixels." }),
    height: z.int().openapi({ description: "Height of the depth map in pixels." }),
    mode: z.string().openapi({ description: "What the PNG holds: `L`, `I;16` or `RGB`." }),
    array_shape: z.array(z.int()).openapi({ description: "Shape of the depth array: rows, columns." }),
    min_depth: z.number().openapi({ description: "Smallest value of the depth array, in `depth_unit`." }),
    max_depth: z.number().openapi({ description: "Largest value of the depth array, in `depth_unit`." }),
    params: z
      .record(z.string(), z.unknown())
      .openapi({ description: "The parameters that the run used, with every default decided." }),
    timings: Timings.openapi({ description: "How long the model ran." }),
    depth_unit: z
      .enum(["metre", "relative", "relative_inverse"])
      .optional()
      .openapi({
        description:
          "What the numbers of the depth array mean: `metre`; `relative`, depth up to an unknown factor; or `relative_inverse`, " +
          "inverse depth up to an unknown factor and offset, larger is nearer.",
      }),
    focal_length_px: z.number().nullish().openapi({
      description: "Focal length in pixels of the upright input, given or estimated; null when unknown.",
    }),
    notes: z.array(z.string()).optional().openapi({
      description: "Fields of the request that had no effect, and why. Absent when all had one.",
    }),
    scale: z.number().nullish().openapi({
      description: "With `normalization` `raw`: value = offset + scale × pixel. Null otherwise.",
    }),
    offset: z
      .number()
      .nullish()
      .openapi({ description: "With `normalization` `raw`: the value of a black pixel. Null otherwise." }),
    alignment: z.object({ scale: z.number(), shift: z.number() }).optional().openapi({
      description: "With `align_to`: what the model's numbers were multiplied by, and what was added then.",
    }),
    extras: z
      .array(
        z.object({
          kind: z.enum(extraKinds),
          file_id: z.string(),
          content_type: z.string(),
          bytes: z.int(),
        }),
      )
      .optional()
      .openapi({ description: "The files that `extras` requested, in the order of its names." }),
    camera: z
      .object({
        focal_length_px: z.number(),
        fov_deg: z.number().openapi({ description: "Horizontal, in degrees." }),
        principal_point: z.array(z.number()),
        source: z.enum(["given", "estimated", "assumed"]).openapi({
          description:
            "`given`: by the request or the picture's EXIF data. `estimated`: by the network. `assumed`: a usual lens of 55 degrees.",
        }),
      })
      .optional()
      .openapi({ description: "The camera that `extras` were made with; pixels are those of the input." }),
  })
  .openapi("EstimateResponse", { description: "Result of a depth estimate that succeeded." });

/** Facts of the decoded input, for the result. */
export type InputFacts = {
  image_file_id: string;
  input_width: number;
  input_height: number;
  input_mode: string;
};

export interface EstimateRun {
  family: string;
  params: EstimateParams;
  /** Of the weights that ran, where the request left them to the server. */
  bits: Bits;
  facts: InputFacts;
  output: EstimateOutput;
  /** Fields of the request that had no effect, and why. */
  notes: readonly string[];
  seconds: number;
}

/** The PNG and, if wanted, the NPZ. */
export async function publishEstimate(run: EstimateRun): Promise<Published> {
  const { family, params, bits, facts, output, notes, seconds } = run;
  const { image_file_id, ...input } = facts;
  const { image: _, mode: __, align_to: ___, preview: ____, model, ...rest } = params;
  const body = {
    model,
    params: { kind: "estimate", model, image_file_id, ...rest, quantize: bits, precision: output.precision },
    ...input,
    width: output.width,
    height: output.height,
    mode: modeOf(output),
    array_shape: [output.height, output.width],
    min_depth: rounded(output.min, 6),
    max_depth: rounded(output.max, 6),
    timings: { total_s: rounded(seconds, 2) },
    depth_unit: output.unit,
    focal_length_px: output.focalLengthPx ?? null,
    scale: output.scale ?? null,
    offset: output.offset ?? null,
    ...(output.alignment && { alignment: output.alignment }),
    ...(notes.length > 0 && { notes }),
  };
  const stem = `${family}_${Math.floor(Date.now() / 1000)}`;
  const png = encodeDepth(output).finally(() => release(output.image));
  const npz = params.include_depth_data ? encodeData(output, facts) : undefined;
  // Failures are heard where the files are stored, which is later.
  for (const file of [png, npz]) file?.catch(() => {});
  const artifacts: Artifact[] = [
    {
      bytes: png,
      filename: `${stem}.png`,
      content_type: "image/png",
      meta: { ...body, kind: "depth_image" },
    },
  ];
  if (npz) {
    artifacts.push({
      bytes: npz,
      filename: `${stem}.npz`,
      content_type: "application/octet-stream",
      meta: { ...body, kind: "depth_data", format: "npz" },
    });
  }
  const extras = output.made
    ? await publishExtras({ ...sizes(facts), ...output, made: output.made, stem })
    : [];
  return {
    artifacts: [...artifacts, ...extras],
    free: () => release(output.depth),
    result(records: readonly FileRecord[]) {
      const image = records[0]!;
      const data = params.include_depth_data ? records[1]! : undefined;
      return {
        depth_image_file_id: image.file_id,
        depth_image_bytes: image.size,
        depth_data_file_id: data?.file_id ?? null,
        depth_data_bytes: data?.size ?? null,
        ...body,
        ...(output.made && {
          extras: listed(extras, records.slice(artifacts.length)),
          camera: cameraOf({ ...sizes(facts), made: output.made }),
        }),
      };
    },
  };
}

export async function encodePreview(payload: Values): Promise<Record<string, unknown>> {
  const { image, width, height, channels } = payload as PreviewPayload;
  const bytes = await encodePicture(
    { pixels: image, width, height, channels },
    { format: "jpeg", quality: 85 },
  );
  return { image: `data:image/jpeg;base64,${Buffer.from(bytes).toString("base64")}`, width, height };
}

const sizes = ({ input_width, input_height }: InputFacts) => ({
  inputWidth: input_width,
  inputHeight: input_height,
});

const listed = (extras: readonly { kind: string }[], records: readonly FileRecord[]) =>
  records.map(({ file_id, content_type, size }, i) => ({
    kind: extras[i]!.kind,
    file_id,
    content_type,
    bytes: size,
  }));

type Drawn = Pick<EstimateOutput, "image" | "channels" | "width" | "height" | "scale" | "offset" | "unit">;

/** The PNG of a depth map. Raw values carry what turns pixels back into them. */
export function encodeDepth(output: Drawn, resize?: { width: number; height: number }): Promise<Uint8Array> {
  const { image, width, height, channels, scale, offset, unit } = output;
  const raster: Raster = { pixels: image, width, height, channels };
  const text =
    scale === undefined ? undefined : { scale: String(scale), offset: String(offset), depth_unit: unit };
  return encodePicture(raster, { format: "png", ...(resize && { resize }), ...(text && { text }) });
}

function encodeData(
  { depth, width, height, min, max, ends, focalLengthPx }: EstimateOutput,
  { input_width, input_height }: InputFacts,
): Promise<readonly Uint8Array[]> {
  const single = (value: number) => ({ data: new Float64Array([value]), shape: [] });
  return encodeNpz({
    depth: { data: depth, shape: [height, width] },
    min_depth: single(min),
    max_depth: single(max),
    ...(focalLengthPx !== undefined && {
      focal_length_px: single(focalLengthPx),
      fov_deg: single(fieldOfView(focalLengthPx, input_width)),
    }),
    range: { data: new Float64Array(ends), shape: [2] },
    principal_point: { data: new Float64Array([input_width / 2, input_height / 2]), shape: [2] },
  });
}

function modeOf({ image, channels }: Drawn): string {
  if (channels === 3) return "RGB";
  return image instanceof Uint16Array ? "I;16" : "L";
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
