import type { Settings } from "../../settings/settings.ts";
import { settingsView } from "../../settings/types.ts";
import type { Limits } from "../diffusion/limits.ts";
import { pictureRows, sizeProblems } from "../diffusion/settings.ts";

export const rows = pictureRows("zimage");

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings) => sizeProblems("zimage", settings);

export function limitsOf(settings: Settings): Limits {
  const own = ownSettings(settings);
  return {
    widest: own.zimage_max_width,
    highest: own.zimage_max_height,
    mostSteps: own.zimage_max_steps,
    mostLoras: own.zimage_max_loras,
    bits: own.zimage_default_quantize,
  };
}
