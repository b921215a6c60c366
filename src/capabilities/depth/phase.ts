/**
 * What the depth families' phase "estimate" takes and gives, and "extras" after it where files of that kind are wanted. The operation
 * makes the input on the main thread, the task the output on the engine's.
 *
 * @module
 */
import type { ExtrasInput, MadeExtras } from "./extras/phase.ts";
import type { DepthEnds, DepthRender, RenderedDepth } from "./render.ts";

/** A small drawn map, which travels with the progress. */
export type PreviewPayload = Pick<RenderedDepth, "channels"> & {
  image: Uint8Array;
  width: number;
  height: number;
};

/** The unit of a depth map; `depth_unit` in a result. */
export type DepthUnit = "relative_inverse" | "relative" | "metre";

export type EstimateInput = {
  /** Rows of red, green, blue bytes. */
  pixels: Uint8Array;
  width: number;
  height: number;
  /** Size of the picture as it was sent, where decoding brought it down. The map at "picture" has it. */
  original: { width: number; height: number };
  /** The side that the network runs at, before its rounding; undefined is the family's own. */
  inputSize?: number;
  /** Which side `inputSize` is; undefined is the rule of the model's authors. */
  bound?: "short" | "long";
  /** The depth map's size: the picture's, or the one that the network works at. */
  at: "picture" | "network";
  /** In pixels of the picture as it was sent. */
  focalLengthPx?: number;
  /** Handed to `renderDepth` as it is. */
  render: DepthRender;
  extras?: ExtrasInput;
  /** Whether a small drawing of the map is wanted before the map has its full size. */
  preview?: true;
  /** The map of the picture before this one, of the same size, and the ends of its drawing. */
  previous?: { depth: Float32Array; ends?: DepthEnds };
};

export type EstimateOutput = RenderedDepth & {
  depth: Float32Array;
  width: number;
  height: number;
  unit: DepthUnit;
  /** What most products of the network multiply. */
  precision: string;
  /** Given or found by the network, of the picture as it was sent. */
  focalLengthPx?: number;
  made?: MadeExtras;
  /** What brought the map to the one before it. */
  alignment?: { scale: number; shift: number };
};
