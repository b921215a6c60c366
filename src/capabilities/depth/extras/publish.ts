/**
 * From what the engine's thread made to files. Compression runs on other threads.
 *
 * @module
 */
import { fieldOfView } from "../../../geometry/camera.ts";
import { encodeExr } from "../../../geometry/exr.ts";
import type { Rgb } from "../../../geometry/rgb.ts";
import { encodePicture } from "../../../images/encode.ts";
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

const jpeg = ({ pixels, width, height }: Rgb) =>
  encodePicture({ pixels, width, height, channels: 3 }, { format: "jpeg", quality: QUALITY });

/** One artifact for each, in the order of their names in the contract. */
export async function publishExtras(run: ExtrasToPublish): Promise<(Artifact & { kind: ExtraKind })[]> {
  const { made, depth, width, height, unit, stem } = run;
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
            encodePicture({ ...normals, channels: 3 }, { format: "png", smooth: true }),
          ),
        ]
      : []),
    ...(exr
      ? [
          artifact(
            "depth_exr",
            ".exr",
            "image/x-exr",
            encodeExr({ width, height, packed: exr }, depth, { ...flat(camera), depth_unit: unit }),
          ),
        ]
      : []),
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

const flat = ({ focal_length_px, fov_deg }: ReturnType<typeof cameraOf>) => ({ focal_length_px, fov_deg });
