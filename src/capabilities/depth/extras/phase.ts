/**
 * Input and output of the phase "extras". It follows the phase "estimate" and gets its input and output.
 *
 * @module
 */
import type { Rgb } from "../../../geometry/rgb.ts";
import type { ExtraKind } from "./options.ts";

export type ExtrasInput = {
  /** Size of the picture's pixels; the depth map may be larger. */
  picture: { width: number; height: number };
  /** Whether the focal length was known before the network ran. */
  focalGiven?: boolean;
  kinds: readonly ExtraKind[];
  meshTriangles: number;
  maxPoints: number;
  relativeRange: number;
  stereoBaseline?: number;
  stereoFocus?: number;
  /** The picture as JPEG, for the mesh. */
  texture?: Uint8Array;
};

/** Where the focal length comes from: the request or the picture's EXIF data, the network, or a usual lens. */
export type CameraSource = "given" | "estimated" | "assumed";

/** The camera of the picture as it was sent. */
export type CameraFacts = {
  focalLengthPx: number;
  source: CameraSource;
};

/** Files as far as the engine's thread makes them: whole, or raw values that other threads compress. */
export type MadeExtras = {
  camera: CameraFacts;
  mesh?: Uint8Array;
  points?: Uint8Array;
  normals?: Rgb;
  /** Rows in OpenEXR's order, of the depth array's size. */
  exr?: Uint8Array;
  stereo?: Rgb;
  anaglyph?: Rgb;
  /** What both views were made with, in the unit of the mesh. */
  baseline?: number;
  focus?: number;
};
