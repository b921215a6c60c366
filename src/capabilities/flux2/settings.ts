import type { Settings } from "../../settings/settings.ts";
import { choice, optional, setting, settingsView } from "../../settings/types.ts";
import { limitsFrom, pictureRows, sizeProblems } from "../diffusion/settings.ts";
import { names } from "./variants.ts";

export const rows = {
  flux2_default_model: setting({
    group: "flux2",
    kind: optional(choice(names as [string, ...string[]])),
    default: null,
    help: "Model when a request names none. Without it: klein-9b, or klein-4b where that is here and klein-9b is not.",
  }),
  ...pictureRows("flux2"),
};

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings) => sizeProblems("flux2", settings);

export const limitsOf = (settings: Settings) => limitsFrom("flux2", ownSettings(settings));
