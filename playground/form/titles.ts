/**
 * Names of the tools, and what their buttons say.
 *
 * @module
 */
import type { ToolName } from "../state/route.ts";

export const leads: Record<ToolName, string> = {
  depth: "Estimate the distance of everything in a photo.",
  upscale: "Enlarge and sharpen, adding plausible detail.",
  generate: "Turn a description into an image.",
  edit: "Describe the change.",
};
export const toolTitles: Record<ToolName, string> = {
  depth: "Depth",
  upscale: "Upscale",
  generate: "Generate",
  edit: "Edit",
};
export const verbs: Record<ToolName, string> = {
  depth: "Estimate depth",
  upscale: "Upscale",
  generate: "Generate",
  edit: "Edit",
};
