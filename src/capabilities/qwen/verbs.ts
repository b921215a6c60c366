import { maskOptions } from "../diffusion/mask.ts";
import {
  editVerb,
  generateVerb,
  negativePrompt,
  pictureOptions,
  scheduler,
  startPicture,
} from "../diffusion/verbs.ts";
import type { Verb, VerbOption } from "../family.ts";

const shared = [negativePrompt, ...pictureOptions, scheduler];

const fast: VerbOption = {
  name: "fast",
  kind: "whole",
  value: "<steps>",
  help: "4 or 8 steps with the Lightning adapter of the settings",
};

export const verbs: readonly Verb[] = [
  { ...generateVerb, options: [...shared, fast, ...startPicture] },
  { ...editVerb, options: [...shared, fast, ...maskOptions] },
];
