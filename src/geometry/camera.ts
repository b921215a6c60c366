/**
 * A pinhole camera: the principal point is the picture's centre, the view goes along −z, y points up.
 *
 * @module
 */

export interface Camera {
  /** Of the picture, in pixels. */
  width: number;
  height: number;
  /** Focal length in pixels, the same along both sides. */
  focal: number;
}

/** Horizontal fields of view that a pinhole camera can have without absurd distortion, in degrees. */
export const FIELD_OF_VIEW = { min: 1, max: 170 } as const;

/** Field of view of an ordinary lens along the longer side, in degrees, for pictures that do not tell theirs. */
const USUAL_VIEW = 55;

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Focal length in pixels of a camera that sees `degrees` across `side` pixels. */
export const focalLengthOf = (degrees: number, side: number): number =>
  side / 2 / Math.tan(radians(degrees) / 2);

/** Degrees that a camera sees across `side` pixels. */
export const fieldOfView = (focal: number, side: number): number =>
  (2 * Math.atan(side / 2 / focal) * 180) / Math.PI;

/** Whether the horizontal field of view is one that a camera has. */
export function isView(focal: number, width: number): boolean {
  const view = fieldOfView(focal, width);
  return view >= FIELD_OF_VIEW.min && view <= FIELD_OF_VIEW.max;
}

export const usualFocalLength = (width: number, height: number): number =>
  focalLengthOf(USUAL_VIEW, Math.max(width, height));
