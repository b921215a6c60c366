import type { Bits } from "../../engine/task.ts";
import type { Settings } from "../../settings/settings.ts";
import {
  inheritedQuantize,
  notAbove,
  quantize,
  type SettingProblem,
  setting,
  whole,
} from "../../settings/types.ts";
import type { Limits } from "./limits.ts";

/** The rows that each family of pictures from words has, under its own name. */
export function pictureRows<F extends string>(family: F) {
  const kiapi = (name: string) => `KIAPI_${family.toUpperCase()}_${name}`;
  const side = (which: "Width" | "Height") =>
    setting({
      group: family,
      kind: whole({ min: 16, multipleOf: 16 }),
      default: 1024,
      help: `${which} when a request names none.`,
      kiapi: kiapi(`DEFAULT_${which.toUpperCase()}`),
    });
  const largest = (which: "width" | "height") =>
    setting({
      group: family,
      kind: whole({ min: 16 }),
      default: 2048,
      help: `Largest ${which}.`,
      kiapi: kiapi(`MAX_${which.toUpperCase()}`),
    });
  const rows = {
    default_quantize: setting({
      group: family,
      kind: quantize(),
      ...inheritedQuantize,
      help: "Bits of the weights when a request names none.",
      kiapi: kiapi("DEFAULT_QUANTIZE"),
    }),
    default_width: side("Width"),
    default_height: side("Height"),
    max_width: largest("width"),
    max_height: largest("height"),
    max_steps: setting({
      group: family,
      kind: whole({ min: 1 }),
      default: 100,
      help: "Most steps that a request may ask for.",
      kiapi: kiapi("MAX_STEPS"),
    }),
    max_loras: setting({
      group: family,
      kind: whole({ min: 0 }),
      default: 4,
      help: "Most LoRA adapters that a request may name.",
      kiapi: kiapi("MAX_LORAS"),
    }),
    prompt_cache_mb: setting({
      group: family,
      kind: whole({ min: 0 }),
      default: 256,
      help: "Megabytes of encoded prompts and pictures kept on disk, so that one that comes again needs no encoder; 0 keeps none.",
    }),
  };
  type Named = { [K in keyof typeof rows as `${F}_${K}`]: (typeof rows)[K] };
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [`${family}_${name}`, row]),
  ) as unknown as Named;
}

type LimitSettings<F extends string> = Record<`${F}_max_${"width" | "height" | "steps" | "loras"}`, number> &
  Record<`${F}_default_quantize`, Bits>;

/** What a family's settings say of its requests. */
export function limitsFrom<F extends string>(family: F, own: LimitSettings<F>): Limits {
  const values = own as Readonly<Record<string, unknown>>;
  const most = (name: string) => values[`${family}_max_${name}`] as number;
  return {
    widest: most("width"),
    highest: most("height"),
    mostSteps: most("steps"),
    mostLoras: most("loras"),
    bits: values[`${family}_default_quantize`] as Bits,
  };
}

export const sizeProblems = (family: string, settings: Settings): SettingProblem[] => {
  const values = settings as unknown as Readonly<Record<string, unknown>>;
  return [
    ...notAbove(values, `${family}_default_width`, `${family}_max_width`),
    ...notAbove(values, `${family}_default_height`, `${family}_max_height`),
  ];
};
