import type { Settings } from "../../settings/settings.ts";
import {
  choice,
  inheritedQuantize,
  notAbove,
  number,
  quantize,
  type SettingProblem,
  setting,
  settingsView,
  text,
  type ValuesOf,
  whole,
} from "../../settings/types.ts";

export const rows = {
  seedvr2_default_quantize: setting({
    group: "seedvr2",
    kind: quantize(),
    ...inheritedQuantize,
    help: "Bits of the weights when a request names none.",
    kiapi: "KIAPI_SEEDVR2_DEFAULT_QUANTIZE",
  }),
  seedvr2_default_resolution: setting({
    group: "seedvr2",
    kind: text("a shortest edge in pixels or a scale such as 2x", /^(\d+|\d+(\.\d+)?x)$/),
    default: "2x",
    help: "Shortest edge of the result in pixels, or a scale such as 2x, when a request names none.",
    kiapi: "KIAPI_SEEDVR2_DEFAULT_RESOLUTION",
  }),
  seedvr2_default_softness: setting({
    group: "seedvr2",
    kind: number({ min: 0, max: 1 }),
    default: 0,
    help: "Softness when a request names none.",
    kiapi: "KIAPI_SEEDVR2_DEFAULT_SOFTNESS",
  }),
  seedvr2_max_scale: setting({
    group: "seedvr2",
    kind: number({ above: 0 }),
    default: 4,
    help: "Largest scale.",
    kiapi: "KIAPI_SEEDVR2_MAX_SCALE",
  }),
  seedvr2_max_resolution: setting({
    group: "seedvr2",
    kind: whole({ min: 1 }),
    default: 2048,
    help: "Largest shortest edge in pixels.",
    kiapi: "KIAPI_SEEDVR2_MAX_RESOLUTION",
  }),
  seedvr2_min_resolution: setting({
    group: "seedvr2",
    kind: whole({ min: 1 }),
    default: 16,
    help: "Smallest shortest edge in pixels.",
    kiapi: "KIAPI_SEEDVR2_MIN_RESOLUTION",
  }),
  seedvr2_tile: setting({
    group: "seedvr2",
    kind: whole({ min: 128, max: 4096, multipleOf: 16 }),
    default: 512,
    help: "Edge of the tiles, in pixels, in which the autoencoder works. Smaller ones need less memory.",
  }),
  seedvr2_color_fix: setting({
    group: "seedvr2",
    kind: choice(["wavelet-lab", "wavelet", "lab", "none"]),
    default: "wavelet-lab",
    help: "How the colours of the input are carried over to the result.",
  }),
};

export type UpscaleSettings = ValuesOf<typeof rows>;

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings): SettingProblem[] => [
  ...notAbove(settings, "seedvr2_min_resolution", "seedvr2_max_resolution"),
];
