import type { Settings } from "../../settings/settings.ts";
import { settingsView } from "../../settings/types.ts";
import { limitsFrom, pictureRows, sizeProblems } from "../diffusion/settings.ts";

export const rows = pictureRows("zimage");

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings) => sizeProblems("zimage", settings);

export const limitsOf = (settings: Settings) => limitsFrom("zimage", ownSettings(settings));
