/**
 * Makes files from the engine's output. Compression runs on other threads.
 *
 * @module
 */
import { fieldOfView } from "../../../geometry/camera.ts";
import { encodeExr } from "../../../geometry/exr.ts";
import { release } from "../../../geometry/release.ts";
import type { Rgb } from "../../../geometry/rgb.ts";
import { type EncodeOptions, encodePicture } from "../../../images/encode.ts";
import type { Artifact } from "../../capability.ts";
import type { DepthUnit } from "../phase.ts";
import type { ExtraKind } from "./options.ts";
import type { MadeExtras } from "./phase.ts";

export interface ExtrasToPublish {
  made: MadeExtras;
  depth: Float32Array;
  width: number;
  height: number;
  unit: DepthUnit;
  /** Of the picture as it was sent. */
  inputWidth: number;
  inputHeight: number;
  /** Begin of the files' names. */
  stem: string;
}

/** Quality of stereo pictures, whose finest detail carries the depth. */
const QUALITY = 92;

async function encoded(
  { pixels, width, height }: Rgb,
  options: Pick<EncodeOptions, "format" | "quality" | "smooth">,
): Promise<Uint8Array> {
  const bytes = await encodePicture({ pixels, width, height, channels: 3 }, options);
  release(pixels);
  return bytes;
}

const jpeg = (picture: Rgb) => encoded(picture, { format: "jpeg", quality: QUALITY });

async function encodedExr(
  { width, height, depth, unit }: ExtrasToPublish,
  packed: Uint8Array,
  { focal_length_px, fov_deg }: ReturnType<typeof cameraOf>,
): Promise<Blob> {
  const about = { focal_length_px, fov_deg, depth_unit: unit };
  const file = await encodeExr({ width, height, packed }, depth, about);
  release(packed);
  return file;
}

/** One artifact for each, in the order of their names in the contract. */
export async function publishExtras(run: ExtrasToPublish): Promise<(Artifact & { kind: ExtraKind })[]> {
  const { made, unit, stem } = run;
  const camera = cameraOf(run);
  const artifact = async (
    kind: ExtraKind,
    suffix: string,
    content_type: string,
    bytes: Uint8Array | Blob | Promise<Uint8Array | Blob>,
    more: Record<string, unknown> = {},
  ) => ({
    kind,
    bytes: await bytes,
    filename: `${stem}${suffix}`,
    content_type,
    meta: { kind, depth_unit: unit, camera, ...more },
  });
  const { mesh, points, normals, exr, stereo, anaglyph } = made;
  const eyes = { stereo_baseline: made.baseline, stereo_focus: made.focus };
  return Promise.all([
    ...(mesh ? [artifact("mesh_glb", ".glb", "model/gltf-binary", mesh)] : []),
    ...(points ? [artifact("points_ply", ".ply", "application/octet-stream", points)] : []),
    ...(normals
      ? [
          artifact(
            "normals_png",
            "-normals.png",
            "image/png",
            encoded(normals, { format: "png", smooth: true }),
          ),
        ]
      : []),
    ...(exr ? [artifact("depth_exr", ".exr", "image/x-exr", encodedExr(run, exr, camera))] : []),
    ...(stereo ? [artifact("stereo_jpeg", "-stereo.jpg", "image/jpeg", jpeg(stereo), eyes)] : []),
    ...(anaglyph ? [artifact("anaglyph_jpeg", "-anaglyph.jpg", "image/jpeg", jpeg(anaglyph), eyes)] : []),
  ]);
}

/** The camera in a result's words. */
export const cameraOf = ({
  made: { camera },
  inputWidth,
  inputHeight,
}: Pick<ExtrasToPublish, "made" | "inputWidth" | "inputHeight">) => ({
  focal_length_px: camera.focalLengthPx,
  fov_deg: fieldOfView(camera.focalLengthPx, inputWidth),
  principal_point: [inputWidth / 2, inputHeight / 2],
  source: camera.source,
});
