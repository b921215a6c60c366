import type { Settings } from "../../settings/settings.ts";
import { choice, setting, settingsView } from "../../settings/types.ts";
import type { Limits } from "../diffusion/limits.ts";
import { pictureRows, sizeProblems } from "../diffusion/settings.ts";
import { names } from "./variants.ts";

export const rows = {
  flux2_default_model: setting({
    group: "flux2",
    kind: choice(names as [string, ...string[]]),
    default: "klein-9b",
    help: "Model when a request names none.",
  }),
  ...pictureRows("flux2"),
};

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings) => sizeProblems("flux2", settings);

export function limitsOf(settings: Settings): Limits {
  const own = ownSettings(settings);
  return {
    widest: own.flux2_max_width,
    highest: own.flux2_max_height,
    mostSteps: own.flux2_max_steps,
    mostLoras: own.flux2_max_loras,
    bits: own.flux2_default_quantize,
  };
}
