/**
 * What goes between the process that decodes HEIC and its parent: an order as an argument, then a line of JSON and bytes back.
 *
 * @module
 */

/** The argument that makes this program the decoder; the order follows it. */
export const heifCommand = "__decode-heif";

export interface Order {
  /** Where libheif lies. */
  folder: string;
  maxPixels: number;
  /** A picture may be brought down as long as it keeps this many pixels and this long side. */
  enough?: { pixels: number; side: number };
}

export interface Header {
  /** The size of the picture as it is shown, before it was brought down. */
  original: { width: number; height: number };
  hasAlpha: boolean;
  grey: boolean;
  /** Lengths of the EXIF block and of the TIFF file that follow. */
  exif: number;
  tiff: number;
}

export type Fault =
  | { kind: "pixels"; width: number; height: number }
  /** It asks for more than the limits of the decoder allow. */
  | { kind: "limits" }
  /** It is coded in a way that is not read here. */
  | { kind: "unsupported" }
  | { kind: "broken" };

export type Answer = Header | { fault: Fault };
