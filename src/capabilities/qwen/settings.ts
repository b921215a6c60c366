import type { Settings } from "../../settings/settings.ts";
import {
  inheritedQuantize,
  notAbove,
  number,
  optional,
  path,
  quantize,
  type SettingProblem,
  setting,
  settingsView,
  whole,
  yesNo,
} from "../../settings/types.ts";

export const rows = {
  qwen_default_quantize: setting({
    group: "qwen",
    kind: quantize(),
    ...inheritedQuantize,
    help: "Bits of the weights when a request names none.",
    kiapi: "KIAPI_QWEN_DEFAULT_QUANTIZE",
  }),
  qwen_default_width: setting({
    group: "qwen",
    kind: whole({ min: 16, multipleOf: 16 }),
    default: 1024,
    help: "Width when a request names none.",
    kiapi: "KIAPI_QWEN_DEFAULT_WIDTH",
  }),
  qwen_default_height: setting({
    group: "qwen",
    kind: whole({ min: 16, multipleOf: 16 }),
    default: 1024,
    help: "Height when a request names none.",
    kiapi: "KIAPI_QWEN_DEFAULT_HEIGHT",
  }),
  qwen_max_width: setting({
    group: "qwen",
    kind: whole({ min: 16 }),
    default: 2048,
    help: "Largest width.",
    kiapi: "KIAPI_QWEN_MAX_WIDTH",
  }),
  qwen_max_height: setting({
    group: "qwen",
    kind: whole({ min: 16 }),
    default: 2048,
    help: "Largest height.",
    kiapi: "KIAPI_QWEN_MAX_HEIGHT",
  }),
  qwen_max_steps: setting({
    group: "qwen",
    kind: whole({ min: 1 }),
    default: 100,
    help: "Most steps that a request may ask for.",
    kiapi: "KIAPI_QWEN_MAX_STEPS",
  }),
  qwen_max_loras: setting({
    group: "qwen",
    kind: whole({ min: 0 }),
    default: 4,
    help: "Most LoRA adapters that a request may name.",
    kiapi: "KIAPI_QWEN_MAX_LORAS",
  }),
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
    help: "Runs the prompt and the negative prompt at once instead of one after the other, in twice the working memory.",
  }),
  qwen_vae_tile: setting({
    group: "qwen",
    kind: whole({ min: 128, max: 4096, multipleOf: 16 }),
    default: 1024,
    help: "Pictures of more than twice the pixels of a square of this edge pass the autoencoder in such squares. Smaller ones need less memory.",
  }),
  qwen_prompt_cache_mb: setting({
    group: "qwen",
    kind: whole({ min: 0 }),
    default: 256,
    help: "Megabytes of encoded prompts kept on disk, so that one that comes again needs no text encoder; 0 keeps none.",
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
};

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);

export const settingProblems = (settings: Settings): SettingProblem[] => [
  ...notAbove(settings, "qwen_default_width", "qwen_max_width"),
  ...notAbove(settings, "qwen_default_height", "qwen_max_height"),
  ...notAbove(settings, "qwen_generate_steps", "qwen_max_steps"),
  ...notAbove(settings, "qwen_edit_steps", "qwen_max_steps"),
];
