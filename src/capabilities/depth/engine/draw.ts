/**
 * The end of the phase "estimate": a depth map is brought to the one before it, where there is one, and drawn.
 *
 * @module
 */
import { align, alignmentOf } from "../../../geometry/align.ts";
import type { DepthUnit, EstimateInput, EstimateOutput } from "../phase.ts";
import { renderDepth } from "../render.ts";

export interface Map {
  depth: Float32Array;
  width: number;
  height: number;
  unit: DepthUnit;
}

/** Changes the map's values where they are aligned. */
export function drawMap(
  { depth, width, height, unit }: Map,
  { render, previous }: Pick<EstimateInput, "render" | "previous">,
  sky?: Float32Array,
): Omit<EstimateOutput, "precision" | "focalLengthPx" | "made"> {
  const map = { depth, width, height, unit };
  if (previous?.depth.length !== depth.length)
    return { ...renderDepth(depth, width, height, render, sky), ...map };
  const alignment = alignmentOf(depth, previous.depth, unit === "relative_inverse" ? "inverse" : "depth");
  align(depth, alignment);
  const { ends } = previous;
  return {
    ...renderDepth(depth, width, height, { ...render, ...(ends && { ends }) }, sky),
    ...map,
    alignment,
  };
}
