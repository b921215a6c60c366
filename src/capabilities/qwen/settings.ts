import type { Settings } from "../../settings/settings.ts";
import {
  notAbove,
  number,
  optional,
  path,
  type SettingProblem,
  setting,
  settingsView,
  whole,
  yesNo,
} from "../../settings/types.ts";
import { limitsFrom, pictureRows, sizeProblems } from "../diffusion/settings.ts";

const lightning = (variant: string, steps: 4 | 8) =>
  setting({
    group: "qwen",
    kind: optional(path()),
    default: null,
    help: `Adapter file for \`fast: ${steps}\` in edits with ${variant}, which is refused without it.`,
  });

export const rows = {
  ...pictureRows("qwen"),
  qwen_generate_steps: setting({
    group: "qwen",
    kind: whole({ min: 1 }),
    default: 30,
    help: "Steps of a generation when a request names none.",
    kiapi: "KIAPI_QWEN_GENERATE_STEPS",
  }),
  qwen_generate_guidance: setting({
    group: "qwen",
    kind: number({ min: 0 }),
    default: 4,
    help: "Guidance of a generation when a request names none.",
    kiapi: "KIAPI_QWEN_GENERATE_GUIDANCE",
  }),
  qwen_edit_steps: setting({
    group: "qwen",
    kind: whole({ min: 1 }),
    default: 30,
    help: "Steps of an edit when a request names none.",
    kiapi: "KIAPI_QWEN_EDIT_STEPS",
  }),
  qwen_edit_guidance: setting({
    group: "qwen",
    kind: number({ min: 0 }),
    default: 2.5,
    help: "Guidance of an edit when a request names none.",
    kiapi: "KIAPI_QWEN_EDIT_GUIDANCE",
  }),
  qwen_reference_pixels: setting({
    group: "qwen",
    kind: whole({ min: 16384, max: 4194304 }),
    default: 1048576,
    help: "Pixels at which the transformer sees each picture of an edit. Fewer take less time and memory, and lose detail.",
  }),
  qwen_batch_guidance: setting({
    group: "qwen",
    kind: yesNo(),
    default: true,
    help: "Runs the prompt and the negative prompt at once where the plan has room for twice the working memory, else one after the other; false is never at once.",
  }),
  qwen_vae_tile: setting({
    group: "qwen",
    kind: whole({ min: 128, max: 4096, multipleOf: 16 }),
    default: 1024,
    help: "Pictures of more than twice the pixels of a square of this edge pass the autoencoder in such squares. Smaller ones need less memory.",
  }),
  qwen_lightning_4: setting({
    group: "qwen",
    kind: optional(path()),
    default: null,
    help: "Adapter file for `fast: 4`, which is refused without it.",
  }),
  qwen_lightning_8: setting({
    group: "qwen",
    kind: optional(path()),
    default: null,
    help: "Adapter file for `fast: 8`, which is refused without it.",
  }),
  qwen_edit_2509_lightning_4: lightning("edit-2509", 4),
  qwen_edit_2509_lightning_8: lightning("edit-2509", 8),
  qwen_edit_2511_lightning_4: lightning("edit-2511", 4),
  qwen_edit_2511_lightning_8: lightning("edit-2511", 8),
};

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings): SettingProblem[] => [
  ...sizeProblems("qwen", settings),
  ...notAbove(settings, "qwen_generate_steps", "qwen_max_steps"),
  ...notAbove(settings, "qwen_edit_steps", "qwen_max_steps"),
];

export const limitsOf = (settings: Settings) => limitsFrom("qwen", ownSettings(settings));
